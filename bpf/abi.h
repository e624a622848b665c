/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the kernel side and the user side agree on: the records in the ring buffer, the description
 * of a probe site, the configuration. The only header both sides include.
 *
 * All records start with a u32 type and a u32 size (of the whole record), which makes them frames
 * of the event stream as they are (user/record/event.h); types below 16 are the kernel side's.
 */
#ifndef MAPPROBE_ABI_H
#define MAPPROBE_ABI_H

#ifdef __bpf__
typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;
#else
#include <stdint.h>
#endif

#define ABI_MAX_SITES 256 /* probe sites of one session */
#define ABI_MAX_DEPTH 127 /* frames of one stack */
#define ABI_TEXT_MAX  256 /* bytes of a fatal message */

enum abi_type {
	ABI_HIT = 1,   /* struct abi_hit: a site was passed */
	ABI_STACK = 2, /* struct abi_stack: a stack, at least once, before the first hit that names
			  it */
	ABI_TEXT = 3,  /* struct abi_text: the message of runtime.fatal or throw, before its hit */
	ABI_GC_CYCLE = 4, /* struct abi_gc_cycle: what a GC cycle was, before the hit of its end */
	ABI_TYPE_MAX,
};

/*
 * What happened; a site's event, in recordings too: new ones go to the end. arg[] of the hit: as in
 * the comment; 0 where not said.
 */
enum abi_event {
	ABI_EV_NONE,
	ABI_MAP_ASSIGN, /* map, its runtime type, its length before the write */
	ABI_MAP_DELETE, /* map, type, length before */
	ABI_MAP_CLEAR,	/* map, type, length before */
	/* map (0: not known here), type, old capacity | new capacity << 32 (slots, see abi_caps) */
	ABI_MAP_GROW,	    /* classic hashGrow; Swiss grow, of one table */
	ABI_MAP_GROW_SMALL, /* Swiss growToSmall: 0 -> 8 */
	ABI_MAP_GROW_TABLE, /* Swiss growToTable: 8 -> 16 */
	ABI_MAP_SPLIT,	    /* Swiss split: one table of 1024 becomes two */
	ABI_MAP_EVACUATE,   /* classic: map, type, old bucket */
	ABI_GC_START,	    /* gcTrigger kind, heap live in bytes (0: not known) */
	ABI_GC_MARK_DONE,   /* entry of gcMarkDone: may find that marking is not done */
	ABI_GC_MARK_TERM,   /* entry of gcMarkTermination: once a cycle, the world is stopped */
	ABI_GC_SWEEP,	    /* entry of gcSweep: once a cycle; sweep mode */
	ABI_GC_END,	    /* mProf_Flush: once a cycle, the world runs again; heap live */
	ABI_GC_DRAIN_BEGIN, /* a mark worker starts to drain: flags (4 idle, 8 fractional) */
	ABI_GC_DRAIN_END,
	ABI_ASSIST_BEGIN, /* gcAssistAlloc */
	ABI_ASSIST_END,
	ABI_STW_BEGIN,	 /* stopTheWorldWithSema is entered: stwReason */
	ABI_STW_STOPPED, /* it returns: the world stands still */
	ABI_STW_END,	 /* startTheWorldWithSema returns */
	ABI_LOCK_BEGIN,	 /* address of the lock or semaphore, enum abi_lock */
	ABI_LOCK_END,
	ABI_FATAL,    /* runtime.fatal; the text came before, see ABI_TEXT */
	ABI_THROW,    /* runtime.throw */
	ABI_GC_LEAKS, /* findGoroutineLeaks: this cycle looks for leaked goroutines */
	ABI_EV_MAX,
};

enum abi_lock {
	ABI_LOCK_MUTEX = 1,
	ABI_LOCK_RWMUTEX_R,
	ABI_LOCK_RWMUTEX_W,
	ABI_LOCK_WAITGROUP,
	ABI_LOCK_SEMA, /* sync.runtime_Semacquire and the like */
	ABI_LOCK_POLL, /* internal/poll's fdMutex */
	ABI_LOCK_MAX,
};

struct abi_hit {
	uint32_t type, size;
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t goid;	  /* of the user goroutine, 0: none (a system thread) */
	uint32_t tid;
	uint16_t site;	 /* index of the site */
	uint16_t window; /* 0: always armed; else the window's number, wrapping from 65535 to 1 */
	uint64_t stack;	 /* id of a stack, 0: none was taken, or it was lost */
	uint64_t arg[3];
};

/*
 * The return addresses of a stack, callers of the probed function, innermost (its direct caller)
 * first; n of them. id is never 0. The size of the record covers n addresses.
 *
 * As the kernel side sends it, the first n - outer of them are what the frame pointers lead to, on
 * whatever stack. The last outer ones are where the goroutine was when it left its stack, found
 * without the frames in between. User space makes one stack of the two (trace/unwind.c) and says
 * whether it reached its root; in the stream outer is 0, and some of the addresses may be gaps.
 */
struct abi_stack {
	uint32_t type, size;
	uint64_t id;
	uint32_t n;
	uint16_t flags; /* enum abi_stack_flags */
	uint16_t outer;
	uint64_t pc[ABI_MAX_DEPTH];
};

enum abi_stack_flags {
	ABI_STACK_DEEPER = 1, /* there was no room for all of it */
	ABI_STACK_ROOT = 2,   /* the last address is where the goroutine or thread began */
};

/* Addresses below ABI_GAP_MAX stand for frames that are not known; at the end: all the rest. */
enum abi_gap {
	ABI_GAP_C = 1,	   /* C code without frame pointers */
	ABI_GAP_FRAMELESS, /* the caller of a function that a signal caught without a frame */
	ABI_GAP_UNKNOWN,   /* what the frame pointer led to is no frame */
	ABI_GAP_MAX,
};

struct abi_text {
	uint32_t type, size;
	uint64_t time_ns;
	uint64_t goid;
	uint32_t tid;
	uint32_t len;		 /* of the whole message in the target; may exceed what is here */
	char text[ABI_TEXT_MAX]; /* NUL-terminated */
};

/*
 * What the runtime keeps about the cycle that ends, and prints with GODEBUG=gctrace=1: fields of
 * runtime.work and its like, zero-extended to 64 bits.
 */
enum abi_gc_value_index {
	ABI_GCV_INIT_TIME, /* runtimeInitTime, nanotime() as are the next four */
	ABI_GCV_T_SWEEP_TERM,
	ABI_GCV_T_MARK,
	ABI_GCV_T_MARK_TERM,
	ABI_GCV_T_END,
	ABI_GCV_NUMGC,	      /* u32 */
	ABI_GCV_CPU_FRACTION, /* bits of a float64 */
	ABI_GCV_STWPROCS,     /* i32 */
	ABI_GCV_MAXPROCS,     /* i32 */
	ABI_GCV_ASSIST_TIME,  /* ns, as are the next three */
	ABI_GCV_DEDICATED_TIME,
	ABI_GCV_FRACTIONAL_TIME,
	ABI_GCV_IDLE_TIME,
	ABI_GCV_HEAP0, /* bytes, as is all that follows but the last */
	ABI_GCV_HEAP1,
	ABI_GCV_HEAP2,
	ABI_GCV_GOAL,
	ABI_GCV_STACKS,	 /* from Go 1.18 on */
	ABI_GCV_GLOBALS, /* from Go 1.18 on */
	ABI_GCV_FORCED,	 /* bool */
	ABI_GC_VALUES,
};

struct abi_gc_cycle {
	uint32_t type, size;
	uint64_t time_ns;
	uint32_t have;	  /* bit i: value[i] was read */
	uint32_t leaks;	  /* 1: it looked for leaked goroutines */
	uint64_t read_ns; /* how long it took to read them: part of the cost of this hit */
	uint64_t value[ABI_GC_VALUES];
};

/* Where a value is in the target. */
struct abi_gc_value {
	uint64_t addr; /* 0: this version has none */
	uint64_t size; /* 1, 4 or 8 */
};

/* arg[2] of growth events. Capacities above 2^32 - 1 slots are clamped. */
static inline uint64_t abi_caps(uint64_t old_cap, uint64_t new_cap)
{
	if (old_cap > 0xffffffffull)
		old_cap = 0xffffffffull;
	if (new_cap > 0xffffffffull)
		new_cap = 0xffffffffull;
	return old_cap | new_cap << 32;
}

/* Go's integer argument registers in order (ABIInternal), then "none". */
enum abi_reg {
	ABI_REG_AX,
	ABI_REG_BX,
	ABI_REG_CX,
	ABI_REG_DI,
	ABI_REG_SI,
	ABI_REG_R8,
	ABI_REG_NONE,
};

enum abi_site_flags {
	ABI_SITE_STACK = 1,	    /* take the stack */
	ABI_SITE_CALLER_AT_RSP = 2, /* the kernel's stack lacks the direct caller: it is at [rsp] */
	ABI_SITE_ON_G0 = 4,	    /* runs on the system stack: the goroutine is g.m.curg */
	ABI_SITE_WINDOWED = 8,	    /* armed in windows: only hits inside an open window count */
};

#define ABI_COND_NONE 0xff

/*
 * One probe site, the same index on both sides. reg[i] holds arg[i] of the event; the map program
 * reads further from there (see map.bpf.c). constant: arg[1] of LOCK_BEGIN, else 0.
 * cond: the x86 condition code (0x0..0xf, as in the low nibble of jcc) that must hold in RFLAGS for
 * the passage to count: how one edge of a conditional jump is told from the other.
 */
struct abi_site {
	uint8_t event; /* enum abi_event */
	uint8_t flags; /* enum abi_site_flags */
	uint8_t cond;
	uint8_t constant;
	uint8_t reg[4]; /* enum abi_reg */
} __attribute__((aligned(8)));

/* Per site, summed over CPUs. */
struct abi_counter {
	uint64_t hits; /* passages that count */
	uint64_t lost; /* of these, not in the stream: the ring buffer was full */
	/*
	 * Passages that cost but do not count: of a windowed site outside an open window, of the
	 * other edge of a conditional jump, while others are still being armed or disarmed.
	 */
	uint64_t outside;
	uint64_t stack_lost; /* hits whose stack could not be taken or described */
};

/*
 * How to get from a goroutine that C has called back to what it did before, see unwind.bpf.h. Code
 * is that of the functions, frames are their SP deltas.
 */
struct abi_unwind {
	uint32_t g_sched, g_sched_bp; /* offsets of the gobuf {sp, pc, ..} and of its bp */
	uint32_t cgocallback_frame, cgocall_frame;
	uint32_t crosscall2_twice;		/* it saves rbp twice */
	uint64_t cgocallback, cgocallback_size; /* size 0: no cgo in this binary */
	uint64_t cgocall, cgocall_size;
};

/* Set once before the programs are loaded. Offsets in bytes, addresses as in the target. */
struct abi_config {
	/*
	 * The target's process number in its own PID namespace, and that namespace. 0: no check
	 * (the attachment filters exactly).
	 */
	uint32_t tgid;
	uint32_t have_cookie; /* 0: tell the sites apart by address (kernels before 5.15) */
	uint32_t swiss;	      /* 1: Swiss maps, 0: classic */
	uint32_t g_goid, g_m, m_curg;
	uint32_t table_capacity; /* Swiss: of maps.table, u16 */
	uint32_t hmap_b;	 /* classic: of hmap, u8 */
	uint32_t hmap_load;	 /* classic: entries in two buckets, more and it doubles */
	uint32_t wakeup_bytes;	 /* wake the reader when so much lies in the ring buffer */
	uint64_t heap_live;	 /* address of gcController.heapLive, 0: not known */
	/* All 0: they are not all known that make a struct abi_gc_cycle, and none is sent. */
	struct abi_gc_value gc_value[ABI_GC_VALUES];
	uint64_t pidns_dev, pidns_ino; /* as the kernel has them: dev is its own dev_t */
	struct abi_unwind unwind;
};

/* What the calibration program saw at its last hit (user/trace/features.c). */
struct abi_calibration {
	uint64_t in_process; /* 1: in_target_process says that it ran in this very process */
	uint64_t hits;
	uint64_t cookie;
	uint64_t caller; /* what follows the probed address in the kernel's user stack */
	uint64_t stack;	 /* its id: computed for its cost */
};

#ifndef __bpf__
_Static_assert(sizeof(struct abi_hit) == 64, "abi_hit");
_Static_assert(sizeof(struct abi_stack) == 24 + 8 * ABI_MAX_DEPTH, "abi_stack");
_Static_assert(sizeof(struct abi_text) == 32 + ABI_TEXT_MAX, "abi_text");
_Static_assert(sizeof(struct abi_gc_cycle) == 32 + 8 * ABI_GC_VALUES, "abi_gc_cycle");
_Static_assert(sizeof(struct abi_site) == 8, "abi_site");
_Static_assert(sizeof(struct abi_counter) == 32, "abi_counter");
#endif

#endif
