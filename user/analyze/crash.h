/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the target by its own hand: runtime.fatal or runtime.throw. */
#ifndef MAPPROBE_ANALYZE_CRASH_H
#define MAPPROBE_ANALYZE_CRASH_H

#include "analyze/build.h"
#include "analyze/strings.h"
#include "base/u64map.h"
#include "base/vec.h"

struct crash {
	struct u64map text_of; /* thread -> index in texts, until the first hit */
	VEC(const char *) texts;
	bool crashed, fatal;
	uint64_t time_ns, goid;
	uint32_t tid, stack;
	const char *message;
};

void crash_deinit(struct crash *c);
/* The message of a thread that is about to crash. 0 or -ENOMEM. */
int crash_text(struct crash *c, struct strings *strings, const struct abi_text *v);
/* The crash itself: the first counts. */
void crash_hit(struct crash *c, bool fatal, const struct abi_hit *hit, uint32_t stack);
int crash_result(const struct crash *c, struct build *b);

#endif
