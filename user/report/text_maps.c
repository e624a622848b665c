// SPDX-License-Identifier: Apache-2.0
/* The maps: a table of those written most, then who writes the first of them. */
#include "report/text.h"

#include "report/map_rows.h"
#include "report/places.h"

#define TABLE_ROWS   10
#define WRITER_ROWS  5
#define STACK_ROWS   3 /* of them with callers */
#define PLACES	     3
#define PLACE_FRAMES 3
#define GROWTHS	     3
#define SAME_LINES   16 /* so many at most are compared */

static const struct text_column column[] = {
	{ "#", 2 },	    { "writes/s", 8 },	      { "deletes/s", 9 },
	{ "growths", 7 },   { "length / slots", 17 }, { "gor.", 4 },
	{ "address", -14 }, { "type", -23 },
};
#define COLUMNS (sizeof(column) / sizeof(*column))

static struct text_name type_of(struct text *t, const struct map_row *row, size_t width)
{
	const char *type = map_type(row->most);

	return text_name(t, *type ? type : "(type unknown)", width);
}

static void table_row(struct text *t, size_t number, const struct map_row *row)
{
	const struct result_map *m = row->longest;
	struct fmt no = fmt_int(number), addr, fill = { "-" };
	uint64_t ns = t->r->duration_ns;

	if (row->maps > 1)
		snprintf(addr.s, sizeof(addr.s), "%zu maps", row->maps);
	else
		snprintf(addr.s, sizeof(addr.s), "0x%lx", m->addr);
	if (m->length_known || m->capacity_known)
		snprintf(fill.s, sizeof(fill.s), "%s%.24s / %.24s", row->maps > 1 ? "≤ " : "",
			 m->length_known ? fmt_room(m->length).s : "?",
			 m->capacity_known ? fmt_room(m->capacity).s : "?");
	text_row(t, column, COLUMNS,
		 (const char *[COLUMNS]){ no.s, fmt_rate(&row->ops[RESULT_ASSIGN], ns).s,
					  fmt_rate(&row->ops[RESULT_DELETE], ns).s,
					  fmt_count_short(&row->ops[RESULT_GROW]).s, fill.s,
					  fmt_room(row->goroutines).s, addr.s,
					  type_of(t, row, 23).s });
}

static void put_growths(struct text *t, const struct result_map *m)
{
	char line[1024];
	size_t n = 0;

	if (m->grown && !m->ops[RESULT_GROW].exact && m->capacity_known && m->length_known) {
		text_wrap(t, "      grew  ",
			  "from %s to %s slots, as read from its memory; length %s to %s",
			  fmt_int(m->first_capacity).s, fmt_int(m->capacity).s,
			  fmt_int(m->first_length).s, fmt_int(m->length).s);
		return;
	}
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
static void put_place_ops(struct text *t, const struct map_row *row, const struct place *p)
{
	static const char *const name[] = { "write", "delete", "clear" };
	const char *sep = "";

	for (size_t op = RESULT_ASSIGN; op <= RESULT_CLEAR; op++) {
		const struct result_count *c = &row->ops[op];
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

static void put_places(struct text *t, const struct map_row *row, const struct places *p,
		       size_t frames)
{
	double all = 0;

	for (size_t i = 0; i < p->list.len; i++)
		all += place_changes(&p->list.data[i]);
	for (size_t i = 0; i < p->list.len && i < PLACES; i++) {
		const struct place *v = &p->list.data[i];

		text_right(t, 10, fmt_share(fmt_ratio(place_changes(v), all)).s);
		text_put(t, "  ");
		put_place_ops(t, row, v);
		if (v->stacks > 1 && (v->line.func || v->line.pc) && row->maps == 1)
			text_put(t, " on %s stacks%s", fmt_int(v->stacks).s,
				 frames > 1 ? ", most often" : "");
		text_put(t, "\n");
		text_stack(t, 14, v->stack, 0, frames);
	}
	if (p->list.len > PLACES)
		text_more(t, 12, p->list.len - PLACES, "place");
}

/* The lines that write each of the rows that were shown. */
struct shown {
	struct places places[WRITER_ROWS];
};

static void shown_deinit(struct shown *s)
{
	for (size_t i = 0; i < WRITER_ROWS; i++)
		places_deinit(&s->places[i]);
}

static bool has_line(const struct places *p, const struct frame *line)
{
	for (size_t i = 0; i < p->list.len; i++)
		if (frame_same_line(&p->list.data[i].line, line))
			return true;
	return false;
}

/* The first row, before row i, with the same lines as it; i when there is none. */
static size_t same_lines(const struct shown *s, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		bool same = s->places[j].list.len == s->places[i].list.len &&
			    s->places[i].list.len <= SAME_LINES;

		for (size_t k = 0; same && k < s->places[i].list.len; k++)
			same = has_line(&s->places[j], &s->places[i].list.data[k].line);
		if (same)
			return j;
	}
	return i;
}

static void put_writers(struct text *t, const struct map_rows *rows, size_t i, struct shown *s)
{
	const struct map_row *row = &rows->list.data[i];
	size_t same;

	for (size_t m = 0; m < rows->row_of.len; m++)
		if (rows->row_of.data[m] == i && places_add(&s->places[i], t->r, &t->r->maps[m]))
			t->failed = true;
	places_sort(&s->places[i]);
	if (!s->places[i].list.len && !row->most->ngrowths)
		return;
	text_put(t, "\n  #%zu  %s  ", i + 1, type_of(t, row, 60).s);
	if (row->maps > 1)
		text_put(t, "%s maps\n", fmt_int(row->maps).s);
	else
		text_put(t, "0x%lx\n", row->most->addr);
	same = same_lines(s, i);
	if (same < i)
		text_put(t, "            by the same line%s as #%zu\n",
			 fmt_plural(s->places[i].list.len), same + 1);
	else
		put_places(t, row, &s->places[i], i < STACK_ROWS ? PLACE_FRAMES : 1);
	if (row->maps == 1)
		put_growths(t, row->most);
}

/* "MAPS  3 maps seen: ~1.23 M writes, 6 growths": of what was counted at all. */
static void put_title(struct text *t)
{
	static const char *const name[RESULT_MAP_OPS] = { "write", "delete", "clear", "growth" };
	const struct result *r = t->r;
	struct text_name ops = { "" };
	size_t n = 0;

	for (size_t op = 0; op < RESULT_MAP_OPS; op++) {
		struct result_count c = op == RESULT_GROW ? map_all_growths(r) : r->map_ops[op];

		if (c.known)
			n += (size_t)snprintf(ops.s + n, sizeof(ops.s) - n, "%s%.48s %s%s",
					      n ? ", " : "", fmt_count_short(&c).s, name[op],
					      fmt_plural(c.exact ? c.hits : 2));
	}
	text_title(t, "MAPS", "%s map%s%s: %s", fmt_int(r->nmaps).s, fmt_plural(r->nmaps),
		   r->map_ops[RESULT_ASSIGN].exact ? "" : " seen", ops.s);
}

void text_maps(struct text *t)
{
	struct shown shown __attribute__((cleanup(shown_deinit))) = { 0 };
	_cleanup_map_rows_ struct map_rows rows = { 0 };
	const struct result *r = t->r;

	if (!text_any_known(r->map_ops, RESULT_MAP_OPS))
		return;
	if (!r->nmaps) {
		text_title(t, "MAPS", "no map was written in %s",
			   text_seen_time(t, &r->map_ops[RESULT_ASSIGN]).s);
		return;
	}
	if (map_rows_of(r, &rows)) {
		t->failed = true;
		return;
	}
	put_title(t);
	text_row_titles(t, column, COLUMNS);
	for (size_t i = 0; i < rows.list.len && i < TABLE_ROWS; i++)
		table_row(t, i + 1, &rows.list.data[i]);
	if (rows.list.len > TABLE_ROWS)
		text_more(t, 4, rows.list.len - TABLE_ROWS, "type");
	for (size_t i = 0; i < rows.list.len && i < WRITER_ROWS; i++)
		put_writers(t, &rows, i, &shown);
}
