/* SPDX-License-Identifier: Apache-2.0 */
/* Event streams made by hand, for the tests of the analyzer. */
#ifndef MAPPROBE_TESTS_ANALYZE_STREAM_H
#define MAPPROBE_TESTS_ANALYZE_STREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>

#include "analyze/analyze.h"
#include "base/buf.h"

#define START_NS 1000000 /* CLOCK_MONOTONIC at the start of every session here */

/* START_NS + t: times in the tests count from the start of the session. */
static inline uint64_t at(uint64_t t)
{
	return START_NS + t;
}

static inline void put_session(struct buf *b, bool swiss)
{
	event_put_session(b, &(struct event_session){
				     .start_mono_ns = START_NS,
				     .start_unix_ns = 77,
				     .pid = 42,
				     .cpus = 8,
				     .swiss = swiss,
				     .budget = 0.01,
				     .exe = "/bin/store",
				     .go_version = "go1.26.8",
				     .module = "example.com/store",
				     .module_version = "v1",
				     .build_id = "id",
				     .kernel = "6.18",
				     .mapprobe = "0.1.0",
			     });
}

static inline void put_site(struct buf *b, uint32_t index, enum abi_event event, const char *func,
			    bool windowed)
{
	event_put_site(b, &(struct event_site){
				  .index = index,
				  .event = event,
				  .windowed = windowed,
				  .point = "point",
				  .group = "group",
				  .func = func,
				  .addr = 0x400000 + index,
			  });
}

static inline void put_hit(struct buf *b, struct abi_hit hit)
{
	hit.type = ABI_HIT;
	hit.size = sizeof(hit);
	buf_put(b, &hit, sizeof(hit));
}

/* A stack of n addresses, from the innermost. */
static inline void put_stack(struct buf *b, uint64_t id, uint32_t n, const uint64_t *pc)
{
	struct abi_stack s = { .type = ABI_STACK, .size = 24 + 8 * n, .id = id, .n = n };

	memcpy(s.pc, pc, n * sizeof(*pc));
	buf_put(b, &s, s.size);
}

#define PUT_STACK(b, id, ...)                                                                      \
	put_stack(b, id, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),                   \
		  (uint64_t[]){ __VA_ARGS__ })

/* A symbol with one line. */
static inline void put_symbol(struct buf *b, uint64_t pc, const char *func)
{
	event_put_symbol(b, &(struct event_symbol){
				    .pc = pc,
				    .nlines = 1,
				    .lines = { { func, "file.go", (uint32_t)pc, 1 } },
			    });
}

static inline void put_counter(struct buf *b, uint32_t site, uint64_t hits, uint64_t lost)
{
	event_put_counter(b, &(struct event_counter){ site, { .hits = hits, .lost = lost } });
}

static inline void put_window(struct buf *b, uint32_t number, uint64_t open, uint64_t close)
{
	event_put_window(b, &(struct event_window){ number, at(open), at(close) });
}

static inline void put_end(struct buf *b, uint64_t t)
{
	event_put_end(b, &(struct event_end){ .time_ns = at(t), .reason = EVENT_END_TIME });
}

/* Feeds all of b; the first error. */
static inline int feed(struct analyzer *a, const struct buf *b, struct err *e)
{
	struct event ev;
	size_t off = 0;
	int rc;

	assert_false(b->failed);
	*e = (struct err){ 0 };
	while (!(rc = event_next((struct span){ b->data, b->len }, &off, &ev, e))) {
		rc = analyzer_put(a, &ev, e);
		if (rc)
			return rc;
	}
	return rc == 1 ? 0 : rc;
}

static inline struct analyzer *new_analyzer(void)
{
	struct analyzer *a = NULL;
	struct err e;

	assert_int_equal(analyzer_create(&a, &e), 0);
	return a;
}

/* The result so far. */
static inline const struct result *result_of(struct analyzer *a)
{
	const struct result *r = NULL;
	struct err e = { 0 };

	assert_int_equal(analyzer_result(a, &r, &e), 0);
	return r;
}

/* The result of b, which is freed. The analyzer goes to *ret. */
static inline const struct result *analyze(struct buf *b, struct analyzer **ret)
{
	struct err e;

	*ret = new_analyzer();
	if (feed(*ret, b, &e))
		fail_msg("%s", e.msg);
	buf_deinit(b);
	return result_of(*ret);
}

/* The function of a stack's location, "" when it has none. */
static inline const char *func_at(const struct result *r, uint32_t stack, size_t loc)
{
	const struct result_stack *s;
	const struct result_loc *l;

	assert_true(stack < r->nstacks);
	s = &r->stacks[stack];
	assert_true(loc < s->nlocs && s->locs[loc] < r->nlocs);
	l = &r->locs[s->locs[loc]];
	return l->nlines ? l->lines[0].func : "";
}

#define assert_count(c, n, is_exact)                                                               \
	do {                                                                                       \
		struct result_count c_ = (c);                                                      \
		assert_true(c_.known);                                                             \
		assert_int_equal(c_.hits, n);                                                      \
		assert_true(c_.value == (double)(n));                                              \
		assert_int_equal(c_.exact, is_exact);                                              \
		if (is_exact)                                                                      \
			assert_true(c_.lo == c_.value && c_.hi == c_.value && !c_.lower_bound);    \
	} while (0)

#endif
