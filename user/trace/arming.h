/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sites are armed when.
 *
 * Cold sites are armed from start to stop. Warm ones too, while both fit into half of the budget:
 * the group of warm sites that costs most then joins the hot ones (arming_check). What may be spent
 * is saved up for a while (WARM_SAVED_NS), so that a burst, such as a GC cycle, moves nothing, and
 * a constant stream does.
 *
 * Hot sites are armed in windows: a thread of its own has them attached, lets the target settle,
 * opens the window for WINDOW_NS, closes it, has them detached, sleeps. How long it sleeps follows
 * from what the window cost and the other half of the budget, times a random factor, so that the
 * windows keep no step with the target. A passage counts only inside an open window: attaching and
 * detaching take longer than the window itself. With exact, every site is armed from start to stop.
 *
 * The guard process does the attaching and detaching (trace/guard.h).
 */
#ifndef MAPPROBE_TRACE_ARMING_H
#define MAPPROBE_TRACE_ARMING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "record/event.h"
#include "trace/guard.h"
#include "trace/trace.h"

struct arming {
	struct mapprobe_bpf *skel; /* borrowed, as are the next two */
	const struct target *target;
	const struct plan *plan;
	struct trace_features features;
	bool exact;
	double budget;

	/* Of each site now; PLAN_HOT: in windows. Both threads read it, arming_check writes. */
	_Atomic enum plan_heat heat[ABI_MAX_SITES];
	struct guard *guard;
	uint64_t warm_checked_ns;
	uint64_t warm_spent_ns[GUARD_PROGRAMS]; /* by each group until then */
	uint64_t cold_spent_ns;
	double warm_saved_ns; /* what may be spent at once */

	pthread_t thread;
	bool thread_runs;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool stop;
	VEC(struct event_window) closed; /* windows not yet told */
	struct err err;			 /* why the thread ended early; code 0: it has not */
};

/* Sets up the sites' table in the kernel side; arms nothing. */
int arming_init(struct arming *a, struct mapprobe_bpf *skel, const struct target *t,
		const struct plan *p, const struct trace_features *f, const struct tracer_opts *o,
		struct err *e);
/* Disarms whatever is armed; a zeroed one is fine. */
void arming_deinit(struct arming *a);
/*
 * Arms the cold and warm sites and, unless exact, starts the windows. Passages count from *start_ns
 * (CLOCK_MONOTONIC) on, at all sites at once.
 */
int arming_start(struct arming *a, uint64_t *start_ns, struct err *e);
/*
 * Passages count until *end_ns; then disarms all and waits for it. Closed windows can still be
 * taken.
 */
int arming_stop(struct arming *a, uint64_t *end_ns, struct err *e);
/*
 * Moves the group of warm sites that costs most into the windows when the warm ones together have
 * become too expensive. *ret: the group that was moved by this call, 0: none. Cheap when called
 * often.
 */
int arming_check(struct arming *a, enum plan_group *ret, struct err *e);
/* Takes one closed window; false when there is none. */
bool arming_take_window(struct arming *a, struct event_window *ret);
/* Why the windows' thread gave up, if it did. */
int arming_error(struct arming *a, struct err *e);
/* Sums a site's counters over the CPUs. */
int arming_counter(const struct arming *a, uint32_t site, struct abi_counter *ret, struct err *e);

#endif
