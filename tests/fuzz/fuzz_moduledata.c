// SPDX-License-Identifier: Apache-2.0
/*
 * The search for moduledata. Input: a byte for the Go version, one for where the segment begins
 * (the search is for aligned places), then the segment.
 */
#include "fuzz.h"
#include "fuzz_format.h"
#include "gobin/moduledata.h"

#define DATA 0x600000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { data, size };
	struct fuzz_format f = fuzz_format(fuzz_byte(&input));
	uint64_t start = DATA + fuzz_byte(&input) % 8, at;
	/* As in the seeds. */
	const struct pclntab t = {
		.addr = 0x403000,
		.names_addr = 0x403048,
		.funcs_addr = 0x4030d0,
		.nfunc = 2,
	};
	struct moduledata md;
	struct image img;
	struct err e = { 0 };
	int rc;

	fuzz_image(start, input, &img);
	rc = moduledata_find(&img, &f.layout, &t, &md, &e);
	if (rc) {
		fuzz_check_err(rc, &e);
	} else {
		fuzz_check(image_u64(&img, md.addr, &at) && at == t.addr && !(md.addr % 8));
		fuzz_check(md.text < md.etext && md.types < md.etypes);
	}
	fuzz_image_close(&img);
	return 0;
}
