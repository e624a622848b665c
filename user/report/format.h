/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for people: three digits where nobody counts, every digit where mapprobe did. Values come
 * in a struct, so that a call can stand among the arguments of another.
 */
#ifndef MAPPROBE_REPORT_FORMAT_H
#define MAPPROBE_REPORT_FORMAT_H

#include <stdint.h>

#include "analyze/result.h"

struct fmt {
	char s[64];
};

struct fmt fmt_int(uint64_t v); /* "1,234,567" */
struct fmt fmt_si(double v);	/* "41", "1.23 M" */
/* Events per second of ns: "0.3", "~1.23 M", "~1.23 M+", "≥ 12". */
struct fmt fmt_rate(const struct result_count *c, uint64_t ns);
struct fmt fmt_room(uint64_t v);  /* "812,345"; "1.23 M" when it is longer than that */
struct fmt fmt_ns(uint64_t ns);	  /* "812 µs", "1.24 ms", "12 m 04 s" */
struct fmt fmt_at(uint64_t ns);	  /* "4.211 s" */
struct fmt fmt_bytes(uint64_t v); /* "64.2 MiB" */
/* "64.2 → 33.0 MiB" */
struct fmt fmt_bytes_change(uint64_t from, uint64_t to);
struct fmt fmt_share(double part); /* 0.62: "62 %"; "0.31 %", "<0.01 %" */
struct fmt fmt_unix(uint64_t ns);  /* "2026-02-11 03:12:45 UTC" */
/* "1,234,567", "~ 1.23 M (1.10 M .. 1.31 M)", "≥ 1.10 M", "-" where nothing was armed. */
struct fmt fmt_count(const struct result_count *c);
/*
 * The same for a table: "~1.23 M"; of a lower bound what was extrapolated, "~1.23 M+", if that is
 * more.
 */
struct fmt fmt_count_short(const struct result_count *c);

/* a / b, 0 when b is 0. */
double fmt_ratio(double a, double b);
/* The number that the short form shows. */
double fmt_count_value(const struct result_count *c);
/* "" for 1, else "s". */
const char *fmt_plural(uint64_t n);

#endif
