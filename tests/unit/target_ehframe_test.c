// SPDX-License-Identifier: Apache-2.0
/* Frame pointers by .eh_frame, against libdw, for this program and every library in it. */
#include "target/ehframe.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RBP    6
#define STRIDE 7

/* Whether the register is saved at this offset from the frame's address. */
static bool saved_at(Dwarf_Frame *frame, int reg, int64_t offset)
{
	Dwarf_Op mem[3], *ops;
	size_t n;

	/* libdw: where it is, as an expression that starts from the frame's address. */
	if (dwarf_frame_register(frame, reg, mem, &ops, &n) || !ops || n < 1 || n > 2 ||
	    ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	return n == 1 ? offset == 0
		      : ops[1].atom == DW_OP_plus_uconst && (int64_t)ops[1].number == offset;
}

static bool by_libdw(Dwarf_CFI *cfi, uint64_t addr)
{
	Dwarf_Frame *frame = NULL;
	Dwarf_Op *ops;
	size_t n;
	bool ret;

	if (dwarf_cfi_addrframe(cfi, addr, &frame))
		return false;
	ret = !dwarf_frame_cfa(frame, &ops, &n) && n == 1 && ops[0].atom == DW_OP_bregx &&
	      ops[0].number == RBP && ops[0].number2 == 16 && saved_at(frame, RBP, -16);
	free(frame);
	return ret;
}

struct seen {
	size_t files, with, without;
};

static int compare(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct seen *seen = arg;
	struct image img = { 0 };
	struct err e = { 0 };
	Dwarf_CFI *cfi;

	(void)size;
	if (image_open(*info->dlpi_name ? info->dlpi_name : "/proc/self/exe", &img, &e))
		return 0; /* the vDSO */
	cfi = dwarf_getcfi_elf(img.elf);
	assert_non_null(cfi);
	for (size_t i = 0; i < img.nloads; i++) {
		const struct image_load *l = &img.loads[i];

		for (uint64_t addr = l->vaddr; l->exec && addr < l->vaddr + l->filesz;
		     addr += STRIDE) {
			bool want = by_libdw(cfi, addr);

			if (ehframe_keeps_frame_pointer(&img, addr) != want)
				fail_msg("%s: 0x%lx: libdw says %d", info->dlpi_name, addr, want);
			++*(want ? &seen->with : &seen->without);
		}
	}
	seen->files++;
	dwarf_cfi_end(cfi);
	image_close(&img);
	return 0;
}

static void libdw_says_the_same(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	dl_iterate_phdr(compare, &seen);
	assert_true(seen.files >= 3 && seen.with > 1000 && seen.without > 100000);
}

static void what_no_function_covers_is_not_known(void **state)
{
	struct image img = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(image_open("/proc/self/exe", &img, &e), 0);
	assert_false(ehframe_keeps_frame_pointer(&img, 0));
	assert_false(ehframe_keeps_frame_pointer(&img, UINT64_MAX));
	for (size_t i = 0; i < img.nloads; i++)
		assert_false(ehframe_keeps_frame_pointer(&img, img.loads[i].vaddr - 1));
	image_close(&img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libdw_says_the_same),
		cmocka_unit_test(what_no_function_covers_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
