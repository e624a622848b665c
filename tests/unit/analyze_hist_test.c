// SPDX-License-Identifier: Apache-2.0
/* Histograms: every time lies in its bucket; a quantile is never below the truth. */
#include "unit/analyze_stream.h"

static unsigned int bucket_with(uint64_t ns)
{
	struct result_hist h = { 0 };
	unsigned int i = 0;

	result_hist_add(&h, ns);
	while (!h.bucket[i])
		i++;
	assert_int_equal(h.bucket[i], 1);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.min_ns, ns);
	assert_int_equal(h.max_ns, ns);
	assert_int_equal(h.sum_ns, ns);
	return i;
}

static void bounds(void **state)
{
	(void)state;
	assert_int_equal(result_hist_bound(0), 0);
	for (unsigned int i = 0; i < RESULT_HIST_BUCKETS; i++)
		assert_true(result_hist_bound(i) <= result_hist_bound(i + 1));
	/* Four for each power of two, of equal width. */
	for (unsigned int e = 2; e < 64; e++)
		for (unsigned int q = 0; q < 4; q++)
			assert_int_equal(result_hist_bound(4 * e + q),
					 (1ull << e) + q * (1ull << (e - 2)));
	assert_int_equal(result_hist_bound(RESULT_HIST_BUCKETS), UINT64_MAX);
}

static void in_its_bucket(void **state)
{
	(void)state;
	for (uint64_t ns = 0; ns < 5000; ns++) {
		unsigned int i = bucket_with(ns);

		assert_true(result_hist_bound(i) <= ns && ns < result_hist_bound(i + 1));
	}
	for (unsigned int i = 8; i < RESULT_HIST_BUCKETS; i++) {
		assert_int_equal(bucket_with(result_hist_bound(i)), i);
		assert_int_equal(bucket_with(result_hist_bound(i) - 1), i == 8 ? 6 : i - 1);
	}
	assert_int_equal(bucket_with(UINT64_MAX), RESULT_HIST_BUCKETS - 1);
}

static void quantiles(void **state)
{
	struct result_hist h = { 0 };

	(void)state;
	assert_int_equal(result_hist_quantile(&h, 0.5), 0);
	for (uint64_t ns = 1; ns <= 1000; ns++)
		result_hist_add(&h, ns);
	assert_int_equal(h.n, 1000);
	assert_int_equal(h.sum_ns, 500500);
	assert_int_equal(h.min_ns, 1);
	for (int p = 1; p <= 100; p++) {
		uint64_t q = result_hist_quantile(&h, p / 100.0), truth = (uint64_t)p * 10;

		assert_true(q >= truth && q <= truth + truth / 4 + 1);
	}
	assert_int_equal(result_hist_quantile(&h, 1), 1000);
	assert_true(result_hist_quantile(&h, 0) <= 2);
	assert_int_equal(result_hist_quantile(&h, 7), 1000);
	result_hist_add(&h, UINT64_MAX);
	result_hist_add(&h, UINT64_MAX);
	assert_int_equal(h.sum_ns, UINT64_MAX);
	assert_int_equal(result_hist_quantile(&h, 1), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),
		cmocka_unit_test(in_its_bucket),
		cmocka_unit_test(quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
