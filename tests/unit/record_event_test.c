// SPDX-License-Identifier: Apache-2.0
/* Frames: what is put is got back; what is cut, too long or out of range is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>

#include "record/event.h"

/* Any event, got. */
union any {
	struct event_session session;
	struct event_site site;
	struct event_missing missing;
	struct event_cost cost;
	struct event_symbol symbol;
	struct event_rtype rtype;
	struct event_window window;
	struct event_map_state map_state;
	struct event_counter counter;
	struct event_end end;
};

static const struct event_session session = {
	.start_mono_ns = 0x1122334455667788,
	.start_unix_ns = 2,
	.pid = 3,
	.cpus = 4,
	.kind = 0,
	.stripped = 1,
	.pie = 0,
	.swiss = 1,
	.exact = 0,
	.budget = 0.0125,
	.exe_start = 5,
	.exe_limit = 6,
	.exe_offset = 7,
	.exe = "/usr/bin/store",
	.go_version = "go1.26.8",
	.module = "example.com/store",
	.module_version = "(devel)",
	.build_id = "",
	.kernel = "6.18.1",
	.mapprobe = "0.1.0",
};
static const struct event_site site = { 255, ABI_THROW, 1, 0, 1, "map.assign", "map", "f", 77 };
static const struct event_missing missing = { "lock.wait", "inlined" };
static const struct event_cost cost = { 720, 12000 };
static const struct event_symbol symbol = {
	.pc = 0x401000,
	.nlines = 2,
	.lines = { { "main.inner", "a.go", 10, 9 }, { "main.outer", "b.go", 20, 15 } },
};
static const struct event_rtype rtype = { 0x5000, "map[string]int" };
static const struct event_window window = { 65535, 100, 200 };
static const struct event_map_state map_state = { 0xc000010000, 9, 10, 16 };
static const struct event_counter counter = { 3, { 1, 2, 3, 4 } };
static const struct event_end end = { 1000, EVENT_END_ERROR, 5, 6, 0 };

#define ROUND(name)                                                                                \
	static void put_##name(struct buf *b)                                                      \
	{                                                                                          \
		event_put_##name(b, &name);                                                        \
	}                                                                                          \
	static int get_##name(const struct event *ev, union any *ret, struct err *e)               \
	{                                                                                          \
		return event_get_##name(ev, &ret->name, e);                                        \
	}

ROUND(session)
ROUND(site)
ROUND(missing)
ROUND(cost)
ROUND(symbol)
ROUND(rtype)
ROUND(window)
ROUND(map_state)
ROUND(counter)
ROUND(end)

static const struct {
	uint32_t type;
	void (*put)(struct buf *b);
	int (*get)(const struct event *ev, union any *ret, struct err *e);
} kinds[] = {
	{ EVENT_SESSION, put_session, get_session },
	{ EVENT_SITE, put_site, get_site },
	{ EVENT_MISSING, put_missing, get_missing },
	{ EVENT_COST, put_cost, get_cost },
	{ EVENT_SYMBOL, put_symbol, get_symbol },
	{ EVENT_TYPE, put_rtype, get_rtype },
	{ EVENT_WINDOW, put_window, get_window },
	{ EVENT_MAP_STATE, put_map_state, get_map_state },
	{ EVENT_COUNTER, put_counter, get_counter },
	{ EVENT_END, put_end, get_end },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
_Static_assert(KINDS == EVENT_TYPE_MAX - EVENT_SESSION, "an event type without a test");

/* The one frame in b. */
static struct event frame_of(const struct buf *b)
{
	struct err e = { 0 };
	struct event ev = { 0 };
	size_t off = 0;

	assert_false(b->failed);
	assert_int_equal(event_next((struct span){ b->data, b->len }, &off, &ev, &e), 0);
	assert_int_equal(off, b->len);
	return ev;
}

static void round_trip_numbers(void **state)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct event ev;
	union any v;

	(void)state;
	event_put_site(&b, &site);
	ev = frame_of(&b);
	assert_int_equal(event_get_site(&ev, &v.site, &e), 0);
	assert_int_equal(v.site.index, 255);
	assert_int_equal(v.site.event, ABI_THROW);
	assert_int_equal(v.site.exit, 1);
	assert_int_equal(v.site.single_step, 0);
	assert_int_equal(v.site.windowed, 1);
	assert_string_equal(v.site.point, "map.assign");
	assert_string_equal(v.site.group, "map");
	assert_string_equal(v.site.func, "f");
	assert_int_equal(v.site.addr, 77);

	buf_reset(&b);
	event_put_window(&b, &window);
	ev = frame_of(&b);
	assert_int_equal(event_get_window(&ev, &v.window, &e), 0);
	assert_memory_equal(&v.window, &window, sizeof(window));
	buf_reset(&b);
	event_put_map_state(&b, &map_state);
	ev = frame_of(&b);
	assert_int_equal(event_get_map_state(&ev, &v.map_state, &e), 0);
	assert_memory_equal(&v.map_state, &map_state, sizeof(map_state));
	buf_reset(&b);
	event_put_counter(&b, &counter);
	ev = frame_of(&b);
	assert_int_equal(event_get_counter(&ev, &v.counter, &e), 0);
	assert_int_equal(v.counter.site, 3);
	assert_memory_equal(&v.counter.count, &counter.count, sizeof(counter.count));
	buf_reset(&b);
	event_put_end(&b, &end);
	ev = frame_of(&b);
	assert_int_equal(event_get_end(&ev, &v.end, &e), 0);
	assert_int_equal(v.end.time_ns, 1000);
	assert_int_equal(v.end.reason, EVENT_END_ERROR);
	assert_int_equal(v.end.target_cpu_ns, 5);
	assert_int_equal(v.end.own_cpu_ns, 6);
	buf_reset(&b);
	event_put_cost(&b, &cost);
	ev = frame_of(&b);
	assert_int_equal(event_get_cost(&ev, &v.cost, &e), 0);
	assert_memory_equal(&v.cost, &cost, sizeof(cost));
	buf_deinit(&b);
}

static void round_trip_strings(void **state)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct event ev;
	union any v;

	(void)state;
	event_put_session(&b, &session);
	ev = frame_of(&b);
	assert_int_equal(event_get_session(&ev, &v.session, &e), 0);
	assert_int_equal(v.session.start_mono_ns, 0x1122334455667788);
	assert_int_equal(v.session.start_unix_ns, 2);
	assert_int_equal(v.session.pid, 3);
	assert_int_equal(v.session.cpus, 4);
	assert_int_equal(v.session.stripped, 1);
	assert_int_equal(v.session.pie, 0);
	assert_int_equal(v.session.swiss, 1);
	assert_int_equal(v.session.exact, 0);
	assert_true(v.session.budget == 0.0125);
	assert_int_equal(v.session.exe_start, 5);
	assert_int_equal(v.session.exe_limit, 6);
	assert_int_equal(v.session.exe_offset, 7);
	assert_string_equal(v.session.exe, session.exe);
	assert_string_equal(v.session.go_version, session.go_version);
	assert_string_equal(v.session.module, session.module);
	assert_string_equal(v.session.module_version, session.module_version);
	assert_string_equal(v.session.build_id, "");
	assert_string_equal(v.session.kernel, session.kernel);
	assert_string_equal(v.session.mapprobe, session.mapprobe);

	buf_reset(&b);
	event_put_symbol(&b, &symbol);
	ev = frame_of(&b);
	assert_int_equal(event_get_symbol(&ev, &v.symbol, &e), 0);
	assert_int_equal(v.symbol.pc, 0x401000);
	assert_int_equal(v.symbol.nlines, 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(v.symbol.lines[i].func, symbol.lines[i].func);
		assert_string_equal(v.symbol.lines[i].file, symbol.lines[i].file);
		assert_int_equal(v.symbol.lines[i].line, symbol.lines[i].line);
		assert_int_equal(v.symbol.lines[i].start_line, symbol.lines[i].start_line);
	}
	buf_reset(&b);
	event_put_missing(&b, &missing);
	ev = frame_of(&b);
	assert_int_equal(event_get_missing(&ev, &v.missing, &e), 0);
	assert_string_equal(v.missing.what, "lock.wait");
	assert_string_equal(v.missing.why, "inlined");
	buf_reset(&b);
	event_put_rtype(&b, &rtype);
	ev = frame_of(&b);
	assert_int_equal(event_get_rtype(&ev, &v.rtype, &e), 0);
	assert_int_equal(v.rtype.addr, 0x5000);
	assert_string_equal(v.rtype.name, "map[string]int");
	buf_deinit(&b);
}

/* Every shorter payload fails and leaves *ret alone; so does every longer one. */
static void wrong_sizes(void **state)
{
	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		struct buf b = { 0 };
		struct event ev;
		union any before, v;
		struct err e;

		kinds[k].put(&b);
		ev = frame_of(&b);
		assert_int_equal(ev.type, kinds[k].type);
		memset(&before, 0xa5, sizeof(before));
		v = before;
		for (uint32_t size = 0; size < ev.size; size++) {
			/* A copy of its own, so that reading past it is seen by the sanitizer. */
			uint8_t *copy = malloc(size ? size : 1);
			struct event cut = { ev.type, size, copy };

			memcpy(copy, ev.data, size);
			e = (struct err){ 0 };
			assert_int_equal(kinds[k].get(&cut, &v, &e), -EBADMSG);
			assert_int_equal(e.code, -EBADMSG);
			assert_memory_equal(e.msg, "event ", 6);
			assert_memory_equal(&v, &before, sizeof(v));
			free(copy);
		}
		buf_u64(&b, 0);
		ev.data = b.data;
		ev.size += 8;
		assert_int_equal(kinds[k].get(&ev, &v, &e), -EBADMSG);
		assert_non_null(strstr(e.msg, "too many"));
		ev.size -= 8;
		ev.type = ABI_HIT;
		assert_int_equal(kinds[k].get(&ev, &v, &e), -EBADMSG);
		buf_deinit(&b);
	}
}

static void assert_refused(struct buf *b,
			   int (*get)(const struct event *, union any *, struct err *),
			   const char *text)
{
	struct event ev = frame_of(b);
	struct err e = { 0 };
	union any v;

	assert_int_equal(get(&ev, &v, &e), -EBADMSG);
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" does not name \"%s\"", e.msg, text);
	buf_reset(b);
}

static void out_of_range(void **state)
{
	struct event_session s = session;
	struct event_counter c = counter;
	struct event_window w = window;
	struct event_site i = site;
	struct event_end n = end;
	struct buf b = { 0 };
	uint32_t lines = EVENT_MAX_LINES + 1;

	(void)state;
	i.index = ABI_MAX_SITES;
	event_put_site(&b, &i);
	assert_refused(&b, get_site, "site: index at +0x8: 256");
	i = site;
	i.event = ABI_EV_MAX;
	event_put_site(&b, &i);
	assert_refused(&b, get_site, "event at +0xc");
	i.event = ABI_EV_NONE;
	event_put_site(&b, &i);
	assert_refused(&b, get_site, "event at +0xc");
	i = site;
	i.windowed = 2;
	event_put_site(&b, &i);
	assert_refused(&b, get_site, "windowed");
	w.number = 0;
	event_put_window(&b, &w);
	assert_refused(&b, get_window, "number");
	w.number = 65536;
	event_put_window(&b, &w);
	assert_refused(&b, get_window, "number");
	c.site = ABI_MAX_SITES;
	event_put_counter(&b, &c);
	assert_refused(&b, get_counter, "site");
	n.reason = 0;
	event_put_end(&b, &n);
	assert_refused(&b, get_end, "reason");
	n.reason = EVENT_END_ERROR + 1;
	event_put_end(&b, &n);
	assert_refused(&b, get_end, "reason");
	s.budget = NAN;
	event_put_session(&b, &s);
	assert_refused(&b, get_session, "budget");
	s.budget = -1;
	event_put_session(&b, &s);
	assert_refused(&b, get_session, "budget");
	event_put_symbol(&b, &symbol);
	memcpy(b.data + EVENT_HEADER + 8, &lines, sizeof(lines));
	assert_refused(&b, get_symbol, "nlines");
	buf_deinit(&b);
}

/* A name of any length gives an event that can be sent, cut between two UTF-8 sequences. */
static void long_strings(void **state)
{
	static char name[5001];
	struct event_symbol s = { .pc = 1, .nlines = EVENT_MAX_LINES };
	struct buf b = { 0 };
	struct event ev;
	struct err e;
	union any v;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	name[0] = 'x';
	name[1] = 'x';
	memmove(name + 1, name + 2, sizeof(name) - 2);
	for (int i = 0; i < EVENT_MAX_LINES; i++)
		s.lines[i] = (struct event_line){ name, name, 1, 1 };
	event_put_symbol(&b, &s);
	ev = frame_of(&b);
	assert_true(ev.size <= EVENT_MAX_SIZE);
	assert_int_equal(event_get_symbol(&ev, &v.symbol, &e), 0);
	assert_int_equal(v.symbol.nlines, EVENT_MAX_LINES);
	assert_int_equal(strlen(v.symbol.lines[63].file), 4095);
	assert_memory_equal(v.symbol.lines[63].file, name, 4095);
	buf_deinit(&b);
}

static void walk(void **state)
{
	struct abi_hit hit = { .type = ABI_HIT, .size = sizeof(hit), .time_ns = 7 };
	struct buf b = { 0 };
	struct event ev;
	size_t off = 0, n = 0;
	struct err e;

	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		kinds[k].put(&b);
		buf_put(&b, &hit, sizeof(hit));
	}
	while (!event_next((struct span){ b.data, b.len }, &off, &ev, &e)) {
		assert_int_equal((uintptr_t)ev.data % 8, 0);
		assert_int_equal(ev.type, n % 2 ? ABI_HIT : kinds[n / 2].type);
		assert_true(!event_hit(&ev) == !(n % 2));
		n++;
	}
	assert_int_equal(n, 2 * KINDS);
	assert_int_equal(event_next((struct span){ b.data, b.len }, &off, &ev, &e), 1);

	/* Cut anywhere: the frames before the cut, then the end or an error, never a part of one.
	 */
	for (size_t len = 0; len < b.len; len++) {
		uint8_t *copy = malloc(len ? len : 1);
		int rc;

		memcpy(copy, b.data, len);
		off = 0;
		while (!(rc = event_next((struct span){ copy, len }, &off, &ev, &e)))
			assert_true(off <= len);
		assert_int_equal(rc, off == len ? 1 : -EBADMSG);
		free(copy);
	}
	buf_deinit(&b);
}

static void bad_frames(void **state)
{
	static const struct {
		uint32_t type, size;
	} bad[] = {
		{ 0, 8 },
		{ ABI_TYPE_MAX, 8 },
		{ 15, 8 },
		{ EVENT_TYPE_MAX, 8 },
		{ UINT32_MAX, 8 },
		{ ABI_HIT, 0 },
		{ ABI_HIT, 7 },
		{ ABI_HIT, EVENT_MAX_SIZE + 1 },
		{ ABI_HIT, UINT32_MAX },
		{ EVENT_COST, 25 },
	};
	struct event ev;
	struct err e;
	size_t off;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t bytes[3] = { bad[i].type | (uint64_t)bad[i].size << 32 };

		off = 0;
		assert_int_equal(
			event_next((struct span){ (uint8_t *)bytes, sizeof(bytes) }, &off, &ev, &e),
			-EBADMSG);
		assert_int_equal(off, 0);
	}
	/* Padding is zero. */
	{
		uint64_t bytes[2] = { EVENT_COST | 9ull << 32, 0x0100 };

		off = 0;
		assert_int_equal(
			event_next((struct span){ (uint8_t *)bytes, sizeof(bytes) }, &off, &ev, &e),
			-EBADMSG);
	}
}

static void kernel_frames(void **state)
{
	_Alignas(8) uint8_t shifted[sizeof(struct abi_hit) + 1];
	struct abi_hit hit = { .type = ABI_HIT, .size = sizeof(hit) };
	struct abi_stack stack = { .type = ABI_STACK, .size = 24 + 8 * 3, .id = 1, .n = 3 };
	struct abi_text text = { .type = ABI_TEXT, .size = sizeof(text) };
	struct event h = { ABI_HIT, sizeof(hit), (uint8_t *)&hit };
	struct event s = { ABI_STACK, stack.size, (uint8_t *)&stack };
	struct abi_gc_cycle cycle = { .type = ABI_GC_CYCLE, .size = sizeof(cycle) };
	struct event t = { ABI_TEXT, sizeof(text), (uint8_t *)&text };
	struct event c = { ABI_GC_CYCLE, sizeof(cycle), (uint8_t *)&cycle };

	(void)state;
	assert_ptr_equal(event_hit(&h), &hit);
	assert_null(event_stack(&h));
	assert_null(event_text(&h));
	h.size--;
	assert_null(event_hit(&h));
	memcpy(shifted + 1, &hit, sizeof(hit));
	assert_null(event_hit(&(struct event){ ABI_HIT, sizeof(hit), shifted + 1 }));

	assert_ptr_equal(event_stack(&s), &stack);
	stack.n = 4;
	assert_null(event_stack(&s));
	stack.n = UINT32_MAX;
	assert_null(event_stack(&s));
	stack.n = ABI_MAX_DEPTH + 1;
	s.size = sizeof(stack);
	assert_null(event_stack(&s));
	s.size = 16;
	assert_null(event_stack(&s));

	assert_ptr_equal(event_text(&t), &text);
	memset(text.text, 'x', sizeof(text.text));
	assert_null(event_text(&t));
	t.size = 40;
	assert_null(event_text(&t));

	assert_ptr_equal(event_gc_cycle(&c), &cycle);
	assert_null(event_gc_cycle(&h));
	c.size -= 8;
	assert_null(event_gc_cycle(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_numbers), cmocka_unit_test(round_trip_strings),
		cmocka_unit_test(wrong_sizes),	      cmocka_unit_test(out_of_range),
		cmocka_unit_test(long_strings),	      cmocka_unit_test(walk),
		cmocka_unit_test(bad_frames),	      cmocka_unit_test(kernel_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
