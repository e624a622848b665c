/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounded reader: the only way to look at bytes that come from a target or a file.
 *
 * A span is a borrowed range of bytes. Random access through span_* returns false when the range
 * does not hold what was asked for, and leaves *ret untouched. A reader walks a span from front to
 * back; its first failure is sticky, every later read yields 0 / "" / NULL, so that a parser may
 * read a whole structure and check reader.failed once. All integers are little-endian.
 */
#ifndef MAPPROBE_BASE_SPAN_H
#define MAPPROBE_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *data;
	size_t len;
};

/* The len bytes at off. */
bool span_sub(struct span s, uint64_t off, uint64_t len, struct span *ret);
bool span_u8(struct span s, uint64_t off, uint8_t *ret);
bool span_u16(struct span s, uint64_t off, uint16_t *ret);
bool span_u32(struct span s, uint64_t off, uint32_t *ret);
bool span_u64(struct span s, uint64_t off, uint64_t *ret);
/* The NUL-terminated string at off; fails when no NUL follows inside the span. */
bool span_cstr(struct span s, uint64_t off, const char **ret);
/* The same; fails also when the NUL is not among the first max bytes: it is not looked for further.
 */
bool span_cstr_within(struct span s, uint64_t off, size_t max, const char **ret);

struct reader {
	struct span s;
	size_t off;
	bool failed;
};

static inline struct reader reader_of(struct span s)
{
	return (struct reader){ .s = s };
}

uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* Unsigned LEB128, at most 10 bytes. */
uint64_t reader_uvarint(struct reader *r);
/* len raw bytes, borrowed; NULL on failure. */
const uint8_t *reader_bytes(struct reader *r, uint64_t len);
/* A string written by buf_str: u32 length, bytes, NUL. Borrowed, never NULL. */
const char *reader_str(struct reader *r);
/* True when everything was read and nothing failed. */
bool reader_done(const struct reader *r);

#endif
