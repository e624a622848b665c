/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions, files and lines in every Go program, searched where it lies. */
#ifndef MAPPROBE_GOBIN_PCLNTAB_H
#define MAPPROBE_GOBIN_PCLNTAB_H

#include "base/err.h"
#include "gobin/gobin.h"
#include "gobin/image.h"
#include "gobin/layout.h"

struct pclntab {
	const struct pclntab_format *format;
	uint64_t addr, size;
	uint64_t nfunc;
	/* Its parts and where they are (moduledata has the same addresses). */
	struct span names, cutab, filetab, pctab, funcs;
	uint64_t names_addr, funcs_addr;
	/* From moduledata: what functab and funcdata offsets count from; 0 for addresses. */
	uint64_t text, gofunc;
};

/* One entry of the functab and the runtime._func it leads to. */
struct pclntab_func {
	uint64_t addr, end;
	struct span rec; /* _func and what follows it, at least format->func.size bytes */
};

/*
 * Finds the pclntab of an image, without text and gofunc.
 * Errors: -EBADMSG: none, or damaged (the first one found tells).
 */
int pclntab_find(const struct image *img, const struct pclntab_format *format, struct pclntab *ret,
		 struct err *e);

/* The i-th function; false when i or its entry is out of range. */
bool pclntab_func(const struct pclntab *t, uint64_t i, struct pclntab_func *ret);
/* The function that covers addr. */
bool pclntab_func_at(const struct pclntab *t, uint64_t addr, struct pclntab_func *ret);
bool pclntab_name(const struct pclntab *t, uint32_t name_off, const char **ret);
bool pclntab_func_name(const struct pclntab *t, const struct pclntab_func *f, const char **ret);
/* See gobin_find_funcs. */
void pclntab_find_funcs(const struct pclntab *t, const char *const *names, size_t n,
			struct gobin_func *found);

/*
 * The value that the pc-value table at off of the pctab has for addr, which is in f. -1 where there
 * is no table (off 0), and where it is damaged or ends before.
 */
int32_t pclntab_value(const struct pclntab *t, const struct pclntab_func *f, uint32_t off,
		      uint64_t addr);
/* See gobin_sp_delta. */
bool pclntab_sp_delta(const struct pclntab *t, uint64_t addr, uint32_t *ret);
/* Source file and line of addr, which is in f; "?" and 0 when not recorded. */
void pclntab_file_line(const struct pclntab *t, const struct pclntab_func *f, uint64_t addr,
		       struct gobin_line *ret);

/* See gobin_lines. */
size_t inltree_lines(const struct image *img, const struct pclntab *t, uint64_t addr,
		     struct gobin_line *lines, size_t max);

#endif
