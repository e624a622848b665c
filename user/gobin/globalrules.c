// SPDX-License-Identifier: Apache-2.0
/*
 * Rules for default builds of Go 1.17 to 1.27, for all build modes, GOAMD64 levels and experiments
 * with maps and the collector: what the sources (runtime/mgc.go, mgcpacer.go, mprof.go, proc.go,
 * mcache.go, mheap.go, malloc.go) have the compiler write. tests/unit/gobin_globals_test.c compares
 * what they find with the symbol table, for the version it is run with. Offsets in structs, where a
 * rule has one, are of fields that have been there through all the versions it names.
 */
#include "gobin/globalrules.h"

#include "gobin/codescan.h"

static const int64_t zero = 0, one = 1, two = 2, three = 3;

#define LOAD(f, bytes, ...)                                                                        \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_LOAD, .size = bytes, __VA_ARGS__                 \
	}
#define STORE(f, bytes, ...)                                                                       \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_STORE, .size = bytes, __VA_ARGS__                \
	}
#define ATOMIC(f, bytes, ...)                                                                      \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_ATOMIC, .size = bytes, __VA_ARGS__               \
	}
#define LEA(f, ...)                                                                                \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_LEA, __VA_ARGS__                                 \
	}
#define ARG(f, to, ...)                                                                            \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_ARG, .callee = "runtime." to, __VA_ARGS__        \
	}

#define ACQUIRE	    "(*consistentHeapStats).acquire"
#define FIND_WORKER "(*gcControllerState).findRunnableGCWorker"

const struct global_variable global_variables[GLOBALS] = {
	{ "runtime.gcController",
	  8,
	  { ARG("gcStart", "(*gcControllerState).startCycle"),
	    ARG("gcMarkDone", "(*gcControllerState).endCycle"),
	    ARG("schedule", FIND_WORKER, .to = 18),
	    ARG("findRunnable", FIND_WORKER, .from = 19) } },
	/* work.full is its first field. */
	{ "runtime.work",
	  8,
	  { ARG("putfull", "(*lfstack).push"), LOAD("gcDrain", 8, .value = &zero),
	    LOAD("gcDrainN", 8, .value = &zero), LOAD("prepareFreeWorkbufs", 8, .value = &zero) } },
	/* mstats.heapStats, and up to 1.18 buckhash_sys. */
	{ "runtime.memstats",
	  8,
	  { ARG("(*mcache).refill", ACQUIRE, .offset = 0x1748, .to = 18),
	    ARG("newBucket", "persistentalloc", .reg = CODE_RCX, .offset = 0x80, .to = 18),
	    ARG("(*mcache).refill", ACQUIRE, .from = 19),
	    ARG("(*mcache).allocLarge", ACQUIRE, .from = 19),
	    ARG("(*mheap).allocSpan", ACQUIRE, .from = 19) } },
	{ "runtime.gcphase",
	  4,
	  { LOAD("gcMark", 4, .value = &two), LOAD("gcMarkDone", 4, .value = &one),
	    LOAD("stackpoolfree", 4, .value = &zero) } },
	{ "runtime.MemProfileRate",
	  8,
	  { LOAD("allocmcache", 8), LOAD("profilealloc", 8), STORE("parsedebugvars", 8, .to = 19),
	    STORE("schedinit", 8, .value = &zero, .from = 20) } },
	/* stkbucket: if typ == memProfile (1), else if typ == mutexProfile (3), else. */
	{ "runtime.mbuckets",
	  8,
	  { LOAD("mProf_FlushLocked", 8),
	    LOAD("stkbucket", 8, .guard = &one, .pick = PICK_LAST, .to = 18),
	    LEA("stkbucket", .guard = &one, .pick = PICK_LAST, .from = 19) } },
	{ "runtime.mProfCycle",
	  4,
	  { LOAD("mProf_Flush", 4, .from = 19), LOAD("mProf_Free", 4, .from = 19),
	    ATOMIC("gcSweep", 4, .from = 19) } },
	{ "runtime.mProf",
	  4,
	  { LOAD("mProf_FlushLocked", 4, .to = 18), LOAD("mProf_Free", 4, .to = 18),
	    LOAD("mProf_Malloc", 4, .to = 18) } },
	{ "runtime.runtimeInitTime",
	  8,
	  { STORE("main", 8), LOAD("gcMarkTermination", 8), LOAD("doInit", 8, .to = 20),
	    LOAD("doInit1", 8, .from = 21) } },
	{ "runtime.allgs",
	  8,
	  { STORE("allgadd", 8, .words = 3), LOAD("forEachG", 8, .words = 2) } },
	/* allgadd sets allgptr before allglen, atomicAllG reads it after allglen. */
	{ "runtime.allglen",
	  8,
	  { ATOMIC("allgadd", 8, .pick = PICK_LAST),
	    LOAD("forEachGRace", 8, .pick = PICK_FIRST) } },
	/* schedt starts with goidgen and lastpoll. */
	{ "runtime.sched",
	  8,
	  { ATOMIC("newproc1", 8), ATOMIC("oneNewExtraM", 8), ATOMIC("sysmon", 8, .offset = 8) } },
	{ "runtime.allm", 8, { ATOMIC("mcommoninit", 8), LEA("mexit"), LOAD("schedtrace", 8) } },
	/* mheap.lock is its first field. */
	{ "runtime.mheap_",
	  8,
	  { ARG("(*mcache).allocLarge", "(*mheap).alloc"),
	    ARG("(*mcentral).grow", "(*mheap).alloc"), ARG("gcResetMarkState", "lock2") } },
	{ "runtime.xbuckets",
	  8,
	  { LOAD("stkbucket", 8, .guard = &three, .pick = PICK_LAST, .to = 18),
	    LEA("stkbucket", .guard = &three, .pick = PICK_LAST, .from = 19),
	    LOAD("MutexProfile", 8, .to = 22), LOAD("mutexProfileInternal", 8, .from = 23) } },
	{ "runtime.bbuckets",
	  8,
	  { STORE("stkbucket", 8, .pick = PICK_LAST, .to = 18),
	    ATOMIC("stkbucket", 8, .pick = PICK_LAST, .from = 19),
	    LOAD("BlockProfile", 8, .to = 22), LOAD("blockProfileInternal", 8, .from = 23) } },
	{ "runtime.writeBarrier",
	  4,
	  { LOAD("(*p).init", 4, .value = &zero), LOAD("(*semaRoot).queue", 4, .value = &zero),
	    LOAD("(*semaRoot).dequeue", 4, .value = &zero) } },
	{ "runtime.allp",
	  8,
	  { LOAD("preemptall", 8, .words = 2), LOAD("timeSleepUntil", 8, .words = 2),
	    LOAD("gcMarkTinyAllocs", 8, .words = 2) } },
	{ "runtime.gomaxprocs",
	  4,
	  { LOAD("(*gcControllerState).enlistWorker", 4, .value = &one),
	    LOAD("procresize", 4, .pick = PICK_FIRST), LOAD("gcBgMarkStartWorkers", 4) } },
	{ "runtime.waitReasonStrings",
	  8,
	  { LEA("waitReason.String"), LEA("(*waitReason).String"), LEA("schedtrace.func1") } },
	{ "runtime.stwReasonStrings",
	  8,
	  { LEA("stopTheWorld", .pick = PICK_LAST, .from = 21),
	    LEA("traceLocker.STWStart", .pick = PICK_FIRST, .from = 22) } },
	{ "runtime.blockprofilerate",
	  8,
	  { LOAD("blockevent", 8), LOAD("chanrecv", 8, .value = &zero),
	    LOAD("chansend", 8, .value = &zero) } },
	/* SetMutexProfileFraction is inlined where runtime/pprof asks for the rate. */
	{ "runtime.mutexprofilerate",
	  8,
	  { LOAD("semacquire1", 8, .value = &zero, .pick = PICK_LAST),
	    LOAD("(*lockTimer).begin", 8, .to = 24),
	    LOAD("unlock2", 8, .from = 25),
	    LOAD("(*mLockProfile).storeSlow", 8, .from = 25),
	    { "runtime/pprof.writeProfileInternal", CODE_LOAD, 8, .to = 21 } } },
	{ "runtime.m0", 8, { LEA("mstart1"), LEA("mexit", .pick = PICK_FIRST) } },
	{ "runtime.ticks",
	  8,
	  { ARG("(*ticksType).init", "lock2", .from = 22),
	    ARG("ticksPerSecond", "lock2", .from = 22),
	    ARG("schedinit", "(*ticksType).init", .from = 22) } },
};
