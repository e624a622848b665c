// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the event file. A block is believed only after its checksum has been compared, so what
 * reaches the sink is what the writer was given; every bit of the file is under a magic, a
 * checksum or an expected value.
 */
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "record/layout.h"

struct replay {
	const char *path;
	int fd;
	uint64_t off;	 /* of the next byte that is read */
	uint32_t blocks; /* whole blocks so far */
	bool ended;	 /* EVENT_END has been fed */
	uint8_t *payload;
	size_t cap;
	const struct event_sink *sink;
};

/* Reads up to len bytes; *ret < len only at the end of the file. */
static int read_full(struct replay *r, void *dst, size_t len, size_t *ret, struct err *e)
{
	size_t n = 0;

	while (n < len) {
		ssize_t rc = read(r->fd, (uint8_t *)dst + n, len - n);

		if (rc < 0 && errno == EINTR)
			continue;
		if (rc < 0)
			return err_sys(e, -errno, "recording %.120s: read at +0x%" PRIx64, r->path,
				       r->off + n);
		if (!rc)
			break;
		n += (size_t)rc;
	}
	r->off += n;
	*ret = n;
	return 0;
}

static int read_file_header(struct replay *r, struct err *e)
{
	uint8_t header[RECORD_FILE_HEADER] = { 0 };
	struct reader h = reader_of((struct span){ header, sizeof(header) });
	uint32_t version, reserved;
	size_t n;
	int rc = read_full(r, header, sizeof(header), &n, e);

	if (rc)
		return rc;
	if (!n || memcmp(header, RECORD_MAGIC, n < RECORD_MAGIC_LEN ? n : RECORD_MAGIC_LEN))
		return err_set(e, -EINVAL, "recording %.120s: not a mapprobe recording", r->path);
	if (n < sizeof(header))
		return err_set(e, -EBADMSG, "recording %.120s: cut off at +0x%zx, in its header",
			       r->path, n);
	reader_bytes(&h, RECORD_MAGIC_LEN);
	version = reader_u32(&h);
	reserved = reader_u32(&h);
	if (version != RECORD_VERSION)
		return err_set(e, -EINVAL,
			       "recording %.120s: version %u, this mapprobe reads version %u",
			       r->path, version, RECORD_VERSION);
	if (reserved)
		return err_set(e, -EBADMSG, "recording %.120s: header at +0xc: 0x%x, expected 0",
			       r->path, reserved);
	return 0;
}

/* What is wrong with the block that starts at off. */
static int bad_block(const struct replay *r, uint64_t off, struct err *e)
{
	return err_prefix(e, "recording %.120s: block %u at +0x%" PRIx64, r->path, r->blocks, off);
}

static int make_room(struct replay *r, uint32_t bytes, struct err *e)
{
	uint8_t *p;

	if (bytes <= r->cap)
		return 0;
	p = realloc(r->payload, bytes);
	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	r->payload = p;
	r->cap = bytes;
	return 0;
}

/* Reads a block into r->payload: 0, 1 at the end of the file, or what is wrong with it. */
static int read_block(struct replay *r, struct span *ret, struct err *e)
{
	uint8_t header[RECORD_BLOCK_HEADER];
	struct reader h = reader_of((struct span){ header, sizeof(header) });
	uint32_t magic, bytes, crc, number, sum;
	size_t n;
	int rc = read_full(r, header, sizeof(header), &n, e);

	if (rc)
		return rc;
	if (!n)
		return 1;
	if (n < sizeof(header))
		return err_set(e, -EBADMSG, "cut off after %zu bytes", n);
	magic = reader_u32(&h);
	bytes = reader_u32(&h);
	crc = reader_u32(&h);
	number = reader_u32(&h);
	if (magic != RECORD_BLOCK_MAGIC)
		return err_set(e, -EBADMSG, "magic 0x%08x, expected 0x%08x", magic,
			       RECORD_BLOCK_MAGIC);
	if (!bytes || bytes > RECORD_BLOCK_MAX || bytes % 8)
		return err_set(e, -EBADMSG, "impossible size %u", bytes);
	if (number != r->blocks)
		return err_set(e, -EBADMSG, "number %u, expected %u", number, r->blocks);
	rc = make_room(r, bytes, e);
	if (!rc)
		rc = read_full(r, r->payload, bytes, &n, e);
	if (rc)
		return rc;
	if (n < bytes)
		return err_set(e, -EBADMSG, "cut off after %zu of %u bytes", n, bytes);
	sum = (uint32_t)crc32(0, r->payload, bytes);
	if (sum != crc)
		return err_set(e, -EBADMSG, "checksum 0x%08x, expected 0x%08x", sum, crc);
	*ret = (struct span){ r->payload, bytes };
	return 0;
}

/* Feeds the block's events. *from_sink: the error is the sink's own. */
static int feed(struct replay *r, struct span block, bool *from_sink, struct err *e)
{
	struct event ev;
	size_t off = 0;
	int rc;

	while (!(rc = event_next(block, &off, &ev, e))) {
		if (r->ended)
			return err_set(e, -EBADMSG, "event of type %u after the end", ev.type);
		rc = event_sink_put(r->sink, &ev, e);
		if (rc < 0) {
			*from_sink = true;
			return rc;
		}
		r->ended = ev.type == EVENT_END;
	}
	return rc < 0 ? rc : 0;
}

static int replay_blocks(struct replay *r, struct err *e)
{
	for (;;) {
		bool from_sink = false;
		uint64_t off = r->off;
		struct span block;
		int rc = read_block(r, &block, e);

		if (rc == 1 && r->ended)
			return 0;
		if (rc == 1)
			rc = err_set(e, -EBADMSG, "the file ends without an end event");
		if (!rc)
			rc = feed(r, block, &from_sink, e);
		if (rc < 0)
			return from_sink ? rc : bad_block(r, off, e);
		r->blocks++;
	}
}

int record_replay(const char *path, const struct event_sink *sink, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct replay r = { .path = path, .fd = fd, .sink = sink };
	int rc;

	if (fd < 0)
		return err_sys(e, -errno, "recording %.120s: open", path);
	rc = read_file_header(&r, e);
	if (!rc)
		rc = replay_blocks(&r, e);
	free(r.payload);
	return rc;
}
