// SPDX-License-Identifier: Apache-2.0
#include "report/places.h"

#include <stdlib.h>

void places_deinit(struct places *p)
{
	vec_deinit(&p->list);
	u64map_deinit(&p->index);
}

double place_changes(const struct place *p)
{
	return p->count[RESULT_ASSIGN] + p->count[RESULT_DELETE] + p->count[RESULT_CLEAR];
}

static int by_changes(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	double n = place_changes(x), m = place_changes(y);

	if (n != m)
		return n > m ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* The place of that line, new or met before; NULL when memory runs out. */
static struct place *place_of(struct places *p, const struct frame *line)
{
	uint64_t key = frame_line_hash(line), *have;
	struct place fresh = { .line = *line, .order = p->list.len };

	while ((have = u64map_get(&p->index, key))) {
		if (frame_same_line(&p->list.data[*have].line, line))
			return &p->list.data[*have];
		key = u64_mix(key, 1);
	}
	if (u64map_put(&p->index, key, p->list.len) || vec_push(&p->list, fresh)) {
		/* The index may name what is not there. */
		u64map_deinit(&p->index);
		return NULL;
	}
	return &p->list.data[p->list.len - 1];
}

static void add_site(struct place *p, const struct result_map_site *s)
{
	double counts = 0;

	p->stacks++;
	for (size_t op = 0; op < RESULT_MAP_OPS; op++) {
		p->hits[op] += s->hits[op];
		p->count[op] += s->count[op];
		counts += s->count[op];
	}
	if (p->stacks > 1 && !(counts > p->most))
		return;
	p->stack = s->stack;
	p->most = counts;
}

int places_add(struct places *p, const struct result *r, const struct result_map *m)
{
	for (size_t i = 0; i < m->nsites; i++) {
		const struct result_map_site *s = &m->sites[i];
		struct frame line = frame_leaf(r, s->stack);
		struct place *place;

		if (!s->hits[RESULT_ASSIGN] && !s->hits[RESULT_DELETE] && !s->hits[RESULT_CLEAR])
			continue;
		place = place_of(p, &line);
		if (!place)
			return -ENOMEM;
		add_site(place, s);
	}
	return 0;
}

void places_sort(struct places *p)
{
	u64map_deinit(&p->index);
	if (p->list.len)
		qsort(p->list.data, p->list.len, sizeof(*p->list.data), by_changes);
}

int places_of(const struct result *r, const struct result_map *m, struct places *ret)
{
	int rc = places_add(ret, r, m);

	places_sort(ret);
	return rc;
}
