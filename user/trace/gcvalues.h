/* SPDX-License-Identifier: Apache-2.0 */
/* Where the runtime keeps what it prints of a GC cycle with GODEBUG=gctrace=1. */
#ifndef MAPPROBE_TRACE_GCVALUES_H
#define MAPPROBE_TRACE_GCVALUES_H

#include "base/err.h"
#include "bpf/abi.h"
#include "target/target.h"

/*
 * The addresses in the process of all values that its version prints; {0} of those it does not.
 * Errors: -ENOENT: one of them is not known (which, and why).
 */
int gcvalues_find(const struct target *t, struct abi_gc_value ret[ABI_GC_VALUES], struct err *e);

#endif
