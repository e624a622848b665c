/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: a result, written in one format to one file. A table of them; the commands look here. */
#ifndef MAPPROBE_REPORT_H
#define MAPPROBE_REPORT_H

#include <stdio.h>

#include "analyze/result.h"
#include "base/err.h"

struct reporter {
	const char *name; /* "text", "json", "maps.pb.gz" */
	const char *file; /* its name in attach's -o DIR, NULL: not written there */
	const char *what; /* one line for --help */
	/* Writes all of it to out (a stream the caller opened and closes). -EIO, -ENOMEM. */
	int (*write)(const struct result *r, FILE *out, struct err *e);
};

/* The table: *n of them. */
const struct reporter *report_table(size_t *n);
/* By name or by file name; NULL when there is none. */
const struct reporter *report_find(const char *name);

/* Writes to dir/file or path under a temporary name, fsyncs, renames. */
int report_write_file(const struct reporter *rep, const struct result *r, const char *path,
		      struct err *e);
/*
 * Makes dir unless it exists, and checks that it can be written to: for those who will write there
 * much later. -EACCES, -ENOENT, -ENOTDIR.
 */
int report_make_dir(const char *dir, struct err *e);
/* Writes every reporter that has a file name into dir, which is made when it does not exist. */
int report_write_dir(const struct result *r, const char *dir, struct err *e);

#endif
