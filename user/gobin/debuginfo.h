/* SPDX-License-Identifier: Apache-2.0 */
/* The DWARF of a program, unpacked and opened by libdw. */
#ifndef MAPPROBE_GOBIN_DEBUGINFO_H
#define MAPPROBE_GOBIN_DEBUGINFO_H

#include <elfutils/libdw.h>

#include "base/err.h"
#include "gobin/image.h"

struct debuginfo {
	Dwarf *dwarf;
	struct span abbrevs; /* .debug_abbrev */
	Elf *elf;
	void *file; /* an ELF file of the sections that are needed */
};

/* Errors: -ENOENT: no DWARF; -EBADMSG: damaged; -E2BIG: more of it than is read; -ENOMEM. */
int debuginfo_open(const struct image *img, struct debuginfo *ret, struct err *e);
/* Takes a zeroed one too. */
void debuginfo_close(struct debuginfo *d);

#endif
