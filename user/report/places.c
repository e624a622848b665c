// SPDX-License-Identifier: Apache-2.0
#include "report/places.h"

#include <stdlib.h>

#include "base/u64map.h"
#include "report/frames.h"

void places_deinit(struct places *p)
{
	vec_deinit(&p->list);
}

double place_changes(const struct place *p)
{
	return p->count[RESULT_ASSIGN] + p->count[RESULT_DELETE] + p->count[RESULT_CLEAR];
}

static uint64_t call_of(const struct result *r, uint32_t stack)
{
	const struct result_stack *s = frame_stack(r, stack);

	for (size_t i = 0; s && i < s->nlocs; i++) {
		const struct result_loc *l = frame_loc(r, s->locs[i]);

		if (l)
			return l->pc;
	}
	return 0;
}

static int by_changes(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	double n = place_changes(x), m = place_changes(y);

	if (n != m)
		return n > m ? -1 : 1;
	return (x->pc > y->pc) - (x->pc < y->pc);
}

static void add_site(struct place *p, const struct result_map_site *s)
{
	p->stacks++;
	for (size_t op = 0; op < RESULT_MAP_OPS; op++) {
		p->hits[op] += s->hits[op];
		p->count[op] += s->count[op];
	}
}

int places_of(const struct result *r, const struct result_map *m, struct places *ret)
{
	struct u64map index __attribute__((cleanup(u64map_deinit))) = { 0 };

	for (size_t i = 0; i < m->nsites; i++) {
		const struct result_map_site *s = &m->sites[i];
		/* Sites come with most counts first: so the first of a place is its stack. */
		struct place fresh = { .pc = call_of(r, s->stack), .stack = s->stack };
		const uint64_t *have = u64map_get(&index, fresh.pc);

		if (!s->hits[RESULT_ASSIGN] && !s->hits[RESULT_DELETE] && !s->hits[RESULT_CLEAR])
			continue;
		if (!have &&
		    (u64map_put(&index, fresh.pc, ret->list.len) || vec_push(&ret->list, fresh)))
			return -ENOMEM;
		have = u64map_get(&index, fresh.pc);
		add_site(&ret->list.data[*have], s);
	}
	if (ret->list.len)
		qsort(ret->list.data, ret->list.len, sizeof(*ret->list.data), by_changes);
	return 0;
}
