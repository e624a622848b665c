/* SPDX-License-Identifier: Apache-2.0 */
/* What `mapprobe ps` prints, as text (ps.c) or JSON (ps_json.c). */
#ifndef MAPPROBE_CMD_PS_H
#define MAPPROBE_CMD_PS_H

#include "base/err.h"
#include "base/vec.h"
#include "gobin/gobin.h"
#include "target/list.h"

struct ps_lost {
	const char *what; /* a point of the catalogue, or "heap_live" */
	char why[256];
};

/* One of list.binaries, and what of it cannot be observed. */
struct ps_binary {
	const char *version, *module, *module_version; /* NULL, "": not recorded */
	const struct gobin_info *info;		       /* NULL: not supported, */
	const char *why;			       /* for this reason */
	VEC(struct ps_lost) lost;
};

struct ps {
	struct list list;
	struct ps_binary *binaries; /* as list.binaries */
};

/* Writes it to standard output: -EIO, -ENOMEM. */
int ps_print_json(const struct ps *ps, struct err *e);

#endif
