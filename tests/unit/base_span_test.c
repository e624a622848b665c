// SPDX-License-Identifier: Apache-2.0
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

#define SPAN(bytes) ((struct span){ (const uint8_t *)(bytes), sizeof(bytes) - 1 })

static void sub_stays_inside(void **state)
{
	struct span s = SPAN("abcdef"), r = { 0 };

	(void)state;
	assert_true(span_sub(s, 2, 3, &r));
	assert_ptr_equal(r.data, s.data + 2);
	assert_int_equal(r.len, 3);
	assert_true(span_sub(s, 6, 0, &r));
	assert_int_equal(r.len, 0);
	assert_false(span_sub(s, 7, 0, &r));
	assert_false(span_sub(s, 5, 2, &r));
	assert_false(span_sub(s, 1, UINT64_MAX, &r));
	assert_false(span_sub(s, UINT64_MAX, 2, &r));
}

static void integers_are_little_endian(void **state)
{
	struct span s = SPAN("\x01\x02\x03\x04\x05\x06\x07\x08\x09");
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	(void)state;
	assert_true(span_u8(s, 8, &u8) && u8 == 9);
	assert_true(span_u16(s, 1, &u16) && u16 == 0x0302);
	assert_true(span_u32(s, 1, &u32) && u32 == 0x05040302);
	assert_true(span_u64(s, 1, &u64) && u64 == 0x0908070605040302);
}

static void failure_leaves_the_result(void **state)
{
	struct span s = SPAN("\x01\x02\x03");
	const char *str = "as it was";
	uint64_t u64 = 42;
	uint16_t u16 = 43;

	(void)state;
	assert_false(span_u64(s, 0, &u64));
	assert_int_equal(u64, 42);
	assert_false(span_u16(s, 2, &u16));
	assert_int_equal(u16, 43);
	assert_false(span_cstr(s, 0, &str));
	assert_string_equal(str, "as it was");
}

static void cstr_needs_its_nul(void **state)
{
	struct span s = SPAN("one\0two");
	const char *str;

	(void)state;
	assert_true(span_cstr(s, 0, &str));
	assert_string_equal(str, "one");
	assert_true(span_cstr(s, 3, &str));
	assert_string_equal(str, "");
	assert_false(span_cstr(s, 4, &str));
	assert_false(span_cstr(s, 7, &str));
	assert_false(span_cstr(s, UINT64_MAX, &str));
	/* "one" and its NUL are four bytes. */
	assert_true(span_cstr_within(s, 0, 4, &str));
	assert_false(span_cstr_within(s, 0, 3, &str));
	assert_false(span_cstr_within(s, 0, 0, &str));
	assert_false(span_cstr_within(s, 7, 4, &str));
}

static uint64_t uvarint(struct span s, bool *failed)
{
	struct reader r = reader_of(s);
	uint64_t v = reader_uvarint(&r);

	*failed = r.failed;
	return v;
}

static void uvarints(void **state)
{
	static const struct {
		struct span in;
		uint64_t value;
		bool failed;
	} cases[] = {
		{ { (const uint8_t *)"\x00", 1 }, 0, false },
		{ { (const uint8_t *)"\x7f", 1 }, 127, false },
		{ { (const uint8_t *)"\x80\x01", 2 }, 128, false },
		{ { (const uint8_t *)"\xac\x02", 2 }, 300, false },
		{ { (const uint8_t *)"\x80\x00", 2 }, 0, false },
		{ { (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
		  UINT64_MAX,
		  false },
		{ { (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 }, 0, true },
		{ { (const uint8_t *)"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11 },
		  0,
		  true },
		{ { (const uint8_t *)"\xac", 1 }, 0, true },
		{ { NULL, 0 }, 0, true },
	};
	bool failed;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(uvarint(cases[i].in, &failed), cases[i].value);
		assert_int_equal(failed, cases[i].failed);
	}
}

static void a_failed_reader_stays_failed(void **state)
{
	struct reader r = reader_of(SPAN("\x01\x02\x03"));

	(void)state;
	assert_int_equal(reader_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(reader_u8(&r), 0);
	assert_int_equal(reader_u16(&r), 0);
	assert_int_equal(reader_uvarint(&r), 0);
	assert_null(reader_bytes(&r, 1));
	assert_string_equal(reader_str(&r), "");
	assert_false(reader_done(&r));
}

/* What buf_str wrote comes back; a string with a NUL inside or none behind it does not. */
static void strings(void **state)
{
	struct reader r = reader_of(SPAN("\x03\0\0\0abc\0\0\0\0\0\0"));

	(void)state;
	assert_string_equal(reader_str(&r), "abc");
	assert_string_equal(reader_str(&r), "");
	assert_true(reader_done(&r));
	r = reader_of(SPAN("\x03\0\0\0a\0c\0"));
	assert_string_equal(reader_str(&r), "");
	assert_true(r.failed);
	r = reader_of(SPAN("\x03\0\0\0abcd"));
	assert_string_equal(reader_str(&r), "");
	assert_true(r.failed);
	r = reader_of(SPAN("\xff\xff\xff\xff"
			   "abc"));
	assert_string_equal(reader_str(&r), "");
	assert_true(r.failed);
}

static bool read_all(struct span s)
{
	struct reader r = reader_of(s);

	reader_u8(&r);
	reader_u16(&r);
	reader_u32(&r);
	reader_u64(&r);
	reader_str(&r);
	reader_uvarint(&r);
	reader_bytes(&r, 2);
	return reader_done(&r);
}

/* Whatever is cut off is noticed; each length has a block of its own, for the address sanitizer. */
static void truncated_at_every_byte(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };

	(void)state;
	buf_u8(&b, 1);
	buf_u16(&b, 2);
	buf_u32(&b, 3);
	buf_u64(&b, 4);
	buf_str(&b, "five");
	buf_put(&b, "\xac\x02xy", 4);
	assert_false(b.failed);
	assert_true(read_all((struct span){ b.data, b.len }));
	for (size_t len = 0; len < b.len; len++) {
		uint8_t *part = malloc(len ? len : 1);

		assert_non_null(part);
		memcpy(part, b.data, len);
		assert_false(read_all((struct span){ part, len }));
		free(part);
	}
	buf_u8(&b, 0);
	assert_false(read_all((struct span){ b.data, b.len }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sub_stays_inside),
		cmocka_unit_test(integers_are_little_endian),
		cmocka_unit_test(failure_leaves_the_result),
		cmocka_unit_test(cstr_needs_its_nul),
		cmocka_unit_test(uvarints),
		cmocka_unit_test(a_failed_reader_stays_failed),
		cmocka_unit_test(strings),
		cmocka_unit_test(truncated_at_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
