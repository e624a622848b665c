// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

void buf_deinit(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

void buf_put(struct buf *b, const void *data, size_t len)
{
	if (b->failed || !len)
		return;
	if (len > b->cap - b->len) {
		size_t cap = (b->len + len) * 2;
		uint8_t *p = realloc(b->data, cap);

		if (!p) {
			b->failed = true;
			return;
		}
		b->data = p;
		b->cap = cap;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_u16(struct buf *b, uint16_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_u32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_u64(struct buf *b, uint64_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_str(struct buf *b, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	buf_u32(b, (uint32_t)len);
	buf_put(b, s, len);
	buf_u8(b, 0);
}
