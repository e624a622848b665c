/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names from the target, made fit to be written. A function name, a type, a path or a message is
 * whatever bytes the target had: they may be no UTF-8 (which JSON and protobuf refuse), and they
 * may hold what a terminal obeys.
 */
#ifndef MAPPROBE_REPORT_SAFE_H
#define MAPPROBE_REPORT_SAFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends s as valid UTF-8: each byte that is none becomes U+FFFD. NULL counts as "". */
void safe_utf8(struct buf *b, const char *s);

/*
 * Appends s for a terminal: as safe_utf8, and controls (C0, DEL, C1), line and paragraph separators
 * and marks that turn the direction of writing as \n, \t, \x1b, \u202e. At most width columns (0:
 * no limit), the last of them "…" when s was longer. Returns the columns written, one per
 * character.
 */
size_t safe_text(struct buf *b, const char *s, size_t width);

/* Columns of valid UTF-8, one per character. */
size_t safe_columns(const char *s);

#endif
