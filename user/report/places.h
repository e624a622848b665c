/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places: lines of code. The result has rows for each stack; a reader asks for the lines, and a
 * recursive program comes to one of them by hundreds of stacks, a literal in one line by dozens of
 * calls. The lists here are in the order of what they say most of.
 */
#ifndef MAPPROBE_REPORT_PLACES_H
#define MAPPROBE_REPORT_PLACES_H

#include "analyze/result.h"
#include "base/u64map.h"
#include "base/vec.h"
#include "report/frames.h"

/* The sites of a map (or of several) whose stacks start in one line. */
struct place {
	struct frame line; /* all zero: the stacks were lost */
	uint32_t stack;	   /* the one with most counts */
	double most;	   /* counts of that one */
	size_t order, stacks;
	uint64_t hits[RESULT_MAP_OPS];
	double count[RESULT_MAP_OPS];
};

struct places {
	VEC(struct place) list; /* that changed the map, most changes first */
	struct u64map index;	/* hash of the line -> index in list */
};

/* Adds the sites of m to p, which is all zero at first. 0 or -ENOMEM. */
int places_add(struct places *p, const struct result *r, const struct result_map *m);
/* Sorts the list; nothing can be added any more. */
void places_sort(struct places *p);
/* Both, of one map. */
int places_of(const struct result *r, const struct result_map *m, struct places *ret);
void places_deinit(struct places *p);
/* Assigns, deletes and clears. */
double place_changes(const struct place *p);

#define _cleanup_places_ __attribute__((cleanup(places_deinit)))

#endif
