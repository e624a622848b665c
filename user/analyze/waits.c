// SPDX-License-Identifier: Apache-2.0
#include "analyze/waits.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void waits_deinit(struct waits *w)
{
	vec_foreach (wait, &w->all)
		goids_deinit(&wait->goids);
	vec_deinit(&w->all);
	u64map_deinit(&w->by_hash);
}

static int find(struct waits *w, const char *kind, uint64_t addr, uint32_t stack, struct wait **ret)
{
	uint64_t hash = u64_mix(u64_mix(addr, 0), stack);
	const uint64_t *first = u64map_get(&w->by_hash, hash);
	uint32_t next = first ? (uint32_t)*first + 1 : 0;
	struct wait fresh = { .kind = kind, .addr = addr, .stack = stack, .next = next };

	for (uint32_t i = next; i; i = w->all.data[i - 1].next) {
		struct wait *v = &w->all.data[i - 1];

		if (v->kind == kind && v->addr == addr && v->stack == stack) {
			*ret = v;
			return 0;
		}
	}
	if (vec_push(&w->all, fresh) || u64map_put(&w->by_hash, hash, w->all.len - 1))
		return -ENOMEM;
	*ret = &w->all.data[w->all.len - 1];
	return 0;
}

int waits_add(struct waits *w, const char *kind, uint64_t addr, uint32_t stack, uint64_t goid,
	      uint64_t ns)
{
	struct wait *v;

	if (find(w, kind, addr, stack, &v) || goids_add(&v->goids, goid))
		return -ENOMEM;
	v->n++;
	add_ns(&v->sum_ns, ns);
	if (ns > v->max_ns)
		v->max_ns = ns;
	return 0;
}

static int longest_first(const void *a, const void *b)
{
	const struct result_wait *x = a, *y = b;
	int kind = strcmp(x->kind, y->kind);

	if (x->sum_ns != y->sum_ns)
		return x->sum_ns > y->sum_ns ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (kind)
		return kind;
	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	if (x->max_ns != y->max_ns)
		return x->max_ns > y->max_ns ? -1 : 1;
	return (x->goroutines < y->goroutines) - (x->goroutines > y->goroutines);
}

int waits_result(const struct waits *w, struct build *b, struct result_wait **ret, size_t *n)
{
	struct result_wait *out = arena_array(&b->mem, w->all.len, sizeof(*out));

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < w->all.len; i++) {
		const struct wait *v = &w->all.data[i];

		out[i] = (struct result_wait){
			.kind = v->kind,
			.addr = v->addr,
			.n = v->n,
			.sum_ns = v->sum_ns,
			.max_ns = v->max_ns,
			.goroutines = v->goids.n,
		};
		if (stack_table_get(&b->stacks, v->stack, false, &out[i].stack))
			return -ENOMEM;
	}
	qsort(out, w->all.len, sizeof(*out), longest_first);
	*ret = out;
	*n = w->all.len;
	return 0;
}

bool waits_same(const struct sites *s, const struct open *v, const struct abi_hit *end)
{
	if (!end->window)
		return true;
	if (!v->window)
		return !s->site[v->site].windowed;
	return v->window == end->window;
}

struct expiry {
	const struct sites *sites;
	struct abi_hit hit;
	struct waits_age age;
};

static bool is_stale(const struct open *v, const void *ctx)
{
	const struct expiry *x = ctx;

	return !waits_same(x->sites, v, &x->hit) ||
	       (v->cycles < x->age.cycles && v->time_ns < x->age.before_ns);
}

uint64_t waits_expire(struct opens *o, const struct sites *s, uint64_t key,
		      const struct abi_hit *hit, struct waits_age age)
{
	struct expiry x = { s, *hit, age };

	if (hit->window)
		o->window = hit->window;
	x.hit.window = o->window;
	return opens_expire(o, key, is_stale, &x);
}

struct result_count waits_outermost(struct result_count all, uint64_t begun, uint64_t nested)
{
	struct result_count c = all;
	double share;

	if (!nested || !c.hits)
		return c;
	share = 1 - (double)nested / (double)begun;
	if (c.exact && c.hits == begun) {
		c.hits -= nested;
		c.value = c.lo = c.hi = (double)c.hits;
		return c;
	}
	c.exact = false;
	c.hits -= c.hits > nested ? nested : c.hits;
	c.value *= share;
	c.lo *= share;
	if (!isinf(c.hi))
		c.hi *= share;
	return c;
}
