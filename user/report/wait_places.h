/* SPDX-License-Identifier: Apache-2.0 */
/* Waits, of locks or assists, by the line of code that waited. */
#ifndef MAPPROBE_REPORT_WAIT_PLACES_H
#define MAPPROBE_REPORT_WAIT_PLACES_H

#include "analyze/result.h"
#include "base/vec.h"
#include "report/frames.h"

/* Those of one kind by one line, on whatever stacks, for whatever locks. */
struct wait_place {
	const char *kind;
	struct frame line;
	uint32_t stack; /* the one that waited longest */
	uint64_t longest_ns;
	size_t order, rows, locks; /* locks: different addresses */
	uint64_t addr;		   /* of one of them, 0: none */
	uint64_t n, sum_ns, max_ns;
	uint64_t goroutines; /* that many at least; exact when there is one row */
};

struct wait_places {
	VEC(struct wait_place) list; /* longest first */
};

/* ret is to be all zero. 0 or -ENOMEM. */
int wait_places_of(const struct result *r, const struct result_wait *w, size_t n,
		   struct wait_places *ret);
void wait_places_deinit(struct wait_places *p);

#define _cleanup_wait_places_ __attribute__((cleanup(wait_places_deinit)))

#endif
