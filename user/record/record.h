/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event file (--record FILE): an event stream, kept.
 *
 * Layout: a 16-byte file header (magic "mapprobe", u32 version, u32 0), then blocks. A block is a
 * 16-byte header {u32 magic "MPBK", u32 payload bytes, u32 crc32 of the payload (zlib), u32 block
 * number} and whole frames. Every frame starts at a multiple of 8 in its block (frames are padded
 * with zero bytes, size counts the unpadded frame). The last block holds EVENT_END; a file without
 * it was cut off and is still readable up to there.
 */
#ifndef MAPPROBE_RECORD_H
#define MAPPROBE_RECORD_H

#include "base/err.h"
#include "record/event.h"

struct record_writer;

/* Creates path.tmp-PID beside path; nothing stands at path before record_writer_finish. */
int record_writer_create(const char *path, struct record_writer **ret, struct err *e);
/* Appends an event (copied). Fits struct event_sink with ctx = the writer. */
int record_writer_put(void *ctx, const struct event *ev, struct err *e);
/* Writes what is buffered, fsyncs, renames to path. */
int record_writer_finish(struct record_writer *w, struct err *e);
/* Frees; a file that was not finished is removed. NULL is fine. */
void record_writer_destroy(struct record_writer *w);

/*
 * Feeds every event of the file to sink. The file is read as a stream of blocks; no more than one
 * block (at most 4 MiB) is in memory. Damage (a cut file, a wrong checksum, an impossible size)
 * ends the replay with -EBADMSG and a message that says which block at which offset; all events
 * before it have been fed. -EINVAL: no mapprobe recording, or of a newer version.
 */
int record_replay(const char *path, const struct event_sink *sink, struct err *e);

#endif
