// SPDX-License-Identifier: Apache-2.0
/*
 * x86-64 code as the site selection needs it: instructions, basic blocks, and what a uprobe costs.
 *
 * A uprobe replaces the first byte of an instruction by int3. When it is hit, the kernel runs the
 * handlers and then has to carry out the instruction that is no longer there. Few instructions it
 * emulates on the registers it has saved, and returns (below 1 us); of all others it runs a copy
 * in a page of its own under the trap flag, which costs a second exception (10-20 us). Which is
 * which is decided in arch/x86/kernel/uprobes.c and has been the same since Linux 4.16:
 *
 *   branch_setup_xol_ops  jmp rel8, jmp rel32, call rel32, jcc rel8, jcc rel32; with an operand
 *                         size prefix (66) the probe is refused. 90 with any prefixes counts as a
 *                         nop; with REX.B it would be xchg r8,rax, which must never be probed.
 *   push_setup_xol_ops    50-57, and 41 50-57.
 *   is_prefix_bad         lock and segment prefixes: refused.
 *   good_insns_64         privileged, I/O and interrupt instructions: refused.
 *   insn_get_prefixes     (arch/x86/lib/insn.c) a REX prefix stands right before the opcode; with
 *                         anything between, the processor ignores it and the kernel takes what
 *                         follows for the opcode, and refuses that.
 *
 * Multi-byte nops (0f 1f) are emulated by the newest kernels only and count as single-stepped.
 *
 * The code is decoded front to back. That is safe for what the Go compiler and linker write: they
 * put no data between instructions (jump tables are in .rodata). Were it not so, a branch into the
 * middle of an instruction would show it, and the function is given up.
 */
#include "plan/x86.h"

#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "base/cleanup.h"

struct decoded {
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
};

static bool has_prefix(const ZydisDecodedInstruction *in, const char *set)
{
	for (unsigned int i = 0; i < in->raw.prefix_count; i++) {
		if (strchr(set, in->raw.prefixes[i].value))
			return true;
	}
	return false;
}

#define REX "\x40\x41\x42\x43\x44\x45\x46\x47\x48\x49\x4a\x4b\x4c\x4d\x4e\x4f"

static bool has_ignored_rex(const ZydisDecodedInstruction *in)
{
	for (unsigned int i = 0; i + 1 < in->raw.prefix_count; i++) {
		if ((in->raw.prefixes[i].value & 0xf0) == 0x40)
			return true;
	}
	return false;
}

/* The jmp, call and jcc that the kernel emulates; no others. */
static bool is_relative_branch(const ZydisDecodedInstruction *in)
{
	if (in->opcode_map == ZYDIS_OPCODE_MAP_0F)
		return (in->opcode & 0xf0) == 0x80;
	return in->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
	       (in->opcode == 0xe8 || in->opcode == 0xe9 || in->opcode == 0xeb ||
		(in->opcode & 0xf0) == 0x70);
}

static enum x86_step classify_step(const ZydisDecodedInstruction *in)
{
	if (in->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
		return X86_SINGLE_STEP;
	if (has_prefix(in, "\xf0\x26\x2e\x36\x3e") || has_ignored_rex(in))
		return X86_REFUSED;
	if (is_relative_branch(in))
		return has_prefix(in, "\x66") ? X86_REFUSED : X86_EMULATED;
	if (in->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) {
		if (in->opcode == 0x90 && has_prefix(in, REX))
			return X86_REFUSED;
		if (in->opcode == 0x90)
			return has_prefix(in, "\xf2\xf3") ? X86_SINGLE_STEP : X86_EMULATED;
		if (in->opcode >= 0x50 && in->opcode <= 0x57 &&
		    (in->length == 1 || (in->length == 2 && has_prefix(in, "\x41"))))
			return X86_EMULATED;
		if (in->opcode == 0x8e) /* to a segment register */
			return X86_REFUSED;
	}
	switch (in->meta.category) {
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_IO:
	case ZYDIS_CATEGORY_IOSTRINGOP:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_SYSTEM:
		return X86_REFUSED;
	default:
		return X86_SINGLE_STEP;
	}
}

static enum x86_flow classify_flow(const ZydisDecodedInstruction *in)
{
	switch (in->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return X86_CALL;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return is_relative_branch(in) ? X86_JMP : X86_JMP_INDIRECT;
	case ZYDIS_CATEGORY_COND_BR:
		return is_relative_branch(in) ? X86_JCC : X86_JCC_OTHER;
	case ZYDIS_CATEGORY_RET:
		return X86_RET;
	case ZYDIS_CATEGORY_INTERRUPT:
		return X86_STOP;
	default:
		break;
	}
	if (in->mnemonic == ZYDIS_MNEMONIC_UD0 || in->mnemonic == ZYDIS_MNEMONIC_UD1 ||
	    in->mnemonic == ZYDIS_MNEMONIC_UD2 || in->mnemonic == ZYDIS_MNEMONIC_HLT)
		return X86_STOP;
	return X86_NEXT;
}

/* The number of the general register that reg is, or is a part of; -1 for other registers. */
static int register_number(ZydisRegister reg)
{
	ZydisRegister r = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	if (ZydisRegisterGetClass(r) != ZYDIS_REGCLASS_GPR64)
		return -1;
	return ZydisRegisterGetId(r);
}

static void note_writes(const struct decoded *d, struct x86_insn *in)
{
	for (unsigned int i = 0; i < d->insn.operand_count; i++) {
		const ZydisDecodedOperand *op = &d->ops[i];
		int n;

		if (!(op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		if (op->type == ZYDIS_OPERAND_TYPE_REGISTER) {
			n = register_number(op->reg.value);
			if (n >= 0)
				in->writes |= 1u << n;
		} else if (op->type == ZYDIS_OPERAND_TYPE_MEMORY) {
			n = register_number(op->mem.base);
			if (n != X86_RSP && n != X86_RBP)
				in->stores = true;
		}
	}
	if (in->flow == X86_CALL)
		in->writes = X86_ALL_REGS;
}

/* The target of a direct branch, as an offset in a function of len bytes. */
static uint32_t branch_target(const struct decoded *d, uint32_t off, uint32_t len)
{
	int64_t to = (int64_t)off + d->insn.length;

	for (unsigned int i = 0; i < d->insn.operand_count_visible; i++) {
		if (d->ops[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && d->ops[i].imm.is_relative) {
			to += d->ops[i].imm.value.s;
			return to >= 0 && to < len ? (uint32_t)to : X86_OUTSIDE;
		}
	}
	return X86_OUTSIDE;
}

static int decode_insns(struct x86_func *f, uint32_t len, struct err *e)
{
	ZydisDecoder dec;

	ZydisDecoderInit(&dec, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (uint32_t off = 0; off < len;) {
		struct x86_insn in = { .off = off, .target = X86_OUTSIDE };
		struct decoded d;

		if (ZYAN_FAILED(ZydisDecoderDecodeFull(&dec, f->code.data + off, f->code.len - off,
						       &d.insn, d.ops)))
			return err_set(e, -EBADMSG, "code: no instruction at +0x%x", off);
		in.len = d.insn.length;
		in.step = classify_step(&d.insn);
		in.flow = classify_flow(&d.insn);
		in.cc = in.flow == X86_JCC ? d.insn.opcode & 0xf : 0;
		in.nop = in.step == X86_EMULATED && in.flow == X86_NEXT && d.insn.opcode == 0x90;
		note_writes(&d, &in);
		if (in.flow == X86_JMP || in.flow == X86_JCC || in.flow == X86_JCC_OTHER)
			in.target = branch_target(&d, off, len);
		f->indirect |= in.flow == X86_JMP_INDIRECT;
		if (vec_push(&f->insns, in))
			return err_set(e, -ENOMEM, "code: out of memory");
		off += in.len;
	}
	return 0;
}

/* The instruction at exactly this offset, or NULL. */
static struct x86_insn *insn_at(const struct x86_func *f, uint32_t off)
{
	size_t lo = 0, hi = f->insns.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->insns.data[mid].off == off)
			return &f->insns.data[mid];
		if (f->insns.data[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static bool ends_block(const struct x86_insn *in)
{
	return in->flow != X86_NEXT && in->flow != X86_CALL;
}

/* Cuts the instructions into blocks at branch targets and after branches. */
static int find_blocks(struct x86_func *f, struct err *e)
{
	bool *leader _cleanup_free_ = calloc(f->insns.len + 1, sizeof(*leader));

	if (!leader)
		return err_set(e, -ENOMEM, "code: out of memory");
	leader[0] = true;
	for (size_t i = 0; i < f->insns.len; i++) {
		const struct x86_insn *in = &f->insns.data[i], *to;

		if (ends_block(in))
			leader[i + 1] = true;
		if (in->target == X86_OUTSIDE)
			continue;
		to = insn_at(f, in->target);
		if (!to)
			return err_set(e, -EBADMSG,
				       "code: branch at +0x%x into the middle of an instruction, "
				       "+0x%x",
				       in->off, in->target);
		leader[to - f->insns.data] = true;
	}
	for (size_t i = 0; i < f->insns.len; i++) {
		struct x86_block b = { .first = i, .taken = X86_NONE, .fall = X86_NONE };

		if (leader[i] && vec_push(&f->blocks, b))
			return err_set(e, -ENOMEM, "code: out of memory");
		f->blocks.data[f->blocks.len - 1].last = i;
		f->insns.data[i].block = f->blocks.len - 1;
	}
	return 0;
}

static void link_blocks(struct x86_func *f)
{
	for (size_t i = 0; i < f->blocks.len; i++) {
		struct x86_block *b = &f->blocks.data[i];
		const struct x86_insn *in = &f->insns.data[b->last];

		if (in->target != X86_OUTSIDE)
			b->taken = insn_at(f, in->target)->block;
		if (i + 1 < f->blocks.len &&
		    (!ends_block(in) || in->flow == X86_JCC || in->flow == X86_JCC_OTHER))
			b->fall = i + 1;
	}
}

/* True when the block calls something (morestack) and then starts the function again. */
static bool starts_again(const struct x86_func *f, const struct x86_block *b)
{
	if (f->insns.data[b->last].flow != X86_JMP || b->taken != 0)
		return false;
	for (uint32_t i = b->first; i < b->last; i++) {
		if (f->insns.data[i].flow == X86_CALL)
			return true;
	}
	return false;
}

/*
 * Finds the code that grows the stack (see entry.c). It lies behind the rest of the function, which
 * often ends in a call that does not return (a panic): what looks like a way from there into it,
 * and so from everywhere back to the start, is none. With a frame on the stack there cannot be one.
 */
static void find_grow(struct x86_func *f)
{
	f->grow = X86_NONE;
	for (uint32_t i = 0; i < f->insns.len; i++) {
		const struct x86_insn *in = &f->insns.data[i];
		const struct x86_block *b = &f->blocks.data[in->block];

		if (in->flow == X86_JCC && b->taken != X86_NONE &&
		    starts_again(f, &f->blocks.data[b->taken])) {
			f->grow = b->taken;
			break;
		}
		if ((ends_block(in) && in->flow != X86_JCC) || in->writes & (1u << X86_RSP))
			return;
	}
	if (f->grow != X86_NONE && f->grow > 0) {
		struct x86_block *before = &f->blocks.data[f->grow - 1];

		if (!ends_block(&f->insns.data[before->last]))
			before->fall = X86_NONE;
	}
}

struct visit {
	uint32_t number; /* in the order of the visits, 0: none yet */
	uint32_t low;	 /* the smallest number among the open blocks that this one leads to */
	uint32_t from;	 /* the block that led here, or X86_NONE */
	uint8_t edges;	 /* followed so far */
	bool open;	 /* its component is not complete */
};

struct loop_search {
	struct x86_func *f;
	struct visit *visits; /* by block */
	uint32_t *open;
	uint32_t nopen, number;
};

static void visit(struct loop_search *s, uint32_t b, uint32_t from)
{
	s->number++;
	s->visits[b] =
		(struct visit){ .number = s->number, .low = s->number, .from = from, .open = true };
	s->open[s->nopen++] = b;
}

/* Block b is the first of its component: what was opened since is the rest of it. */
static void close_component(struct loop_search *s, uint32_t b)
{
	const struct x86_block *first = &s->f->blocks.data[b];
	bool loop = s->open[s->nopen - 1] != b || first->taken == b || first->fall == b;
	uint32_t member;

	do {
		member = s->open[--s->nopen];
		s->visits[member].open = false;
		s->f->blocks.data[member].loop = loop ? b : X86_NONE;
	} while (member != b);
}

/* Goes one step on from block b; returns where to. */
static uint32_t follow(struct loop_search *s, uint32_t b)
{
	struct visit *v = &s->visits[b];
	const struct x86_block *bl = &s->f->blocks.data[b];
	uint32_t to = v->from;

	if (v->edges < 2) {
		to = v->edges++ ? bl->fall : bl->taken;
		if (to == X86_NONE)
			return b;
		if (!s->visits[to].number) {
			visit(s, to, b);
			return to;
		}
		if (s->visits[to].open && s->visits[to].number < v->low)
			v->low = s->visits[to].number;
		return b;
	}
	if (v->low == v->number)
		close_component(s, b);
	if (to != X86_NONE && v->low < s->visits[to].low)
		s->visits[to].low = v->low;
	return to;
}

/*
 * Finds the loops: the strongly connected components of the graph of blocks, all in one pass
 * (R. Tarjan, Depth-first search and linear graph algorithms, 1972), on a stack of its own.
 */
static int find_loops(struct x86_func *f, struct err *e)
{
	struct visit *visits _cleanup_free_ = calloc(f->blocks.len, sizeof(*visits));
	uint32_t *open _cleanup_free_ = calloc(f->blocks.len, sizeof(*open));
	struct loop_search s = { .f = f, .visits = visits, .open = open };

	if (!visits || !open)
		return err_set(e, -ENOMEM, "code: out of memory");
	for (uint32_t i = 0; i < f->blocks.len; i++) {
		if (visits[i].number)
			continue;
		visit(&s, i, X86_NONE);
		for (uint32_t b = i; b != X86_NONE;)
			b = follow(&s, b);
	}
	return 0;
}

/* Everything behind the decoding of single instructions. */
static int find_flow(struct x86_func *f, struct err *e)
{
	int rc = find_blocks(f, e);

	if (rc)
		return rc;
	link_blocks(f);
	find_grow(f);
	return find_loops(f, e);
}

int x86_decode(struct span code, struct x86_func *ret, struct err *e)
{
	struct x86_func f = { .code = code };
	size_t len = code.len;
	int rc;

	if (len > X86_MAX_CODE)
		return err_set(e, -E2BIG, "code: %zu bytes in one function", len);
	while (len && code.data[len - 1] == 0xcc)
		len--;
	if (!len)
		return err_set(e, -EBADMSG, "code: empty");
	rc = decode_insns(&f, len, e);
	if (!rc)
		rc = find_flow(&f, e);
	if (rc)
		x86_func_deinit(&f);
	else
		*ret = f;
	return rc;
}

void x86_func_deinit(struct x86_func *f)
{
	vec_deinit(&f->insns);
	vec_deinit(&f->blocks);
}

void x86_format(const struct x86_func *f, const struct x86_insn *in, uint64_t addr, char *buf,
		size_t size)
{
	ZydisFormatter fmt;
	ZydisDecoder dec;
	struct decoded d;

	ZydisDecoderInit(&dec, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisFormatterInit(&fmt, ZYDIS_FORMATTER_STYLE_INTEL);
	ZydisFormatterSetProperty(&fmt, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
	ZydisFormatterSetProperty(&fmt, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&fmt, ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&fmt, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
	buf[0] = 0;
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&dec, f->code.data + in->off, in->len, &d.insn,
					       d.ops)) ||
	    ZYAN_FAILED(ZydisFormatterFormatInstruction(&fmt, &d.insn, d.ops,
							d.insn.operand_count_visible, buf, size,
							addr + in->off, NULL)))
		buf[0] = 0;
}
