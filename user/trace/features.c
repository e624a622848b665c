// SPDX-License-Identifier: Apache-2.0
/*
 * Feature calibration: what this kernel does is tried on mapprobe's own code, not derived from its
 * version (distributions backport).
 *
 * Two functions below do nothing but be probed: one at a push %rbp, which the kernel emulates, one
 * at a mov, which it single-steps. They are called from a second thread, since kernels before 6.10
 * filter a uprobe_multi link's process by thread and would miss it (commit 46ba0e49b642).
 * Then: did the program run and get its cookie, does the user stack name the direct caller (newer
 * kernels put it in at a push %rbp: commit cfa7f3d2c526 of 6.12, also in stable ones), and how long
 * did it take.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "trace/kernel.h"
#include "trace/trace.h"

asm(".pushsection .text\n"
    ".type trace_emulated,@function\n"
    "trace_emulated:\n"
    "	push %rbp\n"
    "	pop %rbp\n"
    "	ret\n"
    ".type trace_single_step,@function\n"
    "trace_single_step:\n"
    "	mov %rsp,%rax\n"
    "	ret\n"
    ".type trace_call_emulated,@function\n"
    "trace_call_emulated:\n"
    "	push %rbp\n"
    "	mov %rsp,%rbp\n"
    "	call trace_emulated\n"
    "trace_emulated_return:\n"
    "	pop %rbp\n"
    "	ret\n"
    ".popsection\n");
extern const char trace_emulated[], trace_emulated_return[];
void trace_single_step(void);
void trace_call_emulated(void);

enum { COOKIE_EMULATED = 0x71, COOKIE_SINGLE_STEP = 0x72 };
enum { BATCHES = 9, EMULATED_CALLS = 100, SINGLE_STEP_CALLS = 10 };

struct trial {
	struct mapprobe_bpf *skel;
	struct attachment attached;
	pthread_t detaching;
	bool detaches;
	/* What it found. */
	uint64_t hits, cookie, caller;
	bool in_process;
	uint32_t emulated_ns, single_step_ns;
};

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Median over batches of the time of one call. */
static uint32_t time_calls(void (*call)(void), unsigned int calls)
{
	uint64_t batch[BATCHES];

	for (unsigned int i = 0; i < BATCHES; i++) {
		uint64_t t = clock_ns(CLOCK_MONOTONIC);

		for (unsigned int k = 0; k < calls; k++)
			call();
		batch[i] = (clock_ns(CLOCK_MONOTONIC) - t) / calls;
	}
	qsort(batch, BATCHES, sizeof(*batch), compare_u64);
	return (uint32_t)batch[BATCHES / 2];
}

static void *run_trial(void *arg)
{
	struct trial *t = arg;
	struct abi_calibration *seen = &t->skel->bss->calibration;

	trace_call_emulated();
	t->hits = seen->hits;
	t->cookie = seen->cookie;
	t->caller = seen->caller;
	t->in_process = seen->in_process;
	if (t->hits) {
		t->emulated_ns = time_calls(trace_call_emulated, EMULATED_CALLS);
		t->single_step_ns = time_calls(trace_single_step, SINGLE_STEP_CALLS);
	}
	return NULL;
}

struct own_offset {
	uintptr_t addr;
	uint64_t offset;
};

/* dl_iterate_phdr: the main program comes first; stops there. */
static int find_offset(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct own_offset *o = arg;

	(void)size;
	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && o->addr >= start && o->addr - start < ph->p_filesz)
			o->offset = o->addr - start + ph->p_offset;
	}
	return 1;
}

static uint64_t own_offset(const void *addr)
{
	struct own_offset o = { .addr = (uintptr_t)addr };

	dl_iterate_phdr(find_offset, &o);
	return o.offset;
}

/* Loads only the calibration program and attaches it to the functions above. */
static int trial_init(struct trial *t, bool multi, bool cookie, struct err *e)
{
	const struct place places[] = {
		{ own_offset(trace_emulated), cookie ? COOKIE_EMULATED : 0 },
		{ own_offset((const void *)trace_single_step), cookie ? COOKIE_SINGLE_STEP : 0 },
	};
	struct bpf_program *prog;
	struct proc_identity own = { 0 };
	int rc = proc_identity_read(getpid(), &own, e);

	if (rc)
		return rc;
	t->skel = mapprobe_bpf__open();
	if (!t->skel)
		return err_sys(e, -errno, "BPF object");
	bpf_object__for_each_program(prog, t->skel->obj)
		bpf_program__set_autoload(prog, prog == t->skel->progs.on_calibrate);
	t->skel->rodata->cfg.have_cookie = cookie;
	kernel_set_process(t->skel, &own);
	if (multi)
		kernel_set_multi(t->skel);
	rc = kernel_load(t->skel, "the calibration program", e);
	if (rc)
		return rc;
	return attachment_init(t->skel->progs.on_calibrate, multi, getpid(), "/proc/self/exe",
			       places, 2, &t->attached, e);
}

static void *detach(void *arg)
{
	struct trial *t = arg;

	attachment_deinit(&t->attached);
	mapprobe_bpf__destroy(t->skel);
	return NULL;
}

/* Detaching waits tens of milliseconds for the kernel, in which others can do something. */
static void trial_end(struct trial *t)
{
	t->detaches = !pthread_create(&t->detaching, NULL, detach, t);
	if (!t->detaches)
		detach(t);
}

static void trial_wait(struct trial *t)
{
	if (t->detaches)
		pthread_join(t->detaching, NULL);
	*t = (struct trial){ 0 };
}

/*
 * One trial; -ENODATA when the program was attached and did not run as it should. What it found
 * can be read when it returns; it still has to be waited for.
 */
static int trial_run(struct trial *t, bool multi, bool cookie, struct err *e)
{
	pthread_t thread;
	int rc = trial_init(t, multi, cookie, e);

	if (!rc) {
		rc = -pthread_create(&thread, NULL, run_trial, t);
		if (rc)
			err_sys(e, rc, "calibration thread");
		else
			pthread_join(thread, NULL);
	}
	trial_end(t);
	if (!rc && !t->hits)
		rc = err_set(e, -ENODATA,
			     "attached, but a thread other than the first is not seen");
	if (!rc && cookie && t->cookie != COOKIE_EMULATED)
		rc = err_set(e, -ENODATA, "attached, but the program gets cookie 0x%llx, not 0x%x",
			     (unsigned long long)t->cookie, COOKIE_EMULATED);
	return rc;
}

static void add(struct trace_features *f, const char *name, const char *what, bool ok,
		bool required, const char *why)
{
	struct trace_feature *n = &f->f[f->n++];

	*n = (struct trace_feature){ .name = name, .what = what, .ok = ok, .required = required };
	if (!ok)
		snprintf(n->why, sizeof(n->why), "%s", why);
}

static void try_basics(struct trace_features *f)
{
	struct err e = { 0 };
	bool privileged = !kernel_check_privilege(&e), ok;

	add(f, "privilege", "CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN", privileged, true, e.msg);
	ok = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
	add(f, "ringbuf", "the BPF ring buffer", ok, true,
	    "a map of this type was refused (kernels before 5.8, or no privilege)");
	/* libbpf takes the lack of a complaint for a yes, and without privilege there is none. */
	f->cookie = privileged && libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE,
							  BPF_FUNC_get_attach_cookie, NULL) == 1;
	add(f, "cookie", "the site tells its number", f->cookie, false,
	    privileged ? "the helper was refused (kernels before 5.15): sites are told apart by "
			 "address"
		       : "not known: no privilege");
}

static void try_uprobes(struct trace_features *f, struct trial *t)
{
	struct err multi_err = { 0 }, perf_err = { 0 };
	bool ok;

	f->uprobe_multi = !trial_run(t, true, f->cookie, &multi_err);
	ok = f->uprobe_multi;
	if (!ok) {
		trial_wait(t);
		ok = !trial_run(t, false, f->cookie, &perf_err);
	}
	f->kernel_adds_caller = ok && t->caller == (uintptr_t)trace_emulated_return;
	f->tells_process = ok && t->in_process;
	f->emulated_ns = t->emulated_ns;
	f->single_step_ns = t->single_step_ns;
	add(f, "uprobe", "a program runs where a process passes", ok, true, perf_err.msg);
	add(f, "uprobe_multi", "one link for many sites, the whole process", f->uprobe_multi, false,
	    multi_err.msg);
	add(f, "process", "the program knows in which process it runs", f->tells_process,
	    !f->uprobe_multi,
	    "bpf_get_ns_current_pid_tgid does not say so; perf events of another process of the "
	    "same binary could not be told apart");
	add(f, "user stack", "the stack of the probed thread", ok && t->caller, true,
	    "bpf_get_stack gave no caller");
	add(f, "direct caller", "the kernel's stack has the direct caller at a push %rbp",
	    f->kernel_adds_caller, false,
	    ok ? "it does not (older kernels): it is read from the top of the stack instead"
	       : "not known: no program ran");
}

struct trial *trace_features_begin(struct trace_features *ret)
{
	struct trial *t = calloc(1, sizeof(*t));

	*ret = (struct trace_features){ 0 };
	libbpf_set_print(NULL);
	try_basics(ret);
	if (t)
		try_uprobes(ret, t);
	else
		add(ret, "uprobe", "a program runs where a process passes", false, true,
		    "out of memory");
	return t;
}

void trace_features_end(struct trial *t)
{
	if (t)
		trial_wait(t);
	free(t);
}

void trace_features_probe(struct trace_features *ret)
{
	trace_features_end(trace_features_begin(ret));
}
