// SPDX-License-Identifier: GPL-2.0-only
/* The garbage collector: cycles, phases, workers, assists, and every stop of the world. */
#include "emit.bpf.h"

SEC("uprobe")
int on_gc(struct pt_regs *ctx)
{
	struct passage p;

	if (!passage_begin(ctx, &p))
		return 0;
	p.arg[0] = reg(ctx, p.site.reg[0]);
	if (cfg.heap_live && (p.site.event == ABI_GC_START || p.site.event == ABI_GC_END))
		p.arg[1] = read_u64(cfg.heap_live);
	passage_end(ctx, &p);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
