/* SPDX-License-Identifier: Apache-2.0 */
/* The Go version whose formats a byte of the input stands for. */
#ifndef MAPPROBE_FUZZ_FORMAT_H
#define MAPPROBE_FUZZ_FORMAT_H

#include "fuzz.h"
#include "gobin/layout.h"

struct fuzz_format {
	struct go_version go;
	struct gobin_layout layout;
	struct pclntab_format pclntab;
};

static inline struct fuzz_format fuzz_format(uint8_t byte)
{
	struct fuzz_format f = { .go = { .major = 1 } };
	uint16_t oldest, newest;
	struct err e;

	layout_range(&oldest, &newest);
	f.go.minor = oldest + byte % (newest - oldest + 1);
	layout_of_minor(f.go.minor, &f.layout);
	fuzz_check(!pclntab_format(&f.layout, f.go.minor, &f.pclntab, &e));
	return f;
}

#endif
