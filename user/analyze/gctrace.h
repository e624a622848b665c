/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime itself says of a GC cycle, from what was read of its memory. */
#ifndef MAPPROBE_ANALYZE_GCTRACE_H
#define MAPPROBE_ANALYZE_GCTRACE_H

#include <stdbool.h>

#include "analyze/result.h"
#include "bpf/abi.h"

/* False: something was not read, or the cycle was not over. */
bool gctrace_of(const struct abi_gc_cycle *c, struct result_gctrace *ret);

#endif
