// SPDX-License-Identifier: Apache-2.0
/* Where the return from a function is probed, on small functions assembled by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/site.h"

#define XOR	0x31, 0xc0
#define ADD_RSP 0x48, 0x83, 0xc4, 0x28
#define POP_RBP 0x5d
#define CALL	0xe8, 0x00, 0x10, 0x00, 0x00
#define NOP	0x90
#define LONGNOP 0x0f, 0x1f, 0x00
#define RET	0xc3
#define JE(n)	0x74, (uint8_t)(n)
#define JG(n)	0x7f, (uint8_t)(n)
#define JMP(n)	0xeb, (uint8_t)(n)
#define LOCK	0xf0, 0x0f, 0xc1, 0x02

static const struct {
	const char *what;
	uint8_t len, code[48];
	bool short_loops;
	/* "offset condition cost rsp" of each site: cost e or s, rsp r (caller_at_rsp) or - */
	const char *want;
} cases[] = {
#define BYTES(...)                                                                                 \
	sizeof((uint8_t[]){ __VA_ARGS__ }),                                                        \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
	{ "nothing but ret", BYTES(XOR, RET), false, "2 - s r" },
	{ "a nop after the last call", BYTES(CALL, NOP, ADD_RSP, POP_RBP, RET), false, "5 - e -" },
	{ "a nop where the frame is gone", BYTES(CALL, ADD_RSP, POP_RBP, NOP, RET), false,
	  "10 - e r" },
	{ "the last of two nops", BYTES(NOP, XOR, NOP, RET), false, "3 - e r" },
	{ "a nop before the last call: too early, and so is the call",
	  BYTES(NOP, CALL, ADD_RSP, RET), false, "10 - s r" },
	{ "a long nop is single-stepped as ret is", BYTES(XOR, LONGNOP, RET), false, "5 - s r" },
	/* 0: je 5; 2: xor; 4: nop; 5: ret */
	{ "taken edge, and a block that runs on", BYTES(JE(3), XOR, NOP, RET), false,
	  "0 4 e r,4 - e r" },
	/* 0: je 4; 2: xor; 4: ret */
	{ "both edges of one branch", BYTES(JE(2), XOR, RET), false, "0 - e r" },
	/* 0: je 4; 2: jmp 6; 4: xor; 6: add rsp; a: ret */
	{ "a jump, and the taken edge to the block before", BYTES(JE(2), JMP(2), XOR, ADD_RSP, RET),
	  false, "2 - e -,0 4 e -" },
	/* 0: je 4; 2: xor; 4: (b) jg 9; 6: xor; 8: ret; 9: nop; a: ret */
	{ "two returns: fall-through edge, nop", BYTES(JE(2), XOR, JG(3), XOR, RET, NOP, RET),
	  false, "4 e e r,9 - e r" },
	/* 0: je 3; 2: ret; 3: ret */
	{ "one branch, two returns", BYTES(JE(1), RET, RET), false, "0 - e r" },
	/* 0: xor; 2: je 0; 4: ret */
	{ "the way out of a loop is passed each round", BYTES(XOR, JE(-4), RET), false, "4 - s r" },
	{ "unless the rounds are few", BYTES(XOR, JE(-4), RET), true, "2 5 e r" },
	/* 0: xor; 2: je 6; 4: jmp 0; 6: jmp 9; 8: nop; 9: ret */
	{ "a jump behind a loop", BYTES(XOR, JE(2), JMP(-6), JMP(1), NOP, RET), false,
	  "6 - e r,8 - e r" },
	/* 0: je 7; 2: call; 7: ret: one way in comes from a call */
	{ "a way in right after a call", BYTES(JE(5), CALL, RET), false, "7 - s r" },
	/* 0: je 8; 2: call; 7: nop; 8: ret */
	{ "a way in after a call and a nop", BYTES(JE(6), CALL, NOP, RET), false,
	  "0 4 e r,7 - e r" },
	/* 0: ret; 1: call (deferreturn); 6: add rsp; a: ret */
	{ "code that only the runtime enters", BYTES(RET, CALL, ADD_RSP, RET), false,
	  "0 - s r,10 - s r" },
	/* 0: je 4; 2: jmp rax; 4: nop; 5: ret */
	{ "with a jump table the ways in are not known", BYTES(JE(2), 0xff, 0xe0, NOP, RET), false,
	  "5 - s r" },
	/* 0: je 7; 2: jmp elsewhere; 7: ret */
	{ "a tail call", BYTES(JE(5), 0xe9, 0x00, 0x10, 0x00, 0x00, RET), false,
	  "2 - e r,0 4 e r" },
	/* 0: jcc elsewhere; 6: ret */
	{ "a conditional tail call", BYTES(0x0f, 0x84, 0x00, 0x10, 0x00, 0x00, RET), false,
	  "0 - e r" },
	{ "a locked instruction before ret does no harm", BYTES(JE(4), LOCK, RET), false,
	  "0 - e r" },
	/* 0: jrcxz 3; 2: nop; 3: ret: no condition code for it */
	{ "jrcxz", BYTES(0xe3, 1, NOP, RET), false, "3 - s r" },
#undef BYTES
};

static void describe(const struct x86_func *f, const struct sites *s, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	for (size_t i = 0; i < s->n; i++) {
		char cond[4] = "-";

		if (s->at[i].cond != ABI_COND_NONE)
			snprintf(cond, sizeof(cond), "%x", s->at[i].cond);
		n += snprintf(buf + n, size - n, "%s%u %s %c %c", i ? "," : "",
			      f->insns.data[s->at[i].insn].off, cond,
			      s->at[i].cost == PLAN_EMULATED ? 'e' : 's',
			      s->at[i].caller_at_rsp ? 'r' : '-');
	}
}

static void every_way_out_has_its_site(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct x86_func f;
		struct sites s = { .n = 0 };
		struct err e = { 0 };
		char got[256];

		if (x86_decode((struct span){ cases[i].code, cases[i].len }, &f, &e) ||
		    site_exits(&f, cases[i].short_loops, &s, &e))
			fail_msg("%s: %s", cases[i].what, e.msg);
		describe(&f, &s, got, sizeof(got));
		if (strcmp(got, cases[i].want))
			fail_msg("%s: %s, not %s", cases[i].what, got, cases[i].want);
		for (size_t j = 0; j < s.n; j++)
			assert_true(s.at[j].why[0]);
		x86_func_deinit(&f);
	}
}

static void too_many_ways_into_one_ret(void **state)
{
	uint8_t code[64];
	struct x86_func f;
	struct err e = { 0 };

	(void)state;
	for (unsigned int branches = 1; branches <= 12; branches++) {
		struct sites s = { .n = 0 };
		size_t n = 0;

		for (unsigned int i = 0; i < branches; i++) {
			code[n++] = 0x74;
			code[n++] = 2 * (branches - 1 - i) + 3;
		}
		memcpy(code + n, (uint8_t[]){ 0xf4, 0xf4, 0xf4, RET }, 4); /* hlt: no way through */
		assert_int_equal(x86_decode((struct span){ code, n + 4 }, &f, &e), 0);
		assert_int_equal(site_exits(&f, false, &s, &e), 0);
		assert_int_equal(s.n, branches <= 8 ? branches : 1);
		assert_int_equal(s.at[0].cost, branches <= 8 ? PLAN_EMULATED : PLAN_SINGLE_STEP);
		x86_func_deinit(&f);
	}
}

static void too_many_returns(void **state)
{
	uint8_t code[SITE_MAX + 1];
	struct x86_func f;
	struct sites s = { .n = 0 };
	struct err e = { 0 };

	(void)state;
	memset(code, 0xc3, sizeof(code));
	assert_int_equal(x86_decode((struct span){ code, SITE_MAX }, &f, &e), 0);
	assert_int_equal(site_exits(&f, false, &s, &e), 0);
	assert_int_equal(s.n, SITE_MAX);
	x86_func_deinit(&f);
	s.n = 0;
	assert_int_equal(x86_decode((struct span){ code, SITE_MAX + 1 }, &f, &e), 0);
	assert_int_equal(site_exits(&f, false, &s, &e), -ENOTSUP);
	assert_int_equal(s.n, 0);
	x86_func_deinit(&f);
}

static void a_function_that_never_returns(void **state)
{
	const uint8_t code[] = { CALL, JMP(-7) };
	struct x86_func f;
	struct sites s = { .n = 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(x86_decode((struct span){ code, sizeof(code) }, &f, &e), 0);
	assert_int_equal(site_exits(&f, false, &s, &e), -ENOTSUP);
	assert_string_equal(e.msg, "the function never returns");
	x86_func_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_out_has_its_site),
		cmocka_unit_test(too_many_ways_into_one_ret),
		cmocka_unit_test(too_many_returns),
		cmocka_unit_test(a_function_that_never_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
