// SPDX-License-Identifier: Apache-2.0
/* What a few instructions, assembled by hand, refer to. */
#include "gobin/codescan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define AT 0x400000

#define CODE(...)                                                                                  \
	((struct span){ (const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }) })

/* Instructions; those relative to rip refer to 0x100 after their own end. */
#define LEA_RAX	     0x48, 0x8d, 0x05, 0x00, 0x01, 0x00, 0x00
#define LOAD_RCX     0x48, 0x8b, 0x0d, 0x00, 0x01, 0x00, 0x00
#define STORE_EAX    0x89, 0x05, 0x00, 0x01, 0x00, 0x00
#define INC_DWORD    0xff, 0x05, 0x00, 0x01, 0x00, 0x00
#define CMP_DWORD_2  0x83, 0x3d, 0x00, 0x01, 0x00, 0x00, 0x02
#define XCHG_EAX     0x87, 0x05, 0x00, 0x01, 0x00, 0x00
#define XADD_RAX_RCX 0xf0, 0x48, 0x0f, 0xc1, 0x08 /* lock xadd [rax], rcx */
#define MOV_EAX_1    0xb8, 0x01, 0x00, 0x00, 0x00
#define XOR_EAX	     0x31, 0xc0
#define CMP_RCX_3    0x48, 0x83, 0xf9, 0x03
#define CMP_RCX_RAX  0x48, 0x39, 0xc1
#define CALL_NEXT    0xe8, 0x00, 0x00, 0x00, 0x00
#define CALL_RDX     0xff, 0xd2
#define JNE_NEXT     0x75, 0x00
#define JMP_NEXT     0xeb, 0x00
#define RET	     0xc3

/* Scans code that has to give n references. */
static void scan(struct span code, size_t n, struct code_refs *ret)
{
	struct err e = { 0 };

	memset(ret, 0, sizeof(*ret));
	if (codescan(code, AT, ret, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(ret->refs.len, n);
}

static void uses_are_told_apart(void **state)
{
	static const struct {
		uint8_t use, size, end;
	} want[] = {
		{ CODE_LEA, 0, 7 },	{ CODE_LOAD, 8, 14 }, { CODE_STORE, 4, 20 },
		{ CODE_UPDATE, 4, 26 }, { CODE_LOAD, 4, 33 }, { CODE_ATOMIC, 4, 39 },
	};
	struct code_refs r;

	(void)state;
	scan(CODE(LEA_RAX, LOAD_RCX, STORE_EAX, INC_DWORD, CMP_DWORD_2, XCHG_EAX, RET), 6, &r);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(r.refs.data[i].use, want[i].use);
		assert_int_equal(r.refs.data[i].size, want[i].size);
		assert_int_equal(r.refs.data[i].addr, AT + want[i].end + 0x100);
	}
	assert_true(r.refs.data[4].has_value && r.refs.data[4].value == 2);
	assert_false(r.refs.data[5].has_value);
	code_refs_deinit(&r);
}

static void constants_are_followed(void **state)
{
	struct code_refs r;

	(void)state;
	scan(CODE(MOV_EAX_1, XCHG_EAX, STORE_EAX, XOR_EAX, STORE_EAX, CALL_RDX, STORE_EAX), 4, &r);
	/* xchg leaves in eax what was in memory. */
	assert_true(r.refs.data[0].has_value && r.refs.data[0].value == 1);
	assert_false(r.refs.data[1].has_value);
	assert_true(r.refs.data[2].has_value && r.refs.data[2].value == 0);
	assert_false(r.refs.data[3].has_value);
	code_refs_deinit(&r);
}

static void addresses_in_registers_are_followed(void **state)
{
	struct code_refs r;

	(void)state;
	scan(CODE(LEA_RAX, JNE_NEXT, XADD_RAX_RCX, CALL_NEXT, XADD_RAX_RCX), 3, &r);
	assert_int_equal(r.refs.data[1].use, CODE_ATOMIC);
	assert_int_equal(r.refs.data[1].addr, AT + 7 + 0x100);
	assert_int_equal(r.refs.data[1].size, 8);
	assert_int_equal(r.refs.data[2].use, CODE_ARG);
	assert_int_equal(r.refs.data[2].reg, CODE_RAX);
	assert_int_equal(r.refs.data[2].addr, AT + 7 + 0x100);
	assert_int_equal(r.refs.data[2].callee, AT + 7 + 2 + 5 + 5);
	code_refs_deinit(&r);
	/* Not when something else is written there, nor behind a jump. */
	scan(CODE(LEA_RAX, MOV_EAX_1, CALL_NEXT), 1, &r);
	code_refs_deinit(&r);
	scan(CODE(LEA_RAX, JMP_NEXT, CALL_NEXT), 1, &r);
	code_refs_deinit(&r);
	scan(CODE(LEA_RAX, CALL_RDX), 2, &r);
	assert_int_equal(r.refs.data[1].callee, 0);
	code_refs_deinit(&r);
}

static void comparisons_guard_what_follows(void **state)
{
	struct code_refs r;

	(void)state;
	scan(CODE(LEA_RAX, CMP_RCX_3, JNE_NEXT, LEA_RAX, LEA_RAX, CMP_RCX_RAX, LEA_RAX), 4, &r);
	assert_false(r.refs.data[0].has_guard);
	assert_true(r.refs.data[1].has_guard && r.refs.data[1].guard == 3);
	assert_true(r.refs.data[2].has_guard && r.refs.data[2].guard == 3);
	assert_false(r.refs.data[3].has_guard);
	code_refs_deinit(&r);
	scan(CODE(CMP_RCX_3, JMP_NEXT, LEA_RAX), 1, &r);
	assert_false(r.refs.data[0].has_guard);
	code_refs_deinit(&r);
}

static void hostile_code_is_bounded(void **state)
{
	static uint8_t many[CODESCAN_MAX_CODE + 1];
	const uint8_t lea[] = { LEA_RAX };
	struct code_refs r = { 0 };
	struct err e;

	(void)state;
	assert_int_equal(codescan(CODE(RET, 0x06), AT, &r, &e), -EBADMSG);
	assert_non_null(strstr(e.msg, "+0x1"));
	assert_int_equal(codescan(CODE(RET, 0x48, 0x8d), AT, &r, &e), -EBADMSG);
	assert_int_equal(codescan((struct span){ many, sizeof(many) }, AT, &r, &e), -E2BIG);
	assert_int_equal(r.refs.len, 0);
	for (size_t i = 0; i + sizeof(lea) <= sizeof(many); i += sizeof(lea))
		memcpy(many + i, lea, sizeof(lea));
	assert_int_equal(codescan((struct span){ many, 7 * 5000 }, AT, &r, &e), -E2BIG);
	assert_int_equal(r.refs.len, CODESCAN_MAX_REFS);
	code_refs_deinit(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uses_are_told_apart),
		cmocka_unit_test(constants_are_followed),
		cmocka_unit_test(addresses_in_registers_are_followed),
		cmocka_unit_test(comparisons_guard_what_follows),
		cmocka_unit_test(hostile_code_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
