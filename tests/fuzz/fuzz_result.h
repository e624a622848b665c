/* SPDX-License-Identifier: Apache-2.0 */
/* The result of an analyzer, checked and reported. */
#ifndef MAPPROBE_FUZZ_RESULT_H
#define MAPPROBE_FUZZ_RESULT_H

#include <jansson.h>
#include <math.h>

#include "analyze/analyze.h"
#include "fuzz.h"
#include "report/report.h"

static inline void fuzz_check_count(const struct result_count *c)
{
	fuzz_check(!isnan(c->value) && !isnan(c->lo) && !isnan(c->hi));
	fuzz_check(c->lo <= c->value && c->value <= c->hi);
	if (c->exact)
		fuzz_check(c->known && c->value == (double)c->hits);
}

static inline void fuzz_check_json(const char *text, size_t len)
{
	json_t *root = json_loadb(text, len, 0, NULL);

	fuzz_check(json_is_object(root));
	json_decref(root);
}

/* Writes one of the reports. */
static inline void fuzz_report(const struct result *r, size_t which)
{
	const struct reporter *rep;
	char *text = NULL;
	struct err e = { 0 };
	size_t n, len = 0;
	FILE *out;

	rep = report_table(&n);
	rep += which % n;
	out = open_memstream(&text, &len);
	fuzz_check(out);
	fuzz_check(!rep->write(r, out, &e));
	fclose(out);
	if (!strcmp(rep->name, "json"))
		fuzz_check_json(text, len);
	free(text);
}

/* which: of the reports is written; any number. */
static inline void fuzz_check_result(struct analyzer *a, size_t which)
{
	const struct result *r;
	struct err e = { 0 };

	fuzz_check(!analyzer_result(a, &r, &e));
	for (int op = 0; op < RESULT_MAP_OPS; op++)
		fuzz_check_count(&r->map_ops[op]);
	fuzz_check_count(&r->gc_cycles);
	fuzz_check_count(&r->assist_count);
	fuzz_check_count(&r->lock_waits);
	for (size_t i = 0; i < r->nstacks; i++)
		for (size_t k = 0; k < r->stacks[i].nlocs; k++)
			fuzz_check(r->stacks[i].locs[k] < r->nlocs);
	for (size_t i = 0; i < r->nmaps; i++)
		for (size_t k = 0; k < r->maps[i].nsites; k++)
			fuzz_check(r->maps[i].sites[k].stack == RESULT_NO_STACK ||
				   r->maps[i].sites[k].stack < r->nstacks);
	fuzz_report(r, which);
}

#endif
