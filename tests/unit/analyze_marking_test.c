// SPDX-License-Identifier: Apache-2.0
/* Assists that lie inside others, and what becomes of those whose end is missing. */
#include "analyze/state.h"
#include "unit/analyze_gc.h"

/* Goroutine 7 begins an assist. */
static void assist(struct buf *b, uint64_t t, uint64_t stack)
{
	put_hit(b,
		(struct abi_hit){
			.time_ns = at(t), .goid = 7, .tid = 13, .site = ASSIST, .stack = stack });
}

static void assisted(struct buf *b, uint64_t t)
{
	hit(b, t, ASSISTED, 7, 13, 0, 0);
}

/* A cycle that starts at t. */
static void cycle(struct buf *b, uint64_t t)
{
	hit(b, t, START, 5, 1, 0, 1);
	stop(b, t + 10, 5, 2);
}

static void expect_assists(const struct result *r, uint64_t n, uint64_t sum_ns)
{
	uint64_t cycle_n = 0, cycle_ns = 0, wait_n = 0, wait_ns = 0;

	for (size_t i = 0; i < r->ncycles; i++) {
		cycle_n += r->cycles[i].assists;
		cycle_ns += r->cycles[i].assist_ns;
	}
	for (size_t i = 0; i < r->nassists; i++) {
		wait_n += r->assists[i].n;
		wait_ns += r->assists[i].sum_ns;
	}
	assert_int_equal(r->assist.n, n);
	assert_int_equal(cycle_n, n);
	assert_int_equal(wait_n, n);
	assert_int_equal(r->assist.sum_ns, sum_ns);
	assert_int_equal(cycle_ns, sum_ns);
	assert_int_equal(wait_ns, sum_ns);
}

/* The outermost counts, with all of its time; with stacks and without. */
static void inner_is_part_of_outer(void **state)
{
	static const uint64_t stacks[][2] = { { ST_ALLOC, ST_NESTED }, { 0, 0 }, { 99, 99 } };

	(void)state;
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		struct analyzer *a;
		struct buf b = { 0 };
		const struct result *r;

		head(&b);
		cycle(&b, 10);
		for (uint64_t t = 1000; t < 4000; t += 1000) {
			assist(&b, t, stacks[i][0]);
			assist(&b, t + 300, stacks[i][1]);
			assisted(&b, t + 400);
			assist(&b, t + 500, stacks[i][1]);
			assisted(&b, t + 550);
			assisted(&b, t + 900);
		}
		assist(&b, 5000, stacks[i][0]);
		assisted(&b, 5001);
		put_counter(&b, ASSIST, 10, 0);
		put_counters(&b, 9000);
		r = analyze(&b, &a);
		expect_assists(r, 4, 3 * 900 + 1);
		assert_int_equal(r->assists[0].max_ns, 900);
		assert_count(r->assist_count, 4, true);
		assert_int_equal(r->unmatched, 0);
		analyzer_destroy(a);
	}
}

/* An end was lost: the stack of the next assist says that it is in none. */
static void lost_end_shows_in_the_stack(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	cycle(&b, 10);
	assist(&b, 1000, ST_ALLOC); /* its end is lost */
	assist(&b, 2000, ST_ALLOC);
	assisted(&b, 2100);
	/* The inner one's end is lost: the outer one's closes the inner, and counts for nothing. */
	assist(&b, 3000, ST_ALLOC);
	assist(&b, 3100, ST_NESTED);
	assisted(&b, 3200);
	assist(&b, 4000, ST_ALLOC);
	/* Two inner ones one after the other: the first one's end is lost. */
	assist(&b, 4100, ST_NESTED);
	assist(&b, 4200, ST_NESTED);
	assisted(&b, 4300);
	assisted(&b, 4400);
	r = analyze(&b, &a);
	expect_assists(r, 2, 100 + 400);
	assert_int_equal(r->unmatched, 3);
	analyzer_destroy(a);
}

/* The outer one's beginning was lost: the inner one stays a part of it. */
static void lost_beginning(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	cycle(&b, 10);
	assist(&b, 1000, ST_NESTED);
	assisted(&b, 1100);
	assisted(&b, 1200);
	r = analyze(&b, &a);
	expect_assists(r, 0, 0);
	assert_int_equal(r->unmatched, 1);
	analyzer_destroy(a);
}

/* A lost end, then a lost beginning, hours later: the end finds nothing. */
static void no_assist_of_hours(void **state)
{
	const uint64_t hour = 3600000000000;
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	cycle(&b, 10);
	assist(&b, 1000, ST_ALLOC);
	hit(&b, 1000, DRAIN, 90, 11, 0, 0);
	cycle(&b, hour);
	assisted(&b, hour + 500);
	hit(&b, hour + 500, DRAINED, 90, 11, 0, 0);
	r = analyze(&b, &a);
	expect_assists(r, 0, 0);
	assert_int_equal(r->cycles[0].worker_ns, 0);
	assert_int_equal(r->unmatched, 4);
	analyzer_destroy(a);
}

/* It is woken when its cycle ends, and gets to run some cycles later. */
static void an_assist_may_outlast_its_cycle(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	cycle(&b, 10);
	assist(&b, 1000, ST_ALLOC);
	for (uint64_t t = 2000; t < 900000000; t += 100000000) {
		hit(&b, t, END, 90, 13, 0, 5);
		cycle(&b, t + 50000000);
	}
	assisted(&b, 950001000);
	r = analyze(&b, &a);
	expect_assists(r, 1, 950000000);
	assert_int_equal(r->cycles[0].assists, 1);
	assert_int_equal(r->unmatched, 0);
	analyzer_destroy(a);
}

/* Where no stack tells, an assist in a later cycle lies in none, and no pile grows. */
static void without_stacks(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	cycle(&b, 10);
	assist(&b, 100, 0);
	cycle(&b, 1000);
	assist(&b, 1100, 0);
	assisted(&b, 1200);
	for (uint64_t i = 0; i < 1000; i++)
		assist(&b, 2000 + i, 0);
	r = analyze(&b, &a);
	expect_assists(r, 1, 100);
	assert_int_equal(r->unmatched, 1 + 1000);
	assert_in_range(a->gc.assisting.n, 1, OPENS_DEPTH);
	analyzer_destroy(a);
}

/* Goroutines that are cut off by a window's end and never come back do not pile up. */
static void window_edges(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	put_session(&b, true);
	put_site(&b, ASSIST, ABI_ASSIST_BEGIN, "f", true);
	put_site(&b, ASSISTED, ABI_ASSIST_END, "f", true);
	for (uint16_t w = 1; w <= 2000; w++)
		for (uint64_t g = 0; g < 10; g++) {
			struct abi_hit h = { .time_ns = at(1000 * w),
					     .goid = 1000 * w + g,
					     .site = ASSIST,
					     .window = w };

			put_hit(&b, h);
			h.site = ASSISTED;
			h.time_ns += 5;
			if (g % 2)
				put_hit(&b, h);
		}
	/* The end of one that began in the first window. */
	put_hit(&b,
		(struct abi_hit){
			.time_ns = at(9999999), .goid = 1000, .site = ASSISTED, .window = 2000 });
	r = analyze(&b, &a);
	assert_int_equal(r->assist.n, 10000);
	assert_int_equal(r->assist.sum_ns, 50000);
	assert_int_equal(r->unmatched, 10001);
	assert_in_range(a->gc.assisting.all.len, 5, 3000);
	assert_in_range(a->gc.assisting.top.len, 5, 3000);
	analyzer_destroy(a);
}

/* Seen in windows only: two halves of two assists are not one assist. */
static void assists_in_windows(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct abi_hit h = { .goid = 7, .tid = 3 };

	(void)state;
	put_session(&b, true);
	put_site(&b, ASSIST, ABI_ASSIST_BEGIN, "f", true);
	put_site(&b, ASSISTED, ABI_ASSIST_END, "f", true);
	for (int i = 0; i < 3; i++) {
		static const uint16_t window[3][2] = { { 1, 1 }, { 2, 5 }, { 6, 6 } };

		h.site = ASSIST;
		h.time_ns = at(1000 * i);
		h.window = window[i][0];
		put_hit(&b, h);
		h.site = ASSISTED;
		h.time_ns = at(1000 * i + 100);
		h.window = window[i][1];
		put_hit(&b, h);
	}
	r = analyze(&b, &a);
	assert_int_equal(r->assist.n, 2);
	assert_int_equal(r->assist.sum_ns, 200);
	assert_int_equal(r->unmatched, 2);
	analyzer_destroy(a);
}

/* Begun while the sites were always armed; the end that is seen in a window may be another's. */
static void assist_across_demotion(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	put_session(&b, true);
	put_site(&b, ASSIST, ABI_ASSIST_BEGIN, "f", false);
	put_site(&b, ASSISTED, ABI_ASSIST_END, "f", false);
	hit(&b, 100, ASSIST, 7, 3, 0, 0);
	put_site(&b, ASSIST, ABI_ASSIST_BEGIN, "f", true);
	put_site(&b, ASSISTED, ABI_ASSIST_END, "f", true);
	put_hit(&b,
		(struct abi_hit){ .time_ns = at(900), .goid = 7, .site = ASSISTED, .window = 1 });
	r = analyze(&b, &a);
	assert_int_equal(r->assist.n, 0);
	assert_int_equal(r->unmatched, 2);
	analyzer_destroy(a);
}

/* A cycle's figures are known when its probes were always armed to its end, and lost nothing. */
static void known_figures(void **state)
{
	static const bool lost[] = { false, true };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct analyzer *a;
		struct buf b = { 0 };
		const struct result *r;

		head(&b);
		cycle(&b, 1000);
		hit(&b, 1100, DRAIN, 90, 11, 0, 0);
		hit(&b, 1200, DRAINED, 90, 11, 0, 0);
		hit(&b, 1300, END, 90, 1, 0, 5);
		cycle(&b, 2000);
		hit(&b, 2100, DRAIN, 90, 11, 0, 0);
		put_site(&b, DRAIN, ABI_GC_DRAIN_BEGIN, "f", true);
		put_site(&b, DRAINED, ABI_GC_DRAIN_END, "f", true);
		hit(&b, 2300, END, 90, 1, 0, 5);
		put_counter(&b, ASSISTED, 1, lost[i]);
		put_end(&b, 3000);
		r = analyze(&b, &a);
		assert_int_equal(r->ncycles, 2);
		assert_true(r->cycles[0].workers_known);
		assert_int_equal(r->cycles[0].workers, 1);
		assert_false(r->cycles[1].workers_known);
		assert_int_equal(r->cycles[0].assists_known, !lost[i]);
		assert_int_equal(r->cycles[1].assists_known, !lost[i]);
		analyzer_destroy(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inner_is_part_of_outer),
		cmocka_unit_test(known_figures),
		cmocka_unit_test(lost_end_shows_in_the_stack),
		cmocka_unit_test(lost_beginning),
		cmocka_unit_test(no_assist_of_hours),
		cmocka_unit_test(an_assist_may_outlast_its_cycle),
		cmocka_unit_test(without_stacks),
		cmocka_unit_test(window_edges),
		cmocka_unit_test(assists_in_windows),
		cmocka_unit_test(assist_across_demotion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
