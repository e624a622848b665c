// SPDX-License-Identifier: Apache-2.0
/*
 * References of x86-64 code to fixed addresses.
 *
 * Go code reaches variables relative to rip, in every build mode but those that share libraries of
 * Go code (-linkshared, where it goes through the GOT). The compiler folds the address into the
 * instruction that uses it, or keeps it in a register for a few instructions, or for a call. So
 * these are followed from instruction to instruction: which registers hold an address that a lea
 * has put there (a call may take it), which hold a constant, and which constant a register was last
 * compared with.
 *
 * Control flow is followed downwards only: an instruction that does not go on to the next one, and
 * a call, make all registers unknown; a branch target does not, since falling into it is one of the
 * ways to get there. What is found is therefore true of a path, if not of all of them.
 */
#include "gobin/codescan.h"

#include <errno.h>
#include <string.h>

#include <Zydis/Zydis.h>

#define NREGS 16

struct scan {
	struct code_refs *refs;
	uint64_t at; /* of the instruction */
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t address[NREGS]; /* 0: not known */
	int64_t constant[NREGS];
	uint16_t constants; /* bit per register that has a known one */
	int64_t guard;
	bool guarded;
};

static int register_number(ZydisRegister reg)
{
	ZydisRegister r = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	return ZydisRegisterGetClass(r) == ZYDIS_REGCLASS_GPR64 ? ZydisRegisterGetId(r) : -1;
}

static void forget_all(struct scan *s)
{
	memset(s->address, 0, sizeof(s->address));
	s->constants = 0;
	s->guarded = false;
}

/* The fixed address that a memory operand has; 0: none that is known. */
static uint64_t operand_address(const struct scan *s, const ZydisDecodedOperand *op)
{
	int base;

	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->mem.index != ZYDIS_REGISTER_NONE)
		return 0;
	if (op->mem.base == ZYDIS_REGISTER_RIP)
		return s->at + s->insn.length + (uint64_t)op->mem.disp.value;
	base = register_number(op->mem.base);
	if (base < 0 || !s->address[base])
		return 0;
	return s->address[base] + (uint64_t)op->mem.disp.value;
}

static uint8_t use_of(const struct scan *s, const ZydisDecodedOperand *op)
{
	bool reads = op->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
	bool writes = op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;

	if (s->insn.mnemonic == ZYDIS_MNEMONIC_LEA)
		return CODE_LEA;
	if (s->insn.mnemonic == ZYDIS_MNEMONIC_XCHG || s->insn.attributes & ZYDIS_ATTRIB_HAS_LOCK)
		return CODE_ATOMIC;
	return reads && writes ? CODE_UPDATE : writes ? CODE_STORE : CODE_LOAD;
}

/* The constant among the operands: an immediate, or a register that is known to hold one. */
static void find_value(const struct scan *s, struct code_ref *ref)
{
	for (unsigned int i = 0; i < s->insn.operand_count_visible; i++) {
		const ZydisDecodedOperand *op = &s->ops[i];
		int reg = -1;

		if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
			ref->value = op->imm.value.s;
			ref->has_value = true;
		} else if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
			   op->actions & ZYDIS_OPERAND_ACTION_MASK_READ) {
			reg = register_number(op->reg.value);
		}
		if (reg >= 0 && s->constants & (1u << reg)) {
			ref->value = s->constant[reg];
			ref->has_value = true;
		}
	}
}

static int add(struct scan *s, struct code_ref *ref, struct err *e)
{
	ref->guard = s->guard;
	ref->has_guard = s->guarded;
	if (s->refs->refs.len == CODESCAN_MAX_REFS)
		return err_set(e, -E2BIG, "code: more than %u references", CODESCAN_MAX_REFS);
	if (vec_push(&s->refs->refs, *ref))
		return err_set(e, -ENOMEM, "code: out of memory");
	return 0;
}

static int note_memory(struct scan *s, struct err *e)
{
	for (unsigned int i = 0; i < s->insn.operand_count_visible; i++) {
		struct code_ref ref = { .addr = operand_address(s, &s->ops[i]) };
		int rc;

		if (!ref.addr)
			continue;
		ref.use = use_of(s, &s->ops[i]);
		if (ref.use != CODE_LEA) {
			ref.size = (uint8_t)(s->ops[i].size / 8);
			find_value(s, &ref);
		}
		rc = add(s, &ref, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int note_call(struct scan *s, struct err *e)
{
	const ZydisDecodedOperand *to = &s->ops[0];
	struct code_ref ref = { .use = CODE_ARG };
	int rc = 0;

	if (to->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		ref.callee = s->at + s->insn.length + (uint64_t)to->imm.value.s;
	for (uint8_t i = 0; i < NREGS && !rc; i++) {
		ref.addr = s->address[i];
		ref.reg = i;
		if (ref.addr)
			rc = add(s, &ref, e);
	}
	return rc;
}

/* What the instruction does to what is known of the registers. */
static void note_registers(struct scan *s)
{
	const ZydisDecodedOperand *ops = s->ops;
	uint64_t address = 0;
	int reg;

	if (s->insn.mnemonic == ZYDIS_MNEMONIC_LEA)
		address = operand_address(s, &ops[1]);
	for (unsigned int i = 0; i < s->insn.operand_count; i++) {
		if (ops[i].type != ZYDIS_OPERAND_TYPE_REGISTER ||
		    !(ops[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		reg = register_number(ops[i].reg.value);
		if (reg < 0)
			continue;
		s->address[reg] = 0;
		s->constants &= ~(1u << reg);
	}
	if (!s->insn.operand_count_visible || ops[0].type != ZYDIS_OPERAND_TYPE_REGISTER)
		return;
	reg = register_number(ops[0].reg.value);
	if (reg < 0)
		return;
	if (s->insn.mnemonic == ZYDIS_MNEMONIC_CMP) {
		s->guard = ops[1].imm.value.s;
		s->guarded = ops[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	} else if (s->insn.mnemonic == ZYDIS_MNEMONIC_TEST) {
		s->guarded = false;
	} else if (s->insn.mnemonic == ZYDIS_MNEMONIC_LEA) {
		s->address[reg] = address;
	} else if (s->insn.mnemonic == ZYDIS_MNEMONIC_MOV &&
		   ops[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		s->constant[reg] = ops[1].imm.value.s;
		s->constants |= 1u << reg;
	} else if (s->insn.mnemonic == ZYDIS_MNEMONIC_XOR &&
		   ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		   ops[0].reg.value == ops[1].reg.value) {
		s->constant[reg] = 0;
		s->constants |= 1u << reg;
	}
}

static int note(struct scan *s, struct err *e)
{
	int rc;

	switch (s->insn.meta.category) {
	case ZYDIS_CATEGORY_CALL:
		rc = note_call(s, e);
		forget_all(s);
		return rc;
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_INTERRUPT:
		forget_all(s);
		return 0;
	default:
		rc = note_memory(s, e);
		note_registers(s);
		return rc;
	}
}

int codescan(struct span code, uint64_t addr, struct code_refs *ret, struct err *e)
{
	struct scan s = { .refs = ret };
	ZydisDecoder dec;
	int rc = 0;

	if (code.len > CODESCAN_MAX_CODE)
		return err_set(e, -E2BIG, "code: %zu bytes in one function", code.len);
	ZydisDecoderInit(&dec, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (size_t off = 0; off < code.len && !rc; off += s.insn.length) {
		if (ZYAN_FAILED(ZydisDecoderDecodeFull(&dec, code.data + off, code.len - off,
						       &s.insn, s.ops)))
			return err_set(e, -EBADMSG, "code: no instruction at +0x%zx", off);
		s.at = addr + off;
		rc = note(&s, e);
	}
	return rc;
}

void code_refs_deinit(struct code_refs *r)
{
	vec_deinit(&r->refs);
}
