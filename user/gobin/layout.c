// SPDX-License-Identifier: Apache-2.0
/*
 * Which layout a binary has. The table (layout_table.c) is certain for the releases that it was
 * generated from and all between them, built with experiments (GOEXPERIMENT) whose effect on the
 * layouts was tried. Anything else is not:
 *
 *	a newer minor release, a pre-release	 DWARF, or the binary is refused
 *	an experiment that was not tried	 DWARF, or the binary is refused
 *	a newer patch release, a vendor's	 DWARF, or the table's nearest row, marked as such
 *
 * Patch releases hardly ever move a field of the runtime, but some have: see the steps in the table
 * that are not at a .0. DWARF does not come first because reading it takes too long, see dwarf.c.
 */
#include "gobin/layout.h"

#include <errno.h>
#include <string.h>

#include "gobin/dwarf.h"

#define VERSION(minor, patch) ((uint16_t)((minor)*100 + ((patch) < 100 ? (patch) : 99)))

static const struct {
	uint16_t since; /* minor release */
	uint32_t magic;
} magics[] = { { 17, 0xfffffffa }, { 18, 0xfffffff0 }, { 20, 0xfffffff1 } };

void layout_range(uint16_t *oldest, uint16_t *newest)
{
	*oldest = layout_newest[0] / 100;
	*newest = layout_newest[layout_nnewest - 1] / 100;
}

static void read_steps(uint16_t version, struct gobin_layout *ret)
{
	for (int i = 0; i < LAYOUT_NFIELDS; i++) {
		*layout_at(ret, i) = GOBIN_ABSENT;
		for (const struct layout_step *s = layout_steps[i]; s->since; s++)
			if (s->since <= version)
				*layout_at(ret, i) = s->value;
	}
}

void layout_of_minor(uint16_t minor, struct gobin_layout *ret)
{
	read_steps(VERSION(minor, 99), ret);
}

/* Takes the first name off a list of experiments; its length, 0 at the end. */
static size_t next_experiment(const char **list, const char **ret)
{
	size_t len;

	*list += strspn(*list, ",");
	len = strcspn(*list, ", ");
	*ret = *list;
	*list += len;
	return len;
}

static const struct layout_experiment *find_experiment(const char *name, size_t len, uint16_t minor)
{
	for (size_t i = 0; i < layout_nexperiments; i++) {
		const struct layout_experiment *x = &layout_experiments[i];

		if (minor >= x->first && minor <= x->last && strlen(x->name) == len &&
		    !memcmp(x->name, name, len))
			return x;
	}
	return NULL;
}

/* The experiments that differ from the usual ones of the release: "go1.24.4 X:noswissmap,arenas",
 * "go1.26.8-X:nogreenteagc". */
static int apply_experiments(const char *version, uint16_t minor, struct gobin_layout *ret,
			     struct err *e)
{
	const char *list = strstr(version, "X:"), *name;
	bool changed = false;
	size_t len;

	for (list = list ? list + 2 : ""; (len = next_experiment(&list, &name));) {
		const struct layout_experiment *x = find_experiment(name, len, minor);

		if (!x || (x->nchanges && changed))
			return err_set(e, -ENOTSUP,
				       "experiment %.*s may move fields of the runtime%s", (int)len,
				       name, x ? " together with the others" : "");
		for (size_t i = 0; i < x->nchanges; i++)
			*layout_at(ret, x->changes[i].field) = x->changes[i].value;
		changed = changed || x->nchanges;
	}
	return 0;
}

/* Errors: -ENOTSUP: why the table does not tell. */
static int from_table(const char *version, const struct go_version *v, struct gobin_layout *ret,
		      enum gobin_layout_source *source, struct err *e)
{
	uint16_t oldest, newest, checked;

	layout_range(&oldest, &newest);
	if (v->minor > newest)
		return err_set(e, -ENOTSUP, "newer than go1.%u", newest);
	if (v->kind == GO_PRERELEASE)
		return err_set(e, -ENOTSUP, "not a release");
	checked = layout_newest[v->minor - oldest];
	read_steps(VERSION(v->minor, v->patch), ret);
	*source = v->kind == GO_VENDOR			  ? GOBIN_LAYOUT_VENDOR
		  : VERSION(v->minor, v->patch) > checked ? GOBIN_LAYOUT_PATCH
							  : GOBIN_LAYOUT_TABLE;
	return apply_experiments(version, v->minor, ret, e);
}

int layout_find(const struct image *img, const char *version, const struct go_version *v,
		struct gobin_layout *ret, enum gobin_layout_source *source, struct err *e)
{
	struct gobin_layout table, proven;
	enum gobin_layout_source s = GOBIN_LAYOUT_TABLE;
	uint16_t oldest, newest;
	struct err why, dwarf;
	int rc;

	layout_range(&oldest, &newest);
	if (v->major != 1)
		return err_set(e, -ENOTSUP, "built with %s, not supported: not Go 1", version);
	if (v->minor < oldest)
		return err_set(e, -ENOTSUP,
			       "built with %s, not supported: before go1.%u arguments are on the "
			       "stack",
			       version, oldest);
	rc = from_table(version, v, &table, &s, &why);
	if (rc || s != GOBIN_LAYOUT_TABLE) {
		if (!dwarf_layout(img, &proven, &dwarf)) {
			*ret = proven;
			*source = GOBIN_LAYOUT_DWARF;
			return 0;
		}
		if (rc)
			return err_set(e, -ENOTSUP, "built with %s, not supported: %s; %s", version,
				       why.msg, dwarf.msg);
	}
	*ret = table;
	*source = s;
	return 0;
}

/* Hostile DWARF may say anything. */
static bool small(const uint32_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (values[i] >= UINT8_MAX)
			return false;
	return true;
}

static uint8_t or_none(uint32_t offset)
{
	return offset < UINT8_MAX ? (uint8_t)offset : 0;
}

int pclntab_format(const struct gobin_layout *l, uint16_t minor, struct pclntab_format *ret,
		   struct err *e)
{
	const uint32_t needed[] = { l->pcheader_funcname_offset,
				    l->functab_size,
				    l->func_name,
				    l->func_pcsp,
				    l->func_pcfile,
				    l->func_pcln,
				    l->func_npcdata,
				    l->func_cu,
				    l->func_nfuncdata,
				    l->inlined_size,
				    l->inlined_name,
				    l->inlined_parent_pc };
	uint32_t magic = 0;

	if (!small(needed, sizeof(needed) / sizeof(needed[0])))
		return err_set(e, -ENOTSUP,
			       "the layout of the pclntab is not known (runtime.pcHeader, functab, "
			       "_func, inlinedCall)");
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (minor >= magics[i].since)
			magic = magics[i].magic;
	*ret = (struct pclntab_format){
		.magic = magic,
		.wide = l->functab_size == 16,
		.offsets = (uint8_t)l->pcheader_funcname_offset,
		.func = { .name = (uint8_t)l->func_name,
			  .pcsp = (uint8_t)l->func_pcsp,
			  .pcfile = (uint8_t)l->func_pcfile,
			  .pcln = (uint8_t)l->func_pcln,
			  .npcdata = (uint8_t)l->func_npcdata,
			  .cu = (uint8_t)l->func_cu,
			  .nfuncdata = (uint8_t)l->func_nfuncdata,
			  /* Its last field, a byte; what follows is not aligned to 8. */
			  .size = (uint8_t)(l->func_nfuncdata + 1),
			  .start_line = or_none(l->func_start_line) },
		.inlined = { .name = (uint8_t)l->inlined_name,
			     .parent_pc = (uint8_t)l->inlined_parent_pc,
			     .size = (uint8_t)l->inlined_size,
			     .start_line = or_none(l->inlined_start_line) },
	};
	return 0;
}
