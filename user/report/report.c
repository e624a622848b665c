// SPDX-License-Identifier: Apache-2.0
/* The table of reporters, and files that are written whole or not at all. */
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "report/formats.h"

static const struct reporter table[] = {
	{ "text", NULL, "the summary, for people", text_write },
	{ "json", "summary.json", "the summary, for programs (docs/summary.schema.json)",
	  json_write },
	{ "gctrace.txt", "gctrace.txt", "GC cycles as GODEBUG=gctrace=1 prints them",
	  gctrace_write },
	{ "maps.pb.gz", "maps.pb.gz", "pprof profile of map writes by stack", pprof_write_maps },
	{ "locks.pb.gz", "locks.pb.gz", "pprof profile of lock waits by stack", pprof_write_locks },
	{ "stw.pb.gz", "stw.pb.gz", "pprof profile of stop-the-world pauses by stack",
	  pprof_write_stw },
};

const struct reporter *report_table(size_t *n)
{
	*n = sizeof(table) / sizeof(*table);
	return table;
}

const struct reporter *report_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (!strcmp(table[i].name, name) || (table[i].file && !strcmp(table[i].file, name)))
			return &table[i];
	return NULL;
}

int formats_flush(FILE *out, const char *what, struct err *e)
{
	errno = 0;
	if (fflush(out) || ferror(out))
		return err_sys(e, errno ? -errno : -EIO, "%s: write", what);
	return 0;
}

/* A new file, of nobody else; one left behind by a process that had our pid makes way. */
static int open_temp(const char *path, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, flags, 0666);

	if (fd < 0 && errno == EEXIST && !unlink(path))
		fd = open(path, flags, 0666);
	if (fd < 0)
		return err_sys(e, -errno, "%s: create", path);
	return fd;
}

/* The whole report in memory: what fails to be made never gets near the file. */
static int render(const struct reporter *rep, const struct result *r, char **ret, size_t *ret_len,
		  struct err *e)
{
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&data, &len);
	int rc;

	if (!out)
		return err_sys(e, -errno, "%s: open_memstream", rep->name);
	rc = rep->write(r, out, e);
	if (fclose(out) && !rc)
		rc = err_set(e, -ENOMEM, "%s: out of memory", rep->name);
	if (rc)
		return rc;
	*ret = take_ptr(data);
	*ret_len = len;
	return 0;
}

static int write_all(int fd, const char *data, size_t len, const char *path, struct err *e)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, -errno, "%s: write", path);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Makes a rename in the directory of path last; a file system that cannot do that is no error. */
static void sync_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL;
	_cleanup_close_ int fd = -1;

	dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!dir)
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

/* Whole or not at all. */
static int replace_file(const char *path, const char *data, size_t len, struct err *e)
{
	_cleanup_free_ char *temp = NULL;
	int fd, rc;

	if (asprintf(&temp, "%s.tmp-%d", path, (int)getpid()) < 0) {
		temp = NULL;
		return err_set(e, -ENOMEM, "%s: out of memory", path);
	}
	fd = open_temp(temp, e);
	if (fd < 0)
		return fd;
	rc = write_all(fd, data, len, temp, e);
	if (!rc && fsync(fd))
		rc = err_sys(e, -errno, "%s: fsync", temp);
	if (close(fd) && !rc)
		rc = err_sys(e, -errno, "%s: close", temp);
	if (!rc && rename(temp, path))
		rc = err_sys(e, -errno, "%s: rename to %s", temp, path);
	if (rc)
		unlink(temp);
	else
		sync_dir(path);
	return rc;
}

int report_write_file(const struct reporter *rep, const struct result *r, const char *path,
		      struct err *e)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	size_t len = 0;
	int rc = render(rep, r, &data, &len, e);

	if (rc)
		return rc;
	/* A pipe or a device stays what it is. */
	if (stat(path, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return replace_file(path, data, len, e);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, -errno, "%s: open", path);
	return write_all(fd, data, len, path, e);
}

int report_make_dir(const char *dir, struct err *e)
{
	struct stat st;

	if (mkdir(dir, 0777) && errno != EEXIST)
		return err_sys(e, -errno, "%s: mkdir", dir);
	if (stat(dir, &st))
		return err_sys(e, -errno, "%s: stat", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, -ENOTDIR, "%s: not a directory", dir);
	if (access(dir, W_OK | X_OK))
		return err_sys(e, -errno, "%s: cannot be written to", dir);
	return 0;
}

int report_write_dir(const struct result *r, const char *dir, struct err *e)
{
	int rc = report_make_dir(dir, e);

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		_cleanup_free_ char *path = NULL;

		if (!table[i].file)
			continue;
		if (asprintf(&path, "%s/%s", dir, table[i].file) < 0) {
			path = NULL;
			return err_set(e, -ENOMEM, "%s: out of memory", dir);
		}
		rc = report_write_file(&table[i], r, path, e);
		if (rc)
			return rc;
	}
	return 0;
}
