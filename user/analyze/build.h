/* SPDX-License-Identifier: Apache-2.0 */
/* A result in the making: where its memory comes from, its stacks, what the session was. */
#ifndef MAPPROBE_ANALYZE_BUILD_H
#define MAPPROBE_ANALYZE_BUILD_H

#include "analyze/arena.h"
#include "analyze/estimate.h"
#include "analyze/result.h"
#include "analyze/stacks.h"

struct build {
	struct result *r;
	struct arena mem;
	struct stack_table stacks;
	const struct sites *sites;
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
	uint64_t unmatched;
};

/* From CLOCK_MONOTONIC to the session's time; 0 before its start. */
static inline uint64_t build_at(const struct build *b, uint64_t time_ns)
{
	return time_ns > b->start_ns ? time_ns - b->start_ns : 0;
}

/* Times of different threads may be out of order: never negative. */
static inline uint64_t elapsed_ns(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? to_ns - from_ns : 0;
}

static inline void add_ns(uint64_t *sum, uint64_t ns)
{
	if (__builtin_add_overflow(*sum, ns, sum))
		*sum = UINT64_MAX;
}

#endif
