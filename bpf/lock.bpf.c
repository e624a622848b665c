// SPDX-License-Identifier: GPL-2.0-only
/* Waits for locks: the address of the lock or semaphore, and what kind it is. */
#include "emit.bpf.h"

SEC("uprobe")
int on_lock(struct pt_regs *ctx)
{
	struct passage p;

	if (!passage_begin(ctx, &p))
		return 0;
	p.arg[0] = reg(ctx, p.site.reg[0]);
	p.arg[1] = p.site.constant;
	passage_end(ctx, &p);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
