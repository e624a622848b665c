// SPDX-License-Identifier: Apache-2.0
/*
 * runtime.MemProfileRate is the number of bytes between two samples; 0 and less: none (mallocgc in
 * runtime/malloc.go, Go 1.17 to 1.27). Where runtime.MemProfile (1.23 on: memProfileInternal) is
 * not reachable, the linker drops it and sets runtime.disableMemoryProfiling, unless there may be
 * plugins (cmd/link/internal/ld/lib.go). The runtime then sets the rate to 0: in schedinit
 * (runtime/proc.go), up to 1.19 in its package's initialization (runtime/mprof.go, which overrides
 * GODEBUG=memprofilerate). The program may still set another one: then it samples.
 */
#include "target/memprofile.h"

#include <stdbool.h>

#include "target/mem.h"

/* The linker's rule; it holds for stripped binaries as for others. */
static bool linked_out(const struct gobin *b)
{
	static const char *const names[] = { "runtime.memProfileInternal", "runtime.MemProfile",
					     "plugin.Open" };
	enum { N = sizeof(names) / sizeof(names[0]) };
	struct gobin_func found[N];

	gobin_find_funcs(b, names, N, found);
	for (size_t i = 0; i < N; i++)
		if (found[i].addr)
			return false;
	return true;
}

int memprofile_read(pid_t pid, const struct gobin *b, uint64_t bias, struct memprofile *ret,
		    struct err *e)
{
	uint64_t addr;
	int64_t rate;
	int rc = gobin_global(b, "runtime.MemProfileRate", &addr, e);

	if (!rc)
		rc = mem_read(pid, addr + bias, &rate, sizeof(rate), e);
	if (rc)
		return rc;
	if (rate > 0)
		*ret = (struct memprofile){ MEMPROFILE_ON, (uint64_t)rate };
	else
		*ret = (struct memprofile){ linked_out(b) ? MEMPROFILE_LINKED_OUT : MEMPROFILE_OFF,
					    0 };
	return 0;
}

const char *memprofile_state_name(enum memprofile_state s)
{
	static const char *const names[] = { "unknown", "on", "off", "linked out" };

	return s <= MEMPROFILE_LINKED_OUT ? names[s] : "?";
}
