/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer: what reader_* reads, buf_* writes. Running out of memory is sticky
 * (buf.failed) and checked once at the end.
 */
#ifndef MAPPROBE_BASE_BUF_H
#define MAPPROBE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len, cap;
	bool failed;
};

void buf_deinit(struct buf *b);
/* Empties the buffer and keeps its memory. */
void buf_reset(struct buf *b);
void buf_put(struct buf *b, const void *data, size_t len);
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
/* u32 length, bytes, NUL; NULL counts as "". */
void buf_str(struct buf *b, const char *s);

#define _cleanup_buf_ __attribute__((cleanup(buf_deinit)))

#endif
