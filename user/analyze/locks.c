// SPDX-License-Identifier: Apache-2.0
/*
 * Waits for locks.
 *
 * A goroutine may wait while it waits: RWMutex.Lock first takes the lock's own mutex, a slow
 * Mutex.Lock sleeps on a semaphore. Each wait is attributed to its own kind, lock and stack; the
 * outer one includes the inner. What is added up over all locks (wait_ns, the histograms) has the
 * outermost only, so that no time is in there twice.
 *
 * An end belongs to the beginning in the same function. So a lost end does not shift all that
 * follow: an end closes what lies inside its beginning, and a second beginning in the same function
 * closes the first, all of these unmatched.
 */
#include "analyze/locks.h"

#include <errno.h>

/* By enum abi_lock; 0 for a kind that is none of them. */
static const char *const kind_name[ABI_LOCK_MAX] = {
	[0] = "unknown",
	[ABI_LOCK_MUTEX] = "mutex",
	[ABI_LOCK_RWMUTEX_R] = "rwmutex (reader)",
	[ABI_LOCK_RWMUTEX_W] = "rwmutex (writer)",
	[ABI_LOCK_WAITGROUP] = "waitgroup",
	[ABI_LOCK_SEMA] = "semaphore",
	[ABI_LOCK_POLL] = "poll",
};

void locks_deinit(struct locks *l)
{
	opens_deinit(&l->open);
	waits_deinit(&l->waits);
}

/* The innermost wait that began in the function of this site. */
static const struct open *in_function(const struct locks *l, const struct sites *s, uint64_t key,
				      uint16_t site)
{
	const struct open *v = opens_top(&l->open, key);

	while (v && s->site[v->site].func != s->site[site].func)
		v = opens_below(&l->open, v);
	return v;
}

/* Closes what lies inside v, unmatched. */
static void close_inside(struct locks *l, uint64_t key, const struct open *v)
{
	while (opens_top(&l->open, key) != v) {
		opens_pop(&l->open, key);
		l->unmatched++;
	}
}

int locks_begin(struct locks *l, const struct sites *s, const struct abi_hit *hit, uint32_t stack)
{
	uint64_t key = opens_goroutine(hit);
	const struct open *stale;
	struct open v = {
		.time_ns = hit->time_ns,
		.arg = { hit->arg[0], hit->arg[1] },
		.stack = stack,
		.site = hit->site,
		.window = hit->window,
	};
	unsigned int depth;

	l->unmatched += waits_expire(&l->open, s, key, hit, (struct waits_age){ 0 });
	stale = in_function(l, s, key, hit->site);
	if (stale) {
		close_inside(l, key, stale);
		opens_pop(&l->open, key);
		l->unmatched++;
	}
	depth = opens_depth(&l->open, key);
	l->begun++;
	l->nested += depth > 0;
	if (depth >= OPENS_DEPTH) {
		l->unmatched++;
		return 0;
	}
	return opens_push(&l->open, key, v);
}

int locks_end(struct locks *l, const struct sites *s, const struct abi_hit *hit)
{
	uint64_t key = opens_goroutine(hit), ns;
	const struct open *v;
	struct open w;
	uint32_t kind;

	l->unmatched += waits_expire(&l->open, s, key, hit, (struct waits_age){ 0 });
	v = in_function(l, s, key, hit->site);
	if (!v && !s->site[hit->site].paired)
		v = opens_top(&l->open, key);
	if (!v) {
		l->unmatched++;
		return 0;
	}
	close_inside(l, key, v);
	w = *v;
	opens_pop(&l->open, key);
	if (!waits_same(s, &w, hit)) {
		l->unmatched += 2;
		return 0;
	}
	kind = w.arg[1] < ABI_LOCK_MAX ? (uint32_t)w.arg[1] : 0;
	ns = elapsed_ns(w.time_ns, hit->time_ns);
	if (!opens_top(&l->open, key)) {
		add_ns(&l->wait_ns, ns);
		result_hist_add(&l->hist[kind], ns);
	}
	return waits_add(&l->waits, kind_name[kind], w.arg[0], w.stack, hit->goid, ns);
}

int locks_result(const struct locks *l, struct build *b)
{
	struct result *r = b->r;

	r->lock_kinds = arena_array(&b->mem, ABI_LOCK_MAX, sizeof(*r->lock_kinds));
	if (!r->lock_kinds)
		return -ENOMEM;
	for (uint32_t kind = 0; kind < ABI_LOCK_MAX; kind++)
		if (l->hist[kind].n)
			r->lock_kinds[r->nlock_kinds++] = (struct result_lock_kind){
				.kind = kind_name[kind],
				.hist = l->hist[kind],
			};
	r->lock_wait_ns = l->wait_ns;
	r->lock_waits = waits_outermost(
		estimate_count(b->sites, EVENT_BIT(ABI_LOCK_BEGIN), b->end_ns, NULL), l->begun,
		l->nested);
	b->unmatched += l->unmatched + l->open.n;
	return waits_result(&l->waits, b, &r->locks, &r->nlocks);
}
