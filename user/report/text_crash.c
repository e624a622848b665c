// SPDX-License-Identifier: Apache-2.0
/*
 * The crash. Go's own dump names the goroutine that noticed; who else writes the same map is in the
 * statistics: the map whose writers include the crashing call site, and its other sites.
 */
#include "report/text.h"

#include <string.h>

#include "report/frames.h"
#include "report/places.h"

#define CRASH_FRAMES 24
#define OTHER_PLACES 5
#define NEAR_CALLS   8 /* between the map code that noticed and its caller */

struct text_name text_gc_phase(const struct result *r, uint64_t at_ns)
{
	struct text_name ret = { "no GC cycle was running" };

	for (size_t i = 0; i < r->ncycles; i++) {
		const struct result_gc_cycle *c = &r->cycles[i];

		if (at_ns < c->start_ns || at_ns > c->end_ns)
			continue;
		snprintf(ret.s, sizeof(ret.s), "GC cycle %lu %s", c->number,
			 c->mark_term_ns && at_ns >= c->mark_term_ns ? "was ending"
								     : "was marking");
	}
	return ret;
}

/*
 * Does the crashing stack pass the call at which the site's stack starts? Return addresses tell:
 * the location of a site may lack lines of map code that was inlined there.
 */
static bool stack_has_call(const struct result *r, uint32_t stack, uint32_t site_stack)
{
	const struct result_stack *s = frame_stack(r, stack), *w = frame_stack(r, site_stack);
	const struct result_loc *site;

	if (!s || !w || !w->nlocs)
		return false;
	site = frame_loc(r, w->locs[0]);
	for (size_t i = 0; site && i < s->nlocs && i < NEAR_CALLS; i++) {
		const struct result_loc *l = frame_loc(r, s->locs[i]);

		if (l && l->pc == site->pc)
			return true;
	}
	return false;
}

static bool writes_here(const struct result *r, const struct result_map *m)
{
	for (size_t i = 0; i < m->nsites; i++)
		if (stack_has_call(r, r->crash->stack, m->sites[i].stack))
			return true;
	return false;
}

/* The other places that write m. */
static void put_others(struct text *t, const struct result_map *m)
{
	_cleanup_places_ struct places p = { 0 };
	size_t n = 0;

	if (places_of(t->r, m, &p))
		t->failed = true;
	text_put(t, "  Other places that wrote it, any of which may be the second writer:\n");
	vec_foreach (v, &p.list) {
		if (n == OTHER_PLACES || stack_has_call(t->r, t->r->crash->stack, v->stack))
			continue;
		text_stack(t, 4, v->stack, 0, 3);
		n++;
	}
	if (!n)
		text_put(t, "    none was seen: it may be this same place in another goroutine\n");
}

static void crash_writers(struct text *t)
{
	const struct result *r = t->r;
	const struct result_map *m = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->nmaps; i++) {
		if (!writes_here(r, &r->maps[i]))
			continue;
		m = m ? m : &r->maps[i];
		n++;
	}
	if (!m) {
		text_put(t, "  Who else writes this map was not seen%s.\n",
			 r->map_ops[RESULT_ASSIGN].known && !r->map_ops[RESULT_ASSIGN].exact
				 ? ": map writes are observed in windows only"
				 : "");
		return;
	}
	if (n > 1)
		text_put(t, "  This place wrote %zu maps. Of them, most was written to this one:\n",
			 n);
	text_wrap(t, "  ", "This place wrote %s at 0x%lx, which %s goroutine%s wrote.",
		  text_name(t, m->type && *m->type ? m->type : "the map", 60).s, m->addr,
		  fmt_int(m->ngoroutines).s, fmt_plural(m->ngoroutines));
	put_others(t, m);
}

struct text_name text_crash_message(struct text *t)
{
	const char *message = t->r->crash->message;

	return text_name(t, message && *message ? message : "(message lost)", 80);
}

void text_crash(struct text *t)
{
	const struct result_crash *c = t->r->crash;

	if (!c)
		return;
	text_title(t, "CRASH", "%s: %s", c->fatal ? "fatal error" : "runtime.throw",
		   text_crash_message(t).s);
	text_put(t, "  after %s, in goroutine %lu on thread %u, noticed by:\n", fmt_at(c->at_ns).s,
		 c->goid, c->tid);
	text_stack(t, 4, c->stack, 0, CRASH_FRAMES);
	if (t->r->gc_cycles.known)
		text_put(t, "  At that moment %s.\n", text_gc_phase(t->r, c->at_ns).s);
	if (c->message && strstr(c->message, "map"))
		crash_writers(t);
}
