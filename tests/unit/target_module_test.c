// SPDX-License-Identifier: Apache-2.0
/* Return addresses outside Go: this test's own, and those of the C library that calls it. */
#include "target/module.h"

#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/proc.h"

static void calls_are_told_by_their_end(void **state)
{
	static const struct {
		const char *code;
		size_t n;
		bool call;
	} cases[] = {
		{ "\xe8\x01\x02\x03\x04", 5, true },	     /* rel32 */
		{ "\xff\xd0", 2, true },		     /* rax */
		{ "\x41\xff\xd3", 3, true },		     /* r11 */
		{ "\xff\x10", 2, true },		     /* [rax] */
		{ "\xff\x15\x01\x02\x03\x04", 6, true },     /* [rip+d32] */
		{ "\xff\x50\x08", 3, true },		     /* [rax+d8] */
		{ "\xff\x90\x08\x01\x00\x00", 6, true },     /* [rax+d32] */
		{ "\xff\x14\xc8", 3, true },		     /* [rax+rcx*8] */
		{ "\xff\x14\xc5\x00\x10\x40\x00", 7, true }, /* [rax*8+d32] */
		{ "\xff\x54\x24\x08", 4, true },	     /* [rsp+d8] */
		{ "\xff\x94\x24\x08\x01\x00\x00", 7, true }, /* [rsp+d32] */
		{ "\x90\x90\xe8\x01\x02\x03\x04", 7, true }, /* behind others */
		{ "\xe9\x01\x02\x03\x04", 5, false },	     /* jmp */
		{ "\xff\xe0", 2, false },		     /* jmp rax */
		{ "\xe8\x01\x02\x03\x04\x90", 6, false },    /* not at the end */
		{ "\xff\x50", 2, false },		     /* d8 missing */
		{ "\x00\x00\x00\x00\x00\x00\x00\x00", 8, false },
		{ "\xe8", 1, false },
		{ "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (module_follows_call((const uint8_t *)cases[i].code, cases[i].n) !=
		    cases[i].call)
			fail_msg("case %zu", i);
}

/* The address this returns to. */
static __attribute__((noinline)) uint64_t here(void)
{
	return (uintptr_t)__builtin_return_address(0);
}

static __attribute__((noinline)) uint64_t with_frame_pointer(void)
{
	volatile uint64_t pc = here();

	return pc;
}

static __attribute__((noinline, optimize("omit-frame-pointer"))) uint64_t without(void)
{
	volatile uint64_t pc = here();

	return pc;
}

static uint64_t from_library;

static int compare(const void *a, const void *b)
{
	from_library = (uintptr_t)__builtin_return_address(0);
	return *(const int *)a - *(const int *)b;
}

static char exe[4096];

static int open_self(void **state)
{
	struct modules *m = NULL;
	struct err e = { 0 };
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(n > 0);
	assert_int_equal(modules_create(getpid(), exe, &m, &e), 0);
	*state = m;
	return 0;
}

static int close_self(void **state)
{
	modules_destroy(*state);
	modules_destroy(NULL);
	return 0;
}

static void own_functions_have_names(void **state)
{
	struct module_code code;

	assert_true(modules_find(*state, with_frame_pointer(), &code));
	assert_string_equal(code.func, "with_frame_pointer");
	assert_non_null(strstr(code.module, "target_module_test"));
	assert_true(code.exe && code.follows_call && code.frame_pointer);
}

static void code_without_a_frame_pointer_is_told(void **state)
{
	struct module_code code;

	assert_true(modules_find(*state, without(), &code));
	assert_string_equal(code.func, "without");
	assert_true(code.follows_call);
	assert_false(code.frame_pointer);
}

static void libraries_have_names(void **state)
{
	int numbers[] = { 3, 1, 2 };
	struct module_code code;

	qsort(numbers, 3, sizeof(*numbers), compare);
	assert_true(modules_find(*state, from_library, &code));
	assert_non_null(strstr(code.module, ".so"));
	assert_true(code.follows_call && !code.exe && code.addr < from_library);
}

static void what_follows_no_call_is_told(void **state)
{
	struct module_code code;

	assert_true(modules_find(*state, with_frame_pointer() + 1, &code));
	assert_false(code.follows_call);
}

static void what_is_no_code_is_not_found(void **state)
{
	void *anonymous =
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint64_t no[] = {
		0, 1, UINT64_MAX, (uintptr_t)&anonymous, (uintptr_t)exe, (uintptr_t)anonymous + 16
	};
	struct module_code code = { .addr = 42 };

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		assert_false(modules_find(*state, no[i], &code));
	assert_int_equal(code.addr, 42);
	munmap(anonymous, 4096);
}

/* A copy of this program that says that it has so many sections, mapped as code; its address. */
static const uint8_t *map_copy(uint16_t nsections, size_t *ret_size)
{
	char path[] = "/tmp/target_module_test.XXXXXX";
	int self = open("/proc/self/exe", O_RDONLY), fd = mkstemp(path);
	struct stat st;
	void *p;

	assert_true(self >= 0 && fd >= 0 && !fstat(self, &st));
	assert_int_equal(sendfile(fd, self, NULL, (size_t)st.st_size), st.st_size);
	if (nsections)
		assert_int_equal(
			pwrite(fd, &nsections, sizeof(nsections), offsetof(Elf64_Ehdr, e_shnum)),
			sizeof(nsections));
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	unlink(path);
	close(fd);
	close(self);
	*ret_size = (size_t)st.st_size;
	return p;
}

/* libelf allocates by the numbers in a file. */
static void damaged_files_are_not_read(void **state)
{
	const struct {
		uint16_t nsections; /* 0: as it is */
		bool found;
	} cases[] = { { 0, true }, { UINT16_MAX, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct modules *m = NULL;
		struct module_code code;
		struct err e = { 0 };
		size_t size;
		const uint8_t *copy = map_copy(cases[i].nsections, &size);

		assert_int_equal(modules_create(getpid(), exe, &m, &e), 0);
		assert_int_equal(modules_find(m, (uintptr_t)copy + 16, &code), cases[i].found);
		modules_destroy(m);
		munmap((void *)copy, size);
	}
}

static int keep(void *ctx, const struct proc_mapping *m)
{
	struct proc_mapping **to = ctx;

	*(*to)++ = *m;
	return 0;
}

static void lines_of_maps_are_taken_apart(void **state)
{
	static const char text[] =
		"00400000-00452000 r-xp 00001000 08:02 173521      /usr/bin/a b\n"
		"rubbish\n"
		"7f00-7f00 r-xp 00000000 08:02 1 /empty\n"
		"e03000-e24000 rw-p 00000000 00:00 0           [heap]\n"
		"7f0000-7f1000 --xp 0002a000 fd:1f 99 /x\\012y (deleted)";
	struct proc_mapping m[8] = { 0 }, *end = m;

	(void)state;
	assert_int_equal(proc_maps_walk(text, keep, &end), 0);
	assert_int_equal(end - m, 3);
	assert_true(m[0].start == 0x400000 && m[0].end == 0x452000 && m[0].offset == 0x1000);
	assert_true(m[0].exec && m[0].inode == 173521 && m[0].dev == (8ull << 32 | 2));
	assert_string_equal(m[0].name, "/usr/bin/a b");
	assert_true(!m[1].exec && !m[1].inode);
	assert_true(m[2].exec && m[2].dev == (0xfdull << 32 | 0x1f));
	assert_string_equal(m[2].name, "/x\ny (deleted)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_told_by_their_end),
		cmocka_unit_test(own_functions_have_names),
		cmocka_unit_test(code_without_a_frame_pointer_is_told),
		cmocka_unit_test(libraries_have_names),
		cmocka_unit_test(what_follows_no_call_is_told),
		cmocka_unit_test(what_is_no_code_is_not_found),
		cmocka_unit_test(damaged_files_are_not_read),
		cmocka_unit_test(lines_of_maps_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, open_self, close_self);
}
