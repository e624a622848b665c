// SPDX-License-Identifier: Apache-2.0
/* What the session cost, what it could not see, and how far its figures can be trusted. */
#include "report/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "report/map_rows.h"
#include "report/safe.h"

#define TOP_POINTS 5

/* The sites of one point, summed: a function has one entry and maybe many exits. */
struct point {
	const char *name;
	uint64_t hits, lost, outside, stack_lost;
	double cost_ns;
	size_t sites, single_steps, windowed, order;
};

static const char *str(const char *s)
{
	return s ? s : "";
}

/* Sums the sites of site number i's point; false when an earlier site has done so. */
static bool point_of(const struct result *r, size_t i, struct point *ret)
{
	const char *name = str(r->sites[i].point);
	struct point p = { .name = name, .order = i };

	for (size_t j = 0; j < r->nsites; j++) {
		const struct result_site *s = &r->sites[j];

		if (strcmp(str(s->point), name))
			continue;
		if (j < i)
			return false;
		p.sites++;
		p.hits += s->hits;
		p.lost += s->lost;
		p.outside += s->outside;
		p.stack_lost += s->stack_lost;
		p.cost_ns += s->cost_ns;
		p.single_steps += s->single_step;
		p.windowed += s->windowed;
	}
	*ret = p;
	return true;
}

static uint64_t whole_ns(double ns)
{
	return ns > 0 && ns < 1e18 ? (uint64_t)ns : 0;
}

static void point_row(struct text *t, const struct point *p)
{
	struct fmt sites;

	snprintf(sites.s, sizeof(sites.s), "%zu", p->sites);
	text_put(t, "  ");
	text_left(t, 23, text_name(t, p->name, 23).s);
	text_right(t, 6, sites.s);
	text_right(t, 12, fmt_int(p->hits).s);
	text_right(t, 9, fmt_ns(whole_ns(p->cost_ns)).s);
	text_put(t, "  %s%s", p->single_steps ? "single-stepped" : "emulated",
		 p->windowed ? ", in windows" : "");
	if (p->lost)
		text_put(t, ", %s LOST", fmt_si((double)p->lost).s);
	else if (p->stack_lost)
		text_put(t, ", %s stacks lost", fmt_si((double)p->stack_lost).s);
	else if (p->windowed && p->outside)
		text_put(t, " (+%s outside)", fmt_si((double)p->outside).s);
	text_put(t, "\n");
}

static void cost_notes(struct text *t)
{
	const struct result *r = t->r;

	if (r->emulated_ns || r->single_step_ns)
		text_put(t, "  a hit costs here: %s emulated, %s single-stepped\n",
			 r->emulated_ns ? fmt_ns(r->emulated_ns).s : "-",
			 r->single_step_ns ? fmt_ns(r->single_step_ns).s : "-");
	if (r->target_cpu_ns)
		text_put(t, "  the target used %s of CPU time, mapprobe itself %s\n",
			 fmt_ns(r->target_cpu_ns).s, r->own_cpu_ns ? fmt_ns(r->own_cpu_ns).s : "-");
}

static int dearest_first(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->cost_ns != y->cost_ns)
		return x->cost_ns > y->cost_ns ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void put_points(struct text *t, struct point *p, size_t n)
{
	text_dim(t, true);
	text_put(t, "  point                   sites        hits     cost  how\n");
	text_dim(t, false);
	qsort(p, n, sizeof(*p), dearest_first);
	for (size_t i = 0; i < n && i < TOP_POINTS; i++)
		point_row(t, &p[i]);
	text_more(t, 2, n > TOP_POINTS ? n - TOP_POINTS : 0, "point");
}

void text_probes(struct text *t)
{
	const struct result *r = t->r;
	VEC(struct point) points = { 0 };
	struct point p;
	uint64_t hits = 0;
	size_t silent = 0;

	for (size_t i = 0; i < r->nsites; i++) {
		hits += r->sites[i].hits;
		if (!point_of(r, i, &p))
			continue;
		if (!p.hits && !p.outside)
			silent++;
		else if (vec_push(&points, p))
			t->failed = true;
	}
	text_title(t, "PROBES", "%zu site%s, %s hit%s, %s taken from the target", r->nsites,
		   fmt_plural(r->nsites), fmt_int(hits).s, fmt_plural(hits),
		   fmt_ns(r->overhead_ns).s);
	if (points.len)
		put_points(t, points.data, points.len);
	vec_deinit(&points);
	if (silent)
		text_put(t, "  %zu point%s never passed\n", silent,
			 silent == 1 ? " was" : "s were");
	cost_notes(t);
}

/* Everything from number first on that is missing for the same reason. */
static void put_missing(struct text *t, size_t first)
{
	const struct result *r = t->r;
	const char *why = str(r->missing[first].why);
	_cleanup_buf_ struct buf b = { 0 };

	for (size_t i = first; i < r->nmissing; i++) {
		if (strcmp(str(r->missing[i].why), why))
			continue;
		if (b.len)
			buf_put(&b, ", ", 2);
		safe_text(&b, r->missing[i].what, 40);
	}
	buf_put(&b, ": ", 2);
	safe_text(&b, why, 0);
	buf_u8(&b, 0);
	t->failed |= b.failed;
	if (!b.failed)
		text_wrap(t, "  ", "%s", (const char *)b.data);
}

/* What is missing, gathered by reason: many points are missing for one. */
void text_missing(struct text *t)
{
	const struct result *r = t->r;

	if (!r->nmissing)
		return;
	text_heading(t, "NOT AVAILABLE");
	for (size_t i = 0; i < r->nmissing; i++) {
		const char *why = str(r->missing[i].why);
		bool said = false;

		for (size_t j = 0; j < i && !said; j++)
			said = !strcmp(str(r->missing[j].why), why);
		if (said)
			continue;
		put_missing(t, i);
	}
}

struct named_count {
	const char *name;
	struct result_count count;
};

enum { NCOUNTS = RESULT_MAP_OPS + 4 };

static void name_counts(const struct result *r, struct named_count ret[NCOUNTS])
{
	static const char *const op[RESULT_MAP_OPS] = { "map writes", "map deletes", "map clears",
							"map growths" };
	size_t n = 0;

	for (; n < RESULT_MAP_OPS; n++)
		ret[n] = (struct named_count){ op[n], r->map_ops[n] };
	ret[RESULT_GROW].count = map_all_growths(r);
	ret[n++] = (struct named_count){ "map evacuations", r->evacuations };
	ret[n++] = (struct named_count){ "GC cycles", r->gc_cycles };
	ret[n++] = (struct named_count){ "GC assists", r->assist_count };
	ret[n++] = (struct named_count){ "lock waits", r->lock_waits };
}

/* A class of counts in one sentence. */
static void truth_class(struct text *t, const char *lead, bool known, bool exact, bool values)
{
	struct named_count c[NCOUNTS];
	char line[1024] = "";
	size_t n = 0;

	name_counts(t->r, c);
	for (size_t i = 0; i < NCOUNTS; i++) {
		if (c[i].count.known != known || (known && c[i].count.exact != exact))
			continue;
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s%s%s", n ? ", " : "",
				      c[i].name, values ? " " : "",
				      values ? fmt_count(&c[i].count).s : "");
	}
	if (n)
		text_wrap(t, lead, "%s", line);
}

/* How many hits have a stack that is not whole, and why. */
static void text_unwinding(struct text *t)
{
	const struct result_unwinding *u = &t->r->unwinding;
	const struct {
		uint64_t n;
		const char *what;
	} row[] = {
		{ u->deeper, "too deep" },
		{ u->c_code, "in C code without frame pointers" },
		{ u->unknown, "elsewhere" },
	};
	const char *lead = ": ";

	if (!u->deeper && !u->c_code && !u->unknown && !u->gaps)
		return;
	text_put(t, "  stacks     %s hit%s with a whole stack", fmt_int(u->complete - u->gaps).s,
		 fmt_plural(u->complete - u->gaps));
	if (u->gaps)
		text_put(t, ", %s with frames missing in between", fmt_int(u->gaps).s);
	if (u->deeper || u->c_code || u->unknown)
		text_put(t, "\n             %s with one that stops early",
			 fmt_int(u->deeper + u->c_code + u->unknown).s);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		if (!row[i].n)
			continue;
		text_put(t, "%s%s %s", lead, fmt_int(row[i].n).s, row[i].what);
		lead = ", ";
	}
	text_put(t, "\n");
}

void text_truth(struct text *t)
{
	const struct result *r = t->r;

	text_heading(t, "TRUTH");
	truth_class(t, "  exact      ", true, true, false);
	truth_class(t, "  estimated  ", true, false, true);
	if (r->windows)
		text_wrap(
			t, "             ", "%s",
			"(~: scaled up from the windows, with the 95 % interval that follows from "
			"how they differ. ≥, +: or more; the probes slowed the target inside the "
			"windows, or something else tells the least it was)");
	truth_class(t, "  not armed  ", false, false, false);
	text_put(t, "  lost       ");
	if (!r->lost_events && !r->lost_stacks && !r->unmatched)
		text_put(t, "nothing: no event, no stack, every beginning has its end\n");
	else
		text_put(t, "%s event%s, %s stack%s; %s beginning%s or end%s without the other\n",
			 fmt_int(r->lost_events).s, fmt_plural(r->lost_events),
			 fmt_int(r->lost_stacks).s, fmt_plural(r->lost_stacks),
			 fmt_int(r->unmatched).s, fmt_plural(r->unmatched),
			 fmt_plural(r->unmatched));
	text_unwinding(t);
}
