// SPDX-License-Identifier: Apache-2.0
/*
 * The .eh_frame (System V ABI for x86-64; DWARF 5, 6.4; Linux Standard Base Core 5.0, 10.6)
 * describes for each instruction how to find the caller's registers. gcc and clang write it for all
 * code, also without -g, and strip(1) leaves it: it is what tells code that keeps a frame pointer
 * ("the frame is counted from rbp") from code in which rbp is a register like any other.
 *
 *	.eh_frame_hdr	1, three encodings, address of .eh_frame, n, and sorted by the first
 *			n times {address of a function, address of its FDE}
 *	FDE		length, distance to its CIE, address and length of the function, program
 *	CIE		length, 0, version, augmentation ("zR"), factors, program for all its FDEs
 *
 * A program is a row of instructions that advance the address or change a rule. Only two rules
 * count here: where the frame (CFA) is, and where rbp was saved. libdw runs programs for all
 * registers: a damaged file cost it 4 GB and a minute, by a register's number. Encodings are those
 *that the linkers for x86-64 write; with others, nothing is known.
 */
#include "target/ehframe.h"

#include <dwarf.h>
#include <string.h>

#include "base/span.h"

#define REG_RBP	     6 /* System V ABI for x86-64, figure 3.36 */
#define ENC_PCREL    (DW_EH_PE_pcrel | DW_EH_PE_sdata4)
#define ENC_DATAREL  (DW_EH_PE_datarel | DW_EH_PE_sdata4)
#define HEADER_BYTES 12
#define ENTRY_BYTES  8
#define SAVED_MAX    8 /* states remembered in each other */

struct rules {
	uint64_t cfa_reg; /* UINT64_MAX: by an expression */
	int64_t cfa_offset;
	bool saved;	  /* rbp, */
	int64_t saved_at; /* so far from the CFA */
};

/* The running of one program. */
struct run {
	struct reader code;
	uint64_t at, until;
	uint64_t code_factor;
	int64_t data_factor;
	struct rules now, initial, saved[SAVED_MAX];
	size_t nsaved;
};

static int64_t read_svarint(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 63; shift += 7) {
		uint8_t b = reader_u8(r);

		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return (int64_t)(v << (57 - shift)) >> (57 - shift);
	}
	r->failed = true;
	return 0;
}

static void set_cfa(struct run *x, uint64_t reg, int64_t offset)
{
	x->now.cfa_reg = reg;
	x->now.cfa_offset = offset;
}

/* rbp's rule; others' do not matter. */
static void set_saved(struct run *x, uint64_t reg, bool saved, uint64_t offset)
{
	if (reg != REG_RBP)
		return;
	x->now.saved = saved;
	x->now.saved_at = (int64_t)(offset * (uint64_t)x->data_factor);
}

static void advance(struct run *x, uint64_t by)
{
	if (__builtin_mul_overflow(by, x->code_factor, &by) ||
	    __builtin_add_overflow(x->at, by, &x->at))
		x->code.failed = true;
}

/* Instructions that say where the CFA is; false for others. */
static bool step_cfa(struct run *x, uint8_t op)
{
	struct reader *r = &x->code;
	uint64_t reg;

	switch (op) {
	case DW_CFA_def_cfa:
		reg = reader_uvarint(r);
		set_cfa(x, reg, (int64_t)reader_uvarint(r));
		return true;
	case DW_CFA_def_cfa_sf:
		reg = reader_uvarint(r);
		set_cfa(x, reg, (int64_t)((uint64_t)read_svarint(r) * (uint64_t)x->data_factor));
		return true;
	case DW_CFA_def_cfa_register:
		x->now.cfa_reg = reader_uvarint(r);
		return true;
	case DW_CFA_def_cfa_offset:
		x->now.cfa_offset = (int64_t)reader_uvarint(r);
		return true;
	case DW_CFA_def_cfa_offset_sf:
		set_cfa(x, x->now.cfa_reg,
			(int64_t)((uint64_t)read_svarint(r) * (uint64_t)x->data_factor));
		return true;
	case DW_CFA_def_cfa_expression:
		reader_bytes(r, reader_uvarint(r));
		set_cfa(x, UINT64_MAX, 0);
		return true;
	default:
		return false;
	}
}

/* Instructions that say where a register is; false for others. */
static bool step_register(struct run *x, uint8_t op)
{
	struct reader *r = &x->code;
	uint64_t reg;

	switch (op) {
	case DW_CFA_offset_extended:
		reg = reader_uvarint(r);
		set_saved(x, reg, true, reader_uvarint(r));
		return true;
	case DW_CFA_offset_extended_sf:
		reg = reader_uvarint(r);
		set_saved(x, reg, true, (uint64_t)read_svarint(r));
		return true;
	case DW_CFA_restore_extended:
		if (reader_uvarint(r) == REG_RBP) {
			x->now.saved = x->initial.saved;
			x->now.saved_at = x->initial.saved_at;
		}
		return true;
	case DW_CFA_undefined:
	case DW_CFA_same_value:
		set_saved(x, reader_uvarint(r), false, 0);
		return true;
	case DW_CFA_register:
	case DW_CFA_val_offset:
		set_saved(x, reader_uvarint(r), false, 0);
		reader_uvarint(r);
		return true;
	case DW_CFA_val_offset_sf:
		set_saved(x, reader_uvarint(r), false, 0);
		read_svarint(r);
		return true;
	case DW_CFA_expression:
	case DW_CFA_val_expression:
		set_saved(x, reader_uvarint(r), false, 0);
		reader_bytes(r, reader_uvarint(r));
		return true;
	default:
		return false;
	}
}

/* The rest; one that is not known makes all that follows unknown. */
static void step_other(struct run *x, uint8_t op)
{
	switch (op) {
	case DW_CFA_nop:
		return;
	case DW_CFA_advance_loc1:
		advance(x, reader_u8(&x->code));
		return;
	case DW_CFA_advance_loc2:
		advance(x, reader_u16(&x->code));
		return;
	case DW_CFA_advance_loc4:
		advance(x, reader_u32(&x->code));
		return;
	case DW_CFA_GNU_args_size:
		reader_uvarint(&x->code);
		return;
	case DW_CFA_remember_state:
		if (x->nsaved < SAVED_MAX) {
			x->saved[x->nsaved++] = x->now;
			return;
		}
		break;
	case DW_CFA_restore_state:
		if (x->nsaved) {
			x->now = x->saved[--x->nsaved];
			return;
		}
		break;
	default:
		break;
	}
	x->code.failed = true;
}

/* Runs a program up to the address; false when it is not understood. */
static bool run(struct run *x, struct reader code)
{
	x->code = code;
	while (!x->code.failed && x->code.off < x->code.s.len) {
		uint8_t op = reader_u8(&x->code), low = op & 0x3f;

		switch (op & 0xc0) {
		case DW_CFA_advance_loc:
			advance(x, low);
			break;
		case DW_CFA_offset:
			set_saved(x, low, true, reader_uvarint(&x->code));
			break;
		case DW_CFA_restore:
			if (low == REG_RBP) {
				x->now.saved = x->initial.saved;
				x->now.saved_at = x->initial.saved_at;
			}
			break;
		default:
			if (!step_cfa(x, op) && !step_register(x, op))
				step_other(x, op);
		}
		if (x->at > x->until)
			break;
	}
	return !x->code.failed;
}

/* What the augmentation says; true when addresses are encoded as expected. */
static bool read_augmentation(struct reader *r, const char *letters)
{
	uint64_t len = reader_uvarint(r);
	const uint8_t *data = reader_bytes(r, len);
	struct reader a = reader_of((struct span){ data, data ? len : 0 });
	bool ok = false;

	for (; *letters; letters++) {
		uint8_t enc = 0;

		if (*letters == 'R')
			ok = reader_u8(&a) == ENC_PCREL;
		else if (*letters == 'L')
			reader_u8(&a);
		else if (*letters == 'P')
			enc = reader_u8(&a);
		else if (*letters != 'S')
			return false;
		if (*letters == 'P')
			reader_bytes(&a, (enc & 7) == DW_EH_PE_udata4 ? 4 : 8);
	}
	return ok && !a.failed;
}

/* The record at an offset of .eh_frame, from behind its length on. */
static bool record_at(struct span s, uint64_t off, struct reader *ret)
{
	struct span record;
	uint32_t len;

	if (!span_u32(s, off, &len) || !len || !span_sub(s, off + sizeof(len), len, &record))
		return false;
	*ret = reader_of(record);
	return true;
}

static bool run_cie(struct run *x, struct span s, uint64_t off)
{
	const char *letters;
	struct reader r;
	uint8_t version;

	if (!record_at(s, off, &r) || reader_u32(&r))
		return false;
	version = reader_u8(&r);
	if ((version != 1 && version != 3) || !span_cstr(r.s, r.off, &letters) || *letters != 'z')
		return false;
	reader_bytes(&r, strlen(letters) + 1);
	x->code_factor = reader_uvarint(&r);
	x->data_factor = read_svarint(&r);
	if (version == 1)
		reader_u8(&r); /* register of the return address */
	else
		reader_uvarint(&r);
	if (!read_augmentation(&r, letters + 1) || !run(x, r))
		return false;
	x->initial = x->now;
	return true;
}

static bool run_fde(struct run *x, const struct image_section *sec, uint64_t off)
{
	struct reader r;
	uint64_t start, cie;
	uint32_t len;

	if (!record_at(sec->data, off, &r))
		return false;
	off += sizeof(uint32_t);
	cie = off - reader_u32(&r);
	start = sec->addr + off + r.off + (uint64_t)(int32_t)reader_u32(&r);
	len = reader_u32(&r);
	reader_bytes(&r, reader_uvarint(&r)); /* augmentation */
	if (r.failed || x->until - start >= len)
		return false;
	x->at = 0;
	if (!run_cie(x, sec->data, cie))
		return false;
	x->at = start;
	return run(x, r);
}

/* The address of the FDE that covers addr, if one does: that of the last function not above it. */
static bool find_fde(const struct image *img, uint64_t addr, uint64_t *ret)
{
	static const uint8_t expected[] = { 1, ENC_PCREL, DW_EH_PE_udata4, ENC_DATAREL };
	struct image_section hdr;
	uint32_t n, start, fde;
	uint64_t low = 0, high;

	if (!image_section(img, ".eh_frame_hdr", &hdr) || hdr.data.len < HEADER_BYTES ||
	    memcmp(hdr.data.data, expected, sizeof(expected)) || !span_u32(hdr.data, 8, &n))
		return false;
	high = (hdr.data.len - HEADER_BYTES) / ENTRY_BYTES;
	high = n < high ? n : high;
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		span_u32(hdr.data, HEADER_BYTES + mid * ENTRY_BYTES, &start);
		if (hdr.addr + (uint64_t)(int32_t)start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || !span_u32(hdr.data, HEADER_BYTES + (low - 1) * ENTRY_BYTES + 4, &fde))
		return false;
	*ret = hdr.addr + (uint64_t)(int32_t)fde;
	return true;
}

bool ehframe_keeps_frame_pointer(const struct image *img, uint64_t addr)
{
	struct run x = { .until = addr, .now.cfa_reg = UINT64_MAX };
	struct image_section sec;
	uint64_t fde;

	return find_fde(img, addr, &fde) && image_section(img, ".eh_frame", &sec) &&
	       run_fde(&x, &sec, fde - sec.addr) && x.now.cfa_reg == REG_RBP &&
	       x.now.cfa_offset == 16 && x.now.saved && x.now.saved_at == -16;
}
