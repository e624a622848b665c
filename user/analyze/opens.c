// SPDX-License-Identifier: Apache-2.0
#include "analyze/opens.h"

#define OPENS_ENOUGH 1024 /* all are looked through for as many */

struct open *opens_top(const struct opens *o, uint64_t key)
{
	const uint64_t *i = u64map_get(&o->top, key);

	return i ? &o->all.data[*i] : NULL;
}

struct open *opens_below(const struct opens *o, const struct open *v)
{
	return v->below == OPENS_NONE ? NULL : &o->all.data[v->below];
}

unsigned int opens_depth(const struct opens *o, uint64_t key)
{
	unsigned int n = 0;

	for (const struct open *v = opens_top(o, key); v; v = opens_below(o, v))
		n++;
	return n;
}

int opens_push(struct opens *o, uint64_t key, struct open v)
{
	uint64_t *top = u64map_get(&o->top, key);
	uint32_t i = o->free ? o->free - 1 : (uint32_t)o->all.len;
	uint32_t next_free = o->free ? o->all.data[i].below : 0;
	int rc;

	v.below = top ? (uint32_t)*top : OPENS_NONE;
	if (!o->free) {
		rc = vec_push(&o->all, v);
		if (rc)
			return rc;
	}
	if (top) {
		*top = i;
	} else {
		rc = u64map_put(&o->top, key, i);
		if (rc) {
			o->all.len -= !o->free;
			return rc;
		}
	}
	o->all.data[i] = v;
	o->free = next_free;
	o->n++;
	return 0;
}

void opens_pop(struct opens *o, uint64_t key)
{
	uint64_t *top = u64map_get(&o->top, key);
	uint32_t i = (uint32_t)*top;
	struct open *v = &o->all.data[i];

	if (v->below == OPENS_NONE)
		u64map_del(&o->top, key);
	else
		*top = v->below;
	v->below = o->free;
	o->free = i + 1;
	o->n--;
}

/* Makes v and all it lies in free. */
static void release(struct opens *o, uint32_t i)
{
	while (i != OPENS_NONE) {
		uint32_t below = o->all.data[i].below;

		o->all.data[i].below = o->free;
		o->free = i + 1;
		o->n--;
		i = below;
	}
}

/* Closes the stale ones of key, of which i is the innermost; true when none is left. */
static bool drop_stale(struct opens *o, uint64_t key, uint32_t i,
		       bool (*stale)(const struct open *v, const void *ctx), const void *ctx)
{
	uint32_t kept = OPENS_NONE;

	for (; i != OPENS_NONE && !stale(&o->all.data[i], ctx); i = o->all.data[i].below)
		kept = i;
	if (i == OPENS_NONE)
		return false;
	release(o, i);
	if (kept != OPENS_NONE) {
		o->all.data[kept].below = OPENS_NONE;
		return false;
	}
	return u64map_del(&o->top, key);
}

uint64_t opens_expire(struct opens *o, uint64_t key,
		      bool (*stale)(const struct open *v, const void *ctx), const void *ctx)
{
	const uint64_t *top = u64map_get(&o->top, key);
	size_t before = o->n;

	if (top)
		drop_stale(o, key, (uint32_t)*top, stale, ctx);
	if (o->n < o->enough)
		return before - o->n;
	for (size_t slot = 0; o->n && slot < o->top.cap; slot++) {
		const struct u64map_slot *s = &o->top.slots[slot];

		if (s->used && drop_stale(o, s->key, (uint32_t)s->value, stale, ctx))
			slot--; /* another key may have come to its place */
	}
	o->enough = 2 * o->n + o->top.cap / 4 + OPENS_ENOUGH;
	return before - o->n;
}
