/* SPDX-License-Identifier: Apache-2.0 */
/* The Go version whose formats a byte of the input stands for. */
#ifndef MAPPROBE_FUZZ_FORMAT_H
#define MAPPROBE_FUZZ_FORMAT_H

#include "gobin/layout.h"

static inline const struct release *fuzz_format(uint8_t byte)
{
	struct go_version v = { .major = 1 };
	uint16_t oldest, newest;

	release_range(&oldest, &newest);
	v.minor = oldest + byte % (newest - oldest + 1);
	return release_find(&v);
}

#endif
