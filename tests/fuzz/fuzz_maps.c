// SPDX-License-Identifier: Apache-2.0
/*
 * The header of a map, in the memory of a process: this one. Input: a byte for the Go version (odd:
 * Swiss), then the memory. What is a small number in the place of a pointer becomes one into it.
 */
#include "fuzz.h"
#include "fuzz_format.h"
#include "target/mem.h"

#define WORDS 512

static uint64_t memory[WORDS];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { data, size };
	uint8_t format = fuzz_byte(&input);
	struct fuzz_format f = fuzz_format(format / 2);
	const struct gobin_layout *l = &f.layout;
	bool swiss = format % 2 && l->map_dirptr != GOBIN_ABSENT;
	struct span bytes = fuzz_take(&input, sizeof(memory));
	struct target_map m;
	struct err e = { 0 };
	int rc;

	if (!swiss && l->hmap_b == GOBIN_ABSENT)
		return 0;
	memset(memory, 0, sizeof(memory));
	if (bytes.len)
		memcpy(memory, bytes.data, bytes.len);
	for (size_t i = 2; swiss && i < WORDS; i++)
		if (memory[i] >= 256 && memory[i] < sizeof(memory) + 256)
			memory[i] += (uintptr_t)memory - 256;
	rc = mem_read_map(getpid(), l, swiss, (uintptr_t)memory, &m, &e);
	if (rc) {
		fuzz_check_err(rc, &e);
		return 0;
	}
	/* Overflow buckets of classic maps do not count as capacity. */
	fuzz_check(m.length <= m.capacity * (swiss ? 1 : 8));
	return 0;
}
