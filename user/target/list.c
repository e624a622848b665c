// SPDX-License-Identifier: Apache-2.0
/*
 * Iterating over /proc. /proc/PID/exe sorts out most of it with one system call: kernel threads and
 * zombies have no program (ENOENT), others' processes are refused (EACCES; fs/proc/base.c
 * proc_pid_readlink). A binary is known again by its inode and by when that last changed: while it
 * runs its content cannot.
 */
#include "target/list.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "target/proc.h"

static uint64_t binary_key(const struct stat *st)
{
	uint64_t ns = (uint64_t)st->st_ctim.tv_sec * 1000000000ull + (uint64_t)st->st_ctim.tv_nsec;

	return u64_mix(u64_mix(st->st_dev, st->st_ino), ns);
}

static bool same_binary(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Takes "PATH: " off the front of a message: the path is one of ours, nobody else's. */
static void strip_path(struct err *e, const char *path)
{
	size_t len = strlen(path);

	if (!strncmp(e->msg, path, len) && !strncmp(e->msg + len, ": ", 2))
		memmove(e->msg, e->msg + len + 2, strlen(e->msg + len + 2) + 1);
}

/* True for an answer that says something of the file, not of this attempt to read it. */
static bool is_verdict(int code)
{
	return code == -ENOEXEC || code == -ENOTSUP || code == -EBADMSG;
}

static int identify(const char *path, struct list_binary *b, struct err *e)
{
	struct err unused;
	int rc = gobin_open(path, &b->bin, &b->why);

	b->go = !rc;
	if (!rc || rc == -ENOEXEC)
		return 0;
	if (!is_verdict(rc)) {
		*e = b->why;
		return rc;
	}
	strip_path(&b->why, path);
	/* A damaged file is a Go program when it says so; a refused version is one anyway. */
	b->go = !buildinfo_read_file(path, &b->id, &unused) || rc == -ENOTSUP;
	return 0;
}

static void binary_deinit(struct list_binary *b)
{
	gobin_close(b->bin);
	buildinfo_deinit(&b->id);
}

static int add_binary(struct list *l, const char *path, const struct stat *st, size_t *ret,
		      struct err *e)
{
	struct list_binary b = { .st = *st };
	int rc = identify(path, &b, e);

	if (rc)
		return rc;
	if (vec_push(&l->binaries, b)) {
		binary_deinit(&b);
		return err_set(e, -ENOMEM, "list of processes: out of memory");
	}
	if (u64map_put(&l->index, binary_key(st), l->binaries.len - 1))
		return err_set(e, -ENOMEM, "list of processes: out of memory");
	*ret = l->binaries.len - 1;
	return 0;
}

/* The binary behind exe, "/proc/PID/exe", from the cache or opened. */
static int find_binary(struct list *l, const char *exe, size_t *ret, struct err *e)
{
	int fd _cleanup_close_ = -1;
	const uint64_t *known;
	char path[32];
	struct stat st;

	if (stat(exe, &st))
		return err_sys(e, -errno, "%s", exe);
	known = u64map_get(&l->index, binary_key(&st));
	if (known && same_binary(&l->binaries.data[*known].st, &st)) {
		*ret = *known;
		return 0;
	}
	/* It may have become another program since. */
	fd = open(exe, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, -errno, "%s", exe);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return add_binary(l, path, &st, ret, e);
}

static void look_at_memprofile(struct list_process *p, const struct gobin *bin)
{
	uint64_t vaddr, offset, start;

	gobin_load_base(bin, &vaddr, &offset);
	if (!gobin_info(bin)->pie) /* linked to where it is loaded */
		start = vaddr;
	else if (proc_maps_start(p->pid, p->exe, offset, &start, &p->memprofile_why))
		return;
	if (!memprofile_read(p->pid, bin, start - vaddr, &p->memprofile, &p->memprofile_why))
		p->memprofile_why = (struct err){ 0 };
}

static int add_process(struct list *l, pid_t pid, const char *path, const char *exe, size_t binary,
		       struct err *e)
{
	struct list_process p = { .pid = pid, .binary = binary, .exe = strdup(exe) };
	struct list_binary *b = &l->binaries.data[binary];
	struct stat st;

	if (!p.exe)
		return err_set(e, -ENOMEM, "list of processes: out of memory");
	container_of_process(pid, &l->host, &p.container);
	if (b->bin)
		look_at_memprofile(&p, b->bin);
	/* What was read is another program's, or nobody's, if it has ended or called exec. */
	if (stat(path, &st) || !same_binary(&st, &b->st)) {
		free(p.exe);
		return 0;
	}
	if (!vec_push(&l->processes, p))
		return 0;
	free(p.exe);
	return err_set(e, -ENOMEM, "list of processes: out of memory");
}

/* Without the right to see what it runs, stat still tells: a kernel thread, or ended? */
static bool has_program(pid_t pid)
{
	struct proc_stat s;
	struct err e;

	if (proc_stat_read(pid, &s, &e))
		return e.code != -ESRCH;
	return !s.kernel_thread && s.state != 'Z' && s.state != 'X';
}

/* Counts what could not be looked at; what has ended meanwhile is no failure. */
static int count_failure(struct list *l, pid_t pid, int code, const struct err *why, struct err *e)
{
	switch (code) {
	case -ENOMEM:
		*e = *why;
		return code;
	case -ENOENT:
	case -ESRCH:
		return 0;
	case -EACCES:
	case -EPERM:
		l->refused += has_program(pid);
		return 0;
	default:
		if (!l->unreadable++)
			l->unreadable_why = *why;
		return 0;
	}
}

static int look(struct list *l, pid_t pid, struct err *e)
{
	char path[32], exe[PATH_MAX];
	struct err why = { 0 };
	size_t binary = 0;
	ssize_t n;
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return count_failure(l, pid, err_sys(&why, -errno, "%s", path), &why, e);
	exe[n] = 0;
	rc = find_binary(l, path, &binary, &why);
	if (rc)
		return count_failure(l, pid, rc, &why, e);
	return l->binaries.data[binary].go ? add_process(l, pid, path, exe, binary, e) : 0;
}

static int look_at_all(struct list *l, DIR *proc, struct err *e)
{
	const struct dirent *d;
	int rc = 0;

	l->hidden = true; /* until process 1 is seen, which every PID namespace has */
	container_host_init(&l->host);
	while (!rc && (errno = 0, d = readdir(proc))) {
		char *end;
		long pid = strtol(d->d_name, &end, 10);

		if (!isdigit((unsigned char)d->d_name[0]) || *end || pid > INT_MAX)
			continue;
		l->hidden &= pid != 1;
		rc = look(l, (pid_t)pid, e);
	}
	if (!rc && errno)
		return err_sys(e, -errno, "/proc");
	return rc;
}

static void close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

int list_read(struct list *ret, struct err *e)
{
	DIR *proc __attribute__((cleanup(close_directory))) = opendir("/proc");
	struct list l = { 0 };
	int rc;

	if (!proc)
		return err_sys(e, -errno, "/proc");
	rc = look_at_all(&l, proc, e);
	if (rc)
		list_deinit(&l);
	else
		*ret = l;
	return rc;
}

void list_deinit(struct list *l)
{
	vec_foreach (b, &l->binaries)
		binary_deinit(b);
	vec_foreach (p, &l->processes)
		free(p->exe);
	vec_deinit(&l->binaries);
	vec_deinit(&l->processes);
	u64map_deinit(&l->index);
	*l = (struct list){ 0 };
}
