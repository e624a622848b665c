// SPDX-License-Identifier: Apache-2.0
/* pc-value tables made by hand. Whole pclntabs are real ones: gobin_binary_test, _damage_test. */
#include "gobin/pclntab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENTRY 0x401000

/* One byte that is no table (offset 0), then: 7 up to +5, 4 up to +0x105, 300 up to +0x106. */
static const uint8_t tables[] = "\xff"
				"\x10\x05"
				"\x05\x80\x02"
				"\xd0\x04\x01"
				"\x00";
#define TABLES_LEN (sizeof(tables) - 1)

static int32_t value(const uint8_t *data, size_t len, uint32_t off, uint64_t end, uint64_t addr)
{
	struct pclntab t = { .pctab = { data, len } };
	struct pclntab_func f = { .addr = ENTRY, .end = end };

	return pclntab_value(&t, &f, off, addr);
}

static int32_t at(uint64_t off)
{
	return value(tables, TABLES_LEN, 1, ENTRY + 0x200, ENTRY + off);
}

static void values_hold_up_to_their_pc(void **state)
{
	(void)state;
	assert_int_equal(at(0), 7);
	assert_int_equal(at(4), 7);
	assert_int_equal(at(5), 4);
	assert_int_equal(at(0x104), 4);
	assert_int_equal(at(0x105), 300);
	assert_int_equal(at(0x106), -1);
	assert_int_equal(at(0x1ff), -1);
}

static void offset_zero_is_no_table(void **state)
{
	(void)state;
	assert_int_equal(value(tables, TABLES_LEN, 0, ENTRY + 0x200, ENTRY), -1);
	assert_int_equal(value(tables, TABLES_LEN, 100, ENTRY + 0x200, ENTRY), -1);
	assert_int_equal(value(tables, TABLES_LEN, UINT32_MAX, ENTRY + 0x200, ENTRY), -1);
}

/* The first delta may be 0: the value then is -1 for a while. */
static void may_start_at_minus_one(void **state)
{
	static const uint8_t table[] = "\xff\x00\x04\x02\x04\x00";

	(void)state;
	assert_int_equal(value(table, sizeof(table) - 1, 1, ENTRY + 8, ENTRY + 3), -1);
	assert_int_equal(value(table, sizeof(table) - 1, 1, ENTRY + 8, ENTRY + 4), 0);
}

static void ends_with_its_function(void **state)
{
	(void)state;
	assert_int_equal(value(tables, TABLES_LEN, 1, ENTRY + 5, ENTRY + 4), 7);
	assert_int_equal(value(tables, TABLES_LEN, 1, ENTRY + 5, ENTRY + 5), -1);
	assert_int_equal(value(tables, TABLES_LEN, 1, ENTRY + 4, ENTRY + 3), -1);
}

/* A pc that stands still would never come to an end. */
static void a_pc_moves(void **state)
{
	static const uint8_t still[64] = { 0xff, 2, 1, 2, 0, 2, 0, 2, 0, 2, 1 };

	(void)state;
	assert_int_equal(value(still, sizeof(still), 1, ENTRY + 64, ENTRY), 0);
	assert_int_equal(value(still, sizeof(still), 1, ENTRY + 64, ENTRY + 1), -1);
}

static void truncated_at_every_byte(void **state)
{
	(void)state;
	for (size_t len = 0; len < TABLES_LEN; len++) {
		uint8_t *part = malloc(len ? len : 1);

		assert_non_null(part);
		memcpy(part, tables, len);
		assert_int_equal(value(part, len, 1, ENTRY + 0x200, ENTRY + 4), len >= 3 ? 7 : -1);
		assert_int_equal(value(part, len, 1, ENTRY + 0x200, ENTRY + 5), len >= 6 ? 4 : -1);
		assert_int_equal(value(part, len, 1, ENTRY + 0x200, ENTRY + 0x105),
				 len >= 9 ? 300 : -1);
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_hold_up_to_their_pc),
		cmocka_unit_test(offset_zero_is_no_table),
		cmocka_unit_test(may_start_at_minus_one),
		cmocka_unit_test(ends_with_its_function),
		cmocka_unit_test(a_pc_moves),
		cmocka_unit_test(truncated_at_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
