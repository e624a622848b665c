// SPDX-License-Identifier: Apache-2.0
#include "report/map_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/u64map.h"

#define FEW_MAPS  10   /* not more than these have a row each */
#define OWN_ROWS  5    /* at most */
#define OWN_SHARE 0.05 /* of all writes */
#define NO_ROW	  UINT32_MAX

void map_rows_deinit(struct map_rows *m)
{
	vec_deinit(&m->list);
	vec_deinit(&m->row_of);
}

double map_writes(const struct result_count ops[RESULT_MAP_OPS])
{
	double n = 0;

	for (size_t op = RESULT_ASSIGN; op <= RESULT_CLEAR; op++)
		n += ops[op].known ? ops[op].value : 0;
	return n;
}

const char *map_type(const struct result_map *m)
{
	return m->type ? m->type : "";
}

/* The count, if not exact, is not below what is known to have been. */
static struct result_count at_least(struct result_count c, double n)
{
	if (c.exact || c.value >= n)
		return c;
	c.known = c.lower_bound = true;
	c.value = c.lo = n;
	return c;
}

struct result_count map_growths(const struct result_map *m)
{
	return at_least(m->ops[RESULT_GROW], (double)m->grown);
}

struct result_count map_all_growths(const struct result *r)
{
	double grown = 0;

	for (size_t i = 0; i < r->nmaps; i++)
		grown += (double)r->maps[i].grown;
	return at_least(r->map_ops[RESULT_GROW], grown);
}

static void add_count(struct result_count *sum, const struct result_count *c)
{
	if (!sum->known) {
		*sum = *c;
		return;
	}
	if (!c->known)
		return;
	sum->exact &= c->exact;
	sum->lower_bound |= c->lower_bound;
	sum->hits += c->hits;
	sum->value += c->value;
	sum->lo += c->lo;
	sum->hi += c->hi;
}

static void add_map(struct map_row *row, const struct result_map *m)
{
	const struct result_count growths = map_growths(m);

	if (!row->maps++)
		row->most = row->longest = m;
	if (m->length > row->longest->length)
		row->longest = m;
	for (size_t op = 0; op < RESULT_MAP_OPS; op++)
		add_count(&row->ops[op], op == RESULT_GROW ? &growths : &m->ops[op]);
	if (m->ngoroutines > row->goroutines)
		row->goroutines = m->ngoroutines;
}

/* The row of those maps of m's type that have no own one; the one to be made when there is none. */
static int shared_row(const struct map_rows *rows, struct u64map *index, const struct result_map *m,
		      size_t *ret)
{
	const char *type = map_type(m);
	uint64_t key = 0, *have;

	for (const char *s = type; *s; s++)
		key = u64_mix(key, (uint8_t)*s);
	for (; (have = u64map_get(index, key)); key = u64_mix(key, 1)) {
		if (strcmp(map_type(rows->list.data[*have].most), type))
			continue;
		*ret = *have;
		return 0;
	}
	*ret = rows->list.len;
	return u64map_put(index, key, *ret);
}

static int by_writes(const void *a, const void *b)
{
	const struct map_row *x = a, *y = b;
	double n = map_writes(x->ops), m = map_writes(y->ops);

	if (n != m)
		return n > m ? -1 : 1;
	/* Both point into result.maps, where those with most writes come first. */
	return (x->most > y->most) - (x->most < y->most);
}

/* Sorts the rows, and follows them with row_of. */
static int sort(const struct result *r, struct map_rows *rows)
{
	VEC(uint32_t) to = { 0 };
	int rc = 0;

	qsort(rows->list.data, rows->list.len, sizeof(*rows->list.data), by_writes);
	for (size_t i = 0; i < rows->list.len && !rc; i++)
		rc = vec_push(&to, 0);
	for (size_t i = 0; i < rows->list.len && !rc; i++)
		to.data[rows->row_of.data[rows->list.data[i].most - r->maps]] = (uint32_t)i;
	for (size_t i = 0; i < rows->row_of.len && !rc; i++)
		rows->row_of.data[i] = to.data[rows->row_of.data[i]];
	vec_deinit(&to);
	return rc;
}

/* Adds the map to the row of that number, which may be the next new one. */
static int put(const struct result *r, struct map_rows *rows, size_t map, size_t row)
{
	if (row == rows->list.len && vec_push(&rows->list, (struct map_row){ 0 }))
		return -ENOMEM;
	add_map(&rows->list.data[row], &r->maps[map]);
	rows->row_of.data[map] = (uint32_t)row;
	return 0;
}

static int put_alone(const struct result *r, struct map_rows *rows)
{
	double all = 0;
	int rc = 0;

	for (size_t i = 0; i < r->nmaps; i++)
		all += map_writes(r->maps[i].ops);
	for (size_t i = 0; i < r->nmaps && !rc; i++) {
		const struct result_map *m = &r->maps[i];
		bool stands_out = m->ngoroutines > 1 || map_writes(m->ops) >= OWN_SHARE * all;

		if (r->nmaps <= FEW_MAPS || (stands_out && rows->list.len < OWN_ROWS))
			rc = put(r, rows, i, rows->list.len);
	}
	return rc;
}

int map_rows_of(const struct result *r, struct map_rows *ret)
{
	struct u64map index __attribute__((cleanup(u64map_deinit))) = { 0 };
	int rc = 0;

	for (size_t i = 0; i < r->nmaps && !rc; i++)
		rc = vec_push(&ret->row_of, NO_ROW);
	if (!rc)
		rc = put_alone(r, ret);
	for (size_t i = 0; i < r->nmaps && !rc; i++) {
		size_t row;

		if (ret->row_of.data[i] != NO_ROW)
			continue;
		rc = shared_row(ret, &index, &r->maps[i], &row);
		if (!rc)
			rc = put(r, ret, i, row);
	}
	return rc || !ret->list.len ? rc : sort(r, ret);
}
