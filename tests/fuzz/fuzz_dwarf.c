// SPDX-License-Identifier: Apache-2.0
/*
 * The layout of the runtime from DWARF. Input: two bytes for the length of .debug_abbrev, its
 * bytes, and .debug_info. libdw is not instrumented: what it makes of them steers nothing, but
 * where it reads beyond them is seen all the same, in the C library's functions.
 */
#include <elf.h>
#include <stddef.h>

#include "fuzz.h"
#include "gobin/dwarf.h"
#include "gobin/layout.h"

static const char names[] = "\0.debug_abbrev\0.debug_info";

enum { ABBREV = 1, INFO, NAMES, NSECTIONS };

struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Shdr sections[NSECTIONS];
	char names[sizeof(names)];
	uint8_t data[];
};

static struct program *make_program(struct span abbrev, struct span info, size_t *size)
{
	struct program *p;

	*size = offsetof(struct program, data) + abbrev.len + info.len;
	p = calloc(1, *size);
	fuzz_check(p);
	p->header = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = offsetof(struct program, segment),
		.e_shoff = offsetof(struct program, sections),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = NSECTIONS,
		.e_shstrndx = NAMES,
	};
	p->segment.p_type = PT_LOAD;
	p->sections[ABBREV] = (Elf64_Shdr){ .sh_name = 1,
					    .sh_type = SHT_PROGBITS,
					    .sh_offset = offsetof(struct program, data),
					    .sh_size = abbrev.len };
	p->sections[INFO] = (Elf64_Shdr){ .sh_name = sizeof("\0.debug_abbrev"),
					  .sh_type = SHT_PROGBITS,
					  .sh_offset = p->sections[ABBREV].sh_offset + abbrev.len,
					  .sh_size = info.len };
	p->sections[NAMES] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
					   .sh_offset = offsetof(struct program, names),
					   .sh_size = sizeof(names) };
	memcpy(p->names, names, sizeof(names));
	if (abbrev.len)
		memcpy(p->data, abbrev.data, abbrev.len);
	if (info.len)
		memcpy(p->data + abbrev.len, info.data, info.len);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { data, size };
	size_t low = fuzz_byte(&input), high = fuzz_byte(&input), len;
	struct span abbrev = fuzz_take(&input, low | high << 8);
	struct program *p = make_program(abbrev, input, &len);
	struct gobin_layout l;
	struct image img;
	struct err e = { 0 };
	int rc;

	fuzz_check(!image_read((struct span){ (uint8_t *)p, len }, &img, &e));
	rc = dwarf_layout(&img, &l, &e);
	if (rc)
		fuzz_check_err(rc, &e);
	else
		fuzz_check(l.g_goid != GOBIN_ABSENT);
	image_close(&img);
	free(p);
	return 0;
}
