// SPDX-License-Identifier: Apache-2.0
/* Opening processes: a live Go program (gofmt, which comes with Go), and all that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/target.h"

/* A process that waits for its standard input to end: close *in to let it go. */
static pid_t spawn(const char *program, int *in)
{
	int to[2], null;
	pid_t pid;

	assert_int_equal(pipe(to), 0);
	pid = fork();
	if (pid == 0) {
		dup2(to[0], 0);
		close(to[1]);
		null = open("/dev/null", O_WRONLY);
		dup2(null, 1);
		dup2(null, 2);
		execlp(program, program, NULL);
		_exit(127);
	}
	close(to[0]);
	*in = to[1];
	return pid;
}

/* Waits until /proc/PID/stat says so, 5 s at most. */
static bool in_state(pid_t pid, char state)
{
	for (int i = 0; i < 500; i++) {
		char path[64], text[512] = "", *p;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "r");
		if (f) {
			if (!fgets(text, sizeof(text), f))
				text[0] = 0;
			fclose(f);
		}
		p = strrchr(text, ')');
		if (p && p[2] == state)
			return true;
		usleep(10000);
	}
	return false;
}

static void end(pid_t pid, int in)
{
	close(in);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Opens the process once it has become a Go program: right after fork it is still this one. */
static struct target *open_go(pid_t pid)
{
	struct target *t = NULL;
	struct err e;

	for (int i = 0; i < 500 && !t; i++) {
		if (target_open(pid, &t, &e))
			usleep(10000);
	}
	return t;
}

static bool have_gofmt(void)
{
	return !system("command -v gofmt >/dev/null 2>&1");
}

static void no_such_process(void **state)
{
	struct target *t = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(target_open(0x7ffffffe, &t, &e), -ESRCH);
	assert_string_equal(e.msg, "process 2147483646: no such process");
	assert_int_equal(target_open(0, &t, &e), -ESRCH);
	assert_int_equal(target_open(-1, &t, &e), -ESRCH);
	assert_null(t);
	target_close(NULL);
}

static void a_program_that_is_not_go(void **state)
{
	struct target *t = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(target_open(getpid(), &t, &e), -ENOEXEC);
	assert_non_null(strstr(e.msg, "target_open_test"));
	assert_null(t);
}

static void a_zombie(void **state)
{
	struct target *t = NULL;
	struct err e = { 0 };
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_true(in_state(pid, 'Z'));
	assert_int_equal(target_open(pid, &t, &e), -ESRCH);
	assert_non_null(strstr(e.msg, "zombie"));
	waitpid(pid, NULL, 0);
	assert_int_equal(target_open(pid, &t, &e), -ESRCH);
	assert_non_null(strstr(e.msg, "no such process"));
}

static void *tell_tid(void *fds)
{
	pid_t tid = syscall(SYS_gettid);
	char c;

	assert_int_equal(write(((int *)fds)[1], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(read(((int *)fds)[2], &c, 1), 0); /* until the other end is closed */
	return NULL;
}

static void a_thread(void **state)
{
	struct target *t = NULL;
	struct err e = { 0 };
	int fds[4];
	pthread_t th;
	pid_t tid;

	(void)state;
	assert_int_equal(pipe(fds) | pipe(fds + 2), 0);
	assert_int_equal(pthread_create(&th, NULL, tell_tid, fds), 0);
	assert_int_equal(read(fds[0], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(target_open(tid, &t, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "a thread of process"));
	close(fds[3]);
	pthread_join(th, NULL);
	close(fds[0]);
	close(fds[1]);
	close(fds[2]);
}

static void a_go_program(void **state)
{
	struct gobin_func fn;
	const char *name = "runtime.mapassign_faststr";
	struct err e = { 0 };
	unsigned int threads = 0;
	uint8_t code[16];
	struct span file;
	struct target *t;
	uint64_t ns = 1;
	int in;
	pid_t pid;

	(void)state;
	if (!have_gofmt()) {
		skip();
		return;
	}
	pid = spawn("gofmt", &in);
	t = open_go(pid);
	assert_non_null(t);
	assert_int_equal(target_pid(t), pid);
	assert_non_null(strstr(target_exe(t), "gofmt"));
	assert_int_equal(access(target_attach_path(t), R_OK), 0);
	assert_true(target_alive(t));
	assert_false(target_execed(t));
	assert_int_equal(target_threads(t, &threads, &e), 0);
	assert_true(threads >= 1);
	assert_int_equal(target_cpu_time(t, &ns, &e), 0);
	assert_int_equal(ns % 1000000, 0); /* whole ticks */
	/* The code in its memory is the code in the file: the load bias is right. */
	gobin_find_funcs(target_gobin(t), &name, 1, &fn);
	assert_true(fn.addr && gobin_bytes(target_gobin(t), fn.addr, sizeof(code), &file));
	assert_int_equal(target_read(t, fn.addr + target_bias(t), code, sizeof(code), &e), 0);
	assert_memory_equal(code, file.data, sizeof(code));
	assert_int_equal(target_read(t, 8, code, sizeof(code), &e), -EFAULT);
	end(pid, in);
	target_close(t);
}

static void its_end_is_noticed(void **state)
{
	struct err e = { 0 };
	struct target *t;
	struct target_map m;
	unsigned int n;
	uint64_t ns;
	char c;
	int in;
	pid_t pid;

	(void)state;
	if (!have_gofmt()) {
		skip();
		return;
	}
	pid = spawn("gofmt", &in);
	t = open_go(pid);
	assert_non_null(t);
	kill(pid, SIGKILL);
	assert_int_equal(poll(&(struct pollfd){ target_pidfd(t), POLLIN, 0 }, 1, 5000), 1);
	assert_false(target_alive(t)); /* a zombie already counts as ended */
	assert_false(target_execed(t));
	end(pid, in);
	assert_false(target_alive(t));
	assert_int_equal(target_cpu_time(t, &ns, &e), -ESRCH);
	assert_int_equal(target_threads(t, &n, &e), -ESRCH);
	assert_int_equal(target_read(t, 8, &c, 1, &e), -ESRCH);
	assert_int_equal(target_read_map(t, 8, &m, &e), -ESRCH);
	target_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_such_process), cmocka_unit_test(a_program_that_is_not_go),
		cmocka_unit_test(a_zombie),	   cmocka_unit_test(a_thread),
		cmocka_unit_test(a_go_program),	   cmocka_unit_test(its_end_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
