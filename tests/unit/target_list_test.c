// SPDX-License-Identifier: Apache-2.0
/* The list of Go processes: gofmt, which comes with Go, twice, and this program, which is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/list.h"

enum { CHILDREN = 2 };

struct children {
	pid_t pid[CHILDREN];
	int in; /* closed, it lets them go */
};

static bool have_gofmt(void)
{
	return !system("command -v gofmt >/dev/null 2>&1");
}

static void spawn(struct children *c)
{
	int to[2];

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	for (size_t i = 0; i < CHILDREN; i++) {
		c->pid[i] = fork();
		if (c->pid[i] == 0) {
			dup2(to[0], 0);
			execlp("gofmt", "gofmt", NULL);
			_exit(127);
		}
	}
	close(to[0]);
	c->in = to[1];
}

static void end(struct children *c)
{
	close(c->in);
	for (size_t i = 0; i < CHILDREN; i++) {
		kill(c->pid[i], SIGKILL);
		waitpid(c->pid[i], NULL, 0);
	}
}

static const struct list_process *find(const struct list *l, pid_t pid)
{
	for (size_t i = 0; i < l->processes.len; i++)
		if (l->processes.data[i].pid == pid)
			return &l->processes.data[i];
	return NULL;
}

/* Lists until both children have become gofmt and set up their runtime, 5 s at most. */
static void list_children(struct list *l, const struct children *c)
{
	for (int tries = 0; tries < 500; tries++) {
		const struct list_process *a, *b;
		struct err e = { 0 };

		assert_int_equal(list_read(l, &e), 0);
		a = find(l, c->pid[0]);
		b = find(l, c->pid[1]);
		if (a && b && a->memprofile.state != MEMPROFILE_ON &&
		    b->memprofile.state != MEMPROFILE_ON)
			return;
		list_deinit(l);
		usleep(10000);
	}
	fail_msg("gofmt is not listed");
}

static void go_processes_are_listed(void **state)
{
	const struct list_process *a, *b;
	struct children c;
	struct list l;

	(void)state;
	if (!have_gofmt()) {
		skip();
		return;
	}
	spawn(&c);
	list_children(&l, &c);
	a = find(&l, c.pid[0]);
	b = find(&l, c.pid[1]);
	assert_int_equal(a->binary, b->binary); /* one binary, opened once */
	assert_non_null(l.binaries.data[a->binary].bin);
	assert_string_equal(gobin_info(l.binaries.data[a->binary].bin)->module, "cmd/gofmt");
	assert_non_null(strstr(a->exe, "gofmt"));
	/* It has no -memprofile and imports no net/http/pprof. */
	assert_int_equal(a->memprofile_why.code, 0);
	assert_int_equal(a->memprofile.state, MEMPROFILE_LINKED_OUT);
	assert_int_equal(a->memprofile.rate, 0);
	for (size_t i = 1; i < l.processes.len; i++)
		assert_true(l.processes.data[i - 1].pid < l.processes.data[i].pid);
	list_deinit(&l);
	end(&c);
}

static void others_are_not(void **state)
{
	struct err e = { 0 };
	pid_t zombie = fork();
	struct list l;

	(void)state;
	if (zombie == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, zombie, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(list_read(&l, &e), 0);
	assert_null(find(&l, getpid()));
	assert_null(find(&l, zombie));
	for (size_t i = 0; i < l.processes.len; i++)
		assert_true(l.binaries.data[l.processes.data[i].binary].go);
	assert_false(l.hidden);
	list_deinit(&l);
	waitpid(zombie, NULL, 0);
}

static void memprofile_needs_an_address(void **state)
{
	struct memprofile m = { .state = MEMPROFILE_OFF, .rate = 7 };
	struct err e = { 0 };
	struct children c;
	struct list l;
	struct gobin *b;

	(void)state;
	if (!have_gofmt()) {
		skip();
		return;
	}
	spawn(&c);
	list_children(&l, &c);
	b = l.binaries.data[find(&l, c.pid[0])->binary].bin;
	/* Loaded elsewhere, as far as one could read there. */
	assert_int_equal(memprofile_read(c.pid[0], b, 1ull << 40, &m, &e), -EFAULT);
	assert_int_equal(memprofile_read(0x7ffffffe, b, 0, &m, &e), -ESRCH);
	assert_int_equal(m.state, MEMPROFILE_OFF);
	assert_int_equal(m.rate, 7);
	list_deinit(&l);
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(go_processes_are_listed),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(memprofile_needs_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
