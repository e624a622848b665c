// SPDX-License-Identifier: Apache-2.0
/*
 * GC cycles, from their hits (runtime/mgc.go).
 *
 * gcStart is called by whoever finds that a cycle is due, and returns early when somebody else was
 * faster: a cycle starts with that call of gcStart whose goroutine then stops the world for sweep
 * termination. It ends with mProf_Flush, which gcMarkTermination calls once, after the world runs
 * again. When the next one starts and the end was not seen, it ends there, incomplete. What goes
 * on in between is in marking.c.
 *
 * A session may begin in the middle of a cycle: the first sign of one (a drain, an assist, a stop
 * for mark termination) makes a cycle without a start. Later, a lost start shows at mark
 * termination at the latest.
 */
#include "analyze/gc.h"

#include <errno.h>
#include <string.h>

#include "analyze/gctrace.h"

/* By gcTriggerKind (runtime/mgc.go, Go 1.17-1.27). */
static const char *const trigger_name[] = { "heap", "time", "cycle" };

void gc_init(struct gc *gc)
{
	*gc = (struct gc){ .current = GC_NONE };
}

void gc_deinit(struct gc *gc)
{
	u64map_deinit(&gc->start_of);
	vec_deinit(&gc->starts);
	vec_deinit(&gc->cycles);
	vec_deinit(&gc->stws);
	opens_deinit(&gc->drains);
	opens_deinit(&gc->assisting);
	waits_deinit(&gc->assists);
}

static struct gc_cycle *current(struct gc *gc)
{
	return gc->current == GC_NONE ? NULL : &gc->cycles.data[gc->current];
}

static int cycle_open(struct gc_context *c, struct gc_cycle fresh)
{
	if (vec_push(&c->gc->cycles, fresh))
		return -ENOMEM;
	c->gc->current = (uint32_t)c->gc->cycles.len - 1;
	return 0;
}

/* Leaves the cycle behind; its map_ops become those since its start. */
static void cycle_close(struct gc_context *c, uint64_t time_ns)
{
	struct gc_cycle *cycle = current(c->gc);

	if (!cycle)
		return;
	cycle->end_ns = time_ns;
	for (int op = 0; op < RESULT_MAP_OPS; op++)
		cycle->map_ops[op] = c->map_ops[op] - cycle->map_ops[op];
	c->gc->current = GC_NONE;
}

int gc_cycle_evident(struct gc_context *c)
{
	struct gc_cycle fresh = { .trigger = "unknown", .stack = STACKS_NONE };

	if (c->gc->cycles.len)
		return 0;
	fresh.start_ns = c->start_ns;
	return cycle_open(c, fresh);
}

int gc_start(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	uint64_t key = opens_goroutine(hit);
	const uint64_t *i = u64map_get(&c->gc->start_of, key);
	struct gc_start s = {
		.pending = true,
		.time_ns = hit->time_ns,
		.trigger = hit->arg[0],
		.heap = hit->arg[1],
		.stack = stack,
		.cycles = c->gc->cycles.len,
	};

	memcpy(s.map_ops, c->map_ops, sizeof(s.map_ops));
	if (i) {
		c->gc->starts.data[*i] = s;
		return 0;
	}
	if (vec_push(&c->gc->starts, s))
		return -ENOMEM;
	return u64map_put(&c->gc->start_of, key, c->gc->starts.len - 1);
}

bool gc_start_pending(const struct gc *gc, const struct abi_hit *hit, bool even_late)
{
	const uint64_t *i = u64map_get(&gc->start_of, opens_goroutine(hit));
	const struct gc_start *s = i ? &gc->starts.data[*i] : NULL;

	return s && s->pending && (even_late || s->cycles == gc->cycles.len);
}

int gc_cycle_started(struct gc_context *c, const struct abi_hit *stw, uint32_t stack)
{
	const uint64_t *i = u64map_get(&c->gc->start_of, opens_goroutine(stw));
	struct gc_start *s = i ? &c->gc->starts.data[*i] : NULL;
	struct gc_cycle fresh = {
		.trigger = "unknown",
		.start_ns = stw->time_ns,
		.stack = stack,
	};

	memcpy(fresh.map_ops, c->map_ops, sizeof(fresh.map_ops));
	if (s && s->pending) {
		s->pending = false;
		fresh.started = true;
		fresh.start_ns = s->time_ns;
		fresh.stack = s->stack;
		fresh.heap_start = s->heap;
		if (s->trigger < sizeof(trigger_name) / sizeof(trigger_name[0]))
			fresh.trigger = trigger_name[s->trigger];
		memcpy(fresh.map_ops, s->map_ops, sizeof(fresh.map_ops));
	}
	cycle_close(c, fresh.start_ns);
	return cycle_open(c, fresh);
}

int gc_mark_done(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	const uint64_t *i = u64map_get(&c->gc->start_of, opens_goroutine(hit));

	(void)stack;
	/* So its call of gcStart is over. */
	if (i)
		c->gc->starts.data[*i].pending = false;
	return gc_cycle_evident(c);
}

int gc_mark_term(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	struct gc_cycle fresh = {
		.trigger = "unknown",
		.start_ns = hit->time_ns,
		.stack = STACKS_NONE,
	};
	int rc = gc_cycle_evident(c);

	(void)stack;
	memcpy(fresh.map_ops, c->map_ops, sizeof(fresh.map_ops));
	if (!rc && !current(c->gc))
		rc = cycle_open(c, fresh);
	if (rc)
		return rc;
	current(c->gc)->mark_term_ns = hit->time_ns;
	c->gc->stw.mark_term |= c->gc->stopping && c->gc->stw.goid == hit->goid;
	return 0;
}

int gc_end(struct gc_context *c, const struct abi_hit *hit, uint32_t stack)
{
	struct gc_cycle *cycle = current(c->gc);

	(void)stack;
	if (!cycle) {
		c->gc->unmatched++;
		return 0;
	}
	cycle->ended = true;
	cycle->heap_end = hit->arg[1];
	cycle_close(c, hit->time_ns);
	return 0;
}

int gc_told(struct gc_context *c, const struct abi_gc_cycle *told)
{
	struct result_gctrace gctrace;
	int rc;

	if (!gctrace_of(told, &gctrace))
		return 0;
	rc = gc_cycle_evident(c);
	if (!rc)
		c->gc->cycles.data[c->gc->cycles.len - 1].gctrace = gctrace;
	return rc;
}

/* How many cycles there were: those listed, and more if the counters know of more. */
static struct result_count count_cycles(const struct gc *gc, struct build *b)
{
	const uint32_t all = EVENT_BIT(ABI_GC_START) | EVENT_BIT(ABI_GC_MARK_TERM) |
			     EVENT_BIT(ABI_GC_END) | EVENT_BIT(ABI_STW_BEGIN);
	struct scale scale;
	struct result_count c = estimate_count(b->sites, all, b->end_ns, &scale);
	struct result_count term =
		estimate_count(b->sites, EVENT_BIT(ABI_GC_MARK_TERM), b->end_ns, NULL);

	c.exact = c.exact && !scale.lost;
	c.lower_bound = !c.exact;
	c.hits = gc->cycles.len;
	if (!c.exact && term.exact && term.hits > c.hits)
		c.hits = term.hits;
	c.value = c.lo = c.hi = (double)c.hits;
	if (!c.exact)
		c.hi = __builtin_inf();
	return c;
}

static int build_cycle(const struct gc *gc, size_t i, const uint64_t *map_ops, struct build *b)
{
	const struct gc_cycle *from = &gc->cycles.data[i];
	bool running = i == gc->current;
	uint64_t end_ns = running ? b->end_ns : from->end_ns;
	struct result_gc_cycle *to = &b->r->cycles[i];

	*to = (struct result_gc_cycle){
		.number = i + 1,
		.trigger = from->trigger,
		.complete = from->started && from->ended,
		.start_ns = build_at(b, from->start_ns),
		.end_ns = build_at(b, end_ns),
		.mark_term_ns = from->mark_term_ns ? build_at(b, from->mark_term_ns) : 0,
		.stw_ns = from->stw_ns,
		.workers_known = sites_saw_all(
			b->sites, EVENT_BIT(ABI_GC_DRAIN_BEGIN) | EVENT_BIT(ABI_GC_DRAIN_END),
			end_ns),
		.worker_ns = from->worker_ns,
		.worker_idle_ns = from->worker_idle_ns,
		.workers = from->workers,
		.assists_known = sites_saw_all(
			b->sites, EVENT_BIT(ABI_ASSIST_BEGIN) | EVENT_BIT(ABI_ASSIST_END), end_ns),
		.assist_ns = from->assist_ns,
		.assists = from->assists,
		.heap_known = from->heap_start && from->heap_end,
		.heap_start_bytes = from->heap_start,
		.heap_end_bytes = from->heap_end,
		.gctrace = from->gctrace,
	};
	if (from->marked_from && from->mark_to_ns)
		to->mark_ns = elapsed_ns(from->mark_from_ns, from->mark_to_ns);
	for (int op = 0; op < RESULT_MAP_OPS; op++)
		to->map_ops[op] = running ? map_ops[op] - from->map_ops[op] : from->map_ops[op];
	return stack_table_get(&b->stacks, from->stack, false, &to->stack);
}

int gc_result(const struct gc *gc, const uint64_t *map_ops, struct build *b)
{
	struct result *r = b->r;

	r->cycles = arena_array(&b->mem, gc->cycles.len, sizeof(*r->cycles));
	if (!r->cycles)
		return -ENOMEM;
	for (r->ncycles = 0; r->ncycles < gc->cycles.len; r->ncycles++)
		if (build_cycle(gc, r->ncycles, map_ops, b))
			return -ENOMEM;
	r->gc_cycles = count_cycles(gc, b);
	r->assist = gc->assist;
	r->assist_count = waits_outermost(
		estimate_count(b->sites, EVENT_BIT(ABI_ASSIST_BEGIN), b->end_ns, NULL),
		gc->assists_begun, gc->assists_nested);
	b->unmatched += gc->unmatched + gc->drains.n + gc->assisting.n + gc->stopping;
	if (gc_stw_result(gc, b))
		return -ENOMEM;
	return waits_result(&gc->assists, b, &r->assists, &r->nassists);
}
