/* SPDX-License-Identifier: Apache-2.0 */
/* Which functions of the runtime tell the address of which variable, and how: the table. */
#ifndef MAPPROBE_GOBIN_GLOBALRULES_H
#define MAPPROBE_GOBIN_GLOBALRULES_H

#include <stddef.h>
#include <stdint.h>

#define GLOBAL_RULES 5 /* of one variable, at most */
#define GLOBALS	     25

/* Which of the references that fit. */
enum { PICK_ALL, PICK_FIRST, PICK_LAST };

/* In function func there is a reference to variable + offset that looks like this. */
struct global_rule {
	const char *func;
	uint8_t use;	      /* set of enum code_use */
	uint8_t size;	      /* 0: any */
	uint8_t reg;	      /* CODE_ARG: the register */
	const char *callee;   /* CODE_ARG: the function called */
	const int64_t *value; /* the constant operand; NULL: any or none */
	const int64_t *guard; /* what a register was compared with before; NULL: any or none */
	uint16_t offset;
	uint8_t words;	  /* so many, 8 bytes apart, are referred to in the same way; 0 is 1 */
	uint8_t pick;	  /* PICK_... */
	uint8_t from, to; /* Go 1.from to 1.to, 0: no limit */
};

struct global_variable {
	const char *name;
	uint8_t align;
	struct global_rule rules[GLOBAL_RULES]; /* for different functions, in one version */
};

extern const struct global_variable global_variables[GLOBALS];

#endif
