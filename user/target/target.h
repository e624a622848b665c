/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One live Go process, seen from outside: its binary, where that is loaded, its memory. Nothing
 * here stops, traces or writes to the process.
 */
#ifndef MAPPROBE_TARGET_H
#define MAPPROBE_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "gobin/gobin.h"

struct target;

/*
 * Errors: -ESRCH: no such process; -EACCES/-EPERM: may not look at it (the capability is named);
 * and those of gobin_open. The binary is opened through /proc/PID/exe: it is the one that runs,
 * also after it was replaced or deleted on disk, also in another mount namespace.
 */
int target_open(pid_t pid, struct target **ret, struct err *e);
void target_close(struct target *t);

pid_t target_pid(const struct target *t);
/* What readlink says: the path in the process's own mount namespace, maybe with " (deleted)". */
const char *target_exe(const struct target *t);
/*
 * A path that means the file that was opened, in this process and those it forks:
 * "/proc/self/fd/N". After an exec "/proc/PID/exe" is another one, and must not get probes meant
 * for this.
 */
const char *target_attach_path(const struct target *t);
const struct gobin *target_gobin(const struct target *t);
/* Add to a link-time address to get the process's. */
uint64_t target_bias(const struct target *t);

/* A descriptor that poll() finds readable when the process has ended. Owned by the target. */
int target_pidfd(const struct target *t);
/* False once the process has ended, or has become another one by exec. */
bool target_alive(const struct target *t);
/*
 * True when the process has called exec since it was opened: it runs another binary, or the same
 * one afresh (other load bias, other maps; told by its stack address, where that may be read).
 */
bool target_execed(const struct target *t);
/* User and system time the process has used so far, in ns (clock ticks: 10 ms). */
int target_cpu_time(const struct target *t, uint64_t *ret_ns, struct err *e);
/* Number of threads now. */
int target_threads(const struct target *t, unsigned int *ret, struct err *e);

/* Copies len bytes at addr; all or an error (-EFAULT, -ESRCH, -EPERM). */
int target_read(const struct target *t, uint64_t addr, void *dst, size_t len, struct err *e);

/* A map's header, read from memory: a snapshot that may be torn by a concurrent write. */
struct target_map {
	uint64_t length;
	uint64_t capacity; /* slots */
	uint64_t seed; /* of its hash: random, kept for life unless the map is cleared; its identity
			*/
};

/*
 * Errors: -EFAULT: not readable; -EBADMSG: what lies there does not look like a map (the memory
 * may have been reused since the map was seen).
 */
int target_read_map(const struct target *t, uint64_t addr, struct target_map *ret, struct err *e);

#endif
