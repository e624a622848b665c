/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the kernel's records fit for the stream: stacks are made whole (trace/unwind.h), before the
 * first stack with an address comes what the address means, before the first hit with a map type
 * comes its name.
 */
#ifndef MAPPROBE_TRACE_DESCRIBE_H
#define MAPPROBE_TRACE_DESCRIBE_H

#include "base/buf.h"
#include "base/u64map.h"
#include "base/vec.h"
#include "record/event.h"
#include "target/target.h"
#include "trace/unwind.h"

#define DESCRIBE_MAX_MAPS  65536 /* that are remembered */
#define DESCRIBE_MAX_READS 256	 /* in one round of describer_put_maps */

/* A map that was written while we looked. */
struct seen_map {
	uint64_t addr, seed;
	uint64_t length, capacity; /* as last told to the stream */
	bool written;		   /* since it was last read */
	bool emptying;		   /* the latest event, which may be yet to be done */
	uint64_t emptied;	   /* so often, it may be, since its seed was read */
};

struct describer {
	const struct target *target; /* borrowed */
	struct unwinder unwinder;
	struct u64map pcs, types; /* those described */
	struct u64map index;	  /* of a map in maps */
	VEC(struct seen_map) maps;
	size_t next_map;    /* where the next round of reading starts */
	uint64_t last_type; /* of the hit before: mostly the same again */
	struct buf frame;
};

void describer_init(struct describer *d, const struct target *t);
void describer_deinit(struct describer *d);
/*
 * Hands ev, a kernel frame, to sink, and before it the descriptions it needs. map_event: what
 * happened to a map, ABI_EV_NONE for other frames.
 */
int describer_put(struct describer *d, const struct event *ev, enum abi_event map_event,
		  const struct event_sink *sink, struct err *e);
/*
 * Reads maps seen from the target's memory and hands MAP_STATE to sink. all: of every one; else, in
 * a round of those written since they were last read, of those that have changed. A map is known
 * again by its seed: one that was freed, and whose memory became something else, is left out.
 */
int describer_put_maps(struct describer *d, bool all, uint64_t now_ns,
		       const struct event_sink *sink, struct err *e);
/* Hands the frames of buf to sink and empties it. */
int describer_flush(struct buf *b, const struct event_sink *sink, struct err *e);

#endif
