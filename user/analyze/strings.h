/* SPDX-License-Identifier: Apache-2.0 */
/* Every string of a stream, once: names repeat with every symbol. Equal strings, equal pointers. */
#ifndef MAPPROBE_ANALYZE_STRINGS_H
#define MAPPROBE_ANALYZE_STRINGS_H

#include <stdint.h>

#include "analyze/arena.h"
#include "base/u64map.h"
#include "base/vec.h"

struct string {
	const char *s;
	uint32_t next; /* of the same hash: index + 1, 0: none */
};

struct strings {
	struct arena mem;
	struct u64map by_hash; /* index of the first with it */
	VEC(struct string) all;
};

void strings_deinit(struct strings *t);
/* The one copy of s, valid until strings_deinit; NULL when memory runs out. */
const char *strings_intern(struct strings *t, const char *s);

#endif
