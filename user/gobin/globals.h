/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of the runtime's variables in a program without a symbol table, from its code. */
#ifndef MAPPROBE_GOBIN_GLOBALS_H
#define MAPPROBE_GOBIN_GLOBALS_H

#include "base/err.h"
#include "gobin/image.h"
#include "gobin/moduledata.h"
#include "gobin/pclntab.h"

/* Remembers what was looked for, and what was found. */
struct globals;

/* Looks at nothing yet. All that it is given is borrowed, and read when first asked. NULL: out of
 * memory. */
struct globals *globals_create(const struct image *img, const struct pclntab *t,
			       const struct moduledata *md, const struct go_version *go);
void globals_destroy(struct globals *g);

/*
 * The link-time address of a variable ("runtime.work").
 * Errors: -ENOENT: not one of those that are known how to find, or the code does not tell it for
 * certain (the reason is said); -ENOMEM.
 */
int globals_find(struct globals *g, const char *name, uint64_t *ret, struct err *e);

#endif
