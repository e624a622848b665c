// SPDX-License-Identifier: Apache-2.0
/*
 * The names of types. Input: a byte for how far the types go beyond the file (or, negative, end
 * before), then the bytes at TYPES.
 */
#include "fuzz.h"
#include "gobin/rtype.h"

#define TYPES	    0x402000
#define DESCRIPTORS 24 /* that are looked at */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { data, size };
	int8_t beyond = (int8_t)fuzz_byte(&input);
	struct moduledata md = { .types = TYPES, .etypes = TYPES + input.len + (uint64_t)beyond };
	struct image img;

	fuzz_image(TYPES, input, &img);
	for (uint64_t addr = TYPES; addr < TYPES + 8 * DESCRIPTORS; addr += 8) {
		struct err e = { 0 };
		char *name;
		int rc = rtype_name(&img, &md, addr, &name, &e);

		if (rc) {
			fuzz_check_err(rc, &e);
			continue;
		}
		fuzz_check(*name && strlen(name) <= input.len);
		for (const char *c = name; *c; c++)
			fuzz_check((unsigned char)*c >= ' ' && *c != 0x7f);
		free(name);
	}
	fuzz_image_close(&img);
	return 0;
}
