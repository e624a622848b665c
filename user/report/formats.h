/* SPDX-License-Identifier: Apache-2.0 */
/* The writers behind the table of reporters; see struct reporter.write. */
#ifndef MAPPROBE_REPORT_FORMATS_H
#define MAPPROBE_REPORT_FORMATS_H

#include <stdio.h>

#include "analyze/result.h"
#include "base/err.h"

int text_write(const struct result *r, FILE *out, struct err *e);
int json_write(const struct result *r, FILE *out, struct err *e);
int gctrace_write(const struct result *r, FILE *out, struct err *e);
int pprof_write_maps(const struct result *r, FILE *out, struct err *e);
int pprof_write_locks(const struct result *r, FILE *out, struct err *e);
int pprof_write_stw(const struct result *r, FILE *out, struct err *e);

/* Flushes; -EIO (or what errno says) when any write to out has failed. */
int formats_flush(FILE *out, const char *what, struct err *e);

#endif
