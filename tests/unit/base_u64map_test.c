// SPDX-License-Identifier: Apache-2.0
#include "base/u64map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void an_empty_map_has_nothing(void **state)
{
	struct u64map m = { 0 };

	(void)state;
	assert_null(u64map_get(&m, 0));
	assert_false(u64map_del(&m, 0));
	u64map_deinit(&m);
}

static void put_replaces(void **state)
{
	struct u64map m = { 0 };

	(void)state;
	assert_int_equal(u64map_put(&m, 0, 1), 0);
	assert_int_equal(u64map_put(&m, UINT64_MAX, 2), 0);
	assert_int_equal(u64map_put(&m, 0, 3), 0);
	assert_int_equal(m.len, 2);
	assert_int_equal(*u64map_get(&m, 0), 3);
	assert_int_equal(*u64map_get(&m, UINT64_MAX), 2);
	*u64map_get(&m, 0) = 4;
	assert_int_equal(*u64map_get(&m, 0), 4);
	u64map_deinit(&m);
	assert_null(m.slots);
}

#define KEYS 512

/* Against a plain array, over a range of keys small enough for long runs and many deletions. */
static void behaves_like_an_array(void **state)
{
	uint64_t value[KEYS] = { 0 }, x = 88172645463325252ull;
	bool have[KEYS] = { false };
	struct u64map m = { 0 };
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t key;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		key = x % KEYS;
		if (x >> 63) {
			assert_int_equal(u64map_put(&m, key << 12, x), 0);
			len += !have[key];
			have[key] = true;
			value[key] = x;
		} else {
			assert_int_equal(u64map_del(&m, key << 12), have[key]);
			len -= have[key];
			have[key] = false;
		}
		assert_int_equal(m.len, len);
		key = (x >> 20) % KEYS;
		assert_int_equal(u64map_get(&m, key << 12) != NULL, have[key]);
		if (have[key])
			assert_int_equal(*u64map_get(&m, key << 12), value[key]);
	}
	for (uint64_t key = 0; key < KEYS; key++)
		assert_int_equal(u64map_get(&m, key << 12) != NULL, have[key]);
	u64map_deinit(&m);
}

/* Both words count, and so does their order. */
static void mix_depends_on_both(void **state)
{
	(void)state;
	assert_true(u64_mix(1, 2) != u64_mix(1, 3));
	assert_true(u64_mix(1, 2) != u64_mix(4, 2));
	assert_true(u64_mix(u64_mix(0, 1), 2) != u64_mix(u64_mix(0, 2), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(put_replaces),
		cmocka_unit_test(behaves_like_an_array),
		cmocka_unit_test(mix_depends_on_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
