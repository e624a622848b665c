// SPDX-License-Identifier: Apache-2.0
/* Build info made by hand, as the one writable segment of an image without sections. */
#include "gobin/buildinfo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

#define VADDR 0x500000

#define START "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
#define END   "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
#define MODINFO                                                                                    \
	START "path\texample.com/cmd/foo\nmod\texample.com\tv1.2.3\th1:sum=\ndep\tother\tv0.1.0\n" \
	      "build\t-compiler=gc\nbuild\tGOEXPERIMENT=noswissmap,loopvar\n" END

static int parse(const uint8_t *data, size_t len, struct buildinfo *ret, struct err *e)
{
	struct image img = { .file = { data, len },
			     .loads = { { .vaddr = VADDR, .filesz = len, .write = true } },
			     .nloads = 1 };

	return buildinfo_read(&img, ret, e);
}

static void put_uvarint(struct buf *b, size_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_u8(b, (uint8_t)(v | 0x80));
	buf_u8(b, (uint8_t)v);
}

static void put_header(struct buf *b, uint8_t flags)
{
	buf_put(b, "\xff Go buildinf:", 14);
	buf_u8(b, 8);
	buf_u8(b, flags);
}

static void put_inline(struct buf *b, const char *version, const char *modinfo, size_t len)
{
	put_header(b, 2);
	buf_put(b, "0123456789abcdef", 16);
	put_uvarint(b, strlen(version));
	buf_put(b, version, strlen(version));
	put_uvarint(b, len);
	buf_put(b, modinfo, len);
}

static void reads_inline_strings(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };
	struct buildinfo bi = { 0 };
	struct err e = { 0 };

	(void)state;
	put_inline(&b, "go1.24.4 X:noswissmap", MODINFO, sizeof(MODINFO) - 1);
	assert_int_equal(parse(b.data, b.len, &bi, &e), 0);
	assert_string_equal(bi.version, "go1.24.4 X:noswissmap");
	assert_string_equal(bi.module, "example.com");
	assert_string_equal(bi.module_version, "v1.2.3");
	buildinfo_deinit(&bi);
}

/* The format of Go 1.17: the strings are elsewhere. */
static void reads_pointers(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };
	struct buildinfo bi = { 0 };
	struct err e = { 0 };

	(void)state;
	put_header(&b, 0);
	buf_u64(&b, VADDR + 0x20);
	buf_u64(&b, VADDR + 0x30);
	buf_u64(&b, VADDR + 0x40);
	buf_u64(&b, 9);
	buf_u64(&b, VADDR + 0x49);
	buf_u64(&b, sizeof(MODINFO) - 1);
	buf_put(&b, "go1.17.13", 9);
	buf_put(&b, MODINFO, sizeof(MODINFO) - 1);
	assert_int_equal(parse(b.data, b.len, &bi, &e), 0);
	assert_string_equal(bi.version, "go1.17.13");
	assert_string_equal(bi.module, "example.com");
	buildinfo_deinit(&bi);
	/* Only the version matters. */
	memset(b.data + 24, 0, 8);
	assert_int_equal(parse(b.data, b.len, &bi, &e), 0);
	assert_string_equal(bi.version, "go1.17.13");
	assert_string_equal(bi.module, "");
	buildinfo_deinit(&bi);
	memset(b.data + 16, 0, 8);
	assert_int_equal(parse(b.data, b.len, &bi, &e), -EBADMSG);
}

/* A program built outside of a module has a path only; one built by other means not even that. */
static void modinfo_may_be_short(void **state)
{
	static const char only_path[] = START "path\tcommand-line-arguments\n" END;
	static const char unframed[] = "path\tcommand-line-arguments\n";
	_cleanup_buf_ struct buf b = { 0 };
	struct buildinfo bi = { 0 };
	struct err e = { 0 };

	(void)state;
	put_inline(&b, "go1.26.8", only_path, sizeof(only_path) - 1);
	assert_int_equal(parse(b.data, b.len, &bi, &e), 0);
	assert_string_equal(bi.module, "command-line-arguments");
	assert_string_equal(bi.module_version, "");
	buildinfo_deinit(&bi);
	buf_reset(&b);
	put_inline(&b, "go1.26.8", unframed, sizeof(unframed) - 1);
	assert_int_equal(parse(b.data, b.len, &bi, &e), 0);
	assert_string_equal(bi.module, "");
	buildinfo_deinit(&bi);
}

/* No path is that long: what is kept of it is. */
static void long_values_are_cut(void **state)
{
	_cleanup_buf_ struct buf b = { 0 }, modinfo = { 0 };
	struct buildinfo bi = { 0 };
	struct err e = { 0 };

	(void)state;
	buf_put(&modinfo, START "mod\t", sizeof(START "mod\t") - 1);
	for (unsigned int i = 0; i < 100000; i++)
		buf_u8(&modinfo, 'a');
	buf_put(&modinfo, "\tv1\n" END, sizeof("\tv1\n" END) - 1);
	put_inline(&b, "go1.26.8", (char *)modinfo.data, modinfo.len);
	assert_int_equal(parse(b.data, b.len, &bi, &e), 0);
	assert_int_equal(strlen(bi.module), 4096);
	assert_string_equal(bi.module_version, "v1");
	buildinfo_deinit(&bi);
}

/* What will be printed holds no terminal escapes. */
static void control_characters_are_replaced(void **state)
{
	static const char modinfo[] = START "mod\tex\x1b[31mample\tv1\x7f\n" END;
	_cleanup_buf_ struct buf b = { 0 };
	struct buildinfo bi = { 0 };
	struct err e = { 0 };

	(void)state;
	put_inline(&b, "go1.26.8\r", modinfo, sizeof(modinfo) - 1);
	assert_int_equal(parse(b.data, b.len, &bi, &e), 0);
	assert_string_equal(bi.version, "go1.26.8?");
	assert_string_equal(bi.module, "ex?[31mample");
	assert_string_equal(bi.module_version, "v1?");
	buildinfo_deinit(&bi);
}

/* Only at 16-byte aligned addresses, as Go's own reader: elsewhere the magic is just a string. */
static void the_magic_is_aligned(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };
	struct buildinfo bi = { 0 };
	struct err e = { 0 };

	(void)state;
	buf_put(&b, "x\xff Go buildinf:", 15);
	buf_u8(&b, 0);
	assert_int_equal(parse(b.data, b.len, &bi, &e), -ENOEXEC);
	put_inline(&b, "go1.26.8", "", 0);
	assert_int_equal(parse(b.data, b.len, &bi, &e), 0);
	assert_string_equal(bi.version, "go1.26.8");
	buildinfo_deinit(&bi);
}

static void nothing_there_is_not_go(void **state)
{
	static const uint8_t zeros[256];
	struct buildinfo bi = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(parse(zeros, sizeof(zeros), &bi, &e), -ENOEXEC);
	assert_non_null(strstr(e.msg, "no Go build info"));
	assert_int_equal(parse(zeros, 0, &bi, &e), -ENOEXEC);
}

static void truncated_at_every_byte(void **state)
{
	_cleanup_buf_ struct buf b = { 0 };
	struct buildinfo bi = { 0 };

	(void)state;
	put_inline(&b, "go1.26.8", MODINFO, sizeof(MODINFO) - 1);
	for (size_t len = 0; len < b.len; len++) {
		uint8_t *part = malloc(len ? len : 1);
		struct err e = { 0 };
		int rc;

		assert_non_null(part);
		memcpy(part, b.data, len);
		rc = parse(part, len, &bi, &e);
		assert_true(rc == -EBADMSG || rc == -ENOEXEC);
		assert_int_equal(e.code, rc);
		assert_null(bi.version);
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_inline_strings),
		cmocka_unit_test(reads_pointers),
		cmocka_unit_test(modinfo_may_be_short),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(control_characters_are_replaced),
		cmocka_unit_test(the_magic_is_aligned),
		cmocka_unit_test(nothing_there_is_not_go),
		cmocka_unit_test(truncated_at_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
