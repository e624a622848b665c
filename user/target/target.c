// SPDX-License-Identifier: Apache-2.0
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "target/mem.h"
#include "target/proc.h"

#define NS_PER_SEC 1000000000ull

struct target {
	pid_t pid;
	int pidfd;
	int exe_fd; /* keeps the inode number from being used for another file */
	char exe[PATH_MAX];
	char exe_path[32], attach_path[32];
	struct stat exe_stat;
	struct proc_stat stat; /* as it was at open */
	struct gobin *bin;
	uint64_t bias;
};

static int open_pidfd(struct target *t, struct err *e)
{
	pid_t tgid;
	int code;

	if (t->pid <= 0)
		return err_set(e, -ESRCH, "process %d: no such process", t->pid);
	t->pidfd = syscall(SYS_pidfd_open, t->pid, 0);
	if (t->pidfd >= 0)
		return 0;
	code = -errno;
	tgid = proc_tgid(t->pid);
	if (tgid && tgid != t->pid) /* -EINVAL, or -ENOENT on newer kernels */
		return err_set(e, -EINVAL, "process %d: this is a thread of process %d", t->pid,
			       tgid);
	if (code == -ENOSYS)
		return err_set(e, code, "pidfd_open: needs Linux 5.3 or later");
	return proc_error(e, code, t->pid, "watch it");
}

static int read_exe(struct target *t, struct err *e)
{
	ssize_t n;
	int rc = proc_stat_read(t->pid, &t->stat, e);

	if (rc)
		return rc;
	if (t->stat.kernel_thread)
		return err_set(e, -ENOEXEC, "process %d: a kernel thread, not a Go program",
			       t->pid);
	if (t->stat.state == 'Z' || t->stat.state == 'X')
		return err_set(e, -ESRCH, "process %d: has ended (a zombie, not yet waited for)",
			       t->pid);
	snprintf(t->exe_path, sizeof(t->exe_path), "/proc/%d/exe", t->pid);
	n = readlink(t->exe_path, t->exe, sizeof(t->exe) - 1);
	if (n < 0)
		return proc_error(e, -errno, t->pid, "see which program it runs");
	t->exe[n] = 0;
	t->exe_fd = open(t->exe_path, O_RDONLY | O_CLOEXEC);
	if (t->exe_fd < 0)
		return proc_error(e, -errno, t->pid, "open the program it runs");
	snprintf(t->attach_path, sizeof(t->attach_path), "/proc/self/fd/%d", t->exe_fd);
	if (fstat(t->exe_fd, &t->exe_stat))
		return proc_error(e, -errno, t->pid, "look at the program it runs");
	return 0;
}

static int find_bias(struct target *t, struct err *e)
{
	uint64_t vaddr, offset, start;
	int rc;

	gobin_load_base(t->bin, &vaddr, &offset);
	rc = proc_maps_start(t->pid, t->exe, offset, &start, e);
	if (rc)
		return rc;
	t->bias = start - vaddr;
	return 0;
}

static int target_init(struct target *t, struct err *e)
{
	int rc = open_pidfd(t, e);

	if (!rc)
		rc = read_exe(t, e);
	if (rc)
		return rc;
	rc = gobin_open(t->exe_path, &t->bin, e);
	if (rc)
		return err_prefix(e, "process %d (%.80s)", t->pid, t->exe);
	rc = find_bias(t, e);
	if (rc)
		return rc;
	if (!target_alive(t))
		return err_set(e, -ESRCH,
			       "process %d: has ended, or become another program, meanwhile",
			       t->pid);
	return 0;
}

int target_open(pid_t pid, struct target **ret, struct err *e)
{
	struct target *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_set(e, -ENOMEM, "target: out of memory");
	t->pid = pid;
	t->pidfd = t->exe_fd = -1;
	rc = target_init(t, e);
	if (rc) {
		target_close(t);
		return rc;
	}
	*ret = t;
	return 0;
}

void target_close(struct target *t)
{
	if (!t)
		return;
	if (t->bin)
		gobin_close(t->bin);
	if (t->exe_fd >= 0)
		close(t->exe_fd);
	if (t->pidfd >= 0)
		close(t->pidfd);
	free(t);
}

pid_t target_pid(const struct target *t)
{
	return t->pid;
}

const char *target_exe(const struct target *t)
{
	return t->exe;
}

const char *target_attach_path(const struct target *t)
{
	return t->attach_path;
}

const struct gobin *target_gobin(const struct target *t)
{
	return t->bin;
}

uint64_t target_bias(const struct target *t)
{
	return t->bias;
}

int target_pidfd(const struct target *t)
{
	return t->pidfd;
}

/* True while the process that was opened exists, as whatever program. */
static bool is_there(const struct target *t)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

bool target_execed(const struct target *t)
{
	struct proc_stat now = { 0 };
	struct stat st;
	struct err e;

	if (stat(t->exe_path, &st) || proc_stat_read(t->pid, &now, &e) || !is_there(t))
		return false;
	if (st.st_dev != t->exe_stat.st_dev || st.st_ino != t->exe_stat.st_ino)
		return true;
	return now.stack_address && t->stat.stack_address &&
	       now.stack_address != t->stat.stack_address;
}

bool target_alive(const struct target *t)
{
	return is_there(t) && !target_execed(t);
}

/* /proc/PID/stat of the process that was opened, not of a later one of its number. */
static int stat_now(const struct target *t, struct proc_stat *ret, struct err *e)
{
	struct proc_stat now = { 0 };
	int rc = proc_stat_read(t->pid, &now, e);

	if (rc)
		return rc;
	if (now.start_ticks != t->stat.start_ticks)
		return err_set(e, -ESRCH, "process %d: has ended; another has its number", t->pid);
	*ret = now;
	return 0;
}

int target_cpu_time(const struct target *t, uint64_t *ret_ns, struct err *e)
{
	uint64_t hz = sysconf(_SC_CLK_TCK);
	struct proc_stat now = { 0 };
	int rc = stat_now(t, &now, e);

	if (rc)
		return rc;
	*ret_ns = now.cpu_ticks * (NS_PER_SEC / hz);
	return 0;
}

int target_threads(const struct target *t, unsigned int *ret, struct err *e)
{
	struct proc_stat now = { 0 };
	int rc = stat_now(t, &now, e);

	if (rc)
		return rc;
	*ret = now.threads;
	return 0;
}

/* Memory is read by process number: were the process gone, it might have been another's. */
static int still_there(const struct target *t, struct err *e)
{
	return is_there(t) ? 0 : err_set(e, -ESRCH, "process %d: has ended", t->pid);
}

int target_read(const struct target *t, uint64_t addr, void *dst, size_t len, struct err *e)
{
	int rc = mem_read(t->pid, addr, dst, len, e);

	return rc ? rc : still_there(t, e);
}

int target_read_map(const struct target *t, uint64_t addr, struct target_map *ret, struct err *e)
{
	struct target_map m;
	int rc = mem_read_map(t->pid, gobin_layout(t->bin), gobin_info(t->bin)->swiss, addr, &m, e);

	if (!rc)
		rc = still_there(t, e);
	if (!rc)
		*ret = m;
	return rc;
}
