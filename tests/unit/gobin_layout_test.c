// SPDX-License-Identifier: Apache-2.0
/*
 * Layouts: the table against DWARF as Go's own reader and as ours understand it, and what becomes
 * of binaries whose version the table does not know. The binary is user/gobin/program.go, which the
 * table is made from too. GOTOOLCHAIN=go1.23.12 in the environment makes it a test of that version.
 */
#include "gobin/layout.h"

#include <elf.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "gobin/dwarf.h"

#define SOURCES	 "user/gobin/"
#define FILE_MAX (16 << 20)

enum { DEFAULT, PIE, STRIPPED, NVARIANTS };

static const char *const flags[] = { "", "-buildmode=pie", "-ldflags='-s -w'" };

static const char *const members[] = {
#define NAME(member, type, field) #member,
	GOBIN_FIELDS(NAME)
#undef NAME
};

struct fixture {
	char dir[PATH_MAX];
	char path[NVARIANTS][PATH_MAX + 16]; /* "" when there is no go tool */
	int fd;				     /* for copies of them with changes, in memory */
	char copy[64];
};

static int build(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	char self[PATH_MAX] = "", cmd[3 * PATH_MAX];

	assert_non_null(x);
	*state = x;
	x->fd = memfd_create("changed", MFD_CLOEXEC);
	assert_true(x->fd >= 0);
	snprintf(x->copy, sizeof(x->copy), "/proc/self/fd/%d", x->fd);
	setenv("GOFLAGS", "-mod=mod", 1);
	if (system("go version >/dev/null 2>&1"))
		return 0;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(x->dir, sizeof(x->dir), "%.4000s/../fixtures/gobin_layout", dirname(self));
	for (int i = 0; i < NVARIANTS; i++) {
		snprintf(x->path[i], sizeof(x->path[i]), "%s/program%d", x->dir, i);
		snprintf(cmd, sizeof(cmd), "go build %s -o %s " SOURCES "program.go", flags[i],
			 x->path[i]);
		assert_int_equal(system(cmd), 0);
	}
	snprintf(cmd, sizeof(cmd), "go build -o %s/structs " SOURCES "structs.go", x->dir);
	assert_int_equal(system(cmd), 0);
	return 0;
}

static int discard(void **state)
{
	struct fixture *x = *state;

	close(x->fd);
	free(x);
	return 0;
}

static struct fixture *fixture(void **state)
{
	struct fixture *x = *state;

	if (!x->path[0][0])
		skip();
	return x;
}

static struct gobin *opened(const char *path)
{
	struct err e = { 0 };
	struct gobin *b;

	if (gobin_open(path, &b, &e))
		fail_msg("%s", e.msg);
	return b;
}

static void assert_layouts_equal(const struct gobin_layout *a, const struct gobin_layout *b)
{
	struct gobin_layout x = *a, y = *b;

	for (int i = 0; i < LAYOUT_NFIELDS; i++)
		if (*layout_at(&x, i) != *layout_at(&y, i))
			fail_msg("%s: %d and %d", members[i], (int)*layout_at(&x, i),
				 (int)*layout_at(&y, i));
}

/* One line of what structs.go prints. */
struct dumped {
	char type[256], path[256];
	uint32_t offset, size;
};

static size_t dump(const struct fixture *x, struct dumped *ret, size_t max)
{
	char cmd[3 * PATH_MAX], line[1024];
	size_t n = 0;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "%s/structs %s", x->dir, x->path[DEFAULT]);
	f = popen(cmd, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		char *rest = line, *type = strsep(&rest, "\t"), *path = strsep(&rest, "\t");

		assert_true(n < max && rest);
		snprintf(ret[n].type, sizeof(ret[n].type), "%s", type);
		snprintf(ret[n].path, sizeof(ret[n].path), "%s", path);
		assert_int_equal(sscanf(rest, "%u %u", &ret[n].offset, &ret[n].size), 2);
		n++;
	}
	assert_int_equal(pclose(f), 0);
	return n;
}

/* Whether name is the rank-th of the alternatives, without its "#". */
static bool is_alternative(const char *list, int rank, const char *name)
{
	char copy[512], *rest = copy, *at = NULL;

	snprintf(copy, sizeof(copy), "%s", list);
	for (int i = 0; i <= rank && rest; i++)
		at = strsep(&rest, "|");
	if (!at)
		return false;
	at[strcspn(at, "#")] = '\0';
	return !strcmp(at, name);
}

static uint32_t value_in(const struct dumped *d, size_t n, const char *types, const char *paths)
{
	for (int t = 0; t < 4; t++)
		for (int p = 0; p < 2; p++)
			for (size_t i = 0; i < n; i++)
				if (is_alternative(types, t, d[i].type) &&
				    is_alternative(paths, p, d[i].path))
					return strchr(paths, '#') ? d[i].size : d[i].offset;
	return GOBIN_ABSENT;
}

static void table_is_what_go_reads_in_the_dwarf(void **state)
{
	static const struct {
		const char *types, *paths;
	} fields[] = {
#define FIELD(member, type, field) { type, field },
		GOBIN_FIELDS(FIELD)
#undef FIELD
	};
	struct fixture *x = fixture(state);
	struct gobin *b = opened(x->path[DEFAULT]);
	struct dumped *d = calloc(20000, sizeof(*d));
	struct gobin_layout want;
	size_t n;

	assert_non_null(d);
	n = dump(x, d, 20000);
	assert_true(n > 1000);
	for (int i = 0; i < LAYOUT_NFIELDS; i++)
		*layout_at(&want, i) = value_in(d, n, fields[i].types, fields[i].paths);
	assert_int_equal(gobin_info(b)->layout_source, GOBIN_LAYOUT_TABLE);
	assert_layouts_equal(gobin_layout(b), &want);
	gobin_close(b);
	free(d);
}

static void table_is_what_we_read_in_the_dwarf(void **state)
{
	struct fixture *x = fixture(state);

	for (int i = DEFAULT; i <= PIE; i++) {
		struct gobin *b = opened(x->path[i]);
		struct err e = { 0 };
		struct gobin_layout l;
		struct image img;

		assert_int_equal(image_open(x->path[i], &img, &e), 0);
		if (dwarf_layout(&img, &l, &e))
			fail_msg("%s", e.msg);
		assert_layouts_equal(gobin_layout(b), &l);
		image_close(&img);
		gobin_close(b);
	}
}

static uint8_t *load(const char *path, size_t *len)
{
	_cleanup_fclose_ FILE *f = fopen(path, "r");
	uint8_t *data = malloc(FILE_MAX);

	assert_true(f && data);
	*len = fread(data, 1, FILE_MAX, f);
	assert_true(*len < FILE_MAX);
	return data;
}

/* Makes the copy: the file with all of one text replaced by another of the same length. */
static void replace(struct fixture *x, int variant, const char *from, const char *to, size_t text)
{
	size_t len, n = 0;
	_cleanup_free_ uint8_t *data = load(x->path[variant], &len);

	for (uint8_t *at = data; (at = memmem(at, len - (size_t)(at - data), from, text)); n++)
		memcpy(at, to, text);
	assert_true(n > 0);
	assert_int_equal(pwrite(x->fd, data, len, 0), len);
	assert_int_equal(ftruncate(x->fd, (off_t)len), 0);
}

/* A copy that says it was built with go1.28. */
static void make_newer(struct fixture *x, int variant)
{
	struct gobin *b = opened(x->path[variant]);
	char from[16];

	snprintf(from, sizeof(from), "go1.%02u", gobin_info(b)->go.minor);
	gobin_close(b);
	replace(x, variant, from, "go1.28", 6);
}

static void assert_same_functions(const struct gobin *a, const struct gobin *b)
{
	static const char *const names[] = { "main.main", "runtime.gcStart", "runtime.memmove" };
	struct gobin_line x[GOBIN_MAX_INLINE], y[GOBIN_MAX_INLINE];
	struct gobin_func f[3], g[3];

	gobin_find_funcs(a, names, 3, f);
	gobin_find_funcs(b, names, 3, g);
	for (size_t i = 0; i < 3; i++) {
		assert_true(f[i].addr && f[i].addr == g[i].addr && f[i].end == g[i].end);
		for (uint64_t addr = f[i].addr; addr < f[i].end; addr++) {
			size_t n = gobin_lines(a, addr, x, GOBIN_MAX_INLINE);

			assert_int_equal(gobin_lines(b, addr, y, GOBIN_MAX_INLINE), n);
			for (size_t j = 0; j < n; j++) {
				assert_string_equal(x[j].func, y[j].func);
				assert_int_equal(x[j].line, y[j].line);
				assert_int_equal(x[j].start_line, y[j].start_line);
			}
		}
	}
}

static void an_unknown_version_is_read_by_its_dwarf(void **state)
{
	struct fixture *x = fixture(state);
	struct gobin *was, *b;
	struct err e = { 0 };
	int rc;

	for (int i = DEFAULT; i <= PIE; i++) {
		was = opened(x->path[i]);
		make_newer(x, i);
		/* The magic of the pclntab says which format it has, up to 1.19 not the newest. */
		if (gobin_info(was)->go.minor < 20) {
			assert_int_equal(gobin_open(x->copy, &b, &e), -ENOTSUP);
			assert_non_null(strstr(e.msg, "built with go1.28"));
			assert_non_null(strstr(e.msg, "pclntab"));
		} else {
			b = opened(x->copy);
			assert_int_equal(gobin_info(b)->go.minor, 28);
			assert_int_equal(gobin_info(b)->layout_source, GOBIN_LAYOUT_DWARF);
			assert_int_equal(gobin_info(b)->swiss, gobin_info(was)->swiss);
			assert_layouts_equal(gobin_layout(was), gobin_layout(b));
			assert_same_functions(was, b);
			gobin_close(b);
		}
		gobin_close(was);
	}
	make_newer(x, STRIPPED);
	rc = gobin_open(x->copy, &b, &e);
	assert_int_equal(rc, -ENOTSUP);
	if (!strstr(e.msg, "go1.28") || !strstr(e.msg, "newer than go1.27; no DWARF"))
		fail_msg("%s", e.msg);
}

static void without_build_info_the_runtime_says_the_version(void **state)
{
	struct fixture *x = fixture(state);

	for (int i = 0; i < NVARIANTS; i++) {
		struct gobin *was = opened(x->path[i]), *b;

		replace(x, i, "\xff Go buildinf:", "\xff No buildinf:", 14);
		b = opened(x->copy);
		assert_string_equal(gobin_info(b)->version, gobin_info(was)->version);
		assert_string_equal(gobin_info(b)->module, "");
		assert_layouts_equal(gobin_layout(was), gobin_layout(b));
		assert_same_functions(was, b);
		gobin_close(b);
		gobin_close(was);
	}
	/* Unless it says nothing. */
	replace(x, STRIPPED, "\xff Go buildinf:", "\xff No buildinf:", 14);
	{
		struct gobin *b;
		struct err e = { 0 };
		size_t len;
		_cleanup_free_ uint8_t *data = load(x->copy, &len);

		for (uint8_t *at = data; (at = memmem(at, len - (size_t)(at - data), "go1.", 4));)
			memcpy(at, "no1.", 4);
		assert_int_equal(pwrite(x->fd, data, len, 0), len);
		assert_int_equal(gobin_open(x->copy, &b, &e), -ENOTSUP);
		assert_non_null(strstr(e.msg, "runtime.buildVersion"));
	}
}

/* What a binary without DWARF gets for a version, and the error if any. */
static int find(const struct image *img, const char *version, struct gobin_layout *ret,
		enum gobin_layout_source *source, struct err *e)
{
	struct go_version v;

	assert_true(go_version_parse(version, &v));
	return layout_find(img, version, &v, ret, source, e);
}

static void the_table_alone_says_how_certain_it_is(void **state)
{
	static const struct {
		const char *version, *as;
		enum gobin_layout_source source;
	} cases[] = {
		{ "go1.17", "go1.17", GOBIN_LAYOUT_TABLE },
		{ "go1.26.3", "go1.26.11", GOBIN_LAYOUT_TABLE },
		{ "go1.26.99", "go1.26.11", GOBIN_LAYOUT_PATCH },
		{ "go1.22.5-acme.3", "go1.22.5", GOBIN_LAYOUT_VENDOR },
		{ "go1.21.13 (Red Hat 1.21.13-1.el9)", "go1.21.13", GOBIN_LAYOUT_VENDOR },
		{ "go1.24.4 X:arenas,cgocheck2", "go1.24.4", GOBIN_LAYOUT_TABLE },
	};
	struct image img = { .nloads = 0 };
	enum gobin_layout_source source;
	struct gobin_layout a, b;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(find(&img, cases[i].as, &b, &source, &e), 0);
		assert_int_equal(source, GOBIN_LAYOUT_TABLE);
		assert_int_equal(find(&img, cases[i].version, &a, &source, &e), 0);
		assert_int_equal(source, cases[i].source);
		assert_layouts_equal(&a, &b);
	}
}

static void what_the_table_cannot_know_is_refused(void **state)
{
	static const struct {
		const char *version, *why;
	} cases[] = {
		{ "go1.16.15", "go1.16.15, not supported: before go1.17 arguments are on the" },
		{ "go1.28", "go1.28, not supported: newer than go1.27; no DWARF" },
		{ "go2.1.0", "not Go 1" },
		{ "go1.27rc1", "not a release; no DWARF" },
		{ "devel go1.22-0123456789 Mon Jan 1 00:00:00 2024 +0000", "not a release" },
		{ "go1.25-20250209-RC00 cl/724970549", "not a release" },
		{ "go1.26.8-X:staticlockranking", "experiment staticlockranking may move" },
		{ "go1.26.8-X:nosuchthing", "experiment nosuchthing may move" },
		{ "go1.17.13 X:noregabiargs", "experiment noregabiargs may move" },
		{ "go1.25.5 X:greenteagc,noswissmap", "together with the others" },
	};
	struct image img = { .nloads = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum gobin_layout_source source;
		struct gobin_layout l;
		struct err e = { 0 };

		assert_int_equal(find(&img, cases[i].version, &l, &source, &e), -ENOTSUP);
		if (!strstr(e.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].version, e.msg);
	}
}

/* Known from what the releases themselves say of their changes. */
static void the_table_has_the_known_changes(void **state)
{
	struct image img = { .nloads = 0 };
	enum gobin_layout_source source;
	struct gobin_layout a, b;
	struct err e;

	(void)state;
	/* m.allpSnapshot, 24 bytes, came in patch releases. */
	assert_int_equal(find(&img, "go1.24.5", &a, &source, &e), 0);
	assert_int_equal(find(&img, "go1.24.6", &b, &source, &e), 0);
	assert_int_equal(b.m_alllink, a.m_alllink + 24);
	assert_int_equal(b.m_curg, a.m_curg);
	/* Swiss maps came with 1.24, the classic ones went with 1.26. */
	assert_int_equal(find(&img, "go1.23.12", &a, &source, &e), 0);
	assert_true(a.hmap_b == 9 && a.map_dirptr == GOBIN_ABSENT);
	assert_int_equal(find(&img, "go1.24.4", &a, &source, &e), 0);
	assert_true(a.hmap_b == GOBIN_ABSENT && a.map_dirptr == 16);
	assert_int_equal(find(&img, "go1.24.4 X:noswissmap", &a, &source, &e), 0);
	assert_true(a.hmap_b == 9 && a.map_dirptr == GOBIN_ABSENT);
	/* One that moves what also moved between patch releases. */
	assert_int_equal(find(&img, "go1.24.4 X:nospinbitmutex", &a, &source, &e), 0);
	assert_true(a.m_curg == 0xc0 && a.m_lock_profile == GOBIN_ABSENT);
	/* Between 1.17.6 and 1.17.13 the size changed, it is not known where. */
	assert_int_equal(find(&img, "go1.17.6", &a, &source, &e), 0);
	assert_int_equal(a.heap_stats_delta_size, 1184);
	assert_int_equal(find(&img, "go1.17.10", &a, &source, &e), 0);
	assert_true(a.heap_stats_delta_size == GOBIN_ABSENT);
	assert_int_equal(find(&img, "go1.17.13", &a, &source, &e), 0);
	assert_int_equal(a.heap_stats_delta_size, 1176);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_what_go_reads_in_the_dwarf),
		cmocka_unit_test(table_is_what_we_read_in_the_dwarf),
		cmocka_unit_test(an_unknown_version_is_read_by_its_dwarf),
		cmocka_unit_test(without_build_info_the_runtime_says_the_version),
		cmocka_unit_test(the_table_alone_says_how_certain_it_is),
		cmocka_unit_test(what_the_table_cannot_know_is_refused),
		cmocka_unit_test(the_table_has_the_known_changes),
	};

	return cmocka_run_group_tests(tests, build, discard);
}
