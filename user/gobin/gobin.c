// SPDX-License-Identifier: Apache-2.0
/*
 * A Go binary, put together: image (ELF) -> build info (version) -> the version's layout ->
 * pclntab -> moduledata. Opening touches a few pages of each, whatever the size of the file (but
 * for the DWARF of a release that the table of layouts does not know).
 */
#include "gobin/gobin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/u64map.h"
#include "gobin/buildinfo.h"
#include "gobin/buildversion.h"
#include "gobin/globals.h"
#include "gobin/image.h"
#include "gobin/layout.h"
#include "gobin/moduledata.h"
#include "gobin/pclntab.h"
#include "gobin/rtype.h"

#define BUILD_ID_MAX 256
#define PAGE_MASK    (~(uint64_t)0xfff)

struct gobin {
	char *path;
	struct image image;
	struct buildinfo buildinfo;
	struct gobin_layout layout;
	struct pclntab_format format;
	struct pclntab pclntab;
	struct moduledata moduledata;
	char build_id[BUILD_ID_MAX];
	struct gobin_info info;
	/* Address of a type -> its name (a char *): names are not NUL-terminated in the file. */
	struct u64map *type_names;
	struct globals *globals;
};

static int read_version(struct gobin *b, struct err *e)
{
	struct buildinfo *bi = &b->buildinfo;
	int rc = buildinfo_read(&b->image, bi, e);

	if (rc == -ENOEXEC)
		rc = buildversion_find(&b->image, &bi->version, e);
	if (rc)
		return rc;
	if (!go_version_parse(bi->version, &b->info.go))
		return err_set(e, -ENOTSUP, "built with a Go of unknown version \"%s\"",
			       bi->version);
	return 0;
}

static void fill_info(struct gobin *b)
{
	const struct buildinfo *bi = &b->buildinfo;
	struct image_section sec;

	b->info.path = b->path;
	b->info.version = bi->version;
	b->info.module = bi->module ? bi->module : "";
	b->info.module_version = bi->module_version ? bi->module_version : "";
	image_build_id(&b->image, b->build_id, sizeof(b->build_id));
	b->info.build_id = b->build_id;
	b->info.stripped = !image_section_of_type(&b->image, SHT_SYMTAB, &sec);
	b->info.pie = b->image.pie;
	b->info.dwarf = image_section(&b->image, ".debug_info", &sec) ||
			image_section(&b->image, ".zdebug_info", &sec);
	b->info.swiss = b->layout.map_dirptr != GOBIN_ABSENT;
}

/* A release that the table of layouts does not know may have another kind of pclntab, too. */
static int find_pclntab(struct gobin *b, struct err *e)
{
	struct err why;
	int rc = pclntab_find(&b->image, &b->format, &b->pclntab, &why);

	if (rc && b->info.layout_source == GOBIN_LAYOUT_DWARF)
		return err_set(e, -ENOTSUP, "built with %s, not supported: %s",
			       b->buildinfo.version, why.msg);
	return rc ? err_set(e, rc, "%s", why.msg) : 0;
}

static int open_parts(struct gobin *b, const char *path, struct err *e)
{
	int rc = image_open(path, &b->image, e);

	if (!rc)
		rc = read_version(b, e);
	if (!rc)
		rc = layout_find(&b->image, b->buildinfo.version, &b->info.go, &b->layout,
				 &b->info.layout_source, e);
	if (!rc)
		rc = pclntab_format(&b->layout, b->info.go.minor, &b->format, e);
	if (!rc)
		rc = find_pclntab(b, e);
	if (!rc)
		rc = moduledata_find(&b->image, &b->layout, &b->pclntab, &b->moduledata, e);
	if (!rc)
		moduledata_attach(&b->moduledata, &b->pclntab);
	return rc;
}

int gobin_open(const char *path, struct gobin **ret, struct err *e)
{
	struct gobin *b = calloc(1, sizeof(*b));
	int rc;

	if (b) {
		b->path = strdup(path);
		b->type_names = calloc(1, sizeof(*b->type_names));
		b->globals = globals_create(&b->image, &b->pclntab, &b->moduledata, &b->info.go);
	}
	if (!b || !b->path || !b->type_names || !b->globals) {
		gobin_close(b);
		return err_set(e, -ENOMEM, "%s: out of memory", path);
	}
	rc = open_parts(b, path, e);
	if (rc) {
		gobin_close(b);
		err_prefix(e, "%s", path);
		return rc;
	}
	fill_info(b);
	*ret = b;
	return 0;
}

void gobin_close(struct gobin *b)
{
	if (!b)
		return;
	for (size_t i = 0; b->type_names && i < b->type_names->cap; i++)
		if (b->type_names->slots[i].used)
			free((char *)(uintptr_t)b->type_names->slots[i].value);
	if (b->type_names)
		u64map_deinit(b->type_names);
	free(b->type_names);
	globals_destroy(b->globals);
	buildinfo_deinit(&b->buildinfo);
	image_close(&b->image);
	free(b->path);
	free(b);
}

const struct gobin_info *gobin_info(const struct gobin *b)
{
	return &b->info;
}

const struct gobin_layout *gobin_layout(const struct gobin *b)
{
	return &b->layout;
}

bool gobin_layout_doubt(const struct gobin *b, struct err *why)
{
	static const char *const rests_on[] = {
		[GOBIN_LAYOUT_DWARF] = "where fields are is from its own DWARF, which functions "
				       "take what is as in the nearest release that is known",
		[GOBIN_LAYOUT_PATCH] = "it is taken for the newest patch release that is known",
		[GOBIN_LAYOUT_VENDOR] = "it is taken for the release that its name says",
	};
	enum gobin_layout_source source = b->info.layout_source;

	if (source == GOBIN_LAYOUT_TABLE)
		return false;
	err_set(why, -ENOTSUP, "%.80s is none of the releases that mapprobe was checked with: %s",
		b->info.version, rests_on[source]);
	return true;
}

void gobin_find_funcs(const struct gobin *b, const char *const *names, size_t n,
		      struct gobin_func *found)
{
	pclntab_find_funcs(&b->pclntab, names, n, found);
}

bool gobin_func_at(const struct gobin *b, uint64_t addr, struct gobin_func *ret)
{
	struct pclntab_func f;
	const char *name;

	if (!pclntab_func_at(&b->pclntab, addr, &f) || !pclntab_func_name(&b->pclntab, &f, &name))
		return false;
	*ret = (struct gobin_func){ f.addr, f.end, name };
	return true;
}

size_t gobin_lines(const struct gobin *b, uint64_t addr, struct gobin_line *lines, size_t max)
{
	return inltree_lines(&b->image, &b->pclntab, addr, lines, max);
}

bool gobin_sp_delta(const struct gobin *b, uint64_t addr, uint32_t *ret)
{
	return pclntab_sp_delta(&b->pclntab, addr, ret);
}

bool gobin_bytes(const struct gobin *b, uint64_t addr, uint64_t len, struct span *ret)
{
	return image_bytes(&b->image, addr, len, ret);
}

bool gobin_file_offset(const struct gobin *b, uint64_t addr, uint64_t *ret)
{
	return image_offset(&b->image, addr, ret);
}

int gobin_global(const struct gobin *b, const char *name, uint64_t *ret, struct err *e)
{
	int rc;

	if (image_symbol(&b->image, name, ret))
		return 0;
	rc = b->info.stripped ? globals_find(b->globals, name, ret, e)
			      : err_set(e, -ENOENT, "it is not in the symbol table");
	if (rc)
		err_prefix(e, "the address of %s is not known", name);
	return rc;
}

int gobin_type_name(const struct gobin *b, uint64_t addr, const char **ret, struct err *e)
{
	uint64_t *known = u64map_get(b->type_names, addr);
	char *name;
	int rc;

	if (!known) {
		rc = rtype_name(&b->image, &b->moduledata, addr, &name, e);
		if (rc)
			return rc;
		if (u64map_put(b->type_names, addr, (uintptr_t)name)) {
			free(name);
			return err_set(e, -ENOMEM, "type at 0x%lx: out of memory", addr);
		}
		known = u64map_get(b->type_names, addr);
	}
	*ret = (const char *)(uintptr_t)*known;
	return 0;
}

void gobin_load_base(const struct gobin *b, uint64_t *vaddr, uint64_t *offset)
{
	*vaddr = b->image.loads[0].vaddr & PAGE_MASK;
	*offset = b->image.loads[0].offset & PAGE_MASK;
}

void gobin_text(const struct gobin *b, uint64_t *vaddr, uint64_t *size, uint64_t *offset)
{
	for (size_t i = 0; i < b->image.nloads; i++) {
		const struct image_load *l = &b->image.loads[i];

		if (!l->exec)
			continue;
		*vaddr = l->vaddr & PAGE_MASK;
		*offset = l->offset & PAGE_MASK;
		*size = l->vaddr + l->filesz - *vaddr;
		return;
	}
	*vaddr = *size = *offset = 0;
}
