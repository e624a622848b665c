// SPDX-License-Identifier: Apache-2.0
/* How the reports show C code, gaps, and stacks that stop early. */
#include "unit/report_text.h"

#include <jansson.h>

#define STOPS "(stack stops here: C code without frame pointers)"

/* The stack of the first map's first writer: net/http is C, and then it stops. */
static struct fixture *stopping(void)
{
	struct fixture *f = fixture_rich();
	const struct result_stack *s = &f->stacks[ST_PUT];
	struct result_loc *c = &f->locs[s->locs[s->nlocs - 2]];
	struct result_loc *gap = &f->locs[s->locs[s->nlocs - 1]];

	c->lines[0].func = "serve (libhttp.so)";
	c->lines[0].file = "";
	gap->pc = 0;
	gap->nlines = 1;
	gap->lines[0] = (struct result_line){ STOPS, "", 0, 0 };
	f->r.unwinding = (struct result_unwinding){
		.complete = 12, .gaps = 2, .deeper = 1, .c_code = 1234, .unknown = 0
	};
	return f;
}

static void text_shows_where_a_stack_stops(void **state)
{
	_cleanup_free_ char *t = text_of(stopping());

	(void)state;
	expect(t, STOPS);
	expect(t,
	       "  stacks     10 hits with a whole stack, 2 with frames missing in between\n"
	       "             1,235 with one that stops early: 1 too deep, 1,234 in C code without "
	       "frame pointers\n");
	expect_tidy(t);
}

static void text_says_nothing_of_whole_stacks(void **state)
{
	struct fixture *f = fixture_rich();
	_cleanup_free_ char *t = NULL;

	(void)state;
	f->r.unwinding.complete = 1000;
	t = text_of(f);
	expect_not(t, "  stacks     ");
	expect_not(t, "stops here");
}

static void json_has_gaps_without_an_address(void **state)
{
	struct fixture *f = stopping();
	struct err e = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *j, *stack, *frame;

	(void)state;
	assert_int_equal(report_find("json")->write(&f->r, out, &e), 0);
	fclose(out);
	free(f);
	j = json_loads(text, 0, NULL);
	assert_non_null(j);
	free(text);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(j, "unwinding"), "c_code")),
		1234);
	stack = json_object_get(
		json_array_get(
			json_object_get(
				json_array_get(json_object_get(json_object_get(j, "maps"), "list"),
					       0),
				"sites"),
			0),
		"stack");
	frame = json_array_get(stack, json_array_size(stack) - 1);
	assert_string_equal(json_string_value(json_object_get(frame, "func")), STOPS);
	assert_true(json_is_null(json_object_get(frame, "pc")));
	assert_true(json_is_null(json_object_get(frame, "file")));
	frame = json_array_get(stack, json_array_size(stack) - 2);
	assert_string_equal(json_string_value(json_object_get(frame, "func")),
			    "serve (libhttp.so)");
	assert_true(json_is_string(json_object_get(frame, "pc")));
	assert_true(json_is_null(json_object_get(frame, "line")));
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_shows_where_a_stack_stops),
		cmocka_unit_test(text_says_nothing_of_whole_stacks),
		cmocka_unit_test(json_has_gaps_without_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
