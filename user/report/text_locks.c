// SPDX-License-Identifier: Apache-2.0
/* The lock waits: how long by kind, then the places that waited longest. */
#include "report/text.h"

#include "report/frames.h"
#include "report/wait_places.h"

#define TOP_WAITS 5
#define TOP_FULL  3 /* of them with callers */

static void put_wait(struct text *t, const struct wait_place *w, size_t frames)
{
	const struct result *r = t->r;

	text_right(t, 8, fmt_share(fmt_ratio((double)w->sum_ns, (double)r->lock_wait_ns)).s);
	text_put(t, "  %s in %s wait%s, longest %s, %s%s goroutine%s: %s", fmt_ns(w->sum_ns).s,
		 fmt_int(w->n).s, fmt_plural(w->n), fmt_ns(w->max_ns).s, w->rows > 1 ? "≥ " : "",
		 fmt_int(w->goroutines).s, fmt_plural(w->rows > 1 ? 2 : w->goroutines),
		 text_name(t, w->kind, 20).s);
	if (w->locks > 1)
		text_put(t, ", %s of them\n", fmt_int(w->locks).s);
	else if (w->addr)
		text_put(t, " 0x%lx\n", w->addr);
	else
		text_put(t, "\n");
	text_stack(t, 12, w->stack, frame_lead(r, w->stack), frames);
}

void text_locks(struct text *t)
{
	_cleanup_wait_places_ struct wait_places p = { 0 };
	const struct result *r = t->r;
	bool much = text_is_much(r, &r->lock_waits, r->lock_wait_ns, 0.01);
	size_t n = much ? TOP_WAITS : 1;

	if (!r->nlocks && !r->nlock_kinds) {
		if (r->lock_waits.known)
			text_title(t, "LOCKS", "no goroutine waited for a lock in %s",
				   text_seen_time(t, &r->lock_waits).s);
		return;
	}
	if (wait_places_of(r, r->locks, r->nlocks, &p))
		t->failed = true;
	text_title(t, "LOCKS", "%s wait%s, %s waited%s", fmt_count(&r->lock_waits).s,
		   fmt_plural(r->lock_waits.exact ? r->lock_waits.hits : 2),
		   fmt_ns(r->lock_wait_ns).s, r->lock_waits.exact ? "" : " as far as seen");
	for (size_t i = 0; i < r->nlock_kinds; i++)
		(much ? text_hist : text_hist_line)(t, text_name(t, r->lock_kinds[i].kind, 18).s,
						    &r->lock_kinds[i].hist);
	for (size_t i = 0; i < p.list.len && i < n; i++)
		put_wait(t, &p.list.data[i], much && i < TOP_FULL ? 4 : 1);
	text_more(t, 10, p.list.len > n ? p.list.len - n : 0, "place");
}
