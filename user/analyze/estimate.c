// SPDX-License-Identifier: Apache-2.0
/*
 * From hits to counts.
 *
 * A site that is always armed counts exactly: its counter has every passage, also those whose
 * record the ring buffer had no room for. Without counters (the stream is not at its end, or was
 * cut off) nobody knows whether there were such, and the hits seen are a lower bound.
 *
 * A windowed site is a sample. Windows of lengths a_i with h_i hits, A and H in sum, give the rate
 * R = H / A, and the count over the time T is R T. Its spread is that of a ratio estimator:
 *
 *     s^2 = sum (h_i - R a_i)^2 / (n - 1),   half = t(0.975, n - 1) T/A sqrt(n s^2) sqrt(1 - A/T)
 *
 * with Student's t; the last factor is there because what lies in the windows is known and needs no
 * estimate. Few hits have no spread that one could measure (no hit: no spread at all), so the
 * interval is never narrower than that of Poisson arrivals (Garwood's, by Wilson and Hilferty's
 * approximation), nor does it go below the hits seen. With fewer than two windows there is no upper
 * limit: lower_bound.
 *
 * A site may become windowed in the middle of the session. Its count is then that of its
 * always-armed hits plus the estimate for the rest of the time. Sites of one event that became
 * windowed together are one group and have their hits added up window by window, so that sites that
 * are busy at the same moments get the interval they deserve. Several groups: the half-widths are
 * added, as if all of them were wrong in the same direction.
 *
 * The probes slow the target down while they are armed. When the hits in windows cost more than a
 * fifth of the armed time the rate in there says little about the rate outside: lower_bound.
 *
 * Only +, -, *, / and sqrt are used: every machine computes the same digits from a recording.
 */
#include "analyze/estimate.h"

#include <math.h>

#define MAX_SLOWDOWN 0.2

static double min_double(double a, double b)
{
	return a < b ? a : b;
}

static double max_double(double a, double b)
{
	return a > b ? a : b;
}

/* The 0.975 quantile of Student's t: a table, and Cornish and Fisher's expansion beyond it. */
static double student_t(uint64_t freedom)
{
	static const double table[] = {
		12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
		2.201,	2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
		2.080,	2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
	};
	const double z = 1.959964, n = (double)freedom;

	if (freedom <= sizeof(table) / sizeof(table[0]))
		return table[freedom - 1];
	return z + (z * z * z + z) / (4 * n) +
	       (5 * z * z * z * z * z + 16 * z * z * z + 3 * z) / (96 * n * n);
}

/* 95 % interval of the mean of a Poisson variable that came out as n. */
static void poisson_interval(double n, double *lo, double *hi)
{
	const double z = 1.959964;
	double up = n + 1, c = 1 - 1 / (9 * up) + z / (3 * sqrt(up));

	*hi = up * c * c * c;
	*lo = 0;
	if (n > 0) {
		c = 1 - 1 / (9 * n) - z / (3 * sqrt(n));
		*lo = c > 0 ? n * c * c * c : 0;
	}
}

struct estimate {
	double value, down, up; /* up may be infinite */
};

/* The count over the time total, in the unit of s->a. */
static struct estimate extrapolate(const struct window_sums *s, double total)
{
	struct estimate r = { s->h, 0, INFINITY };
	double factor, unseen, rate, spread, lo, hi;

	if (!s->n || s->a <= 0)
		return r;
	factor = max_double(total / s->a, 1);
	r.value = s->h * factor;
	if (s->n < 2) {
		r.down = r.value - s->h;
		return r;
	}
	unseen = sqrt(1 - 1 / factor);
	rate = s->h / s->a;
	spread = max_double(s->hh - 2 * rate * s->ha + rate * rate * s->aa, 0);
	spread *= (double)s->n / (double)(s->n - 1);
	spread = student_t(s->n - 1) * sqrt(spread);
	poisson_interval(s->h, &lo, &hi);
	r.down = factor * unseen * max_double(spread, s->h - lo);
	r.up = factor * unseen * max_double(spread, hi - s->h);
	r.down = min_double(r.down, r.value - s->h);
	return r;
}

/* The sums of a group, pending windows included. */
static struct window_sums group_sums(const struct sites *s, uint32_t group)
{
	struct window_sums sums = s->group[group].sums;

	for (uint32_t i = 0; i < WINDOWS_PENDING; i++)
		if (s->pending[i].closed)
			window_add(&sums, &s->group[group], &s->pending[i], group);
	return sums;
}

/* What the hits of some events add up to. */
struct tally {
	struct scale *scale;
	uint64_t hits, lost;
	double always_seen, always_all;
	double inside_seen[ABI_MAX_SITES], inside_all[ABI_MAX_SITES]; /* by group */
};

static void tally_site(struct tally *t, const struct sites *s, const struct site *v)
{
	double seen = (double)v->always + (double)v->inside, all = (double)site_hits(v);
	double share = seen > 0 ? (double)v->always / seen : !v->windowed;

	t->scale->known = true;
	t->scale->open |= !v->counted && !s->ended;
	t->hits += site_hits(v);
	t->lost += site_hits(v) - (v->always + v->inside);
	t->always_seen += (double)v->always;
	t->always_all += all * share;
	if (v->windowed) {
		t->scale->windowed = true;
		t->inside_seen[v->group] += (double)v->inside;
		t->inside_all[v->group] += all * (1 - share);
	}
}

/* Whether the probes took so much of the windows that the rate in them is not that outside. */
static bool slowed_down(const struct sites *s)
{
	double cost = 0;

	for (uint32_t i = 0; i < ABI_MAX_SITES; i++) {
		const struct site *v = &s->site[i];
		uint64_t ns = v->single_step ? s->cost.single_step_ns : s->cost.emulated_ns;

		cost += (double)v->inside * (double)ns;
	}
	return cost > MAX_SLOWDOWN * (double)s->armed_ns;
}

/* Adds the estimate of one group to *sum. */
static void add_group(const struct sites *s, const struct tally *t, uint32_t group, uint64_t end_ns,
		      struct estimate *sum)
{
	const struct site_group *g = &s->group[group];
	struct window_sums sums = group_sums(s, group);
	double total = end_ns > g->from_ns ? (double)(end_ns - g->from_ns) : 0;
	double loss = t->inside_seen[group] > 0 ? t->inside_all[group] / t->inside_seen[group] : 1;
	struct estimate one = extrapolate(&sums, total);

	if (t->inside_seen[group] <= 0 && t->inside_all[group] > 0) {
		/* All of them were lost: how they lay in the windows is not known. */
		one.value = t->inside_all[group];
		if (sums.a > 0)
			one.value *= max_double(total / sums.a, 1);
		one.down = one.value - t->inside_all[group];
		one.up = INFINITY;
	}
	sum->value += one.value * loss;
	sum->down += one.down * loss;
	sum->up += one.up * loss;
	if (sums.n > t->scale->windows)
		t->scale->windows = sums.n;
}

struct result_count estimate_count(const struct sites *s, uint32_t events, uint64_t end_ns,
				   struct scale *scale)
{
	struct scale own = { 0 };
	struct tally t = { .scale = scale ? scale : &own };
	struct estimate sum = { 0 };
	struct result_count c = { 0 };
	double seen = 0;

	*t.scale = (struct scale){ .always = 1, .inside = 1 };
	for (uint32_t i = 0; i < ABI_MAX_SITES; i++)
		if (s->site[i].known && (events & EVENT_BIT(s->site[i].event)))
			tally_site(&t, s, &s->site[i]);
	for (uint32_t g = 0; g < s->ngroups; g++)
		if (events & EVENT_BIT(s->group[g].event)) {
			add_group(s, &t, g, end_ns, &sum);
			seen += t.inside_seen[g];
		}
	t.scale->lost = t.lost;
	if (t.always_seen > 0)
		t.scale->always = t.always_all / t.always_seen;
	if (seen > 0)
		t.scale->inside = max_double(sum.value / seen, 1);
	t.scale->lower_bound = t.scale->windowed ? slowed_down(s) : t.scale->open;

	c.known = t.scale->known;
	c.hits = t.hits;
	c.exact = c.known && !t.scale->windowed && !t.scale->open;
	c.lower_bound = t.scale->lower_bound || isinf(sum.up);
	c.value = (double)t.hits;
	if (t.scale->windowed)
		c.value = max_double(t.always_all + sum.value, c.value);
	c.lo = max_double(c.value - sum.down, (double)t.hits);
	c.hi = c.value + sum.up;
	if (!t.scale->windowed && t.scale->open)
		c.hi = INFINITY;
	return c;
}

struct result_count estimate_part(const struct scale *scale, uint64_t always, uint64_t inside,
				  double squares)
{
	struct result_count c = { .known = scale->known, .hits = always + inside };
	double n = (double)scale->windows, hits = (double)c.hits;

	c.lower_bound = scale->lower_bound;
	if (!scale->windowed) {
		c.exact = c.known && !scale->open && !scale->lost;
		c.value = (double)always * scale->always;
		c.lo = hits;
		c.hi = scale->open ? INFINITY : hits + (double)scale->lost;
		return c;
	}
	/* Windows are nearly equally long: their length is the unit of time. */
	struct window_sums sums = {
		.n = scale->windows,
		.h = (double)inside,
		.a = n,
		.hh = squares,
		.ha = (double)inside,
		.aa = n,
	};
	struct estimate est = extrapolate(&sums, n * scale->inside);

	c.value = (double)always * scale->always + est.value;
	c.lo = max_double(c.value - est.down, hits);
	c.hi = c.value + est.up;
	c.lower_bound |= isinf(c.hi);
	return c;
}
