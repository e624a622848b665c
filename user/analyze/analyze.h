/* SPDX-License-Identifier: Apache-2.0 */
/* The analyzer: eats an event stream, live or replayed, and makes the result. */
#ifndef MAPPROBE_ANALYZE_H
#define MAPPROBE_ANALYZE_H

#include "analyze/result.h"
#include "base/err.h"
#include "record/event.h"

struct analyzer;

int analyzer_create(struct analyzer **ret, struct err *e);
/*
 * Takes one event; fits struct event_sink with ctx = the analyzer. -EBADMSG for an event that
 * cannot be (a hit of an unknown site, a frame of a wrong size); -ENOMEM.
 */
int analyzer_put(void *ctx, const struct event *ev, struct err *e);
/*
 * The result of what was fed so far: may be called more than once, and before the end. It stays
 * valid until the next analyzer_result or analyzer_destroy.
 */
int analyzer_result(struct analyzer *a, const struct result **ret, struct err *e);
void analyzer_destroy(struct analyzer *a);

#endif
