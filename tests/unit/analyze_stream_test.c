// SPDX-License-Identifier: Apache-2.0
/*
 * Streams as a whole: the session's facts, what cannot be, any prefix, any damage, and that the
 * same stream always gives the same result.
 */
#include "unit/analyze_stream.h"

static uint64_t next_random(uint64_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

/* A stream with a bit of everything: a site of every event, hits at random. */
static void busy_stream(struct buf *b, uint64_t seed, int hits)
{
	struct abi_text text = { .type = ABI_TEXT, .size = sizeof(text), .tid = 2 };
	uint64_t t = 0;

	put_session(b, seed % 2);
	for (uint32_t ev = 1; ev < ABI_EV_MAX; ev++)
		put_site(b, ev, ev, ev % 2 ? "f" : "g",
			 ev == ABI_MAP_ASSIGN || ev == ABI_MAP_CLEAR);
	event_put_missing(b, &(struct event_missing){ "x", "y" });
	event_put_cost(b, &(struct event_cost){ 1, 20 });
	for (uint64_t pc = 1; pc < 20; pc++)
		put_symbol(b, pc, pc % 3 ? "main.f" : "runtime.mapassign");
	for (uint64_t id = 1; id < 30; id++)
		PUT_STACK(b, id, 1 + next_random(&seed) % 21, 1 + next_random(&seed) % 21, 7);
	event_put_rtype(b, &(struct event_rtype){ 1, "map[int]int" });
	memcpy(text.text, "fatal error", 12);
	buf_put(b, &text, sizeof(text));
	for (int i = 0; i < hits; i++) {
		uint16_t ev = (uint16_t)(1 + next_random(&seed) % (ABI_EV_MAX - 1));
		bool windowed = ev == ABI_MAP_ASSIGN || ev == ABI_MAP_CLEAR;

		t += next_random(&seed) % 50;
		put_hit(b, (struct abi_hit){
				   .time_ns = at(t - next_random(&seed) % 20),
				   .goid = next_random(&seed) % 5,
				   .tid = (uint32_t)(next_random(&seed) % 4),
				   .site = ev,
				   .window = windowed ? (uint16_t)(1 + t / 1000) : 0,
				   .stack = next_random(&seed) % 32,
				   .arg = { next_random(&seed) % 4, next_random(&seed) % 3,
					    next_random(&seed) % 100 },
			   });
		if (i % 100 == 99)
			put_window(b, (uint32_t)(1 + t / 1000), t / 1000 * 1000,
				   t / 1000 * 1000 + 100);
		if (i == hits / 2)
			put_site(b, ABI_LOCK_BEGIN, ABI_LOCK_BEGIN, ABI_LOCK_BEGIN % 2 ? "f" : "g",
				 true);
	}
	event_put_map_state(b, &(struct event_map_state){ 1, at(t), 5, 8 });
	for (uint32_t ev = 1; ev < ABI_EV_MAX; ev++)
		put_counter(b, ev, (uint64_t)hits / ABI_EV_MAX * 2, 3);
	put_end(b, t + 1);
}

static void dump_count(FILE *f, const struct result_count *c)
{
	fprintf(f, "count %d %d %d %lu %a %a %a\n", c->known, c->exact, c->lower_bound, c->hits,
		c->value, c->lo, c->hi);
}

static void dump_hist(FILE *f, const struct result_hist *h)
{
	fprintf(f, "hist %lu %lu %lu %lu:", h->n, h->sum_ns, h->min_ns, h->max_ns);
	for (int i = 0; i < RESULT_HIST_BUCKETS; i++)
		fprintf(f, " %lu", h->bucket[i]);
	fputc('\n', f);
}

static void dump_waits(FILE *f, const struct result_wait *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(f, "wait %s %lx %lu %lu %lu %lu %u\n", w[i].kind, w[i].addr, w[i].n,
			w[i].sum_ns, w[i].max_ns, w[i].goroutines, w[i].stack);
}

static void dump_map(FILE *f, const struct result_map *m)
{
	fprintf(f, "map %lx %s %d %d %d %lu %lu %lu %lu\n", m->addr, m->type, m->length_known,
		m->capacity_known, m->live_state, m->length, m->capacity, m->evacuations,
		m->ngoroutines);
	for (int op = 0; op < RESULT_MAP_OPS; op++)
		dump_count(f, &m->ops[op]);
	for (size_t i = 0; i < m->nsites; i++)
		for (int op = 0; op < RESULT_MAP_OPS; op++)
			fprintf(f, "site %u %lu %a\n", m->sites[i].stack, m->sites[i].hits[op],
				m->sites[i].count[op]);
	for (size_t i = 0; i < m->ngrowths; i++)
		fprintf(f, "growth %lu %lu %s %lu %lu %u\n", m->growths[i].at_ns,
			m->growths[i].goid, m->growths[i].kind, m->growths[i].old_capacity,
			m->growths[i].new_capacity, m->growths[i].stack);
}

static void dump_gc(FILE *f, const struct result *r)
{
	for (size_t i = 0; i < r->ncycles; i++) {
		const struct result_gc_cycle *c = &r->cycles[i];

		fprintf(f,
			"cycle %lu %s %d %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %d %lu %lu %u\n",
			c->number, c->trigger, c->complete, c->start_ns, c->end_ns, c->mark_term_ns,
			c->mark_ns, c->stw_ns, c->worker_ns, c->worker_idle_ns, c->workers,
			c->assist_ns, c->assists, c->heap_known, c->heap_start_bytes,
			c->heap_end_bytes, c->stack);
		for (int op = 0; op < RESULT_MAP_OPS; op++)
			fprintf(f, "ops %lu\n", c->map_ops[op]);
	}
	for (size_t i = 0; i < r->nstws; i++)
		fprintf(f, "stw %lu %s %d %lu %lu %lu %u\n", r->stws[i].at_ns, r->stws[i].reason,
			r->stws[i].gc, r->stws[i].stopping_ns, r->stws[i].stopped_ns,
			r->stws[i].goid, r->stws[i].stack);
	dump_hist(f, &r->stw_gc);
	dump_hist(f, &r->stw_other);
	dump_hist(f, &r->stw_stopping);
	dump_hist(f, &r->assist);
	dump_waits(f, r->assists, r->nassists);
	dump_count(f, &r->gc_cycles);
	dump_count(f, &r->assist_count);
}

/* Everything in the result that a report could show, as text; and that indices are inside. */
static char *dump(const struct result *r)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	fprintf(f, "%u %s %s %d %lu %s %d %lu %lu %lu %lu %lu %lu\n", r->pid, r->exe, r->kernel,
		r->swiss, r->duration_ns, r->ended, r->complete, r->windows, r->armed_ns,
		r->overhead_ns, r->lost_events, r->lost_stacks, r->unmatched);
	for (int op = 0; op < RESULT_MAP_OPS; op++)
		dump_count(f, &r->map_ops[op]);
	dump_count(f, &r->evacuations);
	for (size_t i = 0; i < r->nmaps; i++)
		dump_map(f, &r->maps[i]);
	dump_gc(f, r);
	for (size_t i = 0; i < r->nlock_kinds; i++) {
		fprintf(f, "%s ", r->lock_kinds[i].kind);
		dump_hist(f, &r->lock_kinds[i].hist);
	}
	dump_waits(f, r->locks, r->nlocks);
	dump_count(f, &r->lock_waits);
	fprintf(f, "%lu\n", r->lock_wait_ns);
	if (r->crash)
		fprintf(f, "crash %s %u\n", r->crash->message, r->crash->stack);
	for (size_t i = 0; i < r->nsites; i++)
		fprintf(f, "%s %lu %lu %lu %a\n", r->sites[i].point, r->sites[i].hits,
			r->sites[i].lost, r->sites[i].outside, r->sites[i].cost_ns);
	for (size_t i = 0; i < r->nmissing; i++)
		fprintf(f, "%s %s\n", r->missing[i].what, r->missing[i].why);
	for (size_t i = 0; i < r->nstacks; i++) {
		fprintf(f, "stack %lu:", r->stacks[i].id);
		for (size_t j = 0; j < r->stacks[i].nlocs; j++) {
			assert_true(r->stacks[i].locs[j] < r->nlocs);
			fprintf(f, " %u", r->stacks[i].locs[j]);
		}
	}
	for (size_t i = 0; i < r->nlocs; i++) {
		fprintf(f, "\nloc %lx", r->locs[i].pc);
		for (size_t j = 0; j < r->locs[i].nlines; j++)
			fprintf(f, " %s", r->locs[i].lines[j].func);
	}
	assert_int_equal(fclose(f), 0);
	return text;
}

static void same_stream_same_result(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct analyzer *live = new_analyzer(), *replay = new_analyzer();
		struct buf b = { 0 };
		struct event ev;
		size_t off = 0, n = 0;
		char *x, *y, *z;
		struct err e;

		busy_stream(&b, seed, 3000);
		/* Live: with results asked for in between. */
		while (!event_next((struct span){ b.data, b.len }, &off, &ev, &e)) {
			assert_int_equal(analyzer_put(live, &ev, &e), 0);
			if (++n % 97 == 0)
				result_of(live);
		}
		assert_int_equal(feed(replay, &b, &e), 0);
		x = dump(result_of(live));
		y = dump(result_of(replay));
		z = dump(result_of(replay));
		assert_string_equal(x, y);
		assert_string_equal(y, z);
		assert_true(strlen(x) > 10000);
		free(x);
		free(y);
		free(z);
		buf_deinit(&b);
		analyzer_destroy(live);
		analyzer_destroy(replay);
	}
}

/* What is true of every result. */
static void assert_sane(const struct result *r)
{
	uint64_t assigns = 0;

	for (int op = 0; op < RESULT_MAP_OPS; op++) {
		const struct result_count *c = &r->map_ops[op];

		assert_true(!c->known || (c->lo <= c->value && c->value <= c->hi));
		assert_true(!c->exact || c->value == (double)c->hits);
	}
	for (size_t i = 0; i < r->nmaps; i++) {
		uint64_t sites = 0;

		for (size_t j = 0; j < r->maps[i].nsites; j++)
			sites += r->maps[i].sites[j].hits[RESULT_ASSIGN];
		assert_int_equal(sites, r->maps[i].hits[RESULT_ASSIGN]);
		assigns += sites;
		for (int op = 0; op < RESULT_MAP_OPS; op++) {
			const struct result_count *c = &r->maps[i].ops[op];

			assert_true(!c->known || (c->lo <= c->value && c->value <= c->hi));
		}
	}
	assert_true(assigns <= r->map_ops[RESULT_ASSIGN].hits);
	assert_true(r->ncycles == 0 || r->gc_cycles.known);
	free(dump(r));
}

/* Any prefix of a stream has a result. */
static void every_prefix(void **state)
{
	struct analyzer *a = new_analyzer();
	struct buf b = { 0 };
	struct event ev;
	size_t off = 0;
	struct err e;

	(void)state;
	assert_sane(result_of(a));
	busy_stream(&b, 5, 500);
	while (!event_next((struct span){ b.data, b.len }, &off, &ev, &e)) {
		assert_int_equal(analyzer_put(a, &ev, &e), 0);
		assert_sane(result_of(a));
		assert_string_equal(result_of(a)->ended, ev.type == EVENT_END ? "time" : "cut off");
	}
	buf_deinit(&b);
	analyzer_destroy(a);
}

/* A damaged stream is refused or analyzed, and never more than that. */
static void any_damage(void **state)
{
	struct buf b = { 0 };
	uint64_t seed = 11;

	(void)state;
	busy_stream(&b, 3, 200);
	for (int round = 0; round < 3000; round++) {
		struct analyzer *a = new_analyzer();
		size_t pos[4];
		uint8_t old[4];
		struct err e;
		int rc;

		for (int i = 0; i < 4; i++) {
			pos[i] = next_random(&seed) % b.len;
			old[i] = b.data[pos[i]];
			b.data[pos[i]] = round % 2 ? (uint8_t)next_random(&seed)
						   : old[i] ^ (1u << next_random(&seed) % 8);
		}
		rc = feed(a, &b, &e);
		assert_true(rc == 0 || rc == -EBADMSG);
		assert_int_equal(e.code, rc);
		assert_sane(result_of(a));
		for (int i = 3; i >= 0; i--)
			b.data[pos[i]] = old[i];
		analyzer_destroy(a);
	}
	buf_deinit(&b);
}

/* The largest values everywhere. */
static void extremes(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };

	(void)state;
	put_session(&b, true);
	for (uint32_t ev = 1; ev < ABI_EV_MAX; ev++)
		put_site(&b, ev, ev, "f", ev % 3 == 0);
	event_put_cost(&b, &(struct event_cost){ UINT64_MAX, UINT64_MAX });
	for (int round = 0; round < 3; round++)
		for (uint16_t ev = 1; ev < ABI_EV_MAX; ev++)
			put_hit(&b, (struct abi_hit){
					    .time_ns = round == 1 ? 0 : UINT64_MAX,
					    .goid = UINT64_MAX,
					    .tid = UINT32_MAX,
					    .site = ev,
					    .window = round ? UINT16_MAX : 0,
					    .stack = UINT64_MAX,
					    .arg = { UINT64_MAX, UINT64_MAX, UINT64_MAX },
				    });
	event_put_window(&b, &(struct event_window){ 65535, 0, UINT64_MAX });
	event_put_window(&b, &(struct event_window){ 1, UINT64_MAX, 0 });
	event_put_map_state(
		&b, &(struct event_map_state){ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX });
	for (uint32_t ev = 1; ev < ABI_EV_MAX; ev++)
		event_put_counter(&b,
				  &(struct event_counter){
					  ev, { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } });
	event_put_end(&b, &(struct event_end){ UINT64_MAX, EVENT_END_ERROR, UINT64_MAX, UINT64_MAX,
					       UINT64_MAX });
	free(dump(analyze(&b, &a)));
	assert_int_equal(result_of(a)->overhead_ns, UINT64_MAX);
	assert_string_equal(result_of(a)->ended, "error");
	analyzer_destroy(a);
}

static void refused(struct buf *b, const char *text)
{
	struct analyzer *a = new_analyzer();
	struct err e;

	assert_int_equal(feed(a, b, &e), -EBADMSG);
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, text);
	assert_sane(result_of(a));
	analyzer_destroy(a);
	buf_deinit(b);
}

static void what_cannot_be(void **state)
{
	struct abi_stack stack = { .type = ABI_STACK, .size = 24, .id = 1, .n = 3 };
	struct buf b = { 0 };

	(void)state;
	put_hit(&b, (struct abi_hit){ 0 });
	refused(&b, "before the session");
	put_session(&b, true);
	put_session(&b, true);
	refused(&b, "twice");
	put_session(&b, true);
	put_hit(&b, (struct abi_hit){ .site = 3 });
	refused(&b, "no site 3");
	put_session(&b, true);
	put_hit(&b, (struct abi_hit){ .site = ABI_MAX_SITES });
	refused(&b, "no site 256");
	put_session(&b, true);
	put_hit(&b, (struct abi_hit){ .site = UINT16_MAX });
	refused(&b, "no site 65535");
	put_session(&b, true);
	put_counter(&b, 7, 1, 1);
	refused(&b, "no site 7");
	put_session(&b, true);
	buf_put(&b, &stack, stack.size);
	refused(&b, "stack: impossible frame of 24 bytes");
	put_session(&b, true);
	put_site(&b, 0, ABI_MAP_ASSIGN, "f", false);
	put_site(&b, 0, ABI_MAP_DELETE, "f", false);
	refused(&b, "event site: 0");
	put_session(&b, true);
	put_site(&b, 0, ABI_MAP_ASSIGN, "f", true);
	put_site(&b, 0, ABI_MAP_ASSIGN, "f", false);
	refused(&b, "after windows");
	put_session(&b, true);
	put_end(&b, 1);
	put_window(&b, 1, 1, 2);
	refused(&b, "after the end");
}

static void facts_of_the_session(void **state)
{
	static const struct {
		enum event_end_reason reason;
		const char *ended;
	} ends[] = {
		{ EVENT_END_TIME, "time" },
		{ EVENT_END_INTERRUPT, "interrupt" },
		{ EVENT_END_TARGET_EXIT, "target exited" },
		{ EVENT_END_TARGET_EXEC, "target execed" },
		{ EVENT_END_ERROR, "error" },
	};
	struct analyzer *a = new_analyzer();
	const struct result *r = result_of(a);
	struct buf b = { 0 };

	(void)state;
	assert_string_equal(r->exe, "");
	assert_string_equal(r->ended, "cut off");
	analyzer_destroy(a);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		put_session(&b, true);
		event_put_missing(&b, &(struct event_missing){ "lock.wait", "inlined" });
		event_put_end(&b, &(struct event_end){ at(500), ends[i].reason, 11, 12, 0 });
		r = analyze(&b, &a);
		assert_string_equal(r->ended, ends[i].ended);
		assert_true(r->complete);
		assert_int_equal(r->duration_ns, 500);
		assert_int_equal(r->pid, 42);
		assert_int_equal(r->cpus, 8);
		assert_int_equal(r->start_unix_ns, 77);
		assert_true(r->budget == 0.01 && r->swiss && !r->exact && !r->stripped);
		assert_string_equal(r->exe, "/bin/store");
		assert_string_equal(r->go_version, "go1.26.8");
		assert_string_equal(r->module, "example.com/store");
		assert_string_equal(r->module_version, "v1");
		assert_string_equal(r->build_id, "id");
		assert_string_equal(r->kernel, "6.18");
		assert_string_equal(r->mapprobe, "0.1.0");
		assert_int_equal(r->target_cpu_ns, 11);
		assert_int_equal(r->own_cpu_ns, 12);
		assert_int_equal(r->nmissing, 1);
		assert_string_equal(r->missing[0].what, "lock.wait");
		assert_string_equal(r->missing[0].why, "inlined");
		assert_false(r->map_ops[RESULT_ASSIGN].known);
		assert_false(r->gc_cycles.known);
		analyzer_destroy(a);
	}
}

static void cost_of_the_session(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	put_session(&b, true);
	put_site(&b, 2, ABI_MAP_ASSIGN, "f", true);
	event_put_site(&b, &(struct event_site){ .index = 9,
						 .event = ABI_MAP_DELETE,
						 .single_step = 1,
						 .exit = 1,
						 .point = "p",
						 .group = "map",
						 .func = "g",
						 .addr = 0x1234 });
	event_put_cost(&b, &(struct event_cost){ 700, 12000 });
	put_hit(&b, (struct abi_hit){ .site = 9, .time_ns = at(5) });
	event_put_counter(&b, &(struct event_counter){ 2, { 10, 4, 1000, 2 } });
	event_put_counter(&b, &(struct event_counter){ 9, { 1, 0, 0, 1 } });
	put_end(&b, 100);
	r = analyze(&b, &a);
	assert_int_equal(r->nsites, 2);
	assert_int_equal(r->sites[0].hits, 10);
	assert_int_equal(r->sites[0].lost, 4);
	assert_int_equal(r->sites[0].outside, 1000);
	assert_true(r->sites[0].cost_ns == 1010 * 700);
	assert_true(r->sites[0].windowed && !r->sites[0].single_step);
	assert_true(r->sites[1].cost_ns == 12000);
	assert_true(r->sites[1].single_step && r->sites[1].exit);
	assert_string_equal(r->sites[1].point, "p");
	assert_string_equal(r->sites[1].group, "map");
	assert_string_equal(r->sites[1].func, "g");
	assert_int_equal(r->sites[1].addr, 0x1234);
	assert_int_equal(r->overhead_ns, 1010 * 700 + 12000);
	assert_int_equal(r->lost_events, 4);
	assert_int_equal(r->lost_stacks, 3);
	assert_int_equal(r->emulated_ns, 700);
	assert_int_equal(r->single_step_ns, 12000);
	analyzer_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_of_the_session),
		cmocka_unit_test(cost_of_the_session),
		cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(same_stream_same_result),
		cmocka_unit_test(any_damage),
		cmocka_unit_test(extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
