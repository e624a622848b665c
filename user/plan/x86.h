/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function's machine code as instructions and basic blocks, with what the kernel makes of a
 * uprobe on each instruction.
 */
#ifndef MAPPROBE_PLAN_X86_H
#define MAPPROBE_PLAN_X86_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "base/vec.h"

#define X86_MAX_CODE (1u << 16) /* bytes of one function */

/* What the kernel does at a uprobe on the instruction. */
enum x86_step {
	X86_EMULATED,	 /* carries it out itself */
	X86_SINGLE_STEP, /* runs a copy of it under the debug flag */
	X86_REFUSED,	 /* rejects the probe, or would get the instruction wrong */
};

/* How control leaves the instruction. */
enum x86_flow {
	X86_NEXT,
	X86_CALL,
	X86_JMP,
	X86_JCC,	  /* on the flags, condition in cc */
	X86_JCC_OTHER,	  /* on rcx: loop, jrcxz */
	X86_JMP_INDIRECT, /* target unknown: a jump table */
	X86_RET,
	X86_STOP, /* ud2, int3, hlt */
};

#define X86_ALL_REGS 0xffff
#define X86_RSP	     4 /* numbers of registers, as encoded */
#define X86_RBP	     5

#define X86_OUTSIDE UINT32_MAX /* a branch target in another function */
#define X86_NONE    UINT32_MAX /* no block */

struct x86_insn {
	uint32_t off;	 /* in the function */
	uint32_t target; /* of a direct branch: offset in the function, or X86_OUTSIDE */
	uint32_t block;
	uint16_t writes; /* bit per general register, by number; X86_ALL_REGS for a call */
	uint8_t len;
	uint8_t step; /* enum x86_step */
	uint8_t flow; /* enum x86_flow */
	uint8_t cc;   /* 0x0..0xf; cc ^ 1 is its opposite */
	bool stores;  /* to memory that is not addressed by rsp or rbp */
	bool nop;     /* emulated nop */
};

/* A basic block: entered only at its first instruction, left only at its last. */
struct x86_block {
	uint32_t first, last; /* instructions */
	uint32_t taken;	      /* the block its branch leads to, or X86_NONE */
	uint32_t fall;	      /* the block after it, when control can get there, or X86_NONE */
	uint32_t loop;	      /* the same for all blocks that lead to each other, or X86_NONE */
};

struct x86_func {
	struct span code; /* borrowed */
	VEC(struct x86_insn) insns;
	VEC(struct x86_block) blocks; /* in the order of the code; the first is the entry */
	uint32_t grow; /* the block that grows the stack and starts again, or X86_NONE */
	bool indirect; /* has a jump table: any block may be entered from it */
};

/*
 * Decodes the code of one function; trailing padding (int3) is left out.
 * Errors: -E2BIG: longer than X86_MAX_CODE; -EBADMSG: empty, not decodable, or a branch leads into
 * the middle of an instruction (the offset is said).
 */
int x86_decode(struct span code, struct x86_func *ret, struct err *e);
void x86_func_deinit(struct x86_func *f);

/* True when block b can be passed more than once in one call. */
static inline bool x86_in_loop(const struct x86_func *f, uint32_t b)
{
	return f->blocks.data[b].loop != X86_NONE;
}
/* True when control can get from block a to block b and from there back. */
static inline bool x86_same_loop(const struct x86_func *f, uint32_t a, uint32_t b)
{
	return x86_in_loop(f, a) && f->blocks.data[a].loop == f->blocks.data[b].loop;
}

/* The instruction in Intel syntax; addr is that of the function. */
void x86_format(const struct x86_func *f, const struct x86_insn *in, uint64_t addr, char *buf,
		size_t size);

#endif
