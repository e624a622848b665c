/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has begun and not ended: by goroutine (or thread), a stack of at most OPENS_DEPTH entries,
 * since a wait may lie inside another one.
 */
#ifndef MAPPROBE_ANALYZE_OPENS_H
#define MAPPROBE_ANALYZE_OPENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/u64map.h"
#include "base/vec.h"
#include "bpf/abi.h"

#define OPENS_DEPTH 8
#define OPENS_NONE  UINT32_MAX

struct open {
	uint64_t time_ns;
	uint64_t arg[2];
	uint32_t stack;	 /* stacks_ref's */
	uint32_t cycle;	 /* GC cycle it belongs to */
	uint32_t cycles; /* of drains and assists: how many cycles had started */
	uint16_t site, window;
	uint32_t below; /* the one it lies in, or the next free one */
};

struct opens {
	struct u64map top; /* key -> index of the innermost */
	VEC(struct open) all;
	uint32_t free;	 /* index + 1 of an unused one, 0: none */
	size_t n;	 /* open now */
	size_t enough;	 /* of them to look through all */
	uint16_t window; /* the latest one that a hit was in, see waits_expire */
};

static inline void opens_deinit(struct opens *o)
{
	u64map_deinit(&o->top);
	vec_deinit(&o->all);
}

/* The key of a hit's goroutine; of its thread where there is no goroutine. */
static inline uint64_t opens_goroutine(const struct abi_hit *hit)
{
	return hit->goid ? hit->goid : 1ull << 63 | hit->tid;
}

/* The innermost of key, or NULL; valid until the next push. */
struct open *opens_top(const struct opens *o, uint64_t key);
/* The one that v lies in, or NULL. */
struct open *opens_below(const struct opens *o, const struct open *v);
/* How many lie open for key. */
unsigned int opens_depth(const struct opens *o, uint64_t key);
/* Opens v inside the others of key; 0 or -ENOMEM. */
int opens_push(struct opens *o, uint64_t key, struct open v);
/* Closes the innermost of key, which exists. */
void opens_pop(struct opens *o, uint64_t key);
/*
 * Closes those of key that are stale, and what they lie in, which is older still. When many have
 * come to be open, does so for all keys: most of those that will not be closed never come back.
 * That is seldom enough to be paid for by what was opened meanwhile. Returns how many.
 */
uint64_t opens_expire(struct opens *o, uint64_t key,
		      bool (*stale)(const struct open *v, const void *ctx), const void *ctx);

#endif
