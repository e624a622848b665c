/* SPDX-License-Identifier: Apache-2.0 */
/* The analyzer itself: one part for each subject, and the result that was made last. */
#ifndef MAPPROBE_ANALYZE_STATE_H
#define MAPPROBE_ANALYZE_STATE_H

#include "analyze/analyze.h"
#include "analyze/build.h"
#include "analyze/crash.h"
#include "analyze/gc.h"
#include "analyze/locks.h"
#include "analyze/maps.h"
#include "analyze/stacks.h"
#include "analyze/strings.h"

struct analyzer {
	bool begun, ended; /* EVENT_SESSION, EVENT_END have come */
	struct event_session session;
	struct event_end end;
	uint64_t latest_ns; /* the latest time seen */
	VEC(struct result_missing) missing;
	struct strings strings;
	struct stacks stacks;
	struct sites sites;
	struct maps maps;
	struct gc gc;
	struct locks locks;
	struct crash crash;
	struct build build;
	struct result result;
};

/* Makes a->result. 0 or -ENOMEM. */
int result_build(struct analyzer *a);
/* Frees what a->result refers to. */
void result_free(struct analyzer *a);

#endif
