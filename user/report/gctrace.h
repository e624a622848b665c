/* SPDX-License-Identifier: Apache-2.0 */
/* The line that GODEBUG=gctrace=1 prints of a GC cycle. */
#ifndef MAPPROBE_REPORT_GCTRACE_H
#define MAPPROBE_REPORT_GCTRACE_H

#include "analyze/result.h"

struct gctrace_line {
	char s[512]; /* without the newline */
};

struct gctrace_line gctrace_line(const struct result_gctrace *g);

#endif
