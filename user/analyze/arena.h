/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is freed all at once: what belongs to the analyzer, what belongs to one result. */
#ifndef MAPPROBE_ANALYZE_ARENA_H
#define MAPPROBE_ANALYZE_ARENA_H

#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *chunks; /* newest first */
};

void arena_deinit(struct arena *a);
/* n zeroed elements of size bytes; NULL only when memory runs out, also for n = 0. */
void *arena_array(struct arena *a, size_t n, size_t size);

#endif
