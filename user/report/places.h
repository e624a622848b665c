/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places that write a map. The result has a site for each stack; a reader asks for the lines of
 * code, and a recursive program comes to one of them by hundreds of stacks.
 */
#ifndef MAPPROBE_REPORT_PLACES_H
#define MAPPROBE_REPORT_PLACES_H

#include "analyze/result.h"
#include "base/vec.h"

/* The sites of a map whose stacks start at one call. */
struct place {
	uint64_t pc;	/* its return address, 0: the stacks were lost */
	uint32_t stack; /* the one with most counts */
	size_t stacks;
	uint64_t hits[RESULT_MAP_OPS];
	double count[RESULT_MAP_OPS];
};

struct places {
	VEC(struct place) list; /* that changed the map, most changes first */
};

/* ret is to be all zero. 0 or -ENOMEM. */
int places_of(const struct result *r, const struct result_map *m, struct places *ret);
void places_deinit(struct places *p);
/* Assigns, deletes and clears. */
double place_changes(const struct place *p);

#define _cleanup_places_ __attribute__((cleanup(places_deinit)))

#endif
