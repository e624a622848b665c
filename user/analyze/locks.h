/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for locks. */
#ifndef MAPPROBE_ANALYZE_LOCKS_H
#define MAPPROBE_ANALYZE_LOCKS_H

#include "analyze/waits.h"

struct locks {
	struct opens open;
	struct waits waits;
	uint64_t begun, nested; /* waits; those of them that lie inside another one */
	uint64_t wait_ns;	/* of the outermost */
	struct result_hist hist[ABI_LOCK_MAX];
	uint64_t unmatched;
};

void locks_deinit(struct locks *l);
int locks_begin(struct locks *l, const struct sites *s, const struct abi_hit *hit, uint32_t stack);
int locks_end(struct locks *l, const struct sites *s, const struct abi_hit *hit);
int locks_result(const struct locks *l, struct build *b);

#endif
