// SPDX-License-Identifier: Apache-2.0
/*
 * The arithmetic of gcMarkTermination (runtime/mgc.go, Go 1.17 to 1.27) on what it prints.
 *
 * gcSweep calls mProf_Flush too when it sweeps at once (GODEBUG=gcstoptheworld=2). The cycle is not
 * over then: its tEnd is still that of the one before, which ended before its mark termination.
 */
#include "analyze/gctrace.h"

#include <string.h>

#define SINCE_1_18 (1u << ABI_GCV_STACKS | 1u << ABI_GCV_GLOBALS)
#define ALWAYS	   ((1u << ABI_GC_VALUES) - 1 - SINCE_1_18)

bool gctrace_of(const struct abi_gc_cycle *c, struct result_gctrace *ret)
{
	const uint64_t *v = c->value;
	/* int32 in the runtime, and multiplied as int64. */
	uint64_t stwprocs = (uint64_t)(int64_t)(int32_t)v[ABI_GCV_STWPROCS];

	if ((c->have & ALWAYS) != ALWAYS ||
	    (int64_t)v[ABI_GCV_T_END] < (int64_t)v[ABI_GCV_T_MARK_TERM])
		return false;
	*ret = (struct result_gctrace){
		.known = true,
		.number = (uint32_t)v[ABI_GCV_NUMGC],
		.at_ns = v[ABI_GCV_T_SWEEP_TERM] - v[ABI_GCV_INIT_TIME],
		.leaks = c->leaks,
		.sweep_term_ns = v[ABI_GCV_T_MARK] - v[ABI_GCV_T_SWEEP_TERM],
		.mark_ns = v[ABI_GCV_T_MARK_TERM] - v[ABI_GCV_T_MARK],
		.mark_term_ns = v[ABI_GCV_T_END] - v[ABI_GCV_T_MARK_TERM],
		.assist_cpu_ns = v[ABI_GCV_ASSIST_TIME],
		.worker_cpu_ns = v[ABI_GCV_DEDICATED_TIME] + v[ABI_GCV_FRACTIONAL_TIME],
		.idle_cpu_ns = v[ABI_GCV_IDLE_TIME],
		.heap_start_bytes = v[ABI_GCV_HEAP0],
		.heap_end_bytes = v[ABI_GCV_HEAP1],
		.heap_marked_bytes = v[ABI_GCV_HEAP2],
		.goal_bytes = v[ABI_GCV_GOAL],
		.scans_known = (c->have & SINCE_1_18) == SINCE_1_18,
		.stacks_bytes = v[ABI_GCV_STACKS],
		.globals_bytes = v[ABI_GCV_GLOBALS],
		.procs = (int32_t)v[ABI_GCV_MAXPROCS],
		.forced = v[ABI_GCV_FORCED],
	};
	ret->sweep_term_cpu_ns = stwprocs * ret->sweep_term_ns;
	ret->mark_term_cpu_ns = stwprocs * ret->mark_term_ns;
	memcpy(&ret->cpu_fraction, &v[ABI_GCV_CPU_FRACTION], sizeof(ret->cpu_fraction));
	return true;
}
