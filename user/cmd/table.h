/* SPDX-License-Identifier: Apache-2.0 */
/* A table of text, aligned, cut to the width of a terminal, its cells made fit for one. */
#ifndef MAPPROBE_CMD_TABLE_H
#define MAPPROBE_CMD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct table_column {
	const char *title;
	bool right;    /* aligned to the right */
	bool keep_end; /* a path: cut in front, its end tells more */
	size_t least;  /* may be cut to so many columns where there is no room; 0: never */
};

/* Columns of the terminal that out is, 0 when it is none. */
size_t table_terminal_width(FILE *out);
/*
 * Prints titles and nrows rows of ncols cells each, whatever bytes they hold. Where that is wider
 * than width (0: no limit) the widest columns are cut first. -ENOMEM.
 */
int table_print(FILE *out, const struct table_column *col, size_t ncols, const char *const *cells,
		size_t nrows, size_t width, struct err *e);

#endif
