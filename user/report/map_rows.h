/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maps as the text report lists them. A server makes maps by the thousand, each of which lives
 * for a request: one by one they say nothing. Where there are more than a few, those that are
 * written much or by several goroutines have rows of their own, the others share one for each type.
 */
#ifndef MAPPROBE_REPORT_MAP_ROWS_H
#define MAPPROBE_REPORT_MAP_ROWS_H

#include "analyze/result.h"
#include "base/vec.h"

struct map_row {
	const struct result_map *most; /* the map; of several the one with most writes */
	const struct result_map *longest;
	size_t maps;
	struct result_count ops[RESULT_MAP_OPS]; /* sums */
	uint64_t goroutines;			 /* of one map at most */
};

struct map_rows {
	VEC(struct map_row) list; /* most writes first */
	VEC(uint32_t) row_of;	  /* by index in result.maps, index in list */
};

/* ret is to be all zero. 0 or -ENOMEM. */
int map_rows_of(const struct result *r, struct map_rows *ret);
void map_rows_deinit(struct map_rows *m);
/* The writes of all kinds, as counted or estimated. */
double map_writes(const struct result_count ops[RESULT_MAP_OPS]);
/* "" when the type is not known. */
const char *map_type(const struct result_map *m);
/* Growths: not fewer than those that showed in the map's own memory. */
struct result_count map_growths(const struct result_map *m);
/* The same of all maps. */
struct result_count map_all_growths(const struct result *r);

#define _cleanup_map_rows_ __attribute__((cleanup(map_rows_deinit)))

#endif
