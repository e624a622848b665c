// SPDX-License-Identifier: Apache-2.0
/*
 * Findings: what somebody who reads only one screen should know, a sentence each, and only what was
 * seen. Each function says nothing when it has nothing to say.
 */
#include "report/text.h"

#include <string.h>

#include "report/places.h"

#define MAX_SHARED_MAPS 3

static void say(struct text *t, bool *any, const char *sentence)
{
	if (!*any)
		text_heading(t, "FINDINGS");
	*any = true;
	text_wrap(t, "  * ", "%s", sentence);
}

struct sentence {
	char s[2048];
};
#define SAY(t, any, ...)                                                                           \
	do {                                                                                       \
		struct sentence s_;                                                                \
		snprintf(s_.s, sizeof(s_.s), __VA_ARGS__);                                         \
		say(t, any, s_.s);                                                                 \
	} while (0)

static double share_of_time(const struct result *r, uint64_t ns)
{
	return fmt_ratio((double)ns, (double)r->duration_ns);
}

static void find_crash(struct text *t, bool *any)
{
	const struct result_crash *c = t->r->crash;

	if (c)
		SAY(t, any, "The target crashed after %s: %s.", fmt_at(c->at_ns).s,
		    text_crash_message(t).s);
}

static void find_doubt(struct text *t, bool *any)
{
	const struct result *r = t->r;
	double cost = share_of_time(r, r->overhead_ns);

	if (!r->complete)
		SAY(t, any, "The stream of events was cut off: the figures end after %s.",
		    fmt_ns(r->duration_ns).s);
	if (r->lost_events)
		SAY(t, any,
		    "%s event%s lost: totals of counts hold, but what is told by map, stack or "
		    "cycle "
		    "lacks them.",
		    fmt_int(r->lost_events).s, r->lost_events == 1 ? " was" : "s were");
	if (!r->exact && r->budget > 0 && cost > r->budget)
		SAY(t, any, "mapprobe took %s of one CPU from the target, above its budget of %s.",
		    fmt_share(cost).s, fmt_share(r->budget).s);
}

static void say_shared(struct text *t, bool *any, const struct result_map *m)
{
	_cleanup_places_ struct places p = { 0 };

	if (places_of(t->r, m, &p))
		t->failed = true;
	if (!p.list.len)
		return;
	SAY(t, any, "%s at 0x%lx is written by %s%s goroutines from %zu place%s%s in %s.",
	    text_name(t, m->type && *m->type ? m->type : "A map", 48).s, m->addr,
	    m->ops[RESULT_ASSIGN].exact ? "" : "at least ", fmt_int(m->ngoroutines).s, p.list.len,
	    fmt_plural(p.list.len), p.list.len > 1 ? ", most of all" : ",",
	    text_place(t, p.list.data[0].stack).s);
}

static void find_shared_maps(struct text *t, bool *any)
{
	const struct result *r = t->r;
	unsigned int said = 0;

	for (size_t i = 0; i < r->nmaps && said < MAX_SHARED_MAPS; i++) {
		if (r->maps[i].ngoroutines < 2)
			continue;
		said++;
		say_shared(t, any, &r->maps[i]);
	}
}

static void find_growth(struct text *t, bool *any)
{
	const struct result *r = t->r;
	const struct result_map *most = NULL;

	for (size_t i = 0; i < r->nmaps; i++)
		if (!most || r->maps[i].hits[RESULT_GROW] > most->hits[RESULT_GROW])
			most = &r->maps[i];
	if (!most || most->hits[RESULT_GROW] < 4)
		return;
	SAY(t, any, "%s at 0x%lx grew %s times%s%s.",
	    text_name(t, most->type && *most->type ? most->type : "A map", 48).s, most->addr,
	    fmt_int(most->hits[RESULT_GROW]).s, most->ngrowths ? ", first in " : "",
	    most->ngrowths ? text_place(t, most->growths[0].stack).s : "");
}

static void find_gc(struct text *t, bool *any)
{
	const struct result *r = t->r;
	uint64_t mark_ns = 0, forced = 0;
	const struct result_gc_cycle *last = NULL;

	for (size_t i = 0; i < r->ncycles; i++) {
		mark_ns += r->cycles[i].mark_ns;
		if (r->cycles[i].trigger && !strcmp(r->cycles[i].trigger, "cycle")) {
			forced++;
			last = &r->cycles[i];
		}
	}
	if (share_of_time(r, mark_ns) >= 0.1)
		SAY(t, any, "The garbage collector was marking %s of the time: %s cycle%s in %s.",
		    fmt_share(share_of_time(r, mark_ns)).s, fmt_int(r->ncycles).s,
		    fmt_plural(r->ncycles), fmt_ns(r->duration_ns).s);
	if (last)
		SAY(t, any,
		    "%s of %s GC cycle%s %s asked for by the program (runtime.GC), last by %s.",
		    fmt_int(forced).s, fmt_int(r->ncycles).s, fmt_plural(r->ncycles),
		    forced == 1 ? "was" : "were", text_place(t, last->stack).s);
}

static void find_stw(struct text *t, bool *any)
{
	const struct result *r = t->r;
	const struct result_stw *worst = NULL, *other = NULL;
	uint64_t sum = 0;

#define TOTAL(s) ((s)->stopping_ns + (s)->stopped_ns)
	for (size_t i = 0; i < r->nstws; i++) {
		const struct result_stw *s = &r->stws[i];

		sum += TOTAL(s);
		if (!worst || TOTAL(s) > TOTAL(worst))
			worst = s;
		if (!s->gc && (!other || TOTAL(s) > TOTAL(other)))
			other = s;
	}
	if (!worst)
		return;
	SAY(t, any,
	    "The world was stopped %s time%s, %s in all (%s of the time), at worst %s (%s).",
	    fmt_int(r->nstws).s, fmt_plural(r->nstws), fmt_ns(sum).s,
	    fmt_share(share_of_time(r, sum)).s, fmt_ns(TOTAL(worst)).s,
	    text_name(t, worst->reason, 48).s);
	if (other)
		SAY(t, any, "%s of these pauses %s not the collector's%s %s (%s), asked for by %s.",
		    fmt_int(r->stw_other.n).s, r->stw_other.n == 1 ? "was" : "were",
		    r->stw_other.n == 1 ? ":" : "; the longest of them:", fmt_ns(TOTAL(other)).s,
		    text_name(t, other->reason, 48).s, text_place(t, other->stack).s);
#undef TOTAL
}

/* Is it worth a sentence? Of what was armed in windows, little is seen. */
static bool is_much(const struct result *r, const struct result_count *c, uint64_t ns, double share)
{
	return share_of_time(r, ns) >= (c->exact ? share : share / 5);
}

static void find_assists(struct text *t, bool *any)
{
	const struct result *r = t->r;

	if (!r->nassists || !is_much(r, &r->assist_count, r->assist.sum_ns, 0.005))
		return;
	SAY(t, any,
	    "Goroutines worked %s%s for the collector before they could allocate (GC assist); %s "
	    "of "
	    "it was in %s.",
	    r->assist_count.exact ? "" : "at least ", fmt_ns(r->assist.sum_ns).s,
	    fmt_share(fmt_ratio((double)r->assists[0].sum_ns, (double)r->assist.sum_ns)).s,
	    text_place(t, r->assists[0].stack).s);
}

static void find_locks(struct text *t, bool *any)
{
	const struct result *r = t->r;
	struct fmt average = { "" };

	if (!r->nlocks || !is_much(r, &r->lock_waits, r->lock_wait_ns, 0.01))
		return;
	if (r->lock_waits.exact)
		snprintf(average.s, sizeof(average.s), ", %.2f of them on average",
			 share_of_time(r, r->lock_wait_ns));
	SAY(t, any, "Goroutines waited %s%s for locks%s; %s of it was for a %s in %s.",
	    r->lock_waits.exact ? "" : "at least ", fmt_ns(r->lock_wait_ns).s, average.s,
	    fmt_share(fmt_ratio((double)r->locks[0].sum_ns, (double)r->lock_wait_ns)).s,
	    text_name(t, r->locks[0].kind, 24).s, text_place(t, r->locks[0].stack).s);
}

void text_findings(struct text *t)
{
	static void (*const find[])(struct text * t, bool *any) = {
		find_crash, find_doubt, find_shared_maps, find_growth,
		find_gc,    find_stw,	find_assists,	  find_locks,
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(find) / sizeof(*find); i++)
		find[i](t, &any);
	if (!any)
		text_title(t, "FINDINGS", "nothing stands out");
}
