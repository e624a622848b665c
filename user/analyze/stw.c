// SPDX-License-Identifier: Apache-2.0
/*
 * Stops of the world. worldsema lets one goroutine at a time stop the world (runtime/proc.go), so
 * beginning, standing still and end come in this order and need no key. A missing one costs the
 * stop in question and no other: it is counted as unmatched.
 *
 * Before Go 1.21 the runtime names no reason. The collector's own stops are known by what their
 * goroutine does: from gcStart it stops the world for sweep termination, and when it has stopped it
 * for mark termination it enters gcMarkTermination before the world runs again. Both say
 * systemstack(stopTheWorldWithSema), all others go by way of stopTheWorld (runtime/mgc.go, proc.go,
 * Go 1.17-1.20). gcStart returns early when somebody else was faster, and that is not seen: without
 * a stack, a call of it tells nothing any more once a cycle has started.
 */
#include <errno.h>
#include <string.h>

#include "analyze/gc.h"

#define REASON_MARK_TERM  1
#define REASON_SWEEP_TERM 2

/* stwReasonStrings (runtime/proc.go, identical in Go 1.21-1.27; earlier ones pass no reason). */
static const char *const reason_name[] = {
	"unknown",
	"GC mark termination",
	"GC sweep termination",
	"write heap dump",
	"goroutine profile",
	"goroutine profile cleanup",
	"all goroutines stack trace",
	"read mem stats",
	"AllThreadsSyscall",
	"GOMAXPROCS",
	"start trace",
	"stop trace",
	"CountPagesInUse (test)",
};
#define REASONS (sizeof(reason_name) / sizeof(reason_name[0]))

static bool is_gc(uint32_t reason)
{
	return reason == REASON_MARK_TERM || reason == REASON_SWEEP_TERM;
}

static uint32_t infer_reason(const struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	static const char others[] = "runtime.stopTheWorld."; /* the closure in it */
	const char *caller = stacks_caller(c->stacks, stack);
	bool own = caller && !strcmp(caller, "runtime.systemstack");

	if (caller && !strncmp(caller, others, strlen(others)))
		return 0;
	return gc_start_pending(c->gc, hit, own) ? REASON_SWEEP_TERM : 0;
}

int gc_stw_begin(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	/* stwReason is a uint8: the rest of the register is not its own. */
	uint32_t named = hit->arg[0] & 0xff;
	uint32_t reason = named ? named : infer_reason(c, hit, stack);
	struct gc *gc = c->gc;
	int rc = 0;

	if (reason == REASON_SWEEP_TERM)
		rc = gc_cycle_started(c, hit, stack);
	else if (reason == REASON_MARK_TERM)
		rc = gc_cycle_evident(c);
	if (rc)
		return rc;
	gc->unmatched += gc->stopping;
	gc->stopping = true;
	gc->stw = (struct stw){
		.begin_ns = hit->time_ns,
		.inferred = !named,
		.reason = reason < REASONS ? reason : 0,
		.goid = hit->goid,
		.stack = stack,
		.cycle = is_gc(reason) ? gc->current : GC_NONE,
	};
	/* gcMarkDone may stop the world, find work left and go on: the last stop counts. */
	if (reason == REASON_MARK_TERM && gc->current != GC_NONE)
		gc->cycles.data[gc->current].mark_to_ns = hit->time_ns;
	return 0;
}

/* The stop that ends now was for mark termination. */
static void found_mark_term(struct gc *gc)
{
	gc->stw.reason = REASON_MARK_TERM;
	gc->stw.cycle = gc->current;
	if (gc->current != GC_NONE)
		gc->cycles.data[gc->current].mark_to_ns = gc->stw.begin_ns;
}

int gc_stw_stopped(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	struct gc *gc = c->gc;

	(void)stack;
	if (!gc->stopping || gc->stw.stopped) {
		/* A second standstill is another stop's, whose beginning was lost. */
		gc->unmatched += 1 + gc->stopping;
		gc->stopping = false;
		return 0;
	}
	gc->stw.stopped = true;
	gc->stw.stopped_ns = hit->time_ns;
	return 0;
}

int gc_stw_end(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	struct gc *gc = c->gc;
	struct stw *s = &gc->stw;
	uint64_t total;

	(void)stack;
	if (!gc->stopping) {
		gc->unmatched++;
		return 0;
	}
	gc->stopping = false;
	s->end_ns = hit->time_ns;
	if (s->inferred && !s->reason && s->mark_term)
		found_mark_term(gc);
	if (s->stopped) {
		result_hist_add(&gc->stw_stopping, elapsed_ns(s->begin_ns, s->stopped_ns));
	} else {
		/* When it stood still is not known: all of it counts as stopped. */
		gc->unmatched++;
		s->stopped_ns = s->begin_ns;
	}
	total = elapsed_ns(s->begin_ns, s->stopped_ns) + elapsed_ns(s->stopped_ns, s->end_ns);
	result_hist_add(is_gc(s->reason) ? &gc->stw_gc : &gc->stw_other, total);
	if (s->cycle != GC_NONE) {
		struct gc_cycle *cycle = &gc->cycles.data[s->cycle];

		add_ns(&cycle->stw_ns, total);
		if (s->reason == REASON_SWEEP_TERM) {
			cycle->marked_from = true;
			cycle->mark_from_ns = hit->time_ns;
		}
	}
	return vec_push(&gc->stws, *s);
}

int gc_stw_result(const struct gc *gc, struct build *b)
{
	struct result *r = b->r;

	r->stw_gc = gc->stw_gc;
	r->stw_other = gc->stw_other;
	r->stw_stopping = gc->stw_stopping;
	r->stws = arena_array(&b->mem, gc->stws.len, sizeof(*r->stws));
	if (!r->stws)
		return -ENOMEM;
	for (r->nstws = 0; r->nstws < gc->stws.len; r->nstws++) {
		const struct stw *from = &gc->stws.data[r->nstws];
		struct result_stw *to = &r->stws[r->nstws];

		*to = (struct result_stw){
			.at_ns = build_at(b, from->begin_ns),
			.reason = reason_name[from->reason],
			.gc = is_gc(from->reason),
			.stopping_ns = elapsed_ns(from->begin_ns, from->stopped_ns),
			.stopped_ns = elapsed_ns(from->stopped_ns, from->end_ns),
			.goid = from->goid,
		};
		if (stack_table_get(&b->stacks, from->stack, false, &to->stack))
			return -ENOMEM;
	}
	return 0;
}
