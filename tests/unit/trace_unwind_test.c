// SPDX-License-Identifier: Apache-2.0
/* What becomes of return addresses, in a live Go program (gofmt, which comes with Go). */
#include "trace/unwind.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	pid_t pid;
	int in; /* its standard input */
	struct target *target;
	struct unwinder u;
	/* Return addresses in the process. */
	uint64_t call, goexit, mcall, morestack, sigpanic, systemstack;
};

/* The address of a function in the process, plus off. */
static uint64_t in_func(const struct fixture *x, const char *name, uint64_t off)
{
	struct gobin_func f;

	gobin_find_funcs(target_gobin(x->target), &name, 1, &f);
	assert_int_not_equal(f.addr, 0);
	return f.addr + off + target_bias(x->target);
}

/* The address behind a call rel32 of a function, of those that lead to a function's start. */
static uint64_t call_in(const struct fixture *x, const char *name)
{
	const struct gobin *b = target_gobin(x->target);
	struct gobin_func f, callee;
	struct span s;

	gobin_find_funcs(b, &name, 1, &f);
	assert_true(gobin_bytes(b, f.addr, f.end - f.addr, &s));
	for (size_t i = 8; i + 5 < s.len; i++) {
		uint64_t next = f.addr + i + 5;
		int32_t rel;

		memcpy(&rel, s.data + i + 1, 4);
		if (s.data[i] == 0xe8 && gobin_func_at(b, next + (uint64_t)(int64_t)rel, &callee) &&
		    callee.addr == next + (uint64_t)(int64_t)rel)
			return next + target_bias(x->target);
	}
	fail_msg("no call in %s", name);
	return 0;
}

static int start(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	int to[2];
	struct err e;

	assert_non_null(x);
	*state = x;
	if (system("command -v gofmt >/dev/null 2>&1"))
		return 0;
	assert_int_equal(pipe(to), 0);
	x->pid = fork();
	if (x->pid == 0) {
		dup2(to[0], 0);
		close(to[1]);
		execlp("gofmt", "gofmt", NULL);
		_exit(127);
	}
	close(to[0]);
	x->in = to[1];
	for (int i = 0; i < 500 && target_open(x->pid, &x->target, &e); i++)
		usleep(10000);
	assert_non_null(x->target);
	unwinder_init(&x->u, x->target);
	x->call = call_in(x, "runtime.main");
	x->goexit = in_func(x, "runtime.goexit", 1);
	x->mcall = in_func(x, "runtime.mcall", 16);
	x->morestack = in_func(x, "runtime.morestack", 16);
	x->sigpanic = in_func(x, "runtime.sigpanic", 16);
	x->systemstack = in_func(x, "runtime.systemstack_switch", 0);
	return 0;
}

static int stop(void **state)
{
	struct fixture *x = *state;

	if (x->target) {
		unwinder_deinit(&x->u);
		target_close(x->target);
		close(x->in);
		kill(x->pid, SIGKILL);
		waitpid(x->pid, NULL, 0);
	}
	free(x);
	return 0;
}

static struct fixture *fixture(void **state)
{
	struct fixture *x = *state;

	if (!x->target)
		skip();
	return x;
}

/* Finishes the n addresses, of which the last outer are the outer part. */
static struct abi_stack finish(struct fixture *x, uint16_t flags, uint16_t outer, uint32_t n,
			       const uint64_t *pc)
{
	struct abi_stack raw = { .id = 7, .flags = flags, .n = n, .outer = outer }, ret;
	struct err e = { 0 };

	memcpy(raw.pc, pc, n * sizeof(*pc));
	if (unwinder_finish(&x->u, &raw, &ret, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(ret.id, 7);
	assert_int_equal(ret.size, 24 + 8 * ret.n);
	assert_int_equal(ret.outer, 0);
	return ret;
}

#define PCS(...)                                                                                   \
	sizeof((uint64_t[]){ __VA_ARGS__ }) / 8, (uint64_t[])                                      \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static void is(struct abi_stack s, uint16_t flags, uint32_t n, const uint64_t *pc)
{
	assert_int_equal(s.flags, flags);
	assert_int_equal(s.n, n);
	assert_memory_equal(s.pc, pc, n * sizeof(*pc));
}

static void it_ends_at_its_root(void **state)
{
	struct fixture *x = fixture(state);

	is(finish(x, 0, 0, PCS(x->call, x->goexit)), ABI_STACK_ROOT, PCS(x->call, x->goexit));
	/* Up to Go 1.24 the chain goes on behind mcall, to whatever has become of it. */
	is(finish(x, 0, 0, PCS(x->call, x->mcall, x->call, 0xc000123456)), ABI_STACK_ROOT,
	   PCS(x->call, x->mcall));
	is(finish(x, 0, 0, PCS(x->call, x->morestack)), ABI_STACK_ROOT, PCS(x->call, x->morestack));
}

static void what_is_no_return_address_ends_it(void **state)
{
	const uint64_t no[] = { 0, 1, 2, 3, 0xc000123456, UINT64_MAX, 1ull << 63 };
	struct fixture *x = fixture(state);

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		is(finish(x, 0, 0, PCS(x->call, no[i], x->call, x->goexit)), 0,
		   PCS(x->call, ABI_GAP_UNKNOWN));
	/* In Go code, but behind no call. */
	is(finish(x, 0, 0, PCS(x->call, x->call + 1, x->goexit)), 0, PCS(x->call, ABI_GAP_UNKNOWN));
	is(finish(x, 0, 0, PCS(x->call)), 0, PCS(x->call, ABI_GAP_UNKNOWN));
}

static void too_deep_is_not_whole(void **state)
{
	struct fixture *x = fixture(state);
	uint64_t pc[ABI_MAX_DEPTH];

	for (size_t i = 0; i < ABI_MAX_DEPTH; i++)
		pc[i] = x->call;
	is(finish(x, ABI_STACK_DEEPER, 0, ABI_MAX_DEPTH, pc), ABI_STACK_DEEPER, ABI_MAX_DEPTH, pc);
	/* One that just fits is whole. */
	pc[ABI_MAX_DEPTH - 1] = x->goexit;
	is(finish(x, ABI_STACK_DEEPER, 0, ABI_MAX_DEPTH, pc), ABI_STACK_ROOT, ABI_MAX_DEPTH, pc);
}

/* Anything may be interrupted; the address stands for the instruction, as for a call. */
static void a_signal_interrupts_anything(void **state)
{
	struct fixture *x = fixture(state);
	uint64_t framed = x->call, entry = in_func(x, "runtime.main", 0);

	is(finish(x, 0, 0, PCS(x->sigpanic, framed, x->goexit)), ABI_STACK_ROOT,
	   PCS(x->sigpanic, framed + 1, x->goexit));
	is(finish(x, 0, 0, PCS(x->sigpanic, entry, x->goexit)), ABI_STACK_ROOT,
	   PCS(x->sigpanic, entry + 1, ABI_GAP_FRAMELESS, x->goexit));
}

/* A throw in newstack: where the goroutine was, its caller, and on. */
static void morestack_goes_on_where_the_goroutine_was(void **state)
{
	struct fixture *x = fixture(state);

	is(finish(x, 0, 4, PCS(x->call, x->morestack, x->call, x->call, x->call, x->goexit)),
	   ABI_STACK_ROOT, PCS(x->call, x->morestack, x->call, x->call, x->call, x->goexit));
	/* Whoever did not come that way does not get it. */
	is(finish(x, 0, 3, PCS(x->call, x->mcall, x->systemstack, x->call, x->goexit)),
	   ABI_STACK_ROOT, PCS(x->call, x->mcall));
	is(finish(x, 0, 3, PCS(x->call, x->goexit, x->systemstack, x->call, x->goexit)),
	   ABI_STACK_ROOT, PCS(x->call, x->goexit));
}

static void a_program_without_cgo_has_no_cgo(void **state)
{
	struct fixture *x = fixture(state);

	assert_int_equal(x->u.config.cgocallback_size, 0);
	assert_int_equal(x->u.config.g_sched, gobin_layout(target_gobin(x->target))->g_sched_sp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_ends_at_its_root),
		cmocka_unit_test(what_is_no_return_address_ends_it),
		cmocka_unit_test(too_deep_is_not_whole),
		cmocka_unit_test(a_signal_interrupts_anything),
		cmocka_unit_test(morestack_goes_on_where_the_goroutine_was),
		cmocka_unit_test(a_program_without_cgo_has_no_cgo),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
