/* SPDX-License-Identifier: Apache-2.0 */
/* An ELF program on disk as what it looks like in memory: addresses, segments, sections. */
#ifndef MAPPROBE_GOBIN_IMAGE_H
#define MAPPROBE_GOBIN_IMAGE_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define IMAGE_MAX_BYTES	   (1ull << 32) /* of a file, debug information included */
#define IMAGE_MAX_LOADED   (1ull << 30) /* of its segments */
#define IMAGE_MAX_LOADS	   32
#define IMAGE_MAX_HEADERS  128 /* of programs */
#define IMAGE_MAX_SECTIONS 4096

struct image_load {
	uint64_t vaddr, offset, filesz;
	bool exec, write;
};

struct image_section {
	const char *name;
	uint64_t addr; /* 0 when it is not loaded */
	uint32_t type, link;
	bool compressed; /* SHF_COMPRESSED */
	uint64_t align;
	struct span data; /* empty when it takes no room in the file */
};

struct image {
	struct span file; /* read-only */
	bool mapped;	  /* by image_open */
	Elf *elf;
	struct span names; /* of the sections */
	struct image_load loads[IMAGE_MAX_LOADS];
	size_t nloads;
	bool pie;
};

/*
 * Maps and checks path: every segment and every section lies inside the file, and the segments
 * together are neither larger than it nor than IMAGE_MAX_LOADED.
 * Errors: those of open(2); -ENOEXEC: no x86-64 ELF program; -EBADMSG: damaged.
 */
int image_open(const char *path, struct image *ret, struct err *e);
/* The same for a file in memory, which stays the caller's and outlives the image. */
int image_read(struct span file, struct image *ret, struct err *e);
/* Takes a zeroed image too. */
void image_close(struct image *img);

/* Finds a section by name; false if there is none. */
bool image_section(const struct image *img, const char *name, struct image_section *ret);
/* Finds the first section of a type (SHT_SYMTAB). */
bool image_section_of_type(const struct image *img, uint32_t type, struct image_section *ret);
/* The len bytes at an address; false unless one segment of the file holds them all. */
bool image_bytes(const struct image *img, uint64_t addr, uint64_t len, struct span *ret);
bool image_u64(const struct image *img, uint64_t addr, uint64_t *ret);
/* The bytes of a segment in the file. */
struct span image_load_bytes(const struct image *img, const struct image_load *l);
/* The file offset of an address; false if it is not in the file. */
bool image_offset(const struct image *img, uint64_t addr, uint64_t *ret);
/* The address of a defined symbol in the symbol table. */
bool image_symbol(const struct image *img, const char *name, uint64_t *ret);
/* The GNU build id in hex, else the Go build id, else "". */
void image_build_id(const struct image *img, char *ret, size_t size);

#endif
