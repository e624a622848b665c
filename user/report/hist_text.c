// SPDX-License-Identifier: Apache-2.0
/*
 * Histograms in the terminal. The buckets are logarithmic, four per power of two; a row merges 1,
 * 2, 4, ... of them, as few as keep the picture within eight rows, the same number in each. Bars
 * are drawn to an eighth of a column. A handful of values is no distribution and gets no picture.
 */
#include "report/text.h"

#define MAX_ROWS    8
#define MIN_VALUES  20
#define BAR_COLUMNS 40

/* Rows that buckets first..last need when per of them share one. */
static unsigned int rows(unsigned int first, unsigned int last, unsigned int per)
{
	return last / per - first / per + 1;
}

/* A bar for n of max; never empty when n is not 0. */
static void put_bar(struct text *t, uint64_t n, uint64_t max)
{
	static const char *const eighth[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	unsigned int len = (unsigned int)((double)n / (double)max * BAR_COLUMNS * 8);

	if (n && !len)
		len = 1;
	for (unsigned int i = 0; i < len / 8; i++)
		text_put(t, "█");
	text_put(t, "%s", eighth[len % 8]);
}

static uint64_t row_count(const struct result_hist *h, unsigned int row, unsigned int per)
{
	uint64_t n = 0;

	for (unsigned int i = row * per; i < (row + 1) * per && i < RESULT_HIST_BUCKETS; i++)
		n += h->bucket[i];
	return n;
}

static void put_rows(struct text *t, const struct result_hist *h, unsigned int first,
		     unsigned int last)
{
	unsigned int per = 1;
	uint64_t max = 0;

	while (rows(first, last, per) > MAX_ROWS)
		per *= 2;
	for (unsigned int row = first / per; row <= last / per; row++)
		max = row_count(h, row, per) > max ? row_count(h, row, per) : max;
	for (unsigned int row = first / per; row <= last / per; row++) {
		uint64_t n = row_count(h, row, per);
		unsigned int end = (row + 1) * per;

		text_right(t, 14, fmt_ns(result_hist_bound(row * per)).s);
		text_put(t, " .. ");
		text_left(t, 8,
			  end < RESULT_HIST_BUCKETS ? fmt_ns(result_hist_bound(end)).s : "more");
		text_right(t, 11, fmt_int(n).s);
		text_put(t, n ? "  " : "");
		put_bar(t, n, max);
		text_put(t, "\n");
	}
}

void text_hist_line(struct text *t, const char *title, const struct result_hist *h)
{
	if (!h->n)
		return;
	text_put(t, "  ");
	text_left(t, 18, title);
	text_right(t, 9, fmt_int(h->n).s);
	text_put(t, "   p50 %s, p99 %s, max %s, total %s\n", fmt_ns(result_hist_quantile(h, 0.5)).s,
		 fmt_ns(result_hist_quantile(h, 0.99)).s, fmt_ns(h->max_ns).s, fmt_ns(h->sum_ns).s);
}

void text_hist(struct text *t, const char *title, const struct result_hist *h)
{
	unsigned int first = RESULT_HIST_BUCKETS, last = 0;

	for (unsigned int i = 0; i < RESULT_HIST_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		first = first < i ? first : i;
		last = i;
	}
	text_hist_line(t, title, h);
	if (h->n >= MIN_VALUES && first <= last)
		put_rows(t, h, first, last);
}
