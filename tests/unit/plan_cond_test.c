// SPDX-License-Identifier: Apache-2.0
/* bpf/cond.h against the processor: the flags are set by real comparisons, the truth is setcc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/cond.h"

#define SETCC(code, name)                                                                          \
	asm volatile("push %[f]; popf; set" name " %[r]"                                           \
		     : [r] "=r"(real[code])                                                        \
		     : [f] "r"(flags)                                                              \
		     : "cc", "memory")

/* What setcc says for each of the 16 condition codes with these flags. */
static void real_conditions(unsigned long flags, unsigned char real[16])
{
	SETCC(0, "o");
	SETCC(1, "no");
	SETCC(2, "b");
	SETCC(3, "ae");
	SETCC(4, "e");
	SETCC(5, "ne");
	SETCC(6, "be");
	SETCC(7, "a");
	SETCC(8, "s");
	SETCC(9, "ns");
	SETCC(10, "p");
	SETCC(11, "np");
	SETCC(12, "l");
	SETCC(13, "ge");
	SETCC(14, "le");
	SETCC(15, "g");
}

/* Every combination of CF, PF, ZF, SF and OF. */
static void agrees_with_the_processor(void **state)
{
	static const unsigned int bit[] = { 0, 2, 6, 7, 11 };

	(void)state;
	for (unsigned int set = 0; set < 32; set++) {
		unsigned long flags = 0x202;
		unsigned char real[16];

		for (unsigned int i = 0; i < 5; i++)
			flags |= (unsigned long)(set >> i & 1) << bit[i];
		real_conditions(flags, real);
		for (unsigned char cc = 0; cc < 16; cc++)
			assert_int_equal(cond_holds(flags, cc), real[cc]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(agrees_with_the_processor) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
