// SPDX-License-Identifier: Apache-2.0
/* Map headers, laid out in this process's own memory and read as another's would be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/mem.h"

static const struct gobin_layout layout = {
	.map_seed = 8,
	.map_dirptr = 16,
	.map_dirlen = 24,
	.table_capacity = 2,
	.hmap_b = 9,
	.hmap_hash0 = 12,
};

struct swiss {
	uint64_t used, seed, dirptr, dirlen;
	uint64_t rest[2];
};

struct hmap {
	uint64_t count;
	uint8_t flags, b;
	uint16_t noverflow;
	uint32_t hash0;
	uint64_t buckets;
	uint64_t rest[3];
};

struct table {
	uint16_t used, capacity, growth_left;
	uint8_t local_depth, pad;
	int64_t index;
};

static int read_map(const void *at, bool swiss, struct target_map *m)
{
	struct err e = { 0 };
	int rc = mem_read_map(getpid(), &layout, swiss, (uintptr_t)at, m, &e);

	assert_int_equal(rc, e.code);
	assert_true(!rc || e.msg[0]);
	return rc;
}

static void classic(void **state)
{
	uint64_t buckets[8 * 2] = { 0 };
	struct hmap h = { .count = 5, .b = 3, .hash0 = 0xdecade, .buckets = (uintptr_t)buckets };
	struct target_map m = { 0 };

	(void)state;
	assert_int_equal(read_map(&h, false, &m), 0);
	assert_int_equal(m.length, 5);
	assert_int_equal(m.capacity, 64);
	assert_int_equal(m.seed, 0xdecade);
	h.flags = 4 | 8; /* being written, growing at the same size */
	assert_int_equal(read_map(&h, false, &m), 0);
	h = (struct hmap){ .b = 0 };
	assert_int_equal(read_map(&h, false, &m), 0);
	assert_int_equal(m.length, 0);
	assert_int_equal(m.capacity, 0); /* made without buckets */
	/* A single bucket: as many slots in use (5 to 255) as entries; 0 and 1 are empty ones. */
	h = (struct hmap){ .count = 3, .buckets = (uintptr_t)buckets };
	buckets[0] = 0x0001ff0105000100;
	assert_int_equal(read_map(&h, false, &m), -EBADMSG);
	h.count = 2;
	assert_int_equal(read_map(&h, false, &m), 0);
	assert_int_equal(m.capacity, 8);
	/* As full as it gets: 13/2 a bucket. */
	h = (struct hmap){ .count = 13 * 4, .b = 3, .buckets = (uintptr_t)buckets };
	assert_int_equal(read_map(&h, false, &m), 0);
}

static void classic_that_is_none(void **state)
{
	uint64_t buckets[8 * 2] = { 0 };
	uintptr_t at = (uintptr_t)buckets;
	const struct hmap bad[] = {
		{ .b = 41, .buckets = at },
		{ .flags = 16, .buckets = at },
		{ .buckets = at + 1 },
		{ .count = 1 },
		{ .count = 1, .buckets = at },
		{ .count = 9, .buckets = at },
		{ .count = 13 * 5, .b = 3, .buckets = at },
		{ .count = ~0ull, .b = 40, .buckets = at },
		{ .count = 5, .b = 40, .buckets = at }, /* nothing is as large */
		{ .count = 5, .b = 3, .buckets = 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct target_map m = { 77, 78, 79 };

		assert_int_equal(read_map(&bad[i], false, &m), -EBADMSG);
		assert_int_equal(m.length, 77); /* untouched */
		assert_int_equal(m.capacity, 78);
		assert_int_equal(m.seed, 79);
	}
}

static void swiss_small(void **state)
{
	uint64_t group[1 + 8 * 2] = { 0x0011223344556677 };
	struct swiss s = { 0 };
	struct target_map m;

	(void)state;
	assert_int_equal(read_map(&s, true, &m), 0);
	assert_int_equal(m.length, 0);
	assert_int_equal(m.capacity, 0);
	s = (struct swiss){ .used = 8, .seed = 1ull << 63, .dirptr = (uintptr_t)group };
	assert_int_equal(read_map(&s, true, &m), 0);
	assert_int_equal(m.seed, 1ull << 63);
	assert_int_equal(m.length, 8);
	assert_int_equal(m.capacity, 8);
	s.used = 9;
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	s.used = 8;
	group[0] = 0x80fe223344556677; /* one slot empty, one deleted */
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	s.used = 6;
	assert_int_equal(read_map(&s, true, &m), 0);
	s.dirptr = 0x1000; /* nothing is there */
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	s = (struct swiss){ .used = 1 };
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
}

/*
 * A directory of 2^depth entries; tables take 1, 2, 4, ... adjacent ones in turn. Long ones are
 * read in pieces, and a table's entries lie across the seams.
 */
static void swiss_directories(void **state)
{
	(void)state;
	for (unsigned int depth = 0; depth <= 13; depth++) {
		size_t len = 1u << depth, tables = 0, i = 0;
		struct table *t = test_calloc(len, sizeof(*t));
		uint64_t *dir = test_calloc(len, sizeof(*dir)), want = 0;
		struct swiss s = { .used = 3, .dirptr = (uintptr_t)dir, .dirlen = len };
		struct target_map m;

		while (i < len) {
			size_t span = 1u << (tables % 5);

			t[tables].capacity = 8u << (tables % 8);
			want += t[tables].capacity;
			for (size_t end = i + span; i < end && i < len; i++)
				dir[i] = (uintptr_t)&t[tables];
			tables++;
		}
		assert_int_equal(read_map(&s, true, &m), 0);
		assert_int_equal(m.length, 3);
		assert_int_equal(m.capacity, want);
		s.used = want + 1;
		assert_int_equal(read_map(&s, true, &m), -EBADMSG);
		test_free(dir);
		test_free(t);
	}
}

static void one_table_over_many_pieces(void **state)
{
	enum { LEN = 1 << 14 };
	struct table t = { .capacity = 1024 };
	uint64_t *dir = test_calloc(LEN, sizeof(*dir));
	struct swiss s = { .dirptr = (uintptr_t)dir, .dirlen = LEN };
	struct target_map m;

	(void)state;
	for (size_t i = 0; i < LEN; i++)
		dir[i] = (uintptr_t)&t;
	assert_int_equal(read_map(&s, true, &m), 0);
	assert_int_equal(m.capacity, 1024);
	test_free(dir);
}

static void swiss_that_is_none(void **state)
{
	struct table t = { .capacity = 8 }, odd = { .capacity = 24 }, none = { .capacity = 0 },
		     large = { .capacity = 2048 };
	uint64_t dir[4] = { (uintptr_t)&t, (uintptr_t)&t, (uintptr_t)&t, (uintptr_t)&t };
	const uint64_t bad_tables[] = {
		0, 1, 8, (uintptr_t)&odd, (uintptr_t)&none, (uintptr_t)&large
	};
	struct swiss s = { .dirptr = (uintptr_t)dir, .dirlen = 4 };
	struct target_map m = { 77, 78, 79 };

	(void)state;
	assert_int_equal(read_map(&s, true, &m), 0);
	m.length = 77;
	for (size_t i = 0; i < sizeof(bad_tables) / sizeof(bad_tables[0]); i++) {
		dir[3] = bad_tables[i];
		assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	}
	dir[3] = dir[2];
	s.dirlen = 3;
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	s.dirlen = 1u << 25;
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	s.dirlen = ~0ull;
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	s = (struct swiss){ .dirptr = 0, .dirlen = 4 };
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	s = (struct swiss){ .dirptr = 8, .dirlen = 4 };
	assert_int_equal(read_map(&s, true, &m), -EBADMSG);
	assert_int_equal(m.length, 77);
}

static void memory_ends(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *p =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct target_map m;
	struct err e = { 0 };
	uint8_t buf[16];

	(void)state;
	assert_true(p != MAP_FAILED);
	assert_int_equal(munmap(p + page, page), 0);
	memset(p, 0x5a, page);
	assert_int_equal(mem_read(getpid(), (uintptr_t)p + page - 16, buf, 16, &e), 0);
	assert_int_equal(buf[15], 0x5a);
	assert_int_equal(mem_read(getpid(), (uintptr_t)p + page - 15, buf, 16, &e), -EFAULT);
	assert_int_equal(mem_read(getpid(), (uintptr_t)p + page, buf, 16, &e), -EFAULT);
	assert_int_equal(mem_read(getpid(), ~0ull - 3, buf, 16, &e), -EFAULT);
	assert_int_equal(mem_read(getpid(), 0, buf, 1, &e), -EFAULT);
	assert_int_equal(mem_read(getpid(), (uintptr_t)p, buf, 0, &e), 0);
	assert_int_equal(mem_read(0x7ffffffe, (uintptr_t)p, buf, 1, &e), -ESRCH);
	/* A header that is cut off by the end of memory, at every byte of it. */
	memset(p, 0, page);
	for (size_t n = 0; n < 48; n++) {
		assert_int_equal(read_map(p + page - n, true, &m), -EFAULT);
		assert_int_equal(read_map(p + page - n, false, &m), -EFAULT);
	}
	assert_int_equal(read_map(p + page - 48, true, &m), 0);
	munmap(p, page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classic),
		cmocka_unit_test(classic_that_is_none),
		cmocka_unit_test(swiss_small),
		cmocka_unit_test(swiss_directories),
		cmocka_unit_test(one_table_over_many_pieces),
		cmocka_unit_test(swiss_that_is_none),
		cmocka_unit_test(memory_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
