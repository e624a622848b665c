/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard: a small process that holds everything that is attached.
 *
 * A process killed in the middle of attaching or detaching leaves breakpoints behind: with the
 * fatal signal pending, the kernel cannot take the target's mmap lock and gives up ("uprobe: ...
 * failed to unregister, leaking uprobe", kernel/events/uprobes.c). Windows attach and detach all
 * the time, so mapprobe does not do it itself: the guard does, on request. It is out of reach of
 * the terminal's signals and of a kill -9 aimed at mapprobe; when mapprobe is gone, for whatever
 * reason, it detaches in order and ends.
 */
#ifndef MAPPROBE_TRACE_GUARD_H
#define MAPPROBE_TRACE_GUARD_H

#include <stdbool.h>

#include "plan/plan.h"
#include "target/target.h"
#include "trace/kernel.h"

#define GUARD_PROGRAMS 4 /* one for each group of the plan */

/* Sets of sites that are armed and disarmed together. */
enum guard_set {
	GUARD_COLD,
	GUARD_HOT,
	GUARD_WARM, /* and the next ones: one for each program */
	GUARD_SETS = GUARD_WARM + GUARD_PROGRAMS,
};

/* The hot set is disarmed by the guard itself when nobody has done it after so long. */
#define GUARD_PATIENCE_MS 100

struct guard;

/*
 * Forks it: the caller has only one thread then. Programs of skel are loaded; all is borrowed, and
 * the guard has its own copy.
 */
int guard_create(const struct mapprobe_bpf *skel, const struct target *t, const struct plan *p,
		 bool multi, struct guard **ret, struct err *e);
/* Arms the member sites as that set; the set must not be armed. May be called by any thread. */
int guard_arm(struct guard *g, enum guard_set set, const bool member[ABI_MAX_SITES], struct err *e);
/* Disarms a set (GUARD_SETS: all of them) and waits until the kernel is done. */
int guard_disarm(struct guard *g, enum guard_set set, struct err *e);
/* A descriptor on which poll() reports POLLHUP when the guard has ended. Owned by the guard. */
int guard_fd(const struct guard *g);
/* Disarms all and waits for the guard's end. */
void guard_destroy(struct guard *g);

/* The group of the k-th program. */
enum plan_group guard_group(unsigned int k);

#endif
