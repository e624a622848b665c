// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "plan/site.h"

struct build {
	const struct gobin *bin;
	VEC(struct plan_site) sites;
	VEC(struct plan_missing) missing;
};

/* Numbers of the registers of enum abi_reg, as x86_insn.writes counts them. */
static const uint8_t reg_number[] = {
	[ABI_REG_AX] = 0, [ABI_REG_BX] = 3, [ABI_REG_CX] = 1,
	[ABI_REG_DI] = 7, [ABI_REG_SI] = 6, [ABI_REG_R8] = 8,
};

static uint16_t needed_regs(const struct plan_point *p)
{
	uint16_t regs = 0;

	for (size_t i = 0; i < sizeof(p->reg); i++) {
		if (p->reg[i] < sizeof(reg_number))
			regs |= 1u << reg_number[p->reg[i]];
	}
	return regs;
}

static bool asked_for(const struct plan_point *p, const struct plan_opts *o)
{
	if (!(p->group & o->groups))
		return false;
	for (const char *const *name = o->points; name; name++) {
		if (!*name)
			return false;
		if (!strcmp(*name, p->name))
			break;
	}
	return true;
}

/* Whether the point exists for this binary, and was asked for. */
static bool applies(const struct plan_point *p, const struct gobin_info *info,
		    const struct plan_opts *o)
{
	if (!asked_for(p, o))
		return false;
	if (p->maps != PLAN_ANY_MAP && (p->maps == PLAN_SWISS) != info->swiss)
		return false;
	return info->go.minor >= p->since && (!p->before || info->go.minor < p->before);
}

static int add_missing(struct build *b, const struct plan_point *p, const char *why, bool lost,
		       struct err *e)
{
	struct plan_missing m = { .point = p, .lost = lost };

	snprintf(m.why, sizeof(m.why), "%s", why);
	if (vec_push(&b->missing, m))
		return err_set(e, -ENOMEM, "plan: out of memory");
	return 0;
}

/*
 * Where the caller is, twice: what the code does to rsp before the site, and what the linker wrote
 * down about it (the SP delta). Where they disagree, one of them is not understood.
 */
static bool check_frame(const struct gobin *bin, const struct plan_site *s, char *why, size_t size)
{
	uint32_t delta;

	if (!gobin_sp_delta(bin, s->addr, &delta))
		snprintf(why, size, "pclntab has no SP delta for its site at +0x%lx",
			 s->addr - s->func_addr);
	else if ((delta == 0) != s->caller_at_rsp)
		snprintf(why, size,
			 "at its site, +0x%lx, the caller is %s by the code, at rsp+%u by pclntab",
			 s->addr - s->func_addr, s->caller_at_rsp ? "at rsp" : "further up", delta);
	else
		return true;
	return false;
}

/* Takes back the point's sites: some of its ways out alone would tell less than nothing. */
static int drop_sites(struct build *b, size_t before, const struct plan_point *p, const char *why,
		      struct err *e)
{
	b->sites.len = before;
	return add_missing(b, p, why, true, e);
}

static int add_sites(struct build *b, const struct plan_point *p, const struct gobin_func *fn,
		     const struct x86_func *code, const struct sites *s, struct err *e)
{
	char why[sizeof(((struct plan_missing *)NULL)->why)];
	size_t before = b->sites.len;

	if (b->sites.len + s->n > ABI_MAX_SITES)
		return add_missing(b, p, "too many sites in one plan", true, e);
	for (size_t i = 0; i < s->n; i++) {
		const struct site *from = &s->at[i];
		const struct x86_insn *in = &code->insns.data[from->insn];
		struct plan_site to = {
			.point = p,
			.func = fn->name,
			.func_addr = fn->addr,
			.addr = fn->addr + in->off,
			.cost = from->cost,
			.cond = from->cond,
			.caller_at_rsp = from->caller_at_rsp,
		};

		if (!gobin_file_offset(b->bin, to.addr, &to.offset))
			return drop_sites(b, before, p, "its code is not in the file", e);
		if (!check_frame(b->bin, &to, why, sizeof(why)))
			return drop_sites(b, before, p, why, e);
		x86_format(code, in, fn->addr, to.insn, sizeof(to.insn));
		memcpy(to.why, from->why, sizeof(to.why));
		if (vec_push(&b->sites, to))
			return err_set(e, -ENOMEM, "plan: out of memory");
	}
	return 0;
}

static int choose(const struct plan_point *p, const struct x86_func *code, struct sites *ret,
		  struct err *e)
{
	if (p->where == PLAN_EXIT)
		return site_exits(code, p->short_loops, ret, e);
	return site_entry(code, needed_regs(p), ret, e);
}

static int plan_func(struct build *b, const struct plan_point *p, const struct gobin_func *fn,
		     struct err *e)
{
	struct err why = { 0 };
	struct x86_func code;
	struct sites s;
	struct span bytes;
	int rc;

	if (fn->end <= fn->addr || !gobin_bytes(b->bin, fn->addr, fn->end - fn->addr, &bytes))
		return add_missing(b, p, "its code is not in the file", true, e);
	rc = x86_decode(bytes, &code, &why);
	if (rc == -ENOMEM) {
		*e = why;
		return rc;
	}
	if (rc)
		return add_missing(b, p, why.msg, true, e);
	if (choose(p, &code, &s, &why))
		rc = add_missing(b, p, why.msg, true, e);
	else
		rc = add_sites(b, p, fn, &code, &s, e);
	x86_func_deinit(&code);
	return rc;
}

/* found: PLAN_MAX_NAMES functions of the point, in the order of its names. */
static int plan_point(struct build *b, const struct plan_point *p, const struct gobin_func *found,
		      struct err *e)
{
	if (p->off)
		return add_missing(b, p, p->off, !p->covered, e);
	for (size_t i = 0; i < PLAN_MAX_NAMES && p->func[i]; i++) {
		if (found[i].addr)
			return plan_func(b, p, &found[i], e);
	}
	return add_missing(b, p, "not in this binary: the linker dropped it (nothing calls it)",
			   false, e);
}

/* Looks up every name of the catalogue; n rows of PLAN_MAX_NAMES each, absent ones are "". */
static void find_all(const struct gobin *bin, const struct plan_point *cat, size_t n,
		     const char **names, struct gobin_func *found)
{
	for (size_t i = 0; i < n * PLAN_MAX_NAMES; i++) {
		const char *name = cat[i / PLAN_MAX_NAMES].func[i % PLAN_MAX_NAMES];

		names[i] = name ? name : "";
	}
	gobin_find_funcs(bin, names, n * PLAN_MAX_NAMES, found);
}

int plan_build(const struct gobin *b, const struct plan_opts *o, struct plan *ret, struct err *e)
{
	size_t n;
	const struct plan_point *cat = plan_catalogue(&n);
	const char **names _cleanup_free_ = calloc(n * PLAN_MAX_NAMES, sizeof(*names));
	struct gobin_func *found _cleanup_free_ = calloc(n * PLAN_MAX_NAMES, sizeof(*found));
	struct build build = { .bin = b };
	int rc = 0;

	if (!names || !found)
		return err_set(e, -ENOMEM, "plan: out of memory");
	find_all(b, cat, n, names, found);
	for (size_t i = 0; i < n && !rc; i++) {
		if (applies(&cat[i], gobin_info(b), o))
			rc = plan_point(&build, &cat[i], &found[i * PLAN_MAX_NAMES], e);
	}
	if (rc) {
		vec_deinit(&build.sites);
		vec_deinit(&build.missing);
		return rc;
	}
	*ret = (struct plan){
		.bin = b,
		.sites = build.sites.data,
		.nsites = build.sites.len,
		.missing = build.missing.data,
		.nmissing = build.missing.len,
	};
	return 0;
}

void plan_deinit(struct plan *p)
{
	free(p->sites);
	free(p->missing);
	*p = (struct plan){ 0 };
}

struct abi_site plan_abi_site(const struct plan_site *s, bool windowed)
{
	const struct plan_point *p = s->point;
	struct abi_site site = {
		.event = p->event,
		.cond = s->cond,
		.constant = p->constant,
	};

	site.flags = (p->stack ? ABI_SITE_STACK : 0) |
		     (s->caller_at_rsp ? ABI_SITE_CALLER_AT_RSP : 0) |
		     (p->on_g0 ? ABI_SITE_ON_G0 : 0) | (windowed ? ABI_SITE_WINDOWED : 0);
	memcpy(site.reg, p->reg, sizeof(site.reg));
	return site;
}

static const struct {
	const char *name;
	enum plan_group group;
} groups[] = {
	{ "map", PLAN_MAP },
	{ "gc", PLAN_GC },
	{ "lock", PLAN_LOCK },
	{ "crash", PLAN_CRASH },
};

unsigned int plan_group_parse(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (strlen(groups[i].name) == len && !memcmp(groups[i].name, name, len))
			return groups[i].group;
	}
	return 0;
}

const char *plan_group_name(enum plan_group g)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (groups[i].group == g)
			return groups[i].name;
	}
	return "?";
}

const char *plan_heat_name(enum plan_heat h)
{
	static const char *const names[] = { "cold", "warm", "hot" };

	return h <= PLAN_HOT ? names[h] : "?";
}

const char *plan_cost_name(enum plan_cost c)
{
	static const char *const names[] = { "emulated", "single-step" };

	return c <= PLAN_SINGLE_STEP ? names[c] : "?";
}
