// SPDX-License-Identifier: Apache-2.0
/* The lock waits: how long by kind, then the stacks that waited longest. */
#include "report/text.h"

#include "report/frames.h"

#define TOP_WAITS 8
#define TOP_FULL  3 /* of them with callers */

static void put_wait(struct text *t, const struct result_wait *w, size_t frames)
{
	const struct result *r = t->r;

	text_right(t, 8, fmt_share(fmt_ratio((double)w->sum_ns, (double)r->lock_wait_ns)).s);
	text_put(t, "  %s in %s wait%s, longest %s, %s goroutine%s: %s", fmt_ns(w->sum_ns).s,
		 fmt_int(w->n).s, fmt_plural(w->n), fmt_ns(w->max_ns).s, fmt_int(w->goroutines).s,
		 fmt_plural(w->goroutines), text_name(t, w->kind, 24).s);
	if (w->addr)
		text_put(t, " 0x%lx\n", w->addr);
	else
		text_put(t, "\n");
	text_stack(t, 12, w->stack, frame_lead(r, w->stack), frames);
}

void text_locks(struct text *t)
{
	const struct result *r = t->r;

	if (!r->nlocks && !r->nlock_kinds) {
		if (r->lock_waits.known)
			text_title(t, "LOCKS", "no goroutine waited for a lock in %s",
				   text_seen_time(t, &r->lock_waits).s);
		return;
	}
	text_title(t, "LOCKS", "%s waits, %s waited%s", fmt_count(&r->lock_waits).s,
		   fmt_ns(r->lock_wait_ns).s, r->lock_waits.exact ? "" : " as far as seen");
	for (size_t i = 0; i < r->nlock_kinds; i++)
		text_hist(t, text_name(t, r->lock_kinds[i].kind, 18).s, &r->lock_kinds[i].hist);
	for (size_t i = 0; i < r->nlocks && i < TOP_WAITS; i++)
		put_wait(t, &r->locks[i], i < TOP_FULL ? 4 : 1);
	if (r->nlocks > TOP_WAITS)
		text_put(t, "          … %zu more place%s\n", r->nlocks - TOP_WAITS,
			 fmt_plural(r->nlocks - TOP_WAITS));
}
