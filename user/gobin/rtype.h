/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime's type descriptors. */
#ifndef MAPPROBE_GOBIN_RTYPE_H
#define MAPPROBE_GOBIN_RTYPE_H

#include "base/err.h"
#include "gobin/image.h"
#include "gobin/moduledata.h"

/*
 * The name of the type at addr, as Go prints it; the caller frees it.
 * Errors: -ENOENT: no type there; -ENOMEM.
 */
int rtype_name(const struct image *img, const struct moduledata *md, uint64_t addr, char **ret,
	       struct err *e);

#endif
