/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many different goroutines did something: a set of goroutine ids. Most are touched by one
 * goroutine only and over and over by the same one, so the first needs no table and the latest no
 * look-up. Exact up to GOIDS_MAX; there the count stands still.
 */
#ifndef MAPPROBE_ANALYZE_GOIDS_H
#define MAPPROBE_ANALYZE_GOIDS_H

#include <stdint.h>

#include "base/u64map.h"

#define GOIDS_MAX 65536

struct goids {
	uint64_t n;
	uint64_t first, latest;
	struct u64map others; /* all but the first */
};

static inline void goids_deinit(struct goids *g)
{
	u64map_deinit(&g->others);
}

/* Adds goid, 0 (a system thread) is none; 0 or -ENOMEM. */
static inline int goids_add(struct goids *g, uint64_t goid)
{
	int rc;

	if (!goid || (g->n && goid == g->latest))
		return 0;
	g->latest = goid;
	if (!g->n)
		g->first = goid;
	if (g->n && (goid == g->first || g->n >= GOIDS_MAX || u64map_get(&g->others, goid)))
		return 0;
	rc = g->n ? u64map_put(&g->others, goid, 0) : 0;
	g->n += !rc;
	return rc;
}

#endif
