// SPDX-License-Identifier: Apache-2.0
/*
 * Who marks: workers drain (on the system stack: told apart by thread), and goroutines assist (told
 * apart by goroutine, they may change the thread in the middle).
 *
 * An assist may lie inside another one: whoever finds marking done in an assist goes on to end the
 * cycle, and what it allocates on the way may be due an assist itself (gcAssistAlloc -> gcMarkDone
 * -> semacquire1 -> mallocgc -> gcAssistAlloc; runtime/mgcmark.go, mgc.go, Go 1.17-1.27). The inner
 * one's time is part of the outer's: all that is counted and added up is the outermost.
 *
 * An end may be missing: lost, or behind the end of a window. That it was shows in the stack of the
 * goroutine's next beginning, which passes gcAssistAlloc as often as assists are really open. For
 * those that begin no other, three limits: a window ends what began in others (waits_expire); the
 * start of a cycle ends all drains, and assists that are older than ASSIST_MAX_NS (on a busy
 * machine whoever assists is woken and does not get to run while others go through several cycles);
 * and where no stack is known, no assist lies in one of another cycle.
 */
#include <errno.h>

#include "analyze/gc.h"

#define DRAIN_IDLE    4 /* gcDrainIdle (runtime/mgcmark.go, Go 1.17-1.27) */
#define DRAIN_MAX_NS  0
#define ASSIST_MAX_NS 10000000000

/* The use of open.arg. */
enum {
	ARG_FLAGS = 0,	/* of a drain */
	ARG_NESTED = 0, /* of an assist */
};

/* Closes what can no longer be going on: it began so long before the start of a cycle. */
static void expire(struct gc_context *c, struct opens *o, uint64_t key, const struct abi_hit *hit,
		   uint64_t max_ns)
{
	const struct gc *gc = c->gc;
	struct waits_age age = { .cycles = gc->cycles.len };

	if (age.cycles)
		age.before_ns = elapsed_ns(max_ns, gc->cycles.data[age.cycles - 1].start_ns);
	c->gc->unmatched += waits_expire(o, c->sites, key, hit, age);
}

static int begin(struct gc_context *c, struct opens *o, uint64_t key, const struct abi_hit *hit,
		 uint32_t stack, uint64_t arg)
{
	return opens_push(o, key,
			  (struct open){
				  .time_ns = hit->time_ns,
				  .arg = { arg },
				  .stack = stack,
				  .cycle = c->gc->current,
				  .cycles = c->gc->cycles.len,
				  .site = hit->site,
				  .window = hit->window,
			  });
}

/* Closes the innermost of key: true and *ret when the hit is its end. */
static bool end(struct gc_context *c, struct opens *o, uint64_t key, const struct abi_hit *hit,
		uint64_t max_ns, struct open *ret)
{
	const struct open *v;

	expire(c, o, key, hit, max_ns);
	v = opens_top(o, key);
	if (!v) {
		c->gc->unmatched++;
		return false;
	}
	*ret = *v;
	opens_pop(o, key);
	if (waits_same(c->sites, ret, hit))
		return true;
	c->gc->unmatched += 2;
	return false;
}

/* Closes those of key beyond the first n, whose ends were missed. */
static void close_beyond(struct gc *gc, struct opens *o, uint64_t key, unsigned int n)
{
	for (unsigned int depth = opens_depth(o, key); depth > n; depth--) {
		opens_pop(o, key);
		gc->unmatched++;
	}
}

int gc_drain_begin(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	struct opens *o = &c->gc->drains;

	if (gc_cycle_evident(c))
		return -ENOMEM;
	expire(c, o, hit->tid, hit, DRAIN_MAX_NS);
	close_beyond(c->gc, o, hit->tid, 0);
	return begin(c, o, hit->tid, hit, stack, hit->arg[0]);
}

int gc_drain_end(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	struct gc_cycle *cycle;
	struct open v;
	uint64_t ns;

	(void)stack;
	if (!end(c, &c->gc->drains, hit->tid, hit, DRAIN_MAX_NS, &v) || v.cycle == GC_NONE)
		return 0;
	cycle = &c->gc->cycles.data[v.cycle];
	ns = elapsed_ns(v.time_ns, hit->time_ns);
	cycle->workers++;
	add_ns(&cycle->worker_ns, ns);
	if (v.arg[ARG_FLAGS] & DRAIN_IDLE)
		add_ns(&cycle->worker_idle_ns, ns);
	return 0;
}

/* In how many assists the goroutine is already. */
static unsigned int assists_around(const struct gc_context *c, const struct abi_hit *hit,
				   uint32_t stack)
{
	int known = stacks_passes(c->stacks, stack, c->sites->site[hit->site].func);
	uint64_t key = opens_goroutine(hit);
	const struct open *v = opens_top(&c->gc->assisting, key);
	unsigned int depth;

	if (known >= 0)
		return (unsigned int)known;
	if (!v || v->cycles != c->gc->cycles.len)
		return 0;
	depth = opens_depth(&c->gc->assisting, key);
	return depth < OPENS_DEPTH ? depth : 0;
}

int gc_assist_begin(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	struct opens *o = &c->gc->assisting;
	uint64_t key = opens_goroutine(hit);
	unsigned int around;

	if (gc_cycle_evident(c))
		return -ENOMEM;
	expire(c, o, key, hit, ASSIST_MAX_NS);
	around = assists_around(c, hit, stack);
	close_beyond(c->gc, o, key, around);
	c->gc->assists_begun++;
	c->gc->assists_nested += around > 0;
	return begin(c, o, key, hit, stack, around > 0);
}

int gc_assist_end(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	struct open v;
	uint64_t ns;

	(void)stack;
	if (!end(c, &c->gc->assisting, opens_goroutine(hit), hit, ASSIST_MAX_NS, &v) ||
	    v.arg[ARG_NESTED])
		return 0;
	ns = elapsed_ns(v.time_ns, hit->time_ns);
	if (v.cycle != GC_NONE) {
		c->gc->cycles.data[v.cycle].assists++;
		add_ns(&c->gc->cycles.data[v.cycle].assist_ns, ns);
	}
	result_hist_add(&c->gc->assist, ns);
	return waits_add(&c->gc->assists, "assist", 0, v.stack, hit->goid, ns);
}
