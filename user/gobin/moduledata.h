/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.moduledata: where the linker put things. */
#ifndef MAPPROBE_GOBIN_MODULEDATA_H
#define MAPPROBE_GOBIN_MODULEDATA_H

#include "base/err.h"
#include "gobin/image.h"
#include "gobin/layout.h"
#include "gobin/pclntab.h"

#define MODULEDATA_NDATA 4

struct moduledata {
	uint64_t addr;
	uint64_t text, etext;
	struct {
		uint64_t start, end;
	} data[MODULEDATA_NDATA]; /* variables: noptrdata, data, bss, noptrbss */
	uint64_t types, etypes;
	uint64_t gofunc; /* 0: this Go has none */
};

/* Finds the moduledata that describes the pclntab t. Errors: -EBADMSG: none does. */
int moduledata_find(const struct image *img, const struct gobin_layout *l, const struct pclntab *t,
		    struct moduledata *ret, struct err *e);
/* Tells t what its offsets count from. */
void moduledata_attach(const struct moduledata *md, struct pclntab *t);

#endif
