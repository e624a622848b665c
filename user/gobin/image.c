// SPDX-License-Identifier: Apache-2.0
/*
 * The file is mapped once; libelf walks its headers in place, everything else goes by segments
 * (PT_LOAD), as the kernel does: a segment maps the file's bytes [p_offset, +p_filesz) to
 * [p_vaddr, +p_filesz). Sections are only a hint where to look: they may be missing.
 */
#include "gobin/image.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* Type of the note that holds the Go build id (cmd/internal/buildid/note.go: elfGoBuildIDTag). */
#define NT_GO_BUILD_ID 4

#define NOTES_MAX 4096 /* bytes of notes in one place */

#define SECTION_NAME_MAX 256 /* bytes, with the NUL */

static int map_file(const char *path, struct span *ret, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *p;

	if (fd < 0)
		return err_sys(e, -errno, "open");
	if (fstat(fd, &st))
		return err_sys(e, -errno, "fstat");
	if (!S_ISREG(st.st_mode))
		return err_set(e, -ENOEXEC, "not a regular file");
	if (!st.st_size)
		return err_set(e, -ENOEXEC, "not an ELF file: empty");
	if ((uint64_t)st.st_size > IMAGE_MAX_BYTES)
		return err_set(e, -ENOEXEC, "a file of %lu bytes: larger than any program",
			       (uint64_t)st.st_size);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, -errno, "mmap");
	*ret = (struct span){ p, (size_t)st.st_size };
	return 0;
}

static int check_header(struct span file, Elf64_Ehdr *ret, struct err *e)
{
	const uint8_t *id = file.data;
	Elf64_Ehdr h;

	if (file.len < SELFMAG || memcmp(id, ELFMAG, SELFMAG))
		return err_set(e, -ENOEXEC, "not an ELF file");
	if (file.len < sizeof(h))
		return err_set(e, -EBADMSG, "ELF header: the file ends at +0x%zx", file.len);
	if (id[EI_CLASS] != ELFCLASS64 || id[EI_DATA] != ELFDATA2LSB)
		return err_set(
			e, -ENOEXEC,
			"an ELF file, but not a 64-bit little-endian one (class %u, data %u)",
			id[EI_CLASS], id[EI_DATA]);
	memcpy(&h, file.data, sizeof(h));
	if (h.e_machine != EM_X86_64)
		return err_set(e, -ENOEXEC, "an ELF file of another machine (%u, x86-64 is %u)",
			       h.e_machine, EM_X86_64);
	if (h.e_type != ET_EXEC && h.e_type != ET_DYN)
		return err_set(e, -ENOEXEC, "an ELF file, but not a program (type %u)", h.e_type);
	*ret = h;
	return 0;
}

/* Where the header tables are, before libelf allocates anything by their numbers. */
static int check_tables(struct span file, const Elf64_Ehdr *h, struct err *e)
{
	struct span s;

	if (h->e_phnum > IMAGE_MAX_HEADERS)
		return err_set(e, -EBADMSG, "program headers: %u, more than %u", h->e_phnum,
			       IMAGE_MAX_HEADERS);
	if (h->e_phentsize != sizeof(Elf64_Phdr) ||
	    !span_sub(file, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr), &s))
		return err_set(
			e, -EBADMSG,
			"program headers: %u of %u bytes at +0x%lx, past the end of the file",
			h->e_phnum, h->e_phentsize, h->e_phoff);
	if (!h->e_shoff)
		return 0;
	if (!h->e_shnum || h->e_shnum > IMAGE_MAX_SECTIONS)
		return err_set(e, -EBADMSG, "section headers: %u, not 1 to %u", h->e_shnum,
			       IMAGE_MAX_SECTIONS);
	if (h->e_shentsize != sizeof(Elf64_Shdr) ||
	    !span_sub(file, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr), &s))
		return err_set(
			e, -EBADMSG,
			"section headers: %u of %u bytes at +0x%lx, past the end of the file",
			h->e_shnum, h->e_shentsize, h->e_shoff);
	return 0;
}

/* All of the segments may have to be searched: none twice, for overlapping, and not too much. */
static int read_loads(struct image *img, struct err *e)
{
	uint64_t bytes = 0;
	size_t n;

	if (elf_getphdrnum(img->elf, &n))
		return err_set(e, -EBADMSG, "program headers: %s", elf_errmsg(-1));
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;
		struct span s;

		if (!gelf_getphdr(img->elf, (int)i, &ph))
			return err_set(e, -EBADMSG, "program header %zu: %s", i, elf_errmsg(-1));
		if (ph.p_type != PT_LOAD)
			continue;
		if (!span_sub(img->file, ph.p_offset, ph.p_filesz, &s))
			return err_set(e, -EBADMSG,
				       "program header %zu: bytes +0x%lx to +0x%lx of a file of "
				       "0x%zx",
				       i, ph.p_offset, ph.p_offset + ph.p_filesz, img->file.len);
		if (img->nloads == IMAGE_MAX_LOADS)
			return err_set(e, -EBADMSG, "program headers: more than %u PT_LOAD",
				       IMAGE_MAX_LOADS);
		bytes += ph.p_filesz;
		img->loads[img->nloads++] = (struct image_load){ .vaddr = ph.p_vaddr,
								 .offset = ph.p_offset,
								 .filesz = ph.p_filesz,
								 .exec = ph.p_flags & PF_X,
								 .write = ph.p_flags & PF_W };
	}
	if (!img->nloads)
		return err_set(e, -EBADMSG, "program headers: no PT_LOAD");
	if (bytes > img->file.len || bytes > IMAGE_MAX_LOADED)
		return err_set(e, -EBADMSG,
			       "program headers: segments of 0x%lx bytes in a file of 0x%zx", bytes,
			       img->file.len);
	return 0;
}

static bool read_section(const struct image *img, Elf_Scn *scn, struct image_section *ret)
{
	struct image_section s = { .name = "" };
	GElf_Shdr sh;

	if (!gelf_getshdr(scn, &sh))
		return false;
	if (sh.sh_type != SHT_NOBITS && sh.sh_type != SHT_NULL &&
	    !span_sub(img->file, sh.sh_offset, sh.sh_size, &s.data))
		return false;
	span_cstr_within(img->names, sh.sh_name, SECTION_NAME_MAX, &s.name);
	s.addr = sh.sh_addr;
	s.type = sh.sh_type;
	s.link = sh.sh_link;
	s.compressed = sh.sh_flags & SHF_COMPRESSED;
	s.align = sh.sh_addralign;
	*ret = s;
	return true;
}

/* Finds the section names, and checks that every section lies inside the file. */
static int read_sections(struct image *img, struct err *e)
{
	struct image_section s;
	Elf_Scn *names;
	size_t index;

	if (!elf_getshdrstrndx(img->elf, &index) && (names = elf_getscn(img->elf, index)) &&
	    read_section(img, names, &s))
		img->names = s.data;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(img->elf, scn));)
		if (!read_section(img, scn, &s))
			return err_set(e, -EBADMSG, "section %zu: past the end of the file",
				       elf_ndxscn(scn));
	return 0;
}

/* Checks img->file and fills in the rest. */
static int read_image(struct image *img, struct err *e)
{
	Elf64_Ehdr h = { 0 };
	int rc = check_header(img->file, &h, e);

	if (!rc)
		rc = check_tables(img->file, &h, e);
	if (rc)
		return rc;
	img->pie = h.e_type == ET_DYN;
	elf_version(EV_CURRENT);
	/* libelf takes a char *, but only writes when told to (elf_update). */
	img->elf = elf_memory((char *)img->file.data, img->file.len);
	if (!img->elf)
		return err_set(e, -EBADMSG, "ELF header: %s", elf_errmsg(-1));
	rc = read_loads(img, e);
	return rc ? rc : read_sections(img, e);
}

int image_read(struct span file, struct image *ret, struct err *e)
{
	struct image img = { .file = file };
	int rc = read_image(&img, e);

	if (rc)
		image_close(&img);
	else
		*ret = img;
	return rc;
}

int image_open(const char *path, struct image *ret, struct err *e)
{
	struct span file;
	int rc = map_file(path, &file, e);

	if (rc)
		return rc;
	rc = image_read(file, ret, e);
	if (rc)
		munmap((void *)file.data, file.len);
	else
		ret->mapped = true;
	return rc;
}

void image_close(struct image *img)
{
	elf_end(img->elf);
	if (img->mapped)
		munmap((void *)img->file.data, img->file.len);
	*img = (struct image){ 0 };
}

bool image_section(const struct image *img, const char *name, struct image_section *ret)
{
	struct image_section s;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(img->elf, scn));)
		if (read_section(img, scn, &s) && !strcmp(s.name, name)) {
			*ret = s;
			return true;
		}
	return false;
}

bool image_section_of_type(const struct image *img, uint32_t type, struct image_section *ret)
{
	struct image_section s;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(img->elf, scn));)
		if (read_section(img, scn, &s) && s.type == type) {
			*ret = s;
			return true;
		}
	return false;
}

static const struct image_load *load_of(const struct image *img, uint64_t addr)
{
	for (size_t i = 0; i < img->nloads; i++) {
		const struct image_load *l = &img->loads[i];

		if (addr >= l->vaddr && addr - l->vaddr < l->filesz)
			return l;
	}
	return NULL;
}

struct span image_load_bytes(const struct image *img, const struct image_load *l)
{
	return (struct span){ img->file.data + l->offset, l->filesz };
}

bool image_bytes(const struct image *img, uint64_t addr, uint64_t len, struct span *ret)
{
	const struct image_load *l = load_of(img, addr);

	return l && span_sub(image_load_bytes(img, l), addr - l->vaddr, len, ret);
}

bool image_u64(const struct image *img, uint64_t addr, uint64_t *ret)
{
	struct span s;

	return image_bytes(img, addr, sizeof(*ret), &s) && span_u64(s, 0, ret);
}

bool image_offset(const struct image *img, uint64_t addr, uint64_t *ret)
{
	const struct image_load *l = load_of(img, addr);

	if (!l)
		return false;
	*ret = l->offset + (addr - l->vaddr);
	return true;
}

bool image_symbol(const struct image *img, const char *name, uint64_t *ret)
{
	struct image_section syms, strs;
	size_t len = strlen(name) + 1;
	Elf_Scn *scn;

	if (!image_section_of_type(img, SHT_SYMTAB, &syms))
		return false;
	scn = elf_getscn(img->elf, syms.link);
	if (!scn || !read_section(img, scn, &strs))
		return false;
	for (uint64_t off = 0; off + sizeof(Elf64_Sym) <= syms.data.len; off += sizeof(Elf64_Sym)) {
		Elf64_Sym sym;
		struct span s;

		memcpy(&sym, syms.data.data + off, sizeof(sym));
		if (sym.st_shndx == SHN_UNDEF || !span_sub(strs.data, sym.st_name, len, &s) ||
		    memcmp(s.data, name, len))
			continue;
		*ret = sym.st_value;
		return true;
	}
	return false;
}

static void hex(const uint8_t *data, size_t len, char *ret, size_t size)
{
	for (size_t i = 0; i < len && 2 * i + 2 < size; i++)
		snprintf(ret + 2 * i, 3, "%02x", data[i]);
}

/* Copies printable ASCII, up to the first byte that is none. */
static void text(const uint8_t *data, size_t len, char *ret, size_t size)
{
	size_t i = 0;

	for (; i < len && i + 1 < size && data[i] > ' ' && data[i] < 0x7f; i++)
		ret[i] = (char)data[i];
	ret[i] = '\0';
}

/* Looks through some notes; true when the GNU build id was found (which beats the other). */
static bool notes_build_id(const struct image *img, uint64_t offset, uint64_t len, uint64_t align,
			   char *ret, size_t size)
{
	size_t off = 0, name, desc;
	Elf_Data *notes;
	GElf_Nhdr nh;

	if (len > NOTES_MAX)
		return false;
	notes = elf_getdata_rawchunk(img->elf, (int64_t)offset, len,
				     align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	while (notes && (off = gelf_getnote(notes, off, &nh, &name, &desc))) {
		const uint8_t *base = notes->d_buf;

		if (nh.n_namesz != 4 || !nh.n_descsz)
			continue;
		if (nh.n_type == NT_GNU_BUILD_ID && !memcmp(base + name, "GNU", 4)) {
			hex(base + desc, nh.n_descsz, ret, size);
			return true;
		}
		if (nh.n_type == NT_GO_BUILD_ID && !memcmp(base + name, "Go\0", 4))
			text(base + desc, nh.n_descsz, ret, size);
	}
	return false;
}

/* In sections first: Go's linker leaves the GNU note out of PT_NOTE when there is a Go one. */
void image_build_id(const struct image *img, char *ret, size_t size)
{
	struct image_section s;
	GElf_Phdr ph;
	size_t n = 0;

	*ret = '\0';
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(img->elf, scn));)
		if (read_section(img, scn, &s) && s.type == SHT_NOTE &&
		    notes_build_id(img, (uint64_t)(s.data.data - img->file.data), s.data.len,
				   s.align, ret, size))
			return;
	elf_getphdrnum(img->elf, &n);
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(img->elf, (int)i, &ph) && ph.p_type == PT_NOTE &&
		    notes_build_id(img, ph.p_offset, ph.p_filesz, ph.p_align, ret, size))
			return;
}
