// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void set_returns_the_code(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, -EBADMSG, "entry %d at +0x%x", 17, 0x3c), -EBADMSG);
	assert_int_equal(e.code, -EBADMSG);
	assert_string_equal(e.msg, "entry 17 at +0x3c");
}

static void sys_tells_the_errno(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_sys(&e, -ENOENT, "open %s", "/x"), -ENOENT);
	assert_string_equal(e.msg, "open /x: No such file or directory");
}

static void prefixes_pile_up(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_set(&e, -EIO, "inner");
	assert_int_equal(err_prefix(&e, "middle %d", 2), -EIO);
	assert_int_equal(err_prefix(&e, "outer"), -EIO);
	assert_string_equal(e.msg, "outer: middle 2: inner");
}

/* Too long a message is cut off, at its end, and stays a string. */
static void long_messages_are_cut(void **state)
{
	char filler[2 * sizeof(((struct err *)0)->msg)];
	struct err e = { 0 };

	(void)state;
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	err_set(&e, -EIO, "%s", filler);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	err_sys(&e, -EIO, "%s", filler);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	err_prefix(&e, "where");
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	assert_memory_equal(e.msg, "where: xxx", 10);
	err_prefix(&e, "%s", filler);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	assert_int_equal(e.code, -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_returns_the_code),
		cmocka_unit_test(sys_tells_the_errno),
		cmocka_unit_test(prefixes_pile_up),
		cmocka_unit_test(long_messages_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
