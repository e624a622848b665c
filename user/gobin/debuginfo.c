// SPDX-License-Identifier: Apache-2.0
/*
 * Of the DWARF only .debug_info and .debug_abbrev are needed. They are unpacked (zlib: sections
 * with SHF_COMPRESSED, up to Go 1.18 sections named .zdebug_*) into a small ELF file in memory,
 * which libdw reads. Were it given the program itself, it would unpack all of the DWARF, which is
 * four times as much, and allocate whatever sizes the file claims.
 */
#include "gobin/debuginfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"

#define ZLIB_RATIO_MAX 1032 /* zlib.net/zlib_tech.html */
#define SECTION_MAX    (128u << 20)

enum { INFO, ABBREV, NSECTIONS };

static const struct {
	const char *name, *zname;
} sections[] = { { ".debug_info", ".zdebug_info" }, { ".debug_abbrev", ".zdebug_abbrev" } };

/* A section of the file, packed or not. */
struct packed {
	struct span data;
	bool zlib;
	uint64_t size; /* unpacked */
};

/* SHF_COMPRESSED: struct Elf64_Chdr. */
static bool read_chdr(struct span s, struct packed *ret)
{
	uint32_t type;

	return span_u32(s, 0, &type) && type == ELFCOMPRESS_ZLIB && span_u64(s, 8, &ret->size) &&
	       span_sub(s, sizeof(Elf64_Chdr), s.len - sizeof(Elf64_Chdr), &ret->data);
}

/* .zdebug_*: "ZLIB", the size big-endian. */
static bool read_zdebug(struct span s, struct packed *ret)
{
	if (s.len < 12 || memcmp(s.data, "ZLIB", 4))
		return false;
	ret->size = 0;
	for (int i = 4; i < 12; i++)
		ret->size = ret->size << 8 | s.data[i];
	return span_sub(s, 12, s.len - 12, &ret->data);
}

static int find_section(const struct image *img, int i, struct packed *ret, struct err *e)
{
	const char *name = sections[i].name;
	struct image_section sec;
	struct packed p;
	bool ok;

	if (image_section(img, name, &sec)) {
		p = (struct packed){ .data = sec.data,
				     .size = sec.data.len,
				     .zlib = sec.compressed };
		ok = !p.zlib || read_chdr(sec.data, &p);
	} else if (image_section(img, sections[i].zname, &sec)) {
		p.zlib = true;
		ok = read_zdebug(sec.data, &p);
	} else {
		return err_set(e, -ENOENT, "no DWARF (section %s)", name);
	}
	if (!ok || p.size > (p.zlib ? ZLIB_RATIO_MAX : 1) * p.data.len)
		return err_set(e, -EBADMSG, "DWARF: %s: not packed as zlib does", name);
	if (p.size > SECTION_MAX)
		return err_set(e, -E2BIG, "DWARF: %s: %lu MB", name, p.size >> 20);
	*ret = p;
	return 0;
}

static bool unpack(const struct packed *p, uint8_t *to)
{
	uLongf len = p->size;

	if (p->zlib)
		return uncompress(to, &len, p->data.data, p->data.len) == Z_OK && len == p->size;
	memcpy(to, p->data.data, p->size);
	return true;
}

/* An ELF file of these sections alone. */
struct small_elf {
	Elf64_Ehdr header;
	Elf64_Shdr sections[1 + NSECTIONS + 1]; /* the null section, ours, the names */
	char names[64];
	uint8_t data[];
};

static void fill_headers(struct small_elf *f, const struct packed *p)
{
	size_t names = 1, off = sizeof(*f);

	f->header = (Elf64_Ehdr){ .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					       ELFDATA2LSB, EV_CURRENT },
				  .e_type = ET_EXEC,
				  .e_machine = EM_X86_64,
				  .e_version = EV_CURRENT,
				  .e_ehsize = sizeof(Elf64_Ehdr),
				  .e_shoff = offsetof(struct small_elf, sections),
				  .e_shentsize = sizeof(Elf64_Shdr),
				  .e_shnum = 1 + NSECTIONS + 1,
				  .e_shstrndx = 1 + NSECTIONS };
	for (int i = 0; i < NSECTIONS; i++) {
		f->sections[1 + i] = (Elf64_Shdr){ .sh_name = (Elf64_Word)names,
						   .sh_type = SHT_PROGBITS,
						   .sh_offset = off,
						   .sh_size = p[i].size,
						   .sh_addralign = 1 };
		strcpy(f->names + names, sections[i].name);
		names += strlen(sections[i].name) + 1;
		off += p[i].size;
	}
	f->sections[1 + NSECTIONS] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
						   .sh_offset = offsetof(struct small_elf, names),
						   .sh_size = sizeof(f->names),
						   .sh_addralign = 1 };
}

static int make_elf(const struct image *img, struct small_elf **ret, size_t *size, struct err *e)
{
	_cleanup_free_ struct small_elf *f = NULL;
	struct packed p[NSECTIONS];
	size_t off = 0;

	*size = sizeof(*f);
	for (int i = 0; i < NSECTIONS; i++) {
		int rc = find_section(img, i, &p[i], e);

		if (rc)
			return rc;
		*size += p[i].size;
	}
	f = calloc(1, *size);
	if (!f)
		return err_set(e, -ENOMEM, "DWARF: out of memory");
	fill_headers(f, p);
	for (int i = 0; i < NSECTIONS; i++) {
		if (!unpack(&p[i], f->data + off))
			return err_set(e, -EBADMSG, "DWARF: %s: cannot be unpacked",
				       sections[i].name);
		off += p[i].size;
	}
	*ret = take_ptr(f);
	return 0;
}

int debuginfo_open(const struct image *img, struct debuginfo *ret, struct err *e)
{
	struct debuginfo d = { 0 };
	struct small_elf *f = NULL;
	size_t size = 0;
	int rc = make_elf(img, &f, &size, e);

	if (rc)
		return rc;
	d.file = f;
	d.abbrevs = (struct span){ (uint8_t *)f + f->sections[1 + ABBREV].sh_offset,
				   f->sections[1 + ABBREV].sh_size };
	d.elf = elf_memory((char *)f, size);
	d.dwarf = d.elf ? dwarf_begin_elf(d.elf, DWARF_C_READ, NULL) : NULL;
	if (!d.dwarf) {
		debuginfo_close(&d);
		return err_set(e, -EBADMSG, "DWARF: %s", dwarf_errmsg(-1));
	}
	*ret = d;
	return 0;
}

void debuginfo_close(struct debuginfo *d)
{
	dwarf_end(d->dwarf);
	elf_end(d->elf);
	free(d->file);
	*d = (struct debuginfo){ 0 };
}
