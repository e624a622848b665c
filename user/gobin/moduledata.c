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

#define SLICE_LEN 8

/* Whether s starts with a moduledata that describes t. */
static bool read_at(struct span s, uint64_t addr, const struct gobin_layout *l,
		    const struct pclntab *t, struct moduledata *ret)
{
	/* Each the start and the end: noptrdata, enoptrdata. */
	const uint32_t data[MODULEDATA_NDATA] = { l->moduledata_noptrdata, l->moduledata_data,
						  l->moduledata_bss, l->moduledata_noptrbss };
	struct moduledata md = { .addr = addr };
	uint64_t header, names, funcs, ftab, ftab_len;

	if (!span_u64(s, l->moduledata_pcheader, &header) || header != t->addr ||
	    !span_u64(s, l->moduledata_funcnametab, &names) || names != t->names_addr ||
	    !span_u64(s, l->moduledata_pclntable, &funcs) || funcs != t->funcs_addr ||
	    !span_u64(s, l->moduledata_ftab, &ftab) || ftab != t->funcs_addr ||
	    !span_u64(s, l->moduledata_ftab + SLICE_LEN, &ftab_len) || ftab_len != t->nfunc + 1)
		return false;
	if (!span_u64(s, l->moduledata_text, &md.text) ||
	    !span_u64(s, l->moduledata_etext, &md.etext) ||
	    !span_u64(s, l->moduledata_types, &md.types) ||
	    !span_u64(s, l->moduledata_etypes, &md.etypes) ||
	    (l->moduledata_gofunc != GOBIN_ABSENT &&
	     !span_u64(s, l->moduledata_gofunc, &md.gofunc)) ||
	    md.text >= md.etext || md.types >= md.etypes)
		return false;
	for (int i = 0; i < MODULEDATA_NDATA; i++)
		if (!span_u64(s, data[i], &md.data[i].start) ||
		    !span_u64(s, (uint64_t)data[i] + 8, &md.data[i].end))
			return false;
	*ret = md;
	return true;
}

/* Tries every 8-byte aligned place. */
static bool search(struct span s, uint64_t vaddr, const struct gobin_layout *l,
		   const struct pclntab *t, struct moduledata *ret)
{
	uint64_t at;

	for (uint64_t off = -vaddr % 8; span_u64(s, off, &at); off += 8) {
		struct span rest = { s.data + off, s.len - off };

		if (at == t->addr && read_at(rest, vaddr + off, l, t, ret))
			return true;
	}
	return false;
}

int moduledata_find(const struct image *img, const struct gobin_layout *l, const struct pclntab *t,
		    struct moduledata *ret, struct err *e)
{
	/* Where it is known to be, from the smallest. */
	static const char *const names[] = { ".go.module", ".noptrdata", ".data" };
	struct image_section sec;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (image_section(img, names[i], &sec) && search(sec.data, sec.addr, l, t, ret))
			return 0;
	for (size_t i = 0; i < img->nloads; i++) {
		const struct image_load *load = &img->loads[i];

		if (load->write && search(image_load_bytes(img, load), load->vaddr, l, t, ret))
			return 0;
	}
	return err_set(e, -EBADMSG,
		       "moduledata: nothing in the data points to the pclntab at 0x%lx", t->addr);
}

void moduledata_attach(const struct moduledata *md, struct pclntab *t)
{
	if (t->format->wide)
		return;
	t->text = md->text;
	t->gofunc = md->gofunc;
}
