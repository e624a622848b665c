// SPDX-License-Identifier: Apache-2.0
#include "analyze/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define CHUNK_BYTES (64u << 10)
#define ALIGNMENT   16

struct arena_chunk {
	struct arena_chunk *older;
	size_t used, cap;
	_Alignas(ALIGNMENT) uint8_t data[];
};

void arena_deinit(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->older;
		free(c);
	}
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	struct arena_chunk *c = a->chunks;
	size_t bytes, cap;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!c || bytes > c->cap - c->used) {
		cap = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
		c = calloc(1, sizeof(*c) + cap);
		if (!c)
			return NULL;
		c->cap = cap;
		c->older = a->chunks;
		a->chunks = c;
	}
	p = c->data + c->used;
	c->used += bytes;
	return p;
}
