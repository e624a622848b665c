// SPDX-License-Identifier: Apache-2.0
/* The gctrace line, against lines and numbers that Go's own runtime printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/gctrace.h"
#include "report/report.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

static void line_is(const struct result_gctrace *g, const char *want)
{
	assert_string_equal(gctrace_line(g).s, want);
}

/* A line of Go 1.26.8; then what other versions and cycles have or lack. */
static void lines(void **state)
{
	struct result_gctrace g = { .number = 221,
				    .at_ns = 3442999999,
				    .cpu_fraction = 0.0499,
				    .sweep_term_ns = 231999,
				    .mark_ns = 960001,
				    .mark_term_ns = 4017,
				    .sweep_term_cpu_ns = 463998,
				    .worker_cpu_ns = 78200,
				    .idle_cpu_ns = 120500,
				    .mark_term_cpu_ns = 8034,
				    .heap_start_bytes = 7340031,
				    .heap_end_bytes = 7340032,
				    .heap_marked_bytes = 1048575,
				    .goal_bytes = 8 << 20,
				    .scans_known = true,
				    .stacks_bytes = 1 << 20,
				    .globals_bytes = 90000,
				    .procs = 3 };

	(void)state;
	line_is(&g, "gc 221 @3.442s 4%: 0.23+0.96+0.004 ms clock, 0.46+0/0.078/0.12+0.008 ms cpu, "
		    "6->7->0 MB, 8 MB goal, 1 MB stacks, 0 MB globals, 3 P");
	g.forced = g.leaks = true;
	line_is(&g, "gc 221 @3.442s 4% (checking for goroutine leaks): 0.23+0.96+0.004 ms clock, "
		    "0.46+0/0.078/0.12+0.008 ms cpu, 6->7->0 MB, 8 MB goal, 1 MB stacks, "
		    "0 MB globals, 3 P (forced)");
	g.scans_known = g.leaks = false;
	g.goal_bytes = UINT64_MAX;
	line_is(&g, "gc 221 @3.442s 4%: 0.23+0.96+0.004 ms clock, 0.46+0/0.078/0.12+0.008 ms cpu, "
		    "6->7->0 MB, 17592186044415 MB goal, 3 P (forced)");
}

/* What runtime.fmtNSAsMS of Go 1.26.8 makes of them. */
static void milliseconds(void **state)
{
	static const struct {
		uint64_t ns;
		const char *ms;
	} table[] = {
		{ 0, "0" },
		{ 999, "0" },
		{ 1000, "0.001" },
		{ 9999, "0.009" },
		{ 10000, "0.010" },
		{ 99999, "0.099" },
		{ 100000, "0.10" },
		{ 101999, "0.10" },
		{ 999999, "0.99" },
		{ 1000000, "1.0" },
		{ 1009999, "1.0" },
		{ 1990000, "1.9" },
		{ 9999999, "9.9" },
		{ 10000000, "10" },
		{ 10999999, "10" },
		{ 123456789012, "123456" },
		{ UINT64_MAX, "18446744073709" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct result_gctrace g = { .mark_ns = table[i].ns };
		char want[160];

		snprintf(want, sizeof(want),
			 "gc 0 @0.000s 0%%: 0+%s+0 ms clock, 0+0/0/0+0 ms cpu, 0->0->0 MB, "
			 "0 MB goal, 0 P",
			 table[i].ms);
		line_is(&g, want);
	}
}

/* What int(fraction * 100) of Go 1.26.8 makes of them. */
static void percents(void **state)
{
	static const struct {
		double fraction;
		const char *start;
	} table[] = {
		{ 0.00999, "gc 0 @0.000s 0%:" }, { 0.29, "gc 0 @0.000s 28%:" },
		{ 0.57, "gc 0 @0.000s 56%:" },	 { 1, "gc 0 @0.000s 100%:" },
		{ -0.5, "gc 0 @0.000s -50%:" },	 { 1e300, "gc 0 @0.000s -9223372036854775808%:" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct result_gctrace g = { .cpu_fraction = table[i].fraction };
		struct gctrace_line line = gctrace_line(&g);

		line.s[strlen(table[i].start)] = 0;
		assert_string_equal(line.s, table[i].start);
	}
}

static void longest(void **state)
{
	struct result_gctrace g;

	(void)state;
	memset(&g, 0xff, sizeof(g));
	g.known = g.leaks = g.scans_known = g.forced = true;
	g.cpu_fraction = 1e300;
	assert_non_null(strstr(gctrace_line(&g).s, " -1 P (forced)"));
}

/* Cycles without a line are counted, not left out in silence. */
static void file(void **state)
{
	struct result_gc_cycle cycles[3] = { [1].gctrace = {
						     .known = true, .number = 9, .procs = 1 } };
	struct result r = { .cycles = cycles, .ncycles = 3 };
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(report_find("gctrace.txt")->write(&r, out, &e), 0);
	fclose(out);
	assert_string_equal(text,
			    "gc 9 @0.000s 0%: 0+0+0 ms clock, 0+0/0/0+0 ms cpu, 0->0->0 MB, "
			    "0 MB goal, 1 P\n"
			    "# no line for 2 of 3 cycles: not over, lost, or not to be had\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),    cmocka_unit_test(milliseconds),
		cmocka_unit_test(percents), cmocka_unit_test(longest),
		cmocka_unit_test(file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
