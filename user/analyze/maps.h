/* SPDX-License-Identifier: Apache-2.0 */
/* Maps: who writes to them, from where, and how they grow. */
#ifndef MAPPROBE_ANALYZE_MAPS_H
#define MAPPROBE_ANALYZE_MAPS_H

#include "analyze/build.h"
#include "analyze/estimate.h"
#include "analyze/goids.h"
#include "analyze/result.h"
#include "analyze/strings.h"
#include "base/u64map.h"
#include "base/vec.h"
#include "record/event.h"

struct growth {
	uint64_t time_ns, goid;
	uint32_t tid;
	uint64_t old_capacity, new_capacity;
	const char *kind;
	uint32_t stack;
};

/* Hits per window, summed up as their squares: the spread of one map's rate. */
struct map_spread {
	uint32_t window; /* the one being counted */
	uint32_t n;	 /* hits in it */
	double squares;	 /* of the windows before it */
};

struct map {
	uint64_t addr, type;
	uint32_t older; /* the map of another type that was at this address before, index + 1 */
	bool length_known, capacity_known;
	uint64_t length, capacity;
	bool read;			   /* an EVENT_MAP_STATE has come, and no later hit since */
	uint64_t read_ns;		   /* the latest one's time */
	uint64_t readings, changes, grown; /* see result_map */
	uint64_t first_length, first_capacity, read_length, read_capacity;
	uint64_t always[RESULT_MAP_OPS], inside[RESULT_MAP_OPS];
	struct map_spread spread[RESULT_MAP_OPS];
	uint64_t evacuations;
	struct goids writers;
	VEC(struct growth) growths;
	uint32_t latest_site; /* index in maps.sites + 1; the others follow by map_site.older */
};

/* One stack's hits on one map. */
struct map_site {
	uint32_t stack; /* stacks_ref's */
	uint32_t older; /* of the same map, index + 1 */
	uint64_t always[RESULT_MAP_OPS], inside[RESULT_MAP_OPS];
};

struct maps {
	struct u64map by_addr; /* index of the latest at the address */
	VEC(struct map) all;
	struct u64map site_of; /* map index << 32 | stack -> index in sites */
	VEC(struct map_site) sites;
	struct u64map type_name; /* address of the type -> index in names */
	VEC(const char *) names;
	uint64_t seen[RESULT_MAP_OPS]; /* hits of all maps so far */
};

void maps_deinit(struct maps *m);
int maps_type(struct maps *m, struct strings *strings, const struct event_rtype *v);
void maps_state(struct maps *m, const struct event_map_state *v);
/* A hit of one of the map events; stack from stacks_ref. 0 or -ENOMEM. */
int maps_hit(struct maps *m, enum abi_event event, const struct abi_hit *hit, uint32_t stack,
	     bool swiss);
/*
 * Fills in the result's maps and the counts of their operations. end: NULL while the session goes
 * on.
 */
int maps_result(const struct maps *m, const struct event_end *end, struct build *b);

#endif
