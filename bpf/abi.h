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

#ifndef __bpf__
#include <stdint.h>
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
#endif

#define ABI_MAX_SITES 256 /* probe sites of one session */
#define ABI_MAX_DEPTH 127 /* frames of one stack */
#define ABI_TEXT_MAX  256 /* bytes of a fatal message */

enum abi_type {
	ABI_HIT = 1,   /* struct abi_hit: a site was passed */
	ABI_STACK = 2, /* struct abi_stack: a stack, once, before the first hit that names it */
	ABI_TEXT = 3,  /* struct abi_text: the message of runtime.fatal or throw, before its hit */
};

/* What happened; a site's event. arg[] of the hit: as in the comment; 0 where not said. */
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
	ABI_FATAL, /* runtime.fatal; the text came before, see ABI_TEXT */
	ABI_THROW, /* runtime.throw */
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
	__u32 type, size;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 goid;    /* of the user goroutine, 0: none (a system thread) */
	__u32 tid;
	__u16 site;   /* index of the site */
	__u16 window; /* 0: always armed; else the window's number, wrapping from 65535 to 1 */
	__u64 stack;  /* id of a stack, 0: none was taken, or it was lost */
	__u64 arg[3];
};

/*
 * The return addresses of a stack, callers of the probed function, innermost (its direct caller)
 * first; n of them. id is never 0. The size of the record covers n addresses.
 */
struct abi_stack {
	__u32 type, size;
	__u64 id;
	__u32 n;
	__u32 truncated; /* 1: the stack is deeper than ABI_MAX_DEPTH */
	__u64 pc[ABI_MAX_DEPTH];
};

struct abi_text {
	__u32 type, size;
	__u64 time_ns;
	__u64 goid;
	__u32 tid;
	__u32 len;		 /* of the whole message in the target; may exceed what is here */
	char text[ABI_TEXT_MAX]; /* NUL-terminated */
};

/* arg[2] of growth events. Capacities above 2^32 - 1 slots are clamped. */
static inline __u64 abi_caps(__u64 old_cap, __u64 new_cap)
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
	ABI_SITE_CALLER_AT_RSP = 2, /* no frame of its own yet: the direct caller is at [rsp] */
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
	__u8 event; /* enum abi_event */
	__u8 flags; /* enum abi_site_flags */
	__u8 cond;
	__u8 constant;
	__u8 reg[4]; /* enum abi_reg */
};

/* Per site, summed over CPUs. */
struct abi_counter {
	__u64 hits;    /* passages that count */
	__u64 lost;    /* of these, not in the stream: the ring buffer was full */
	__u64 outside; /* passages of a windowed site outside an open window: cost, but no data */
	__u64 stack_lost; /* hits whose stack could not be taken or described */
};

/* Set once before the programs are loaded. Offsets in bytes, addresses as in the target. */
struct abi_config {
	__u32 tgid;  /* the target's, 0: no check (the attachment filters exactly) */
	__u32 swiss; /* 1: Swiss maps, 0: classic */
	__u32 g_goid, g_m, m_curg;
	__u32 kernel_adds_caller; /* 1: at a push %rbp the kernel's user stack has the caller */
	__u32 wakeup_bytes;	  /* wake the reader when so much lies in the ring buffer */
	__u32 have_cookie;	  /* 0: tell the sites apart by address (kernels before 5.15) */
	__u64 heap_live;	  /* address of gcController.heapLive, 0: not known */
};

#ifndef __bpf__
_Static_assert(sizeof(struct abi_hit) == 64, "abi_hit");
_Static_assert(sizeof(struct abi_stack) == 24 + 8 * ABI_MAX_DEPTH, "abi_stack");
_Static_assert(sizeof(struct abi_text) == 32 + ABI_TEXT_MAX, "abi_text");
_Static_assert(sizeof(struct abi_site) == 8, "abi_site");
_Static_assert(sizeof(struct abi_counter) == 32, "abi_counter");
#endif

#endif
