/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between Go releases, as tables. */
#ifndef MAPPROBE_GOBIN_LAYOUT_H
#define MAPPROBE_GOBIN_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "gobin/gobin.h"

/* The pclntab and what hangs on it: pcHeader, runtime._func, runtime.inlinedCall. */
struct pclntab_format {
	uint32_t magic;
	/* functab and funcdata hold 8-byte addresses; else 4-byte offsets from text and gofunc. */
	bool wide;
	uint8_t offsets; /* pcHeader.funcnameOffset, the first of five */
	struct {
		uint8_t name, pcsp, pcfile, pcln, npcdata, cu, nfuncdata, size;
		uint8_t start_line; /* 0: none */
	} func;
	struct {
		uint8_t name, parent_pc, size;
		uint8_t start_line; /* 0: none */
	} inlined;
};

/* Offsets in runtime.moduledata that have moved; the rest is in moduledata.c. */
struct moduledata_format {
	uint16_t types, etypes;
	uint16_t gofunc; /* 0: none */
};

struct release {
	uint16_t minor; /* of Go 1 */
	const struct pclntab_format *pclntab;
	struct moduledata_format moduledata;
	struct gobin_layout layout;
};

/* The row of a version, or NULL: mapprobe does not read it. */
const struct release *release_find(const struct go_version *v);
/* The oldest and newest minor version of Go 1 that release_find knows. */
void release_range(uint16_t *oldest, uint16_t *newest);

#endif
