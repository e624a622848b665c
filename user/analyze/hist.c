// SPDX-License-Identifier: Apache-2.0
/*
 * Histograms of times. A power of two is divided into four buckets of equal width: bucket
 * 4 * e + q begins at (4 + q) / 4 * 2^e, rounded up to a whole nanosecond, so that a value is known
 * to 25 %. Below 4 ns some buckets have no whole number in them and stay empty; 0 is counted in
 * bucket 0 with 1.
 */
#include "analyze/result.h"

uint64_t result_hist_bound(unsigned int i)
{
	unsigned int e = i / 4, q = i % 4;

	if (!i)
		return 0;
	if (i >= RESULT_HIST_BUCKETS)
		return UINT64_MAX;
	if (e < 2)
		return (((4ull + q) << e) + 3) / 4;
	return (4ull + q) << (e - 2);
}

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int e = ns ? 63 - (unsigned int)__builtin_clzll(ns) : 0;
	uint64_t q = e >= 2 ? ns >> (e - 2) : ns << (2 - e);

	return ns ? 4 * e + (q & 3) : 0;
}

void result_hist_add(struct result_hist *h, uint64_t ns)
{
	if (!h->n || ns < h->min_ns)
		h->min_ns = ns;
	if (ns > h->max_ns)
		h->max_ns = ns;
	h->n++;
	if (__builtin_add_overflow(h->sum_ns, ns, &h->sum_ns))
		h->sum_ns = UINT64_MAX;
	h->bucket[bucket_of(ns)]++;
}

uint64_t result_hist_quantile(const struct result_hist *h, double q)
{
	double rank = q * (double)h->n;
	uint64_t below = 0;

	if (!h->n)
		return 0;
	for (unsigned int i = 0; i < RESULT_HIST_BUCKETS; i++) {
		uint64_t bound = result_hist_bound(i + 1);

		below += h->bucket[i];
		if (below && (double)below >= rank)
			return bound < h->max_ns ? bound : h->max_ns;
	}
	return h->max_ns;
}
