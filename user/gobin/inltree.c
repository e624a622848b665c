// SPDX-License-Identifier: Apache-2.0
/*
 * Inlining (runtime/symtabinl.go). A function with inlined calls has an inline tree, an array of
 * runtime.inlinedCall {.., name, parentPc, startLine} reached through funcdata 3, and a pc-value
 * table, pcdata 2, that says which of them each instruction belongs to (-1: the function itself).
 * File and line of an instruction are always those of the innermost call. Its caller is found at
 * parentPc, an offset from the function's entry to an instruction whose source position is the
 * call: look up index, file and line there, and so on outwards.
 */
#include "gobin/pclntab.h"

#include <errno.h>

#define PCDATA_INLTREE	 2 /* internal/abi/symtab.go: PCDATA_InlTreeIndex */
#define FUNCDATA_INLTREE 3 /* FUNCDATA_InlTree */
#define NO_OFFSET	 UINT32_MAX

/* The function's inline tree is at *addr; *pcdata is the table of its indices. */
static bool find_tree(const struct pclntab *t, const struct pclntab_func *f, uint32_t *pcdata,
		      uint64_t *addr)
{
	uint64_t pcdatas = t->format->func.size, off;
	uint8_t nfuncdata;
	uint32_t npcdata, rel;

	if (!span_u32(f->rec, t->format->func.npcdata, &npcdata) ||
	    !span_u8(f->rec, t->format->func.nfuncdata, &nfuncdata) || npcdata <= PCDATA_INLTREE ||
	    nfuncdata <= FUNCDATA_INLTREE ||
	    !span_u32(f->rec, pcdatas + 4 * PCDATA_INLTREE, pcdata))
		return false;
	off = pcdatas + 4 * (uint64_t)npcdata;
	if (t->format->wide) {
		uint64_t misaligned = (uintptr_t)(f->rec.data + off) % 8;

		off += misaligned ? 8 - misaligned : 0;
		return span_u64(f->rec, off + 8 * FUNCDATA_INLTREE, addr) && *addr;
	}
	if (!span_u32(f->rec, off + 4 * FUNCDATA_INLTREE, &rel) || rel == NO_OFFSET)
		return false;
	*addr = t->gofunc + rel;
	return true;
}

/* Fills the name of the inlined call that index stands for, and where its caller is. */
static bool read_call(const struct image *img, const struct pclntab *t, uint64_t tree,
		      uint32_t index, struct gobin_line *line, uint32_t *parent_pc)
{
	uint32_t name;
	struct span s;

	if (!image_bytes(img, tree + (uint64_t)index * t->format->inlined.size,
			 t->format->inlined.size, &s) ||
	    !span_u32(s, t->format->inlined.name, &name) ||
	    !span_u32(s, t->format->inlined.parent_pc, parent_pc) ||
	    !pclntab_name(t, name, &line->func))
		return false;
	line->start_line = 0;
	if (t->format->inlined.start_line)
		span_u32(s, t->format->inlined.start_line, &line->start_line);
	return true;
}

size_t inltree_lines(const struct image *img, const struct pclntab *t, uint64_t addr,
		     struct gobin_line *lines, size_t max)
{
	uint32_t pcdata, parent_pc;
	struct pclntab_func f;
	bool inlined;
	uint64_t tree;
	size_t n = 0;

	if (!pclntab_func_at(t, addr, &f))
		return 0;
	inlined = find_tree(t, &f, &pcdata, &tree);
	for (; n < max && n < GOBIN_MAX_INLINE; n++) {
		int32_t index = inlined ? pclntab_value(t, &f, pcdata, addr) : -1;

		pclntab_file_line(t, &f, addr, &lines[n]);
		if (index < 0)
			break;
		if (!read_call(img, t, tree, (uint32_t)index, &lines[n], &parent_pc) ||
		    parent_pc >= f.end - f.addr)
			return n;
		addr = f.addr + parent_pc;
	}
	if (n == max || n == GOBIN_MAX_INLINE)
		return n;
	if (!pclntab_func_name(t, &f, &lines[n].func))
		return n;
	lines[n].start_line = 0;
	if (t->format->func.start_line)
		span_u32(f.rec, t->format->func.start_line, &lines[n].start_line);
	return n + 1;
}
