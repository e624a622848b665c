// SPDX-License-Identifier: Apache-2.0
/* Values of options: what is accepted, what is refused, and that a refusal changes nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "cmd/parse.h"
#include "plan/plan.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "30", 30000000000 },	{ "30s", 30000000000 },	       { "500ms", 500000000 },
		{ "5m", 300000000000 }, { "1h", 3600000000000 },       { "0.5s", 500000000 },
		{ "1ms", 1000000 },	{ "1000h", 3600000000000000 },
	};
	static const char *const bad[] = { "",	  "0",	 "-1", "1x",	"s",	 "1 s", "1001h",
					   "nan", "inf", "1e", "0x10s", "0.5ms", " 1",	"1ss" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		uint64_t ns = 0;
		struct err e = { 0 };

		assert_int_equal(parse_duration(good[i].text, &ns, &e), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		uint64_t ns = 77;
		struct err e = { 0 };

		assert_true(parse_duration(bad[i], &ns, &e) < 0);
		assert_int_equal(ns, 77);
		assert_non_null(strstr(e.msg, bad[i])); /* the value is named */
	}
}

static void overheads(void **state)
{
	static const char *const bad[] = { "1", "0%", "101%", "-1%", "none%", "%", "", "0.001%" };
	struct err e = { 0 };
	double share = 0;

	(void)state;
	assert_int_equal(parse_overhead("1%", &share, &e), 0);
	assert_true(fabs(share - 0.01) < 1e-12);
	assert_int_equal(parse_overhead("0.5%", &share, &e), 0);
	assert_true(fabs(share - 0.005) < 1e-12);
	assert_int_equal(parse_overhead("100%", &share, &e), 0);
	assert_int_equal(parse_overhead("none", &share, &e), 0);
	assert_true(isinf(share));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		share = 7;
		assert_true(parse_overhead(bad[i], &share, &e) < 0);
		assert_true(share == 7);
	}
}

static void pids(void **state)
{
	static const char *const bad[] = { "",	  "0",	     "-1",
					   "12x", "4194305", "99999999999999999999",
					   "one" };
	struct err e = { 0 };
	pid_t pid = 0;

	(void)state;
	assert_int_equal(parse_pid("1", &pid, &e), 0);
	assert_int_equal(pid, 1);
	assert_int_equal(parse_pid("4194304", &pid, &e), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		pid = 7;
		assert_true(parse_pid(bad[i], &pid, &e) < 0);
		assert_int_equal(pid, 7);
	}
}

static void groups(void **state)
{
	static const char *const bad[] = {
		"", ",", "map,", ",map", "maps", "map,,gc", "all", "ma"
	};
	struct err e = { 0 };
	unsigned int mask = 0;

	(void)state;
	assert_int_equal(parse_groups("map", &mask, &e), 0);
	assert_int_equal(mask, PLAN_MAP);
	assert_int_equal(parse_groups("lock,crash,gc", &mask, &e), 0);
	assert_int_equal(mask, PLAN_LOCK | PLAN_CRASH | PLAN_GC);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		mask = 77;
		assert_true(parse_groups(bad[i], &mask, &e) < 0);
		assert_int_equal(mask, 77);
	}
}

static void formats_and_texts(void **state)
{
	const char *text = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(parse_format("json", &text, &e), 0);
	assert_string_equal(text, "json");
	assert_true(parse_format("xml", &text, &e) < 0);
	assert_string_equal(text, "json");
	assert_true(parse_text("", &text, &e) < 0);
	assert_string_equal(text, "json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(overheads),
		cmocka_unit_test(pids),
		cmocka_unit_test(groups),
		cmocka_unit_test(formats_and_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
