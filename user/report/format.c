// SPDX-License-Identifier: Apache-2.0
#include "report/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Decimals that leave three significant digits. */
static int decimals(double v)
{
	return v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
}

struct fmt fmt_int(uint64_t v)
{
	struct fmt f;
	char raw[24];
	size_t n, out = 0;

	n = (size_t)snprintf(raw, sizeof(raw), "%" PRIu64, v);
	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			f.s[out++] = ',';
		f.s[out++] = raw[i];
	}
	f.s[out] = 0;
	return f;
}

struct fmt fmt_si(double v)
{
	static const char *const unit[] = { "", " k", " M", " G", " T", " P", " E" };
	struct fmt f;
	size_t u = 0;

	if (!(v > 0)) /* NaN too */
		v = 0;
	if (isinf(v)) {
		strcpy(f.s, "∞");
		return f;
	}
	for (; v >= 999.5 && u < sizeof(unit) / sizeof(*unit) - 1; u++)
		v /= 1000;
	snprintf(f.s, sizeof(f.s), "%.*f%s", u ? decimals(v) : 0, fmin(v, 1e15), unit[u]);
	return f;
}

/* number, with the marks that say what kind of count it is. */
static struct fmt mark(const struct result_count *c, const char *number)
{
	struct fmt f;

	if (c->exact)
		snprintf(f.s, sizeof(f.s), "%.32s", number);
	else if (!c->lower_bound)
		snprintf(f.s, sizeof(f.s), "~%.32s", number);
	else if (c->value > c->lo)
		snprintf(f.s, sizeof(f.s), "~%.32s+", number);
	else
		snprintf(f.s, sizeof(f.s), "≥ %.32s", number);
	return f;
}

struct fmt fmt_rate(const struct result_count *c, uint64_t ns)
{
	double v = fmt_ratio(fmt_count_value(c), (double)ns / 1e9);
	struct fmt f = { "-" }, si = fmt_si(v);

	if (v > 0 && v < 9.95)
		snprintf(si.s, sizeof(si.s), v < 0.1 ? "<0.1" : "%.1f", v);
	return c->known ? mark(c, si.s) : f;
}

struct fmt fmt_room(uint64_t v)
{
	return v < 1000000 ? fmt_int(v) : fmt_si((double)v);
}

struct fmt fmt_ns(uint64_t ns)
{
	static const char *const unit[] = { "ns", "µs", "ms", "s" };
	double v = (double)ns;
	struct fmt f;
	size_t u = 0;

	for (; v >= 999.5 && u < 3; u++)
		v /= 1000;
	if (u < 3 || v < 599.5)
		snprintf(f.s, sizeof(f.s), "%.*f %s", u ? decimals(v) : 0, v, unit[u]);
	else
		snprintf(f.s, sizeof(f.s), "%" PRIu64 " m %02" PRIu64 " s", ns / 1000000000 / 60,
			 ns / 1000000000 % 60);
	return f;
}

struct fmt fmt_at(uint64_t ns)
{
	struct fmt f;

	snprintf(f.s, sizeof(f.s), "%" PRIu64 ".%03" PRIu64 " s", ns / 1000000000,
		 ns / 1000000 % 1000);
	return f;
}

struct fmt fmt_bytes(uint64_t bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	struct fmt f;
	size_t u = 0;

	for (; v >= 999.5 && u < sizeof(unit) / sizeof(*unit) - 1; u++)
		v /= 1024;
	snprintf(f.s, sizeof(f.s), "%.*f %s", u ? decimals(v) : 0, v, unit[u]);
	return f;
}

struct fmt fmt_bytes_change(uint64_t from, uint64_t to)
{
	struct fmt a = fmt_bytes(from), b = fmt_bytes(to), f;
	char *unit = strchr(a.s, ' ');

	if (unit && strchr(b.s, ' ') && !strcmp(unit, strchr(b.s, ' ')))
		*unit = 0;
	snprintf(f.s, sizeof(f.s), "%.24s → %.24s", a.s, b.s);
	return f;
}

struct fmt fmt_share(double part)
{
	double v = part * 100;
	struct fmt f;

	if (!(v > 0))
		strcpy(f.s, "0 %");
	else if (v < 0.01)
		strcpy(f.s, "<0.01 %");
	else if (v < 0.995 || (v < 9.95 && fabs(v - round(v)) >= 0.05))
		snprintf(f.s, sizeof(f.s), "%.*f %%", v < 0.995 ? 2 : 1, v);
	else
		snprintf(f.s, sizeof(f.s), "%.0f %%", fmin(v, 1e15));
	return f;
}

struct fmt fmt_unix(uint64_t ns)
{
	time_t t = (time_t)(ns / 1000000000);
	struct fmt f;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(f.s, sizeof(f.s), "%Y-%m-%d %H:%M:%S UTC", &tm))
		strcpy(f.s, "-");
	return f;
}

struct fmt fmt_count(const struct result_count *c)
{
	struct fmt f;

	if (!c->known || c->exact)
		return fmt_count_short(c);
	if (c->lower_bound)
		snprintf(f.s, sizeof(f.s), "≥ %.32s", fmt_si(c->lo).s);
	else
		snprintf(f.s, sizeof(f.s), "~ %.16s (%.16s .. %.16s)", fmt_si(c->value).s,
			 fmt_si(c->lo).s, fmt_si(c->hi).s);
	return f;
}

struct fmt fmt_count_short(const struct result_count *c)
{
	struct fmt f = { "-" };

	if (!c->known)
		return f;
	return c->exact ? fmt_int(c->hits) : mark(c, fmt_si(fmt_count_value(c)).s);
}

double fmt_ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

double fmt_count_value(const struct result_count *c)
{
	if (!c->known)
		return 0;
	if (c->exact)
		return (double)c->hits;
	return c->lower_bound && !(c->value > c->lo) ? c->lo : c->value;
}

const char *fmt_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}
