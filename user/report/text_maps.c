// SPDX-License-Identifier: Apache-2.0
/* The maps: a table of those written most, then who writes the first of them. */
#include "report/text.h"

#include "report/places.h"

#define TABLE_MAPS   10
#define WRITER_MAPS  10
#define STACK_MAPS   3 /* of them with callers */
#define PLACES	     3
#define PLACE_FRAMES 4
#define GROWTHS	     3

static const struct text_column column[] = {
	{ "#", 2 },	    { "writes/s", 8 },	      { "deletes", 9 },
	{ "growths", 7 },   { "length / slots", 17 }, { "gor.", 4 },
	{ "address", -12 }, { "type", -25 },
};
#define COLUMNS (sizeof(column) / sizeof(*column))

static const char *type_of(const struct result_map *m)
{
	return m->type && *m->type ? m->type : "(type unknown)";
}

static void table_row(struct text *t, size_t number, const struct result_map *m)
{
	struct fmt no = fmt_int(number), addr, fill = { "-" };

	snprintf(addr.s, sizeof(addr.s), "0x%lx", m->addr);
	if (m->length_known || m->capacity_known)
		snprintf(fill.s, sizeof(fill.s), "%.28s / %.28s",
			 m->length_known ? fmt_room(m->length).s : "?",
			 m->capacity_known ? fmt_room(m->capacity).s : "?");
	text_row(t, column, COLUMNS,
		 (const char *[COLUMNS]){
			 no.s, fmt_rate(&m->ops[RESULT_ASSIGN], t->r->duration_ns).s,
			 fmt_count_short(&m->ops[RESULT_DELETE]).s,
			 fmt_count_short(&m->ops[RESULT_GROW]).s, fill.s,
			 fmt_room(m->ngoroutines).s, addr.s, text_name(t, type_of(m), 25).s });
}

static void put_growths(struct text *t, const struct result_map *m)
{
	char line[1024];
	size_t n = 0;

	if (!m->ngrowths)
		return;
	for (size_t i = 0; i < m->ngrowths && i < GROWTHS; i++) {
		const struct result_growth *g = &m->growths[i];

		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s %s %s → %s", i ? ", " : "",
				      fmt_at(g->at_ns).s, text_name(t, g->kind, 12).s,
				      fmt_int(g->old_capacity).s, fmt_int(g->new_capacity).s);
	}
	if (m->hits[RESULT_GROW] > GROWTHS)
		snprintf(line + n, sizeof(line) - n, ", … %s more",
			 fmt_int(m->hits[RESULT_GROW] - GROWTHS).s);
	text_wrap(t, "      grew  ", "%s", line);
}

/* "503,654 writes, 12,004 deletes": what was done at a place, as counted or estimated. */
static void put_place_ops(struct text *t, const struct result_map *m, const struct place *p)
{
	static const char *const name[] = { "write", "delete", "clear" };
	const char *sep = "";

	for (size_t op = RESULT_ASSIGN; op <= RESULT_CLEAR; op++) {
		const struct result_count *c = &m->ops[op];
		struct result_count part = { .known = true, .exact = c->exact };

		part.lower_bound = c->lower_bound;
		part.hits = p->hits[op];
		part.value = p->count[op];
		part.lo = (double)p->hits[op]; /* all that is certain of one place */
		if (!p->hits[op])
			continue;
		text_put(t, "%s%s %s%s", sep, fmt_count_short(&part).s, name[op],
			 fmt_plural(c->exact ? p->hits[op] : 2));
		sep = ", ";
	}
}

static void put_places(struct text *t, const struct result_map *m, size_t frames)
{
	_cleanup_places_ struct places p = { 0 };
	double all = 0;

	if (places_of(t->r, m, &p))
		t->failed = true;
	vec_foreach (v, &p.list)
		all += place_changes(v);
	for (size_t i = 0; i < p.list.len && i < PLACES; i++) {
		const struct place *v = &p.list.data[i];

		text_right(t, 10, fmt_share(fmt_ratio(place_changes(v), all)).s);
		text_put(t, "  ");
		put_place_ops(t, m, v);
		if (v->stacks > 1 && v->pc)
			text_put(t, " on %s stacks%s", fmt_int(v->stacks).s,
				 frames > 1 ? ", most often" : "");
		text_put(t, "\n");
		text_stack(t, 14, v->stack, 0, frames);
	}
	if (p.list.len > PLACES)
		text_put(t, "            … %zu more place%s\n", p.list.len - PLACES,
			 fmt_plural(p.list.len - PLACES));
}

static void put_writers(struct text *t, size_t number, const struct result_map *m)
{
	if (!m->nsites && !m->ngrowths)
		return;
	text_put(t, "\n  #%zu  %s  0x%lx\n", number, text_name(t, type_of(m), 76).s, m->addr);
	put_places(t, m, number <= STACK_MAPS ? PLACE_FRAMES : 1);
	put_growths(t, m);
}

/* "MAPS  3 maps: ~1.23 M writes, 6 growths": of what was counted at all. */
static void put_title(struct text *t)
{
	static const char *const name[RESULT_MAP_OPS] = { "write", "delete", "clear", "growth" };
	const struct result *r = t->r;
	struct text_name ops = { "" };
	size_t n = 0;

	for (size_t op = 0; op < RESULT_MAP_OPS; op++) {
		const struct result_count *c = &r->map_ops[op];

		if (c->known)
			n += (size_t)snprintf(ops.s + n, sizeof(ops.s) - n, "%s%.48s %s%s",
					      n ? ", " : "", fmt_count_short(c).s, name[op],
					      fmt_plural(c->exact ? c->hits : 2));
	}
	text_title(t, "MAPS", "%s map%s: %s", fmt_int(r->nmaps).s, fmt_plural(r->nmaps), ops.s);
}

void text_maps(struct text *t)
{
	const struct result *r = t->r;

	if (!text_any_known(r->map_ops, RESULT_MAP_OPS))
		return;
	if (!r->nmaps) {
		text_title(t, "MAPS", "no map was written in %s",
			   text_seen_time(t, &r->map_ops[RESULT_ASSIGN]).s);
		return;
	}
	put_title(t);
	text_row_titles(t, column, COLUMNS);
	for (size_t i = 0; i < r->nmaps && i < TABLE_MAPS; i++)
		table_row(t, i + 1, &r->maps[i]);
	if (r->nmaps > TABLE_MAPS)
		text_put(t, "   … %s more\n", fmt_int(r->nmaps - TABLE_MAPS).s);
	for (size_t i = 0; i < r->nmaps && i < WRITER_MAPS; i++)
		put_writers(t, i + 1, &r->maps[i]);
}
