// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void writes_what_readers_read(void **state)
{
	static const uint8_t want[] = { 1, 3, 2, 7, 6, 5,   4,	 15, 14, 13, 12, 11, 10, 9,
					8, 2, 0, 0, 0, 'h', 'i', 0,  0,	 0,  0,	 0,  0 };
	_cleanup_buf_ struct buf b = { 0 };

	(void)state;
	buf_u8(&b, 1);
	buf_u16(&b, 0x0203);
	buf_u32(&b, 0x04050607);
	buf_u64(&b, 0x08090a0b0c0d0e0f);
	buf_str(&b, "hi");
	buf_str(&b, NULL);
	assert_false(b.failed);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
}

static void grows_and_keeps(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		buf_u32(&b, i);
	assert_int_equal(b.len, 40000);
	for (uint32_t i = 0; i < 10000; i++)
		assert_memory_equal(b.data + (size_t)4 * i, &i, 4);
}

static void reset_keeps_the_memory(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };
	const uint8_t *data;
	size_t cap;

	(void)state;
	buf_put(&b, "abcdefgh", 8);
	data = b.data;
	cap = b.cap;
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	buf_put(&b, "xyz", 3);
	assert_ptr_equal(b.data, data);
	assert_int_equal(b.cap, cap);
	assert_memory_equal(b.data, "xyz", 3);
	buf_deinit(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
}

/* A failure is remembered: nothing is written behind a hole. */
static void failure_is_sticky(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };

	(void)state;
	buf_u8(&b, 1);
	b.failed = true;
	buf_u8(&b, 2);
	buf_str(&b, "three");
	assert_int_equal(b.len, 1);
	assert_true(b.failed);
	buf_reset(&b);
	assert_false(b.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_readers_read),
		cmocka_unit_test(grows_and_keeps),
		cmocka_unit_test(reset_keeps_the_memory),
		cmocka_unit_test(failure_is_sticky),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
