// SPDX-License-Identifier: Apache-2.0
/* Waits for locks, one inside another, half seen; and the crash. */
#include "unit/analyze_stream.h"

#include "analyze/waits.h"

/* Pairs of sites, each in a function of its own. */
enum { MUTEX, WRITER, SEMA, APART, NPAIRS };
static const char *const function[NPAIRS] = { "lockSlow", "RWMutex.Lock", "semacquire", "x" };
static const enum abi_lock kind[NPAIRS] = { ABI_LOCK_MUTEX, ABI_LOCK_RWMUTEX_W, ABI_LOCK_SEMA,
					    ABI_LOCK_POLL };
enum { FATAL = 20, THROW };

static void head(struct buf *b)
{
	put_session(b, true);
	for (uint32_t i = 0; i < NPAIRS; i++) {
		put_site(b, 2 * i, ABI_LOCK_BEGIN, function[i], false);
		put_site(b, 2 * i + 1, ABI_LOCK_END, i == APART ? "y" : function[i], false);
	}
	put_site(b, FATAL, ABI_FATAL, "runtime.fatal", false);
	put_site(b, THROW, ABI_THROW, "runtime.throw", false);
	put_symbol(b, 0x100, "sync.(*Mutex).lockSlow");
	put_symbol(b, 0x200, "main.worker");
	PUT_STACK(b, 1, 0x100, 0x200);
	PUT_STACK(b, 2, 0x200);
}

static void hit(struct buf *b, uint64_t t, uint16_t site, uint64_t goid, uint64_t lock,
		uint64_t stack)
{
	put_hit(b, (struct abi_hit){
			   .time_ns = at(t),
			   .goid = goid,
			   .tid = goid ? 1000 : 55,
			   .site = site,
			   .stack = stack,
			   .arg = { lock, site % 2 ? 0 : kind[site / 2] },
		   });
}

static void begin(struct buf *b, uint64_t t, int pair, uint64_t goid, uint64_t lock)
{
	hit(b, t, (uint16_t)(2 * pair), goid, lock, 1);
}

static void end(struct buf *b, uint64_t t, int pair, uint64_t goid)
{
	hit(b, t, (uint16_t)(2 * pair + 1), goid, 0, 2);
}

static void put_counters(struct buf *b, const uint64_t begun[NPAIRS])
{
	for (uint32_t i = 0; i < NPAIRS; i++)
		put_counter(b, 2 * i, begun[i], 0);
	put_end(b, 10000);
}

static void waits(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	begin(&b, 100, MUTEX, 1, 0xa);
	begin(&b, 110, MUTEX, 2, 0xa);
	begin(&b, 120, MUTEX, 0, 0xb); /* no goroutine: by its thread */
	end(&b, 150, MUTEX, 2);
	end(&b, 200, MUTEX, 1);
	end(&b, 320, MUTEX, 0);
	begin(&b, 400, WRITER, 1, 0xa);
	end(&b, 405, WRITER, 1);
	put_counters(&b, (uint64_t[NPAIRS]){ [MUTEX] = 3, [WRITER] = 1 });
	r = analyze(&b, &a);
	assert_count(r->lock_waits, 4, true);
	assert_int_equal(r->lock_wait_ns, 40 + 100 + 200 + 5);
	assert_int_equal(r->nlock_kinds, 2);
	assert_string_equal(r->lock_kinds[0].kind, "mutex");
	assert_int_equal(r->lock_kinds[0].hist.n, 3);
	assert_int_equal(r->lock_kinds[0].hist.max_ns, 200);
	assert_string_equal(r->lock_kinds[1].kind, "rwmutex (writer)");
	assert_int_equal(r->lock_kinds[1].hist.n, 1);
	assert_int_equal(r->nlocks, 3);
	assert_int_equal(r->locks[0].addr, 0xb);
	assert_int_equal(r->locks[0].sum_ns, 200);
	assert_int_equal(r->locks[0].goroutines, 0);
	assert_int_equal(r->locks[1].addr, 0xa);
	assert_string_equal(r->locks[1].kind, "mutex");
	assert_int_equal(r->locks[1].n, 2);
	assert_int_equal(r->locks[1].sum_ns, 140);
	assert_int_equal(r->locks[1].max_ns, 100);
	assert_int_equal(r->locks[1].goroutines, 2);
	assert_string_equal(func_at(r, r->locks[1].stack, 0), "sync.(*Mutex).lockSlow");
	assert_int_equal(r->locks[2].sum_ns, 5);
	assert_int_equal(r->unmatched, 0);
	analyzer_destroy(a);
}

/* The inner wait is its own; the sums have the outer one, which includes it. */
static void nested(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	begin(&b, 100, WRITER, 1, 0xa);
	begin(&b, 110, MUTEX, 1, 0xb);
	begin(&b, 115, SEMA, 1, 0xc);
	end(&b, 125, SEMA, 1);
	end(&b, 130, MUTEX, 1);
	end(&b, 200, WRITER, 1);
	put_counters(&b, (uint64_t[NPAIRS]){ 1, 1, 1, 0 });
	r = analyze(&b, &a);
	assert_int_equal(r->lock_wait_ns, 100);
	assert_count(r->lock_waits, 1, true);
	assert_int_equal(r->nlock_kinds, 1);
	assert_string_equal(r->lock_kinds[0].kind, "rwmutex (writer)");
	assert_int_equal(r->nlocks, 3);
	assert_int_equal(r->locks[0].sum_ns, 100);
	assert_int_equal(r->locks[1].sum_ns, 20);
	assert_int_equal(r->locks[2].sum_ns, 10);
	assert_string_equal(r->locks[2].kind, "semaphore");
	assert_int_equal(r->unmatched, 0);
	analyzer_destroy(a);
}

/* All that was seen lies in another one that was not: of the others, nothing is known. */
static void none_but_nested(void **state)
{
	const struct result_count seen = {
		.known = true, .hits = 1, .value = 1, .lo = 1, .hi = INFINITY
	};
	struct result_count c = waits_outermost(seen, 1, 1);

	(void)state;
	assert_int_equal(c.hits, 0);
	assert_true(c.value == 0 && c.lo == 0 && isinf(c.hi));
}

/* Lost and cut-off waits are counted and do not shift the others. */
static void half_seen(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	end(&b, 10, MUTEX, 1);	       /* began before the session */
	begin(&b, 100, MUTEX, 1, 0xa); /* its end is lost */
	begin(&b, 200, MUTEX, 1, 0xa);
	end(&b, 210, MUTEX, 1);
	begin(&b, 300, WRITER, 1, 0xa);
	begin(&b, 310, SEMA, 1, 0xb); /* its end is lost */
	end(&b, 340, WRITER, 1);
	begin(&b, 400, SEMA, 1, 0xb);
	end(&b, 405, SEMA, 1);
	begin(&b, 500, MUTEX, 2, 0xa); /* goes on */
	begin(&b, 510, SEMA, 2, 0xa);  /* too */
	end(&b, 600, WRITER, 2);       /* its beginning is lost */
	end(&b, 590, SEMA, 3);
	r = analyze(&b, &a);
	assert_int_equal(r->lock_wait_ns, 10 + 40 + 5);
	assert_int_equal(r->nlocks, 3);
	assert_int_equal(r->locks[0].sum_ns, 40);
	assert_int_equal(r->unmatched, 1 + 1 + 1 + 2 + 1 + 1);
	analyzer_destroy(a);
}

/* Ends that lie in another function than all beginnings belong to the innermost wait. */
static void apart(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b);
	begin(&b, 100, APART, 1, 0xa);
	end(&b, 150, APART, 1);
	end(&b, 160, APART, 1);
	/* Of two threads: never negative. */
	begin(&b, 300, APART, 1, 0xa);
	end(&b, 290, APART, 1);
	r = analyze(&b, &a);
	assert_int_equal(r->locks[0].n, 2);
	assert_int_equal(r->locks[0].sum_ns, 50);
	assert_string_equal(r->locks[0].kind, "poll");
	assert_int_equal(r->unmatched, 1);
	analyzer_destroy(a);
}

/* A goroutine in more waits at once than there are functions to wait in. */
static void too_deep(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	char func[8];

	(void)state;
	put_session(&b, true);
	for (uint32_t i = 0; i < 12; i++) {
		snprintf(func, sizeof(func), "f%u", i);
		put_site(&b, i, ABI_LOCK_BEGIN, func, false);
		put_site(&b, 100 + i, ABI_LOCK_END, func, false);
	}
	for (uint16_t i = 0; i < 12; i++)
		put_hit(&b, (struct abi_hit){ .time_ns = at(i),
					      .goid = 1,
					      .site = i,
					      .arg = { i, ABI_LOCK_MUTEX } });
	for (uint16_t i = 0; i < 12; i++)
		put_hit(&b, (struct abi_hit){ .time_ns = at(100 + i), .goid = 1, .site = 111 - i });
	r = analyze(&b, &a);
	assert_int_equal(r->nlocks, 8);
	assert_int_equal(r->unmatched, 4 + 4);
	analyzer_destroy(a);
}

/* What has ended makes room for what begins: memory is that of the waits open at once. */
static void room_is_reused(void **state)
{
	struct opens o = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		for (uint64_t key = i; key < i + 4; key++)
			assert_int_equal(opens_push(&o, key, (struct open){ .time_ns = key }), 0);
		assert_int_equal(opens_push(&o, i, (struct open){ .time_ns = 9999 }), 0);
		assert_int_equal(opens_depth(&o, i), 2);
		assert_int_equal(o.n, 5);
		assert_int_equal(opens_top(&o, i)->time_ns, 9999);
		opens_pop(&o, i);
		for (uint64_t key = i; key < i + 4; key++) {
			assert_int_equal(opens_top(&o, key)->time_ns, key);
			opens_pop(&o, key);
			assert_null(opens_top(&o, key));
		}
	}
	assert_int_equal(o.n, 0);
	assert_int_equal(o.all.len, 5);
	opens_deinit(&o);
}

static void put_text(struct buf *b, uint32_t tid, const char *text)
{
	struct abi_text t = { .type = ABI_TEXT, .size = sizeof(t), .tid = tid, .time_ns = at(1) };

	strcpy(t.text, text);
	t.len = (uint32_t)strlen(text);
	buf_put(b, &t, sizeof(t));
}

/* The first to arrive is the crash, with the message of its own thread. */
static void crash(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct abi_hit h = { .site = FATAL, .goid = 8, .tid = 31, .time_ns = at(700), .stack = 2 };

	(void)state;
	head(&b);
	put_text(&b, 30, "fatal of another thread");
	put_text(&b, 31, "concurrent map writes");
	put_hit(&b, h);
	put_text(&b, 31, "a second message");
	h.tid = 30;
	h.site = THROW;
	put_hit(&b, h);
	event_put_end(&b, &(struct event_end){ at(800), EVENT_END_TARGET_EXIT, 9, 8, 0 });
	r = analyze(&b, &a);
	assert_non_null(r->crash);
	assert_true(r->crash->fatal);
	assert_string_equal(r->crash->message, "concurrent map writes");
	assert_int_equal(r->crash->at_ns, 700);
	assert_int_equal(r->crash->goid, 8);
	assert_int_equal(r->crash->tid, 31);
	assert_string_equal(func_at(r, r->crash->stack, 0), "main.worker");
	assert_string_equal(r->ended, "target exited");
	analyzer_destroy(a);

	head(&b);
	h.site = THROW;
	h.tid = 99;
	put_hit(&b, h);
	r = analyze(&b, &a);
	assert_false(r->crash->fatal);
	assert_string_equal(r->crash->message, "");
	assert_string_equal(r->ended, "cut off");
	analyzer_destroy(a);

	head(&b);
	assert_null(analyze(&b, &a)->crash);
	analyzer_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits),	   cmocka_unit_test(nested),
		cmocka_unit_test(none_but_nested), cmocka_unit_test(half_seen),
		cmocka_unit_test(apart),	   cmocka_unit_test(too_deep),
		cmocka_unit_test(room_is_reused),  cmocka_unit_test(crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
