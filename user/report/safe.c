// SPDX-License-Identifier: Apache-2.0
#include "report/safe.h"

#include <stdio.h>
#include <string.h>

/*
 * The character at s (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) and its
 * length; 0 when the bytes there are no character. The NUL at the end of s is no continuation byte,
 * so nothing beyond it is read.
 */
static size_t utf8_get(const char *s, uint32_t *ret)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t min;
	} form[] = { { 0x80, 0x00, 0 },
		     { 0xe0, 0xc0, 0x80 },
		     { 0xf0, 0xe0, 0x800 },
		     { 0xf8, 0xf0, 0x10000 } };
	uint8_t c = (uint8_t)s[0];
	uint32_t cp;

	for (size_t len = 1; len <= 4; len++) {
		if ((c & form[len - 1].mask) != form[len - 1].lead)
			continue;
		cp = c & (uint8_t)~form[len - 1].mask;
		for (size_t i = 1; i < len; i++) {
			if (((uint8_t)s[i] & 0xc0) != 0x80)
				return 0;
			cp = cp << 6 | ((uint8_t)s[i] & 0x3f);
		}
		if (cp < form[len - 1].min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
			return 0;
		*ret = cp;
		return len;
	}
	return 0;
}

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS    "\xe2\x80\xa6"

void safe_utf8(struct buf *b, const char *s)
{
	uint32_t cp;

	for (size_t len; s && *s; s += len) {
		len = utf8_get(s, &cp);
		if (len) {
			buf_put(b, s, len);
		} else {
			buf_put(b, REPLACEMENT, strlen(REPLACEMENT));
			len = 1;
		}
	}
}

/* Would a terminal or a reader's eye be led astray by it? */
static bool is_control(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} range[] = {
		{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0x061c, 0x061c }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x2069 }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
	};

	for (size_t i = 0; i < sizeof(range) / sizeof(*range); i++)
		if (cp >= range[i].first && cp <= range[i].last)
			return true;
	return false;
}

static void escape(char ret[16], uint32_t cp)
{
	if (cp == '\n' || cp == '\t' || cp == '\r')
		snprintf(ret, 16, "\\%c", cp == '\n' ? 'n' : cp == '\t' ? 't' : 'r');
	else
		snprintf(ret, 16, cp < 0x100 ? "\\x%02x" : "\\u%04x", cp);
}

size_t safe_text(struct buf *b, const char *s, size_t width)
{
	size_t cols = 0, mark_len = b->len, mark_cols = 0;
	uint32_t cp;

	for (size_t len; s && *s; s += len) {
		char piece[16] = REPLACEMENT;
		size_t n = 1;

		len = utf8_get(s, &cp);
		if (len && is_control(cp)) {
			escape(piece, cp);
			n = strlen(piece);
		} else if (len) {
			memcpy(piece, s, len);
			piece[len] = 0;
		} else {
			len = 1;
		}
		if (width && cols + n > width) {
			b->len = mark_len;
			buf_put(b, ELLIPSIS, strlen(ELLIPSIS));
			return mark_cols + 1;
		}
		buf_put(b, piece, strlen(piece));
		cols += n;
		if (width && cols < width) {
			mark_len = b->len;
			mark_cols = cols;
		}
	}
	return cols;
}

size_t safe_columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}
