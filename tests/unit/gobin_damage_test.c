// SPDX-License-Identifier: Apache-2.0
/*
 * Files that are not what they should be: something else, cut off, with bytes changed. The Go
 * binary to damage is the toolchain's own gofmt. Best run with SAN=address.
 */
#include "gobin/gobin.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "gobin/image.h"
#include "gobin/layout.h"
#include "gobin/moduledata.h"
#include "gobin/pclntab.h"

struct fixture {
	uint8_t *data; /* the file; NULL when there is no go tool */
	size_t len;
	int fd; /* a copy to damage, in memory */
	char path[64];
};

static int load(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	FILE *f = popen("cat \"$(go env GOROOT)/bin/gofmt\" 2>/dev/null", "r");
	size_t cap = 64 << 20;

	assert_true(x && f);
	*state = x;
	x->data = malloc(cap);
	assert_non_null(x->data);
	x->len = fread(x->data, 1, cap, f);
	assert_true(x->len < cap);
	if (pclose(f) || !x->len) {
		free(x->data);
		x->data = NULL;
	}
	x->fd = memfd_create("damaged", MFD_CLOEXEC);
	assert_true(x->fd >= 0);
	snprintf(x->path, sizeof(x->path), "/proc/self/fd/%d", x->fd);
	return 0;
}

static int discard(void **state)
{
	struct fixture *x = *state;

	close(x->fd);
	free(x->data);
	free(x);
	return 0;
}

static void put(struct fixture *x, const void *data, size_t len, size_t off)
{
	assert_int_equal(pwrite(x->fd, data, len, (off_t)off), len);
}

/* The fixture with an undamaged copy; skips the test where there is no go tool. */
static struct fixture *fixture(void **state)
{
	struct fixture *x = *state;

	if (!x->data)
		skip();
	put(x, x->data, x->len, 0);
	assert_int_equal(ftruncate(x->fd, (off_t)x->len), 0);
	return x;
}

/* Opens the copy, which has to fail with this code and a message that has text. */
static void refused(struct fixture *x, int code, const char *text)
{
	struct gobin *b = NULL;
	struct err e = { 0 };
	int rc = gobin_open(x->path, &b, &e);

	if (rc != code || e.code != rc || !strstr(e.msg, text))
		fail_msg("want %d \"%s\", got %d %d \"%s\"", code, text, rc, e.code, e.msg);
	assert_null(b);
	assert_int_equal(strncmp(e.msg, x->path, strlen(x->path)), 0);
}

static void other_files_are_no_go_programs(void **state)
{
	static const struct {
		size_t off;
		uint8_t value[2];
		const char *text;
	} cases[] = {
		{ EI_CLASS, { ELFCLASS32, ELFDATA2LSB }, "64-bit" },
		{ EI_DATA, { ELFDATA2MSB, 1 }, "little-endian" },
		{ offsetof(Elf64_Ehdr, e_machine), { EM_AARCH64, 0 }, "machine (183" },
		{ offsetof(Elf64_Ehdr, e_type), { ET_CORE, 0 }, "not a program" },
		{ 0, "\x7f\x00", "not an ELF" },
	};
	struct fixture *x = *state;
	struct gobin *b = NULL;
	struct err e = { 0 };

	assert_int_equal(gobin_open("/does/not/exist", &b, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "/does/not/exist"));
	assert_int_equal(gobin_open("/", &b, &e), -ENOEXEC);
	/* This program is an ELF one, but not Go. */
	assert_int_equal(gobin_open("/proc/self/exe", &b, &e), -ENOEXEC);
	assert_non_null(strstr(e.msg, "no Go build info"));
	assert_int_equal(ftruncate(x->fd, 0), 0);
	refused(x, -ENOEXEC, "empty");
	put(x, "#!/bin/sh\n", 10, 0);
	refused(x, -ENOEXEC, "not an ELF");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		x = fixture(state);
		put(x, cases[i].value, 2, cases[i].off);
		refused(x, -ENOEXEC, cases[i].text);
	}
}

/* Where something is in the file. */
struct places {
	uint64_t version; /* in the build info, after "go1." */
	uint64_t build_id;
	uint64_t pclntab, pclntab_len, moduledata, types;
	struct pclntab_format format;
	struct pclntab t;
};

static uint64_t offset_of(const struct image *img, uint64_t addr)
{
	uint64_t off = 0;

	assert_true(image_offset(img, addr, &off));
	return off;
}

/* Where the version is, after "go1.": inline, or in 1.17 where a pointer to a string points. */
static uint64_t version_offset(const struct image *img, const struct image_section *sec)
{
	const uint8_t *at = memmem(sec->data.data, sec->data.len, "go1.", 4);
	uint64_t header, addr = 0;

	if (at)
		return (uint64_t)(at + 4 - img->file.data);
	assert_true(span_u64(sec->data, 16, &header) && image_u64(img, header, &addr));
	return offset_of(img, addr) + 4;
}

static void find_places(const struct fixture *x, struct places *ret)
{
	struct image_section sec;
	struct gobin_layout layout;
	struct go_version v;
	struct gobin *b;
	struct image img;
	struct moduledata md;
	struct err e;
	const uint8_t *at;

	assert_int_equal(gobin_open(x->path, &b, &e), 0);
	v = gobin_info(b)->go;
	gobin_close(b);
	assert_int_equal(image_open(x->path, &img, &e), 0);
	assert_true(image_section(&img, ".go.buildinfo", &sec));
	ret->version = version_offset(&img, &sec);
	at = memmem(img.file.data, 8192, "\3\0\0\0GNU", 8);
	ret->build_id = at ? (uint64_t)(at - img.file.data) : 0;
	layout_of_minor(v.minor, &layout);
	assert_int_equal(pclntab_format(&layout, v.minor, &ret->format, &e), 0);
	assert_int_equal(pclntab_find(&img, &ret->format, &ret->t, &e), 0);
	assert_int_equal(moduledata_find(&img, &layout, &ret->t, &md, &e), 0);
	ret->pclntab = offset_of(&img, ret->t.addr);
	ret->pclntab_len = ret->t.size;
	ret->moduledata = offset_of(&img, md.addr);
	ret->types = offset_of(&img, md.types);
	image_close(&img);
}

static void unsupported_versions_are_named(void **state)
{
	static const struct {
		const char *minor, *text;
	} cases[] = { { "16", "before go1.17 arguments are on the stack" },
		      { "28", "built with go1.28" },
		      { "99", "built with go1.99" },
		      { "xx", "unknown version \"go1.xx" } };
	struct fixture *x = fixture(state);
	struct places p;

	find_places(x, &p);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(x, cases[i].minor, 2, p.version);
		refused(x, -ENOTSUP, cases[i].text);
	}
}

static void without_a_gnu_build_id_there_is_gos(void **state)
{
	struct fixture *x = fixture(state);
	struct places p;
	struct gobin *b;
	struct err e;

	find_places(x, &p);
	if (p.build_id)
		put(x, "\x42", 1, p.build_id);
	assert_int_equal(gobin_open(x->path, &b, &e), 0);
	assert_non_null(strchr(gobin_info(b)->build_id, '/'));
	gobin_close(b);
}

/* Nothing needs the section headers. */
static void section_headers_may_be_missing(void **state)
{
	static const uint8_t zeros[8];
	struct fixture *x = fixture(state);
	struct gobin_func with, without;
	struct gobin *b;
	struct err e;

	assert_int_equal(gobin_open(x->path, &b, &e), 0);
	gobin_find_funcs(b, &(const char *){ "main.main" }, 1, &with);
	gobin_close(b);
	put(x, zeros, 8, offsetof(Elf64_Ehdr, e_shoff));
	put(x, zeros, 2, offsetof(Elf64_Ehdr, e_shnum));
	put(x, zeros, 2, offsetof(Elf64_Ehdr, e_shstrndx));
	assert_int_equal(gobin_open(x->path, &b, &e), 0);
	assert_true(gobin_info(b)->stripped);
	gobin_find_funcs(b, &(const char *){ "main.main" }, 1, &without);
	assert_true(with.addr && with.addr == without.addr && with.end == without.end);
	gobin_close(b);
}

static void impossible_tables_are_refused(void **state)
{
	static const uint64_t huge = 1ull << 60, almost = UINT64_MAX;
	struct fixture *x = fixture(state);
	struct places p;

	find_places(x, &p);
	put(x, &huge, 8, p.pclntab + 8);
	refused(x, -EBADMSG, "functab");
	put(x, &almost, 8, p.pclntab + 8);
	refused(x, -EBADMSG, "functab");
	x = fixture(state);
	put(x, &huge, 8, p.pclntab + p.format.offsets);
	refused(x, -EBADMSG, "funcnameOffset");
	x = fixture(state);
	put(x, "\0", 1, p.pclntab);
	refused(x, -EBADMSG, "pclntab");
	x = fixture(state);
	put(x, "\1", 1, p.moduledata);
	refused(x, -EBADMSG, "moduledata");
	x = fixture(state);
	put(x, &huge, 8, offsetof(Elf64_Ehdr, e_shoff));
	refused(x, -EBADMSG, "section headers");
	x = fixture(state);
	put(x, &huge, 8, offsetof(Elf64_Ehdr, e_phoff));
	refused(x, -EBADMSG, "program headers");
	x = fixture(state);
	put(x, "\xff\xff", 2, offsetof(Elf64_Ehdr, e_phnum));
	refused(x, -EBADMSG, "program headers: 65535");
}

/* Each of the segments is all of the file. */
static void overlapping_segments_are_refused(void **state)
{
	struct fixture *x = fixture(state);
	Elf64_Ehdr h;
	Elf64_Phdr ph;

	memcpy(&h, x->data, sizeof(h));
	for (uint64_t i = 0; i < h.e_phnum; i++) {
		uint64_t at = h.e_phoff + i * sizeof(ph);

		memcpy(&ph, x->data + at, sizeof(ph));
		ph.p_offset = 0;
		ph.p_filesz = x->len;
		put(x, &ph, sizeof(ph), at);
	}
	refused(x, -EBADMSG, "segments of");
}

static void files_larger_than_programs_are_refused(void **state)
{
	struct fixture *x = fixture(state);

	assert_int_equal(ftruncate(x->fd, (off_t)IMAGE_MAX_BYTES + 1), 0);
	refused(x, -ENOEXEC, "larger than any program");
}

/* From the end to the start: every byte of the first page, and of the end, samples between. */
static void truncated_files_are_refused(void **state)
{
	struct fixture *x = fixture(state);
	size_t len = x->len;

	/* The file may end with padding that nothing needs. */
	while (len && !x->data[len - 1])
		len--;
	while (len) {
		struct gobin *b = NULL;
		struct err e = { 0 };
		int rc;

		len -= len > x->len - 256 || len <= 4097 ? 1 : len - 4096 < 1999 ? 1 : 1999;
		assert_int_equal(ftruncate(x->fd, (off_t)len), 0);
		rc = gobin_open(x->path, &b, &e);
		if (rc != (len < 4 ? -ENOEXEC : -EBADMSG) || b || e.code != rc || !*e.msg)
			fail_msg("%zu of %zu bytes: %d %s", len, x->len, rc, e.msg);
	}
}

/* Everything that one may ask; the answers do not matter. */
static void ask(const struct gobin *b, const struct places *p)
{
	static const char *const names[] = { "main.main", "runtime.mallocgc", "runtime.gcStart" };
	struct gobin_line lines[GOBIN_MAX_INLINE];
	struct gobin_func found[3], f;
	const char *name;
	uint64_t vaddr, off;
	struct span s;
	struct err e;
	size_t n;

	gobin_find_funcs(b, names, 3, found);
	gobin_load_base(b, &vaddr, &off);
	for (uint64_t addr = vaddr; addr < vaddr + (2 << 20); addr += 10007) {
		gobin_func_at(b, addr, &f);
		n = gobin_lines(b, addr, lines, GOBIN_MAX_INLINE);
		assert_true(n <= GOBIN_MAX_INLINE);
		for (size_t i = 0; i < n; i++)
			assert_true(strlen(lines[i].func) + strlen(lines[i].file) > 0);
		gobin_bytes(b, addr, 16, &s);
	}
	for (size_t i = 0; i < 3; i++)
		if (found[i].addr)
			gobin_lines(b, found[i].addr + 8, lines, GOBIN_MAX_INLINE);
	for (uint64_t at = p->types; at < p->types + 4096; at += 8)
		if (!gobin_type_name(b, vaddr + at, &name, &e))
			assert_true(strlen(name) > 0);
	gobin_global(b, "runtime.work", &off, &e);
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void changed_bytes_do_no_harm(void **state)
{
	struct fixture *x = fixture(state);
	uint64_t seed = 88172645463325252ull;
	unsigned int opened = 0, refusals = 0;
	struct places p;

	find_places(x, &p);
	for (unsigned int i = 0; i < 1500; i++) {
		uint64_t names = p.t.names_addr - p.t.addr, funcs = p.t.funcs_addr - p.t.addr;
		const struct {
			uint64_t off, len;
		} places[] = {
			{ 0, 4096 },		      /* ELF header, program headers, notes */
			{ p.version - 64, 256 },      /* build info */
			{ p.pclntab, 0x48 },	      /* its header */
			{ p.pclntab + names, 65536 }, /* function names */
			{ p.pclntab + funcs, p.t.nfunc * 8 }, /* functab */
			{ p.pclntab + funcs, p.t.funcs.len }, /* _func, and in 1.26 inline trees */
			{ p.pclntab, p.pclntab_len },	      /* anywhere */
			{ p.moduledata, 0x200 },
			{ p.types, 65536 },
		};
		size_t where = i % (sizeof(places) / sizeof(places[0]));
		uint64_t at = places[where].off + next_random(&seed) % places[where].len, v;
		size_t len = 1ul << (next_random(&seed) % 4);
		struct gobin *b;
		struct err e;

		v = next_random(&seed) % 3 ? next_random(&seed) : UINT64_MAX;
		put(x, &v, len, at);
		if (gobin_open(x->path, &b, &e)) {
			refusals++;
		} else {
			opened++;
			ask(b, &p);
			gobin_close(b);
		}
		put(x, x->data + at, len, at);
	}
	/* Both happen, or the test does not test much. */
	assert_true(opened > 100);
	assert_true(refusals > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_files_are_no_go_programs),
		cmocka_unit_test(unsupported_versions_are_named),
		cmocka_unit_test(without_a_gnu_build_id_there_is_gos),
		cmocka_unit_test(section_headers_may_be_missing),
		cmocka_unit_test(impossible_tables_are_refused),
		cmocka_unit_test(overlapping_segments_are_refused),
		cmocka_unit_test(files_larger_than_programs_are_refused),
		cmocka_unit_test(truncated_files_are_refused),
		cmocka_unit_test(changed_bytes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, load, discard);
}
