// SPDX-License-Identifier: Apache-2.0
/* The collector: its cycles, the pauses of the world, and the assists. */
#include "report/text.h"

#include <string.h>

#include "report/frames.h"

#define TABLE_CYCLES 10
#define WORST_STWS   5
#define TOP_ASSISTS  5

static uint64_t cycle_ns(const struct result *r, const struct result_gc_cycle *c)
{
	uint64_t end = c->complete ? c->end_ns : r->duration_ns;

	return end > c->start_ns ? end - c->start_ns : 0;
}

static uint64_t cycle_writes(const struct result_gc_cycle *c)
{
	return c->map_ops[RESULT_ASSIGN] + c->map_ops[RESULT_DELETE] + c->map_ops[RESULT_CLEAR];
}

static const struct text_column cycle_column[] = {
	{ "#", 4 },	  { "at", 8 },	   { "trigger", -7 },  { "total", 7 }, { "mark", 7 },
	{ "stopped", 7 }, { "assist", 7 }, { "workers/n", 9 }, { "heap", 16 }, { "writes", 6 },
};
#define CYCLE_COLUMNS (sizeof(cycle_column) / sizeof(*cycle_column))

static void cycle_row(struct text *t, const struct result_gc_cycle *c)
{
	struct fmt total, heap = { "-" }, workers;

	snprintf(total.s, sizeof(total.s), "%.32s%s", fmt_ns(cycle_ns(t->r, c)).s,
		 c->complete ? "" : "+");
	if (c->heap_known)
		heap = fmt_bytes_change(c->heap_start_bytes, c->heap_end_bytes);
	snprintf(workers.s, sizeof(workers.s), "%.28s/%.28s", fmt_ns(c->worker_ns).s,
		 fmt_int(c->workers).s);
	text_row(t, cycle_column, CYCLE_COLUMNS,
		 (const char *[CYCLE_COLUMNS]){
			 fmt_int(c->number).s, fmt_at(c->start_ns).s, text_name(t, c->trigger, 7).s,
			 total.s, fmt_ns(c->mark_ns).s, fmt_ns(c->stw_ns).s, fmt_ns(c->assist_ns).s,
			 workers.s, heap.s, fmt_si((double)cycle_writes(c)).s });
}

/* Is cycle i among the n longest? Ties go to the earlier one. */
static bool among_longest(const struct result *r, size_t i, size_t n)
{
	uint64_t ns = cycle_ns(r, &r->cycles[i]);
	size_t before = 0;

	for (size_t j = 0; j < r->ncycles && before < n; j++) {
		uint64_t other = cycle_ns(r, &r->cycles[j]);

		before += other > ns || (other == ns && j < i);
	}
	return before < n;
}

static void cycle_notes(struct text *t)
{
	const struct result *r = t->r;
	uint64_t writes = 0, all = 0, ns = 0;

	for (size_t i = 0; i < r->ncycles; i++) {
		writes += cycle_writes(&r->cycles[i]);
		ns += cycle_ns(r, &r->cycles[i]);
	}
	for (size_t op = RESULT_ASSIGN; op <= RESULT_CLEAR; op++)
		all += r->map_ops[op].hits;
	if (r->ncycles > TABLE_CYCLES)
		text_put(t, "   the %d longest of %s cycles\n", TABLE_CYCLES,
			 fmt_int(r->ncycles).s);
	if (all && r->map_ops[RESULT_ASSIGN].exact)
		text_put(t,
			 "   %s of the map writes seen fell into cycles, which took %s of the "
			 "time\n",
			 fmt_share(fmt_ratio((double)writes, (double)all)).s,
			 fmt_share(fmt_ratio((double)ns, (double)r->duration_ns)).s);
}

void text_gc(struct text *t)
{
	const struct result *r = t->r;
	uint64_t mark_ns = 0;

	if (!r->ncycles) {
		if (r->gc_cycles.known)
			text_title(t, "GC", "no cycle in %s", fmt_ns(r->duration_ns).s);
		return;
	}
	for (size_t i = 0; i < r->ncycles; i++)
		mark_ns += r->cycles[i].mark_ns;
	text_title(t, "GC", "%s cycle%s in %s, marking %s of the time", fmt_int(r->ncycles).s,
		   fmt_plural(r->ncycles), fmt_ns(r->duration_ns).s,
		   fmt_share(fmt_ratio((double)mark_ns, (double)r->duration_ns)).s);
	text_row_titles(t, cycle_column, CYCLE_COLUMNS);
	for (size_t i = 0; i < r->ncycles; i++)
		if (among_longest(r, i, TABLE_CYCLES))
			cycle_row(t, &r->cycles[i]);
	cycle_notes(t);
}

static uint64_t stw_ns(const struct result_stw *s)
{
	return s->stopping_ns + s->stopped_ns;
}

/* The longest pause after prev in the order of length, then time; NULL: the longest of all. */
static const struct result_stw *next_longest(const struct result *r, const struct result_stw *prev)
{
	const struct result_stw *best = NULL;

	for (size_t i = 0; i < r->nstws; i++) {
		const struct result_stw *s = &r->stws[i];

		if (prev && (stw_ns(s) > stw_ns(prev) || (stw_ns(s) == stw_ns(prev) && s <= prev)))
			continue;
		if (!best || stw_ns(s) > stw_ns(best))
			best = s;
	}
	return best;
}

static const struct text_column stw_column[] = {
	{ "worst", 8 }, { "=stopping", 9 }, { "+stopped", 8 }, { "at", 9 }, { "reason", -40 },
};
#define STW_COLUMNS (sizeof(stw_column) / sizeof(*stw_column))

static void put_stw(struct text *t, const struct result_stw *s)
{
	size_t lead = frame_lead(t->r, s->stack);
	struct text_name reason = text_name(t, s->reason, 40);

	if (s->goid)
		snprintf(reason.s + strlen(reason.s), 40, ", goroutine %lu", s->goid);
	text_row(t, stw_column, STW_COLUMNS,
		 (const char *[STW_COLUMNS]){ fmt_ns(stw_ns(s)).s, fmt_ns(s->stopping_ns).s,
					      fmt_ns(s->stopped_ns).s, fmt_at(s->at_ns).s,
					      reason.s });
	/* Who allocated when a cycle was due is chance; who called for a pause is not. */
	if (s->gc)
		text_stack(t, 14, s->stack, lead, 1);
	else
		text_stack(t, 14, s->stack, lead ? lead - 1 : 0, 4);
}

void text_stw(struct text *t)
{
	const struct result *r = t->r;
	const struct result_stw *s = NULL;
	uint64_t sum = 0;

	if (!r->nstws) {
		if (r->gc_cycles.known)
			text_title(t, "STW", "the world was not stopped in %s",
				   fmt_ns(r->duration_ns).s);
		return;
	}
	for (size_t i = 0; i < r->nstws; i++)
		sum += stw_ns(&r->stws[i]);
	text_title(t, "STW", "the world was stopped %s time%s, %s in all", fmt_int(r->nstws).s,
		   fmt_plural(r->nstws), fmt_ns(sum).s);
	text_hist(t, "by the GC", &r->stw_gc);
	text_hist(t, "by others", &r->stw_other);
	text_hist_line(t, "of it stopping", &r->stw_stopping);
	text_put(t, "\n");
	text_row_titles(t, stw_column, STW_COLUMNS);
	for (size_t i = 0; i < WORST_STWS && (s = next_longest(r, s)); i++)
		put_stw(t, s);
}

void text_assists(struct text *t)
{
	const struct result *r = t->r;

	if (!r->nassists && !r->assist.n) {
		if (r->assist_count.known)
			text_title(t, "ASSISTS", "no goroutine had to help the collector in %s",
				   text_seen_time(t, &r->assist_count).s);
		return;
	}
	text_title(t, "ASSISTS",
		   "%s assist%s, %s in all: goroutines that had to mark before they could allocate",
		   fmt_count(&r->assist_count).s,
		   fmt_plural(r->assist_count.exact ? r->assist_count.hits : 2),
		   fmt_ns(r->assist.sum_ns).s);
	text_hist(t, "length", &r->assist);
	for (size_t i = 0; i < r->nassists && i < TOP_ASSISTS; i++) {
		const struct result_wait *w = &r->assists[i];
		size_t lead = frame_lead(r, w->stack);

		text_put(t, "\n");
		text_right(t, 8,
			   fmt_share(fmt_ratio((double)w->sum_ns, (double)r->assist.sum_ns)).s);
		text_put(t, "  %s in %s assist%s, longest %s, %s goroutine%s\n",
			 fmt_ns(w->sum_ns).s, fmt_int(w->n).s, fmt_plural(w->n),
			 fmt_ns(w->max_ns).s, fmt_int(w->goroutines).s, fmt_plural(w->goroutines));
		text_stack(t, 12, w->stack, lead ? lead - 1 : 0, 4);
	}
	if (r->nassists > TOP_ASSISTS)
		text_put(t, "          … %zu more place%s\n", r->nassists - TOP_ASSISTS,
			 fmt_plural(r->nassists - TOP_ASSISTS));
}
