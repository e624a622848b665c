// SPDX-License-Identifier: Apache-2.0
/* Where the entry of a function is probed: the prologues that Go has had since 1.17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "plan/site.h"

/* Instructions of prologues. grow(n): the code after the function that grows the stack. */
#define CMP_RSP	    0x49, 0x3b, 0x66, 0x10
#define CMP_R12	    0x4d, 0x3b, 0x66, 0x10
#define LEA_R12	    0x4c, 0x8d, 0x64, 0x24, 0xc8
#define JBE(n)	    0x76, n
#define JB(n)	    0x72, n
#define PUSH_RBP    0x55
#define MOV_RBP_RSP 0x48, 0x89, 0xe5
#define SUB_RSP	    0x48, 0x83, 0xec, 0x28
#define STORE_RBP   0x48, 0x89, 0x6c, 0x24, 0x20
#define LEA_RBP	    0x48, 0x8d, 0x6c, 0x24, 0x20
#define SPILL_RAX   0x48, 0x89, 0x44, 0x24, 0x30
#define TEST_RBX    0x48, 0x85, 0xdb
#define JE(n)	    0x74, n
#define SET_WRITING 0x80, 0x73, 0x22, 0x01
#define XOR_EBX	    0x31, 0xdb
#define CALL	    0xe8, 0x00, 0x10, 0x00, 0x00
#define ADD_RSP	    0x48, 0x83, 0xc4, 0x28
#define POP_RBP	    0x5d
#define RET	    0xc3
#define NOP	    0x90
#define JMP_BACK(n) 0xeb, (uint8_t) - (n)

#define AX	 1
#define BX	 8
#define EMULATED PLAN_EMULATED
#define STEPPED	 PLAN_SINGLE_STEP
#define NO_SITE	 -1
#define NO_COND	 ABI_COND_NONE

static const struct {
	const char *what;
	uint8_t len, code[64];
	uint16_t regs;
	int off;
	enum plan_cost cost;
	uint8_t cond;
	bool caller_at_rsp;
	const char *why;
} cases[] = {
#define BYTES(...)                                                                                 \
	sizeof((uint8_t[]){ __VA_ARGS__ }),                                                        \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
	{ "Go 1.21: push after the check",
	  BYTES(CMP_RSP, JBE(0x18), PUSH_RBP, MOV_RBP_RSP, SUB_RSP, TEST_RBX, JE(5), CALL, ADD_RSP,
		POP_RBP, RET, CALL, JMP_BACK(0x25)),
	  AX | BX, 6, EMULATED, NO_COND, true, "first after the stack check" },
	{ "large frame: lea r12",
	  BYTES(LEA_R12, CMP_R12, JBE(0x12), PUSH_RBP, MOV_RBP_RSP, SUB_RSP, CALL, ADD_RSP, POP_RBP,
		CALL, JMP_BACK(0x24)),
	  AX | BX, 11, EMULATED, NO_COND, true, "first after the stack check" },
	{ "very large frame: two checks",
	  BYTES(LEA_R12, JB(0x18), CMP_R12, JBE(0x12), PUSH_RBP, MOV_RBP_RSP, SUB_RSP, CALL,
		ADD_RSP, POP_RBP, CALL, JMP_BACK(0x26)),
	  AX | BX, 13, EMULATED, NO_COND, true, "first after the stack check" },
	{ "very large frame, no push",
	  BYTES(LEA_R12, JB(0x1d), CMP_R12, JBE(0x17), SUB_RSP, STORE_RBP, LEA_RBP, CALL, ADD_RSP,
		CALL, JMP_BACK(0x2b)),
	  AX | BX, 11, EMULATED, 7, true, "fall-through edge only: no frame push in this version" },
	{ "Go 1.17 to 1.20: the check's own branch, when it falls through",
	  BYTES(CMP_RSP, JBE(0x18), SUB_RSP, STORE_RBP, LEA_RBP, CALL, ADD_RSP, RET, CALL,
		JMP_BACK(0x25)),
	  AX | BX, 4, EMULATED, 7, true, "fall-through edge only: no frame push in this version" },
	{ "a branch out of the function is no check of the stack",
	  BYTES(TEST_RBX, JE(0x70), PUSH_RBP, MOV_RBP_RSP, POP_RBP, RET), AX | BX, 3, EMULATED,
	  NO_COND, true, "first emulated instruction: no stack check" },
	{ "nosplit with push", BYTES(PUSH_RBP, MOV_RBP_RSP, SUB_RSP, SPILL_RAX, CALL, RET), AX | BX,
	  0, EMULATED, NO_COND, true, "first instruction: no stack check" },
	{ "nosplit without push: throw before Go 1.21",
	  BYTES(SUB_RSP, STORE_RBP, LEA_RBP, SPILL_RAX, XOR_EBX, CALL, RET), AX | BX, 0, STEPPED,
	  NO_COND, true, "single-stepped: nothing emulated before the arguments are gone" },
	{ "nosplit without push: an emulated one in the frame",
	  BYTES(SUB_RSP, STORE_RBP, LEA_RBP, TEST_RBX, JE(0), CALL, RET), AX | BX, 14 + 3, EMULATED,
	  NO_COND, false, "first emulated instruction, in the frame" },
	{ "leaf", BYTES(TEST_RBX, JE(1), NOP, RET), BX, 3, EMULATED, NO_COND, true,
	  "first emulated instruction: no stack check" },
	{ "the needed register is written first", BYTES(XOR_EBX, NOP, RET), BX, 0, STEPPED, NO_COND,
	  true, "single-stepped: nothing emulated before the arguments are gone" },
	{ "it is not needed", BYTES(XOR_EBX, NOP, RET), AX, 2, EMULATED, NO_COND, true,
	  "first emulated instruction: no stack check" },
	{ "not after the writing flag is set", BYTES(SET_WRITING, NOP, RET), AX | BX, 0, STEPPED,
	  NO_COND, true, "single-stepped: nothing emulated before the arguments are gone" },
	{ "not after a call", BYTES(0xff, 0xd1, NOP, RET), 0, 0, STEPPED, NO_COND, true,
	  "single-stepped: nothing emulated before the arguments are gone" },
	{ "not between push and frame", BYTES(SUB_RSP, NOP, LEA_RBP, NOP, RET), BX, 10, EMULATED,
	  NO_COND, false, "first emulated instruction, in the frame" },
	{ "a loop to the start, and then", BYTES(XOR_EBX, JE(2), JMP_BACK(6), NOP, RET), AX,
	  NO_SITE, 0, 0, false, NULL },
	{ "nothing but a locked instruction in a loop", BYTES(0xf0, 0x0f, 0xb1, 0x0b, JMP_BACK(6)),
	  0, NO_SITE, 0, 0, false, NULL },
	{ "a jump is followed", BYTES(0xeb, 0x01, 0xcc, NOP, RET), 0, 0, EMULATED, NO_COND, true,
	  "first instruction: no stack check" },
#undef BYTES
};

static void each_prologue_has_its_site(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct x86_func f;
		struct sites s = { .n = 0 };
		struct err e = { 0 };
		int rc, off;

		if (x86_decode((struct span){ cases[i].code, cases[i].len }, &f, &e))
			fail_msg("%s: %s", cases[i].what, e.msg);
		rc = site_entry(&f, cases[i].regs, &s, &e);
		off = rc ? NO_SITE : (int)f.insns.data[s.at[0].insn].off;
		if (off != cases[i].off)
			fail_msg("%s: at %d, not %d", cases[i].what, off, cases[i].off);
		if (rc) {
			assert_int_equal(rc, -ENOTSUP);
		} else if (s.n != 1 || s.at[0].cost != cases[i].cost ||
			   s.at[0].cond != cases[i].cond ||
			   s.at[0].caller_at_rsp != cases[i].caller_at_rsp ||
			   strcmp(s.at[0].why, cases[i].why)) {
			fail_msg("%s: cost %d, condition 0x%x, caller_at_rsp %d, \"%s\"",
				 cases[i].what, s.at[0].cost, s.at[0].cond, s.at[0].caller_at_rsp,
				 s.at[0].why);
		}
		x86_func_deinit(&f);
	}
}

static void the_condition_is_that_of_the_other_edge(void **state)
{
	(void)state;
	for (unsigned int cc = 0; cc < 16; cc++) {
		/* 0: jcc 6; 2: sub; 6: call; b: jmp 0 */
		const uint8_t code[] = { 0x70 + cc, 4, SUB_RSP, CALL, JMP_BACK(13) };
		struct x86_func f;
		struct sites s = { .n = 0 };
		struct err e = { 0 };

		assert_int_equal(x86_decode((struct span){ code, sizeof(code) }, &f, &e), 0);
		assert_int_equal(site_entry(&f, AX, &s, &e), 0);
		assert_int_equal(s.at[0].insn, 0);
		assert_int_equal(s.at[0].cond, cc ^ 1);
		x86_func_deinit(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_prologue_has_its_site),
		cmocka_unit_test(the_condition_is_that_of_the_other_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
