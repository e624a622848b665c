// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/format.h"
#include "report/frames.h"
#include "report/safe.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

static void formats(void **state)
{
	static const struct {
		uint64_t ns;
		const char *s;
	} ns[] = { { 0, "0 ns" },
		   { 999, "999 ns" },
		   { 1000, "1.00 µs" },
		   { 812000, "812 µs" },
		   { 999499, "999 µs" },
		   { 999500, "1.00 ms" },
		   { 1240000, "1.24 ms" },
		   { 9996000, "10.0 ms" },
		   { 99960000, "100 ms" },
		   { 1500000000, "1.50 s" },
		   { 599000000000, "599 s" },
		   { 604000000000, "10 m 04 s" },
		   { UINT64_MAX, "307445734 m 33 s" } };
	struct result_count c = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ns); i++)
		assert_string_equal(fmt_ns(ns[i].ns).s, ns[i].s);
	assert_string_equal(fmt_int(0).s, "0");
	assert_string_equal(fmt_int(999).s, "999");
	assert_string_equal(fmt_int(1234567).s, "1,234,567");
	assert_string_equal(fmt_int(UINT64_MAX).s, "18,446,744,073,709,551,615");
	assert_string_equal(fmt_si(999.4).s, "999");
	assert_string_equal(fmt_si(999.6).s, "1.00 k");
	assert_string_equal(fmt_si(-1).s, "0");
	assert_string_equal(fmt_si(1.0 / 0.0).s, "∞");
	assert_string_equal(fmt_si(1e300).s, "1000000000000000 E");
	assert_string_equal(fmt_bytes(1023).s, "1.00 KiB");
	assert_string_equal(fmt_bytes(67318579).s, "64.2 MiB");
	assert_string_equal(fmt_bytes_change(900, 67318579).s, "900 B → 64.2 MiB");
	assert_string_equal(fmt_share(0.00001).s, "<0.01 %");
	assert_string_equal(fmt_share(0.0041).s, "0.41 %");
	assert_string_equal(fmt_share(0.01).s, "1 %");
	assert_string_equal(fmt_share(0.025).s, "2.5 %");
	assert_string_equal(fmt_share(1).s, "100 %");
	assert_string_equal(fmt_count(&c).s, "-");
	c = (struct result_count){ true, false, false, 3, 41, 30, 52 };
	assert_string_equal(fmt_count(&c).s, "~ 41 (30 .. 52)");
	assert_string_equal(fmt_rate(&c, 10000000000).s, "~4.1");
	c.lower_bound = true;
	assert_string_equal(fmt_count(&c).s, "≥ 30");
	assert_string_equal(fmt_count_short(&c).s, "~41+");
	assert_string_equal(fmt_rate(&c, 10000000000).s, "~4.1+");
	assert_string_equal(fmt_rate(&c, 0).s, "~0+");
	c.value = c.lo;
	assert_string_equal(fmt_count(&c).s, "≥ 30");
	assert_string_equal(fmt_count_short(&c).s, "≥ 30");
	assert_string_equal(fmt_rate(&c, 0).s, "≥ 0");
}

/* As Go's own stacks have them: runtime/traceback.go, funcNamePiecesForPrint. */
static void type_arguments_are_left_out(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "main.main", "main.main" },
		{ "main.(*Cache[go.shape.string,go.shape.int]).Put", "main.(*Cache[...]).Put" },
		{ "main.F[go.shape.[]int]", "main.F[...]" },
		{ "main.F[go.shape.map[string][]main.P[int]].func1", "main.F[...].func1" },
		{ "a.com/b.(*T[go.shape.struct { X [3]a.com/c.U }]).M-fm",
		  "a.com/b.(*T[...]).M-fm" },
		{ "main.(*Cache[...]).Put", "main.(*Cache[...]).Put" },
		{ "main.F[", "main.F[" },
		{ "main.F]", "main.F]" },
		{ "main.F]x[", "main.F]x[" },
		{ "[stack lost]", "[stack lost]" },
		{ "[", "[" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		_cleanup_buf_ struct buf b = { 0 };

		frame_put_func(&b, cases[i].in);
		buf_u8(&b, 0);
		assert_string_equal((const char *)b.data, cases[i].out);
	}
}

static void names_are_shortened(void **state)
{
	(void)state;
	assert_string_equal(frame_short_func("a.com/b/c.(*T[go.shape.x/y]).F"),
			    "c.(*T[go.shape.x/y]).F");
	assert_string_equal(frame_short_func("c.F[a.com/b.T]"), "c.F[a.com/b.T]");
	assert_string_equal(frame_short_func("main.main"), "main.main");
	assert_string_equal(frame_short_func(""), "");
	assert_string_equal(frame_short_file("/a/b/c.go"), "b/c.go");
	assert_string_equal(frame_short_file("c.go"), "c.go");
	assert_string_equal(frame_short_file(""), "");
}

static void utf8_is_made_valid(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain µ→💩", "plain µ→💩" },
		{ "\x80", "\xef\xbf\xbd" },
		{ "a\xc3", "a\xef\xbf\xbd" },
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe0\x80\x80z", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf8\x88\x80\x80\x80",
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		_cleanup_buf_ struct buf b = { 0 };

		safe_utf8(&b, cases[i].in);
		buf_u8(&b, 0);
		assert_string_equal((const char *)b.data, cases[i].out);
	}
}

static void text_is_cut_to_width(void **state)
{
	static const struct {
		const char *in;
		size_t width;
		const char *out;
	} cases[] = { { "abcdef", 6, "abcdef" },  { "abcdef", 5, "abcd…" }, { "abcdef", 1, "…" },
		      { "ab\033", 6, "ab\\x1b" }, { "ab\033", 5, "ab…" },   { "", 1, "" },
		      { "µµµ", 2, "µ…" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		_cleanup_buf_ struct buf b = { 0 };
		size_t cols = safe_text(&b, cases[i].in, cases[i].width);

		buf_u8(&b, 0);
		assert_string_equal((const char *)b.data, cases[i].out);
		assert_int_equal(cols, safe_columns(cases[i].out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(type_arguments_are_left_out),
		cmocka_unit_test(names_are_shortened),
		cmocka_unit_test(utf8_is_made_valid),
		cmocka_unit_test(text_is_cut_to_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
