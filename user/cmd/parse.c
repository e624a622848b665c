// SPDX-License-Identifier: Apache-2.0
#include "cmd/parse.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "plan/plan.h"

int parse_flag(const char *text, void *place, struct err *e)
{
	(void)text;
	(void)e;
	*(bool *)place = true;
	return 0;
}

int parse_text(const char *text, void *place, struct err *e)
{
	if (!*text)
		return err_set(e, -EINVAL, "must not be empty");
	*(const char **)place = text;
	return 0;
}

int parse_pid(const char *text, void *place, struct err *e)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || *end || end == text || v < 1 || v > 1 << 22)
		return err_set(e, -EINVAL, "'%s' is no process number", text);
	*(pid_t *)place = (pid_t)v;
	return 0;
}

/* A decimal number that starts with a digit; *end is what follows. */
static bool parse_number(const char *text, double *ret, const char **end)
{
	char *after;

	if (strspn(text, "0123456789.") == 0 || strpbrk(text, "xX"))
		return false;
	*ret = strtod(text, &after);
	*end = after;
	return after != text && isfinite(*ret);
}

int parse_duration(const char *text, void *place, struct err *e)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "m", 60e9 }, { "h", 3600e9 } };
	const char *unit;
	double v;

	if (!parse_number(text, &v, &unit))
		return err_set(e, -EINVAL, "'%s' is no time (30s, 5m, 500ms)", text);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(unit, units[i].name))
			continue;
		v *= units[i].ns;
		if (v < 1e6 || v > 3600e12)
			return err_set(e, -EINVAL, "'%s' is not between 1ms and 1000h", text);
		*(uint64_t *)place = (uint64_t)v;
		return 0;
	}
	return err_set(e, -EINVAL, "'%s': '%s' is no unit of time (ms, s, m, h)", text, unit);
}

int parse_overhead(const char *text, void *place, struct err *e)
{
	const char *unit;
	double v;

	if (!strcmp(text, "none")) {
		*(double *)place = INFINITY;
		return 0;
	}
	if (!parse_number(text, &v, &unit) || strcmp(unit, "%"))
		return err_set(e, -EINVAL, "'%s' is neither a share (1%%) nor none", text);
	if (v < 0.01 || v > 100)
		return err_set(e, -EINVAL, "'%s' is not between 0.01%% and 100%%", text);
	*(double *)place = v / 100;
	return 0;
}

int parse_groups(const char *text, void *place, struct err *e)
{
	unsigned int groups = 0;

	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		unsigned int group = plan_group_parse(at, len);

		if (!group)
			return err_set(e, -EINVAL, "'%.*s' is none of map, gc, lock, crash",
				       (int)len, at);
		groups |= group;
		at += len;
		if (!*at)
			break;
	}
	*(unsigned int *)place = groups;
	return 0;
}

int parse_format(const char *text, void *place, struct err *e)
{
	if (strcmp(text, "text") && strcmp(text, "json"))
		return err_set(e, -EINVAL, "'%s' is neither text nor json", text);
	*(const char **)place = text;
	return 0;
}
