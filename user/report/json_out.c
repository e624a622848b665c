// SPDX-License-Identifier: Apache-2.0
#include "report/json_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "report/frames.h"
#include "report/safe.h"

const char *const json_map_op[RESULT_MAP_OPS] = { "assigns", "deletes", "clears", "grows" };

void jput(struct json_out *j, json_t *object, const char *key, json_t *v)
{
	if (json_object_set_new(object, key, v))
		j->failed = true;
}

void jadd(struct json_out *j, json_t *array, json_t *v)
{
	if (json_array_append_new(array, v))
		j->failed = true;
}

json_t *jint(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

json_t *jround(double v)
{
	if (!(v > 0))
		return json_integer(0);
	return json_integer(v >= 9.2e18 ? INT64_MAX : (json_int_t)llround(v));
}

json_t *jstr(struct json_out *j, const char *s)
{
	_cleanup_buf_ struct buf b = { 0 };

	safe_utf8(&b, s);
	if (b.failed) {
		j->failed = true;
		return json_null();
	}
	return json_stringn(b.data ? (const char *)b.data : "", b.len);
}

json_t *jstr_or_null(struct json_out *j, const char *s)
{
	return s && *s ? jstr(j, s) : json_null();
}

json_t *jint_or_null(bool known, uint64_t v)
{
	return known ? jint(v) : json_null();
}

json_t *jaddr(uint64_t v)
{
	char s[32];

	snprintf(s, sizeof(s), "0x%" PRIx64, v);
	return json_string(s);
}

json_t *jcount(struct json_out *j, const struct result_count *c)
{
	json_t *o = json_object(), *est;

	jput(j, o, "known", json_boolean(c->known));
	jput(j, o, "hits", jint(c->hits));
	jput(j, o, "exact", json_boolean(c->known && c->exact));
	if (!c->known || c->exact) {
		jput(j, o, "estimated", json_null());
		return o;
	}
	est = json_object();
	jput(j, est, "value", jround(c->lower_bound ? c->lo : c->value));
	jput(j, est, "lo", jround(floor(c->lo)));
	jput(j, est, "hi", c->lower_bound || !isfinite(c->hi) ? json_null() : jround(ceil(c->hi)));
	jput(j, est, "lower_bound", json_boolean(c->lower_bound));
	jput(j, o, "estimated", est);
	return o;
}

json_t *jhist(struct json_out *j, const struct result_hist *h)
{
	static const struct {
		const char *name;
		double q;
	} quantile[] = {
		{ "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 }
	};
	json_t *o = json_object(), *buckets = json_array();

	jput(j, o, "count", jint(h->n));
	jput(j, o, "sum_ns", jint(h->sum_ns));
	jput(j, o, "min_ns", jint_or_null(h->n, h->min_ns));
	jput(j, o, "max_ns", jint_or_null(h->n, h->max_ns));
	for (size_t i = 0; i < sizeof(quantile) / sizeof(*quantile); i++)
		jput(j, o, quantile[i].name,
		     jint_or_null(h->n, result_hist_quantile(h, quantile[i].q)));
	for (unsigned int i = 0; i < RESULT_HIST_BUCKETS; i++) {
		json_t *b;

		if (!h->bucket[i])
			continue;
		b = json_object();
		jput(j, b, "ge_ns", jint(result_hist_bound(i)));
		jput(j, b, "lt_ns",
		     i + 1 < RESULT_HIST_BUCKETS ? jint(result_hist_bound(i + 1)) : json_null());
		jput(j, b, "count", jint(h->bucket[i]));
		jadd(j, buckets, b);
	}
	jput(j, o, "buckets", buckets);
	return o;
}

json_t *jstack(struct json_out *j, uint32_t stack)
{
	struct frame_iter it = frame_iter_of(j->r, stack);
	json_t *frames;
	struct frame f;

	if (!it.stack)
		return json_null();
	frames = json_array();
	while (frame_next(&it, &f)) {
		json_t *o = json_object();

		jput(j, o, "func", f.func ? jstr(j, f.func) : json_null());
		jput(j, o, "file", f.func && *f.file ? jstr(j, f.file) : json_null());
		jput(j, o, "line", jint_or_null(f.func && *f.file, f.line));
		jput(j, o, "inlined", json_boolean(f.inlined));
		jput(j, o, "pc", f.pc ? jaddr(f.pc) : json_null());
		jadd(j, frames, o);
	}
	return frames;
}

json_t *jstack_index(struct json_out *j, uint32_t stack)
{
	const uint64_t *have;
	size_t index;

	if (!frame_stack(j->r, stack))
		return json_null();
	have = u64map_get(&j->stack_index, stack);
	if (have)
		return jint(*have);
	index = json_array_size(j->stacks);
	jadd(j, j->stacks, jstack(j, stack));
	if (u64map_put(&j->stack_index, stack, index))
		j->failed = true;
	return jint(index);
}
