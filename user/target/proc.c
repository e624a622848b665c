// SPDX-License-Identifier: Apache-2.0
#include "target/proc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"

#define PROC_MAX_BYTES (64u << 20) /* a maps file of the largest process is below 10 MB */
#define PF_KTHREAD     0x00200000  /* include/linux/sched.h, unchanged since 2.6.27 */

/* Fields of stat, counted from 0 at the state, which follows the name in parentheses. */
enum {
	STAT_STATE = 0,
	STAT_FLAGS = 6,
	STAT_UTIME = 11,
	STAT_STIME = 12,
	STAT_THREADS = 17,
	STAT_START = 19,
	STAT_STACK = 25,
	STAT_FIELDS = 26,
};

int proc_error(struct err *e, int code, pid_t pid, const char *what)
{
	switch (code) {
	case -ENOENT:
	case -ESRCH:
		return err_set(e, -ESRCH, "process %d: no such process", pid);
	case -EACCES:
	case -EPERM:
		return err_set(e, code,
			       "process %d: may not %s: run as its user or with CAP_SYS_PTRACE "
			       "(sudo setcap cap_sys_ptrace+ep)",
			       pid, what);
	default:
		return err_sys(e, code, "process %d: cannot %s", pid, what);
	}
}

int proc_read_whole(pid_t pid, const char *name, const char *what, char **ret, struct err *e)
{
	char path[64];
	FILE *f _cleanup_fclose_ = NULL;
	char *text _cleanup_free_ = NULL;
	size_t len = 0, cap = 0, n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	f = fopen(path, "re");
	if (!f)
		return proc_error(e, -errno, pid, what);
	do {
		if (len + 1 >= cap) {
			char *more;

			cap = cap ? cap * 2 : 16384;
			more = cap <= PROC_MAX_BYTES ? realloc(text, cap) : NULL;
			if (!more)
				return err_set(e, -ENOMEM, "%s: more than %zu bytes", path, len);
			text = more;
		}
		n = fread(text + len, 1, cap - 1 - len, f);
		len += n;
	} while (n);
	if (ferror(f))
		return proc_error(e, errno ? -errno : -EIO, pid, what);
	text[len] = 0;
	*ret = take_ptr(text);
	return 0;
}

bool proc_stat_parse(const char *text, struct proc_stat *ret)
{
	/* The name may itself contain spaces and parentheses. */
	const char *p = strrchr(text, ')');
	uint64_t field[STAT_FIELDS] = { 0 };
	char state;
	int n = 0;

	if (!p || sscanf(p + 1, " %c%n", &state, &n) != 1)
		return false;
	p += 1 + n;
	for (int i = STAT_STATE + 1; i < STAT_FIELDS; i++) {
		/* Some of the others are signed; none of those wanted here are. */
		if (sscanf(p, " %" SCNu64 "%n", &field[i], &n) != 1)
			return false;
		p += n;
	}
	if (*p != ' ' && *p != '\n') /* the last number may be cut off */
		return false;
	*ret = (struct proc_stat){
		.state = state,
		.kernel_thread = field[STAT_FLAGS] & PF_KTHREAD,
		.cpu_ticks = field[STAT_UTIME] + field[STAT_STIME],
		.threads = field[STAT_THREADS],
		.start_ticks = field[STAT_START],
		.stack_address = field[STAT_STACK],
	};
	return true;
}

int proc_stat_read(pid_t pid, struct proc_stat *ret, struct err *e)
{
	char *text _cleanup_free_ = NULL;
	int rc = proc_read_whole(pid, "stat", "read its stat", &text, e);

	if (rc)
		return rc;
	if (!proc_stat_parse(text, ret))
		return err_set(e, -EBADMSG, "/proc/%d/stat: not understood: %.60s", pid, text);
	return 0;
}

/* True when a name from maps, where newlines are \012, is exe; the name ends at a newline. */
static bool same_file(const char *name, const char *exe)
{
	for (; *exe; exe++) {
		if (*exe == '\n' && !strncmp(name, "\\012", 4))
			name += 4;
		else if (*name == *exe && *exe != '\n')
			name++;
		else
			return false;
	}
	return *name == '\n' || *name == 0;
}

/*
 * Takes a line of maps apart: "start-end perms offset dev inode   name"; where its name starts,
 * NULL when it is no such line. No sscanf: that measures the whole rest of the text each time.
 */
static const char *mapping_parse(const char *line, struct proc_mapping *ret)
{
	unsigned int major, minor;
	char *p;

	ret->start = strtoull(line, &p, 16);
	if (*p != '-')
		return NULL;
	ret->end = strtoull(p + 1, &p, 16);
	if (*p != ' ' || strcspn(p + 1, " \n") != 4)
		return NULL;
	ret->exec = p[3] == 'x';
	ret->offset = strtoull(p + 5, &p, 16);
	major = (unsigned int)strtoul(p, &p, 16);
	if (*p != ':')
		return NULL;
	minor = (unsigned int)strtoul(p + 1, &p, 16);
	if (*p != ' ')
		return NULL;
	ret->dev = (uint64_t)major << 32 | minor;
	ret->inode = strtoull(p, &p, 10);
	return ret->end > ret->start ? p + strspn(p, " ") : NULL;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : "";
}

bool proc_maps_find(const char *text, const char *exe, uint64_t offset, uint64_t *ret_start)
{
	struct proc_mapping m;

	for (const char *line = text; *line; line = next_line(line)) {
		const char *name = mapping_parse(line, &m);

		if (name && *name == '/' && m.offset == offset && same_file(name, exe)) {
			*ret_start = m.start;
			return true;
		}
	}
	return false;
}

int proc_maps_start(pid_t pid, const char *exe, uint64_t offset, uint64_t *ret_start, struct err *e)
{
	char *text _cleanup_free_ = NULL;
	int rc = proc_read_whole(pid, "maps", "read its memory map", &text, e);

	if (rc)
		return rc;
	if (!proc_maps_find(text, exe, offset, ret_start))
		return err_set(e, -ESRCH, "process %d: %s is not mapped at file offset 0x%" PRIx64,
			       pid, exe, offset);
	return 0;
}

bool proc_own_pid_parse(const char *text, uint32_t *ret)
{
	const char *p = strstr(text, "\nNSpid:");
	uint32_t pid = 0;
	int n;

	if (!p)
		return false;
	for (p += strlen("\nNSpid:"); sscanf(p, "%*[\t ]%" SCNu32 "%n", &pid, &n) == 1; p += n)
		;
	if (!pid || *p != '\n')
		return false;
	*ret = pid;
	return true;
}

int proc_identity_read(pid_t pid, struct proc_identity *ret, struct err *e)
{
	char *text _cleanup_free_ = NULL;
	struct proc_identity id;
	char path[64];
	struct stat st;
	int rc = proc_read_whole(pid, "status", "read its status", &text, e);

	if (rc)
		return rc;
	if (!proc_own_pid_parse(text, &id.pid))
		return err_set(e, -EBADMSG, "/proc/%d/status: no NSpid", pid);
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	if (stat(path, &st))
		return proc_error(e, -errno, pid, "see its PID namespace");
	id.ns_dev = (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev);
	id.ns_ino = st.st_ino;
	*ret = id;
	return 0;
}

/* The name at the end of a line, in which a newline is \\012. */
static void mapping_name(const char *from, char *to, size_t size)
{
	size_t n = 0;

	while (*from && *from != '\n' && n + 1 < size) {
		bool newline = !strncmp(from, "\\012", 4);

		to[n++] = newline ? '\n' : *from;
		from += newline ? 4 : 1;
	}
	to[n] = 0;
}

int proc_maps_walk(const char *text, int (*each)(void *ctx, const struct proc_mapping *m),
		   void *ctx)
{
	struct proc_mapping m;

	for (const char *line = text; *line; line = next_line(line)) {
		const char *name = mapping_parse(line, &m);
		int rc = 0;

		if (name) {
			mapping_name(name, m.name, sizeof(m.name));
			rc = each(ctx, &m);
		}
		if (rc)
			return rc;
	}
	return 0;
}

int proc_maps_each(pid_t pid, int (*each)(void *ctx, const struct proc_mapping *m), void *ctx,
		   struct err *e)
{
	char *text _cleanup_free_ = NULL;
	int rc = proc_read_whole(pid, "maps", "read its memory map", &text, e);

	return rc ? rc : proc_maps_walk(text, each, ctx);
}

pid_t proc_tgid(pid_t pid)
{
	char *text _cleanup_free_ = NULL;
	struct err e;
	const char *p;
	int tgid;

	if (proc_read_whole(pid, "status", "read its status", &text, &e))
		return 0;
	p = strstr(text, "\nTgid:");
	return p && sscanf(p, "\nTgid: %d", &tgid) == 1 ? tgid : 0;
}
