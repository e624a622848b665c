// SPDX-License-Identifier: Apache-2.0
/* The result's maps: counts per map and per writer, sorted. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/maps.h"

static const uint32_t op_events[RESULT_MAP_OPS] = {
	[RESULT_ASSIGN] = EVENT_BIT(ABI_MAP_ASSIGN),
	[RESULT_DELETE] = EVENT_BIT(ABI_MAP_DELETE),
	[RESULT_CLEAR] = EVENT_BIT(ABI_MAP_CLEAR),
	[RESULT_GROW] = EVENT_BIT(ABI_MAP_GROW) | EVENT_BIT(ABI_MAP_GROW_SMALL) |
			EVENT_BIT(ABI_MAP_GROW_TABLE) | EVENT_BIT(ABI_MAP_SPLIT),
};

struct ranked {
	double writes;
	uint64_t addr, type;
	const struct map *map;
	struct result_count ops[RESULT_MAP_OPS];
};

static int by_writes(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->writes != y->writes)
		return x->writes > y->writes ? -1 : 1;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->type > y->type) - (x->type < y->type);
}

static int by_stack(const void *a, const void *b)
{
	const struct result_map_site *x = a, *y = b;

	return (x->stack > y->stack) - (x->stack < y->stack);
}

static int by_count(const void *a, const void *b)
{
	const struct result_map_site *x = a, *y = b;
	double n = 0, m = 0;

	for (int op = 0; op < RESULT_MAP_OPS; op++) {
		n += x->count[op];
		m += y->count[op];
	}
	if (n != m)
		return n > m ? -1 : 1;
	return by_stack(a, b);
}

/* Adds the sites with the same stack up; they lie beside each other. Returns how many are left. */
static size_t merge(struct result_map_site *s, size_t n)
{
	size_t kept = 0;

	for (size_t i = 1; i < n; i++) {
		if (s[i].stack != s[kept].stack) {
			s[++kept] = s[i];
			continue;
		}
		for (int op = 0; op < RESULT_MAP_OPS; op++) {
			s[kept].hits[op] += s[i].hits[op];
			s[kept].count[op] += s[i].count[op];
		}
	}
	return n ? kept + 1 : 0;
}

static int build_sites(const struct maps *m, const struct map *map, const struct scale *scale,
		       struct build *b, struct result_map *ret)
{
	struct result_map_site *sites;
	size_t n = 0;

	for (uint32_t i = map->latest_site; i; i = m->sites.data[i - 1].older)
		n++;
	sites = arena_array(&b->mem, n, sizeof(*sites));
	if (!sites)
		return -ENOMEM;
	/* The oldest first: stacks are numbered in the order of the stream. */
	ret->nsites = n;
	for (uint32_t i = map->latest_site; i; i = m->sites.data[i - 1].older) {
		const struct map_site *from = &m->sites.data[i - 1];
		struct result_map_site *to = &sites[--n];

		to->stack = from->stack;
		for (int op = 0; op < RESULT_MAP_OPS; op++) {
			to->hits[op] = from->always[op] + from->inside[op];
			to->count[op] = (double)from->always[op] * scale[op].always +
					(double)from->inside[op] * scale[op].inside;
		}
	}
	for (size_t i = 0; i < ret->nsites; i++)
		if (stack_table_get(&b->stacks, sites[i].stack, true, &sites[i].stack))
			return -ENOMEM;
	qsort(sites, ret->nsites, sizeof(*sites), by_stack);
	ret->nsites = merge(sites, ret->nsites);
	qsort(sites, ret->nsites, sizeof(*sites), by_count);
	ret->sites = sites;
	return 0;
}

static int build_growths(const struct map *map, struct build *b, struct result_map *ret)
{
	ret->ngrowths = map->growths.len;
	ret->growths = arena_array(&b->mem, ret->ngrowths, sizeof(*ret->growths));
	if (!ret->growths)
		return -ENOMEM;
	for (size_t i = 0; i < ret->ngrowths; i++) {
		const struct growth *from = &map->growths.data[i];
		struct result_growth *to = &ret->growths[i];

		to->at_ns = build_at(b, from->time_ns);
		to->goid = from->goid;
		to->tid = from->tid;
		to->kind = from->kind;
		to->old_capacity = from->old_capacity;
		to->new_capacity = from->new_capacity;
		if (stack_table_get(&b->stacks, from->stack, true, &to->stack))
			return -ENOMEM;
	}
	return 0;
}

/* The state is that of the session's end: the tracer reads every map that still lives then. */
static bool is_live_state(const struct map *map, const struct event_end *end)
{
	return map->read && end && map->read_ns >= end->time_ns;
}

static int build_map(const struct maps *m, const struct ranked *from, const struct scale *scale,
		     const struct event_end *end, struct build *b, struct result_map *ret)
{
	const struct map *map = from->map;
	const uint64_t *name = u64map_get(&m->type_name, map->type);

	*ret = (struct result_map){
		.addr = map->addr,
		.type = name ? m->names.data[*name] : "",
		.length_known = map->length_known,
		.capacity_known = map->capacity_known,
		.length = map->length,
		.capacity = map->capacity,
		.live_state = is_live_state(map, end),
		.readings = map->readings,
		.changes = map->changes,
		.first_length = map->first_length,
		.first_capacity = map->first_capacity,
		.grown = map->grown,
		.evacuations = map->evacuations,
		.ngoroutines = map->writers.n,
	};
	for (int op = 0; op < RESULT_MAP_OPS; op++) {
		ret->ops[op] = from->ops[op];
		ret->hits[op] = from->ops[op].hits;
	}
	if (build_sites(m, map, scale, b, ret))
		return -ENOMEM;
	return build_growths(map, b, ret);
}

static struct ranked rank(const struct map *map, const struct scale *scale)
{
	struct ranked r = { .addr = map->addr, .type = map->type, .map = map };

	for (int op = 0; op < RESULT_MAP_OPS; op++) {
		const struct map_spread *s = &map->spread[op];

		r.ops[op] = estimate_part(&scale[op], map->always[op], map->inside[op],
					  s->squares + (double)s->n * s->n);
		if (op != RESULT_GROW)
			r.writes += r.ops[op].value;
	}
	return r;
}

int maps_result(const struct maps *m, const struct event_end *end, struct build *b)
{
	struct scale scale[RESULT_MAP_OPS];
	struct result *r = b->r;
	struct ranked *ranked = arena_array(&b->mem, m->all.len, sizeof(*ranked));

	r->maps = arena_array(&b->mem, m->all.len, sizeof(*r->maps));
	if (!ranked || !r->maps)
		return -ENOMEM;
	for (int op = 0; op < RESULT_MAP_OPS; op++)
		r->map_ops[op] = estimate_count(b->sites, op_events[op], b->end_ns, &scale[op]);
	r->evacuations = estimate_count(b->sites, EVENT_BIT(ABI_MAP_EVACUATE), b->end_ns, NULL);
	for (size_t i = 0; i < m->all.len; i++)
		ranked[i] = rank(&m->all.data[i], scale);
	qsort(ranked, m->all.len, sizeof(*ranked), by_writes);
	for (r->nmaps = 0; r->nmaps < m->all.len; r->nmaps++)
		if (build_map(m, &ranked[r->nmaps], scale, end, b, &r->maps[r->nmaps]))
			return -ENOMEM;
	return 0;
}
