// SPDX-License-Identifier: Apache-2.0
/*
 * The values of the gctrace line: those that gcMarkTermination prints (runtime/mgc.go, Go 1.17 to
 * 1.27). All are final when it calls mProf_Flush: the world runs again, and no other cycle starts
 * before the line would be printed (it holds worldsema). Except in Go 1.19: it prints
 * maxStackScan, to which goroutines add whose stacks grow between here and there.
 */
#include "trace/gcvalues.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct row {
	enum abi_gc_value_index index;
	const char *variable, *field; /* field NULL: the variable itself */
	size_t member;		      /* of struct gobin_layout */
	uint8_t size;
	uint8_t since, before; /* Go 1.since up to and without Go 1.before; 0: no bound */
};

#define FIELD(i, v, f, m, bytes, ...)                                                              \
	{                                                                                          \
		.index = i, .variable = v, .field = f, .member = offsetof(struct gobin_layout, m), \
		.size = bytes, __VA_ARGS__                                                         \
	}
#define WORK(index, field, member, size, ...)                                                      \
	FIELD(index, "runtime.work", field, member, size, __VA_ARGS__)
#define PACER(index, field, member, ...)                                                           \
	FIELD(index, "runtime.gcController", field, member, 8, __VA_ARGS__)

static const struct row rows[] = {
	{ ABI_GCV_INIT_TIME, "runtime.runtimeInitTime", .size = 8 },
	WORK(ABI_GCV_T_SWEEP_TERM, "tSweepTerm", work_t_sweep_term, 8),
	WORK(ABI_GCV_T_MARK, "tMark", work_t_mark, 8),
	WORK(ABI_GCV_T_MARK_TERM, "tMarkTerm", work_t_mark_term, 8),
	WORK(ABI_GCV_T_END, "tEnd", work_t_end, 8),
	FIELD(ABI_GCV_NUMGC, "runtime.memstats", "numgc", mstats_numgc, 4),
	FIELD(ABI_GCV_CPU_FRACTION, "runtime.memstats", "gc_cpu_fraction", mstats_gc_cpu_fraction,
	      8),
	WORK(ABI_GCV_STWPROCS, "stwprocs", work_stwprocs, 4),
	WORK(ABI_GCV_MAXPROCS, "maxprocs", work_maxprocs, 4),
	PACER(ABI_GCV_ASSIST_TIME, "assistTime", gc_assist_time),
	PACER(ABI_GCV_DEDICATED_TIME, "dedicatedMarkTime", gc_dedicated_mark_time),
	PACER(ABI_GCV_FRACTIONAL_TIME, "fractionalMarkTime", gc_fractional_mark_time),
	PACER(ABI_GCV_IDLE_TIME, "idleMarkTime", gc_idle_mark_time),
	WORK(ABI_GCV_HEAP0, "heap0", work_heap0, 8),
	WORK(ABI_GCV_HEAP1, "heap1", work_heap1, 8),
	WORK(ABI_GCV_HEAP2, "heap2", work_heap2, 8),
	WORK(ABI_GCV_GOAL, "heapGoal", work_heap_goal, 8, .before = 19),
	PACER(ABI_GCV_GOAL, "lastHeapGoal", gc_last_heap_goal, .since = 19),
	PACER(ABI_GCV_STACKS, "stackScan", gc_stack_scan, .since = 18, .before = 19),
	PACER(ABI_GCV_STACKS, "maxStackScan", gc_max_stack_scan, .since = 19, .before = 20),
	PACER(ABI_GCV_STACKS, "lastStackScan", gc_last_stack_scan, .since = 20),
	PACER(ABI_GCV_GLOBALS, "globalsScan", gc_globals_scan, .since = 18),
	WORK(ABI_GCV_FORCED, "userForced", work_user_forced, 1),
};

static int find(const struct target *t, const struct row *row, struct abi_gc_value *ret,
		struct err *e)
{
	const struct gobin *bin = target_gobin(t);
	uint32_t offset = 0;
	uint64_t variable;
	int rc = gobin_global(bin, row->variable, &variable, e);

	if (rc)
		return rc;
	if (row->field)
		memcpy(&offset, (const uint8_t *)gobin_layout(bin) + row->member, sizeof(offset));
	if (offset == GOBIN_ABSENT)
		return err_set(e, -ENOENT, "%s.%s: not in the DWARF", row->variable, row->field);
	*ret = (struct abi_gc_value){ variable + offset + target_bias(t), row->size };
	return 0;
}

int gcvalues_find(const struct target *t, struct abi_gc_value ret[ABI_GC_VALUES], struct err *e)
{
	uint16_t minor = gobin_info(target_gobin(t))->go.minor;
	struct abi_gc_value found[ABI_GC_VALUES] = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		int rc = 0;

		if (minor >= row->since && (!row->before || minor < row->before))
			rc = find(t, row, &found[row->index], e);
		if (rc)
			return rc;
	}
	memcpy(ret, found, sizeof(found));
	return 0;
}
