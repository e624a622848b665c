// SPDX-License-Identifier: Apache-2.0
#include "base/span.h"

#include <string.h>

bool span_sub(struct span s, uint64_t off, uint64_t len, struct span *ret)
{
	if (off > s.len || len > s.len - off)
		return false;
	*ret = (struct span){ s.data + off, len };
	return true;
}

#define SPAN_READ(bits)                                                                            \
	bool span_u##bits(struct span s, uint64_t off, uint##bits##_t *ret)                        \
	{                                                                                          \
		struct span sub;                                                                   \
                                                                                                   \
		if (!span_sub(s, off, sizeof(*ret), &sub))                                         \
			return false;                                                              \
		memcpy(ret, sub.data, sizeof(*ret));                                               \
		return true;                                                                       \
	}                                                                                          \
	uint##bits##_t reader_u##bits(struct reader *r)                                            \
	{                                                                                          \
		uint##bits##_t v = 0;                                                              \
                                                                                                   \
		if (r->failed || !span_u##bits(r->s, r->off, &v)) {                                \
			r->failed = true;                                                          \
			return 0;                                                                  \
		}                                                                                  \
		r->off += sizeof(v);                                                               \
		return v;                                                                          \
	}

SPAN_READ(8)
SPAN_READ(16)
SPAN_READ(32)
SPAN_READ(64)

bool span_cstr(struct span s, uint64_t off, const char **ret)
{
	return span_cstr_within(s, off, SIZE_MAX, ret);
}

bool span_cstr_within(struct span s, uint64_t off, size_t max, const char **ret)
{
	size_t len = off < s.len ? s.len - off : 0;

	if (!len || !memchr(s.data + off, 0, len < max ? len : max))
		return false;
	*ret = (const char *)s.data + off;
	return true;
}

uint64_t reader_uvarint(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		uint8_t b = reader_u8(r);

		if (r->failed)
			return 0;
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	r->failed = true;
	return 0;
}

const uint8_t *reader_bytes(struct reader *r, uint64_t len)
{
	struct span sub;

	if (r->failed || !span_sub(r->s, r->off, len, &sub)) {
		r->failed = true;
		return NULL;
	}
	r->off += len;
	return sub.data;
}

const char *reader_str(struct reader *r)
{
	uint32_t len = reader_u32(r);
	const uint8_t *p = reader_bytes(r, (uint64_t)len + 1);

	if (!p || p[len] != 0 || memchr(p, 0, len)) {
		r->failed = true;
		return "";
	}
	return (const char *)p;
}

bool reader_done(const struct reader *r)
{
	return !r->failed && r->off == r->s.len;
}
