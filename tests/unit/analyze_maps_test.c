// SPDX-License-Identifier: Apache-2.0
/* Maps: who wrote how often from where, and how the map grew. */
#include "unit/analyze_stream.h"

enum { ASSIGN, ASSIGN_STR, DELETE, CLEAR, GROW, SMALL, TABLE, SPLIT, EVACUATE, NSITES };

#define MAP_A 0xc000010000
#define MAP_B 0xc000020000
#define TYPE  0x500000
#define OTHER 0x500100

/* Program counters, and the stacks of two writers and of what they cause. */
enum {
	PC_MAPASSIGN = 0x1000,
	PC_HASHGROW,
	PC_INLINED, /* map code inlined into main.copy */
	PC_WRITER,
	PC_READER,
	PC_MAIN,
	PC_UNKNOWN, /* no symbol */
	PC_REFLECT,
	PC_SETINDEX,
};
enum { ST_WRITE = 1, ST_GROW, ST_OTHER, ST_INLINED, ST_BARE, ST_ONLY_MAP, ST_REFLECT };

static void head(struct buf *b, bool swiss)
{
	put_session(b, swiss);
	put_site(b, ASSIGN, ABI_MAP_ASSIGN, "runtime.mapassign_fast64", false);
	put_site(b, ASSIGN_STR, ABI_MAP_ASSIGN, "runtime.mapassign_faststr", false);
	put_site(b, DELETE, ABI_MAP_DELETE, "d", false);
	put_site(b, CLEAR, ABI_MAP_CLEAR, "c", false);
	put_site(b, GROW, ABI_MAP_GROW, "g", false);
	put_site(b, SMALL, ABI_MAP_GROW_SMALL, "s", false);
	put_site(b, TABLE, ABI_MAP_GROW_TABLE, "t", false);
	put_site(b, SPLIT, ABI_MAP_SPLIT, "p", false);
	put_site(b, EVACUATE, ABI_MAP_EVACUATE, "e", false);
	event_put_cost(b, &(struct event_cost){ 700, 12000 });
	event_put_rtype(b, &(struct event_rtype){ TYPE, "map[uint64]int" });
	put_symbol(b, PC_MAPASSIGN, "runtime.mapassign_fast64");
	put_symbol(b, PC_HASHGROW, "internal/runtime/maps.(*table).rehash");
	put_symbol(b, PC_WRITER, "main.writer");
	put_symbol(b, PC_READER, "main.mapassign");
	put_symbol(b, PC_MAIN, "main.main");
	put_symbol(b, PC_REFLECT, "reflect.mapassign_faststr0");
	put_symbol(b, PC_SETINDEX, "reflect.Value.SetMapIndex");
	event_put_symbol(
		b, &(struct event_symbol){
			   .pc = PC_INLINED,
			   .nlines = 3,
			   .lines = { { "internal/runtime/maps.(*Map).PutSlot", "m.go", 1, 1 },
				      { "main.copy", "main.go", 7, 5 },
				      { "runtime.mapping", "main.go", 9, 8 } },
		   });
	PUT_STACK(b, ST_WRITE, PC_WRITER, PC_MAIN);
	PUT_STACK(b, ST_GROW, PC_HASHGROW, PC_MAPASSIGN, PC_WRITER, PC_MAIN);
	PUT_STACK(b, ST_OTHER, PC_READER, PC_MAPASSIGN, PC_MAIN);
	PUT_STACK(b, ST_INLINED, PC_MAPASSIGN, PC_INLINED, PC_MAIN);
	PUT_STACK(b, ST_BARE, PC_UNKNOWN, PC_MAIN);
	PUT_STACK(b, ST_ONLY_MAP, PC_HASHGROW, PC_MAPASSIGN);
	PUT_STACK(b, ST_REFLECT, PC_REFLECT, PC_SETINDEX, PC_MAIN);
}

static void hit(struct buf *b, uint64_t t, uint16_t site, uint64_t goid, uint64_t stack,
		uint64_t map, uint64_t arg2)
{
	put_hit(b, (struct abi_hit){
			   .time_ns = at(t),
			   .goid = goid,
			   .tid = 100 + (uint32_t)goid,
			   .site = site,
			   .stack = stack,
			   .arg = { map, TYPE, arg2 },
		   });
}

/* Counters that say that nothing was lost. */
static void tail(struct buf *b, const uint64_t hits[NSITES])
{
	for (uint32_t i = 0; i < NSITES; i++)
		put_counter(b, i, hits[i], 0);
	put_end(b, 1000);
}

static void who_wrote_what(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	const struct result_map *m;

	(void)state;
	head(&b, true);
	for (int i = 0; i < 5; i++)
		hit(&b, 10 + i, ASSIGN, 1 + i % 2, ST_WRITE, MAP_A, i);
	hit(&b, 20, ASSIGN_STR, 1, ST_OTHER, MAP_A, 5);
	hit(&b, 21, DELETE, 3, ST_OTHER, MAP_A, 6);
	hit(&b, 22, ASSIGN, 9, ST_OTHER, MAP_B, 70);
	hit(&b, 23, ASSIGN, 0, 0, MAP_B, 71);
	hit(&b, 24, CLEAR, 9, ST_OTHER, MAP_B, 72);
	event_put_map_state(&b, &(struct event_map_state){ MAP_A, at(1000), 50, 64 });
	event_put_map_state(&b, &(struct event_map_state){ 0xdead, at(1000), 1, 1 });
	tail(&b, (uint64_t[NSITES]){ [ASSIGN] = 7, [ASSIGN_STR] = 1, [DELETE] = 1, [CLEAR] = 1 });
	r = analyze(&b, &a);

	assert_count(r->map_ops[RESULT_ASSIGN], 8, true);
	assert_count(r->map_ops[RESULT_DELETE], 1, true);
	assert_count(r->map_ops[RESULT_CLEAR], 1, true);
	assert_count(r->map_ops[RESULT_GROW], 0, true);
	assert_count(r->evacuations, 0, true);
	assert_false(r->lock_waits.known);
	assert_int_equal(r->nmaps, 2);

	m = &r->maps[0];
	assert_int_equal(m->addr, MAP_A);
	assert_string_equal(m->type, "map[uint64]int");
	assert_true(m->live_state && m->length_known && m->capacity_known);
	assert_int_equal(m->length, 50);
	assert_int_equal(m->capacity, 64);
	assert_count(m->ops[RESULT_ASSIGN], 6, true);
	assert_int_equal(m->hits[RESULT_ASSIGN], 6);
	assert_count(m->ops[RESULT_DELETE], 1, true);
	assert_int_equal(m->ngoroutines, 3);
	assert_int_equal(m->nsites, 2);
	assert_int_equal(m->sites[0].hits[RESULT_ASSIGN], 5);
	assert_true(m->sites[0].count[RESULT_ASSIGN] == 5);
	assert_string_equal(func_at(r, m->sites[0].stack, 0), "main.writer");
	assert_int_equal(m->sites[1].hits[RESULT_ASSIGN], 1);
	assert_int_equal(m->sites[1].hits[RESULT_DELETE], 1);
	/* "main.mapassign" is the program's own; what follows it is not leading. */
	assert_string_equal(func_at(r, m->sites[1].stack, 0), "main.mapassign");
	assert_string_equal(func_at(r, m->sites[1].stack, 1), "runtime.mapassign_fast64");

	m = &r->maps[1];
	assert_int_equal(m->addr, MAP_B);
	assert_true(m->length_known && !m->live_state && !m->capacity_known);
	assert_int_equal(m->length, 0);
	assert_int_equal(m->ngoroutines, 1);
	assert_int_equal(m->nsites, 2);
	assert_int_equal(m->sites[0].hits[RESULT_CLEAR], 1);
	assert_int_equal(m->sites[1].stack, RESULT_NO_STACK);
	analyzer_destroy(a);
}

/* A writer's growth has the stack of its writes. */
static void trimmed_stacks(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	const struct result_map_site *s;
	const struct result_loc *l;

	(void)state;
	head(&b, true);
	hit(&b, 1, ASSIGN, 1, ST_WRITE, MAP_A, 0);
	hit(&b, 2, ASSIGN, 1, ST_WRITE, MAP_A, 1);
	hit(&b, 3, TABLE, 1, ST_GROW, MAP_A, abi_caps(8, 16));
	hit(&b, 4, ASSIGN, 1, ST_INLINED, MAP_B, 0);
	hit(&b, 5, ASSIGN, 1, ST_BARE, MAP_B + 1, 0);
	hit(&b, 6, ASSIGN, 1, ST_ONLY_MAP, MAP_B + 2, 0);
	hit(&b, 7, ASSIGN, 1, ST_REFLECT, MAP_B + 3, 0);
	hit(&b, 8, ASSIGN, 1, 999, MAP_B + 4, 0);
	tail(&b, (uint64_t[NSITES]){ [ASSIGN] = 7, [TABLE] = 1 });
	r = analyze(&b, &a);

	assert_int_equal(r->nmaps, 6);
	assert_int_equal(r->maps[0].nsites, 1);
	s = &r->maps[0].sites[0];
	assert_int_equal(s->hits[RESULT_ASSIGN], 2);
	assert_int_equal(s->hits[RESULT_GROW], 1);
	assert_int_equal(r->stacks[s->stack].nlocs, 2);
	assert_string_equal(func_at(r, s->stack, 0), "main.writer");
	assert_int_equal(r->maps[0].growths[0].stack, s->stack);

	/* Map code that was inlined: the lines around it stay, all of them. */
	s = &r->maps[1].sites[0];
	assert_int_equal(r->stacks[s->stack].nlocs, 2);
	l = &r->locs[r->stacks[s->stack].locs[0]];
	assert_int_equal(l->pc, PC_INLINED);
	assert_int_equal(l->nlines, 2);
	assert_string_equal(l->lines[0].func, "main.copy");
	assert_string_equal(l->lines[1].func, "runtime.mapping");
	assert_int_equal(l->lines[0].line, 7);
	assert_int_equal(l->lines[0].start_line, 5);

	s = &r->maps[2].sites[0];
	l = &r->locs[r->stacks[s->stack].locs[0]];
	assert_int_equal(l->pc, PC_UNKNOWN);
	assert_int_equal(l->nlines, 0);

	/* Nothing would be left: as it is. */
	s = &r->maps[3].sites[0];
	assert_int_equal(r->stacks[s->stack].nlocs, 2);
	assert_string_equal(func_at(r, s->stack, 0), "internal/runtime/maps.(*table).rehash");

	s = &r->maps[4].sites[0];
	assert_string_equal(func_at(r, s->stack, 0), "reflect.Value.SetMapIndex");

	/* A stack that never came. */
	assert_int_equal(r->maps[5].sites[0].stack, RESULT_NO_STACK);
	assert_int_equal(r->lost_stacks, 1);
	analyzer_destroy(a);
}

/* Hits on another CPU may come before the stack they name. */
static void late_stack(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b, true);
	hit(&b, 1, ASSIGN, 1, 50, MAP_A, 0);
	PUT_STACK(&b, 50, PC_MAPASSIGN, PC_WRITER, PC_MAIN);
	hit(&b, 2, ASSIGN, 1, ST_WRITE, MAP_A, 0);
	/* Once more with other contents: the first counts. */
	PUT_STACK(&b, 50, PC_MAIN);
	hit(&b, 2, ASSIGN, 1, 50, MAP_A, 0);
	r = analyze(&b, &a);
	assert_int_equal(r->maps[0].nsites, 1);
	assert_int_equal(r->maps[0].sites[0].hits[RESULT_ASSIGN], 3);
	assert_string_equal(func_at(r, r->maps[0].sites[0].stack, 0), "main.writer");
	assert_int_equal(r->lost_stacks, 0);
	analyzer_destroy(a);
}

static void growth_of_a_swiss_map(void **state)
{
	static const struct {
		uint16_t site;
		uint64_t old, new;
		const char *kind;
	} step[] = {
		{ SMALL, 0, 8, "small" },	{ TABLE, 8, 16, "table" },
		{ GROW, 16, 32, "grow" },	{ GROW, 32, 32, "same-size" },
		{ GROW, 32, 1024, "grow" },	{ SPLIT, 1024, 2048, "split" },
		{ SPLIT, 1024, 2048, "split" },
	};
	const size_t n = sizeof(step) / sizeof(step[0]);
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	const struct result_map *m;

	(void)state;
	head(&b, true);
	for (size_t i = 0; i < n; i++)
		hit(&b, 10 * i, step[i].site, 4, ST_GROW, MAP_A,
		    abi_caps(step[i].old, step[i].new));
	/* Where the beginning was not seen, one table says nothing about the map. */
	hit(&b, 100, GROW, 4, ST_GROW, MAP_B, abi_caps(512, 1024));
	/* The address is not known. */
	hit(&b, 101, GROW, 4, ST_GROW, 0, abi_caps(512, 1024));
	tail(&b, (uint64_t[NSITES]){ [SMALL] = 1, [TABLE] = 1, [GROW] = 5, [SPLIT] = 2 });
	r = analyze(&b, &a);

	assert_count(r->map_ops[RESULT_GROW], n + 2, true);
	assert_int_equal(r->nmaps, 2);
	m = &r->maps[0];
	assert_int_equal(m->addr, MAP_A);
	assert_count(m->ops[RESULT_GROW], n, true);
	assert_int_equal(m->ngrowths, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(m->growths[i].kind, step[i].kind);
		assert_int_equal(m->growths[i].at_ns, 10 * i);
		assert_int_equal(m->growths[i].goid, 4);
		assert_int_equal(m->growths[i].old_capacity, step[i].old);
		assert_int_equal(m->growths[i].new_capacity, step[i].new);
	}
	assert_true(m->capacity_known && !m->live_state && !m->length_known);
	assert_int_equal(m->capacity, 3 * 1024);
	assert_false(r->maps[1].capacity_known);
	analyzer_destroy(a);
}

static void growth_of_a_classic_map(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b, false);
	for (uint64_t i = 0; i < RESULT_MAX_GROWTHS + 10; i++)
		hit(&b, i, GROW, 4, ST_GROW, MAP_A, abi_caps(8 + i, 16 + i));
	for (uint64_t i = 0; i < 3; i++)
		hit(&b, 5000, EVACUATE, 4, ST_GROW, MAP_A, i);
	tail(&b, (uint64_t[NSITES]){ [GROW] = RESULT_MAX_GROWTHS + 10, [EVACUATE] = 3 });
	r = analyze(&b, &a);
	assert_int_equal(r->maps[0].ngrowths, RESULT_MAX_GROWTHS);
	assert_count(r->maps[0].ops[RESULT_GROW], RESULT_MAX_GROWTHS + 10, true);
	assert_int_equal(r->maps[0].evacuations, 3);
	assert_count(r->evacuations, 3, true);
	assert_true(r->maps[0].capacity_known);
	assert_int_equal(r->maps[0].capacity, 16 + RESULT_MAX_GROWTHS + 9);
	analyzer_destroy(a);
}

/*
 * Read now and then: what is seen after it says more, what came late does not. The state is that of
 * the end when it was read then, and only then.
 */
static void states_in_between(void **state)
{
	static const struct {
		uint64_t read_at, written_at;
		uint64_t length, capacity;
		bool live;
	} cases[] = {
		/* Written after it was read; read at the end; written late; gone before the end. */
		{ 100, 200, 7, 32, false },
		{ 1000, 200, 50, 16, true },
		{ 1000, 1000, 50, 16, true },
		{ 300, 200, 50, 16, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct analyzer *a;
		struct buf b = { 0 };
		const struct result_map *m;
		uint64_t t = cases[i].written_at;

		head(&b, true);
		hit(&b, 10, ASSIGN, 1, ST_WRITE, MAP_A, 3);
		event_put_map_state(
			&b, &(struct event_map_state){ MAP_A, at(cases[i].read_at), 50, 16 });
		hit(&b, t, GROW, 1, ST_GROW, MAP_A, abi_caps(16, 32));
		hit(&b, t, ASSIGN, 1, ST_WRITE, MAP_A, 7);
		put_end(&b, 1000);
		m = &analyze(&b, &a)->maps[0];
		assert_true(m->length_known && m->capacity_known);
		assert_int_equal(m->length, cases[i].length);
		assert_int_equal(m->capacity, cases[i].capacity);
		assert_int_equal(m->live_state, cases[i].live);
		analyzer_destroy(a);
	}
}

static void read_history(void **state)
{
	static const struct {
		uint64_t length, capacity;
	} reading[] = { { 3, 8 },   { 7, 8 },  { 20, 32 }, { 20, 32 },
			{ 90, 64 }, { 0, 64 }, { 30, 64 }, { 30, 64 } };
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	const struct result_map *m;

	(void)state;
	head(&b, true);
	hit(&b, 10, ASSIGN, 1, ST_WRITE, MAP_A, 3);
	hit(&b, 10, ASSIGN, 1, ST_WRITE, MAP_A, 4);
	hit(&b, 10, ASSIGN, 1, ST_WRITE, MAP_B, 3);
	for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++) {
		/* Hits in between are no readings. */
		hit(&b, 100 * i + 50, ASSIGN, 1, ST_WRITE, MAP_A, 1000);
		event_put_map_state(&b, &(struct event_map_state){ MAP_A, at(100 * i + 100),
								   reading[i].length,
								   reading[i].capacity });
	}
	put_end(&b, 800);
	r = analyze(&b, &a);
	m = &r->maps[0];
	assert_int_equal(m->addr, MAP_A);
	assert_int_equal(m->readings, 8);
	assert_int_equal(m->changes, 5);
	assert_int_equal(m->grown, 2);
	assert_int_equal(m->first_length, 3);
	assert_int_equal(m->first_capacity, 8);
	assert_true(m->live_state);
	assert_int_equal(m->length, 30);
	assert_int_equal(r->maps[1].readings, 0);
	assert_int_equal(r->maps[1].grown, 0);
	assert_false(r->maps[1].live_state);
	analyzer_destroy(a);
}

/* The end is not there yet: no state is that of the end. */
static void no_live_state_without_an_end(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b, true);
	hit(&b, 10, ASSIGN, 1, ST_WRITE, MAP_A, 3);
	event_put_map_state(&b, &(struct event_map_state){ MAP_A, at(900), 50, 64 });
	r = analyze(&b, &a);
	assert_true(r->maps[0].length_known);
	assert_int_equal(r->maps[0].length, 50);
	assert_false(r->maps[0].live_state);
	analyzer_destroy(a);
}

/* Memory that was a map of one type and then of another one: two maps. */
static void address_reused(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct abi_hit other = { .site = ASSIGN, .arg = { MAP_A, OTHER, 0 } };

	(void)state;
	head(&b, true);
	for (int i = 0; i < 3; i++)
		hit(&b, 1, ASSIGN, 1, ST_WRITE, MAP_A, 0);
	put_hit(&b, other);
	other.arg[1] = 0;
	put_hit(&b, other);
	r = analyze(&b, &a);
	assert_int_equal(r->nmaps, 2);
	assert_int_equal(r->maps[0].hits[RESULT_ASSIGN], 3);
	assert_string_equal(r->maps[0].type, "map[uint64]int");
	assert_int_equal(r->maps[1].hits[RESULT_ASSIGN], 2);
	assert_int_equal(r->maps[1].addr, MAP_A);
	assert_string_equal(r->maps[1].type, "");
	analyzer_destroy(a);
}

/* The ring buffer was full: totals stay exact by the counters, maps do not. */
static void lost_events(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;
	struct result_count c;

	(void)state;
	head(&b, true);
	for (int i = 0; i < 60; i++)
		hit(&b, 1, ASSIGN, 1, ST_WRITE, MAP_A, 0);
	for (int i = 0; i < 20; i++)
		hit(&b, 1, ASSIGN, 1, ST_WRITE, MAP_B, 0);
	put_counter(&b, ASSIGN, 100, 20);
	put_end(&b, 10);
	r = analyze(&b, &a);
	assert_count(r->map_ops[RESULT_ASSIGN], 100, true);
	assert_int_equal(r->lost_events, 20);
	c = r->maps[0].ops[RESULT_ASSIGN];
	assert_int_equal(c.hits, 60);
	assert_false(c.exact);
	assert_true(c.value == 75 && c.lo == 60 && c.hi == 80);
	assert_true(r->maps[0].sites[0].count[RESULT_ASSIGN] == 75);
	assert_true(r->maps[1].ops[RESULT_ASSIGN].value == 25);
	/* Deletes lost nothing. */
	assert_true(r->maps[1].ops[RESULT_DELETE].exact);
	analyzer_destroy(a);
}

/* Most writes first, then by address; as many goroutines as there were. */
static void order_and_many(void **state)
{
	struct analyzer *a;
	struct buf b = { 0 };
	const struct result *r;

	(void)state;
	head(&b, true);
	for (uint64_t map = 300; map; map--)
		for (uint64_t i = 0; i < 1 + map % 3; i++)
			hit(&b, 1, i % 2 ? DELETE : ASSIGN, map, ST_WRITE, map << 8, 0);
	for (uint64_t g = 0; g < 3000; g++)
		hit(&b, 2, ASSIGN, 1 + g % 1000, ST_WRITE, MAP_A, 0);
	r = analyze(&b, &a);
	assert_int_equal(r->nmaps, 301);
	assert_int_equal(r->maps[0].addr, MAP_A);
	assert_int_equal(r->maps[0].ngoroutines, 1000);
	for (size_t i = 2; i < r->nmaps; i++) {
		uint64_t n = r->maps[i].hits[RESULT_ASSIGN] + r->maps[i].hits[RESULT_DELETE];
		uint64_t before =
			r->maps[i - 1].hits[RESULT_ASSIGN] + r->maps[i - 1].hits[RESULT_DELETE];

		assert_true(before > n || (before == n && r->maps[i - 1].addr < r->maps[i].addr));
	}
	analyzer_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_wrote_what),
		cmocka_unit_test(trimmed_stacks),
		cmocka_unit_test(late_stack),
		cmocka_unit_test(growth_of_a_swiss_map),
		cmocka_unit_test(growth_of_a_classic_map),
		cmocka_unit_test(states_in_between),
		cmocka_unit_test(read_history),
		cmocka_unit_test(no_live_state_without_an_end),
		cmocka_unit_test(address_reused),
		cmocka_unit_test(lost_events),
		cmocka_unit_test(order_and_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
