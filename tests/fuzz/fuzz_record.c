// SPDX-License-Identifier: Apache-2.0
/*
 * A recording, as somebody else may have made it: replayed into the analyzer, shown in one
 * format (by its size). Input: the file; what its blocks say of their size, number and checksum is
 * put right first, or no change of a byte would get any further.
 */
#include <zlib.h>

#include "fuzz_result.h"
#include "record/layout.h"
#include "record/record.h"

static void put_u32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

/* Makes the blocks of the file whole: each goes on to the next block's magic, or to the end. */
static void mend(uint8_t *file, size_t size)
{
	static const uint32_t magic = RECORD_BLOCK_MAGIC;
	uint8_t *at = file + RECORD_FILE_HEADER, *end = file + size;

	memcpy(file, RECORD_MAGIC, RECORD_MAGIC_LEN);
	put_u32(file + RECORD_MAGIC_LEN, RECORD_VERSION);
	put_u32(file + RECORD_MAGIC_LEN + 4, 0);
	for (uint32_t number = 0; end - at > RECORD_BLOCK_HEADER; number++) {
		uint8_t *payload = at + RECORD_BLOCK_HEADER;
		uint8_t *next = memmem(payload, (size_t)(end - payload), &magic, sizeof(magic));
		size_t len = (size_t)((next ? next : end) - payload);

		put_u32(at, magic);
		put_u32(at + 4, (uint32_t)len);
		put_u32(at + 8, (uint32_t)crc32(0, payload, (unsigned int)len));
		put_u32(at + 12, number);
		at = payload + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = RECORD_FILE_HEADER + size;
	uint8_t *file = calloc(1, len);
	struct event_sink sink = { .put = analyzer_put };
	struct analyzer *a;
	struct err e = { 0 };
	int rc;

	fuzz_check(file && !analyzer_create(&a, &e));
	if (size)
		memcpy(file + RECORD_FILE_HEADER, data, size);
	mend(file, len);
	sink.ctx = a;
	rc = record_replay(fuzz_file(file, len), &sink, &e);
	if (rc)
		fuzz_check_err(rc, &e);
	fuzz_check_result(a, size);
	analyzer_destroy(a);
	free(file);
	return 0;
}
