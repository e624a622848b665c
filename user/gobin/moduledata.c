// SPDX-License-Identifier: Apache-2.0
/*
 * runtime.moduledata (runtime/symtab.go) starts with the address of the pclntab, followed by slices
 * {address, length, capacity} of its parts. From Go 1.26 on it is alone in section .go.module;
 * before, it is somewhere in writable data and found as the place that points to the pclntab and
 * agrees with its header. The file holds link-time addresses also where relocations will change
 * them at load time (PIE): both linkers write the addend of R_X86_64_RELATIVE in place.
 */
#include "gobin/moduledata.h"

#include <errno.h>

/* Offsets that are the same from 1.17 to 1.27. */
enum {
	MD_PCHEADER = 0x00,
	MD_FUNCNAMETAB = 0x08,
	MD_PCLNTABLE = 0x68,
	MD_FTAB = 0x80,
	MD_FTAB_LEN = 0x88,
	MD_TEXT = 0xb0,
	MD_ETEXT = 0xb8,
	MD_NOPTRDATA = 0xc0, /* the first of MODULEDATA_NDATA pairs */
};

/* Whether s starts with a moduledata that describes t. */
static bool read_at(struct span s, uint64_t addr, const struct moduledata_format *format,
		    const struct pclntab *t, struct moduledata *ret)
{
	struct moduledata md = { .addr = addr };
	uint64_t header, names, funcs, ftab, ftab_len;

	if (!span_u64(s, MD_PCHEADER, &header) || header != t->addr ||
	    !span_u64(s, MD_FUNCNAMETAB, &names) || names != t->names_addr ||
	    !span_u64(s, MD_PCLNTABLE, &funcs) || funcs != t->funcs_addr ||
	    !span_u64(s, MD_FTAB, &ftab) || ftab != t->funcs_addr ||
	    !span_u64(s, MD_FTAB_LEN, &ftab_len) || ftab_len != t->nfunc + 1)
		return false;
	if (!span_u64(s, MD_TEXT, &md.text) || !span_u64(s, MD_ETEXT, &md.etext) ||
	    !span_u64(s, format->types, &md.types) || !span_u64(s, format->etypes, &md.etypes) ||
	    (format->gofunc && !span_u64(s, format->gofunc, &md.gofunc)) || md.text >= md.etext ||
	    md.types >= md.etypes)
		return false;
	for (uint64_t i = 0; i < MODULEDATA_NDATA; i++)
		if (!span_u64(s, MD_NOPTRDATA + 16 * i, &md.data[i].start) ||
		    !span_u64(s, MD_NOPTRDATA + 16 * i + 8, &md.data[i].end))
			return false;
	*ret = md;
	return true;
}

/* Tries every 8-byte aligned place. */
static bool search(struct span s, uint64_t vaddr, const struct moduledata_format *format,
		   const struct pclntab *t, struct moduledata *ret)
{
	uint64_t at;

	for (uint64_t off = -vaddr % 8; span_u64(s, off, &at); off += 8) {
		struct span rest = { s.data + off, s.len - off };

		if (at == t->addr && read_at(rest, vaddr + off, format, t, ret))
			return true;
	}
	return false;
}

int moduledata_find(const struct image *img, const struct moduledata_format *format,
		    const struct pclntab *t, struct moduledata *ret, struct err *e)
{
	/* Where it is known to be, from the smallest. */
	static const char *const names[] = { ".go.module", ".noptrdata", ".data" };
	struct image_section sec;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (image_section(img, names[i], &sec) &&
		    search(sec.data, sec.addr, format, t, ret))
			return 0;
	for (size_t i = 0; i < img->nloads; i++) {
		const struct image_load *l = &img->loads[i];

		if (l->write && search(image_load_bytes(img, l), l->vaddr, format, t, ret))
			return 0;
	}
	return err_set(e, -EBADMSG,
		       "moduledata: nothing in the data points to the pclntab at 0x%lx", t->addr);
}
