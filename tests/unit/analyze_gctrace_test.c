// SPDX-License-Identifier: Apache-2.0
/* What the runtime says of its cycles: read off the record, and put to the right cycle. */
#include "analyze/gctrace.h"
#include "unit/analyze_gc.h"

#define ALL ((1u << ABI_GC_VALUES) - 1)

static struct abi_gc_cycle cycle(uint64_t numgc)
{
	return (struct abi_gc_cycle){
		.type = ABI_GC_CYCLE,
		.size = sizeof(struct abi_gc_cycle),
		.time_ns = at(900),
		.have = ALL,
		.value = {
			[ABI_GCV_INIT_TIME] = 1000,
			[ABI_GCV_T_SWEEP_TERM] = 5000,
			[ABI_GCV_T_MARK] = 5010,
			[ABI_GCV_T_MARK_TERM] = 5310,
			[ABI_GCV_T_END] = 5330,
			[ABI_GCV_NUMGC] = numgc,
			[ABI_GCV_CPU_FRACTION] = 0x3fd0000000000000, /* 0.25 */
			[ABI_GCV_STWPROCS] = 2,
			[ABI_GCV_MAXPROCS] = 4,
			[ABI_GCV_ASSIST_TIME] = 7,
			[ABI_GCV_DEDICATED_TIME] = 100,
			[ABI_GCV_FRACTIONAL_TIME] = 11,
			[ABI_GCV_IDLE_TIME] = 13,
			[ABI_GCV_HEAP0] = 40,
			[ABI_GCV_HEAP1] = 50,
			[ABI_GCV_HEAP2] = 30,
			[ABI_GCV_GOAL] = 45,
			[ABI_GCV_STACKS] = 3,
			[ABI_GCV_GLOBALS] = 4,
			[ABI_GCV_FORCED] = 1,
		},
	};
}

static void arithmetic(void **state)
{
	struct abi_gc_cycle c = cycle(17);
	struct result_gctrace g;

	(void)state;
	assert_true(gctrace_of(&c, &g));
	assert_true(g.known && g.forced && g.scans_known && !g.leaks);
	assert_int_equal(g.number, 17);
	assert_int_equal(g.at_ns, 4000);
	assert_true(g.cpu_fraction == 0.25);
	assert_int_equal(g.sweep_term_ns, 10);
	assert_int_equal(g.mark_ns, 300);
	assert_int_equal(g.mark_term_ns, 20);
	assert_int_equal(g.sweep_term_cpu_ns, 20);
	assert_int_equal(g.assist_cpu_ns, 7);
	assert_int_equal(g.worker_cpu_ns, 111);
	assert_int_equal(g.idle_cpu_ns, 13);
	assert_int_equal(g.mark_term_cpu_ns, 40);
	assert_int_equal(g.heap_start_bytes, 40);
	assert_int_equal(g.heap_end_bytes, 50);
	assert_int_equal(g.heap_marked_bytes, 30);
	assert_int_equal(g.goal_bytes, 45);
	assert_int_equal(g.procs, 4);

	c.leaks = 1;
	c.have &= ~(1u << ABI_GCV_STACKS | 1u << ABI_GCV_GLOBALS); /* Go 1.17 */
	assert_true(gctrace_of(&c, &g));
	assert_true(g.leaks && !g.scans_known);
}

static void not_to_be_had(void **state)
{
	struct result_gctrace g = { .number = 99 };
	struct abi_gc_cycle c;

	(void)state;
	for (int i = 0; i < ABI_GC_VALUES; i++) {
		c = cycle(17);
		c.have &= ~(1u << i);
		assert_int_equal(gctrace_of(&c, &g), i == ABI_GCV_STACKS || i == ABI_GCV_GLOBALS);
	}
	/* mProf_Flush inside gcSweep: tEnd is that of the cycle before. */
	c = cycle(16);
	c.value[ABI_GCV_T_END] = 4000;
	g.number = 99;
	assert_false(gctrace_of(&c, &g));
	assert_int_equal(g.number, 99);
}

static void put_cycle(struct buf *b, uint64_t t, struct abi_gc_cycle c)
{
	c.time_ns = at(t);
	buf_put(b, &c, sizeof(c));
	hit(b, t + 1, END, 90, 1, 0, 2000000);
}

static void in_the_stream(void **state)
{
	struct abi_gc_cycle early = cycle(3);
	struct buf b = { 0 };
	struct analyzer *a;
	const struct result *r;

	(void)state;
	head(&b);
	/* The session began late in this one: its line is not lost. */
	put_cycle(&b, 50, cycle(3));
	hit(&b, 100, START, 5, 1, 0, 4000000);
	stop(&b, 110, 5, 2);
	hit(&b, 200, MARK_TERM, 90, 1, 0, 0);
	early.value[ABI_GCV_T_END] = 4000;
	put_cycle(&b, 210, early);
	put_cycle(&b, 220, cycle(4));
	hit(&b, 300, START, 5, 1, 0, 4000000);
	stop(&b, 310, 5, 2);
	r = analyze(&b, &a);

	assert_int_equal(r->ncycles, 3);
	assert_int_equal(r->cycles[0].gctrace.number, 3);
	assert_int_equal(r->cycles[1].gctrace.number, 4);
	assert_false(r->cycles[2].gctrace.known);
	analyzer_destroy(a);
}

static void damaged(void **state)
{
	struct abi_gc_cycle c = cycle(1);
	struct event ev = { ABI_GC_CYCLE, sizeof(c) - 8, (uint8_t *)&c };
	struct analyzer *a = new_analyzer();
	struct buf b = { 0 };
	struct err e;

	(void)state;
	head(&b);
	assert_int_equal(feed(a, &b, &e), 0);
	assert_int_equal(analyzer_put(a, &ev, &e), -EBADMSG);
	buf_deinit(&b);
	analyzer_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(not_to_be_had),
		cmocka_unit_test(in_the_stream),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
