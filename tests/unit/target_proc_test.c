// SPDX-License-Identifier: Apache-2.0
/* /proc/PID/stat and maps, as they are and as they should not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/proc.h"

#define FIELDS                                                                                     \
	"1 77 77 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 11 0 123456 2000000 500 "                  \
	"18446744073709551615 4194304 5000000 140730000000000 0 0 0 0 0 2143420159 0 0 0 17 1 0 0"

static void stat_is_understood(void **state)
{
	struct proc_stat s;

	(void)state;
	assert_true(proc_stat_parse("77 (store) S " FIELDS "\n", &s));
	assert_int_equal(s.state, 'S');
	assert_false(s.kernel_thread);
	assert_int_equal(s.cpu_ticks, 300);
	assert_int_equal(s.threads, 11);
	assert_int_equal(s.start_ticks, 123456);
	assert_int_equal(s.stack_address, 140730000000000);
}

static void names_may_look_like_anything(void **state)
{
	static const char *const names[] = { "a b", ")", "(", ") R 1 2 3", "a) (b", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[512];
		struct proc_stat s = { 0 };

		snprintf(text, sizeof(text), "77 (%s) Z %s\n", names[i], FIELDS);
		assert_true(proc_stat_parse(text, &s));
		assert_int_equal(s.state, 'Z');
		assert_int_equal(s.start_ticks, 123456);
	}
}

static void kernel_threads_are_told(void **state)
{
	struct proc_stat s;

	(void)state;
	assert_true(proc_stat_parse("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 "
				    "0 0 1 1 1 0 0 0\n",
				    &s));
	assert_true(s.kernel_thread);
}

/* Cut off anywhere before the last field that is read, it is refused; never half a number. */
static void cut_off_anywhere(void **state)
{
	static const char all[] = "77 (st) S " FIELDS "\n";
	size_t end = strstr(all, "140730000000000") - all + strlen("140730000000000");

	(void)state;
	for (size_t len = 0; len < sizeof(all); len++) {
		char *copy = strndup(all, len);
		struct proc_stat s = { .start_ticks = 1 };

		assert_int_equal(proc_stat_parse(copy, &s), len > end);
		assert_int_equal(s.start_ticks, len > end ? 123456 : 1);
		free(copy);
	}
}

static void rubbish_is_no_stat(void **state)
{
	struct proc_stat s;

	(void)state;
	assert_false(proc_stat_parse("", &s));
	assert_false(proc_stat_parse(")", &s));
	assert_false(proc_stat_parse("77 (x) S a b c", &s));
}

static void own_stat(void **state)
{
	struct proc_stat s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(proc_stat_read(getpid(), &s, &e), 0);
	assert_int_equal(s.state, 'R');
	assert_int_equal(s.threads, 1);
	assert_true(s.stack_address != 0);
	assert_int_equal(proc_tgid(getpid()), getpid());
	assert_int_equal(proc_tgid(-1), 0);
	assert_int_equal(proc_stat_read(0x7ffffffe, &s, &e), -ESRCH);
	assert_string_equal(e.msg, "process 2147483646: no such process");
}

static const char maps[] =
	"00400000-00500000 r--p 00000000 fd:01 99                        /usr/bin/other\n"
	"00600000-00700000 r-xp 00001000 fd:01 98                        /usr/bin/st ore\n"
	"7f0000000000-7f0000100000 r--p 00000000 fd:01 98                /usr/bin/st ore\n"
	"7f0000100000-7f0000200000 r-xp 00001000 fd:01 98                /usr/bin/st ore\n"
	"7f0000300000-7f0000400000 r--p 00000000 fd:01 97                /tmp/gone (deleted)\n"
	"7f0000500000-7f0000600000 r--p 00000000 fd:01 97                /tmp/new\\012line\n"
	"7f0000700000-7f0000800000 rw-p 00000000 00:00 0 \n"
	"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n";

static void mappings_are_found_by_name_and_offset(void **state)
{
	uint64_t start = 1;

	(void)state;
	assert_true(proc_maps_find(maps, "/usr/bin/st ore", 0, &start));
	assert_int_equal(start, 0x7f0000000000);
	assert_true(proc_maps_find(maps, "/usr/bin/st ore", 0x1000, &start));
	assert_int_equal(start, 0x600000);
	assert_true(proc_maps_find(maps, "/tmp/gone (deleted)", 0, &start));
	assert_int_equal(start, 0x7f0000300000);
	assert_true(proc_maps_find(maps, "/tmp/new\nline", 0, &start));
	assert_int_equal(start, 0x7f0000500000);
	start = 1;
	assert_false(proc_maps_find(maps, "/usr/bin/st", 0, &start));
	assert_false(proc_maps_find(maps, "/usr/bin/st ore2", 0, &start));
	assert_false(proc_maps_find(maps, "/usr/bin/st ore", 0x2000, &start));
	assert_false(proc_maps_find(maps, "/tmp/new", 0, &start));
	assert_false(proc_maps_find(maps, "[stack]", 0, &start));
	assert_false(proc_maps_find(maps, "", 0, &start));
	assert_false(proc_maps_find("", "/usr/bin/other", 0, &start));
	assert_int_equal(start, 1);
}

static void maps_cut_off_anywhere(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(maps); len++) {
		char *copy = strndup(maps, len);
		uint64_t start = 0;

		if (proc_maps_find(copy, "/usr/bin/st ore", 0x1000, &start))
			assert_int_equal(start, 0x600000);
		free(copy);
	}
}

static void own_maps(void **state)
{
	extern const char __ehdr_start[];
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	uint64_t start = 0;
	struct err e = { 0 };

	(void)state;
	assert_true(n > 0);
	exe[n] = 0;
	assert_int_equal(proc_maps_start(getpid(), exe, 0, &start, &e), 0);
	assert_int_equal(start, (uintptr_t)__ehdr_start);
	assert_int_equal(proc_maps_start(getpid(), "/no/such", 0, &start, &e), -ESRCH);
}

static void refusals_name_the_capability(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(proc_error(&e, -EACCES, 5, "see which program it runs"), -EACCES);
	assert_non_null(strstr(e.msg, "process 5"));
	assert_non_null(strstr(e.msg, "CAP_SYS_PTRACE"));
	assert_int_equal(proc_error(&e, -ENOENT, 5, "x"), -ESRCH);
}

static void own_pid_is_the_innermost(void **state)
{
	static const char text[] = "Name:\tx\nTgid:\t9\nNSpid:\t4711\t23\t1\nNSpgid:\t8\n";
	uint32_t pid = 0;

	(void)state;
	assert_true(proc_own_pid_parse(text, &pid));
	assert_int_equal(pid, 1);
	assert_true(proc_own_pid_parse("Name:\tx\nNSpid:\t31\n", &pid));
	assert_int_equal(pid, 31);
	/* Cut off anywhere before the end of the line, it is no number. */
	for (size_t len = 0; len < strlen(text) - strlen("\nNSpgid:\t8\n"); len++) {
		char *cut = strndup(text, len);

		assert_false(proc_own_pid_parse(cut, &pid));
		free(cut);
	}
}

static void identity_is_that_of_this_process(void **state)
{
	struct proc_identity id = { 0 };
	struct stat st;
	struct err e;

	(void)state;
	assert_int_equal(proc_identity_read(getpid(), &id, &e), 0);
	assert_int_equal(id.pid, getpid());
	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	assert_int_equal(id.ns_ino, st.st_ino);
	assert_int_equal(proc_identity_read(INT_MAX, &id, &e), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_is_understood),
		cmocka_unit_test(names_may_look_like_anything),
		cmocka_unit_test(kernel_threads_are_told),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(rubbish_is_no_stat),
		cmocka_unit_test(own_stat),
		cmocka_unit_test(mappings_are_found_by_name_and_offset),
		cmocka_unit_test(maps_cut_off_anywhere),
		cmocka_unit_test(own_maps),
		cmocka_unit_test(refusals_name_the_capability),
		cmocka_unit_test(own_pid_is_the_innermost),
		cmocka_unit_test(identity_is_that_of_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
