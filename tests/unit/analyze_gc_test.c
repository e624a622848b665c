// SPDX-License-Identifier: Apache-2.0
/* GC cycles, stops of the world, mark workers, assists: what belongs together, and what is left. */
#include "unit/analyze_gc.h"

static void write_map(struct buf *b, uint64_t t, int n)
{
	for (int i = 0; i < n; i++)
		hit(b, t, WRITE, 3, 3, 0xc000, 7);
}

/* A whole cycle from t to t + 1000. */
static void whole_cycle(struct buf *b, uint64_t t, uint64_t trigger)
{
	hit(b, t, START, 5, 1, trigger, 4000000);
	write_map(b, t + 10, 1);
	/* Somebody else who came too late, and returned. */
	hit(b, t + 20, START, 6, 2, 0, 4000001);
	stop(b, t + 100, 5, 0xabcd00 | 2);
	write_map(b, t + 140, 2);
	hit(b, t + 200, DRAIN, 90, 11, 2, 0);
	hit(b, t + 210, DRAIN, 91, 12, 6, 0);
	hit(b, t + 220, ASSIST, 7, 13, 0, 0);
	/* The assist went on on another thread, under a worker's. */
	hit(b, t + 300, ASSISTED, 7, 11, 0, 0);
	hit(b, t + 400, DRAINED, 90, 11, 0, 0);
	hit(b, t + 450, DRAINED, 91, 12, 0, 0);
	hit(b, t + 480, MARK_DONE, 90, 11, 0, 0);
	stop(b, t + 500, 90, 1);
	hit(b, t + 600, MARK_DONE, 90, 11, 0, 0);
	hit(b, t + 700, STW, 90, 1, 1, 0);
	hit(b, t + 705, STOPPED, 90, 1, 0, 0);
	hit(b, t + 707, MARK_TERM, 90, 1, 0, 0);
	hit(b, t + 708, SWEEP, 90, 1, 0, 0);
	hit(b, t + 720, RESTARTED, 90, 1, 0, 0);
	hit(b, t + 1000, END, 90, 1, 0, 2000000);
}

/* The stops of the world of two whole cycles. */
static void assert_stops(const struct result *r)
{
	assert_int_equal(r->nstws, 6);
	assert_string_equal(r->stws[0].reason, "GC sweep termination");
	assert_true(r->stws[0].gc);
	assert_int_equal(r->stws[0].at_ns, 1100);
	assert_int_equal(r->stws[0].stopping_ns, 10);
	assert_int_equal(r->stws[0].stopped_ns, 20);
	assert_int_equal(r->stws[0].goid, 5);
	assert_string_equal(r->stws[2].reason, "GC mark termination");
	assert_int_equal(r->stw_gc.n, 6);
	assert_int_equal(r->stw_gc.sum_ns, 2 * 80);
	assert_int_equal(r->stw_other.n, 0);
	assert_int_equal(r->stw_stopping.sum_ns, 2 * 25);
}

static void two_cycles(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	write_map(&b, 5, 10);
	whole_cycle(&b, 1000, 0);
	write_map(&b, 2500, 20);
	whole_cycle(&b, 3000, 2);
	put_counters(&b, 5000);
	r = analyze(&b, &a);

	assert_int_equal(r->ncycles, 2);
	assert_count(r->gc_cycles, 2, true);
	for (uint64_t i = 0; i < 2; i++) {
		const struct result_gc_cycle *c = &r->cycles[i];

		assert_int_equal(c->number, i + 1);
		assert_string_equal(c->trigger, i ? "cycle" : "heap");
		assert_true(c->complete);
		assert_int_equal(c->start_ns, 1000 + 2000 * i);
		assert_int_equal(c->end_ns, c->start_ns + 1000);
		assert_int_equal(c->mark_term_ns, c->start_ns + 707);
		assert_int_equal(c->mark_ns, 700 - 130);
		assert_int_equal(c->stw_ns, 30 + 30 + 20);
		assert_int_equal(c->workers, 2);
		assert_int_equal(c->worker_ns, 200 + 240);
		assert_int_equal(c->worker_idle_ns, 240);
		assert_int_equal(c->assists, 1);
		assert_int_equal(c->assist_ns, 80);
		assert_true(c->heap_known);
		assert_int_equal(c->heap_start_bytes, 4000000);
		assert_int_equal(c->heap_end_bytes, 2000000);
		assert_int_equal(c->map_ops[RESULT_ASSIGN], 3);
		assert_int_equal(c->map_ops[RESULT_DELETE], 0);
		assert_string_equal(func_at(r, c->stack, 0), "runtime.mallocgc");
	}
	assert_stops(r);
	assert_int_equal(r->assist.n, 2);
	assert_int_equal(r->assist.sum_ns, 160);
	assert_int_equal(r->nassists, 1);
	assert_string_equal(r->assists[0].kind, "assist");
	assert_int_equal(r->assists[0].n, 2);
	assert_int_equal(r->assists[0].sum_ns, 160);
	assert_int_equal(r->assists[0].max_ns, 80);
	assert_int_equal(r->assists[0].goroutines, 1);
	assert_count(r->assist_count, 2, true);
	assert_int_equal(r->unmatched, 0);
	analyzer_destroy(a);
}

/* gcStart that returned early is no cycle; one that goes through counts from its own call. */
static void early_returns(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	hit(&b, 10, START, 5, 1, 0, 1);
	hit(&b, 20, START, 6, 2, 1, 2);
	hit(&b, 30, START, 5, 1, 2, 3);
	r = analyze(&b, &a);
	assert_int_equal(r->ncycles, 0);
	assert_int_equal(r->unmatched, 0);
	analyzer_destroy(a);

	head(&b);
	hit(&b, 10, START, 5, 1, 0, 1);
	hit(&b, 20, START, 6, 2, 1, 2);
	hit(&b, 30, START, 5, 1, 2, 3);
	stop(&b, 100, 5, 2);
	r = analyze(&b, &a);
	assert_int_equal(r->ncycles, 1);
	assert_int_equal(r->cycles[0].start_ns, 30);
	assert_string_equal(r->cycles[0].trigger, "cycle");
	assert_int_equal(r->cycles[0].heap_start_bytes, 3);
	assert_false(r->cycles[0].heap_known);
	assert_false(r->cycles[0].complete);
	assert_int_equal(r->cycles[0].end_ns, 130);
	assert_int_equal(r->cycles[0].mark_term_ns, 0);
	assert_int_equal(r->cycles[0].mark_ns, 0);
	assert_int_equal(r->cycles[0].stw_ns, 30);
	analyzer_destroy(a);
}

/* The session began in the middle of a cycle, and ends in the middle of one. */
static void cut_cycles(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	write_map(&b, 10, 4);
	hit(&b, 50, DRAINED, 90, 11, 0, 0);
	hit(&b, 60, DRAIN, 90, 11, 2, 0);
	hit(&b, 70, DRAINED, 90, 11, 0, 0);
	stop(&b, 100, 90, 1);
	hit(&b, 120, MARK_TERM, 90, 1, 0, 0);
	hit(&b, 200, END, 90, 1, 0, 5);
	hit(&b, 300, START, 5, 1, 1, 9);
	stop(&b, 400, 5, 2);
	write_map(&b, 440, 1);
	hit(&b, 450, DRAIN, 90, 11, 2, 0);
	hit(&b, 460, ASSIST, 7, 3, 0, 0);
	hit(&b, 470, STW, 8, 3, 7, 0);
	put_counters(&b, 1000);
	r = analyze(&b, &a);
	assert_int_equal(r->ncycles, 2);
	assert_false(r->cycles[0].complete);
	assert_int_equal(r->cycles[0].start_ns, 0);
	assert_int_equal(r->cycles[0].end_ns, 200);
	assert_int_equal(r->cycles[0].workers, 1);
	assert_int_equal(r->cycles[0].worker_ns, 10);
	assert_int_equal(r->cycles[0].mark_term_ns, 120);
	assert_int_equal(r->cycles[0].mark_ns, 0);
	assert_int_equal(r->cycles[0].stw_ns, 30);
	assert_int_equal(r->cycles[0].map_ops[RESULT_ASSIGN], 4);
	assert_int_equal(r->cycles[0].stack, RESULT_NO_STACK);
	assert_string_equal(r->cycles[0].trigger, "unknown");
	assert_false(r->cycles[0].heap_known);
	assert_false(r->cycles[1].complete);
	assert_int_equal(r->cycles[1].start_ns, 300);
	assert_int_equal(r->cycles[1].end_ns, 1000);
	assert_int_equal(r->cycles[1].map_ops[RESULT_ASSIGN], 1);
	assert_string_equal(r->cycles[1].trigger, "time");
	/* The drain that had begun before; drain, assist and stop that go on. */
	assert_int_equal(r->unmatched, 4);
	assert_int_equal(r->nstws, 2);
	assert_count(r->gc_cycles, 2, true);
	analyzer_destroy(a);
}

/* Lost events cost what they belong to, and nothing else. */
static void missing_pieces(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	whole_cycle(&b, 1000, 0);
	/* Start and stop for sweep termination lost: seen at mark termination. */
	hit(&b, 2500, MARK_TERM, 90, 1, 0, 0);
	hit(&b, 2600, END, 90, 1, 0, 5);
	/* The end lost: the next start ends it. */
	hit(&b, 3000, START, 5, 1, 0, 1);
	stop(&b, 3100, 5, 2);
	whole_cycle(&b, 4000, 0);
	/* An end of nothing. */
	hit(&b, 6000, END, 90, 1, 0, 5);
	/* Another cycle of the same goroutine, whose start was lost. */
	stop(&b, 7000, 5, 2);
	hit(&b, 7500, END, 90, 1, 0, 5);
	r = analyze(&b, &a);
	assert_int_equal(r->ncycles, 5);
	assert_false(r->cycles[4].complete);
	assert_int_equal(r->cycles[4].start_ns, 7000);
	assert_true(r->cycles[0].complete);
	assert_false(r->cycles[1].complete);
	assert_int_equal(r->cycles[1].start_ns, 2500);
	assert_int_equal(r->cycles[1].end_ns, 2600);
	assert_false(r->cycles[2].complete);
	assert_int_equal(r->cycles[2].end_ns, 4000);
	assert_true(r->cycles[3].complete);
	assert_int_equal(r->cycles[3].stw_ns, 80);
	assert_int_equal(r->unmatched, 1);
	analyzer_destroy(a);
}

static void counters_know_of_more(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	whole_cycle(&b, 1000, 0);
	put_counter(&b, MARK_TERM, 3, 2);
	put_end(&b, 5000);
	r = analyze(&b, &a);
	assert_int_equal(r->ncycles, 1);
	assert_true(r->gc_cycles.known && !r->gc_cycles.exact && r->gc_cycles.lower_bound);
	assert_true(r->gc_cycles.lo == 3);
	assert_int_equal(r->lost_events, 2);
	analyzer_destroy(a);
}

static void stops_of_all_kinds(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	/* An end and a standstill without a beginning: it began before the session. */
	hit(&b, 1, STOPPED, 1, 1, 0, 0);
	hit(&b, 2, RESTARTED, 1, 1, 0, 0);
	stop(&b, 100, 1, 7);
	stop(&b, 200, 1, 9);
	stop(&b, 300, 1, 13); /* no reason of any known version */
	/* The end was lost. */
	hit(&b, 400, STW, 1, 1, 7, 0);
	hit(&b, 410, STOPPED, 1, 1, 0, 0);
	stop(&b, 500, 1, 4);
	/* The standstill was lost. */
	hit(&b, 600, STW, 1, 1, 7, 0);
	hit(&b, 640, RESTARTED, 1, 1, 0, 0);
	/* Times of two threads, out of order. */
	hit(&b, 700, STW, 1, 1, 7, 0);
	hit(&b, 695, STOPPED, 1, 1, 0, 0);
	hit(&b, 690, RESTARTED, 1, 1, 0, 0);
	r = analyze(&b, &a);
	assert_int_equal(r->nstws, 6);
	assert_string_equal(r->stws[0].reason, "read mem stats");
	assert_string_equal(r->stws[1].reason, "GOMAXPROCS");
	assert_string_equal(r->stws[2].reason, "unknown");
	assert_string_equal(r->stws[3].reason, "goroutine profile");
	assert_int_equal(r->stws[4].stopping_ns, 0);
	assert_int_equal(r->stws[4].stopped_ns, 40);
	assert_int_equal(r->stws[5].stopping_ns, 0);
	assert_int_equal(r->stws[5].stopped_ns, 0);
	assert_false(r->stws[0].gc);
	assert_int_equal(r->stw_other.n, 6);
	assert_int_equal(r->stw_stopping.n, 5);
	assert_int_equal(r->stw_gc.n, 0);
	assert_int_equal(r->unmatched, 4);
	assert_int_equal(r->ncycles, 0);
	analyzer_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_cycles),
		cmocka_unit_test(early_returns),
		cmocka_unit_test(cut_cycles),
		cmocka_unit_test(missing_pieces),
		cmocka_unit_test(counters_know_of_more),
		cmocka_unit_test(stops_of_all_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
