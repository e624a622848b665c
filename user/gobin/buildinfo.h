/* SPDX-License-Identifier: Apache-2.0 */
/* The build info that the Go linker leaves in every program: version, modules, settings. */
#ifndef MAPPROBE_GOBIN_BUILDINFO_H
#define MAPPROBE_GOBIN_BUILDINFO_H

#include "base/err.h"
#include "gobin/image.h"

struct buildinfo {
	char *version;
	char *module;	      /* main module, else main package, else "" */
	char *module_version; /* "" if not recorded */
};

/* Errors: -ENOEXEC: there is none, so this is no Go program; -EBADMSG: damaged; -ENOMEM. */
int buildinfo_read(const struct image *img, struct buildinfo *ret, struct err *e);
/* The same of a file, whatever its version: also where gobin_open refuses it. */
int buildinfo_read_file(const char *path, struct buildinfo *ret, struct err *e);
void buildinfo_deinit(struct buildinfo *bi);

#endif
