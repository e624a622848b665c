// SPDX-License-Identifier: Apache-2.0
/*
 * runtime.MemProfileRate is the number of bytes between two samples; 0 and less: none (mallocgc in
 * runtime/malloc.go, Go 1.17 to 1.27). Where runtime.MemProfile (1.23 on: memProfileInternal) is
 * not reachable, the linker sets runtime.disableMemoryProfiling (cmd/link/internal/ld/lib.go), and
 * the runtime sets the rate to 0: in schedinit (runtime/proc.go), up to 1.19 in its package's
 * initialization (runtime/mprof.go, which overrides GODEBUG=memprofilerate). The program may still
 * set another one: then it samples.
 */
#include "target/memprofile.h"

#include <errno.h>
#include <stdbool.h>

#include "target/mem.h"

static int read_global(pid_t pid, const struct gobin *b, uint64_t bias, const char *name, void *ret,
		       size_t size, struct err *e)
{
	uint64_t addr;
	int rc = gobin_global(b, name, &addr, e);

	return rc ? rc : mem_read(pid, addr + bias, ret, size, e);
}

int memprofile_read(pid_t pid, const struct gobin *b, uint64_t bias, struct memprofile *ret,
		    struct err *e)
{
	uint8_t linked_out;
	int64_t rate;
	int rc = read_global(pid, b, bias, "runtime.MemProfileRate", &rate, sizeof(rate), e);

	if (rc)
		return rc;
	if (rate > 0) {
		*ret = (struct memprofile){ MEMPROFILE_ON, (uint64_t)rate };
		return 0;
	}
	rc = read_global(pid, b, bias, "runtime.disableMemoryProfiling", &linked_out,
			 sizeof(linked_out), e);
	if (!rc)
		*ret = (struct memprofile){ linked_out ? MEMPROFILE_LINKED_OUT : MEMPROFILE_OFF,
					    0 };
	return rc;
}

const char *memprofile_state_name(enum memprofile_state s)
{
	static const char *const names[] = { "unknown", "on", "off", "linked out" };

	return s <= MEMPROFILE_LINKED_OUT ? names[s] : "?";
}
