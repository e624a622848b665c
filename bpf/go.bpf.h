/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Go in registers and memory. ABIInternal (every Go function since 1.17): integer arguments in AX
 * BX CX DI SI R8, R14 is the current g. On the system stack that is g0; the user goroutine is
 * g.m.curg.
 */
#ifndef MAPPROBE_GO_BPF_H
#define MAPPROBE_GO_BPF_H

#include "maps.bpf.h"

/* A word of the target's memory, 0 where it cannot be read. */
static __always_inline __u64 read_u64(__u64 addr)
{
	__u64 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)addr);
	return v;
}

/*
 * The barrier keeps clang from folding the cases into one load at a computed offset of the context,
 * which the verifier refuses.
 */
#define REG_CASE(name, field)                                                                      \
	case ABI_REG_##name:                                                                       \
		v = ctx->field;                                                                    \
		asm volatile("" : "+r"(v));                                                        \
		break

static __always_inline __u64 reg(struct pt_regs *ctx, __u8 r)
{
	__u64 v = 0;

	switch (r) {
		REG_CASE(AX, ax);
		REG_CASE(BX, bx);
		REG_CASE(CX, cx);
		REG_CASE(DI, di);
		REG_CASE(SI, si);
		REG_CASE(R8, r8);
	}
	return v;
}

/* The goroutine's id, 0 on a thread that runs none. */
static __always_inline __u64 goid(struct pt_regs *ctx, __u8 flags)
{
	__u64 g = ctx->r14;

	if (flags & ABI_SITE_ON_G0) {
		__u64 m = read_u64(g + cfg.g_m);

		g = m ? read_u64(m + cfg.m_curg) : 0;
	}
	return g ? read_u64(g + cfg.g_goid) : 0;
}

#endif
