/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Go processes of this host, or as many of them as may be looked at. Nothing is stopped or
 * traced. A few system calls for each process; a binary is opened once, however many run it.
 */
#ifndef MAPPROBE_TARGET_LIST_H
#define MAPPROBE_TARGET_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/u64map.h"
#include "base/vec.h"
#include "gobin/buildinfo.h"
#include "gobin/gobin.h"
#include "target/container.h"
#include "target/memprofile.h"

/* One binary that some process runs. */
struct list_binary {
	struct stat st;
	bool go;	     /* else the rest is not set */
	struct gobin *bin;   /* NULL: not supported, */
	struct err why;	     /* for this reason; then */
	struct buildinfo id; /* is all that is known, "" where not even that */
};

struct list_process {
	pid_t pid;
	size_t binary; /* index into list.binaries */
	char *exe;     /* see target_exe */
	struct container container;
	struct memprofile memprofile;
	struct err memprofile_why; /* where that is not known */
};

struct list {
	VEC(struct list_binary) binaries;
	VEC(struct list_process) processes; /* Go ones, by number */
	/* Other users' processes that may not be looked at. */
	size_t refused;
	/* Those whose binary cannot be read, and the first one's reason. */
	size_t unreadable;
	struct err unreadable_why;
	bool hidden;	     /* /proc does not even show those of others (hidepid=) */
	struct u64map index; /* what a binary's struct stat says -> index into binaries */
	struct container_host host;
};

/* Errors: -ENOMEM; those of reading /proc. A process that ends meanwhile is left out. */
int list_read(struct list *ret, struct err *e);
void list_deinit(struct list *l);

#endif
