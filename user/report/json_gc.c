// SPDX-License-Identifier: Apache-2.0
/* The members "gc", "locks" and "overhead". */
#include "report/gctrace.h"
#include "report/json_out.h"

#include <math.h>

#define MAX_WAITS 200

static json_t *gctrace(struct json_out *j, const struct result_gctrace *g)
{
	json_t *o;

	if (!g->known)
		return json_null();
	o = json_object();
	jput(j, o, "line", jstr(j, gctrace_line(g).s));
	jput(j, o, "number", jint(g->number));
	jput(j, o, "at_ns", jint(g->at_ns));
	jput(j, o, "sweep_term_ns", jint(g->sweep_term_ns));
	jput(j, o, "mark_ns", jint(g->mark_ns));
	jput(j, o, "mark_term_ns", jint(g->mark_term_ns));
	jput(j, o, "assist_cpu_ns", jint(g->assist_cpu_ns));
	jput(j, o, "worker_cpu_ns", jint(g->worker_cpu_ns));
	jput(j, o, "idle_cpu_ns", jint(g->idle_cpu_ns));
	jput(j, o, "heap_start_bytes", jint(g->heap_start_bytes));
	jput(j, o, "heap_end_bytes", jint(g->heap_end_bytes));
	jput(j, o, "heap_marked_bytes", jint(g->heap_marked_bytes));
	jput(j, o, "goal_bytes", jint(g->goal_bytes));
	jput(j, o, "stacks_bytes", jint_or_null(g->scans_known, g->stacks_bytes));
	jput(j, o, "globals_bytes", jint_or_null(g->scans_known, g->globals_bytes));
	jput(j, o, "forced", json_boolean(g->forced));
	return o;
}

static json_t *gc_cycle(struct json_out *j, const struct result_gc_cycle *c)
{
	json_t *o = json_object(), *ops = json_object();

	jput(j, o, "number", jint(c->number));
	jput(j, o, "trigger", jstr(j, c->trigger));
	jput(j, o, "complete", json_boolean(c->complete));
	jput(j, o, "start_ns", jint(c->start_ns));
	jput(j, o, "end_ns", jint_or_null(c->complete, c->end_ns));
	jput(j, o, "mark_term_ns", jint_or_null(c->mark_term_ns, c->mark_term_ns));
	jput(j, o, "mark_ns", jint(c->mark_ns));
	jput(j, o, "stw_ns", jint(c->stw_ns));
	jput(j, o, "worker_ns", jint_or_null(c->workers_known, c->worker_ns));
	jput(j, o, "worker_idle_ns", jint_or_null(c->workers_known, c->worker_idle_ns));
	jput(j, o, "workers", jint_or_null(c->workers_known, c->workers));
	jput(j, o, "assist_ns", jint_or_null(c->assists_known, c->assist_ns));
	jput(j, o, "assists", jint_or_null(c->assists_known, c->assists));
	jput(j, o, "heap_start_bytes", jint_or_null(c->heap_known, c->heap_start_bytes));
	jput(j, o, "heap_end_bytes", jint_or_null(c->heap_known, c->heap_end_bytes));
	for (size_t op = 0; op < RESULT_MAP_OPS; op++)
		jput(j, ops, json_map_op[op], jint(c->map_ops[op]));
	jput(j, o, "map_ops", ops);
	jput(j, o, "stack_index", jstack_index(j, c->stack));
	jput(j, o, "gctrace", gctrace(j, &c->gctrace));
	return o;
}

static json_t *gc_stw(struct json_out *j, const struct result_stw *s)
{
	json_t *o = json_object();

	jput(j, o, "at_ns", jint(s->at_ns));
	jput(j, o, "reason", jstr(j, s->reason));
	jput(j, o, "gc", json_boolean(s->gc));
	jput(j, o, "stopping_ns", jint(s->stopping_ns));
	jput(j, o, "stopped_ns", jint(s->stopped_ns));
	jput(j, o, "total_ns", jint(s->stopping_ns + s->stopped_ns));
	jput(j, o, "goid", jint(s->goid));
	jput(j, o, "stack_index", jstack_index(j, s->stack));
	return o;
}

/* The first MAX_WAITS of a list that is sorted by time. */
static json_t *waits(struct json_out *j, const struct result_wait *w, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n && i < MAX_WAITS; i++) {
		json_t *o = json_object();

		jput(j, o, "kind", jstr(j, w[i].kind));
		jput(j, o, "addr", w[i].addr ? jaddr(w[i].addr) : json_null());
		jput(j, o, "count", jint(w[i].n));
		jput(j, o, "sum_ns", jint(w[i].sum_ns));
		jput(j, o, "max_ns", jint(w[i].max_ns));
		jput(j, o, "goroutines", jint(w[i].goroutines));
		jput(j, o, "stack", jstack(j, w[i].stack));
		jadd(j, list, o);
	}
	return list;
}

json_t *json_gc(struct json_out *j)
{
	const struct result *r = j->r;
	json_t *o = json_object(), *cycles = json_array(), *stw = json_array();
	json_t *hists = json_object();
	uint64_t mark_ns = 0, stw_ns = 0;

	for (size_t i = 0; i < r->ncycles; i++) {
		mark_ns += r->cycles[i].mark_ns;
		jadd(j, cycles, gc_cycle(j, &r->cycles[i]));
	}
	for (size_t i = 0; i < r->nstws; i++) {
		stw_ns += r->stws[i].stopping_ns + r->stws[i].stopped_ns;
		jadd(j, stw, gc_stw(j, &r->stws[i]));
	}
	jput(j, o, "cycle_count", jcount(j, &r->gc_cycles));
	jput(j, o, "mark_ns", jint(mark_ns));
	jput(j, o, "stw_ns", jint(stw_ns));
	jput(j, o, "assist_ns", jint(r->assist.sum_ns));
	jput(j, o, "assist_count", jcount(j, &r->assist_count));
	jput(j, o, "cycles", cycles);
	jput(j, o, "stw", stw);
	jput(j, hists, "stw_gc", jhist(j, &r->stw_gc));
	jput(j, hists, "stw_other", jhist(j, &r->stw_other));
	jput(j, hists, "stw_stopping", jhist(j, &r->stw_stopping));
	jput(j, hists, "assist", jhist(j, &r->assist));
	jput(j, o, "histograms", hists);
	jput(j, o, "assists_total", jint(r->nassists));
	jput(j, o, "assists", waits(j, r->assists, r->nassists));
	return o;
}

json_t *json_locks(struct json_out *j)
{
	const struct result *r = j->r;
	json_t *o = json_object(), *hists = json_array();

	jput(j, o, "waits", jint(r->lock_waits.hits));
	jput(j, o, "wait_ns", jint(r->lock_wait_ns));
	jput(j, o, "wait_count", jcount(j, &r->lock_waits));
	for (size_t i = 0; i < r->nlock_kinds; i++) {
		json_t *k = json_object();

		jput(j, k, "kind", jstr(j, r->lock_kinds[i].kind));
		jput(j, k, "histogram", jhist(j, &r->lock_kinds[i].hist));
		jadd(j, hists, k);
	}
	jput(j, o, "histograms", hists);
	jput(j, o, "list_total", jint(r->nlocks));
	jput(j, o, "list", waits(j, r->locks, r->nlocks));
	return o;
}

static json_t *overhead_site(struct json_out *j, const struct result_site *s)
{
	json_t *o = json_object();

	jput(j, o, "point", jstr(j, s->point));
	jput(j, o, "group", jstr(j, s->group));
	jput(j, o, "func", jstr(j, s->func));
	jput(j, o, "addr", jaddr(s->addr));
	jput(j, o, "exit", json_boolean(s->exit));
	jput(j, o, "cost_class", json_string(s->single_step ? "single_step" : "emulated"));
	jput(j, o, "windowed", json_boolean(s->windowed));
	jput(j, o, "hits", jint(s->hits));
	jput(j, o, "lost", jint(s->lost));
	jput(j, o, "outside", jint(s->outside));
	jput(j, o, "stack_lost", jint(s->stack_lost));
	jput(j, o, "cost_ns", jround(s->cost_ns));
	return o;
}

json_t *json_overhead(struct json_out *j)
{
	const struct result *r = j->r;
	json_t *o = json_object(), *hit = json_object(), *sites = json_array();
	bool budget = !r->exact && isfinite(r->budget);

	jput(j, o, "exact", json_boolean(r->exact));
	jput(j, o, "budget", budget ? json_real(r->budget) : json_null());
	jput(j, o, "measured",
	     r->duration_ns ? json_real((double)r->overhead_ns / (double)r->duration_ns)
			    : json_null());
	jput(j, o, "overhead_ns", jint(r->overhead_ns));
	jput(j, hit, "emulated", jint_or_null(r->emulated_ns, r->emulated_ns));
	jput(j, hit, "single_step", jint_or_null(r->single_step_ns, r->single_step_ns));
	jput(j, o, "ns_per_hit", hit);
	jput(j, o, "windows", jint(r->windows));
	jput(j, o, "armed_ns", jint(r->armed_ns));
	jput(j, o, "target_cpu_ns", jint_or_null(r->target_cpu_ns, r->target_cpu_ns));
	jput(j, o, "own_cpu_ns", jint_or_null(r->own_cpu_ns, r->own_cpu_ns));
	for (size_t i = 0; i < r->nsites; i++)
		jadd(j, sites, overhead_site(j, &r->sites[i]));
	jput(j, o, "sites", sites);
	return o;
}
