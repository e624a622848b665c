// SPDX-License-Identifier: Apache-2.0
/* Decoding: what the kernel makes of each instruction, basic blocks, damaged code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "plan/x86.h"

#define CODE(...)                                                                                  \
	(struct span)                                                                              \
	{                                                                                          \
		(const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })         \
	}

static struct x86_func decode(struct span code)
{
	struct x86_func f = { 0 };
	struct err e = { 0 };

	if (x86_decode(code, &f, &e))
		fail_msg("%s", e.msg);
	return f;
}

static const struct {
	const char *what;
	uint8_t len, code[12];
	enum x86_step step;
} steps[] = {
	{ "jmp rel8", 2, { 0xeb, 0x00 }, X86_EMULATED },
	{ "jmp rel32", 5, { 0xe9, 0, 0, 0, 0 }, X86_EMULATED },
	{ "call rel32", 5, { 0xe8, 0, 0, 0, 0 }, X86_EMULATED },
	{ "jo rel8", 2, { 0x70, 0x00 }, X86_EMULATED },
	{ "jg rel8", 2, { 0x7f, 0x00 }, X86_EMULATED },
	{ "jbe rel32", 6, { 0x0f, 0x86, 0, 0, 0, 0 }, X86_EMULATED },
	{ "jg rel32", 6, { 0x0f, 0x8f, 0, 0, 0, 0 }, X86_EMULATED },
	{ "data16 call rel32", 6, { 0x66, 0xe8, 0, 0, 0, 0 }, X86_REFUSED },
	{ "data16 jmp rel8", 3, { 0x66, 0xeb, 0x00 }, X86_REFUSED },
	{ "data16 jbe rel8", 3, { 0x66, 0x76, 0x00 }, X86_REFUSED },
	{ "cs jbe rel8 (a hint)", 3, { 0x2e, 0x76, 0x00 }, X86_REFUSED },
	{ "rex.w jbe rel8", 3, { 0x48, 0x76, 0x00 }, X86_EMULATED },
	{ "rex.w rex.w jbe rel8", 4, { 0x48, 0x48, 0x76, 0x00 }, X86_REFUSED },
	{ "rex.w repne jbe rel8", 4, { 0x48, 0xf2, 0x76, 0x00 }, X86_REFUSED },
	{ "jrcxz", 2, { 0xe3, 0x00 }, X86_SINGLE_STEP },
	{ "jmp rax", 2, { 0xff, 0xe0 }, X86_SINGLE_STEP },
	{ "call rax", 2, { 0xff, 0xd0 }, X86_SINGLE_STEP },
	{ "call [rdx]", 2, { 0xff, 0x12 }, X86_SINGLE_STEP },
	{ "push rax", 1, { 0x50 }, X86_EMULATED },
	{ "push rbp", 1, { 0x55 }, X86_EMULATED },
	{ "push rdi", 1, { 0x57 }, X86_EMULATED },
	{ "push r8", 2, { 0x41, 0x50 }, X86_EMULATED },
	{ "push r15", 2, { 0x41, 0x57 }, X86_EMULATED },
	{ "rex.w push rbp", 2, { 0x48, 0x55 }, X86_SINGLE_STEP },
	{ "push bp", 2, { 0x66, 0x55 }, X86_SINGLE_STEP },
	{ "push imm8", 2, { 0x6a, 0x01 }, X86_SINGLE_STEP },
	{ "push [rax]", 2, { 0xff, 0x30 }, X86_SINGLE_STEP },
	{ "pop rbp", 1, { 0x5d }, X86_SINGLE_STEP },
	{ "nop", 1, { 0x90 }, X86_EMULATED },
	{ "xchg ax,ax", 2, { 0x66, 0x90 }, X86_EMULATED },
	{ "66 66 90", 3, { 0x66, 0x66, 0x90 }, X86_EMULATED },
	{ "pause", 2, { 0xf3, 0x90 }, X86_SINGLE_STEP },
	{ "xchg r8,rax: the kernel takes it for a nop", 2, { 0x49, 0x90 }, X86_REFUSED },
	{ "xchg r8d,eax", 2, { 0x41, 0x90 }, X86_REFUSED },
	{ "nop [rax]", 3, { 0x0f, 0x1f, 0x00 }, X86_SINGLE_STEP },
	{ "nop [rax+rax+0]", 5, { 0x0f, 0x1f, 0x44, 0x00, 0x00 }, X86_SINGLE_STEP },
	{ "9-byte nop", 9, { 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 }, X86_SINGLE_STEP },
	{ "ret", 1, { 0xc3 }, X86_SINGLE_STEP },
	{ "sub rsp,0x28", 4, { 0x48, 0x83, 0xec, 0x28 }, X86_SINGLE_STEP },
	{ "cmp rsp,[r14+0x10]", 4, { 0x49, 0x3b, 0x66, 0x10 }, X86_SINGLE_STEP },
	{ "lock cmpxchg [rbx],ecx", 4, { 0xf0, 0x0f, 0xb1, 0x0b }, X86_REFUSED },
	{ "lock xadd [rdx],eax", 4, { 0xf0, 0x0f, 0xc1, 0x02 }, X86_REFUSED },
	{ "xchg ecx,eax", 1, { 0x91 }, X86_SINGLE_STEP },
	{ "syscall", 2, { 0x0f, 0x05 }, X86_REFUSED },
	{ "hlt", 1, { 0xf4 }, X86_REFUSED },
	{ "in al,dx", 1, { 0xec }, X86_REFUSED },
	{ "mov ds,eax", 2, { 0x8e, 0xd8 }, X86_REFUSED },
	{ "vzeroupper", 3, { 0xc5, 0xf8, 0x77 }, X86_SINGLE_STEP },
};

static void decides_as_the_kernel_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint8_t code[16];
		struct x86_func f;

		memcpy(code, steps[i].code, steps[i].len);
		memset(code + steps[i].len, 0x90, 2); /* where branches lead */
		f = decode((struct span){ code, steps[i].len + 2u });
		if (f.insns.data[0].len != steps[i].len || f.insns.data[0].step != steps[i].step)
			fail_msg("%s: length %u, step %d", steps[i].what, f.insns.data[0].len,
				 f.insns.data[0].step);
		x86_func_deinit(&f);
	}
}

static void conditions_and_nops_are_told(void **state)
{
	(void)state;
	for (unsigned int cc = 0; cc < 16; cc++) {
		struct x86_func f = decode(CODE(0x70 + cc, 0, 0x0f, 0x80 + cc, 0, 0, 0, 0, 0x90,
						0x0f, 0x1f, 0x00, 0x55, 0xc3));

		assert_int_equal(f.insns.data[0].cc, cc);
		assert_int_equal(f.insns.data[1].cc, cc);
		assert_true(f.insns.data[2].nop);
		assert_false(f.insns.data[3].nop); /* not an emulated one */
		assert_false(f.insns.data[4].nop); /* emulated, not a nop */
		x86_func_deinit(&f);
	}
}

static void writes_are_seen_in_every_width(void **state)
{
	static const struct {
		uint8_t len, code[8];
		uint16_t writes;
		bool stores;
	} cases[] = {
		{ 2, { 0xb3, 0x01 }, 1 << 3, false },		    /* mov bl,1 */
		{ 2, { 0xb7, 0x01 }, 1 << 3, false },		    /* mov bh,1 */
		{ 2, { 0x31, 0xdb }, 1 << 3, false },		    /* xor ebx,ebx */
		{ 4, { 0x66, 0xbb, 1, 0 }, 1 << 3, false },	    /* mov bx,1 */
		{ 3, { 0x48, 0x89, 0xc3 }, 1 << 3, false },	    /* mov rbx,rax */
		{ 3, { 0x48, 0x85, 0xdb }, 0, false },		    /* test rbx,rbx */
		{ 2, { 0xf7, 0xf3 }, 1 << 0 | 1 << 2, false },	    /* div ebx */
		{ 4, { 0x0f, 0x44, 0xd9, 0x90 }, 1 << 3, false },   /* cmove ebx,ecx */
		{ 2, { 0x87, 0xcb }, 1 << 3 | 1 << 1, false },	    /* xchg ebx,ecx */
		{ 1, { 0x55 }, 1 << 4, false },			    /* push rbp */
		{ 3, { 0x48, 0x89, 0xe5 }, 1 << 5, false },	    /* mov rbp,rsp */
		{ 3, { 0x4d, 0x89, 0xc1 }, 1 << 9, false },	    /* mov r9,r8 */
		{ 5, { 0x48, 0x89, 0x44, 0x24, 0x08 }, 0, false },  /* mov [rsp+8],rax */
		{ 4, { 0x48, 0x89, 0x45, 0x08 }, 0, false },	    /* mov [rbp+8],rax */
		{ 4, { 0x80, 0x73, 0x22, 0x01 }, 0, true },	    /* xor [rbx+22],1 */
		{ 7, { 0x48, 0x89, 0x05, 0, 0, 0, 0 }, 0, true },   /* mov [rip],rax */
		{ 5, { 0xe8, 0, 0, 0, 0 }, X86_ALL_REGS, false },   /* call */
		{ 3, { 0xf3, 0x48, 0xab }, 1 << 1 | 1 << 7, true }, /* rep stosq */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t code[16];
		struct x86_func f;

		memcpy(code, cases[i].code, cases[i].len);
		memset(code + cases[i].len, 0x90, 2);
		f = decode((struct span){ code, cases[i].len + 2u });
		if (f.insns.data[0].writes != cases[i].writes)
			fail_msg("case %zu: writes 0x%x", i, f.insns.data[0].writes);
		if (cases[i].code[0] != 0xe8 && f.insns.data[0].stores != cases[i].stores)
			fail_msg("case %zu: stores %d", i, f.insns.data[0].stores);
		x86_func_deinit(&f);
	}
}

/* 0: xor eax,eax; 2: jne 7; 4: nop; 5: jmp 0; 7: ret; then padding */
#define LOOP 0x31, 0xc0, 0x75, 0x03, 0x90, 0xeb, 0xf9, 0xc3, 0xcc, 0xcc, 0xcc

static void blocks_and_loops(void **state)
{
	struct x86_func f = decode(CODE(LOOP));

	(void)state;
	assert_int_equal(f.insns.len, 5); /* no padding */
	assert_int_equal(f.blocks.len, 3);
	assert_int_equal(f.blocks.data[0].taken, 2);
	assert_int_equal(f.blocks.data[0].fall, 1);
	assert_int_equal(f.blocks.data[1].taken, 0);
	assert_int_equal(f.blocks.data[1].fall, X86_NONE);
	assert_int_equal(f.blocks.data[2].taken, X86_NONE);
	assert_int_equal(f.blocks.data[2].fall, X86_NONE);
	assert_true(x86_in_loop(&f, 0));
	assert_true(x86_in_loop(&f, 1));
	assert_false(x86_in_loop(&f, 2));
	assert_true(x86_same_loop(&f, 0, 1));
	assert_false(x86_same_loop(&f, 1, 2));
	assert_false(x86_same_loop(&f, 2, 2));
	x86_func_deinit(&f);
}

/* 0: je 0; 2: je 4; 4: je b; 6: jmp 2; 8: je 6; a: ret; b: jmp 8 */
static void loops_are_told_apart(void **state)
{
	struct x86_func f = decode(
		CODE(0x74, 0xfe, 0x74, 0x00, 0x74, 0x05, 0xeb, 0xfa, 0x74, 0xfc, 0xc3, 0xeb, 0xfb));

	(void)state;
	assert_int_equal(f.blocks.len, 7);
	assert_true(x86_in_loop(&f, 0)); /* on its own */
	assert_false(x86_same_loop(&f, 0, 1));
	for (uint32_t b = 1; b < 7; b++)
		assert_int_equal(x86_same_loop(&f, 1, b), b != 5);
	x86_func_deinit(&f);
}

/* As many blocks as there can be, each leading to the next and the last one to the first. */
static void the_longest_loop(void **state)
{
	struct x86_func f;
	struct err e;
	uint8_t *code = malloc(X86_MAX_CODE);

	(void)state;
	assert_non_null(code);
	for (size_t i = 0; i < X86_MAX_CODE; i += 2)
		memcpy(code + i, "\x74", 2);
	memcpy(code + X86_MAX_CODE - 6, "\x0f\x84\x00\x00\xff\xff", 6);
	assert_int_equal(x86_decode((struct span){ code, X86_MAX_CODE }, &f, &e), 0);
	assert_int_equal(f.blocks.len, X86_MAX_CODE / 2 - 2);
	for (uint32_t b = 0; b < f.blocks.len; b++)
		assert_true(x86_same_loop(&f, 0, b));
	x86_func_deinit(&f);
	free(code);
}

static void code_that_grows_the_stack_is_no_loop(void **state)
{
	/*
	 * 0: cmp rsp,[r14+10]; 4: jbe c; 6: push rbp; 7: call (a panic); c: call (morestack);
	 * 11: jmp 0. The call at 7 does not run on into c.
	 */
	struct x86_func f = decode(CODE(0x49, 0x3b, 0x66, 0x10, 0x76, 0x06, 0x55, 0xe8, 0, 1, 0, 0,
					0xe8, 0, 1, 0, 0, 0xeb, 0xed));

	(void)state;
	assert_int_equal(f.blocks.len, 3);
	assert_int_equal(f.grow, 2);
	assert_int_equal(f.blocks.data[1].fall, X86_NONE);
	assert_false(x86_in_loop(&f, 1));
	assert_true(x86_in_loop(&f, 0));
	x86_func_deinit(&f);
}

static void jump_tables_and_tail_calls(void **state)
{
	struct x86_func f = decode(CODE(0x85, 0xc0, 0x74, 0x02, 0xff, 0xe1, 0xe9, 0, 1, 0, 0));

	(void)state;
	assert_true(f.indirect);
	assert_int_equal(f.insns.data[3].flow, X86_JMP);
	assert_int_equal(f.insns.data[3].target, X86_OUTSIDE);
	x86_func_deinit(&f);
	f = decode(CODE(0xe3, 0x01, 0x90, 0xc3)); /* jrcxz: two ways on, no condition code */
	assert_false(f.indirect);
	assert_int_equal(f.insns.data[0].flow, X86_JCC_OTHER);
	assert_int_equal(f.blocks.data[0].taken, 2);
	assert_int_equal(f.blocks.data[0].fall, 1);
	x86_func_deinit(&f);
}

static void refuses_what_it_cannot_read(void **state)
{
	static uint8_t large[X86_MAX_CODE + 1];
	struct x86_func f;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(x86_decode(CODE(0xcc, 0xcc), &f, &e), -EBADMSG);
	assert_int_equal(x86_decode((struct span){ 0 }, &f, &e), -EBADMSG);
	assert_int_equal(x86_decode(CODE(0x90, 0x06), &f, &e), -EBADMSG); /* push es: not 64-bit */
	assert_non_null(strstr(e.msg, "+0x1"));
	/* mov eax,imm32 at 2, and a jump to 3 */
	assert_int_equal(x86_decode(CODE(0xeb, 0x01, 0xb8, 0, 0, 0, 0, 0xc3), &f, &e), -EBADMSG);
	assert_non_null(strstr(e.msg, "+0x3"));
	memset(large, 0x90, sizeof(large));
	assert_int_equal(x86_decode((struct span){ large, sizeof(large) }, &f, &e), -E2BIG);
	assert_int_equal(x86_decode((struct span){ large, sizeof(large) - 1 }, &f, &e), 0);
	assert_int_equal(f.blocks.len, 1);
	x86_func_deinit(&f);
}

static void truncated_anywhere_it_is_read_or_refused(void **state)
{
	struct span all = CODE(0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0x10, 0, 0, 0, 0x55, 0x48, 0x89,
			       0xe5, 0x48, 0x83, 0xec, 0x20, 0xe8, 0, 1, 0, 0, 0x5d, 0xc3, 0x90,
			       0xe8, 0, 1, 0, 0, 0xeb, 0xdf);
	unsigned int good = 0;

	(void)state;
	for (size_t len = 0; len <= all.len; len++) {
		uint8_t *copy = test_malloc(len + 1);
		struct x86_func f;
		struct err e = { 0 };

		memcpy(copy, all.data, len);
		if (!x86_decode((struct span){ copy, len }, &f, &e)) {
			good++;
			for (size_t i = 0; i < f.insns.len; i++)
				assert_true(f.insns.data[i].off + f.insns.data[i].len <= len);
			x86_func_deinit(&f);
		} else {
			assert_true(e.code < 0 && e.msg[0]);
		}
		test_free(copy);
	}
	assert_true(good > 0 && good < all.len);
}

static void shows_instructions_as_people_write_them(void **state)
{
	struct x86_func f = decode(CODE(0x55, 0x76, 0x01, 0x90, 0x48, 0x83, 0xec, 0x28, 0xc3));
	static const char *const want[] = { "push rbp", "jbe 0x401004", "nop", "sub rsp, 0x28",
					    "ret" };

	(void)state;
	for (size_t i = 0; i < f.insns.len; i++) {
		char buf[48];

		x86_format(&f, &f.insns.data[i], 0x401000, buf, sizeof(buf));
		assert_string_equal(buf, want[i]);
	}
	x86_func_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_as_the_kernel_does),
		cmocka_unit_test(conditions_and_nops_are_told),
		cmocka_unit_test(writes_are_seen_in_every_width),
		cmocka_unit_test(blocks_and_loops),
		cmocka_unit_test(loops_are_told_apart),
		cmocka_unit_test(the_longest_loop),
		cmocka_unit_test(code_that_grows_the_stack_is_no_loop),
		cmocka_unit_test(jump_tables_and_tail_calls),
		cmocka_unit_test(refuses_what_it_cannot_read),
		cmocka_unit_test(truncated_anywhere_it_is_read_or_refused),
		cmocka_unit_test(shows_instructions_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
