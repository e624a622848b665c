// SPDX-License-Identifier: Apache-2.0
#include "gobin/gobin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gobin/layout.h"

static void understands_what_go_writes(void **state)
{
	static const struct {
		const char *in;
		struct go_version want;
	} cases[] = {
		{ "go1.26.8", { 1, 26, 8 } },
		{ "go1.17", { 1, 17, 0 } },
		{ "go1.27rc1", { 1, 27, 0 } },
		{ "go1.21beta2", { 1, 21, 0 } },
		{ "go1.9.2rc2", { 1, 9, 2 } },
		{ "go1", { 1, 0, 0 } },
		{ "go2.0.1", { 2, 0, 1 } },
		{ "go1.24.4 X:noswissmap", { 1, 24, 4 } },
		{ "go1.26.8-X:nogreenteagc", { 1, 26, 8 } },
		{ "go1.22.5-acme.3", { 1, 22, 5 } },
		{ "go1.21.13 (Red Hat 1.21.13-1.el9)", { 1, 21, 13 } },
		{ "devel go1.22-0123456789 Mon Jan 1 00:00:00 2024 +0000", { 1, 22, 0 } },
		{ "go1.25-20250209-RC00 cl/724970549 X:fieldtrack", { 1, 25, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct go_version v = { 9, 9, 9 };

		assert_true(go_version_parse(cases[i].in, &v));
		assert_int_equal(v.major, cases[i].want.major);
		assert_int_equal(v.minor, cases[i].want.minor);
		assert_int_equal(v.patch, cases[i].want.patch);
	}
}

static void refuses_the_rest(void **state)
{
	static const char *const cases[] = {
		"",
		"go",
		"g",
		"1.26.8",
		"go1.",
		"go1.x",
		"go1.26.",
		"go1.26.x",
		"gone1.26",
		"go1.26rc",
		"go1.26betaX",
		"go1.26foo",
		"go-1.26",
		"go1.70000",
		"go99999999999999999999",
		"devel",
		"devel +a1b2c3",
		"Go1.26",
		" go1.26",
		"unknown",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct go_version v = { 1, 2, 3 };

		assert_false(go_version_parse(cases[i], &v));
		assert_true(v.major == 1 && v.minor == 2 && v.patch == 3);
	}
}

static void every_release_in_the_range_has_a_row(void **state)
{
	uint16_t oldest, newest;

	(void)state;
	release_range(&oldest, &newest);
	assert_int_equal(oldest, 17);
	assert_int_equal(newest, 27);
	for (uint16_t minor = 0; minor < 40; minor++) {
		const struct release *r =
			release_find(&(struct go_version){ .major = 1, .minor = minor });

		assert_int_equal(r != NULL, minor >= oldest && minor <= newest);
		if (!r)
			continue;
		assert_int_equal(r->minor, minor);
		/* Swiss maps came with 1.24, the classic ones went with 1.26. */
		assert_int_equal(r->layout.map_dirptr != 0, minor >= 24);
		assert_int_equal(r->layout.hmap_b != 0, minor <= 25);
	}
	assert_null(release_find(&(struct go_version){ .major = 2, .minor = 20 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_what_go_writes),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(every_release_in_the_range_has_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
