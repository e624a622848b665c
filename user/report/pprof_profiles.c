// SPDX-License-Identifier: Apache-2.0
/* The profiles: map writes, lock waits and pauses of the world, by stack. */
#include <math.h>
#include <string.h>

#include "report/format.h"
#include "report/formats.h"
#include "report/pprof.h"

#define _cleanup_pprof_ __attribute__((cleanup(pprof_deinit)))

static int64_t clamp(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static int64_t whole(double v)
{
	if (!(v > 0))
		return 0;
	return v >= 9.2e18 ? INT64_MAX : llround(v);
}

static void label_addr(struct pprof *p, const char *key, uint64_t addr)
{
	char s[32];

	snprintf(s, sizeof(s), "0x%lx", addr);
	pprof_label_str(p, key, s);
}

/* How far the samples of a count can be trusted, for the comments. */
static const char *truth_of(const struct result *r, const struct result_count *c)
{
	if (!c->known)
		return "not armed";
	if (c->exact)
		return r->lost_events ? "exact in all, samples scaled up for the events lost"
				      : "exact";
	if (c->lower_bound)
		return r->windows ? "at least, scaled up from windows" : "at least";
	return "scaled up from windows";
}

static void add_comments(struct pprof *p)
{
	const struct result *r = p->r;

	pprof_comment(p, "mapprobe %s, %s", r->mapprobe ? r->mapprobe : "",
		      r->go_version ? r->go_version : "");
	if (r->windows)
		pprof_comment(p, "windows: %lu, %lu ns of %lu ns", r->windows, r->armed_ns,
			      r->duration_ns);
	pprof_comment(p, "events lost: %lu, stacks lost: %lu", r->lost_events, r->lost_stacks);
}

int pprof_write_maps(const struct result *r, FILE *out, struct err *e)
{
	static const struct pprof_kind kind = {
		.name = "maps.pb.gz",
		.types = { { "assigns", "count" },
			   { "deletes", "count" },
			   { "clears", "count" },
			   { "growths", "count" } },
		.ntypes = RESULT_MAP_OPS,
	};
	_cleanup_pprof_ struct pprof p;

	pprof_init(&p, r, &kind);
	for (size_t op = 0; op < RESULT_MAP_OPS; op++)
		pprof_comment(&p, "%s: %s", kind.types[op].type, truth_of(r, &r->map_ops[op]));
	add_comments(&p);
	for (size_t i = 0; i < r->nmaps; i++) {
		const struct result_map *m = &r->maps[i];

		for (size_t j = 0; j < m->nsites; j++) {
			int64_t v[RESULT_MAP_OPS];

			for (size_t op = 0; op < RESULT_MAP_OPS; op++)
				v[op] = whole(m->sites[j].count[op]);
			pprof_add_sample(&p, m->sites[j].stack, v);
			if (m->type && *m->type)
				pprof_label_str(&p, "map_type", m->type);
			label_addr(&p, "map", m->addr);
			if (m->length_known)
				pprof_label_num(&p, "map_length", m->length);
		}
	}
	return pprof_finish(&p, out, e);
}

int pprof_write_locks(const struct result *r, FILE *out, struct err *e)
{
	/* As Go's own mutex and block profiles (runtime/pprof/pprof.go, writeProfileInternal). */
	static const struct pprof_kind kind = {
		.name = "locks.pb.gz",
		.types = { { "contentions", "count" }, { "delay", "nanoseconds" } },
		.ntypes = 2,
		.shown = 1,
	};
	_cleanup_pprof_ struct pprof p;

	pprof_init(&p, r, &kind);
	pprof_comment(&p, "contentions and delay: %s",
		      !r->lock_waits.known		       ? "not armed"
		      : !r->lock_waits.exact || r->lost_events ? "as seen, not scaled up"
							       : "exact");
	add_comments(&p);
	for (size_t i = 0; i < r->nlocks; i++) {
		const struct result_wait *w = &r->locks[i];
		const int64_t v[2] = { clamp(w->n), clamp(w->sum_ns) };

		pprof_add_sample(&p, w->stack, v);
		pprof_label_str(&p, "kind", w->kind);
		if (w->addr)
			label_addr(&p, "lock", w->addr);
	}
	return pprof_finish(&p, out, e);
}

/* Pauses of one reason and one stack. */
struct pause {
	uint32_t stack;
	const char *reason;
	uint64_t n, ns;
};

int pprof_write_stw(const struct result *r, FILE *out, struct err *e)
{
	static const struct pprof_kind kind = {
		.name = "stw.pb.gz",
		.types = { { "pauses", "count" }, { "delay", "nanoseconds" } },
		.ntypes = 2,
		.shown = 1,
	};
	struct u64map index = { 0 };
	_cleanup_pprof_ struct pprof p;
	VEC(struct pause) pauses = { 0 };

	pprof_init(&p, r, &kind);
	pprof_comment(&p, "pauses and delay: stopping and stopped, each pause that was seen");
	add_comments(&p);
	for (size_t i = 0; i < r->nstws; i++) {
		const struct result_stw *s = &r->stws[i];
		uint64_t key = (uint64_t)pprof_string(&p, s->reason) << 32 | s->stack;
		uint64_t *have = u64map_get(&index, key);
		struct pause fresh = { .stack = s->stack, .reason = s->reason };

		if (!have) {
			p.failed |= u64map_put(&index, key, pauses.len) || vec_push(&pauses, fresh);
			have = u64map_get(&index, key);
		}
		if (p.failed)
			break;
		pauses.data[*have].n++;
		pauses.data[*have].ns += s->stopping_ns + s->stopped_ns;
	}
	vec_foreach (s, &pauses) {
		pprof_add_sample(&p, s->stack, (int64_t[]){ clamp(s->n), clamp(s->ns) });
		pprof_label_str(&p, "reason", s->reason);
	}
	vec_deinit(&pauses);
	u64map_deinit(&index);
	return pprof_finish(&p, out, e);
}
