// SPDX-License-Identifier: Apache-2.0
#include "unit/report_text.h"

static void rich_has_every_section(void **state)
{
	_cleanup_free_ char *t = text_of(fixture_rich());
	static const char *const lines[] = {
		"mapprobe 0.1.0  shop (pid 4242), 10.0 s from 2026-02-11 03:12:45 UTC\n",
		"  target   /srv/shop/bin/shop\n"
		"           Go 1.26.8, Swiss maps, example.com/shop v1.4.2\n"
		"  host     Linux 6.18.5, 8 CPUs\n"
		"  counts   exact: every probe was always armed\n"
		"  cost     0.31 % of one CPU taken from the target (budget 1 %); no event lost\n",
		"\nMAPS  3 maps: 813,546 writes, 12,004 deletes, 0 clears, 6 growths\n",
		"   1    81.2 k     1.20 k        6      1,024 / 1,792     8  0xc000012340    "
		"map[string]*main.Order\n",
		"      61 %  503,654 writes\n"
		"              store.(*Store).set                              store/store.go:88\n"
		"              store.(*Store).Put                              store/store.go:71\n",
		"      37 %  308,691 writes\n              (stack lost)\n",
		"      grew  0.112 s table 8 → 16, 0.224 s grow 16 → 32,",
		"… 3 more\n",
		"\nGC  12 cycles in 10.0 s, marking 0.54 % of the time\n",
		"     5   3.812 s  cycle    4.49 ms  4.34 ms   148 µs  1.20 ms  11.1 ms/8   "
		"64.2 → 33.0 MiB     104\n",
		"   the 8 longest of 12 cycles\n",
		"\nSTW  the world was stopped 26 times, 3.31 ms in all\n",
		"       1   1.24 ms   1.24 ms    1.10 ms    140 µs    7.812 s  read mem stats, "
		"goroutine 42\n"
		"              runtime.ReadMemStats                            "
		"runtime/mstats.go:364\n",
		"\nASSISTS  168 assists, 14.4 ms in all\n",
		"    76 %  11.0 ms in 150 assists, longest 412 µs, 6 goroutines\n"
		"            runtime.makeslice                               "
		"runtime/slice.go:117\n",
		"\nLOCKS  8,123 waits, 56.0 s waited\n",
		"    71 %  40.0 s in 7,000 waits, longest 21.0 ms, 16 goroutines: mutex "
		"0xc0000a8010\n"
		"            store.(*Store).set                              store/store.go:88\n",
		"  lock.mutex_end              2       8,001  11.5 ms  single-stepped\n",
		"  2 points were never passed\n",
		"  map.evacuate, map.hash_grow: Swiss maps do not evacuate\n",
		"  lost       nothing: no event, no stack, every beginning has its end\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		expect(t, lines[i]);
	expect_not(t, "CRASH");
	expect_not(t, "estimated");
	expect_not(t, "not armed");
	expect_not(t, "runtime.goexit");
	expect_not(t, "\033");
	expect_tidy(t);
}

static void rich_finds(void **state)
{
	_cleanup_free_ char *t = text_of(fixture_rich());

	(void)state;
	expect(t, "  * map[string]*main.Order at 0xc000012340 is written by 8 goroutines from 3 "
		  "places");
	expect(t, "grew 6 times, first in store.(*Store).set");
	expect(t, "  * 1 of 12 GC cycles was asked for by the program (runtime.GC)");
	expect(t,
	       "  * The world was stopped 26 times, 3.31 ms in all (0.03 % of the time), at worst "
	       "1.24 ms");
	expect(t, "  * 1 of these pauses was not the collector's: 1.24 ms (read mem stats)");
	expect(t, "  * Goroutines waited 56.0 s for locks, 5.60 of them on average; 71 %");
}

static void empty_says_so(void **state)
{
	_cleanup_free_ char *t = text_of(fixture_empty());

	(void)state;
	expect(t, "\nFINDINGS  nothing stands out\n");
	expect(t, "\nMAPS  no map was written in 10.0 s\n");
	expect(t, "\nGC  no cycle in 10.0 s\n");
	expect(t, "\nSTW  the world was not stopped in 10.0 s\n");
	expect(t, "\nASSISTS  no goroutine had to help the collector in 10.0 s\n");
	expect(t, "\nLOCKS  no goroutine waited for a lock in 10.0 s\n");
	expect_tidy(t);
}

/* Silence in the windows is not silence. */
static void empty_windows_are_said(void **state)
{
	struct fixture *f = fixture_empty();
	char *t;

	(void)state;
	f->r.armed_ns = 41000000;
	f->r.windows = 41;
	f->r.map_ops[RESULT_ASSIGN].exact = false;
	t = text_of(f);
	expect(t, "\nMAPS  no map was written in the 41.0 ms of the windows\n");
	free(t);
}

static void not_armed_is_left_out(void **state)
{
	struct fixture *f = fixture_empty();
	char *t;

	(void)state;
	memset(f->r.map_ops, 0, sizeof(f->r.map_ops));
	f->r.evacuations.known = f->r.lock_waits.known = false;
	t = text_of(f);
	expect_not(t, "\nMAPS");
	expect_not(t, "\nLOCKS");
	expect(t, "\nGC ");
	expect(t, "  not armed  map writes, map deletes, map clears, map growths, map evacuations, "
		  "lock waits\n");
	free(t);
}

/* All zero: no string, no array, no time. */
static void zero_result_is_fine(void **state)
{
	_cleanup_free_ char *t = text_of(calloc(1, sizeof(struct fixture)));

	(void)state;
	expect(t, "Go version unknown, classic maps");
	expect(t, "The stream of events was cut off");
	expect_tidy(t);
}

static void crash_comes_first(void **state)
{
	_cleanup_free_ char *t = text_of(fixture_crash());

	(void)state;
	expect(t, "\nCRASH  fatal error: concurrent map writes\n"
		  "  after 4.211 s, in goroutine 73 on thread 4250, noticed by:\n"
		  "    runtime.mapassign_faststr ");
	assert_true(strstr(t, "\nCRASH") < strstr(t, "\nFINDINGS"));
	expect(t, "  ended    target exited\n");
	expect(t, "  * The target crashed after 4.211 s: concurrent map writes.\n");
	/* The map is found by the call site; the other places that write it are named. */
	expect(t, "  This place wrote map[string]*main.Order at 0xc000012340, which 8 goroutines "
		  "wrote.");
	expect(t, "second writer:\n    (stack lost)\n    store.(*Store).Expire ");
	expect_tidy(t);
}

static void crash_names_gc_phase(void **state)
{
	struct fixture *f = fixture_crash();
	char *t;

	(void)state;
	f->crash.at_ns = f->cycles[3].start_ns + 1;
	t = text_of(f);
	expect(t, "  At that moment GC cycle 4 was marking.\n");
	free(t);

	f = fixture_crash();
	f->crash.at_ns = f->cycles[3].end_ns;
	t = text_of(f);
	expect(t, "  At that moment GC cycle 4 was ending.\n");
	free(t);

	f = fixture_crash();
	f->crash.at_ns = f->cycles[3].start_ns - 1;
	t = text_of(f);
	expect(t, "  At that moment no GC cycle was running.\n");
	free(t);

	/* Cycles were not observed: nothing is said about them. */
	f = fixture_crash();
	f->r.gc_cycles.known = false;
	t = text_of(f);
	assert_null(strstr(t, "At that moment"));
	free(t);
}

static void estimates_have_intervals(void **state)
{
	_cleanup_free_ char *t = text_of(fixture_estimated());

	(void)state;
	expect(t,
	       "  counts   estimated (~, +, ≥) from 41 windows: armed 41.0 ms of 10.0 s (0.41 %); "
	       "others exact\n");
	expect(t, "\nMAPS  3 maps seen: ~1.23 M writes, ~14.9 k+ deletes, 6 growths\n");
	expect(t, "   1    ~123 k   ~1.49 k+        6");
	expect(t, "  estimated  map writes ~ 1.23 M (1.10 M .. 1.31 M), map deletes ≥ 9.00 k\n");
	expect(t, "      70 %  ~732 k writes\n");
	expect(t, "is written by at least 8 goroutines");
	expect(t, "  not armed  map clears\n");
	expect(t, "  lost       12 events, 3 stacks; 4 beginnings or ends without the other\n");
	expect(t, "  * 12 events were lost: totals of counts hold,");
	expect(t, "12 events LOST\n");
	expect_tidy(t);
}

/* One line of code, reached on many stacks, is one place. */
static void places_are_lines(void **state)
{
	struct fixture *f = fixture_rich();
	struct result_map_site sites[3] = {
		{ ST_PUT, { 60 }, { 60 } },
		{ ST_EXPIRE, { 50, 7 }, { 50, 7 } },
		{ ST_LOCK, { 40 }, { 40 } },
	};
	char *t;

	(void)state;
	memcpy(f->stack_locs[ST_LOCK], f->stack_locs[ST_PUT], sizeof(*f->stack_locs));
	f->stack_locs[ST_LOCK][1] = 9;
	f->maps[0].sites = sites;
	t = text_of(f);
	expect(t, "      64 %  100 writes on 2 stacks, most often\n"
		  "              store.(*Store).set ");
	expect(t, "      36 %  50 writes, 7 deletes\n              store.(*Store).Expire ");
	expect(t, "goroutines from 2 places, most of all in\n");
	free(t);
}

/* A location that lost inlined map code is another one, at the same address. */
static void crash_site_is_found_by_address(void **state)
{
	struct fixture *f = fixture_crash();
	char *t;

	(void)state;
	f->locs[20] = f->locs[0];
	f->r.nlocs = 21;
	f->stack_locs[ST_CRASH][1] = 20;
	t = text_of(f);
	expect(t, "  This place wrote map[string]*main.Order at 0xc000012340,");
	free(t);

	/* Another address, another map. */
	f = fixture_crash();
	f->locs[20] = f->locs[0];
	f->locs[20].pc++;
	f->r.nlocs = 21;
	f->stack_locs[ST_CRASH][1] = 20;
	t = text_of(f);
	expect_not(t, "This place wrote");
	free(t);
}

static void crash_without_message(void **state)
{
	struct fixture *f = fixture_crash();
	char *t;

	(void)state;
	f->crash.message = "";
	f->crash.fatal = false;
	t = text_of(f);
	expect(t, "\nCRASH  runtime.throw: (message lost)\n");
	expect_tidy(t);
	free(t);
}

/* A recording that was cut off, or a look in the middle: nothing is above what was seen. */
static void open_end(void **state)
{
	struct fixture *f = fixture_rich();
	char *t;

	(void)state;
	f->r.complete = false;
	f->r.ended = "cut off";
	for (size_t op = 0; op < RESULT_MAP_OPS; op++) {
		struct result_count *c = &f->r.map_ops[op];
		double hits = (double)c->hits;

		*c = (struct result_count){ true, false, true, c->hits, hits, hits, 1.0 / 0.0 };
	}
	t = text_of(f);
	expect(t, "  ended    cut off\n"
		  "  counts   at least (≥) what was seen: the events have no end\n");
	expect(t,
	       "\nMAPS  3 maps seen: ≥ 814 k writes, ≥ 12.0 k deletes, ≥ 0 clears, ≥ 6 growths\n");
	expect(t, "  estimated  map writes ≥ 814 k, map deletes ≥ 12.0 k,");
	expect_not(t, "windows");
	expect_tidy(t);
	free(t);
}

static void budget_overrun_is_a_finding(void **state)
{
	struct fixture *f = fixture_rich();
	char *t;

	(void)state;
	f->r.overhead_ns = 250000000;
	t = text_of(f);
	expect(t, "  * mapprobe took 2.5 % of one CPU from the target, above its budget of 1 %.\n");
	free(t);
}

static void hostile_strings_are_escaped(void **state)
{
	struct fixture *f = fixture_crash();
	static char longest[5000];
	char *t;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	f->r.exe = "/bin/\033]0;owned\a\nMAPS";
	f->r.module = "m\xff\xfe\r";
	f->r.kernel = longest;
	f->r.ended = "\x9b"
		     "2J";
	f->maps[0].type = "map[\xc2\x9b"
			  "31m]\xe2\x80\xaetni\t";
	f->maps[1].type = longest;
	f->lines[0].func = "evil.\033[2Jf\n\n";
	f->lines[0].file = longest;
	f->lines[1].func = longest;
	f->lines[3].func = NULL;
	f->lines[3].file = NULL;
	f->crash.message = "\n\ngoroutine 1 [running]:\x7f map";
	f->stws[20].reason = "\b\b\b";
	f->kinds[0].kind = "\033[0m";
	f->locks[0].kind = NULL;
	f->probes[0].point = longest;
	f->missing[0].what = NULL;
	f->missing[1].why = longest;
	f->growths[0].kind = NULL;
	f->cycles[4].trigger = "\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9"
			       "\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9";
	t = text_of(f);
	expect(t, "/bin/\\x1b]0;owned\\x07\\nMAPS");
	expect(t, "evil.\\x1b[2Jf\\n\\n");
	expect(t, "map[\\x9b31m]\\u202etni");
	expect(t, "\\n\\ngoroutine 1 [running]:\\x7f map");
	for (const char *p = t; *p; p++)
		assert_false(((uint8_t)*p < ' ' && *p != '\n') || *p == 0x7f);
	assert_null(strstr(t, "\xff"));
	assert_null(strstr(t, "\xc2\x9b"));
	free(t);
}

static void stack_with_bad_indices(void **state)
{
	struct fixture *f = fixture_rich();
	char *t;

	(void)state;
	f->stack_locs[ST_PUT][0] = 4711;
	f->sites[2].stack = 99;
	f->locs[2].nlines = 0;
	t = text_of(f);
	expect(t, "0x4a3030 (not Go code)");
	expect(t, "      39 %  308,691 writes, 12,004 deletes\n              (stack lost)\n");
	free(t);
}

static void histogram_rows(void **state)
{
	struct fixture *f = fixture_empty();
	size_t rows = 0;
	char *t;

	(void)state;
	f->r.nstws = 1;
	f->r.stws = f->stws;
	for (uint64_t ns = 1; ns; ns *= 2)
		result_hist_add(&f->r.stw_gc, ns);
	result_hist_add(&f->r.stw_gc, UINT64_MAX);
	t = text_of(f);
	for (const char *p = strstr(t, "  by the GC"); (p = strstr(p, " .. ")); p++)
		rows++;
	assert_in_range(rows, 6, 12);
	expect(t, " .. more");
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rich_has_every_section),
		cmocka_unit_test(rich_finds),
		cmocka_unit_test(empty_says_so),
		cmocka_unit_test(empty_windows_are_said),
		cmocka_unit_test(not_armed_is_left_out),
		cmocka_unit_test(zero_result_is_fine),
		cmocka_unit_test(crash_comes_first),
		cmocka_unit_test(crash_names_gc_phase),
		cmocka_unit_test(places_are_lines),
		cmocka_unit_test(crash_site_is_found_by_address),
		cmocka_unit_test(crash_without_message),
		cmocka_unit_test(open_end),
		cmocka_unit_test(estimates_have_intervals),
		cmocka_unit_test(budget_overrun_is_a_finding),
		cmocka_unit_test(hostile_strings_are_escaped),
		cmocka_unit_test(stack_with_bad_indices),
		cmocka_unit_test(histogram_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
