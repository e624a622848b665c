/* SPDX-License-Identifier: Apache-2.0 */
/* Makes whole stacks of what the kernel side found, and says where each ends. */
#ifndef MAPPROBE_TRACE_UNWIND_H
#define MAPPROBE_TRACE_UNWIND_H

#include "base/u64map.h"
#include "bpf/abi.h"
#include "target/module.h"
#include "target/target.h"

struct unwinder {
	const struct target *target; /* borrowed */
	struct abi_unwind config;    /* what the kernel side needs to know of this process */
	struct modules *modules;     /* NULL until one is needed */
	struct u64map kinds;	     /* of return addresses, enum kind */
};

void unwinder_init(struct unwinder *u, const struct target *t);
void unwinder_deinit(struct unwinder *u);
/* *ret is the stack of *raw for the stream: see struct abi_stack. 0 or -ENOMEM. */
int unwinder_finish(struct unwinder *u, const struct abi_stack *raw, struct abi_stack *ret,
		    struct err *e);
/* What is known of a return address outside Go; false: nothing. */
bool unwinder_module_code(struct unwinder *u, uint64_t pc, struct module_code *ret);

#endif
