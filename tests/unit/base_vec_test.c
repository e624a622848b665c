// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct point {
	int x, y;
};

static void pushes_and_visits_in_order(void **state)
{
	VEC(struct point) v = { 0 };
	int n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(vec_push(&v, (struct point){ .x = i, .y = -i }), 0);
	assert_int_equal(v.len, 1000);
	assert_true(v.cap >= v.len);
	vec_foreach (p, &v) {
		assert_int_equal(p->x, n);
		assert_int_equal(p->y, -n);
		n++;
	}
	assert_int_equal(n, 1000);
	vec_deinit(&v);
	assert_null(v.data);
	assert_int_equal(v.len, 0);
}

static void an_empty_one_has_no_elements(void **state)
{
	VEC(int) v = { 0 };
	int n = 0;

	(void)state;
	vec_foreach (i, &v)
		n += 1 + *i;
	assert_int_equal(n, 0);
	vec_deinit(&v);
}

/* An element may be pushed again while the array moves. */
static void pushes_its_own_elements(void **state)
{
	VEC(uint64_t) v = { 0 };

	(void)state;
	assert_int_equal(vec_push(&v, 42), 0);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(vec_push(&v, v.data[i]), 0);
	vec_foreach (p, &v)
		assert_int_equal(*p, 42);
	vec_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushes_and_visits_in_order),
		cmocka_unit_test(an_empty_one_has_no_elements),
		cmocka_unit_test(pushes_its_own_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
