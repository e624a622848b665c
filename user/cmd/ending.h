/* SPDX-License-Identifier: Apache-2.0 */
/* When a session is over: ^C, its time, its target's end. */
#ifndef MAPPROBE_CMD_ENDING_H
#define MAPPROBE_CMD_ENDING_H

#include <stdint.h>

#include "record/event.h"
#include "target/target.h"

/* From now on SIGINT and SIGTERM end the session; a second one ends mapprobe at once. */
void ending_catch_signals(void);
/* Why it is over, 0 while it is not. start_ns: CLOCK_MONOTONIC; duration_ns 0: no limit. */
enum event_end_reason ending_now(const struct target *t, uint64_t start_ns, uint64_t duration_ns);

#endif
