// SPDX-License-Identifier: Apache-2.0
/*
 * The pclntab (runtime/symtab.go, written by cmd/link/internal/ld/pcln.go) starts with a header:
 *
 *	u32 magic; u8 0, 0, minLC (1), ptrSize (8); u64 nfunc, nfiles[, textStart];
 *	u64 funcnameOffset, cuOffset, filetabOffset, pctabOffset, pclnOffset
 *
 * The five offsets count from the header and lead to its parts, in this order:
 *
 *	names    NUL-terminated function names, found by offset
 *	cutab    u32 offsets into filetab, a run of them for each compilation unit
 *	filetab  NUL-terminated file names
 *	pctab    pc-value tables: pairs of varints (delta of value, delta of pc), see pclntab_value
 *	funcs    the functab, nfunc pairs {entry, offset of the _func in funcs} sorted by entry and
 *	         one more entry, the end of the last function; then the _funcs
 *
 * runtime._func is {entry, name, .., offsets in pctab, npcdata, cu, .., nfuncdata}, followed by
 * npcdata u32 offsets of further pc-value tables and nfuncdata references to other data.
 *
 * Each part ends where the next one starts; funcs ends with the section, or, when the table was
 * found without section headers, with the segment. The entries say "text + offset" and are always
 * counted from moduledata.text: pcHeader.textStart is 0 from Go 1.26 on.
 */
#include "gobin/pclntab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_LEN 8
#define NFUNC	  8

/* The largest programs have some hundred thousand; all are walked through to find some by name. */
#define MAX_FUNCS (1u << 22)

/* Steps in one pc-value table: the largest functions have some hundred thousand instructions. */
#define MAX_STEPS (1u << 20)

/* Names that one pass looks for. */
#define WANTED_MAX 256

/* Bytes of a function or file name, with its NUL: those of generic functions can be long. */
#define STRING_MAX 65536

enum { NAMES, CUTAB, FILETAB, PCTAB, FUNCS, NPARTS };

static uint64_t word_size(const struct pclntab *t)
{
	return t->format->wide ? 8 : 4;
}

static bool read_word(const struct pclntab *t, struct span s, uint64_t off, uint64_t *ret)
{
	uint32_t v;

	if (t->format->wide)
		return span_u64(s, off, ret);
	if (!span_u32(s, off, &v))
		return false;
	*ret = v;
	return true;
}

static void magic_of(const struct pclntab_format *format, uint8_t ret[MAGIC_LEN])
{
	memcpy(ret, &format->magic, 4);
	memcpy(ret + 4, "\0\0\1\x08", 4);
}

/* Checks the header at the start of s, which is at addr, and finds the parts. */
static int read_header(struct span s, uint64_t addr, const struct pclntab_format *format,
		       struct pclntab *ret, struct err *e)
{
	static const char *const part[] = { "funcnameOffset", "cuOffset", "filetabOffset",
					    "pctabOffset", "pclnOffset" };
	struct pclntab t = { .format = format, .addr = addr, .size = s.len };
	struct span *spans[NPARTS] = { &t.names, &t.cutab, &t.filetab, &t.pctab, &t.funcs };
	uint64_t off[NPARTS + 1];
	uint8_t magic[MAGIC_LEN];

	magic_of(format, magic);
	if (s.len < format->offsets + 8u * NPARTS || memcmp(s.data, magic, MAGIC_LEN))
		return err_set(e, -EBADMSG, "pclntab: no header of magic 0x%x at 0x%lx",
			       format->magic, addr);
	span_u64(s, NFUNC, &t.nfunc);
	for (int i = 0; i < NPARTS; i++)
		span_u64(s, format->offsets + 8 * (uint64_t)i, &off[i]);
	off[NPARTS] = s.len;
	for (int i = 0; i < NPARTS; i++)
		if (off[i] > off[i + 1] || !span_sub(s, off[i], off[i + 1] - off[i], spans[i]))
			return err_set(e, -EBADMSG, "pclntab: %s 0x%lx: past 0x%lx", part[i],
				       off[i], off[i + 1]);
	/* Two words a function and the end of the last one. */
	if (!t.nfunc || t.nfunc > MAX_FUNCS || t.nfunc > t.funcs.len / (2 * word_size(&t)) ||
	    (2 * t.nfunc + 1) * word_size(&t) > t.funcs.len)
		return err_set(e, -EBADMSG, "pclntab: functab of %lu entries in 0x%zx bytes",
			       t.nfunc, t.funcs.len);
	t.names_addr = addr + off[NAMES];
	t.funcs_addr = addr + off[FUNCS];
	*ret = t;
	return 0;
}

/* The header at an 8-byte aligned place of a segment. */
static bool search(const struct image *img, const struct image_load *l,
		   const struct pclntab_format *format, struct pclntab *ret)
{
	struct span s = image_load_bytes(img, l), rest;
	const uint8_t *at = s.data;
	uint8_t magic[MAGIC_LEN];
	struct err ignored;

	magic_of(format, magic);
	if (!s.len)
		return false;
	while ((at = memmem(at, s.len - (size_t)(at - s.data), magic, MAGIC_LEN))) {
		size_t off = (size_t)(at - s.data);

		if ((l->vaddr + off) % 8 == 0 && span_sub(s, off, s.len - off, &rest) &&
		    !read_header(rest, l->vaddr + off, format, ret, &ignored))
			return true;
		at++;
	}
	return false;
}

/*
 * In a section of its own: .gopclntab, or up to Go 1.25 in PIE .data.rel.ro.gopclntab. Without
 * (PIE and libraries linked by the C linker up to 1.25; no section headers) its magic is searched,
 * data before code.
 */
int pclntab_find(const struct image *img, const struct pclntab_format *format, struct pclntab *ret,
		 struct err *e)
{
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	struct image_section sec;
	struct span s;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (image_section(img, names[i], &sec) &&
		    image_bytes(img, sec.addr, sec.data.len, &s))
			return read_header(s, sec.addr, format, ret, e);
	for (int exec = 0; exec <= 1; exec++)
		for (size_t i = 0; i < img->nloads; i++)
			if (img->loads[i].exec == exec && search(img, &img->loads[i], format, ret))
				return 0;
	return err_set(e, -EBADMSG, "pclntab: not found (magic 0x%x)", format->magic);
}

static bool entry_addr(const struct pclntab *t, uint64_t i, uint64_t *ret)
{
	uint64_t off;

	if (!read_word(t, t->funcs, 2 * i * word_size(t), &off))
		return false;
	*ret = t->text + off;
	return true;
}

bool pclntab_func(const struct pclntab *t, uint64_t i, struct pclntab_func *ret)
{
	struct pclntab_func f;
	uint64_t off;

	if (i >= t->nfunc || !entry_addr(t, i, &f.addr) || !entry_addr(t, i + 1, &f.end) ||
	    f.end <= f.addr || !read_word(t, t->funcs, (2 * i + 1) * word_size(t), &off) ||
	    off >= t->funcs.len || !span_sub(t->funcs, off, t->funcs.len - off, &f.rec) ||
	    f.rec.len < t->format->func.size)
		return false;
	*ret = f;
	return true;
}

bool pclntab_func_at(const struct pclntab *t, uint64_t addr, struct pclntab_func *ret)
{
	uint64_t lo = 0, hi = t->nfunc, at;
	struct pclntab_func f;

	/* The first entry in [lo, hi] above addr is hi. */
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (!entry_addr(t, mid, &at))
			return false;
		if (at <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!hi || !pclntab_func(t, hi - 1, &f) || addr < f.addr || addr >= f.end)
		return false;
	*ret = f;
	return true;
}

bool pclntab_name(const struct pclntab *t, uint32_t name_off, const char **ret)
{
	return span_cstr_within(t->names, name_off, STRING_MAX, ret);
}

bool pclntab_func_name(const struct pclntab *t, const struct pclntab_func *f, const char **ret)
{
	uint32_t off;

	return span_u32(f->rec, t->format->func.name, &off) && pclntab_name(t, off, ret);
}

struct wanted {
	const char *name;
	size_t len; /* with the NUL */
	size_t index;
};

static int wanted_cmp(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The first of the sorted names that the table has at name_off; n if none. */
static size_t wanted_find(const struct pclntab *t, uint32_t name_off, const struct wanted *w,
			  size_t n)
{
	size_t lo = 0, hi = n;
	struct span s;

	if (name_off >= t->names.len || !span_sub(t->names, name_off, t->names.len - name_off, &s))
		return n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strncmp(w[mid].name, (const char *)s.data, s.len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == n || s.len < w[lo].len || memcmp(w[lo].name, s.data, w[lo].len))
		return n;
	return lo;
}

static void find_wanted(const struct pclntab *t, const struct wanted *w, size_t n,
			struct gobin_func *found)
{
	struct pclntab_func f;
	uint32_t off;

	for (uint64_t i = 0; i < t->nfunc; i++) {
		if (!pclntab_func(t, i, &f) || !span_u32(f.rec, t->format->func.name, &off))
			continue;
		for (size_t k = wanted_find(t, off, w, n); k < n; k++) {
			struct gobin_func *to = &found[w[k].index];

			if (memcmp(w[k].name, t->names.data + off, w[k].len))
				break;
			if (!to->addr)
				*to = (struct gobin_func){ f.addr, f.end,
							   (const char *)t->names.data + off };
		}
	}
}

void pclntab_find_funcs(const struct pclntab *t, const char *const *names, size_t n,
			struct gobin_func *found)
{
	struct wanted w[WANTED_MAX];

	memset(found, 0, n * sizeof(*found));
	for (size_t from = 0; from < n; from += WANTED_MAX) {
		size_t count = n - from < WANTED_MAX ? n - from : WANTED_MAX;

		for (size_t i = 0; i < count; i++)
			w[i] = (struct wanted){ names[from + i], strlen(names[from + i]) + 1,
						from + i };
		qsort(w, count, sizeof(w[0]), wanted_cmp);
		find_wanted(t, w, count, found);
	}
}

/*
 * A pc-value table is a run-length encoding of "value at pc" over one function: starting from pc
 * = entry and value = -1, each pair adds to the value (zigzag) and then moves pc to where that
 * value ends. A value delta of 0 ends it, except in the first pair. A pc never stands still.
 */
int32_t pclntab_value(const struct pclntab *t, const struct pclntab_func *f, uint32_t off,
		      uint64_t addr)
{
	struct reader r = reader_of(t->pctab);
	uint64_t pc = f->addr;
	uint32_t value = -1u;

	if (!off)
		return -1;
	r.off = off;
	for (unsigned int i = 0; i < MAX_STEPS && pc < f->end; i++) {
		uint32_t delta = (uint32_t)reader_uvarint(&r);
		uint64_t step = reader_uvarint(&r);

		if (r.failed || (!delta && i) || !step || step > f->end - pc)
			return -1;
		value += delta & 1 ? ~(delta >> 1) : delta >> 1;
		pc += step;
		if (addr < pc)
			return (int32_t)value;
	}
	return -1;
}

bool pclntab_sp_delta(const struct pclntab *t, uint64_t addr, uint32_t *ret)
{
	struct pclntab_func f;
	uint32_t pcsp;
	int32_t delta;

	if (!pclntab_func_at(t, addr, &f) || !span_u32(f.rec, t->format->func.pcsp, &pcsp))
		return false;
	delta = pclntab_value(t, &f, pcsp, addr);
	if (delta < 0 || delta % 8)
		return false;
	*ret = (uint32_t)delta;
	return true;
}

static bool file_name(const struct pclntab *t, const struct pclntab_func *f, int32_t file,
		      const char **ret)
{
	uint32_t cu, off;

	return file >= 0 && span_u32(f->rec, t->format->func.cu, &cu) &&
	       span_u32(t->cutab, ((uint64_t)cu + (uint32_t)file) * 4, &off) &&
	       span_cstr_within(t->filetab, off, STRING_MAX, ret);
}

void pclntab_file_line(const struct pclntab *t, const struct pclntab_func *f, uint64_t addr,
		       struct gobin_line *ret)
{
	uint32_t pcfile = 0, pcln = 0;
	int32_t line;

	span_u32(f->rec, t->format->func.pcfile, &pcfile);
	span_u32(f->rec, t->format->func.pcln, &pcln);
	line = pclntab_value(t, f, pcln, addr);
	ret->file = "?";
	ret->line = 0;
	if (line >= 0 && file_name(t, f, pclntab_value(t, f, pcfile, addr), &ret->file))
		ret->line = (uint32_t)line;
}
