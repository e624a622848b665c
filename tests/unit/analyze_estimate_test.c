// SPDX-License-Identifier: Apache-2.0
/* Counts from windows: the value, and that the truth lies in the interval. */
#include "unit/analyze_stream.h"

#define MS 1000000ull

enum { SITE, SECOND };

/* A pseudo-random sequence (splitmix64), the same on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static double next_unit(uint64_t *seed)
{
	return ((double)(next_random(seed) >> 11) + 0.5) / 9007199254740992.0;
}

static void head(struct buf *b, bool windowed, uint64_t cost_ns)
{
	put_session(b, true);
	put_site(b, SITE, ABI_MAP_ASSIGN, "f", windowed);
	event_put_cost(b, &(struct event_cost){ cost_ns, 10 * cost_ns });
}

static void hit_of(struct buf *b, uint16_t site, uint64_t t, uint16_t window, uint64_t map)
{
	put_hit(b, (struct abi_hit){ .time_ns = at(t),
				     .goid = 1,
				     .site = site,
				     .window = window,
				     .arg = { map, 5, 0 } });
}

static void hit(struct buf *b, uint64_t t, uint16_t window)
{
	hit_of(b, SITE, t, window, 0xc000);
}

static void plain_windows(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct result_count c;

	(void)state;
	head(&b, true, 100);
	for (uint16_t w = 1; w <= 10; w++) {
		for (int i = 0; i < 50; i++)
			hit(&b, w * 10 * MS + i, w);
		put_window(&b, w, w * 10 * MS, w * 10 * MS + MS);
	}
	put_counter(&b, SITE, 500, 0);
	put_end(&b, 200 * MS);
	r = analyze(&b, &a);
	assert_int_equal(r->windows, 10);
	assert_int_equal(r->armed_ns, 10 * MS);
	assert_int_equal(r->duration_ns, 200 * MS);
	c = r->map_ops[RESULT_ASSIGN];
	assert_true(c.known && !c.exact && !c.lower_bound);
	assert_int_equal(c.hits, 500);
	assert_true(c.value == 10000);
	/* No spread at all, so what is left is the interval of 500 Poisson arrivals: 457..546. */
	assert_true(c.lo > 20 * 450 && c.lo < 20 * 465);
	assert_true(c.hi > 20 * 540 && c.hi < 20 * 550);
	/* The one map has all of it. */
	assert_true(fabs(r->maps[0].ops[RESULT_ASSIGN].value - 10000) < 1e-6);
	assert_true(fabs(r->maps[0].ops[RESULT_ASSIGN].lo - c.lo) < 1);
	assert_true(fabs(r->maps[0].sites[0].count[RESULT_ASSIGN] - 10000) < 1e-6);
	assert_false(r->maps[0].ops[RESULT_ASSIGN].exact);
	assert_false(r->maps[0].ops[RESULT_DELETE].known);
	analyzer_destroy(a);
}

/* A target that is busy in every other window: the interval is that of the windows, not Poisson's.
 */
static void uneven_windows(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct result_count c;

	(void)state;
	head(&b, true, 0);
	for (uint16_t w = 1; w <= 10; w++) {
		for (int i = 0; i < (w % 2 ? 100 : 0); i++)
			hit(&b, w * 100 * MS + i, w);
		put_window(&b, w, w * 100 * MS, w * 100 * MS + MS);
	}
	put_end(&b, 2000 * MS);
	r = analyze(&b, &a);
	c = r->map_ops[RESULT_ASSIGN];
	assert_true(c.value == 100000);
	/* s = 50 sqrt(10/9), t = 2.262: half is 2.262 * 50 sqrt(10/9) / sqrt(10) / 50 of the value.
	 */
	assert_true(c.hi - c.value > 0.74 * c.value && c.hi - c.value < 0.76 * c.value);
	assert_true(fabs(r->maps[0].ops[RESULT_ASSIGN].hi - c.hi) < 1);
	analyzer_destroy(a);
}

static void too_few_windows(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct result_count c;

	(void)state;
	head(&b, true, 0);
	hit(&b, 10, 1);
	r = analyze(&b, &a);
	c = r->map_ops[RESULT_ASSIGN];
	assert_true(c.known && !c.exact && c.lower_bound);
	assert_true(c.lo == 1 && isinf(c.hi) && c.value >= 1);
	assert_true(r->maps[0].ops[RESULT_ASSIGN].lower_bound);
	put_window(&b, 1, 0, 100);
	put_end(&b, 1000);
	{
		struct err e;

		assert_int_equal(feed(a, &b, &e), 0);
		buf_deinit(&b);
	}
	c = result_of(a)->map_ops[RESULT_ASSIGN];
	assert_true(c.lower_bound && c.value == 10 && c.lo == 1 && isinf(c.hi));
	analyzer_destroy(a);
}

/* No hit in any window: that does not make it never. */
static void nothing_seen(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	struct result_count c;

	(void)state;
	head(&b, true, 0);
	for (uint16_t w = 1; w <= 20; w++)
		put_window(&b, w, w * 100, w * 100 + 10);
	put_end(&b, 4000);
	c = analyze(&b, &a)->map_ops[RESULT_ASSIGN];
	assert_true(c.value == 0 && c.lo == 0);
	assert_true(c.hi > 3 * 20 && c.hi < 5 * 20);
	analyzer_destroy(a);
}

/* Probes that took more than a fifth of the windows. */
static void slowed_down(void **state)
{
	for (int hits = 190; hits <= 210; hits += 20) {
		struct analyzer *a;
		struct buf b = { 0 };
		struct result_count c;

		(void)state;
		head(&b, true, 100);
		for (uint16_t w = 1; w <= 10; w++) {
			for (int i = 0; i < hits; i++)
				hit(&b, w * 1000000 + i, w);
			put_window(&b, w, w * 1000000, w * 1000000 + 100000);
		}
		put_end(&b, 20000000);
		c = analyze(&b, &a)->map_ops[RESULT_ASSIGN];
		assert_int_equal(c.lower_bound, hits > 200);
		assert_true(c.lo >= 10 * hits);
		analyzer_destroy(a);
	}
}

/* Always armed for half the time, then in windows. */
static void demoted(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct result_count c;

	(void)state;
	head(&b, false, 0);
	for (int i = 0; i < 1000; i++)
		hit(&b, i * 100, 0);
	hit(&b, 100000, 0);
	put_site(&b, SITE, ABI_MAP_ASSIGN, "f", true);
	for (uint16_t w = 1; w <= 100; w++) {
		uint64_t open = 100000 + w * 900;

		for (int i = 0; i < 4; i++)
			hit(&b, open + i, w);
		put_window(&b, w, open, open + 100);
	}
	put_counter(&b, SITE, 1401, 0);
	put_end(&b, 200000);
	r = analyze(&b, &a);
	c = r->map_ops[RESULT_ASSIGN];
	assert_int_equal(c.hits, 1401);
	assert_true(!c.exact && !c.lower_bound);
	/* 1001 for certain, and 4 per 100 ns for 100,000 ns. */
	assert_true(fabs(c.value - (1001 + 4000)) < 1e-6);
	assert_true(c.lo > 1001 + 3500 && c.hi < 1001 + 4500);
	assert_true(fabs(r->maps[0].ops[RESULT_ASSIGN].value - 5001) < 1e-6);
	assert_true(r->sites[0].windowed);
	analyzer_destroy(a);
}

/* Hits from before the site became windowed may come behind the word of it: then it was later. */
static void demoted_late(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	struct result_count c;

	(void)state;
	head(&b, false, 0);
	hit(&b, 100000, 0);
	put_site(&b, SITE, ABI_MAP_ASSIGN, "f", true);
	hit(&b, 150000, 0);
	for (uint16_t w = 1; w <= 40; w++) {
		hit(&b, 150000 + w * 1000, w);
		put_window(&b, w, 150000 + w * 1000, 150000 + w * 1000 + 100);
	}
	put_counter(&b, SITE, 42, 0);
	put_end(&b, 200000);
	c = analyze(&b, &a)->map_ops[RESULT_ASSIGN];
	/* One in 100 ns for 50,000 ns. */
	assert_true(fabs(c.value - (2 + 500)) < 1e-6);
	analyzer_destroy(a);
}

/* Two sites of one operation, one of them always armed; hits of late or missing windows. */
static void mixed_sites(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct result_count c;

	(void)state;
	head(&b, true, 0);
	put_site(&b, SECOND, ABI_MAP_ASSIGN, "g", false);
	for (int i = 0; i < 70; i++)
		hit_of(&b, SECOND, i, 0, 0xd000);
	for (uint16_t w = 1; w <= 10; w++) {
		/* The description first, the hits behind it. */
		put_window(&b, w, w * 1000, w * 1000 + 100);
		hit(&b, w * 1000 + 1, w);
		hit(&b, w * 1000 + 2, w);
	}
	hit(&b, 15000, 11); /* never described */
	put_counter(&b, SITE, 21, 0);
	put_counter(&b, SECOND, 70, 0);
	put_end(&b, 20000);
	r = analyze(&b, &a);
	c = r->map_ops[RESULT_ASSIGN];
	assert_int_equal(c.hits, 91);
	assert_true(fabs(c.value - (70 + 400)) < 1e-6);
	assert_true(c.lo >= 91 && c.hi > c.value);
	/* A map that has only always-armed hits is not scaled. */
	assert_int_equal(r->maps[1].addr, 0xd000);
	assert_true(r->maps[1].ops[RESULT_ASSIGN].value == 70);
	analyzer_destroy(a);
}

/* More windows than can be pending, their numbers wrapping: all of them count. */
static void many_windows(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	uint64_t t = 0;
	uint32_t w = 65000;

	(void)state;
	head(&b, true, 0);
	for (int i = 0; i < 2000; i++, t += 1000) {
		hit(&b, t, (uint16_t)w);
		put_window(&b, w, t, t + 10);
		w = w == 65535 ? 1 : w + 1;
	}
	put_counter(&b, SITE, 2000, 0);
	put_end(&b, t);
	r = analyze(&b, &a);
	assert_int_equal(r->windows, 2000);
	assert_true(fabs(r->map_ops[RESULT_ASSIGN].value - 200000) < 1e-3);
	analyzer_destroy(a);
}

/* A windowed site whose records were lost: the counter has them. */
static void lost_in_windows(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	struct result_count c;

	(void)state;
	head(&b, true, 0);
	for (uint16_t w = 1; w <= 10; w++) {
		for (int i = 0; i < 10; i++)
			hit(&b, w * 1000 + i, w);
		put_window(&b, w, w * 1000, w * 1000 + 100);
	}
	put_counter(&b, SITE, 200, 100);
	put_end(&b, 20000);
	c = analyze(&b, &a)->map_ops[RESULT_ASSIGN];
	assert_int_equal(c.hits, 200);
	assert_true(fabs(c.value - 4000) < 1e-6);
	assert_true(c.lo >= 200);
	analyzer_destroy(a);

	head(&b, true, 0);
	put_window(&b, 1, 0, 100);
	put_window(&b, 2, 1000, 1100);
	put_counter(&b, SITE, 50, 50);
	put_end(&b, 2000);
	c = analyze(&b, &a)->map_ops[RESULT_ASSIGN];
	assert_true(c.value == 500 && c.lo == 50 && c.lower_bound);
	analyzer_destroy(a);
}

/* Without counters nobody knows whether something was lost. */
static void no_counters_yet(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	struct result_count c;

	(void)state;
	head(&b, false, 0);
	hit(&b, 1, 0);
	c = analyze(&b, &a)->map_ops[RESULT_ASSIGN];
	assert_true(c.known && !c.exact && c.lower_bound);
	assert_true(c.value == 1 && c.lo == 1 && isinf(c.hi));
	analyzer_destroy(a);
}

/* Armed only 1 in 100: arrivals of one rate, or of two rates that alternate. */
struct arrivals {
	double per_window;
	bool alternating; /* twice as many in one window of two, none in the others */
	int windows;
};

/* Whether the truth, drawn with the seed, lies in the interval. */
static bool covers(const struct arrivals *s, uint64_t seed, uint64_t maps, uint64_t *covered_maps)
{
	uint64_t truth = 0, truth_of[8] = { 0 }, period = 100000, armed = 1000;
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct result_count c;
	bool ok;

	head(&b, true, 0);
	for (int w = 0; w < s->windows; w++) {
		uint64_t open = (uint64_t)w * period + next_random(&seed) % (period - armed);
		double rate = s->per_window / (double)armed, t = 0;

		/* A whole period is busy or idle, by chance. */
		if (s->alternating)
			rate *= next_unit(&seed) < 0.5 ? 0 : 2;
		while (rate > 0 && (t -= log(next_unit(&seed)) / rate) < (double)period) {
			uint64_t now = (uint64_t)w * period + (uint64_t)t;
			uint64_t map = next_random(&seed) % maps;

			truth++;
			truth_of[map]++;
			if (now >= open && now < open + armed)
				hit_of(&b, SITE, now, (uint16_t)(w + 1), 0xc000 + map);
		}
		put_window(&b, (uint32_t)w + 1, open, open + armed);
	}
	put_end(&b, (uint64_t)s->windows * period);
	r = analyze(&b, &a);
	c = r->map_ops[RESULT_ASSIGN];
	ok = c.lo <= (double)truth && (double)truth <= c.hi;
	assert_false(c.lower_bound);
	for (size_t i = 0; i < r->nmaps; i++) {
		const struct result_count *m = &r->maps[i].ops[RESULT_ASSIGN];
		double n = (double)truth_of[r->maps[i].addr - 0xc000];

		*covered_maps += m->lo <= n && n <= m->hi;
	}
	*covered_maps += maps - r->nmaps;
	analyzer_destroy(a);
	return ok;
}

static void truth_in_the_interval(void **state)
{
	static const struct arrivals set[] = {
		{ 0.05, false, 60 }, { 1, false, 30 }, { 5, false, 30 },
		{ 20, false, 10 },   { 2, true, 40 },
	};
	const uint64_t seeds = 200, maps = 3;

	(void)state;
	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		uint64_t covered = 0, covered_maps = 0;

		for (uint64_t seed = 1; seed <= seeds; seed++)
			covered += covers(&set[i], seed, maps, &covered_maps);
		if (covered * 10 < seeds * 9 || covered_maps * 10 < seeds * maps * 9)
			fail_msg("arrivals %zu: %d of 200, maps %d of 600", i, (int)covered,
				 (int)covered_maps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_windows),   cmocka_unit_test(uneven_windows),
		cmocka_unit_test(too_few_windows), cmocka_unit_test(nothing_seen),
		cmocka_unit_test(slowed_down),	   cmocka_unit_test(demoted),
		cmocka_unit_test(demoted_late),	   cmocka_unit_test(mixed_sites),
		cmocka_unit_test(many_windows),	   cmocka_unit_test(lost_in_windows),
		cmocka_unit_test(no_counters_yet), cmocka_unit_test(truth_in_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
