// SPDX-License-Identifier: Apache-2.0
#include "analyze/opens.h"

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
