// SPDX-License-Identifier: Apache-2.0
/*
 * Maps, from their hits.
 *
 * A map is its address; when a hit at the address has another type, the memory was reused and it is
 * another map. A short-lived map whose address goes to another one of its type cannot be told from
 * it, and the two are shown as one.
 *
 * Its length and capacity are read from the target's memory now and then. A hit after that says
 * more: the length before the write, the growth. A hit from before it, which the ring buffer handed
 * over later, does not.
 *
 * The capacity of a Swiss map follows from its growth when that was seen from the first group on:
 * 8, 16, then one table that doubles up to 1024, then tables of 1024 that split
 * (internal/runtime/maps/table.go, maxTableCapacity, Go 1.24-1.27). A classic map says it itself.
 */
#include "analyze/maps.h"

#include <errno.h>

const char *const result_map_op_name[RESULT_MAP_OPS] = {
	[RESULT_ASSIGN] = "assign",
	[RESULT_DELETE] = "delete",
	[RESULT_CLEAR] = "clear",
	[RESULT_GROW] = "grow",
};

/* The operation that an event is, and what a growth of that event is called. */
static const struct {
	enum result_map_op op;
	const char *growth;
} operation[ABI_EV_MAX] = {
	[ABI_MAP_ASSIGN] = { RESULT_ASSIGN, NULL },
	[ABI_MAP_DELETE] = { RESULT_DELETE, NULL },
	[ABI_MAP_CLEAR] = { RESULT_CLEAR, NULL },
	[ABI_MAP_GROW] = { RESULT_GROW, "grow" },
	[ABI_MAP_GROW_SMALL] = { RESULT_GROW, "small" },
	[ABI_MAP_GROW_TABLE] = { RESULT_GROW, "table" },
	[ABI_MAP_SPLIT] = { RESULT_GROW, "split" },
};

void maps_deinit(struct maps *m)
{
	vec_foreach (map, &m->all) {
		goids_deinit(&map->writers);
		vec_deinit(&map->growths);
	}
	u64map_deinit(&m->by_addr);
	vec_deinit(&m->all);
	u64map_deinit(&m->site_of);
	vec_deinit(&m->sites);
	u64map_deinit(&m->type_name);
	vec_deinit(&m->names);
}

int maps_type(struct maps *m, struct strings *strings, const struct event_rtype *v)
{
	const char *name = strings_intern(strings, v->name);

	if (u64map_get(&m->type_name, v->addr))
		return 0;
	if (!name || vec_push(&m->names, name))
		return -ENOMEM;
	return u64map_put(&m->type_name, v->addr, m->names.len - 1);
}

void maps_state(struct maps *m, const struct event_map_state *v)
{
	const uint64_t *i = u64map_get(&m->by_addr, v->map);
	struct map *map = i ? &m->all.data[*i] : NULL;

	if (!map)
		return;
	if (!map->readings++) {
		map->first_length = v->length;
		map->first_capacity = v->capacity;
	} else {
		map->grown += v->capacity > map->read_capacity;
		map->changes += v->length != map->read_length || v->capacity != map->read_capacity;
	}
	map->read_length = v->length;
	map->read_capacity = v->capacity;
	map->length_known = map->capacity_known = map->read = true;
	map->read_ns = v->time_ns;
	map->length = v->length;
	map->capacity = v->capacity;
}

/* So many types are looked for at one address; more do not occur but in a forged recording. */
#define MAX_TYPES 16

/* The map at addr of that type (0: not known, then of any); made when there is none. */
static int find_map(struct maps *m, uint64_t addr, uint64_t type, uint32_t *ret)
{
	uint64_t *latest = u64map_get(&m->by_addr, addr);
	uint32_t older = latest ? (uint32_t)*latest + 1 : 0;
	unsigned int tries = 0;

	for (uint32_t i = older; i && tries < MAX_TYPES; i = m->all.data[i - 1].older, tries++) {
		struct map *map = &m->all.data[i - 1];

		if (type && map->type && map->type != type)
			continue;
		if (!map->type)
			map->type = type;
		*ret = i - 1;
		return 0;
	}
	if (vec_push(&m->all, (struct map){ .addr = addr, .type = type, .older = older }))
		return -ENOMEM;
	if (u64map_put(&m->by_addr, addr, m->all.len - 1)) {
		m->all.len--;
		return -ENOMEM;
	}
	*ret = (uint32_t)m->all.len - 1;
	return 0;
}

static int find_site(struct maps *m, uint32_t map, uint32_t stack, struct map_site **ret)
{
	uint64_t key = (uint64_t)map << 32 | stack;
	const uint64_t *i = u64map_get(&m->site_of, key);

	if (!i) {
		struct map_site site = { .stack = stack, .older = m->all.data[map].latest_site };

		if (vec_push(&m->sites, site))
			return -ENOMEM;
		if (u64map_put(&m->site_of, key, m->sites.len - 1)) {
			m->sites.len--;
			return -ENOMEM;
		}
		m->all.data[map].latest_site = (uint32_t)m->sites.len;
		*ret = &m->sites.data[m->sites.len - 1];
		return 0;
	}
	*ret = &m->sites.data[*i];
	return 0;
}

/* What the growth says about the capacity of the whole map. */
static void grow_capacity(struct map *map, enum abi_event event, uint64_t old, uint64_t new,
			  bool swiss)
{
	bool follows = map->capacity_known && (map->capacity == old || event == ABI_MAP_SPLIT);

	if (!swiss || event == ABI_MAP_GROW_SMALL || event == ABI_MAP_GROW_TABLE) {
		map->capacity_known = true;
		map->capacity = new;
	} else if (event == ABI_MAP_SPLIT && follows) {
		map->capacity += old;
	} else {
		map->capacity_known = follows;
		map->capacity = follows ? new : 0;
	}
}

static int add_growth(struct map *map, enum abi_event event, const struct abi_hit *hit,
		      uint32_t stack, bool swiss)
{
	struct growth g = {
		.time_ns = hit->time_ns,
		.goid = hit->goid,
		.tid = hit->tid,
		.old_capacity = hit->arg[2] & 0xffffffff,
		.new_capacity = hit->arg[2] >> 32,
		.kind = operation[event].growth,
		.stack = stack,
	};

	if (event == ABI_MAP_GROW && g.old_capacity == g.new_capacity)
		g.kind = "same-size";
	if (!map->read)
		grow_capacity(map, event, g.old_capacity, g.new_capacity, swiss);
	if (map->growths.len >= RESULT_MAX_GROWTHS)
		return 0;
	return vec_push(&map->growths, g);
}

/* Counts the hit in its window. */
static void spread_hit(struct map_spread *s, uint32_t window)
{
	if (s->window != window) {
		s->squares += (double)s->n * s->n;
		s->window = window;
		s->n = 0;
	}
	s->n++;
}

int maps_hit(struct maps *m, enum abi_event event, const struct abi_hit *hit, uint32_t stack,
	     bool swiss)
{
	enum result_map_op op = operation[event].op;
	struct map_site *site;
	struct map *map;
	uint32_t i;

	if (event != ABI_MAP_EVACUATE)
		m->seen[op]++;
	if (!hit->arg[0])
		return 0;
	if (find_map(m, hit->arg[0], hit->arg[1], &i))
		return -ENOMEM;
	map = &m->all.data[i];
	if (event == ABI_MAP_EVACUATE) {
		map->evacuations++;
		return 0;
	}
	if (hit->time_ns > map->read_ns)
		map->read = false;
	if (find_site(m, i, stack, &site) || goids_add(&map->writers, hit->goid))
		return -ENOMEM;
	if (hit->window) {
		map->inside[op]++;
		site->inside[op]++;
		spread_hit(&map->spread[op], hit->window);
	} else {
		map->always[op]++;
		site->always[op]++;
	}
	if (op == RESULT_GROW)
		return add_growth(map, event, hit, stack, swiss);
	if (!map->read) {
		map->length_known = true;
		map->length = op == RESULT_CLEAR ? 0 : hit->arg[2];
	}
	return 0;
}
