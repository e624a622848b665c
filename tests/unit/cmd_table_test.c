// SPDX-License-Identifier: Apache-2.0
/* Tables: aligned, cut to a width, and nothing in them that a terminal obeys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/table.h"
#include "report/safe.h"

static const struct table_column columns[] = {
	{ .title = "PID", .right = true },
	{ .title = "MODULE", .least = 6 },
	{ .title = "PROGRAM", .keep_end = true, .least = 8 },
};

static char *print(const char *const *cells, size_t nrows, size_t width)
{
	struct err e = { 0 };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(table_print(out, columns, 3, cells, nrows, width, &e), 0);
	fclose(out);
	return text;
}

static void expect(const char *const *cells, size_t nrows, size_t width, const char *want)
{
	char *text = print(cells, nrows, width);

	assert_string_equal(text, want);
	free(text);
}

static const char *const two_rows[] = {
	"7", "example.com/a/b", "/usr/bin/b", "4321", "c", "/bin/a/long/way/to/c",
};

static void columns_are_aligned(void **state)
{
	(void)state;
	expect(two_rows, 2, 0,
	       " PID  MODULE           PROGRAM\n"
	       "   7  example.com/a/b  /usr/bin/b\n"
	       "4321  c                /bin/a/long/way/to/c\n");
	expect(NULL, 0, 0, "PID  MODULE  PROGRAM\n");
}

static void the_widest_are_cut_first(void **state)
{
	(void)state;
	expect(two_rows, 2, 38,
	       " PID  MODULE           PROGRAM\n"
	       "   7  example.com/a/b  /usr/bin/b\n"
	       "4321  c                …/long/way/to/c\n");
	expect(two_rows, 2, 30,
	       " PID  MODULE       PROGRAM\n"
	       "   7  example.co…  /usr/bin/b\n"
	       "4321  c            …g/way/to/c\n");
}

/* Down to the least that each column says, and no further: the line is longer then. */
static void no_column_vanishes(void **state)
{
	(void)state;
	for (size_t width = 1; width < 60; width++) {
		char *text = print(two_rows, 2, width), *rest = NULL;

		for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
			if (safe_columns(l) > width)
				assert_true(safe_columns(l) <= 4 + 2 + 6 + 2 + 8);
		}
		free(text);
	}
}

static void cells_are_made_harmless(void **state)
{
	static const char *const cells[] = { "1", "\033[2J\nx", "\xff\xc3\xa4" };

	(void)state;
	expect(cells, 1, 0,
	       "PID  MODULE      PROGRAM\n"
	       "  1  \\x1b[2J\\nx  \xef\xbf\xbd\xc3\xa4\n");
}

/* Cut in front between characters, not in one. */
static void cut_in_front(void **state)
{
	static const char *const cells[] = { "1", "m", "/\xc3\xa4/\xe2\x82\xac/\xff/long/end" };
	static const char *const cut[] = {
		"…/long/end\n",
		"…\xef\xbf\xbd/long/end\n",
		"…/\xef\xbf\xbd/long/end\n",
		"…\xe2\x82\xac/\xef\xbf\xbd/long/end\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		char *text = print(cells, 1, 3 + 2 + 6 + 2 + 10 + i);

		assert_non_null(strstr(text, cut[i]));
		free(text);
	}
}

static void a_file_is_no_terminal(void **state)
{
	FILE *f = tmpfile();

	(void)state;
	assert_int_equal(table_terminal_width(f), 0);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned), cmocka_unit_test(the_widest_are_cut_first),
		cmocka_unit_test(no_column_vanishes),  cmocka_unit_test(cells_are_made_harmless),
		cmocka_unit_test(cut_in_front),	       cmocka_unit_test(a_file_is_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
