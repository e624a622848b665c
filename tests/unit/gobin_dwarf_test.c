// SPDX-License-Identifier: Apache-2.0
/*
 * DWARF that is cut off, changed or made up: the reader says so, or gives what is there. The binary
 * is user/gobin/program.go; that undamaged DWARF is read right is for gobin_layout_test. Best run
 * with SAN=address.
 */
#include "gobin/dwarf.h"

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

#define FILE_MAX (16 << 20)

/* A binary, its DWARF packed (as usual) or not, and a copy of it to damage. */
struct binary {
	uint8_t *data; /* NULL when there is no go tool */
	size_t len;
	int fd;
	char path[64];
};

struct fixture {
	struct binary packed, plain;
};

static void load(struct binary *b, const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "r");

	b->data = malloc(FILE_MAX);
	b->fd = memfd_create("damaged", MFD_CLOEXEC);
	assert_true(f && b->data && b->fd >= 0);
	b->len = fread(b->data, 1, FILE_MAX, f);
	assert_true(b->len < FILE_MAX);
	assert_int_equal(pwrite(b->fd, b->data, b->len, 0), b->len);
	snprintf(b->path, sizeof(b->path), "/proc/self/fd/%d", b->fd);
}

static int build(void **state)
{
	static const char *const flags[] = { "", "-ldflags=-compressdwarf=false" };
	struct fixture *x = calloc(1, sizeof(*x));
	char self[PATH_MAX] = "", path[PATH_MAX], cmd[2 * PATH_MAX];

	assert_non_null(x);
	*state = x;
	setenv("GOFLAGS", "-mod=mod", 1);
	if (system("go version >/dev/null 2>&1"))
		return 0;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	dirname(self);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%.4000s/../fixtures/gobin_dwarf/program%d", self, i);
		snprintf(cmd, sizeof(cmd), "go build %s -o %s user/gobin/program.go", flags[i],
			 path);
		assert_int_equal(system(cmd), 0);
		load(i ? &x->plain : &x->packed, path);
	}
	return 0;
}

static int discard(void **state)
{
	struct fixture *x = *state;

	if (x->plain.data) {
		close(x->packed.fd);
		close(x->plain.fd);
	}
	free(x->packed.data);
	free(x->plain.data);
	free(x);
	return 0;
}

static struct fixture *fixture(void **state)
{
	struct fixture *x = *state;

	if (!x->plain.data)
		skip();
	return x;
}

static void put(struct binary *b, const void *data, size_t len, size_t off)
{
	assert_int_equal(pwrite(b->fd, data, len, (off_t)off), len);
}

/* Puts back what was there. */
static void restore(struct binary *b, size_t len, size_t off)
{
	put(b, b->data + off, len, off);
}

static int read_layout(const struct binary *b, struct gobin_layout *ret, struct err *e)
{
	struct image img;
	int rc = image_open(b->path, &img, e);

	if (rc)
		return rc;
	rc = dwarf_layout(&img, ret, e);
	image_close(&img);
	return rc;
}

/* The section header of a section, packed the old way or the new, and where it is. */
static Elf64_Shdr find_section(const struct binary *b, const char *name, size_t *at)
{
	Elf64_Ehdr h;
	Elf64_Shdr names, sh;

	memcpy(&h, b->data, sizeof(h));
	memcpy(&names, b->data + h.e_shoff + h.e_shstrndx * sizeof(names), sizeof(names));
	for (size_t i = 0; i < h.e_shnum; i++) {
		const char *s;

		*at = h.e_shoff + i * sizeof(sh);
		memcpy(&sh, b->data + *at, sizeof(sh));
		s = (const char *)b->data + names.sh_offset + sh.sh_name;
		if (s[0] == '.' && !strcmp(s + (s[1] == 'z' ? 2 : 1), name))
			return sh;
	}
	fail_msg("no section %s", name);
	return (Elf64_Shdr){ 0 };
}

/* Reads with only len bytes of the section. */
static int read_cut(struct binary *b, const char *name, uint64_t len, struct gobin_layout *ret)
{
	size_t at;
	struct err e = { 0 };
	int rc;

	find_section(b, name, &at);
	put(b, &len, sizeof(len), at + offsetof(Elf64_Shdr, sh_size));
	rc = read_layout(b, ret, &e);
	if (rc && (e.code != rc || strncmp(e.msg, "DWARF: ", 7)))
		fail_msg("%s cut to %lu: %d %s", name, len, rc, e.msg);
	restore(b, sizeof(Elf64_Shdr), at);
	return rc;
}

static void cut_abbreviations_are_refused(void **state)
{
	struct fixture *x = fixture(state);
	uint64_t size;
	size_t at;

	size = find_section(&x->plain, "debug_abbrev", &at).sh_size;
	for (uint64_t len = 0; len < size; len++) {
		struct gobin_layout l;

		assert_true(read_cut(&x->plain, "debug_abbrev", len, &l) < 0);
	}
}

/* What comes before the cut may be known, nothing else. */
static void cut_entries_are_missing(void **state)
{
	struct fixture *x = fixture(state);
	struct gobin_layout whole, l;
	uint64_t size;
	size_t at;
	struct err e;

	assert_int_equal(read_layout(&x->plain, &whole, &e), 0);
	size = find_section(&x->plain, "debug_info", &at).sh_size;
	for (uint64_t len = 0; len < size; len += len < 64 || len + 64 > size ? 1 : size / 150) {
		const uint32_t *a = (uint32_t *)&whole, *b = (uint32_t *)&l;

		if (read_cut(&x->plain, "debug_info", len, &l))
			continue;
		for (size_t i = 0; i < sizeof(l) / sizeof(*a); i++)
			assert_true(b[i] == a[i] || b[i] == GOBIN_ABSENT);
	}
}

static void cut_packed_sections_are_refused(void **state)
{
	static const char *const names[] = { "debug_info", "debug_abbrev" };
	struct fixture *x = fixture(state);
	struct gobin_layout l;
	size_t at;

	for (size_t i = 0; i < 2; i++) {
		uint64_t size = find_section(&x->packed, names[i], &at).sh_size;

		for (uint64_t len = 0; len < size; len += len < 64 ? 1 : size / 64)
			assert_int_equal(read_cut(&x->packed, names[i], len, &l), -EBADMSG);
	}
}

/* Where a packed section says how large it is. */
static void sizes_that_cannot_be_are_refused(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 1ull << 30, 1ull << 60, UINT64_MAX };
	struct fixture *x = fixture(state);
	struct gobin_layout l;
	size_t at;
	Elf64_Shdr sh = find_section(&x->packed, "debug_info", &at);
	bool chdr = sh.sh_flags & SHF_COMPRESSED;
	size_t off = sh.sh_offset + (chdr ? offsetof(Elf64_Chdr, ch_size) : 4);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t v = chdr ? sizes[i] : __builtin_bswap64(sizes[i]);
		struct err e = { 0 };

		put(&x->packed, &v, sizeof(v), off);
		assert_int_equal(read_layout(&x->packed, &l, &e), -EBADMSG);
		assert_non_null(strstr(e.msg, ".debug_info"));
	}
	restore(&x->packed, 8, off);
	if (chdr) {
		struct err e = { 0 };

		put(&x->packed, "\2", 1, sh.sh_offset); /* zstd */
		assert_int_equal(read_layout(&x->packed, &l, &e), -EBADMSG);
		restore(&x->packed, 1, sh.sh_offset);
	}
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
	static const char *const names[] = { "debug_info", "debug_abbrev" };
	struct fixture *x = fixture(state);
	unsigned int read = 0, refused = 0;
	uint64_t seed = 88172645463325252ull;
	size_t at;

	for (unsigned int i = 0; i < 600; i++) {
		Elf64_Shdr sh = find_section(&x->plain, names[i % 2], &at);
		size_t len = 1ul << (next_random(&seed) % 4);
		uint64_t where = next_random(&seed) % (sh.sh_size - len), v;
		struct gobin_layout l;
		struct err e = { 0 };

		v = next_random(&seed) % 3 ? next_random(&seed) : UINT64_MAX;
		put(&x->plain, &v, len, sh.sh_offset + where);
		if (!read_layout(&x->plain, &l, &e))
			read++;
		else if (*e.msg)
			refused++;
		restore(&x->plain, len, sh.sh_offset + where);
	}
	assert_int_equal(read + refused, 600);
	/* Both happen, or the test does not test much. */
	assert_true(read > 100);
	assert_true(refused > 20);
}

/* The whole of it made of one byte, but for the first unit's header. */
static void made_up_entries_come_to_an_end(void **state)
{
	struct fixture *x = fixture(state);
	struct gobin_layout l;
	struct err e = { 0 };
	size_t at;
	Elf64_Shdr sh = find_section(&x->plain, "debug_info", &at);
	_cleanup_free_ uint8_t *made = malloc(sh.sh_size);

	assert_non_null(made);
	for (int byte = 0; byte < 256; byte += 5) {
		memset(made, byte, sh.sh_size);
		put(&x->plain, made, sh.sh_size, sh.sh_offset);
		assert_true(read_layout(&x->plain, &l, &e) < 0);
		restore(&x->plain, 12, sh.sh_offset);
		assert_true(read_layout(&x->plain, &l, &e) < 0);
	}
	restore(&x->plain, sh.sh_size, sh.sh_offset);
	assert_int_equal(read_layout(&x->plain, &l, &e), 0);
}

/* Units as small as can be, at the end of the file. */
static void many_units_are_refused(void **state)
{
	static const uint8_t unit[] = { 8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 0 };
	struct fixture *x = fixture(state);
	struct gobin_layout l;
	struct err e = { 0 };
	size_t at, n = 50001;
	Elf64_Shdr sh = find_section(&x->plain, "debug_info", &at);

	for (size_t i = 0; i < n; i++)
		put(&x->plain, unit, sizeof(unit), x->plain.len + i * sizeof(unit));
	sh.sh_offset = x->plain.len;
	sh.sh_size = n * sizeof(unit);
	put(&x->plain, &sh, sizeof(sh), at);
	assert_int_equal(read_layout(&x->plain, &l, &e), -E2BIG);
	assert_non_null(strstr(e.msg, "units"));
	sh.sh_size -= sizeof(unit);
	put(&x->plain, &sh, sizeof(sh), at);
	assert_int_equal(read_layout(&x->plain, &l, &e), -ENOENT);
	restore(&x->plain, sizeof(sh), at);
	assert_int_equal(ftruncate(x->plain.fd, (off_t)x->plain.len), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_abbreviations_are_refused),
		cmocka_unit_test(cut_entries_are_missing),
		cmocka_unit_test(cut_packed_sections_are_refused),
		cmocka_unit_test(sizes_that_cannot_be_are_refused),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(made_up_entries_come_to_an_end),
		cmocka_unit_test(many_units_are_refused),
	};

	return cmocka_run_group_tests(tests, build, discard);
}
