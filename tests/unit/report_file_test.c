// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/report.h"
#include "unit/report_fixture.h"

/* A directory for one test, and the result it writes. */
struct place {
	char dir[64];
	struct fixture *f;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/report_file_XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	p->f = fixture_rich();
	*state = p;
	return 0;
}

/* Counts the entries of dir and its directories; removes them when asked to. */
static size_t walk(const char *dir, bool clear)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	size_t n = 0;

	assert_non_null(d);
	while ((de = readdir(d))) {
		char path[512];
		struct stat st;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		n++;
		if (!lstat(path, &st) && S_ISDIR(st.st_mode))
			n += walk(path, clear);
		if (clear)
			remove(path);
	}
	closedir(d);
	return n;
}

static int teardown(void **state)
{
	struct place *p = *state;

	walk(p->dir, true);
	rmdir(p->dir);
	free(p->f);
	free(p);
	return 0;
}

static char *slurp(const char *path)
{
	_cleanup_fclose_ FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	assert_non_null(in);
	assert_true(getdelim(&text, &cap, 0, in) >= 0);
	return text;
}

static void put_text(const char *path, const char *s)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(s, out);
	fclose(out);
}

static void table_is_found_by_both_names(void **state)
{
	size_t n;
	const struct reporter *t = report_table(&n);

	(void)state;
	assert_true(n >= 5);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(report_find(t[i].name), &t[i]);
		if (t[i].file)
			assert_ptr_equal(report_find(t[i].file), &t[i]);
		assert_non_null(t[i].what);
	}
	assert_null(report_find("nothing"));
	assert_null(report_find("text")->file);
	assert_string_equal(report_find("json")->file, "summary.json");
}

static void file_is_written_and_replaced(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/s.json", p->dir);
	put_text(path, "old");
	assert_int_equal(report_write_file(report_find("json"), &p->f->r, path, &e), 0);
	_cleanup_free_ char *text = slurp(path);
	assert_int_equal(text[0], '{');
	assert_int_equal(walk(p->dir, false), 1);
}

static void dir_is_made_and_filled(void **state)
{
	static const char *const names[] = { "summary.json", "gctrace.txt", "maps.pb.gz",
					     "locks.pb.gz", "stw.pb.gz" };
	struct place *p = *state;
	struct err e = { 0 };
	char dir[128], path[256];

	snprintf(dir, sizeof(dir), "%s/out", p->dir);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(report_write_dir(&p->f->r, dir, &e), 0);
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
			assert_int_equal(access(path, R_OK), 0);
		}
		assert_int_equal(walk(dir, false), COUNT_OF(names));
	}
}

static void missing_directory(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/no/s.json", p->dir);
	assert_int_equal(report_write_file(report_find("json"), &p->f->r, path, &e), -ENOENT);
	assert_non_null(strstr(e.msg, path));
	snprintf(path, sizeof(path), "%s/no/out", p->dir);
	assert_int_equal(report_write_dir(&p->f->r, path, &e), -ENOENT);
	assert_int_equal(walk(p->dir, false), 0);
}

static void place_is_taken(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };
	char path[128];

	/* A directory where the file should be: the rename fails, the temporary file goes. */
	snprintf(path, sizeof(path), "%s/s.json", p->dir);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_true(report_write_file(report_find("json"), &p->f->r, path, &e) < 0);
	assert_int_equal(walk(p->dir, false), 1);
	rmdir(path);

	/* A file where the directory should be. */
	put_text(path, "old");
	assert_int_equal(report_write_dir(&p->f->r, path, &e), -ENOTDIR);
	_cleanup_free_ char *text = slurp(path);
	assert_string_equal(text, "old");
}

static void unwritable_directory(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };
	char path[128];
	bool root = !geteuid();
	int rc;

	chmod(p->dir, 0555);
	snprintf(path, sizeof(path), "%s/s.json", p->dir);
	if (root) /* who may write anywhere */
		assert_int_equal(seteuid(65534), 0);
	rc = report_write_file(report_find("json"), &p->f->r, path, &e);
	if (root)
		assert_int_equal(seteuid(0), 0);
	chmod(p->dir, 0755);
	assert_int_equal(rc, -EACCES);
	assert_int_equal(walk(p->dir, false), 0);
}

static int half_then_fail(const struct result *r, FILE *out, struct err *e)
{
	(void)r;
	fputs("half", out);
	return err_set(e, -EIO, "half way");
}

/* What stood there before still stands there. */
static void failed_writer_leaves_no_trace(void **state)
{
	const struct reporter rep = { "half", "half", "fails", half_then_fail };
	struct place *p = *state;
	struct err e = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/half", p->dir);
	assert_int_equal(report_write_file(&rep, &p->f->r, path, &e), -EIO);
	assert_int_equal(walk(p->dir, false), 0);
	put_text(path, "old");
	assert_int_equal(report_write_file(&rep, &p->f->r, path, &e), -EIO);
	_cleanup_free_ char *text = slurp(path);
	assert_string_equal(text, "old");
	assert_int_equal(walk(p->dir, false), 1);
}

static void stale_and_hostile_temporary(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };
	char path[128], temp[160], victim[128];

	snprintf(path, sizeof(path), "%s/s.json", p->dir);
	snprintf(temp, sizeof(temp), "%s.tmp-%d", path, (int)getpid());
	snprintf(victim, sizeof(victim), "%s/victim", p->dir);
	put_text(victim, "old");
	assert_int_equal(symlink(victim, temp), 0);
	assert_int_equal(report_write_file(report_find("json"), &p->f->r, path, &e), 0);
	_cleanup_free_ char *text = slurp(victim);
	assert_string_equal(text, "old");
	assert_int_equal(walk(p->dir, false), 2);
}

/* A pipe is written to, not replaced. */
static void pipe_stays_a_pipe(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };
	uint8_t magic[2] = { 0 };
	char path[128];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/pipe", p->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(report_write_file(report_find("maps.pb.gz"), &p->f->r, path, &e), 0);
	assert_int_equal(read(fd, magic, 2), 2);
	assert_memory_equal(magic, "\x1f\x8b", 2);
	close(fd);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(walk(p->dir, false), 1);
}

static void full_device_is_an_error_of_each(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };
	char path[128];
	size_t n;
	const struct reporter *t = report_table(&n);

	/* Through a link, so that a mistake replaces that and not the device. */
	snprintf(path, sizeof(path), "%s/full", p->dir);
	assert_int_equal(symlink("/dev/full", path), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(report_write_file(&t[i], &p->f->r, path, &e), -ENOSPC);
		assert_non_null(strstr(e.msg, path));
	}
	assert_int_equal(walk(p->dir, false), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_found_by_both_names),
		cmocka_unit_test_setup_teardown(file_is_written_and_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(dir_is_made_and_filled, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(place_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(unwritable_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_writer_leaves_no_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(stale_and_hostile_temporary, setup, teardown),
		cmocka_unit_test_setup_teardown(pipe_stays_a_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(full_device_is_an_error_of_each, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
