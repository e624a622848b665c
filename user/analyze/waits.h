/* SPDX-License-Identifier: Apache-2.0 */
/* Time that passed between a beginning and an end, added up by kind, address and stack. */
#ifndef MAPPROBE_ANALYZE_WAITS_H
#define MAPPROBE_ANALYZE_WAITS_H

#include "analyze/build.h"
#include "analyze/estimate.h"
#include "analyze/goids.h"
#include "analyze/opens.h"
#include "base/u64map.h"
#include "base/vec.h"

struct wait {
	const char *kind;
	uint64_t addr;
	uint32_t stack; /* stacks_ref's */
	uint32_t next;	/* of the same hash, index + 1 */
	uint64_t n, sum_ns, max_ns;
	struct goids goids;
};

struct waits {
	struct u64map by_hash; /* index of the first with it */
	VEC(struct wait) all;
};

void waits_deinit(struct waits *w);
/* Adds one wait; kind is a string that stays, the same one for the same kind. 0 or -ENOMEM. */
int waits_add(struct waits *w, const char *kind, uint64_t addr, uint32_t stack, uint64_t goid,
	      uint64_t ns);
/* The waits as the result has them, longest first. */
int waits_result(const struct waits *w, struct build *b, struct result_wait **ret, size_t *n);

/*
 * Whether the hit may be the end of what v began. Not when both were seen in windows, in different
 * ones: then an end and another beginning may lie unseen between them. The same when v's site was
 * always armed then and is windowed now.
 */
bool waits_same(const struct sites *s, const struct open *v, const struct abi_hit *end);
/* What is too old: began before a time, and when fewer cycles of the GC had started. */
struct waits_age {
	uint64_t cycles, before_ns;
};

/*
 * Closes what is too old, and what the end of the latest window that a hit was in has cut off: of
 * the hit's key, and of others as opens_expire does. Returns how many.
 */
uint64_t waits_expire(struct opens *o, const struct sites *s, uint64_t key,
		      const struct abi_hit *hit, struct waits_age age);

/*
 * How many lie in no other one: of the count of all, of which begun were seen, nested of them
 * inside another.
 */
struct result_count waits_outermost(struct result_count all, uint64_t begun, uint64_t nested);

#endif
