// SPDX-License-Identifier: GPL-2.0-only
/* The garbage collector: cycles, phases, workers, assists, and every stop of the world. */
#include "emit.bpf.h"

/*
 * 1: the running cycle has looked for leaked goroutines. One goroutine drives a cycle. Not static:
 * clang would make a bool of it, whose size is not the one in the BTF, which the kernel then
 * refuses.
 */
__u32 leaks = 0;

/* One value of the size it has in the target; 0, or the helper's error. */
static __always_inline long read_value(__u64 *ret, const volatile struct abi_gc_value *at)
{
	void *addr = (void *)at->addr;

	*ret = 0;
	if (at->size == 8)
		return bpf_probe_read_user(ret, 8, addr);
	if (at->size == 4)
		return bpf_probe_read_user(ret, 4, addr);
	return bpf_probe_read_user(ret, 1, addr);
}

/*
 * Puts the figures of the cycle that ends into the stream; none where one cannot be read. 1: done.
 * A global function, as the loops of unwind.bpf.h and for the same reason.
 */
__weak __noinline __u32 cycle_end(void)
{
	__u64 begin = bpf_ktime_get_ns();
	struct abi_gc_cycle *c;
	__u32 have = 0;

	if (!cfg.gc_value[ABI_GCV_NUMGC].addr)
		return 0;
	c = bpf_ringbuf_reserve(&events, sizeof(*c), 0);
	if (!c)
		return 0;
	for (__u32 i = 0; i < ABI_GC_VALUES; i++) {
		__u64 v = 0;

		if (cfg.gc_value[i].addr) {
			if (read_value(&v, &cfg.gc_value[i])) {
				bpf_ringbuf_discard(c, BPF_RB_NO_WAKEUP);
				return 0;
			}
			have |= 1u << i;
		}
		c->value[i] = v;
	}
	c->type = ABI_GC_CYCLE;
	c->size = sizeof(*c);
	c->time_ns = begin;
	c->read_ns = bpf_ktime_get_ns() - begin;
	c->have = have;
	c->leaks = leaks;
	leaks = 0;
	bpf_ringbuf_submit(c, BPF_RB_NO_WAKEUP);
	return 1;
}

SEC("uprobe")
int on_gc(struct pt_regs *ctx)
{
	struct passage p;

	if (!passage_begin(ctx, &p))
		return 0;
	p.arg[0] = reg(ctx, p.site.reg[0]);
	if (cfg.heap_live && (p.site.event == ABI_GC_START || p.site.event == ABI_GC_END))
		p.arg[1] = read_u64(cfg.heap_live);
	if (p.site.event == ABI_GC_LEAKS)
		leaks = 1;
	if (p.site.event == ABI_GC_END)
		cycle_end();
	passage_end(ctx, &p);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
