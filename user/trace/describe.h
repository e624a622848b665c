/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the kernel's records fit for the stream: before the first stack with an address comes what
 * the address means, before the first hit with a map type comes its name.
 */
#ifndef MAPPROBE_TRACE_DESCRIBE_H
#define MAPPROBE_TRACE_DESCRIBE_H

#include "base/buf.h"
#include "base/u64map.h"
#include "record/event.h"
#include "target/target.h"

#define DESCRIBE_MAX_MAPS 65536 /* whose state is read at the end */

struct describer {
	const struct target *target;  /* borrowed */
	struct u64map pcs, types;     /* those described */
	struct u64map maps;	      /* those seen */
	uint64_t last_type, last_map; /* of the hit before: mostly the same again */
	struct buf frame;
};

void describer_init(struct describer *d, const struct target *t);
void describer_deinit(struct describer *d);
/* Hands ev, a kernel frame, to sink, and before it the descriptions it needs. is_map: a map event.
 */
int describer_put(struct describer *d, const struct event *ev, bool is_map,
		  const struct event_sink *sink, struct err *e);
/* Reads every map seen and hands MAP_STATE of those that still look like maps to sink. */
int describer_put_maps(struct describer *d, uint64_t now_ns, const struct event_sink *sink,
		       struct err *e);
/* Hands the frames of buf to sink and empties it. */
int describer_flush(struct buf *b, const struct event_sink *sink, struct err *e);

#endif
