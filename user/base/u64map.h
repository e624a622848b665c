/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from uint64_t to uint64_t (open addressing): addresses, goroutines, stack ids. */
#ifndef MAPPROBE_BASE_U64MAP_H
#define MAPPROBE_BASE_U64MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct u64map_slot {
	uint64_t key, value;
	bool used;
};

struct u64map {
	struct u64map_slot *slots; /* cap of them; NULL while empty */
	size_t cap, len;
};

void u64map_deinit(struct u64map *m);
/* The value of key, or NULL. Valid until the next put or del. */
uint64_t *u64map_get(const struct u64map *m, uint64_t key);
/* Sets key to value; 0 or -ENOMEM (then nothing has changed). */
int u64map_put(struct u64map *m, uint64_t key, uint64_t value);
/* Forgets key; false when it was not there. */
bool u64map_del(struct u64map *m, uint64_t key);

/* Mixes b into a: for keys made of several words. */
uint64_t u64_mix(uint64_t a, uint64_t b);

#endif
