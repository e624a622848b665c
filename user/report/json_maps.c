// SPDX-License-Identifier: Apache-2.0
/* The member "maps". */
#include "report/json_out.h"

#define MAX_MAPS  200
#define MAX_SITES 20

static json_t *map_site(struct json_out *j, const struct result_map_site *s)
{
	json_t *o = json_object(), *hits = json_object(), *count = json_object();

	for (size_t op = 0; op < RESULT_MAP_OPS; op++) {
		jput(j, hits, json_map_op[op], jint(s->hits[op]));
		jput(j, count, json_map_op[op], jround(s->count[op]));
	}
	jput(j, o, "hits", hits);
	jput(j, o, "count", count);
	jput(j, o, "stack", jstack(j, s->stack));
	return o;
}

static json_t *map_growth(struct json_out *j, const struct result_growth *g)
{
	json_t *o = json_object();

	jput(j, o, "at_ns", jint(g->at_ns));
	jput(j, o, "goid", jint(g->goid));
	jput(j, o, "tid", jint(g->tid));
	jput(j, o, "kind", jstr(j, g->kind));
	jput(j, o, "old_capacity", jint(g->old_capacity));
	jput(j, o, "new_capacity", jint(g->new_capacity));
	jput(j, o, "stack_index", jstack_index(j, g->stack));
	return o;
}

/* The map as read from the target's memory from time to time, null: never. */
static json_t *map_read(struct json_out *j, const struct result_map *m)
{
	json_t *o;

	if (!m->readings)
		return json_null();
	o = json_object();
	jput(j, o, "changes", jint(m->changes));
	jput(j, o, "first_length", jint(m->first_length));
	jput(j, o, "first_capacity", jint(m->first_capacity));
	jput(j, o, "grown", jint(m->grown));
	return o;
}

static json_t *map_one(struct json_out *j, const struct result_map *m)
{
	json_t *o = json_object(), *sites = json_array(), *growths = json_array();

	jput(j, o, "addr", jaddr(m->addr));
	jput(j, o, "type", jstr_or_null(j, m->type));
	jput(j, o, "length", jint_or_null(m->length_known, m->length));
	jput(j, o, "capacity", jint_or_null(m->capacity_known, m->capacity));
	jput(j, o, "live_state", json_boolean(m->live_state));
	jput(j, o, "read", map_read(j, m));
	for (size_t op = 0; op < RESULT_MAP_OPS; op++)
		jput(j, o, json_map_op[op], jcount(j, &m->ops[op]));
	jput(j, o, "evacuations", jint(m->evacuations));
	jput(j, o, "goroutines", jint(m->ngoroutines));
	for (size_t i = 0; i < m->nsites && i < MAX_SITES; i++)
		jadd(j, sites, map_site(j, &m->sites[i]));
	jput(j, o, "sites_total", jint(m->nsites));
	jput(j, o, "sites", sites);
	for (size_t i = 0; i < m->ngrowths; i++)
		jadd(j, growths, map_growth(j, &m->growths[i]));
	jput(j, o, "growths", growths);
	return o;
}

json_t *json_maps(struct json_out *j)
{
	const struct result *r = j->r;
	json_t *o = json_object(), *list = json_array();

	for (size_t op = 0; op < RESULT_MAP_OPS; op++)
		jput(j, o, json_map_op[op], jcount(j, &r->map_ops[op]));
	jput(j, o, "evacuations", jcount(j, &r->evacuations));
	for (size_t i = 0; i < r->nmaps && i < MAX_MAPS; i++)
		jadd(j, list, map_one(j, &r->maps[i]));
	jput(j, o, "list_total", jint(r->nmaps));
	jput(j, o, "list", list);
	return o;
}
