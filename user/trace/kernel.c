// SPDX-License-Identifier: Apache-2.0
/*
 * libbpf 1.1 knows nothing of uprobe_multi (kernel 6.6, commit 89ae89f53d20): the link is made with
 * the bpf() call itself, and the program's expected attach type set before loading.
 */
#include "trace/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* include/uapi/linux/bpf.h, 6.6 */
#define ATTACH_TRACE_UPROBE_MULTI 48

struct link_create_uprobe_multi {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t cnt, multi_flags, pid;
	uint8_t rest[64]; /* the kernel wants what it does not know to be zero */
};

static int attach_multi(const struct bpf_program *prog, pid_t pid, const char *path,
			const struct place *places, size_t n, struct attachment *ret, struct err *e)
{
	_cleanup_free_ uint64_t *offsets = calloc(n, sizeof(*offsets));
	_cleanup_free_ uint64_t *cookies = calloc(n, sizeof(*cookies));
	struct link_create_uprobe_multi attr = {
		.prog_fd = (uint32_t)bpf_program__fd(prog),
		.attach_type = ATTACH_TRACE_UPROBE_MULTI,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offsets,
		.cookies = (uintptr_t)cookies,
		.cnt = (uint32_t)n,
		.pid = (uint32_t)pid,
	};
	int fd;

	if (!offsets || !cookies)
		return err_sys(e, -ENOMEM, "attach %s", path);
	for (size_t i = 0; i < n; i++) {
		offsets[i] = places[i].offset;
		cookies[i] = places[i].cookie;
	}
	fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return err_sys(e, -errno, "attach %s to %zu places of %s by uprobe_multi",
			       bpf_program__name(prog), n, path);
	*ret = (struct attachment){ .link_fd = fd };
	return 0;
}

struct call {
	void (*fn)(void *ctx, size_t i);
	void *ctx;
	size_t i;
};

static void *run_call(void *arg)
{
	const struct call *c = arg;

	c->fn(c->ctx, c->i);
	return NULL;
}

void kernel_in_parallel(size_t n, void (*fn)(void *ctx, size_t i), void *ctx)
{
	struct call call[ABI_MAX_SITES];
	pthread_t thread[ABI_MAX_SITES];
	bool runs[ABI_MAX_SITES];

	for (size_t i = 0; i < n; i++) {
		call[i] = (struct call){ fn, ctx, i };
		runs[i] = n > 1 && !pthread_create(&thread[i], NULL, run_call, &call[i]);
		if (!runs[i])
			fn(ctx, i);
	}
	for (size_t i = 0; i < n; i++)
		if (runs[i])
			pthread_join(thread[i], NULL);
}

/* Attaching by perf events: one link for each place, and the first error. */
struct perf_attach {
	const struct bpf_program *prog;
	pid_t pid;
	const char *path;
	const struct place *places;
	struct bpf_link **links;
	int errors[ABI_MAX_SITES];
};

static void attach_one(void *ctx, size_t i)
{
	struct perf_attach *p = ctx;
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = p->places[i].cookie);

	p->links[i] = bpf_program__attach_uprobe_opts(p->prog, p->pid, p->path, p->places[i].offset,
						      &opts);
	p->errors[i] = p->links[i] ? 0 : -errno;
}

static void detach_one(void *ctx, size_t i)
{
	struct attachment *a = ctx;

	bpf_link__destroy(a->links[i]);
}

/*
 * For a uprobe by a perf event CAP_PERFMON is enough since 5.8 (commit c9e0924e5c2b), but no longer
 * in newer kernels (tried on 6.18 and on Debian's 6.1.176), nor in Debian's and Ubuntu's while
 * kernel.perf_event_paranoid is above 2 (tried on 5.10.223).
 */
static const char *perf_event_remedy(int error)
{
	return error == -EACCES && !capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN)
		       ? " (this kernel wants CAP_SYS_ADMIN for that: run as root)"
		       : "";
}

static int attach_perf(const struct bpf_program *prog, pid_t pid, const char *path,
		       const struct place *places, size_t n, struct attachment *ret, struct err *e)
{
	struct attachment a = { .links = calloc(n, sizeof(*a.links)), .nlinks = n };
	struct perf_attach p = { .prog = prog, .pid = pid, .path = path, .places = places };

	if (!a.links)
		return err_sys(e, -ENOMEM, "attach %s", path);
	p.links = a.links;
	kernel_in_parallel(n, attach_one, &p);
	for (size_t i = 0; i < n; i++) {
		if (!p.errors[i])
			continue;
		err_sys(e, p.errors[i], "attach %s at +0x%llx of %s by a perf event%s",
			bpf_program__name(prog), (unsigned long long)places[i].offset, path,
			perf_event_remedy(p.errors[i]));
		attachment_deinit(&a);
		return e->code;
	}
	*ret = a;
	return 0;
}

int attachment_init(const struct bpf_program *prog, bool multi, pid_t pid, const char *path,
		    const struct place *places, size_t n, struct attachment *ret, struct err *e)
{
	if (!n) {
		*ret = (struct attachment){ 0 };
		return 0;
	}
	return multi ? attach_multi(prog, pid, path, places, n, ret, e)
		     : attach_perf(prog, pid, path, places, n, ret, e);
}

void attachment_deinit(struct attachment *a)
{
	if (a->link_fd)
		close(a->link_fd);
	kernel_in_parallel(a->nlinks, detach_one, a);
	free(a->links);
	*a = (struct attachment){ 0 };
}

void kernel_set_multi(struct mapprobe_bpf *skel)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_expected_attach_type(prog, ATTACH_TRACE_UPROBE_MULTI);
}

void kernel_set_process(struct mapprobe_bpf *skel, const struct proc_identity *id)
{
	struct abi_config *cfg = &skel->rodata->cfg;

	cfg->tgid = id->pid;
	cfg->pidns_dev = id->ns_dev;
	cfg->pidns_ino = id->ns_ino;
}

int kernel_load(struct mapprobe_bpf *skel, const char *what, struct err *e)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit now = all;
	int rc;

	setrlimit(RLIMIT_MEMLOCK, &all);
	rc = mapprobe_bpf__load(skel);
	if (!rc)
		return 0;
	getrlimit(RLIMIT_MEMLOCK, &now);
	if (rc == -EPERM && now.rlim_cur != RLIM_INFINITY)
		return err_sys(e, rc,
			       "load %s: kernels before 5.11 charge it to the limit of locked "
			       "memory, %llu KiB here: ulimit -l unlimited, or CAP_SYS_RESOURCE",
			       what, (unsigned long long)now.rlim_cur / 1024);
	return err_set(e, rc == -EPERM ? -EPERM : -ENOSYS, "load %s: %s", what, strerror(-rc));
}

int kernel_check_privilege(struct err *e)
{
	static const struct {
		unsigned int cap;
		const char *name, *for_what;
	} needed[] = {
		{ CAP_BPF, "CAP_BPF", "to load BPF programs" },
		{ CAP_PERFMON, "CAP_PERFMON", "to attach them to user code" },
	};

	if (capng_get_caps_process())
		return err_set(e, -EPERM, "capabilities: cannot be read");
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, needed[i].cap))
			return err_set(
				e, -EPERM,
				"%s is missing %s: run as root, or grant it with `sudo setcap "
				"cap_bpf,cap_perfmon,cap_sys_ptrace+ep $(command -v mapprobe)`",
				needed[i].name, needed[i].for_what);
	return 0;
}
