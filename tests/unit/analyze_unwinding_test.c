// SPDX-License-Identifier: Apache-2.0
/* Stacks that are whole, that have gaps, that stop early: in the result, and counted. */
#include "unit/analyze_stream.h"

enum { GOEXIT = 0x1000, WRITER = 0x2000, CALLBACK = 0x3000 };

/* One stack with flags, and hits on it. */
static void put_stack_of(struct buf *b, uint64_t id, uint16_t flags, uint32_t n, const uint64_t *pc,
			 int hits)
{
	struct abi_stack s = {
		.type = ABI_STACK, .size = 24 + 8 * n, .id = id, .n = n, .flags = flags
	};

	memcpy(s.pc, pc, n * sizeof(*pc));
	buf_put(b, &s, s.size);
	for (int i = 0; i < hits; i++)
		put_hit(b, (struct abi_hit){ .time_ns = at(10 * id + (uint64_t)i),
					     .goid = 1,
					     .site = 0,
					     .stack = id,
					     .arg = { 0xc000 + id } });
}

#define PUT(b, id, flags, hits, ...)                                                               \
	put_stack_of(b, id, flags, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),         \
		     (uint64_t[]){ __VA_ARGS__ }, hits)

static void start(struct buf *b)
{
	put_session(b, true);
	put_site(b, 0, ABI_MAP_ASSIGN, "runtime.mapassign", false);
	put_symbol(b, GOEXIT, "runtime.goexit");
	put_symbol(b, WRITER, "main.write");
	put_symbol(b, CALLBACK, "crosscall2");
}

/* The last line of the stack of the map at 0xc000 + id, which has one. */
static const char *last_of(const struct result *r, uint64_t id)
{
	for (size_t i = 0; i < r->nmaps; i++) {
		uint32_t stack = r->maps[i].sites[0].stack;

		if (r->maps[i].addr == 0xc000 + id)
			return func_at(r, stack, r->stacks[stack].nlocs - 1);
	}
	return "no such map";
}

static void every_stack_says_how_it_ends(void **state)
{
	struct analyzer *a;
	const struct result *r;
	struct buf b = { 0 };

	(void)state;
	start(&b);
	PUT(&b, 1, ABI_STACK_ROOT, 1, WRITER, GOEXIT);
	PUT(&b, 2, ABI_STACK_ROOT, 2, WRITER, CALLBACK, ABI_GAP_C, GOEXIT);
	PUT(&b, 3, ABI_STACK_DEEPER, 3, WRITER, CALLBACK);
	PUT(&b, 4, 0, 4, WRITER, CALLBACK, ABI_GAP_C);
	PUT(&b, 5, 0, 5, WRITER, ABI_GAP_UNKNOWN);
	PUT(&b, 6, 0, 6, WRITER, CALLBACK); /* as recorded before there were ends */
	put_counter(&b, 0, 21, 0);
	put_end(&b, 1000);
	r = analyze(&b, &a);
	assert_int_equal(r->unwinding.complete, 3);
	assert_int_equal(r->unwinding.gaps, 2);
	assert_int_equal(r->unwinding.deeper, 3);
	assert_int_equal(r->unwinding.c_code, 4);
	assert_int_equal(r->unwinding.unknown, 11);
	assert_string_equal(last_of(r, 1), "runtime.goexit");
	assert_string_equal(last_of(r, 2), "runtime.goexit");
	assert_string_equal(last_of(r, 3), "(stack stops here: too deep)");
	assert_string_equal(last_of(r, 4), "(stack stops here: C code without frame pointers)");
	assert_string_equal(last_of(r, 5), "(stack stops here: no return address)");
	assert_string_equal(last_of(r, 6), "crosscall2");
	analyzer_destroy(a);
}

static void a_gap_stands_where_the_frames_would(void **state)
{
	struct analyzer *a;
	const struct result *r;
	struct buf b = { 0 };
	uint32_t s;

	(void)state;
	start(&b);
	PUT(&b, 1, ABI_STACK_ROOT, 1, WRITER, ABI_GAP_C, CALLBACK, ABI_GAP_FRAMELESS, GOEXIT);
	put_end(&b, 1000);
	r = analyze(&b, &a);
	s = r->maps[0].sites[0].stack;
	assert_int_equal(r->stacks[s].nlocs, 5);
	assert_string_equal(func_at(r, s, 1), "(frames missing: C code without frame pointers)");
	assert_string_equal(func_at(r, s, 3), "(caller missing: of a function without a frame)");
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(r->locs[r->stacks[s].locs[i]].pc == 0, i == 1 || i == 3);
	analyzer_destroy(a);
}

/* A stack that stops early is not the same as the whole one that begins alike. */
static void ends_tell_stacks_apart(void **state)
{
	struct analyzer *a;
	const struct result *r;
	struct buf b = { 0 };

	(void)state;
	start(&b);
	PUT(&b, 1, ABI_STACK_ROOT, 1, WRITER, CALLBACK);
	PUT(&b, 2, ABI_STACK_DEEPER, 1, WRITER, CALLBACK);
	PUT(&b, 3, 0, 1, WRITER, CALLBACK, ABI_GAP_C);
	PUT(&b, 4, 0, 1, WRITER, CALLBACK, ABI_GAP_C); /* the same, under another id */
	put_end(&b, 1000);
	r = analyze(&b, &a);
	assert_int_equal(r->nstacks, 3);
	analyzer_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stack_says_how_it_ends),
		cmocka_unit_test(a_gap_stands_where_the_frames_would),
		cmocka_unit_test(ends_tell_stacks_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
