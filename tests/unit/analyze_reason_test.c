// SPDX-License-Identifier: Apache-2.0
/* Why the world was stopped, where the runtime does not say so (before Go 1.21). */
#include "unit/analyze_gc.h"

/* Goroutine g's stop, of which no reason is told; in it, unless 0, goroutine term ends marking. */
static void nameless(struct buf *b, uint64_t t, uint64_t g, uint64_t term, uint64_t stack)
{
	put_hit(b, (struct abi_hit){
			   .time_ns = at(t), .goid = g, .tid = 1, .site = STW, .stack = stack });
	hit(b, t + 10, STOPPED, g, 1, 0, 0);
	if (term)
		hit(b, t + 15, MARK_TERM, term, 1, 0, 0);
	hit(b, t + 30, RESTARTED, g, 1, 0, 0);
}

static const struct result *result(struct buf *b, struct analyzer **a)
{
	put_counters(b, 9000);
	return analyze(b, a);
}

static void expect_reasons(const struct result *r, const char *const *reason, size_t n)
{
	uint64_t gc = 0;

	assert_int_equal(r->nstws, n);
	for (size_t i = 0; i < n; i++) {
		bool is_gc = !strncmp(reason[i], "GC ", 3);

		assert_string_equal(r->stws[i].reason, reason[i]);
		assert_int_equal(r->stws[i].gc, is_gc);
		gc += is_gc;
	}
	assert_int_equal(r->stw_gc.n, gc);
	assert_int_equal(r->stw_other.n, n - gc);
}

#define EXPECT_REASONS(r, ...)                                                                     \
	expect_reasons(r, (const char *const[]){ __VA_ARGS__ },                                    \
		       sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))
#define SWEEP_TERM "GC sweep termination"
#define TERM	   "GC mark termination"

/* Goroutine 5 starts a cycle at t, worker 90 ends it, after one try that found work left. */
static void old_cycle(struct buf *b, uint64_t t)
{
	hit(b, t, START, 5, 1, 0, 4000000);
	nameless(b, t + 100, 5, 0, ST_STOP_GC);
	hit(b, t + 200, DRAIN, 90, 11, 2, 0);
	hit(b, t + 300, DRAINED, 90, 11, 0, 0);
	hit(b, t + 400, MARK_DONE, 90, 11, 0, 0);
	nameless(b, t + 500, 90, 0, ST_STOP_GC);
	hit(b, t + 600, MARK_DONE, 90, 11, 0, 0);
	/* Somebody who comes to the same conclusion meanwhile, and waits for his turn. */
	hit(b, t + 610, MARK_DONE, 7, 12, 0, 0);
	nameless(b, t + 700, 90, 90, ST_STOP_GC);
	hit(b, t + 800, END, 90, 1, 0, 2000000);
}

static void a_cycle_is_whole(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	old_cycle(&b, 1000);
	old_cycle(&b, 3000);
	r = result(&b, &a);
	EXPECT_REASONS(r, SWEEP_TERM, "unknown", TERM, SWEEP_TERM, "unknown", TERM);
	assert_int_equal(r->ncycles, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct result_gc_cycle *c = &r->cycles[i];

		assert_true(c->complete);
		assert_int_equal(c->start_ns, 1000 + 2000 * i);
		assert_int_equal(c->end_ns, 1800 + 2000 * i);
		assert_int_equal(c->mark_term_ns, 1715 + 2000 * i);
		assert_int_equal(c->mark_ns, 700 - 130);
		assert_int_equal(c->stw_ns, 60);
		assert_int_equal(c->workers, 1);
		assert_string_equal(c->trigger, "heap");
	}
	assert_int_equal(r->unmatched, 0);
	analyzer_destroy(a);
}

/* Stops of others, at every point at which they might be taken for the collector's. */
static void others_stay_unknown(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	nameless(&b, 100, 3, 0, ST_ANY);
	/* In vain: somebody else was faster. Then it finds marking done, and reads the statistics.
	 */
	hit(&b, 990, START, 6, 2, 0, 1);
	hit(&b, 1000, START, 5, 1, 0, 1);
	nameless(&b, 1100, 5, 0, ST_STOP_GC);
	nameless(&b, 1200, 6, 0, ST_ANY);
	/* In vain once more, and this goroutine ends the cycle. */
	hit(&b, 1300, START, 7, 2, 0, 1);
	hit(&b, 1400, MARK_DONE, 7, 2, 0, 0);
	nameless(&b, 1500, 7, 7, ST_ANY);
	hit(&b, 1600, END, 7, 1, 0, 1);
	nameless(&b, 1610, 7, 0, ST_ANY);
	/* Slow: a whole cycle of somebody else went by, then it starts one. */
	hit(&b, 1650, START, 9, 2, 0, 1);
	hit(&b, 1660, START, 5, 1, 0, 1);
	nameless(&b, 1670, 5, 0, ST_STOP_GC);
	hit(&b, 1750, END, 90, 1, 0, 1);
	nameless(&b, 1760, 9, 0, ST_STOP_GC);
	hit(&b, 1790, END, 90, 1, 0, 1);
	/* Called gcStart, but goes by way of stopTheWorld. */
	hit(&b, 1800, START, 8, 2, 0, 1);
	nameless(&b, 1900, 8, 0, ST_STOP_OTHER);
	r = result(&b, &a);
	EXPECT_REASONS(r, "unknown", SWEEP_TERM, "unknown", TERM, "unknown", SWEEP_TERM, SWEEP_TERM,
		       "unknown");
	assert_int_equal(r->ncycles, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(r->cycles[i].complete);
	assert_int_equal(r->cycles[0].stw_ns, 60);
	assert_int_equal(r->cycles[2].start_ns, 1650);
	analyzer_destroy(a);
}

/* gcMarkTermination of a goroutine that did not stop the world is no sign (its own stop was lost).
 */
static void termination_of_another(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	nameless(&b, 100, 3, 90, ST_ANY);
	/* Outside any stop. */
	hit(&b, 200, MARK_TERM, 4, 1, 0, 0);
	nameless(&b, 300, 4, 0, ST_ANY);
	r = result(&b, &a);
	EXPECT_REASONS(r, "unknown", "unknown");
	analyzer_destroy(a);
}

/* A reason that the runtime gives is never doubted. */
static void named_reasons_stay(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	hit(&b, 1000, START, 5, 1, 0, 1);
	stop(&b, 1100, 5, 7);
	hit(&b, 1200, START, 5, 1, 0, 1);
	stop(&b, 1300, 5, 2);
	hit(&b, 1400, STW, 9, 1, 9, 0);
	hit(&b, 1410, STOPPED, 9, 1, 0, 0);
	hit(&b, 1415, MARK_TERM, 9, 1, 0, 0);
	hit(&b, 1420, RESTARTED, 9, 1, 0, 0);
	r = result(&b, &a);
	EXPECT_REASONS(r, "read mem stats", SWEEP_TERM, "GOMAXPROCS");
	analyzer_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cycle_is_whole),
		cmocka_unit_test(others_stay_unknown),
		cmocka_unit_test(termination_of_another),
		cmocka_unit_test(named_reasons_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
