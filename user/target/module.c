// SPDX-License-Identifier: Apache-2.0
/*
 * An address is looked up in /proc/PID/maps, which gives a file and an offset in it; the file's
 * program headers turn the offset into the address that its symbols and its .eh_frame use.
 */
#include "target/module.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vec.h"
#include "gobin/image.h"
#include "target/ehframe.h"
#include "target/proc.h"

#define MAX_MODULES 1024
#define MAX_SYMBOLS (1u << 22) /* of one file */
#define CALL_BYTES  8	       /* no call is longer */
#define REREAD_NS   100000000ull

struct module {
	uint64_t dev, inode;
	char *path;
	struct image image; /* elf NULL: no program that can be read */
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
	*ret = m;
	return 0;
}

static void module_deinit(struct module *mod)
{
	image_close(&mod->image);
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
static void open_mapped(const struct modules *m, const struct proc_mapping *p, struct image *ret)
{
	char path[64 + PROC_MAX_NAME];
	struct err unused;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", m->pid, p->start, p->end);
	if (!image_open(path, ret, &unused))
		return;
	snprintf(path, sizeof(path), "/proc/%d/root%s", m->pid, p->name);
	image_open(path, ret, &unused);
}

static bool module_init(struct module *mod, const struct modules *m, const struct proc_mapping *p)
{
	*mod = (struct module){ .dev = p->dev, .inode = p->inode, .path = strdup(p->name) };
	if (!mod->path)
		return false;
	mod->exe = !strcmp(mod->path, m->exe);
	open_mapped(m, p, &mod->image);
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
static bool link_addr(const struct image *img, uint64_t offset, uint64_t *ret)
{
	for (size_t i = 0; i < img->nloads; i++) {
		const struct image_load *l = &img->loads[i];

		if (offset >= l->offset && offset - l->offset < l->filesz) {
			*ret = offset - l->offset + l->vaddr;
			return true;
		}
	}
	return false;
}

/* The name of the function symbol that covers addr, in the first table of this type. */
static const char *symbol_in(const struct image *img, uint32_t type, uint64_t addr)
{
	struct image_section table;
	Elf64_Sym sym;

	if (!image_section_of_type(img, type, &table))
		return NULL;
	for (size_t i = 0; i < MAX_SYMBOLS && i < table.data.len / sizeof(sym); i++) {
		memcpy(&sym, table.data.data + i * sizeof(sym), sizeof(sym));
		if (ELF64_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_shndx != SHN_UNDEF &&
		    addr - sym.st_value < sym.st_size)
			return elf_strptr(img->elf, table.link, sym.st_name);
	}
	return NULL;
}

/* In the symbol table, else among those exported. ELF has no more than one table of each type. */
static const char *symbol_at(const struct image *img, uint64_t addr)
{
	const char *name = symbol_in(img, SHT_SYMTAB, addr);

	if (!name || !*name)
		name = symbol_in(img, SHT_DYNSYM, addr);
	return name && *name ? name : NULL;
}

bool modules_find(struct modules *m, uint64_t pc, struct module_code *ret)
{
	const struct mapping *map = find_mapping(m, pc);
	const struct module *mod = map ? &m->modules.data[map->module] : NULL;
	const char *slash = mod ? strrchr(mod->path, '/') : NULL;
	uint64_t offset = map ? pc - map->start + map->offset : 0;
	struct span code;
	uint64_t addr;

	/* A return address follows an instruction of the same function. */
	if (offset < CALL_BYTES || !link_addr(&mod->image, offset - 1, &addr))
		return false;
	*ret = (struct module_code){
		.module = slash ? slash + 1 : mod->path,
		.func = symbol_at(&mod->image, addr),
		.addr = addr + 1,
		.exe = mod->exe,
		.frame_pointer = ehframe_keeps_frame_pointer(&mod->image, addr),
	};
	ret->follows_call = image_bytes(&mod->image, ret->addr - CALL_BYTES, CALL_BYTES, &code) &&
			    module_follows_call(code.data, code.len);
	return true;
}
