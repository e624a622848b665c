/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a Go process samples its allocations, so that it has a heap profile. */
#ifndef MAPPROBE_TARGET_MEMPROFILE_H
#define MAPPROBE_TARGET_MEMPROFILE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "gobin/gobin.h"

enum memprofile_state {
	MEMPROFILE_UNKNOWN,
	MEMPROFILE_ON,	       /* one sample every rate bytes */
	MEMPROFILE_OFF,	       /* the program or GODEBUG=memprofilerate=0 said so */
	MEMPROFILE_LINKED_OUT, /* the linker did: nothing in the program asks for a profile */
};

struct memprofile {
	enum memprofile_state state;
	uint64_t rate; /* bytes, 0 unless on */
};

/*
 * Reads it from the memory of a process that runs b, loaded at bias.
 * Errors: -ENOENT: where the rate is kept is not known (see gobin_global); those of mem_read.
 */
int memprofile_read(pid_t pid, const struct gobin *b, uint64_t bias, struct memprofile *ret,
		    struct err *e);
const char *memprofile_state_name(enum memprofile_state s);

#endif
