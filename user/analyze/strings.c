// SPDX-License-Identifier: Apache-2.0
#include "analyze/strings.h"

#include <string.h>

void strings_deinit(struct strings *t)
{
	arena_deinit(&t->mem);
	u64map_deinit(&t->by_hash);
	vec_deinit(&t->all);
}

static uint64_t hash(const char *s, size_t len)
{
	uint64_t h = len, word = 0;

	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&word, s, 8);
		h = u64_mix(h, word);
	}
	word = 0;
	memcpy(&word, s, len);
	return u64_mix(h, word);
}

const char *strings_intern(struct strings *t, const char *s)
{
	size_t len = strlen(s);
	uint64_t h = hash(s, len);
	uint64_t *first = u64map_get(&t->by_hash, h);
	uint32_t next = first ? (uint32_t)*first + 1 : 0;
	char *copy;

	for (uint32_t i = next; i; i = t->all.data[i - 1].next)
		if (!strcmp(t->all.data[i - 1].s, s))
			return t->all.data[i - 1].s;
	copy = arena_array(&t->mem, len + 1, 1);
	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	if (vec_push(&t->all, (struct string){ copy, next }) ||
	    u64map_put(&t->by_hash, h, t->all.len - 1))
		return NULL;
	return copy;
}
