// SPDX-License-Identifier: Apache-2.0
/*
 * The catalogue: what can be probed in a Go program, one row a point.
 *
 * Functions and arguments are those of the Go runtime, 1.17 to 1.27: runtime/map*.go (classic) and
 * internal/runtime/maps/{map,table,runtime*}.go (Swiss), runtime/{mgc,mgcmark,proc,mprof,panic}.go,
 * sync/{mutex,rwmutex,waitgroup}.go, internal/sync/mutex.go, runtime/sema.go. Arguments are in the
 * registers of ABIInternal: AX BX CX DI SI R8.
 *
 * reg[] of map events: the map, its type, the table (Swiss) or the old bucket (classic
 * evacuation), the new capacity.
 */
#include "plan/plan.h"

#define REGS(a, b, c, d)                                                                           \
	{                                                                                          \
		ABI_REG_##a, ABI_REG_##b, ABI_REG_##c, ABI_REG_##d                                 \
	}
#define NO_REGS REGS(NONE, NONE, NONE, NONE)

#define EVACUATE_TELLS "evacuate, which it calls, tells the same"
#define GROW_TELLS     "grow or split, one of which it calls, tells the same"
#define SHARED_SEMA    "before Go 1.20 its readers wait in the same function as Mutex.Lock"

/* func(t *maptype, m, ...): the writes. In Go 1.24 and later too they are named runtime.map*. */
#define MAP_WRITE(row, ev, heat_, fn)                                                              \
	{                                                                                          \
		.name = row, .group = PLAN_MAP, .event = ev, .heat = heat_, .func = { fn },        \
		.reg = REGS(BX, AX, NONE, NONE), .stack = true                                     \
	}

/* func evacuate(t *maptype, h *hmap, oldbucket uintptr) */
#define MAP_EVACUATE(row, fn)                                                                      \
	{                                                                                          \
		.name = row, .group = PLAN_MAP, .event = ABI_MAP_EVACUATE, .heat = PLAN_HOT,       \
		.func = { fn }, .maps = PLAN_CLASSIC, .reg = REGS(BX, AX, CX, NONE),               \
		.inside_write = true                                                               \
	}

/* func growWork(t *maptype, h *hmap, bucket uintptr) */
#define MAP_GROW_WORK(row, fn)                                                                     \
	{                                                                                          \
		.name = row, .group = PLAN_MAP, .event = ABI_MAP_EVACUATE, .heat = PLAN_HOT,       \
		.func = { fn }, .maps = PLAN_CLASSIC, .reg = REGS(BX, AX, NONE, NONE),             \
		.inside_write = true, .off = EVACUATE_TELLS, .covered = true                       \
	}

/* Methods of maps.Map and maps.table that grow a map. */
#define MAP_GROW(row, ev, fn, regs)                                                                \
	{                                                                                          \
		.name = row, .group = PLAN_MAP, .event = ev, .heat = PLAN_WARM, .func = { fn },    \
		.maps = PLAN_SWISS, .reg = regs, .stack = true, .inside_write = true               \
	}

/* A wait: it begins when the function is entered, with the lock in AX, and ends when it returns. */
#define LOCK_BEGIN(row, kind)                                                                      \
	.name = row, .group = PLAN_LOCK, .event = ABI_LOCK_BEGIN, .heat = PLAN_WARM,               \
	.reg = REGS(AX, NONE, NONE, NONE), .constant = kind, .stack = true
#define LOCK_END(row)                                                                              \
	.name = row, .group = PLAN_LOCK, .event = ABI_LOCK_END, .heat = PLAN_WARM,                 \
	.where = PLAN_EXIT, .reg = NO_REGS

#define MUTEX_SLOW                                                                                 \
	{                                                                                          \
		"internal/sync.(*Mutex).lockSlow", "sync.(*Mutex).lockSlow"                        \
	}

static const struct plan_point catalogue[] = {
	MAP_WRITE("map.assign", ABI_MAP_ASSIGN, PLAN_HOT, "runtime.mapassign"),
	MAP_WRITE("map.assign_fast32", ABI_MAP_ASSIGN, PLAN_HOT, "runtime.mapassign_fast32"),
	MAP_WRITE("map.assign_fast64", ABI_MAP_ASSIGN, PLAN_HOT, "runtime.mapassign_fast64"),
	MAP_WRITE("map.assign_fast64ptr", ABI_MAP_ASSIGN, PLAN_HOT, "runtime.mapassign_fast64ptr"),
	MAP_WRITE("map.assign_faststr", ABI_MAP_ASSIGN, PLAN_HOT, "runtime.mapassign_faststr"),
	MAP_WRITE("map.delete", ABI_MAP_DELETE, PLAN_HOT, "runtime.mapdelete"),
	MAP_WRITE("map.delete_fast32", ABI_MAP_DELETE, PLAN_HOT, "runtime.mapdelete_fast32"),
	MAP_WRITE("map.delete_fast64", ABI_MAP_DELETE, PLAN_HOT, "runtime.mapdelete_fast64"),
	MAP_WRITE("map.delete_faststr", ABI_MAP_DELETE, PLAN_HOT, "runtime.mapdelete_faststr"),
	MAP_WRITE("map.clear", ABI_MAP_CLEAR, PLAN_WARM, "runtime.mapclear"),

	/* func hashGrow(t *maptype, h *hmap) */
	{ .name = "map.grow",
	  .group = PLAN_MAP,
	  .event = ABI_MAP_GROW,
	  .heat = PLAN_WARM,
	  .func = { "runtime.hashGrow" },
	  .maps = PLAN_CLASSIC,
	  .reg = REGS(BX, AX, NONE, NONE),
	  .stack = true,
	  .inside_write = true },
	MAP_EVACUATE("map.evacuate", "runtime.evacuate"),
	MAP_EVACUATE("map.evacuate_fast32", "runtime.evacuate_fast32"),
	MAP_EVACUATE("map.evacuate_fast64", "runtime.evacuate_fast64"),
	MAP_EVACUATE("map.evacuate_faststr", "runtime.evacuate_faststr"),
	MAP_GROW_WORK("map.grow_work", "runtime.growWork"),
	MAP_GROW_WORK("map.grow_work_fast32", "runtime.growWork_fast32"),
	MAP_GROW_WORK("map.grow_work_fast64", "runtime.growWork_fast64"),
	MAP_GROW_WORK("map.grow_work_faststr", "runtime.growWork_faststr"),

	/* func (m *Map) growToSmall(typ), growToTable(typ) */
	MAP_GROW("map.grow_small", ABI_MAP_GROW_SMALL, "internal/runtime/maps.(*Map).growToSmall",
		 REGS(AX, BX, NONE, NONE)),
	MAP_GROW("map.grow_table", ABI_MAP_GROW_TABLE, "internal/runtime/maps.(*Map).growToTable",
		 REGS(AX, BX, NONE, NONE)),
	/* func (t *table) grow(typ, m *Map, newCapacity uint16), split(typ, m *Map) */
	MAP_GROW("map.grow", ABI_MAP_GROW, "internal/runtime/maps.(*table).grow",
		 REGS(CX, BX, AX, DI)),
	MAP_GROW("map.split", ABI_MAP_SPLIT, "internal/runtime/maps.(*table).split",
		 REGS(CX, BX, AX, NONE)),
	{ .name = "map.rehash",
	  .group = PLAN_MAP,
	  .event = ABI_MAP_GROW,
	  .heat = PLAN_WARM,
	  .func = { "internal/runtime/maps.(*table).rehash" },
	  .maps = PLAN_SWISS,
	  .reg = REGS(CX, BX, AX, NONE),
	  .inside_write = true,
	  .off = GROW_TELLS,
	  .covered = true },

	/* func gcStart(trigger gcTrigger{kind, now, n}) */
	{ .name = "gc.start",
	  .group = PLAN_GC,
	  .event = ABI_GC_START,
	  .heat = PLAN_COLD,
	  .func = { "runtime.gcStart" },
	  .reg = REGS(AX, NONE, NONE, NONE),
	  .stack = true },
	{ .name = "gc.mark_done",
	  .group = PLAN_GC,
	  .event = ABI_GC_MARK_DONE,
	  .heat = PLAN_COLD,
	  .func = { "runtime.gcMarkDone" },
	  .reg = NO_REGS },
	{ .name = "gc.mark_term",
	  .group = PLAN_GC,
	  .event = ABI_GC_MARK_TERM,
	  .heat = PLAN_COLD,
	  .func = { "runtime.gcMarkTermination" },
	  .reg = NO_REGS },
	/* func gcSweep(mode gcMode), by systemstack */
	{ .name = "gc.sweep",
	  .group = PLAN_GC,
	  .event = ABI_GC_SWEEP,
	  .heat = PLAN_COLD,
	  .func = { "runtime.gcSweep" },
	  .reg = REGS(AX, NONE, NONE, NONE),
	  .on_g0 = true },
	/* The cycles that gctrace calls "checking for goroutine leaks". */
	{ .name = "gc.leaks",
	  .group = PLAN_GC,
	  .event = ABI_GC_LEAKS,
	  .heat = PLAN_COLD,
	  .func = { "runtime.findGoroutineLeaks" },
	  .since = 26,
	  .reg = NO_REGS },
	/* on g0 too: gcSweep calls it when it sweeps at once (GODEBUG=gcstoptheworld=2) */
	{ .name = "gc.end",
	  .group = PLAN_GC,
	  .event = ABI_GC_END,
	  .heat = PLAN_COLD,
	  .func = { "runtime.mProf_Flush" },
	  .reg = NO_REGS,
	  .on_g0 = true },
	/* func gcDrain(gcw *gcWork, flags gcDrainFlags), by systemstack */
	{ .name = "gc.drain",
	  .group = PLAN_GC,
	  .event = ABI_GC_DRAIN_BEGIN,
	  .heat = PLAN_WARM,
	  .func = { "runtime.gcDrain" },
	  .reg = REGS(BX, NONE, NONE, NONE),
	  .on_g0 = true },
	{ .name = "gc.drain_end",
	  .group = PLAN_GC,
	  .event = ABI_GC_DRAIN_END,
	  .heat = PLAN_WARM,
	  .where = PLAN_EXIT,
	  .func = { "runtime.gcDrain" },
	  .reg = NO_REGS,
	  .on_g0 = true },
	{ .name = "gc.assist",
	  .group = PLAN_GC,
	  .event = ABI_ASSIST_BEGIN,
	  .heat = PLAN_WARM,
	  .func = { "runtime.gcAssistAlloc" },
	  .reg = NO_REGS,
	  .stack = true },
	{ .name = "gc.assist_end",
	  .group = PLAN_GC,
	  .event = ABI_ASSIST_END,
	  .heat = PLAN_WARM,
	  .where = PLAN_EXIT,
	  .func = { "runtime.gcAssistAlloc" },
	  .reg = NO_REGS },

	/* func stopTheWorldWithSema(reason stwReason), without reason before 1.21; by systemstack
	 */
	{ .name = "stw.begin",
	  .group = PLAN_GC,
	  .event = ABI_STW_BEGIN,
	  .heat = PLAN_COLD,
	  .func = { "runtime.stopTheWorldWithSema" },
	  .since = 21,
	  .reg = REGS(AX, NONE, NONE, NONE),
	  .stack = true,
	  .on_g0 = true },
	{ .name = "stw.begin",
	  .group = PLAN_GC,
	  .event = ABI_STW_BEGIN,
	  .heat = PLAN_COLD,
	  .func = { "runtime.stopTheWorldWithSema" },
	  .before = 21,
	  .reg = NO_REGS,
	  .stack = true,
	  .on_g0 = true },
	{ .name = "stw.reason",
	  .group = PLAN_GC,
	  .event = ABI_STW_BEGIN,
	  .heat = PLAN_COLD,
	  .func = { "runtime.stopTheWorldWithSema" },
	  .before = 21,
	  .reg = NO_REGS,
	  .off = "before Go 1.21 it is not told why: the GC's own pauses are known by their place "
		 "in "
		 "the cycle, the others have no reason" },
	{ .name = "stw.stopped",
	  .group = PLAN_GC,
	  .event = ABI_STW_STOPPED,
	  .heat = PLAN_COLD,
	  .where = PLAN_EXIT,
	  .func = { "runtime.stopTheWorldWithSema" },
	  .reg = NO_REGS,
	  .on_g0 = true },
	{ .name = "stw.end",
	  .group = PLAN_GC,
	  .event = ABI_STW_END,
	  .heat = PLAN_COLD,
	  .where = PLAN_EXIT,
	  .func = { "runtime.startTheWorldWithSema" },
	  .reg = NO_REGS,
	  .on_g0 = true },

	/* lockSlow goes round once for each time it parks, and a few times more to spin. */
	{ LOCK_BEGIN("lock.mutex", ABI_LOCK_MUTEX), .func = MUTEX_SLOW },
	{ LOCK_END("lock.mutex_end"), .func = MUTEX_SLOW, .short_loops = true },
	{ LOCK_BEGIN("lock.rwmutex_r", ABI_LOCK_RWMUTEX_R), .since = 20,
	  .func = { "sync.runtime_SemacquireRWMutexR" } },
	{ LOCK_END("lock.rwmutex_r_end"), .since = 20,
	  .func = { "sync.runtime_SemacquireRWMutexR" } },
	{ LOCK_BEGIN("lock.rwmutex_w", ABI_LOCK_RWMUTEX_W), .since = 20,
	  .func = { "sync.runtime_SemacquireRWMutex" } },
	{ LOCK_END("lock.rwmutex_w_end"), .since = 20,
	  .func = { "sync.runtime_SemacquireRWMutex" } },
	{ LOCK_BEGIN("lock.rwmutex", ABI_LOCK_RWMUTEX_R), .before = 20,
	  .func = { "sync.runtime_SemacquireMutex" }, .off = SHARED_SEMA },
	{ LOCK_BEGIN("lock.waitgroup", ABI_LOCK_WAITGROUP), .since = 24,
	  .func = { "sync.runtime_SemacquireWaitGroup" } },
	{ LOCK_END("lock.waitgroup_end"), .since = 24,
	  .func = { "sync.runtime_SemacquireWaitGroup" } },
	{ LOCK_BEGIN("lock.sema", ABI_LOCK_SEMA), .func = { "sync.runtime_Semacquire" } },
	{ LOCK_END("lock.sema_end"), .func = { "sync.runtime_Semacquire" } },
	{ LOCK_BEGIN("lock.poll", ABI_LOCK_POLL), .func = { "internal/poll.runtime_Semacquire" } },
	{ LOCK_END("lock.poll_end"), .func = { "internal/poll.runtime_Semacquire" } },

	/* func fatal(s string), throw(s string): on any stack */
	{ .name = "crash.fatal",
	  .group = PLAN_CRASH,
	  .event = ABI_FATAL,
	  .heat = PLAN_COLD,
	  .func = { "runtime.fatal" },
	  .since = 19,
	  .reg = REGS(AX, BX, NONE, NONE),
	  .stack = true,
	  .on_g0 = true },
	{ .name = "crash.throw",
	  .group = PLAN_CRASH,
	  .event = ABI_THROW,
	  .heat = PLAN_COLD,
	  .func = { "runtime.throw" },
	  .reg = REGS(AX, BX, NONE, NONE),
	  .stack = true,
	  .on_g0 = true },
};

const struct plan_point *plan_catalogue(size_t *n)
{
	*n = sizeof(catalogue) / sizeof(catalogue[0]);
	return catalogue;
}
