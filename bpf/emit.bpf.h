/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a passed site to a record in the ring buffer: which site, does it count, its stack, its
 * record; and the count of everything that got lost on the way.
 */
#ifndef MAPPROBE_EMIT_BPF_H
#define MAPPROBE_EMIT_BPF_H

#include "bpf/cond.h"
#include "unwind.bpf.h"

/* One thread passing one site. */
struct passage {
	struct abi_site site;
	struct abi_counter *count;
	__u32 index;
	__u32 window;
	__u64 arg[3];
};

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* The index of the site at which this thread stands; ABI_MAX_SITES: none of ours. */
static __always_inline __u32 site_index(struct pt_regs *ctx)
{
	__u64 ip = ctx->ip;
	__u32 *index;

	if (cfg.have_cookie)
		return bpf_get_attach_cookie(ctx);
	index = bpf_map_lookup_elem(&site_by_ip, &ip);
	return index ? *index : ABI_MAX_SITES;
}

/*
 * Whether this thread is of the target. A perf event's program also runs for other processes that
 * run the same binary, and knows them by the numbers of the initial PID namespace, which need not
 * be ours: so they are told apart by the numbers that they have for themselves.
 */
static __always_inline int in_target_process(void)
{
	struct bpf_pidns_info id;

	return !bpf_get_ns_current_pid_tgid(cfg.pidns_dev, cfg.pidns_ino, &id, sizeof(id)) &&
	       id.tgid == cfg.tgid;
}

/* Whether this passage counts; if so it is counted and *p is ready for its arguments. */
static __always_inline int passage_begin(struct pt_regs *ctx, struct passage *p)
{
	__u32 index = site_index(ctx);

	if (cfg.tgid && !in_target_process())
		return 0;
	if (index >= ABI_MAX_SITES)
		return 0;
	p->index = index;
	p->site = sites[index];
	p->count = bpf_map_lookup_elem(&counters, &p->index);
	if (!p->count)
		return 0;
	p->window = p->site.flags & ABI_SITE_WINDOWED ? *(volatile __u32 *)&window : 0;
	if (!*(volatile __u32 *)&active ||
	    (p->site.cond != ABI_COND_NONE && !cond_holds(ctx->flags, p->site.cond)) ||
	    (p->site.flags & ABI_SITE_WINDOWED && !p->window)) {
		count(&p->count->outside);
		return 0;
	}
	count(&p->count->hits);
	p->arg[0] = p->arg[1] = p->arg[2] = 0;
	return 1;
}

/* Wakes the reader once when enough lies there; it also looks by itself from time to time. */
static __always_inline __u64 wakeup(void)
{
	__u64 avail = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) - cfg.wakeup_bytes;

	return avail < 4096 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/*
 * Fills s with the callers of the probed function: the kernel's user stack without its first
 * address, which is the site's own. Where the kernel leaves the direct caller out, that one takes
 * the place of the site's. Returns the number of callers, 0: none could be had.
 */
static __always_inline __u32 stack_fill(struct pt_regs *ctx, __u8 flags, struct abi_stack *s)
{
	long bytes;
	__u32 n;

	if (flags & ABI_SITE_CALLER_AT_RSP) {
		bytes = bpf_get_stack(ctx, s->pc, sizeof(s->pc), BPF_F_USER_STACK);
		if (bytes < 8 || bytes > sizeof(s->pc))
			return 0;
		n = bytes / 8;
		s->pc[0] = read_u64(ctx->sp);
	} else {
		/* The first address lands on n, flags and outer, which are written afterwards. */
		bytes = bpf_get_stack(ctx, &s->n, 8 + sizeof(s->pc), BPF_F_USER_STACK);
		if (bytes < 16 || bytes > 8 + sizeof(s->pc))
			return 0;
		n = bytes / 8 - 1;
	}
	s->n = n;
	s->flags = bytes / 8 >= ABI_MAX_DEPTH ? ABI_STACK_DEEPER : 0;
	s->outer = 0;
	return n;
}

/* Adds what a change of stacks has hidden; the number of addresses then. */
static __always_inline __u32 stack_complete(struct pt_regs *ctx, __u8 flags, struct abi_stack *s,
					    __u32 n)
{
	__u64 g = flags & ABI_SITE_ON_G0 ? goroutine_of_g0(ctx->r14) : 0;
	__u32 at = ABI_MAX_DEPTH;

	if (cfg.unwind.cgocallback_size)
		at = callback_at(n);
	if (at < ABI_MAX_DEPTH)
		add_cgo_caller(s, g ? read_u64(g + cfg.unwind.g_sched_bp) : ctx->bp, at);
	else if (g)
		add_goroutine(s, g);
	return s->n;
}

static __always_inline __u64 stack_id(const struct abi_stack *s, __u32 n)
{
	__u64 h = n;

	for (__u32 i = 0; i < ABI_MAX_DEPTH; i++) {
		if (i >= n)
			break;
		h = (h ^ s->pc[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return h | 1;
}

/* Takes the stack, describes it in the stream if it is new; its id, 0 when that failed. */
static __noinline __u64 stack_take(struct pt_regs *ctx, __u8 flags)
{
	struct abi_stack *s = stack_scratch();
	__u8 seen = 1;
	__u32 n;
	__u64 id;

	n = s ? stack_fill(ctx, flags, s) : 0;
	if (!n || n > ABI_MAX_DEPTH)
		return 0;
	n = stack_complete(ctx, flags, s, n);
	if (n > ABI_MAX_DEPTH)
		return 0;
	id = stack_id(s, n);
	if (bpf_map_lookup_elem(&stacks_seen, &id))
		return id;
	s->type = ABI_STACK;
	s->size = 24 + 8 * n;
	s->id = id;
	if (bpf_ringbuf_output(&events, s, 24 + 8 * n, wakeup()))
		return 0;
	bpf_map_update_elem(&stacks_seen, &id, &seen, BPF_ANY);
	return id;
}

/* Puts the passage into the stream. */
static __always_inline void passage_end(struct pt_regs *ctx, struct passage *p)
{
	struct abi_hit *hit;
	__u64 stack = 0;

	if (p->site.flags & ABI_SITE_STACK) {
		stack = stack_take(ctx, p->site.flags);
		if (!stack)
			count(&p->count->stack_lost);
	}
	hit = bpf_ringbuf_reserve(&events, sizeof(*hit), 0);
	if (!hit) {
		count(&p->count->lost);
		return;
	}
	hit->type = ABI_HIT;
	hit->size = sizeof(*hit);
	hit->time_ns = bpf_ktime_get_ns();
	hit->goid = goid(ctx, p->site.flags);
	hit->tid = (__u32)bpf_get_current_pid_tgid();
	hit->site = p->index;
	hit->window = p->window;
	hit->stack = stack;
	hit->arg[0] = p->arg[0];
	hit->arg[1] = p->arg[1];
	hit->arg[2] = p->arg[2];
	bpf_ringbuf_submit(hit, wakeup());
}

#endif
