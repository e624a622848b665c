// SPDX-License-Identifier: Apache-2.0
/* The collector: its cycles and the assists. */
#include "report/text.h"

#include <stdlib.h>

#include "report/frames.h"
#include "report/wait_places.h"

#define TABLE_CYCLES 8
#define TOP_ASSISTS  3

/* Of one whose end was not seen, as long as it can have been. */
static uint64_t cycle_ns(const struct result_gc_cycle *c)
{
	return c->end_ns > c->start_ns ? c->end_ns - c->start_ns : 0;
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
	struct fmt workers = { "-" }, heap = { "-" };
	bool writes = t->r->map_ops[RESULT_ASSIGN].exact;

	if (c->heap_known)
		heap = fmt_bytes_change(c->heap_start_bytes, c->heap_end_bytes);
	if (c->workers_known)
		snprintf(workers.s, sizeof(workers.s), "%.28s/%.28s", fmt_ns(c->worker_ns).s,
			 fmt_int(c->workers).s);
	text_row(t, cycle_column, CYCLE_COLUMNS,
		 (const char *[CYCLE_COLUMNS]){
			 fmt_int(c->number).s, fmt_at(c->start_ns).s, text_name(t, c->trigger, 7).s,
			 c->complete ? fmt_ns(cycle_ns(c)).s : "?", fmt_ns(c->mark_ns).s,
			 fmt_ns(c->stw_ns).s, c->assists_known ? fmt_ns(c->assist_ns).s : "-",
			 workers.s, heap.s, writes ? fmt_si((double)cycle_writes(c)).s : "-" });
}

/* Does a come before b: longer, or earlier? What was not seen from start to end comes last. */
static bool is_longer(const struct result_gc_cycle *a, const struct result_gc_cycle *b)
{
	if (a->complete != b->complete)
		return a->complete;
	if (a->complete && cycle_ns(a) != cycle_ns(b))
		return cycle_ns(a) > cycle_ns(b);
	return a < b;
}

/* The longest of the cycles in ret, at most max; how many. */
static size_t longest(const struct result *r, const struct result_gc_cycle *ret[], size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < r->ncycles; i++) {
		size_t at = n;

		while (at && is_longer(&r->cycles[i], ret[at - 1]))
			at--;
		if (at == max)
			continue;
		n += n < max;
		for (size_t j = n - 1; j > at; j--)
			ret[j] = ret[j - 1];
		ret[at] = &r->cycles[i];
	}
	return n;
}

/* In the order of time, the incomplete ones behind the others. */
static int by_time(const void *a, const void *b)
{
	const struct result_gc_cycle *x = *(const struct result_gc_cycle *const *)a;
	const struct result_gc_cycle *y = *(const struct result_gc_cycle *const *)b;

	if (x->complete != y->complete)
		return x->complete ? -1 : 1;
	return (x > y) - (x < y);
}

static void put_cycles(struct text *t)
{
	const struct result_gc_cycle *c[TABLE_CYCLES];
	size_t n = longest(t->r, c, TABLE_CYCLES);

	qsort(c, n, sizeof(*c), by_time);
	text_row_titles(t, cycle_column, CYCLE_COLUMNS);
	for (size_t i = 0; i < n; i++)
		cycle_row(t, c[i]);
	if (t->r->ncycles > n)
		text_put(t, "   the %zu longest of %s cycles\n", n, fmt_int(t->r->ncycles).s);
}

static void cycle_notes(struct text *t)
{
	const struct result *r = t->r;
	uint64_t writes = 0, all = 0, ns = 0;

	for (size_t i = 0; i < r->ncycles; i++) {
		writes += cycle_writes(&r->cycles[i]);
		ns += cycle_ns(&r->cycles[i]);
	}
	for (size_t op = RESULT_ASSIGN; op <= RESULT_CLEAR; op++)
		all += r->map_ops[op].hits;
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
	put_cycles(t);
	cycle_notes(t);
}

static void put_assist(struct text *t, const struct wait_place *w, size_t frames)
{
	size_t lead = frame_lead(t->r, w->stack);

	text_right(t, 8, fmt_share(fmt_ratio((double)w->sum_ns, (double)t->r->assist.sum_ns)).s);
	text_put(t, "  %s in %s assist%s, longest %s, %s%s goroutine%s\n", fmt_ns(w->sum_ns).s,
		 fmt_int(w->n).s, fmt_plural(w->n), fmt_ns(w->max_ns).s, w->rows > 1 ? "≥ " : "",
		 fmt_int(w->goroutines).s, fmt_plural(w->rows > 1 ? 2 : w->goroutines));
	text_stack(t, 12, w->stack, lead && frames > 1 ? lead - 1 : lead, frames);
}

void text_assists(struct text *t)
{
	_cleanup_wait_places_ struct wait_places p = { 0 };
	const struct result *r = t->r;
	bool much = text_is_much(r, &r->assist_count, r->assist.sum_ns, 0.005);
	size_t n = much ? TOP_ASSISTS : 1;

	if (!r->nassists && !r->assist.n) {
		if (r->assist_count.known)
			text_title(t, "ASSISTS", "no goroutine had to help the collector in %s",
				   text_seen_time(t, &r->assist_count).s);
		return;
	}
	if (wait_places_of(r, r->assists, r->nassists, &p))
		t->failed = true;
	text_title(t, "ASSISTS", "%s assist%s, %s %s", fmt_count(&r->assist_count).s,
		   fmt_plural(r->assist_count.exact ? r->assist_count.hits : 2),
		   fmt_ns(r->assist.sum_ns).s, r->assist_count.exact ? "in all" : "as far as seen");
	text_put(t,
		 "  goroutines that had to mark, or to wait for it, before they could allocate\n");
	(much ? text_hist : text_hist_line)(t, "length", &r->assist);
	for (size_t i = 0; i < p.list.len && i < n; i++)
		put_assist(t, &p.list.data[i], much ? 4 : 3);
	text_more(t, 10, p.list.len > n ? p.list.len - n : 0, "place");
}
