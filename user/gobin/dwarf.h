/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of the runtime as the binary's own DWARF tells it. */
#ifndef MAPPROBE_GOBIN_DWARF_H
#define MAPPROBE_GOBIN_DWARF_H

#include "base/err.h"
#include "gobin/gobin.h"
#include "gobin/image.h"

/*
 * Fills ret; what the DWARF does not have is GOBIN_ABSENT (the linker leaves out types that the
 * program does not use). Errors: -ENOENT: no DWARF, or nothing of the runtime in it; -EBADMSG:
 * damaged; -E2BIG: more of it than is read; -ENOMEM.
 */
int dwarf_layout(const struct image *img, struct gobin_layout *ret, struct err *e);

#endif
