/* SPDX-License-Identifier: Apache-2.0 */
/* The text report of a fixture, and what is expected of it. */
#ifndef MAPPROBE_REPORT_TEXT_TEST_H
#define MAPPROBE_REPORT_TEXT_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/report.h"
#include "unit/report_fixture.h"

/* The text report of f, which is freed; the caller frees the text. */
static inline char *text_of(struct fixture *f)
{
	struct err e = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(report_find("text")->write(&f->r, out, &e), 0);
	fclose(out);
	free(f);
	assert_non_null(text);
	return text;
}

static inline void expect(const char *text, const char *what)
{
	if (strstr(text, what))
		return;
	fputs(text, stderr);
	fail_msg("not in the report: %s", what);
}

static inline void expect_not(const char *text, const char *what)
{
	if (!strstr(text, what))
		return;
	fputs(text, stderr);
	fail_msg("in the report: %s", what);
}

/* Printable, no more than 100 columns, no blanks at the end of a line. */
static inline void expect_tidy(const char *text)
{
	size_t cols = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '\n') {
			assert_true(p == text || p[-1] != ' ');
			if (cols > 100)
				fail_msg("%zu columns before: %.200s", cols, p);
			cols = 0;
			continue;
		}
		assert_false((uint8_t)*p < ' ' || *p == 0x7f);
		cols += ((uint8_t)*p & 0xc0) != 0x80;
	}
	assert_true(*text && text[strlen(text) - 1] == '\n');
}

#endif
