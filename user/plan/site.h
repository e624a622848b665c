/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The choice of probe sites in one function: where every call, or every return, passes exactly
 * once, at the least cost.
 */
#ifndef MAPPROBE_PLAN_SITE_H
#define MAPPROBE_PLAN_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/plan.h"
#include "plan/x86.h"

#define SITE_MAX 32 /* sites of one point */

struct site {
	uint32_t insn; /* index in x86_func.insns */
	enum plan_cost cost;
	uint8_t cond;	    /* see struct abi_site */
	bool caller_at_rsp; /* see struct plan_site */
	char why[96];
};

struct sites {
	struct site at[SITE_MAX];
	size_t n;
};

/*
 * The one instruction that every call executes exactly once before any of regs (bit per register
 * number, as in x86_insn.writes) is written, and before anything outside the own frame is stored.
 * -ENOTSUP: there is none.
 */
int site_entry(const struct x86_func *f, uint16_t regs, struct sites *ret, struct err *e);

/*
 * A set of sites of which every return from the function passes exactly one, after its last call.
 * short_loops: the function's loops make few rounds, so that a site in one is not passed much more
 * often than the function returns. -ENOTSUP: the function never returns, or in too many places.
 */
int site_exits(const struct x86_func *f, bool short_loops, struct sites *ret, struct err *e);

#endif
