// SPDX-License-Identifier: Apache-2.0
/*
 * Findings: what somebody who reads only one screen should know, a sentence each, and only what was
 * seen. Each function says nothing when it has nothing to say. What comes first is decided by
 * weight: for what took time from the program, about the percentage of it; a crash and what casts
 * doubt on all figures above everything; what is merely worth knowing below.
 */
#include "report/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "report/map_rows.h"
#include "report/places.h"
#include "report/wait_places.h"

#define MAX_SHARED    3	  /* sentences about maps of several goroutines */
#define SHARED_LOOKED 200 /* maps that are looked at for these */

#define WEIGHT_CRASH   1e9
#define WEIGHT_CUT_OFF 1e8
#define WEIGHT_LOST    1e7
#define WEIGHT_MOST    500
#define WEIGHT_COST    10
#define WEIGHT_LONG    50 /* a pause of 10 ms or more */
#define WEIGHT_SHARED  2
#define WEIGHT_FORCED  1.5
#define WEIGHT_GROWTH  1

struct finding {
	double weight;
	size_t order;
	char s[1024];
};

struct findings {
	struct text *t;
	VEC(struct finding) list;
};

static void __attribute__((format(printf, 3, 4)))
say(struct findings *f, double weight, const char *fmt, ...)
{
	struct finding fresh = { .weight = weight, .order = f->list.len };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fresh.s, sizeof(fresh.s), fmt, ap);
	va_end(ap);
	if (vec_push(&f->list, fresh))
		f->t->failed = true;
}

static double share_of_time(const struct result *r, uint64_t ns)
{
	return fmt_ratio((double)ns, (double)r->duration_ns);
}

static double weight_of(const struct result *r, uint64_t ns)
{
	double percent = 100 * share_of_time(r, ns);

	return percent < WEIGHT_MOST ? percent : WEIGHT_MOST;
}

static void find_crash(struct findings *f)
{
	const struct result_crash *c = f->t->r->crash;

	if (c)
		say(f, WEIGHT_CRASH, "The target crashed after %s: %s.", fmt_at(c->at_ns).s,
		    text_crash_message(f->t).s);
}

static void find_doubt(struct findings *f)
{
	const struct result *r = f->t->r;
	double cost = share_of_time(r, r->overhead_ns);

	if (!r->complete)
		say(f, WEIGHT_CUT_OFF,
		    "The stream of events was cut off: the figures end after %s.",
		    fmt_ns(r->duration_ns).s);
	if (r->lost_events)
		say(f, WEIGHT_LOST,
		    "%s event%s lost: totals of counts hold, but what is told by map, stack or "
		    "cycle lacks them.",
		    fmt_int(r->lost_events).s, r->lost_events == 1 ? " was" : "s were");
	if (!r->exact && r->budget > 0 && cost > r->budget)
		say(f, WEIGHT_COST,
		    "mapprobe took %s of one CPU from the target, above its budget of %s.",
		    fmt_share(cost).s, fmt_share(r->budget).s);
}

/* Maps of one type that several goroutines write, most of all in one line. */
struct shared {
	const struct result_map *most;
	size_t maps, places;
	uint64_t goroutines;
	struct place place;
};

static struct text_name type_of(struct text *t, const struct result_map *m)
{
	return text_name(t, *map_type(m) ? map_type(m) : "A map", 48);
}

static void say_shared(struct findings *f, const struct shared *s)
{
	const char *least = s->most->ops[RESULT_ASSIGN].exact ? "" : "at least ";
	struct text_name type = type_of(f->t, s->most), place = text_place(f->t, s->place.stack);

	if (s->maps > 1)
		say(f, WEIGHT_SHARED,
		    "%zu maps of type %s are written by several goroutines each (%s%s the one at "
		    "0x%lx), most of all in %s.",
		    s->maps, type.s, least, fmt_int(s->goroutines).s, s->most->addr, place.s);
	else
		say(f, WEIGHT_SHARED,
		    "%s at 0x%lx is written by %s%s goroutines from %zu place%s%s %s.", type.s,
		    s->most->addr, least, fmt_int(s->goroutines).s, s->places,
		    fmt_plural(s->places), s->places > 1 ? ", most of all in" : ", in", place.s);
}

/* Adds m to the maps of its type and line, or to a new entry while there is room. */
static void add_shared(struct findings *f, const struct result_map *m, struct shared *list,
		       size_t *n)
{
	_cleanup_places_ struct places p = { 0 };
	size_t i = 0;

	if (places_of(f->t->r, m, &p))
		f->t->failed = true;
	if (!p.list.len)
		return;
	while (i < *n && (strcmp(map_type(list[i].most), map_type(m)) ||
			  !frame_same_line(&list[i].place.line, &p.list.data[0].line)))
		i++;
	if (i == MAX_SHARED)
		return;
	if (i == *n)
		list[(*n)++] = (struct shared){
			.most = m,
			.places = p.list.len,
			.goroutines = m->ngoroutines,
			.place = p.list.data[0],
		};
	list[i].maps++;
}

static void find_shared_maps(struct findings *f)
{
	const struct result *r = f->t->r;
	struct shared list[MAX_SHARED];
	size_t n = 0;

	for (size_t i = 0; i < r->nmaps && i < SHARED_LOOKED; i++)
		if (r->maps[i].ngoroutines > 1)
			add_shared(f, &r->maps[i], list, &n);
	for (size_t i = 0; i < n; i++)
		say_shared(f, &list[i]);
}

/* How many slots the map has more than at first; 0 unless it is much. */
static uint64_t grown_by(const struct result_map *m)
{
	if (!m->grown || !m->capacity_known || m->capacity < 1024 ||
	    m->capacity / 2 < m->first_capacity)
		return 0;
	return m->capacity - m->first_capacity;
}

static void find_growth(struct findings *f)
{
	const struct result *r = f->t->r;
	const struct result_map *often = NULL, *far = NULL;

	for (size_t i = 0; i < r->nmaps; i++) {
		const struct result_map *m = &r->maps[i];

		if (m->hits[RESULT_GROW] >= 4 &&
		    (!often || m->hits[RESULT_GROW] > often->hits[RESULT_GROW]))
			often = m;
		if (grown_by(m) && (!far || grown_by(m) > grown_by(far)))
			far = m;
	}
	if (far)
		say(f, WEIGHT_GROWTH,
		    "%s at 0x%lx grew from %s to %s slots; its length went from %s to %s.",
		    type_of(f->t, far).s, far->addr, fmt_int(far->first_capacity).s,
		    fmt_int(far->capacity).s, fmt_int(far->first_length).s, fmt_int(far->length).s);
	else if (often)
		say(f, WEIGHT_GROWTH, "%s at 0x%lx grew %s times%s%s.", type_of(f->t, often).s,
		    often->addr, fmt_int(often->hits[RESULT_GROW]).s,
		    often->ngrowths ? ", first in " : "",
		    often->ngrowths ? text_place(f->t, often->growths[0].stack).s : "");
}

static void find_gc(struct findings *f)
{
	const struct result *r = f->t->r;
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
		say(f, weight_of(r, mark_ns),
		    "The garbage collector was marking %s of the time: %s cycle%s in %s.",
		    fmt_share(share_of_time(r, mark_ns)).s, fmt_int(r->ncycles).s,
		    fmt_plural(r->ncycles), fmt_ns(r->duration_ns).s);
	if (last)
		say(f, WEIGHT_FORCED,
		    "%s of %s GC cycle%s %s asked for by the program (runtime.GC), last by %s.",
		    fmt_int(forced).s, fmt_int(r->ncycles).s, fmt_plural(r->ncycles),
		    forced == 1 ? "was" : "were", text_place(f->t, last->stack).s);
}

static uint64_t stw_ns(const struct result_stw *s)
{
	return s->stopping_ns + s->stopped_ns;
}

/* The reason of a pause; where it has none, by what function it came about. */
static struct text_name reason_of(struct findings *f, const struct result_stw *s)
{
	size_t lead = frame_lead(f->t->r, s->stack);
	struct frame_iter it = frame_iter_shown(f->t->r, s->stack);
	struct frame via = { 0 };

	while (lead-- && frame_next(&it, &via))
		;
	if (s->gc || strcmp(s->reason ? s->reason : "", "unknown") || !via.func)
		return text_name(f->t, s->reason, 48);
	return text_func(f->t, via.func, 48);
}

static void find_stw(struct findings *f)
{
	const struct result *r = f->t->r;
	const struct result_stw *worst = NULL, *other = NULL;
	uint64_t sum = 0;
	double weight;

	for (size_t i = 0; i < r->nstws; i++) {
		const struct result_stw *s = &r->stws[i];

		sum += stw_ns(s);
		if (!worst || stw_ns(s) > stw_ns(worst))
			worst = s;
		if (!s->gc && (!other || stw_ns(s) > stw_ns(other)))
			other = s;
	}
	if (!worst)
		return;
	/* Everybody waits: it counts more than time that one goroutine waits. */
	weight = 5 * weight_of(r, sum) + (stw_ns(worst) >= 10000000 ? WEIGHT_LONG : 0);
	say(f, weight,
	    "The world was stopped %s time%s, %s in all (%s of the time), at worst %s (%s).",
	    fmt_int(r->nstws).s, fmt_plural(r->nstws), fmt_ns(sum).s,
	    fmt_share(share_of_time(r, sum)).s, fmt_ns(stw_ns(worst)).s, reason_of(f, worst).s);
	if (other)
		say(f, weight,
		    "%s of these pauses %s not the collector's: %s%s (%s), asked for by %s.",
		    fmt_int(r->stw_other.n).s, r->stw_other.n == 1 ? "was" : "were",
		    r->stw_other.n == 1 ? "" : "at worst ", fmt_ns(stw_ns(other)).s,
		    reason_of(f, other).s, text_place(f->t, other->stack).s);
}

/* How many goroutines that is at a time, where all of them were seen. */
static struct fmt average(const struct result *r, const struct result_count *c, uint64_t ns)
{
	struct fmt f = { "" };

	if (c->exact)
		snprintf(f.s, sizeof(f.s), ", %.2f of them on average", share_of_time(r, ns));
	return f;
}

static void find_assists(struct findings *f)
{
	_cleanup_wait_places_ struct wait_places p = { 0 };
	const struct result *r = f->t->r;

	if (!text_is_much(r, &r->assist_count, r->assist.sum_ns, 0.005))
		return;
	if (wait_places_of(r, r->assists, r->nassists, &p))
		f->t->failed = true;
	if (p.list.len)
		say(f, weight_of(r, r->assist.sum_ns),
		    "Goroutines were held up %s%s by GC assists (marking before they may "
		    "allocate)%s; %s of it was in %s.",
		    r->assist_count.exact ? "" : "at least ", fmt_ns(r->assist.sum_ns).s,
		    average(r, &r->assist_count, r->assist.sum_ns).s,
		    fmt_share(fmt_ratio((double)p.list.data[0].sum_ns, (double)r->assist.sum_ns)).s,
		    text_place(f->t, p.list.data[0].stack).s);
}

static void find_locks(struct findings *f)
{
	_cleanup_wait_places_ struct wait_places p = { 0 };
	const struct result *r = f->t->r;

	if (!text_is_much(r, &r->lock_waits, r->lock_wait_ns, 0.01))
		return;
	if (wait_places_of(r, r->locks, r->nlocks, &p))
		f->t->failed = true;
	if (!p.list.len)
		return;
	say(f, weight_of(r, r->lock_wait_ns),
	    "Goroutines waited %s%s for locks%s; %s of it was for a %s in %s.",
	    r->lock_waits.exact ? "" : "at least ", fmt_ns(r->lock_wait_ns).s,
	    average(r, &r->lock_waits, r->lock_wait_ns).s,
	    fmt_share(fmt_ratio((double)p.list.data[0].sum_ns, (double)r->lock_wait_ns)).s,
	    text_name(f->t, p.list.data[0].kind, 24).s, text_place(f->t, p.list.data[0].stack).s);
}

static int heaviest_first(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

void text_findings(struct text *t)
{
	static void (*const find[])(struct findings * f) = {
		find_crash, find_doubt,	  find_locks,	    find_stw,
		find_gc,    find_assists, find_shared_maps, find_growth,
	};
	struct findings f = { .t = t };

	for (size_t i = 0; i < sizeof(find) / sizeof(*find); i++)
		find[i](&f);
	if (f.list.len) {
		qsort(f.list.data, f.list.len, sizeof(*f.list.data), heaviest_first);
		text_heading(t, "FINDINGS");
	} else {
		text_title(t, "FINDINGS", "nothing stands out");
	}
	vec_foreach (v, &f.list)
		text_wrap(t, "  * ", "%s", v->s);
	vec_deinit(&f.list);
}
