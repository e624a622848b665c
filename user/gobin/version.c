// SPDX-License-Identifier: Apache-2.0
/*
 * Go's version strings (runtime.buildVersion):
 *
 *	go1.26.8                            a release
 *	go1.27rc1, go1.21beta2              before it
 *	go1.24.4 X:noswissmap               with experiments
 *	go1.26.8-X:nogreenteagc             the same, as the go command writes it from 1.26 on
 *	go1.22.5-acme, go1.21.4+fips        of a vendor
 *	devel go1.22-0123456789 Mon Jan ..  of a development tree
 *	go1.25-20250209-RC00 cl/724970549   a snapshot of one
 *
 * From 1.21 on a release has three numbers.
 */
#include <ctype.h>
#include <string.h>

#include "gobin/gobin.h"

#define PART_MAX 9999

/* A decimal number of a version; NULL if there is none or a larger one. */
static const char *parse_part(const char *s, uint16_t *ret)
{
	unsigned int v = 0;

	if (!isdigit((unsigned char)*s))
		return NULL;
	for (; isdigit((unsigned char)*s); s++) {
		v = v * 10 + (unsigned int)(*s - '0');
		if (v > PART_MAX)
			return NULL;
	}
	*ret = (uint16_t)v;
	return s;
}

static bool is_pre(const char *s)
{
	static const char *const pre[] = { "rc", "beta" };

	for (size_t i = 0; i < sizeof(pre) / sizeof(pre[0]); i++)
		if (!strncmp(s, pre[i], strlen(pre[i])))
			return isdigit((unsigned char)s[strlen(pre[i])]);
	return false;
}

/* What follows the numbers says: nothing or experiments, that it is a release. */
static enum go_version_kind kind_of(const char *suffix, bool devel, bool three)
{
	if (devel || is_pre(suffix))
		return GO_PRERELEASE;
	if (!*suffix || !strncmp(suffix, " X:", 3) || !strncmp(suffix, "-X:", 3))
		return GO_RELEASED;
	return three ? GO_VENDOR : GO_PRERELEASE;
}

bool go_version_parse(const char *s, struct go_version *ret)
{
	static const char prefix[] = "devel ";
	struct go_version v = { 0 };
	bool devel = !strncmp(s, prefix, sizeof(prefix) - 1), three;

	if (devel)
		s += sizeof(prefix) - 1;
	if (s[0] != 'g' || s[1] != 'o')
		return false;
	s = parse_part(s + 2, &v.major);
	if (s && *s == '.')
		s = parse_part(s + 1, &v.minor);
	three = s && *s == '.';
	if (three)
		s = parse_part(s + 1, &v.patch);
	/* A pre-release, or something set off by punctuation. */
	if (!s || (isalpha((unsigned char)*s) && !is_pre(s)))
		return false;
	v.kind = kind_of(s, devel, three || v.minor < 21);
	*ret = v;
	return true;
}
