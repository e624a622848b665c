// SPDX-License-Identifier: Apache-2.0
/*
 * Writing the event file. Frames are gathered into a block; a full block goes out with its header
 * and checksum in one write, so a session that is killed leaves whole blocks. The file has its
 * final name only once everything in it is on the disk.
 */
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "record/layout.h"

struct record_writer {
	char *path, *tmp;
	int fd;		  /* -1 once finished */
	bool created;	  /* tmp exists */
	struct err error; /* of the first failure: nothing is written after it */
	uint32_t blocks;  /* written so far */
	struct buf block; /* header and frames of the next one */
};

static int write_all(struct record_writer *w, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		ssize_t n = write(w->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(&w->error, -errno, "recording %.120s: write", w->tmp);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* An empty block with room for its header. */
static void block_start(struct record_writer *w)
{
	static const uint8_t header[RECORD_BLOCK_HEADER];

	buf_reset(&w->block);
	buf_put(&w->block, header, sizeof(header));
}

static int block_write(struct record_writer *w)
{
	uint32_t bytes = (uint32_t)(w->block.len - RECORD_BLOCK_HEADER);
	uint32_t header[4] = { RECORD_BLOCK_MAGIC, bytes, 0, w->blocks };
	int rc;

	if (!bytes)
		return 0;
	header[2] = (uint32_t)crc32(0, w->block.data + RECORD_BLOCK_HEADER, bytes);
	memcpy(w->block.data, header, sizeof(header));
	rc = write_all(w, w->block.data, w->block.len);
	if (rc)
		return rc;
	w->blocks++;
	block_start(w);
	return 0;
}

/* Creates tmp, which nobody else may own: one left by a process of the same number is removed. */
static int create_tmp(const char *tmp, struct err *e)
{
	for (int attempt = 0;; attempt++) {
		int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		if (fd >= 0)
			return fd;
		if (errno != EEXIST || attempt || unlink(tmp))
			return err_sys(e, -errno, "recording %.120s: create", tmp);
	}
}

static int write_file_header(struct record_writer *w)
{
	uint32_t rest[2] = { RECORD_VERSION, 0 };
	uint8_t header[RECORD_FILE_HEADER];

	memcpy(header, RECORD_MAGIC, RECORD_MAGIC_LEN);
	memcpy(header + RECORD_MAGIC_LEN, rest, sizeof(rest));
	return write_all(w, header, sizeof(header));
}

static void cleanup_writer(struct record_writer **w)
{
	record_writer_destroy(*w);
}

int record_writer_create(const char *path, struct record_writer **ret, struct err *e)
{
	__attribute__((cleanup(cleanup_writer))) struct record_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_set(e, -ENOMEM, "recording %.120s: out of memory", path);
	w->fd = -1;
	w->path = strdup(path);
	if (!w->path || asprintf(&w->tmp, "%s.tmp-%d", path, (int)getpid()) < 0) {
		w->tmp = NULL;
		return err_set(e, -ENOMEM, "recording %.120s: out of memory", path);
	}
	w->fd = create_tmp(w->tmp, e);
	if (w->fd < 0)
		return w->fd;
	w->created = true;
	block_start(w);
	if (w->block.failed)
		return err_set(e, -ENOMEM, "recording %.120s: out of memory", path);
	if (write_file_header(w)) {
		*e = w->error;
		return e->code;
	}
	*ret = take_ptr(w);
	return 0;
}

/* Appends the frame to the block, and zero bytes up to a multiple of 8. */
static int append(struct record_writer *w, const struct event *ev)
{
	static const uint8_t zero[8];
	struct buf *b = &w->block;

	buf_u32(b, ev->type);
	buf_u32(b, ev->size);
	buf_put(b, ev->data + EVENT_HEADER, ev->size - EVENT_HEADER);
	buf_put(b, zero, -ev->size & 7);
	if (b->failed)
		return err_set(&w->error, -ENOMEM, "recording %.120s: out of memory", w->path);
	return 0;
}

int record_writer_put(void *ctx, const struct event *ev, struct err *e)
{
	struct record_writer *w = ctx;

	if (ev->size < EVENT_HEADER || ev->size > EVENT_MAX_SIZE)
		return err_set(e, -EINVAL, "recording %.120s: event of type %u: impossible size %u",
			       w->path, ev->type, ev->size);
	if (w->fd < 0)
		return err_set(e, -EINVAL, "recording %.120s: already finished", w->path);
	if (!w->error.code &&
	    w->block.len - RECORD_BLOCK_HEADER + ev->size + 7 > RECORD_BLOCK_BYTES)
		block_write(w);
	if (!w->error.code)
		append(w, ev);
	if (w->error.code)
		*e = w->error;
	return w->error.code;
}

/* Makes the new name itself durable; a file system that cannot is no failure. */
static void sync_directory(const char *path)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!dir)
		return;
	if (slash)
		slash[1] = 0;
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

static int finish(struct record_writer *w)
{
	int fd, rc = block_write(w);

	if (rc)
		return rc;
	if (fsync(w->fd))
		return err_sys(&w->error, -errno, "recording %.120s: fsync", w->tmp);
	fd = take_fd(w->fd);
	if (close(fd))
		return err_sys(&w->error, -errno, "recording %.120s: close", w->tmp);
	if (rename(w->tmp, w->path))
		return err_sys(&w->error, -errno, "recording %.120s: rename", w->path);
	w->created = false;
	sync_directory(w->path);
	return 0;
}

int record_writer_finish(struct record_writer *w, struct err *e)
{
	if (!w->error.code && w->fd < 0)
		return err_set(e, -EINVAL, "recording %.120s: already finished", w->path);
	if (!w->error.code)
		finish(w);
	if (w->error.code)
		*e = w->error;
	return w->error.code;
}

void record_writer_destroy(struct record_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	if (w->created)
		unlink(w->tmp);
	buf_deinit(&w->block);
	free(w->tmp);
	free(w->path);
	free(w);
}
