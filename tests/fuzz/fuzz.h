/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. A target is one program fuzz_SUBJECT.c with LLVMFuzzerTestOneInput:
 * it must neither crash, nor take long, nor break a property that it states with fuzz_check.
 */
#ifndef MAPPROBE_FUZZ_H
#define MAPPROBE_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/span.h"
#include "gobin/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_check(property)                                                                       \
	do {                                                                                       \
		if (!(property)) {                                                                 \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#property);                                                        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A failure says what and why, and is one of those that the function names. */
static inline void fuzz_check_err(int rc, const struct err *e)
{
	fuzz_check(rc < 0 && e->code == rc && *e->msg);
}

/* Puts the input into a file in memory and returns its path; it is the same one each time. */
static inline const char *fuzz_file(const void *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	fuzz_check(!ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

/*
 * An image of one segment at vaddr, without headers or sections. Its bytes are copied into a heap
 * block of just that size: who reads past the last one is caught.
 */
static inline void fuzz_image(uint64_t vaddr, struct span bytes, struct image *ret)
{
	uint8_t *file = malloc(bytes.len);

	fuzz_check(file);
	if (bytes.len)
		memcpy(file, bytes.data, bytes.len);
	*ret = (struct image){
		.file = { file, bytes.len },
		.loads = { { .vaddr = vaddr, .filesz = bytes.len, .write = true } },
		.nloads = 1,
	};
}

static inline void fuzz_image_close(struct image *img)
{
	free((void *)img->file.data);
}

/* Takes len bytes (at most those that are left) off the front of the input. */
static inline struct span fuzz_take(struct span *input, size_t len)
{
	struct span s = { input->data, len < input->len ? len : input->len };

	*input = (struct span){ input->data + s.len, input->len - s.len };
	return s;
}

/* Takes a byte; 0 when there is none. */
static inline uint8_t fuzz_byte(struct span *input)
{
	struct span s = fuzz_take(input, 1);

	return s.len ? *s.data : 0;
}

#endif
