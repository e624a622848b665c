// SPDX-License-Identifier: Apache-2.0
/* What has begun and not ended: inside each other, and dropped when it is stale. */
#include "analyze/opens.h"
#include "unit/analyze_stream.h"

#define KEYS   1000
#define NO_KEY 1

static bool before(const struct open *v, const void *ctx)
{
	return v->time_ns < *(const uint64_t *)ctx;
}

/* Key k holds 1 + k % 3 of them; the outermost began at k, those inside 10000 later each. */
static void fill(struct opens *o)
{
	for (uint64_t depth = 0; depth < 3; depth++)
		for (uint64_t k = 0; k < KEYS; k++)
			if (k % 3 >= depth)
				assert_int_equal(
					opens_push(o, k * 0x100,
						   (struct open){ .time_ns = k + 10000 * depth }),
					0);
}

/* Those that began before limit are gone, and nothing else is. */
static void expect_from(const struct opens *o, uint64_t limit)
{
	size_t n = 0;

	for (uint64_t k = 0; k < KEYS; k++) {
		const struct open *v = opens_top(o, k * 0x100);
		unsigned int depth = 0;

		for (uint64_t d = k % 3 + 1; d--;) {
			if (k + 10000 * d < limit)
				break;
			assert_non_null(v);
			assert_int_equal(v->time_ns, k + 10000 * d);
			v = opens_below(o, v);
			depth++;
		}
		assert_null(v);
		assert_int_equal(opens_depth(o, k * 0x100), depth);
		n += depth;
	}
	assert_int_equal(o->n, n);
}

static void drop_what_is_stale(void **state)
{
	static const uint64_t limits[] = { 0, 1, 300, 1000, 10000, 10500, 20990, 30000 };
	struct opens o = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		size_t n;

		opens_deinit(&o);
		o = (struct opens){ 0 };
		fill(&o);
		n = o.n;
		n -= opens_expire(&o, NO_KEY, before, &limits[i]);
		assert_int_equal(o.n, n);
		expect_from(&o, limits[i]);
		assert_int_equal(opens_expire(&o, NO_KEY, before, &limits[i]), 0);
	}
	assert_int_equal(o.n, 0);
	assert_int_equal(o.top.len, 0);
	opens_deinit(&o);
}

/* While there are few, only the key that is asked for is looked at. */
static void all_are_looked_through_when_they_are_many(void **state)
{
	const uint64_t all = UINT64_MAX;
	struct opens o = { 0 };

	(void)state;
	assert_int_equal(opens_expire(&o, NO_KEY, before, &all), 0);
	for (uint64_t k = 0; k < 100; k++)
		assert_int_equal(opens_push(&o, k, (struct open){ .time_ns = k }), 0);
	assert_int_equal(opens_expire(&o, 7, before, &all), 1);
	assert_int_equal(opens_expire(&o, 7, before, &all), 0);
	assert_int_equal(o.n, 99);
	for (uint64_t k = 100; o.n > 1 && k < 100000; k++) {
		assert_int_equal(opens_push(&o, k, (struct open){ .time_ns = k }), 0);
		assert_in_range(opens_expire(&o, k, before, &all), 1, 100);
	}
	assert_int_equal(o.n, 99); /* each is gone before the next comes */
	fill(&o);
	opens_expire(&o, NO_KEY, before, &all);
	assert_int_equal(o.n, 0);
	opens_deinit(&o);
}

/* The places of those dropped are used again. */
static void no_pile(void **state)
{
	const uint64_t all = UINT64_MAX;
	struct opens o = { 0 };

	(void)state;
	for (int round = 0; round < 50; round++) {
		fill(&o);
		expect_from(&o, 0);
		opens_expire(&o, NO_KEY, before, &all);
	}
	assert_in_range(o.all.len, KEYS, 2 * KEYS);
	opens_deinit(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drop_what_is_stale),
		cmocka_unit_test(all_are_looked_through_when_they_are_many),
		cmocka_unit_test(no_pile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
