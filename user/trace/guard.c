// SPDX-License-Identifier: Apache-2.0
#include "trace/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"

struct request {
	bool arm; /* else disarm */
	uint32_t set;
	bool member[ABI_MAX_SITES];
};

struct guard {
	pid_t pid;
	int fd;		      /* a request goes out, a struct err comes back */
	pthread_mutex_t lock; /* one request at a time */
};

/* The guard's own side. */
struct keeper {
	const struct mapprobe_bpf *skel;
	const struct target *target;
	const struct plan *plan;
	bool multi;
	struct attachment attached[GUARD_SETS][GUARD_PROGRAMS];
};

static const enum plan_group groups[GUARD_PROGRAMS] = { PLAN_CRASH, PLAN_GC, PLAN_LOCK, PLAN_MAP };

enum plan_group guard_group(unsigned int k)
{
	return groups[k];
}

static const struct bpf_program *program(const struct keeper *k, unsigned int i)
{
	const struct bpf_program *const table[GUARD_PROGRAMS] = {
		k->skel->progs.on_crash,
		k->skel->progs.on_gc,
		k->skel->progs.on_lock,
		k->skel->progs.on_map,
	};

	return table[i];
}

static void detach_one(void *ctx, size_t i)
{
	struct attachment **list = ctx;

	attachment_deinit(list[i]);
}

/*
 * Each detachment frees the target at once and then waits tens of milliseconds for the kernel: one
 * after the other, the last would stay armed all that time.
 */
static void disarm(struct keeper *k, uint32_t first, uint32_t last)
{
	struct attachment *list[GUARD_SETS * GUARD_PROGRAMS];
	size_t n = 0;

	for (uint32_t set = first; set <= last; set++)
		for (unsigned int i = 0; i < GUARD_PROGRAMS; i++)
			if (k->attached[set][i].link_fd || k->attached[set][i].nlinks)
				list[n++] = &k->attached[set][i];
	kernel_in_parallel(n, detach_one, list);
}

static int arm(struct keeper *k, const struct request *r, struct err *e)
{
	bool cookie = k->skel->rodata->cfg.have_cookie;
	struct place places[ABI_MAX_SITES];
	int rc = 0;

	for (unsigned int i = 0; i < GUARD_PROGRAMS && !rc; i++) {
		size_t n = 0;

		for (size_t site = 0; site < k->plan->nsites; site++)
			if (r->member[site] && k->plan->sites[site].point->group == groups[i])
				places[n++] = (struct place){ k->plan->sites[site].offset,
							      cookie ? site : 0 };
		rc = attachment_init(program(k, i), k->multi, target_pid(k->target),
				     target_attach_path(k->target), places, n,
				     &k->attached[r->set][i], e);
	}
	if (rc)
		disarm(k, r->set, r->set);
	return rc;
}

/* Waits for a request. A window that nobody closes is closed here: mapprobe may be stopped (^Z). */
static void wait_request(struct keeper *k, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool hot = false;

	for (unsigned int i = 0; i < GUARD_PROGRAMS; i++)
		hot |= k->attached[GUARD_HOT][i].link_fd || k->attached[GUARD_HOT][i].nlinks;
	if (hot && poll(&p, 1, GUARD_PATIENCE_MS) == 0)
		disarm(k, GUARD_HOT, GUARD_HOT);
}

/* Until mapprobe closes its end or is no more. */
static void serve(struct keeper *k, int fd)
{
	struct request r;

	for (;;) {
		struct err e = { 0 };

		wait_request(k, fd);
		if (recv(fd, &r, sizeof(r), 0) != sizeof(r))
			break;

		if (r.arm)
			arm(k, &r, &e);
		else if (r.set == GUARD_SETS)
			disarm(k, 0, GUARD_SETS - 1);
		else
			disarm(k, r.set, r.set);
		if (send(fd, &e, sizeof(e), MSG_NOSIGNAL) != sizeof(e))
			break;
	}
	disarm(k, 0, GUARD_SETS - 1);
}

static void be_guard(struct keeper *k, int fd)
{
	const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 };
	int null = open("/dev/null", O_RDWR);

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	setsid();
	prctl(PR_SET_NAME, "mapprobe-guard");
	/* Whoever reads mapprobe's output must not wait for this process too. */
	for (int i = STDIN_FILENO; i <= STDERR_FILENO && null >= 0; i++)
		dup2(null, i);
	serve(k, fd);
	_exit(0);
}

int guard_create(const struct mapprobe_bpf *skel, const struct target *t, const struct plan *p,
		 bool multi, struct guard **ret, struct err *e)
{
	struct keeper k = { .skel = skel, .target = t, .plan = p, .multi = multi };
	struct guard *g = calloc(1, sizeof(*g));
	int fds[2];

	if (!g)
		return err_sys(e, -ENOMEM, "guard");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds)) {
		free(g);
		return err_sys(e, -errno, "guard: socket");
	}
	g->pid = fork();
	if (g->pid == 0) {
		close(fds[0]);
		be_guard(&k, fds[1]);
	}
	close(fds[1]);
	if (g->pid < 0) {
		err_sys(e, -errno, "guard: fork");
		close(fds[0]);
		free(g);
		return e->code;
	}
	g->fd = fds[0];
	pthread_mutex_init(&g->lock, NULL);
	*ret = g;
	return 0;
}

static int request(struct guard *g, const struct request *r, struct err *e)
{
	struct err answer;
	ssize_t n;

	pthread_mutex_lock(&g->lock);
	n = send(g->fd, r, sizeof(*r), MSG_NOSIGNAL);
	if (n == sizeof(*r))
		do
			n = recv(g->fd, &answer, sizeof(answer), 0);
		while (n < 0 && errno == EINTR);
	pthread_mutex_unlock(&g->lock);
	if (n != sizeof(answer))
		return err_set(e, -EPIPE, "guard: process %d, which holds the probes, has ended",
			       g->pid);
	if (answer.code)
		*e = answer;
	return answer.code;
}

int guard_arm(struct guard *g, enum guard_set set, const bool member[ABI_MAX_SITES], struct err *e)
{
	struct request r = { .arm = true, .set = set };

	memcpy(r.member, member, sizeof(r.member));
	return request(g, &r, e);
}

int guard_fd(const struct guard *g)
{
	return g->fd;
}

int guard_disarm(struct guard *g, enum guard_set set, struct err *e)
{
	const struct request r = { .set = set };

	return request(g, &r, e);
}

void guard_destroy(struct guard *g)
{
	if (!g)
		return;
	close(g->fd);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
	pthread_mutex_destroy(&g->lock);
	free(g);
}
