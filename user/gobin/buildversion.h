/* SPDX-License-Identifier: Apache-2.0 */
/* The Go version of a program without build info. */
#ifndef MAPPROBE_GOBIN_BUILDVERSION_H
#define MAPPROBE_GOBIN_BUILDVERSION_H

#include "base/err.h"
#include "gobin/image.h"

/*
 * The variable runtime.buildVersion; the caller frees it.
 * Errors: -ENOEXEC: no Go program; -ENOTSUP: Go, but the version cannot be told; -ENOMEM.
 */
int buildversion_find(const struct image *img, char **ret, struct err *e);

#endif
