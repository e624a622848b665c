/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tracer: loads the kernel side, attaches it to a plan's sites in one process, and turns what
 * comes back into the event stream. The only user of libbpf.
 *
 * Its life: create (feature calibration, load), start (attach; the session's head goes to the
 * sink), poll until the caller has enough, stop (detach; counters go to the sink), destroy.
 * A guard process holds what is attached, and takes it out when mapprobe is gone (trace/guard.h).
 */
#ifndef MAPPROBE_TRACE_H
#define MAPPROBE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/plan.h"
#include "record/event.h"
#include "target/target.h"

struct tracer;

/* What EVENT_MISSING calls the lines of gctrace: there will be no ABI_GC_CYCLE. */
#define TRACE_NO_GCTRACE "gc.gctrace"

struct tracer_opts {
	bool exact;	     /* hot sites always armed (--max-overhead none) */
	bool perf_events;    /* attach by perf events, also where uprobe_multi works */
	double budget;	     /* share of one CPU, 0.01; not used when exact */
	uint32_t ring_bytes; /* ring buffer, a power of two of at least 256 KiB; 0: a default */
};

/* What this kernel and these privileges allow; every answer was tried, not derived. */
struct trace_feature {
	const char *name; /* "uprobe_multi" */
	const char *what; /* "one link for all sites" */
	bool ok;
	bool required; /* without it there is no tracing */
	char why[256]; /* when not ok: what was tried, what it said, what follows */
};
#define TRACE_MAX_FEATURES 16
struct trace_features {
	struct trace_feature f[TRACE_MAX_FEATURES];
	uint32_t n;
	bool uprobe_multi; /* also filters processes rightly */
	bool cookie;
	bool kernel_adds_caller;
	bool tells_process;		      /* programs can tell in which process they run */
	uint32_t emulated_ns, single_step_ns; /* medians on mapprobe's own code; 0: not measured */
};
void trace_features_probe(struct trace_features *ret);
/*
 * The same, without waiting until what was tried is detached again: *ret is complete, a thread is
 * still at work. Takes what begin returned, NULL too.
 */
struct trial;
struct trial *trace_features_begin(struct trace_features *ret);
void trace_features_end(struct trial *t);

/*
 * Plan and target are borrowed and outlive the tracer.
 * Errors: -EPERM: a capability is missing (named); -ENOSYS: the kernel cannot (what, why).
 */
int tracer_create(const struct target *t, const struct plan *p, const struct tracer_opts *o,
		  struct tracer **ret, struct err *e);
/* Arms the sites; sends SESSION, SITE, MISSING, COST to the sink. */
int tracer_start(struct tracer *t, const struct event_sink *s, struct err *e);
/*
 * Waits up to timeout_ms for events and hands them to the sink, symbols and types before what needs
 * them. Returns the number of kernel events, 0 for none, or an error (the sink's included).
 */
int tracer_poll(struct tracer *t, int timeout_ms, const struct event_sink *s, struct err *e);
/*
 * Detaches, drains the ring buffer, sends MAP_STATE of the maps seen (while the target lives),
 * COUNTERs and END. After it, only destroy.
 */
int tracer_stop(struct tracer *t, enum event_end_reason why, const struct event_sink *s,
		struct err *e);
void tracer_destroy(struct tracer *t);

/* For the live line: hits so far and events lost, summed over the sites. */
void tracer_totals(const struct tracer *t, uint64_t *hits, uint64_t *lost);

#endif
