/* SPDX-License-Identifier: Apache-2.0 */
/* Another process's memory, and the Go maps in it. */
#ifndef MAPPROBE_TARGET_MEM_H
#define MAPPROBE_TARGET_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "gobin/gobin.h"
#include "target/target.h"

#define MEM_MAX_PIECES 512

/* All len bytes at addr, or -EFAULT, -ESRCH, -EPERM. */
int mem_read(pid_t pid, uint64_t addr, void *dst, size_t len, struct err *e);
/* The two bytes at each of n <= MEM_MAX_PIECES addresses, in one call; errors as above. */
int mem_read_u16s(pid_t pid, const uint64_t *addrs, size_t n, uint16_t *dst, struct err *e);

/* See target_read_map. */
int mem_read_map(pid_t pid, const struct gobin_layout *l, bool swiss, uint64_t addr,
		 struct target_map *ret, struct err *e);

#endif
