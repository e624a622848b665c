// SPDX-License-Identifier: Apache-2.0
#include "base/u64map.h"

#include <errno.h>
#include <stdlib.h>

uint64_t u64_mix(uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ b) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	return x ^ (x >> 29);
}

void u64map_deinit(struct u64map *m)
{
	free(m->slots);
	*m = (struct u64map){ 0 };
}

/* The slot that holds key, or the free one where it would go. */
static struct u64map_slot *slot_of(const struct u64map *m, uint64_t key)
{
	size_t i = u64_mix(key, 0) & (m->cap - 1);

	while (m->slots[i].used && m->slots[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

uint64_t *u64map_get(const struct u64map *m, uint64_t key)
{
	struct u64map_slot *s;

	if (!m->slots)
		return NULL;
	s = slot_of(m, key);
	return s->used ? &s->value : NULL;
}

static int grow(struct u64map *m)
{
	struct u64map bigger = { .cap = m->cap ? m->cap * 2 : 16 };

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].used)
			*slot_of(&bigger, m->slots[i].key) = m->slots[i];
	bigger.len = m->len;
	free(m->slots);
	*m = bigger;
	return 0;
}

int u64map_put(struct u64map *m, uint64_t key, uint64_t value)
{
	struct u64map_slot *s;

	if (m->len * 4 >= m->cap * 3) {
		int rc = grow(m);

		if (rc)
			return rc;
	}
	s = slot_of(m, key);
	m->len += !s->used;
	*s = (struct u64map_slot){ .key = key, .value = value, .used = true };
	return 0;
}

bool u64map_del(struct u64map *m, uint64_t key)
{
	struct u64map_slot *s = m->slots ? slot_of(m, key) : NULL;
	size_t i;

	if (!s || !s->used)
		return false;
	s->used = false;
	m->len--;
	/* Those behind it in the same run may have been pushed on by it: put them again. */
	i = (size_t)(s - m->slots);
	for (i = (i + 1) & (m->cap - 1); m->slots[i].used; i = (i + 1) & (m->cap - 1)) {
		struct u64map_slot moved = m->slots[i];

		m->slots[i].used = false;
		*slot_of(m, moved.key) = moved;
	}
	return true;
}
