// SPDX-License-Identifier: Apache-2.0
#include "gobin/gobin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void understands_what_go_writes(void **state)
{
	static const struct {
		const char *in;
		struct go_version want;
	} cases[] = {
		{ "go1.26.8", { 1, 26, 8, GO_RELEASED } },
		{ "go1.17", { 1, 17, 0, GO_RELEASED } },
		{ "go1.27rc1", { 1, 27, 0, GO_PRERELEASE } },
		{ "go1.21beta2", { 1, 21, 0, GO_PRERELEASE } },
		{ "go1.9.2rc2", { 1, 9, 2, GO_PRERELEASE } },
		{ "go1", { 1, 0, 0, GO_RELEASED } },
		{ "go2.0.1", { 2, 0, 1, GO_RELEASED } },
		{ "go1.24.4 X:noswissmap", { 1, 24, 4, GO_RELEASED } },
		{ "go1.26.8-X:nogreenteagc", { 1, 26, 8, GO_RELEASED } },
		{ "go1.22.5-acme.3", { 1, 22, 5, GO_VENDOR } },
		{ "go1.21.13 (Red Hat 1.21.13-1.el9)", { 1, 21, 13, GO_VENDOR } },
		{ "devel go1.22-0123456789 Mon Jan 1 00:00:00 2024 +0000",
		  { 1, 22, 0, GO_PRERELEASE } },
		{ "go1.26-devel_0123456789 Mon Jan 1 00:00:00 2025 +0000",
		  { 1, 26, 0, GO_PRERELEASE } },
		{ "go1.20-acme", { 1, 20, 0, GO_VENDOR } },
		{ "go1.25-20250209-RC00 cl/724970549 X:fieldtrack", { 1, 25, 0, GO_PRERELEASE } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct go_version v = { 9, 9, 9, GO_VENDOR };

		assert_true(go_version_parse(cases[i].in, &v));
		assert_int_equal(v.major, cases[i].want.major);
		assert_int_equal(v.minor, cases[i].want.minor);
		assert_int_equal(v.patch, cases[i].want.patch);
		assert_int_equal(v.kind, cases[i].want.kind);
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
		struct go_version v = { 1, 2, 3, GO_VENDOR };

		assert_false(go_version_parse(cases[i], &v));
		assert_true(v.major == 1 && v.minor == 2 && v.patch == 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_what_go_writes),
		cmocka_unit_test(refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
