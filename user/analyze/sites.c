// SPDX-License-Identifier: Apache-2.0
/*
 * Probe sites and the windows in which the hot ones are armed: who was armed when, and how many
 * hits fell into which window.
 *
 * EVENT_WINDOW comes when a window has closed, but its last hits may still lie in the ring buffer:
 * a window is kept until another one needs its place, and only then becomes a term in the sums of
 * the groups. Hits of a window that is never described count as hits and not as a sample.
 */
#include <errno.h>
#include <string.h>

#include "analyze/estimate.h"

void window_add(struct window_sums *sums, const struct site_group *g, const struct window *w,
		uint32_t group)
{
	uint64_t open = w->open_ns > g->from_ns ? w->open_ns : g->from_ns;
	double h = w->hits[group], a;

	if (w->close_ns <= open)
		return;
	a = (double)(w->close_ns - open);
	sums->n++;
	sums->h += h;
	sums->a += a;
	sums->hh += h * h;
	sums->ha += h * a;
	sums->aa += a * a;
}

/* The pending window of that number; the one in its place so far goes into the sums. */
static struct window *window_of(struct sites *s, uint32_t number)
{
	struct window *w = &s->pending[number % WINDOWS_PENDING];

	if (w->number == number)
		return w;
	for (uint32_t g = 0; w->closed && g < s->ngroups; g++)
		window_add(&s->group[g].sums, &s->group[g], w, g);
	memset(w, 0, sizeof(*w));
	w->number = number;
	return w;
}

void sites_window(struct sites *s, const struct event_window *v)
{
	struct window *w = window_of(s, v->number);

	s->windows++;
	if (v->close_ns > v->open_ns)
		s->armed_ns += v->close_ns - v->open_ns;
	w->closed = true;
	w->open_ns = v->open_ns;
	w->close_ns = v->close_ns;
}

/* From now on the site is armed in windows only. */
static void make_windowed(struct sites *s, struct site *v, uint64_t now_ns)
{
	uint32_t g = 0;

	while (g < s->ngroups && (s->group[g].event != v->event || s->group[g].told_ns != now_ns))
		g++;
	if (g == s->ngroups)
		s->group[s->ngroups++] = (struct site_group){
			.event = v->event,
			.told_ns = now_ns,
			.from_ns = now_ns,
		};
	v->windowed = true;
	v->group = g;
}

void sites_hit(struct sites *s, const struct abi_hit *hit, uint64_t now_ns)
{
	struct site *v = &s->site[hit->site];

	if (!hit->window) {
		v->always++;
		if (v->windowed && hit->time_ns > s->group[v->group].from_ns)
			s->group[v->group].from_ns = hit->time_ns;
		return;
	}
	/* The tracer arms in windows first and says so then. */
	if (!v->windowed)
		make_windowed(s, v, now_ns);
	v->inside++;
	window_of(s, hit->window)->hits[v->group]++;
}

/* Marks the ends of waits that have a beginning in the same function. */
static void pair_locks(struct sites *s)
{
	for (uint32_t i = 0; i < ABI_MAX_SITES; i++) {
		struct site *end = &s->site[i];

		for (uint32_t j = 0; end->event == ABI_LOCK_END && j < ABI_MAX_SITES; j++)
			end->paired |=
				s->site[j].event == ABI_LOCK_BEGIN && s->site[j].func == end->func;
	}
}

/* A site that is known already: all it may do is become windowed. */
static int change(struct sites *s, const struct event_site *v, uint64_t now_ns, struct err *e)
{
	struct site *old = &s->site[v->index];

	if (old->event != v->event || old->addr != v->addr)
		return err_set(e, -EBADMSG,
			       "event site: %u is event %u at 0x%llx, now %u at 0x%llx", v->index,
			       old->event, (unsigned long long)old->addr, v->event,
			       (unsigned long long)v->addr);
	if (old->windowed && !v->windowed)
		return err_set(e, -EBADMSG, "event site: %u is armed always after windows",
			       v->index);
	if (!old->windowed && v->windowed)
		make_windowed(s, old, now_ns);
	return 0;
}

int sites_add(struct sites *s, const struct event_site *v, uint64_t now_ns, struct strings *strings,
	      struct err *e)
{
	struct site *site = &s->site[v->index];
	struct site fresh = {
		.known = true,
		.exit = v->exit,
		.single_step = v->single_step,
		.event = v->event,
		.point = strings_intern(strings, v->point),
		.group_name = strings_intern(strings, v->group),
		.func = strings_intern(strings, v->func),
		.addr = v->addr,
	};

	if (!fresh.point || !fresh.group_name || !fresh.func)
		return err_set(e, -ENOMEM, "event site: out of memory");
	if (site->known)
		return change(s, v, now_ns, e);
	*site = fresh;
	if (v->windowed)
		make_windowed(s, site, now_ns);
	if (v->event == ABI_LOCK_BEGIN || v->event == ABI_LOCK_END)
		pair_locks(s);
	return 0;
}

int sites_counter(struct sites *s, const struct event_counter *v, struct err *e)
{
	struct site *site = &s->site[v->site];

	if (!site->known)
		return err_set(e, -EBADMSG, "event counter: no site %u", v->site);
	site->counted = true;
	site->counter = v->count;
	return 0;
}

uint64_t site_hits(const struct site *s)
{
	uint64_t seen = s->always + s->inside;

	return s->counter.hits > seen ? s->counter.hits : seen;
}

bool sites_saw_all(const struct sites *s, uint32_t events, uint64_t until_ns)
{
	bool any = false;

	for (uint32_t i = 0; i < ABI_MAX_SITES; i++) {
		const struct site *v = &s->site[i];

		if (!v->known || !(events & EVENT_BIT(v->event)))
			continue;
		any = true;
		if (v->counter.lost || (v->windowed && s->group[v->group].from_ns < until_ns))
			return false;
	}
	return any;
}

uint64_t site_cost_ns(const struct sites *s, const struct site *v)
{
	uint64_t ns = v->single_step ? s->cost.single_step_ns : s->cost.emulated_ns;
	uint64_t passages, cost;

	if (__builtin_add_overflow(site_hits(v), v->counter.outside, &passages) ||
	    __builtin_mul_overflow(passages, ns, &cost))
		return UINT64_MAX;
	return cost;
}
