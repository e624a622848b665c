// SPDX-License-Identifier: Apache-2.0
/* The event file: what was written comes back; damage of any kind is found, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "record/record.h"

#define FILE_HEADER  16
#define BLOCK_HEADER 16

struct place {
	char dir[64], file[80];
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *tmp = getenv("TMPDIR");

	if (!p)
		return -1;
	snprintf(p->dir, sizeof(p->dir), "%.40s/record-XXXXXX", tmp ? tmp : P_tmpdir);
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->file, sizeof(p->file), "%s/a.rec", p->dir);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	unlink(p->file);
	rmdir(p->dir);
	free(p);
	return 0;
}

/* A sink that keeps every frame it gets. */
struct kept {
	struct buf bytes;
	size_t n, stop_after; /* 0: never */
};

static int keep(void *ctx, const struct event *ev, struct err *e)
{
	struct kept *k = ctx;

	assert_int_equal((uintptr_t)ev->data % 8, 0);
	buf_put(&k->bytes, ev->data, ev->size);
	if (++k->n == k->stop_after)
		return err_set(e, -ECANCELED, "enough");
	return 0;
}

static int replay(const char *path, struct kept *k, struct err *e)
{
	struct event_sink sink = { k, keep };

	*k = (struct kept){ .stop_after = k->stop_after };
	*e = (struct err){ 0 };
	return record_replay(path, &sink, e);
}

static void put_frames(struct record_writer *w, const struct buf *b, struct buf *unpadded)
{
	struct event ev;
	struct err e;
	size_t off = 0;

	while (!event_next((struct span){ b->data, b->len }, &off, &ev, &e)) {
		assert_int_equal(record_writer_put(w, &ev, &e), 0);
		buf_put(unpadded, ev.data, ev.size);
	}
}

/* A short session of frames of several sizes, 3 or more to be padded. */
static void small_session(struct buf *b, bool with_end)
{
	struct abi_hit hit = { .type = ABI_HIT, .size = sizeof(hit), .time_ns = 1, .arg = { 5 } };

	event_put_session(b, &(struct event_session){ .pid = 1, .exe = "/bin/x" });
	event_put_missing(b, &(struct event_missing){ "a", "bcd" });
	buf_put(b, &hit, sizeof(hit));
	event_put_rtype(b, &(struct event_rtype){ 7, "map[int]int" });
	if (with_end)
		event_put_end(b, &(struct event_end){ .time_ns = 9, .reason = EVENT_END_TIME });
}

static void write_session(const char *path, bool with_end, struct buf *frames)
{
	struct record_writer *w;
	struct buf b = { 0 };
	struct err e;

	assert_int_equal(record_writer_create(path, &w, &e), 0);
	small_session(&b, with_end);
	put_frames(w, &b, frames);
	assert_int_equal(record_writer_finish(w, &e), 0);
	record_writer_destroy(w);
	buf_deinit(&b);
}

static void slurp(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "r");
	char chunk[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)))
		buf_put(b, chunk, n);
	fclose(f);
}

static void spit(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static size_t files_in(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static void comes_back(void **state)
{
	struct place *p = *state;
	struct buf frames = { 0 };
	struct kept k = { 0 };
	struct err e;

	write_session(p->file, true, &frames);
	assert_int_equal(files_in(p->dir), 1);
	assert_int_equal(replay(p->file, &k, &e), 0);
	assert_int_equal(k.n, 5);
	assert_int_equal(k.bytes.len, frames.len);
	assert_memory_equal(k.bytes.data, frames.data, frames.len);
	buf_deinit(&k.bytes);
	buf_deinit(&frames);
}

/* Every frame that was fed before the damage is one of the session's, in order, nothing more. */
static void assert_prefix(const struct kept *k, const struct buf *frames)
{
	assert_true(k->bytes.len <= frames->len);
	if (k->bytes.len)
		assert_memory_equal(k->bytes.data, frames->data, k->bytes.len);
}

static void cut_at_every_byte(void **state)
{
	struct place *p = *state;
	struct buf frames = { 0 }, file = { 0 };
	struct kept k = { 0 };
	struct err e;

	write_session(p->file, true, &frames);
	slurp(p->file, &file);
	for (size_t len = 0; len < file.len; len++) {
		spit(p->file, file.data, len);
		assert_int_equal(replay(p->file, &k, &e), len ? -EBADMSG : -EINVAL);
		assert_non_null(strstr(e.msg, p->file));
		assert_int_equal(k.n, 0);
		buf_deinit(&k.bytes);
	}
	buf_deinit(&file);
	buf_deinit(&frames);
}

static void any_flipped_bit(void **state)
{
	struct place *p = *state;
	struct buf frames = { 0 }, file = { 0 };
	struct kept k = { 0 };
	struct err e;

	write_session(p->file, true, &frames);
	slurp(p->file, &file);
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		int expected = bit / 8 < 12 ? -EINVAL : -EBADMSG;

		file.data[bit / 8] ^= 1u << bit % 8;
		spit(p->file, file.data, file.len);
		assert_int_equal(replay(p->file, &k, &e), expected);
		assert_prefix(&k, &frames);
		buf_deinit(&k.bytes);
		file.data[bit / 8] ^= 1u << bit % 8;
	}
	buf_deinit(&file);
	buf_deinit(&frames);
}

static void not_a_recording(void **state)
{
	struct place *p = *state;
	struct buf frames = { 0 }, file = { 0 };
	struct kept k = { 0 };
	struct err e;

	spit(p->file,
	     "\x7f"
	     "ELF, say, and more of it",
	     24);
	assert_int_equal(replay(p->file, &k, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "not a mapprobe recording"));
	assert_int_equal(replay(p->dir, &k, &e), -EISDIR);
	unlink(p->file);
	assert_int_equal(replay(p->file, &k, &e), -ENOENT);

	write_session(p->file, true, &frames);
	slurp(p->file, &file);
	file.data[8] = 2;
	spit(p->file, file.data, file.len);
	assert_int_equal(replay(p->file, &k, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "version 2"));
	assert_int_equal(k.n, 0);
	buf_deinit(&file);
	buf_deinit(&frames);
}

/* A session that was cut off is read up to there, and so is one with something behind its end. */
static void without_an_end(void **state)
{
	struct place *p = *state;
	struct buf frames = { 0 }, b = { 0 };
	struct record_writer *w;
	struct kept k = { 0 };
	struct err e;

	write_session(p->file, false, &frames);
	assert_int_equal(replay(p->file, &k, &e), -EBADMSG);
	assert_non_null(strstr(e.msg, "without an end"));
	assert_int_equal(k.n, 4);
	assert_int_equal(k.bytes.len, frames.len);
	buf_deinit(&k.bytes);

	assert_int_equal(record_writer_create(p->file, &w, &e), 0);
	small_session(&b, true);
	small_session(&b, false);
	put_frames(w, &b, &frames);
	assert_int_equal(record_writer_finish(w, &e), 0);
	record_writer_destroy(w);
	assert_int_equal(replay(p->file, &k, &e), -EBADMSG);
	assert_non_null(strstr(e.msg, "after the end"));
	assert_int_equal(k.n, 5);
	buf_deinit(&k.bytes);
	buf_deinit(&b);
	buf_deinit(&frames);
}

/* More than one block, the largest event among them; damage in a block spares those before it. */
static void many_blocks(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 }, frames = { 0 }, file = { 0 };
	struct abi_hit hit = { .type = ABI_HIT, .size = sizeof(hit) };
	uint8_t *huge = calloc(1, EVENT_MAX_SIZE);
	struct event largest = { EVENT_SYMBOL, EVENT_MAX_SIZE, huge };
	uint32_t head[2] = { EVENT_SYMBOL, EVENT_MAX_SIZE }, bytes;
	struct record_writer *w;
	struct kept k = { 0 };
	char where[48];
	struct err e;
	size_t off;

	memcpy(huge, head, sizeof(head));
	for (hit.time_ns = 0; hit.time_ns < 10000; hit.time_ns++)
		buf_put(&b, &hit, sizeof(hit));
	assert_int_equal(record_writer_create(p->file, &w, &e), 0);
	put_frames(w, &b, &frames);
	assert_int_equal(record_writer_put(w, &largest, &e), 0);
	buf_put(&frames, huge, EVENT_MAX_SIZE);
	buf_reset(&b);
	event_put_end(&b, &(struct event_end){ .reason = EVENT_END_TIME });
	put_frames(w, &b, &frames);
	assert_int_equal(record_writer_finish(w, &e), 0);
	record_writer_destroy(w);

	assert_int_equal(replay(p->file, &k, &e), 0);
	assert_int_equal(k.n, 10002);
	assert_int_equal(k.bytes.len, frames.len);
	assert_memory_equal(k.bytes.data, frames.data, frames.len);
	buf_deinit(&k.bytes);

	slurp(p->file, &file);
	memcpy(&bytes, file.data + FILE_HEADER + 4, sizeof(bytes));
	assert_true(bytes <= 256 << 10);
	off = FILE_HEADER + BLOCK_HEADER + bytes;
	file.data[off + BLOCK_HEADER + 100] ^= 4;
	spit(p->file, file.data, file.len);
	assert_int_equal(replay(p->file, &k, &e), -EBADMSG);
	snprintf(where, sizeof(where), "a.rec: block 1 at +0x%zx: checksum ", off);
	if (!strstr(e.msg, where))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, where);
	assert_int_equal(k.n, bytes / sizeof(hit));
	assert_prefix(&k, &frames);
	buf_deinit(&k.bytes);
	free(huge);
	buf_deinit(&file);
	buf_deinit(&frames);
	buf_deinit(&b);
}

/* The sink's refusal ends the replay, with its own code and words. */
static void sink_stops(void **state)
{
	struct place *p = *state;
	struct kept k = { .stop_after = 2 };
	struct buf frames = { 0 };
	struct err e;

	write_session(p->file, true, &frames);
	assert_int_equal(replay(p->file, &k, &e), -ECANCELED);
	assert_string_equal(e.msg, "enough");
	assert_int_equal(k.n, 2);
	buf_deinit(&k.bytes);
	buf_deinit(&frames);
}

static void whole_or_not_at_all(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 }, frames = { 0 };
	struct record_writer *w = NULL;
	struct event big = { ABI_HIT, EVENT_MAX_SIZE + 1, NULL };
	struct stat st;
	struct err e;

	assert_int_equal(record_writer_create("/nonexistent/dir/a.rec", &w, &e), -ENOENT);
	assert_null(w);
	record_writer_destroy(NULL);

	spit(p->file, "old", 3);
	assert_int_equal(record_writer_create(p->file, &w, &e), 0);
	small_session(&b, true);
	put_frames(w, &b, &frames);
	assert_int_equal(record_writer_put(w, &big, &e), -EINVAL);
	assert_int_equal(files_in(p->dir), 2);
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_size, 3);
	record_writer_destroy(w);
	assert_int_equal(files_in(p->dir), 1);
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_size, 3);

	/* Finished once, and only once. */
	assert_int_equal(record_writer_create(p->file, &w, &e), 0);
	put_frames(w, &b, &frames);
	assert_int_equal(record_writer_finish(w, &e), 0);
	assert_int_equal(record_writer_finish(w, &e), -EINVAL);
	record_writer_destroy(w);
	assert_int_equal(files_in(p->dir), 1);
	assert_int_equal(stat(p->file, &st), 0);
	assert_true(st.st_size > FILE_HEADER + BLOCK_HEADER);
	buf_deinit(&b);
	buf_deinit(&frames);
}

/* A full disk is reported by every later call, and leaves no file. */
static void full_disk(void **state)
{
	struct abi_hit hit = { .type = ABI_HIT, .size = sizeof(hit) };
	struct event ev = { ABI_HIT, sizeof(hit), (uint8_t *)&hit };
	struct place *p = *state;
	struct record_writer *w;
	char tmp[128];
	struct err e;
	int rc = 0;

	if (access("/dev/full", W_OK))
		skip();
	assert_int_equal(record_writer_create(p->file, &w, &e), 0);
	snprintf(tmp, sizeof(tmp), "%s.tmp-%d", p->file, (int)getpid());
	assert_int_equal(access(tmp, F_OK), 0);
	/* The writer's descriptor now leads to a device that is always full. */
	for (int fd = 3; fd < 64; fd++) {
		char link[64], to[128] = "";

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, to, sizeof(to) - 1) > 0 && !strcmp(to, tmp)) {
			FILE *full = fopen("/dev/full", "w");

			assert_non_null(full);
			assert_int_equal(dup2(fileno(full), fd), fd);
			fclose(full);
		}
	}
	for (int i = 0; i < 10000 && !rc; i++)
		rc = record_writer_put(w, &ev, &e);
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(record_writer_put(w, &ev, &e), -ENOSPC);
	assert_int_equal(record_writer_finish(w, &e), -ENOSPC);
	record_writer_destroy(w);
	assert_int_equal(files_in(p->dir), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(comes_back),      TEST(cut_at_every_byte),	  TEST(any_flipped_bit),
		TEST(not_a_recording), TEST(without_an_end),	  TEST(many_blocks),
		TEST(sink_stops),      TEST(whole_or_not_at_all), TEST(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
