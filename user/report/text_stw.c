// SPDX-License-Identifier: Apache-2.0
/*
 * The pauses of the world. The collector's are one row for each reason: who allocated when a cycle
 * was due is chance. Who called for a pause is not: these have a row for each stack.
 */
#include "report/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/u64map.h"
#include "base/vec.h"
#include "report/frames.h"

#define TOP_ROWS 5
#define FRAMES	 4

static uint64_t stw_ns(const struct result_stw *s)
{
	return s->stopping_ns + s->stopped_ns;
}

struct stw_row {
	const struct result_stw *worst;
	uint32_t stack; /* RESULT_NO_STACK: of no one in particular */
	uint64_t n, sum_ns;
};

struct stw_rows {
	VEC(struct stw_row) list;
	struct u64map index; /* hash of reason and stack -> index in list */
};

static void stw_rows_deinit(struct stw_rows *rows)
{
	vec_deinit(&rows->list);
	u64map_deinit(&rows->index);
}

/* Did the program call for it? */
static bool is_called_for(const struct result *r, const struct result_stw *s)
{
	static const char *const by[] = { "runtime.GC", "runtime/debug." };
	struct frame_iter it = frame_iter_shown(r, s->stack);
	struct frame f;

	if (!s->gc)
		return true;
	while (frame_next(&it, &f))
		if (f.func && (!strcmp(f.func, by[0]) || !strncmp(f.func, by[1], strlen(by[1]))))
			return true;
	return false;
}

static bool same_reason(const struct result_stw *a, const struct result_stw *b)
{
	return a->reason == b->reason || (a->reason && b->reason && !strcmp(a->reason, b->reason));
}

/* The row of that pause, new or met before. */
static struct stw_row *row_of(struct stw_rows *rows, const struct result_stw *s, uint32_t stack)
{
	uint64_t key = u64_mix(stack, s->reason ? (uint64_t)strlen(s->reason) : 0), *have;
	struct stw_row fresh = { .worst = s, .stack = stack };

	for (; (have = u64map_get(&rows->index, key)); key = u64_mix(key, 1)) {
		struct stw_row *row = &rows->list.data[*have];

		if (row->stack == stack && same_reason(row->worst, s))
			return row;
	}
	if (u64map_put(&rows->index, key, rows->list.len) || vec_push(&rows->list, fresh))
		return NULL;
	return &rows->list.data[rows->list.len - 1];
}

static int worst_first(const void *a, const void *b)
{
	const struct stw_row *x = a, *y = b;

	if (stw_ns(x->worst) != stw_ns(y->worst))
		return stw_ns(x->worst) > stw_ns(y->worst) ? -1 : 1;
	return (x->worst > y->worst) - (x->worst < y->worst);
}

static int gather(const struct result *r, struct stw_rows *rows)
{
	for (size_t i = 0; i < r->nstws; i++) {
		const struct result_stw *s = &r->stws[i];
		struct stw_row *row =
			row_of(rows, s, is_called_for(r, s) ? s->stack : RESULT_NO_STACK);

		if (!row)
			return -ENOMEM;
		row->n++;
		row->sum_ns += stw_ns(s);
		if (stw_ns(s) > stw_ns(row->worst))
			row->worst = s;
	}
	qsort(rows->list.data, rows->list.len, sizeof(*rows->list.data), worst_first);
	return 0;
}

static const struct text_column column[] = {
	{ "times", 6 },	   { "sum", 8 }, { "worst", 8 },    { "=stopping", 9 },
	{ "+stopped", 8 }, { "at", 9 },	 { "reason", -36 },
};
#define COLUMNS (sizeof(column) / sizeof(*column))

static void put_row(struct text *t, const struct stw_row *row)
{
	const struct result_stw *s = row->worst;
	size_t lead = frame_lead(t->r, row->stack);
	struct text_name reason = text_name(t, s->reason, 36);

	if (row->n == 1 && s->goid && row->stack != RESULT_NO_STACK)
		snprintf(reason.s + strlen(reason.s), 40, ", goroutine %lu", s->goid);
	text_row(t, column, COLUMNS,
		 (const char *[COLUMNS]){ fmt_int(row->n).s, fmt_ns(row->sum_ns).s,
					  fmt_ns(stw_ns(s)).s, fmt_ns(s->stopping_ns).s,
					  fmt_ns(s->stopped_ns).s, fmt_at(s->at_ns).s, reason.s });
	if (row->stack != RESULT_NO_STACK)
		text_stack(t, 14, row->stack, lead ? lead - 1 : 0, FRAMES);
}

void text_stw(struct text *t)
{
	struct stw_rows rows __attribute__((cleanup(stw_rows_deinit))) = { 0 };
	const struct result *r = t->r;
	uint64_t sum = 0;

	if (!r->nstws) {
		if (r->gc_cycles.known)
			text_title(t, "STW", "the world was not stopped in %s",
				   fmt_ns(r->duration_ns).s);
		return;
	}
	if (gather(r, &rows)) {
		t->failed = true;
		return;
	}
	for (size_t i = 0; i < r->nstws; i++)
		sum += stw_ns(&r->stws[i]);
	text_title(t, "STW", "the world was stopped %s time%s, %s in all", fmt_int(r->nstws).s,
		   fmt_plural(r->nstws), fmt_ns(sum).s);
	text_hist(t, "by the GC", &r->stw_gc);
	text_hist(t, "by others", &r->stw_other);
	text_hist_line(t, "stopping alone", &r->stw_stopping);
	text_put(t, "\n");
	text_row_titles(t, column, COLUMNS);
	for (size_t i = 0; i < rows.list.len && i < TOP_ROWS; i++)
		put_row(t, &rows.list.data[i]);
	if (rows.list.len > TOP_ROWS)
		text_more(t, 10, rows.list.len - TOP_ROWS, "stack");
}
