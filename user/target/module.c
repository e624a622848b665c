// SPDX-License-Identifier: Apache-2.0
/*
 * An address is looked up in /proc/PID/maps, which gives a file and an offset in it; the file's
 * program headers turn the offset into the address that its symbols and its .eh_frame use.
 *
 * The .eh_frame (System V ABI for x86-64; read by libdw) describes for each instruction how to find
 * the caller's registers. gcc and clang write it for all code, also without -g, and strip(1) leaves
 * it: it is what tells code that keeps a frame pointer ("the frame is counted from rbp") from code
 * in which rbp is a register like any other.
 */
#include "target/module.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "target/proc.h"

#define MAX_MODULES 1024
#define MAX_SYMBOLS (1u << 22) /* of one file */
#define CALL_BYTES  8	       /* no call is longer */
#define REREAD_NS   100000000ull

#define DWARF_RBP 6 /* System V ABI for x86-64, figure 3.36 */

struct module {
	uint64_t dev, inode;
	char *path;
	int fd;
	Elf *elf;
	Dwarf_CFI *cfi;
	bool exe;
};

struct mapping {
	uint64_t start, end, offset;
	size_t module;
};

struct modules {
	pid_t pid;
	const char *exe;
	VEC(struct mapping) mappings;
	VEC(struct module) modules;
	uint64_t read_ns; /* when maps were last read, 0: never */
};

int modules_create(pid_t pid, const char *exe, struct modules **ret, struct err *e)
{
	struct modules *m = calloc(1, sizeof(*m));

	if (!m)
		return err_set(e, -ENOMEM, "modules: out of memory");
	m->pid = pid;
	m->exe = exe;
	elf_version(EV_CURRENT);
	*ret = m;
	return 0;
}

static void module_deinit(struct module *mod)
{
	if (mod->cfi)
		dwarf_cfi_end(mod->cfi);
	elf_end(mod->elf);
	if (mod->fd >= 0)
		close(mod->fd);
	free(mod->path);
}

void modules_destroy(struct modules *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->modules.len; i++)
		module_deinit(&m->modules.data[i]);
	vec_deinit(&m->modules);
	vec_deinit(&m->mappings);
	free(m);
}

static bool is_call_of(const uint8_t *code, size_t n)
{
	uint8_t mod, rm;
	size_t len = 2;

	if (n == 5 && code[0] == 0xe8)
		return true;
	/* ff /2: through a register or memory. */
	if (code[0] != 0xff || (code[1] >> 3 & 7) != 2)
		return false;
	mod = code[1] >> 6;
	rm = code[1] & 7;
	if (mod == 3)
		return n == len;
	if (rm == 4) {
		if (n < 3)
			return false;
		len++;
		if (mod == 0 && (code[2] & 7) == 5)
			len += 4;
	} else if (mod == 0 && rm == 5) {
		len += 4;
	}
	len += mod == 1 ? 1 : mod == 2 ? 4 : 0;
	return n == len;
}

bool module_follows_call(const uint8_t *code, size_t n)
{
	for (size_t len = 2; len <= n && len < CALL_BYTES; len++)
		if (is_call_of(code + n - len, len))
			return true;
	return false;
}

/* Opens the mapped file, as the process has it. */
static int open_mapped(const struct modules *m, const struct proc_mapping *p)
{
	char path[64 + PROC_MAX_NAME];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", m->pid, p->start, p->end);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%d/root%s", m->pid, p->name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static bool module_init(struct module *mod, const struct modules *m, const struct proc_mapping *p)
{
	*mod = (struct module){ .dev = p->dev, .inode = p->inode, .path = strdup(p->name) };
	mod->fd = open_mapped(m, p);
	if (!mod->path)
		return false;
	mod->exe = !strcmp(mod->path, m->exe);
	mod->elf = mod->fd >= 0 ? elf_begin(mod->fd, ELF_C_READ_MMAP, NULL) : NULL;
	mod->cfi = mod->elf ? dwarf_getcfi_elf(mod->elf) : NULL;
	return true;
}

/* The index of the file's module, opened if it is new; -1: there cannot be more. */
static ssize_t module_of(struct modules *m, const struct proc_mapping *p)
{
	struct module mod;

	for (size_t i = 0; i < m->modules.len; i++)
		if (m->modules.data[i].dev == p->dev && m->modules.data[i].inode == p->inode)
			return (ssize_t)i;
	if (m->modules.len >= MAX_MODULES)
		return -1;
	if (!module_init(&mod, m, p) || vec_push(&m->modules, mod)) {
		module_deinit(&mod);
		return -1;
	}
	return (ssize_t)m->modules.len - 1;
}

static int add_mapping(void *ctx, const struct proc_mapping *p)
{
	struct modules *m = ctx;
	struct mapping map = { p->start, p->end, p->offset, 0 };
	ssize_t module;

	if (!p->exec || !p->inode)
		return 0;
	module = module_of(m, p);
	if (module < 0)
		return 0;
	map.module = (size_t)module;
	return vec_push(&m->mappings, map);
}

static const struct mapping *mapping_at(const struct modules *m, uint64_t addr)
{
	for (size_t i = 0; i < m->mappings.len; i++) {
		const struct mapping *map = &m->mappings.data[i];

		if (addr >= map->start && addr < map->end)
			return map;
	}
	return NULL;
}

/* A library may have come since, but garbage is no reason to read on and on. */
static const struct mapping *find_mapping(struct modules *m, uint64_t addr)
{
	const struct mapping *map = mapping_at(m, addr);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct err e;

	if (map || (m->read_ns && now - m->read_ns < REREAD_NS))
		return map;
	m->read_ns = now;
	m->mappings.len = 0;
	if (proc_maps_each(m->pid, add_mapping, m, &e))
		return NULL;
	return mapping_at(m, addr);
}

/* The link-time address of what lies at an offset of the file. */
static bool link_addr(Elf *elf, uint64_t offset, uint64_t *ret)
{
	size_t n;

	if (!elf || elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n && i < 65536; i++) {
		GElf_Phdr ph;

		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD &&
		    offset >= ph.p_offset && offset - ph.p_offset < ph.p_filesz) {
			*ret = offset - ph.p_offset + ph.p_vaddr;
			return true;
		}
	}
	return false;
}

/* The function symbol of one table that covers addr. */
static const char *symbol_in(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, uint64_t addr)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t n = sh->sh_entsize ? sh->sh_size / sh->sh_entsize : 0;

	for (size_t i = 0; data && i < n && i < MAX_SYMBOLS; i++) {
		GElf_Sym sym;

		if (gelf_getsym(data, (int)i, &sym) && GELF_ST_TYPE(sym.st_info) == STT_FUNC &&
		    sym.st_shndx != SHN_UNDEF && addr >= sym.st_value &&
		    addr - sym.st_value < sym.st_size)
			return elf_strptr(elf, sh->sh_link, sym.st_name);
	}
	return NULL;
}

/* In the symbol table, else among those exported. */
static const char *symbol_at(Elf *elf, uint64_t addr)
{
	static const GElf_Word types[] = { SHT_SYMTAB, SHT_DYNSYM };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
			const char *name;
			GElf_Shdr sh;

			if (!gelf_getshdr(scn, &sh) || sh.sh_type != types[i])
				continue;
			name = symbol_in(elf, scn, &sh, addr);
			if (name && *name)
				return name;
		}
	}
	return NULL;
}

/* Whether the register is saved at this offset from the frame's address. */
static bool saved_at(Dwarf_Frame *frame, int reg, int64_t offset)
{
	Dwarf_Op mem[3], *ops;
	size_t n;

	/* libdw: where it is, as an expression that starts from the frame's address. */
	if (dwarf_frame_register(frame, reg, mem, &ops, &n) || !ops || n < 1 || n > 2 ||
	    ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	return n == 1 ? offset == 0
		      : ops[1].atom == DW_OP_plus_uconst && (int64_t)ops[1].number == offset;
}

static bool keeps_frame_pointer(Dwarf_CFI *cfi, uint64_t addr)
{
	Dwarf_Frame *frame = NULL;
	Dwarf_Op *ops;
	size_t n;
	bool ret;

	if (!cfi || dwarf_cfi_addrframe(cfi, addr, &frame))
		return false;
	ret = !dwarf_frame_cfa(frame, &ops, &n) && n == 1 && ops[0].atom == DW_OP_bregx &&
	      ops[0].number == DWARF_RBP && ops[0].number2 == 16 && saved_at(frame, DWARF_RBP, -16);
	free(frame);
	return ret;
}

bool modules_find(struct modules *m, uint64_t pc, struct module_code *ret)
{
	const struct mapping *map = find_mapping(m, pc);
	const struct module *mod = map ? &m->modules.data[map->module] : NULL;
	const char *slash = mod ? strrchr(mod->path, '/') : NULL;
	uint64_t offset = map ? pc - map->start + map->offset : 0;
	uint8_t code[CALL_BYTES];
	uint64_t addr;

	/* A return address follows an instruction of the same function. */
	if (offset < sizeof(code) || !link_addr(mod->elf, offset - 1, &addr))
		return false;
	*ret = (struct module_code){
		.module = slash ? slash + 1 : mod->path,
		.func = symbol_at(mod->elf, addr),
		.addr = addr + 1,
		.exe = mod->exe,
		.frame_pointer = keeps_frame_pointer(mod->cfi, addr),
	};
	ret->follows_call = pread(mod->fd, code, sizeof(code), (off_t)(offset - sizeof(code))) ==
				    sizeof(code) &&
			    module_follows_call(code, sizeof(code));
	return true;
}
