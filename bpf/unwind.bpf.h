/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks that change: what the kernel's walk along the frame pointers does not tell.
 *
 * A thread of a Go program has several stacks: that of the goroutine it runs, that of g0, which the
 * scheduler and C code use, and a C thread's own. Two changes hide what the goroutine did before:
 *
 * C called back (Go -> C -> Go). cgocall calls asmcgocall, which switches to g0's stack and calls
 * C; C calls crosscall2 -> cgocallback, which switches back to the goroutine's stack, makes a
 * frame like its own right below what asmcgocall left there, and calls cgocallbackg
 * (runtime/asm_amd64.s):
 *
 *	g0's or the thread's stack	the goroutine's stack
 *	frame of asmcgocall		frame of cgocall
 *	frames of C			  return address into cgocall (from asmcgocall)
 *	frame of crosscall2		[asmcgocall's saved rbp, since Go 1.21]	<- g.sched.sp
 *	frame of cgocallback		g.sched.pc
 *					as large as cgocallback's frame
 *					  return address into cgocallback
 *					frame of cgocallbackg			<- its rbp: fa
 *
 * Frame pointers lead from cgocallbackg to cgocallback on the other stack, and from there through C
 * to asmcgocall: when all of C keeps frame pointers. Else they lead nowhere or anywhere, and two
 * callers of the same C function cannot be told apart. But the goroutine's own way on is there, at
 * fa + 16 + cgocallback's SP delta + 8. g.sched itself is overwritten by what the callback does.
 *
 * A system stack (systemstack, morestack). The goroutine's g.sched says where it was: pc, sp, bp.
 * Up to Go 1.20 systemstack keeps no frame pointer, so the kernel's walk goes on to the goroutine's
 * stack but misses systemstack's caller; from 1.21 on it misses nothing. morestack clears rbp
 * (1.21 on): a throw in newstack (stack overflow) has no frames of the goroutine.
 *
 * What is found this way goes behind the rest, counted in abi_stack.outer: which parts are right is
 * for user space to say, which has the symbols (user/trace/unwind.c).
 */
#ifndef MAPPROBE_UNWIND_BPF_H
#define MAPPROBE_UNWIND_BPF_H

#include "go.bpf.h"

/* Two frames further apart are not taken for frames of one stack. */
#define MAX_FRAME_BYTES (1ull << 20)

struct frame {
	__u64 bp, ret;
};

/* This thread's room for a stack, NULL when there are too many threads. */
static __always_inline struct abi_stack *stack_scratch(void)
{
	static const struct abi_stack empty;
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct abi_stack *s = bpf_map_lookup_elem(&scratch, &tid);

	if (s)
		return s;
	bpf_map_update_elem(&scratch, &tid, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&scratch, &tid);
}

static __always_inline int in_cgocallback(__u64 pc)
{
	return pc - cfg.unwind.cgocallback < cfg.unwind.cgocallback_size;
}

static __always_inline int read_frame(__u64 bp, struct frame *f)
{
	return bpf_probe_read_user(f, sizeof(*f), (void *)bp);
}

/* Whether next can be the frame of the caller of the one at bp, on the same stack. */
static __always_inline int is_above(__u64 next, __u64 bp)
{
	return next - bp - 1 < MAX_FRAME_BYTES;
}

/*
 * The loops are global functions, of numbers only: the verifier looks at each once, for all calls,
 * and does not carry every way out of one loop into the next.
 */
#define LOOP __weak __noinline

/*
 * Puts the return addresses of the frames from bp on behind the first n of this thread's stack; how
 * many there are then.
 */
LOOP __u32 append_frames(__u64 bp, __u32 n)
{
	struct abi_stack *s = stack_scratch();
	struct frame f;

	for (__u32 i = 0; s && i < ABI_MAX_DEPTH; i++) {
		asm volatile("" : "+r"(n)); /* keeps the check and what it allows together */
		if (n >= ABI_MAX_DEPTH || read_frame(bp, &f))
			break;
		s->pc[n] = f.ret;
		n++;
		if (!is_above(f.bp, bp))
			break;
		bp = f.bp;
	}
	return n;
}

/* The frame that returns into cgocallback, 0: none. */
LOOP __u64 find_callback(__u64 bp)
{
	struct frame f;

	for (__u32 i = 0; i < ABI_MAX_DEPTH; i++) {
		if (read_frame(bp, &f))
			break;
		if (in_cgocallback(f.ret))
			return bp;
		if (!is_above(f.bp, bp))
			break;
		bp = f.bp;
	}
	return 0;
}

/* Where this thread's stack of n addresses comes back from C, ABI_MAX_DEPTH: nowhere. */
LOOP __u32 callback_at(__u32 n)
{
	struct abi_stack *s = stack_scratch();

	for (__u32 i = 0; s && i < ABI_MAX_DEPTH; i++) {
		if (i >= n)
			break;
		if (in_cgocallback(s->pc[i]))
			return i;
	}
	return ABI_MAX_DEPTH;
}

static __always_inline int in_cgocall(__u64 pc)
{
	return pc - cfg.unwind.cgocall < cfg.unwind.cgocall_size;
}

/*
 * The goroutine's stack at the place where asmcgocall was called, given the frame that returns into
 * cgocallback: the address of the return address into cgocall, 0 when C called first.
 */
static __always_inline __u64 find_cgocall(__u64 fa)
{
	__u64 sched_sp = fa + 16 + cfg.unwind.cgocallback_frame + 8;

	if (in_cgocall(read_u64(sched_sp)))
		return sched_sp;
	return in_cgocall(read_u64(sched_sp + 8)) ? sched_sp + 8 : 0;
}

/*
 * For a stack with a call back from C at s->pc[at]: walks C's part anew, on C's stack only, and
 * puts the goroutine's outer part behind it. From Go 1.21 on crosscall2 saves rbp twice, as every
 * function and for C, and where the second frame should have a return address it has rbp again:
 * that one is left out. (It may be any value of C's; each would make another stack.)
 */
static __always_inline void add_cgo_caller(struct abi_stack *s, __u64 bp, __u32 at)
{
	__u64 fa = find_callback(bp), slot;
	struct frame cgocallback;
	__u32 n = at + 1;

	if (!fa || n >= ABI_MAX_DEPTH || read_frame(read_u64(fa), &cgocallback))
		return;
	s->pc[n] = cgocallback.ret;
	bp = cgocallback.bp;
	n = append_frames(cfg.unwind.crosscall2_twice ? read_u64(bp) : bp, n + 1);
	s->n = n;
	slot = find_cgocall(fa);
	if (!slot || n >= ABI_MAX_DEPTH)
		return;
	s->pc[n] = read_u64(slot);
	/* cgocall saves rbp right below its own return address. */
	s->n = append_frames(slot + cfg.unwind.cgocall_frame, n + 1);
	s->outer = s->n - n;
}

/* The goroutine on whose behalf the thread is on g0's stack; 0: on none's, or g is not g0. */
static __always_inline __u64 goroutine_of_g0(__u64 g)
{
	__u64 m = read_u64(g + cfg.g_m);

	return m && read_u64(m) == g ? read_u64(m + cfg.m_curg) : 0; /* m.g0 comes first in m */
}

/* On a system stack: puts behind s where the goroutine was when it left its own. */
static __always_inline void add_goroutine(struct abi_stack *s, __u64 g)
{
	__u64 sched = g + cfg.unwind.g_sched;
	__u32 n = s->n;

	if (n >= ABI_MAX_DEPTH - 2)
		return;
	s->pc[n] = read_u64(sched + 8);
	s->pc[n + 1] = read_u64(read_u64(sched));
	s->n = append_frames(read_u64(g + cfg.unwind.g_sched_bp), n + 2);
	s->outer = s->n - n;
}

#endif
