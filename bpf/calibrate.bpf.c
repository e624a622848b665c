// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attached only to mapprobe's own code, at start: shows what this kernel does, and costs what a hit
 * with a stack costs.
 */
#include "emit.bpf.h"

struct abi_calibration calibration = {};

SEC("uprobe")
int on_calibrate(struct pt_regs *ctx)
{
	struct abi_stack *s = stack_scratch();

	count(&calibration.hits);
	calibration.in_process = in_target_process();
	if (cfg.have_cookie)
		calibration.cookie = bpf_get_attach_cookie(ctx);
	if (!s || !stack_fill(ctx, 0, s))
		return 0;
	calibration.caller = s->pc[0];
	calibration.stack = stack_id(s, s->n & ABI_MAX_DEPTH);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
