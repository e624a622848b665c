// SPDX-License-Identifier: Apache-2.0
#include "report/wait_places.h"

#include <stdlib.h>
#include <string.h>

#include "base/u64map.h"

void wait_places_deinit(struct wait_places *p)
{
	vec_deinit(&p->list);
}

static int longest_first(const void *a, const void *b)
{
	const struct wait_place *x = a, *y = b;

	if (x->sum_ns != y->sum_ns)
		return x->sum_ns > y->sum_ns ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static bool is_kind(const struct wait_place *p, const char *kind)
{
	return p->kind == kind || (p->kind && kind && !strcmp(p->kind, kind));
}

/* Those of that kind and line, new or met before; NULL when memory runs out. */
static struct wait_place *wait_place_of(struct wait_places *p, struct u64map *index,
					const char *kind, const struct frame *line)
{
	uint64_t key = u64_mix(frame_line_hash(line), kind ? (uint8_t)*kind : 0), *have;
	struct wait_place fresh = { .kind = kind, .line = *line, .order = p->list.len };

	while ((have = u64map_get(index, key))) {
		struct wait_place *v = &p->list.data[*have];

		if (is_kind(v, kind) && frame_same_line(&v->line, line))
			return v;
		key = u64_mix(key, 1);
	}
	if (u64map_put(index, key, p->list.len) || vec_push(&p->list, fresh))
		return NULL;
	return &p->list.data[p->list.len - 1];
}

static void add_ns(uint64_t *sum, uint64_t ns)
{
	if (__builtin_add_overflow(*sum, ns, sum))
		*sum = UINT64_MAX;
}

static void add_wait(struct wait_place *p, const struct result_wait *w)
{
	if (!p->rows++ || w->sum_ns > p->longest_ns) {
		p->stack = w->stack;
		p->longest_ns = w->sum_ns;
	}
	p->addr = w->addr ? w->addr : p->addr;
	p->n += w->n;
	add_ns(&p->sum_ns, w->sum_ns);
	p->max_ns = w->max_ns > p->max_ns ? w->max_ns : p->max_ns;
	p->goroutines = w->goroutines > p->goroutines ? w->goroutines : p->goroutines;
}

int wait_places_of(const struct result *r, const struct result_wait *w, size_t n,
		   struct wait_places *ret)
{
	struct u64map index __attribute__((cleanup(u64map_deinit))) = { 0 };
	struct u64map locks __attribute__((cleanup(u64map_deinit))) = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct frame line = { 0 };
		struct wait_place *p;
		uint64_t lock;

		if (!frame_place(r, w[i].stack, &line))
			line = (struct frame){ 0 };
		p = wait_place_of(ret, &index, w[i].kind, &line);
		if (!p)
			return -ENOMEM;
		add_wait(p, &w[i]);
		lock = u64_mix(w[i].addr, p->order);
		if (!w[i].addr || u64map_get(&locks, lock))
			continue;
		if (u64map_put(&locks, lock, 0))
			return -ENOMEM;
		p->locks++;
	}
	if (ret->list.len)
		qsort(ret->list.data, ret->list.len, sizeof(*ret->list.data), longest_first);
	return 0;
}
