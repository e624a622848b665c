// SPDX-License-Identifier: Apache-2.0
/*
 * The build info and the version in it. Input: what follows the magic, up to the end of the data
 * segment, which is at DATA.
 */
#include "fuzz.h"
#include "gobin/buildinfo.h"
#include "gobin/gobin.h"

#define DATA  0x200000
#define MAGIC "\xff Go buildinf:"

static void check_text(const char *s, size_t size)
{
	fuzz_check(strlen(s) < sizeof(MAGIC) + size);
	for (; *s; s++)
		fuzz_check((unsigned char)*s >= ' ' && *s != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = sizeof(MAGIC) - 1 + size;
	uint8_t *blob = malloc(len);
	struct go_version v;
	struct buildinfo bi;
	struct image img;
	struct err e = { 0 };
	int rc;

	fuzz_check(blob);
	memcpy(blob, MAGIC, sizeof(MAGIC) - 1);
	memcpy(blob + sizeof(MAGIC) - 1, data, size);
	fuzz_image(DATA, (struct span){ blob, len }, &img);
	rc = buildinfo_read(&img, &bi, &e);
	if (rc) {
		fuzz_check_err(rc, &e);
	} else {
		check_text(bi.version, size);
		check_text(bi.module, size);
		check_text(bi.module_version, size);
		go_version_parse(bi.version, &v);
		buildinfo_deinit(&bi);
	}
	fuzz_image_close(&img);
	free(blob);
	return 0;
}
