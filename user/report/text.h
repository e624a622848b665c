/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The summary on the terminal, in sections; each is a function that writes nothing, or one line,
 * when there is nothing to say. At most 100 columns. What comes from the target goes through
 * text_name, text_place or text_stack, which escape it.
 */
#ifndef MAPPROBE_REPORT_TEXT_H
#define MAPPROBE_REPORT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "analyze/result.h"
#include "report/format.h"

#define TEXT_COLUMNS 100

struct text {
	FILE *out;
	const struct result *r;
	bool color;  /* out is a terminal */
	bool failed; /* memory ran out: something is missing */
	bool told;   /* where that is what text_more leaves out */
};

/* A string from the target, escaped and cut. */
struct text_name {
	char s[512];
};
/* At most width (<= 96) columns. */
struct text_name text_name(struct text *t, const char *s, size_t width);
/* A function, without the path of its package and without type arguments. */
struct text_name text_func(struct text *t, const char *func, size_t width);
/* "store.(*Store).Put (store/store.go:88)": the frame to name when there is room for one. */
struct text_name text_place(struct text *t, uint32_t stack);

void text_put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Pads s with blanks to width columns, in front or behind. */
void text_right(struct text *t, size_t width, const char *s);
void text_left(struct text *t, size_t width, const char *s);
/* Tables: cells two blanks apart, to the right, or to the left where width is negative. */
struct text_column {
	const char *title;
	int width;
};
void text_row(struct text *t, const struct text_column *col, size_t n, const char *const *cell);
void text_row_titles(struct text *t, const struct text_column *col, size_t n);
/* A section: empty line, title; and with a summary behind it. */
void text_heading(struct text *t, const char *title);
void text_title(struct text *t, const char *title, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Words wrapped at TEXT_COLUMNS: the first line behind lead, the others below its end. */
void text_wrap(struct text *t, const char *lead, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void text_dim(struct text *t, bool on);
/* Where a list is cut: "… 12 more places"; nothing for n = 0. */
void text_more(struct text *t, size_t indent, size_t n, const char *what);

/*
 * Frames of a stack, one per line, from frame number first on, at most max; then, unless max is 1,
 * how many more there are.
 */
void text_stack(struct text *t, size_t indent, uint32_t stack, size_t first, size_t max);
/* A histogram: title with count and quantiles, then, for more than a few, rows of bars. */
void text_hist(struct text *t, const char *title, const struct result_hist *h);
/* The title line alone. */
void text_hist_line(struct text *t, const char *title, const struct result_hist *h);
/* How a cycle or a moment relates to the collector: "GC cycle 5 was marking". */
struct text_name text_gc_phase(const struct result *r, uint64_t at_ns);

/* What the crash, which there must be, said. */
struct text_name text_crash_message(struct text *t);

/* The sections. */
void text_crash(struct text *t);
void text_head(struct text *t);
void text_findings(struct text *t);
void text_maps(struct text *t);
void text_gc(struct text *t);
void text_stw(struct text *t);
void text_assists(struct text *t);
void text_locks(struct text *t);
void text_probes(struct text *t);
void text_missing(struct text *t);
void text_truth(struct text *t);

/* Is ns at least that share of the session's time? Of what is seen in windows, a fifth will do. */
bool text_is_much(const struct result *r, const struct result_count *c, uint64_t ns, double share);
/* For how long something was looked for: "10.0 s", or "the 41.0 ms of the windows". */
struct fmt text_seen_time(struct text *t, const struct result_count *c);
/* Are any of the first n counts known? */
bool text_any_known(const struct result_count *c, size_t n);

#endif
