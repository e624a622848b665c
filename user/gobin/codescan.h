/* SPDX-License-Identifier: Apache-2.0 */
/* What one function's machine code refers to by fixed address, and how. */
#ifndef MAPPROBE_GOBIN_CODESCAN_H
#define MAPPROBE_GOBIN_CODESCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "base/vec.h"

#define CODESCAN_MAX_CODE (1u << 16) /* bytes of one function */
#define CODESCAN_MAX_REFS 4096	     /* that it may make */

/* How an instruction uses an address; a set of them where one is looked for. */
enum code_use {
	CODE_LEA = 1,	  /* takes it */
	CODE_LOAD = 2,	  /* reads there; compares too */
	CODE_STORE = 4,	  /* writes there */
	CODE_UPDATE = 8,  /* reads and writes there: inc, add */
	CODE_ATOMIC = 16, /* the same with the bus locked, or xchg */
	CODE_ARG = 32,	  /* has it in a register at a call */
};

/* Numbers of registers, as encoded. */
enum { CODE_RAX = 0, CODE_RCX = 1 };

struct code_ref {
	uint64_t addr;
	uint64_t callee; /* CODE_ARG: address of the function called, 0 when not known */
	int64_t value;	 /* the constant operand, when has_value */
	int64_t guard;	 /* what a register was compared with before, when has_guard */
	bool has_value, has_guard;
	uint8_t use;  /* enum code_use */
	uint8_t size; /* bytes read or written; 0 for LEA and ARG */
	uint8_t reg;  /* CODE_ARG: which register */
};

struct code_refs {
	VEC(struct code_ref) refs; /* in the order of the code */
};

/*
 * Decodes the code of a function at address addr, front to back.
 * Errors: -E2BIG: more code or references than above; -EBADMSG: no instruction at some place (it is
 * said); -ENOMEM. What was found before is left in *ret, which the caller deinits always.
 */
int codescan(struct span code, uint64_t addr, struct code_refs *ret, struct err *e);
void code_refs_deinit(struct code_refs *r);

#define _cleanup_code_refs_ __attribute__((cleanup(code_refs_deinit)))

#endif
