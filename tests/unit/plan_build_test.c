// SPDX-License-Identifier: Apache-2.0
/* The catalogue, and plans for a real Go binary (gofmt, which comes with Go). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plan/plan.h"

static void rows_are_sound(void **state)
{
	size_t n;
	const struct plan_point *cat = plan_catalogue(&n);

	(void)state;
	assert_true(n > 30);
	for (size_t i = 0; i < n; i++) {
		const struct plan_point *p = &cat[i];

		if (!p->func[0] || p->event <= ABI_EV_NONE || p->event >= ABI_EV_MAX ||
		    !strcmp(plan_group_name(p->group), "?"))
			fail_msg("%s: incomplete", p->name);
		for (size_t r = 0; r < 4; r++) {
			if (p->reg[r] > ABI_REG_NONE)
				fail_msg("%s: reg[%zu] is %u", p->name, r, p->reg[r]);
			if (p->where == PLAN_EXIT && p->reg[r] != ABI_REG_NONE)
				fail_msg("%s: an exit has no arguments", p->name);
		}
		if (p->event == ABI_LOCK_BEGIN && (!p->constant || p->constant >= ABI_LOCK_MAX))
			fail_msg("%s: which kind of lock?", p->name);
		if (p->group == PLAN_MAP && p->reg[0] == ABI_REG_NONE)
			fail_msg("%s: no map", p->name);
		if (p->before && p->before <= p->since)
			fail_msg("%s: for no version", p->name);
	}
}

/* Two rows of one name are for different maps or versions: a name is one thing in one binary. */
static void a_name_is_one_point(void **state)
{
	size_t n;
	const struct plan_point *cat = plan_catalogue(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			bool apart = (cat[i].maps && cat[j].maps && cat[i].maps != cat[j].maps) ||
				     (cat[i].before && cat[i].before <= cat[j].since) ||
				     (cat[j].before && cat[j].before <= cat[i].since);

			if (!strcmp(cat[i].name, cat[j].name) && !apart)
				fail_msg("%s: twice", cat[i].name);
		}
	}
}

/* What begins also ends: an entry of a wait or phase has an exit of the same functions. */
static void begins_have_ends(void **state)
{
	static const enum abi_event pairs[][2] = {
		{ ABI_LOCK_BEGIN, ABI_LOCK_END },
		{ ABI_GC_DRAIN_BEGIN, ABI_GC_DRAIN_END },
		{ ABI_ASSIST_BEGIN, ABI_ASSIST_END },
	};
	size_t n;
	const struct plan_point *cat = plan_catalogue(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < 3; k++) {
			bool found = false;

			if (cat[i].event != pairs[k][0] || cat[i].off)
				continue;
			for (size_t j = 0; j < n; j++)
				found |= cat[j].event == pairs[k][1] && cat[j].where == PLAN_EXIT &&
					 cat[j].since == cat[i].since &&
					 !strcmp(cat[j].func[0], cat[i].func[0]);
			if (!found)
				fail_msg("%s: no end", cat[i].name);
		}
	}
}

static void names_of_groups(void **state)
{
	(void)state;
	for (unsigned int g = PLAN_MAP; g < PLAN_ALL; g <<= 1)
		assert_int_equal(plan_group_parse(plan_group_name(g), strlen(plan_group_name(g))),
				 g);
	assert_int_equal(plan_group_parse("map,gc", 3), PLAN_MAP);
	assert_int_equal(plan_group_parse("ma", 2), 0);
	assert_int_equal(plan_group_parse("maps", 4), 0);
	assert_int_equal(plan_group_parse("", 0), 0);
	assert_string_equal(plan_heat_name(PLAN_HOT), "hot");
	assert_string_equal(plan_cost_name(PLAN_EMULATED), "emulated");
}

static void the_kernel_side_gets_what_was_planned(void **state)
{
	static const struct plan_point p = {
		.event = ABI_LOCK_BEGIN,
		.reg = { ABI_REG_AX, ABI_REG_NONE, ABI_REG_NONE, ABI_REG_NONE },
		.constant = ABI_LOCK_POLL,
		.stack = true,
	};
	static const struct plan_point q = { .event = ABI_STW_END, .on_g0 = true };
	struct plan_site s = { .point = &p, .cond = 7, .caller_at_rsp = true };
	struct abi_site a = plan_abi_site(&s, false);

	(void)state;
	assert_int_equal(a.event, ABI_LOCK_BEGIN);
	assert_int_equal(a.flags, ABI_SITE_STACK | ABI_SITE_CALLER_AT_RSP);
	assert_int_equal(a.cond, 7);
	assert_int_equal(a.constant, ABI_LOCK_POLL);
	assert_memory_equal(a.reg, p.reg, sizeof(a.reg));
	s = (struct plan_site){ .point = &q, .cond = ABI_COND_NONE };
	a = plan_abi_site(&s, true);
	assert_int_equal(a.flags, ABI_SITE_ON_G0 | ABI_SITE_WINDOWED);
	assert_int_equal(a.cond, ABI_COND_NONE);
}

static bool find_in_path(const char *name, char *buf, size_t size)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");

		snprintf(buf, size, "%.*s/%s", (int)n, path, name);
		if (!access(buf, R_OK))
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

static int open_gofmt(void **state)
{
	struct gobin *b = NULL;
	char path[4096];
	struct err e;

	if (find_in_path("gofmt", path, sizeof(path)) && gobin_open(path, &b, &e))
		print_message("%s: %s\n", path, e.msg);
	*state = b;
	return 0;
}

static int close_gofmt(void **state)
{
	if (*state)
		gobin_close(*state);
	return 0;
}

static struct plan build(const struct gobin *b, unsigned int groups)
{
	struct plan_opts o = { .groups = groups };
	struct plan p = { 0 };
	struct err e = { 0 };

	if (plan_build(b, &o, &p, &e))
		fail_msg("%s", e.msg);
	return p;
}

static void check_site(const struct gobin *b, const struct plan_site *s)
{
	struct gobin_func fn;
	struct span code;
	uint64_t off;

	assert_true(gobin_func_at(b, s->addr, &fn));
	assert_int_equal(fn.addr, s->func_addr);
	assert_string_equal(fn.name, s->func);
	assert_true(gobin_file_offset(b, s->addr, &off));
	assert_int_equal(off, s->offset);
	assert_true(gobin_bytes(b, s->addr, 2, &code));
	assert_true(s->insn[0] && s->why[0]);
	assert_true(s->point->since <= gobin_info(b)->go.minor);
	if (s->point->where == PLAN_EXIT) {
		/* jcc, jmp, nop; or ret */
		assert_true(s->cost == PLAN_EMULATED || code.data[0] == 0xc3);
		return;
	}
	/* Every Go function that has a frame pushes rbp, since 1.21. */
	assert_int_equal(s->cost, PLAN_EMULATED);
	assert_int_equal(s->cond, ABI_COND_NONE);
	assert_int_equal(code.data[0], 0x55);
	assert_string_equal(s->insn, "push rbp");
	assert_true(s->caller_at_rsp);
}

/* How many sites and missing points bear this name. */
static size_t count(const struct plan *p, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nsites; i++)
		n += !strcmp(p->sites[i].point->name, name);
	for (size_t i = 0; i < p->nmissing; i++)
		n += !strcmp(p->missing[i].point->name, name);
	return n;
}

static void a_real_binary(void **state)
{
	const struct gobin *b = *state;
	struct plan p;

	if (!b || gobin_info(b)->go.minor < 21) {
		skip();
		return;
	}
	p = build(b, PLAN_ALL);
	assert_true(p.nsites > 20 && p.nsites <= ABI_MAX_SITES);
	for (size_t i = 0; i < p.nsites; i++)
		check_site(b, &p.sites[i]);
	for (size_t i = 0; i < p.nmissing; i++) {
		if (!p.missing[i].point->off && !strstr(p.missing[i].why, "not in this binary"))
			fail_msg("%s: %s", p.missing[i].point->name, p.missing[i].why);
	}
	assert_int_equal(count(&p, "map.assign_faststr"), 1);
	assert_int_equal(count(&p, "gc.start"), 1);
	assert_int_equal(count(&p, "stw.begin"), 1);
	assert_int_equal(count(&p, "crash.fatal"), 1);
	assert_int_equal(count(&p, "map.evacuate"), !gobin_info(b)->swiss);
	assert_int_equal(count(&p, "map.split"), gobin_info(b)->swiss);
	plan_deinit(&p);
}

static void no_two_sites_share_an_instruction(void **state)
{
	const struct gobin *b = *state;
	struct plan p;

	if (!b) {
		skip();
		return;
	}
	p = build(b, PLAN_ALL);
	for (size_t i = 0; i < p.nsites; i++) {
		for (size_t j = 0; j < i; j++)
			assert_true(p.sites[i].addr != p.sites[j].addr);
	}
	plan_deinit(&p);
}

static void the_same_plan_every_time(void **state)
{
	const struct gobin *b = *state;
	struct plan p, q, part;
	size_t sites = 0, missing = 0;

	if (!b) {
		skip();
		return;
	}
	p = build(b, PLAN_ALL);
	q = build(b, PLAN_ALL);
	assert_int_equal(p.nsites, q.nsites);
	for (size_t i = 0; i < p.nsites; i++) {
		assert_ptr_equal(p.sites[i].point, q.sites[i].point);
		assert_int_equal(p.sites[i].addr, q.sites[i].addr);
		assert_int_equal(p.sites[i].cond, q.sites[i].cond);
		assert_string_equal(p.sites[i].why, q.sites[i].why);
	}
	assert_int_equal(p.nmissing, q.nmissing);
	for (size_t i = 0; i < p.nmissing; i++)
		assert_ptr_equal(p.missing[i].point, q.missing[i].point);
	for (unsigned int g = PLAN_MAP; g < PLAN_ALL; g <<= 1) {
		part = build(b, g);
		for (size_t i = 0; i < part.nsites; i++)
			assert_int_equal(part.sites[i].point->group, g);
		sites += part.nsites;
		missing += part.nmissing;
		plan_deinit(&part);
	}
	assert_int_equal(sites, p.nsites);
	assert_int_equal(missing, p.nmissing);
	part = build(b, 0);
	assert_int_equal(part.nsites + part.nmissing, 0);
	plan_deinit(&part);
	plan_deinit(&p);
	plan_deinit(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(a_name_is_one_point),
		cmocka_unit_test(begins_have_ends),
		cmocka_unit_test(names_of_groups),
		cmocka_unit_test(the_kernel_side_gets_what_was_planned),
		cmocka_unit_test(a_real_binary),
		cmocka_unit_test(no_two_sites_share_an_instruction),
		cmocka_unit_test(the_same_plan_every_time),
	};

	return cmocka_run_group_tests(tests, open_gofmt, close_gofmt);
}
