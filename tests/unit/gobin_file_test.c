// SPDX-License-Identifier: Apache-2.0
/*
 * A binary as a file: functions, symbols, bytes and offsets, compared with what the go tool says.
 * GOTOOLCHAIN=go1.23.12 in the environment makes it a test of that version.
 */
#include "gobin/gobin.h"

#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/vec.h"

static const char source[] = R"go(// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

func main() {
	fmt.Println("hello")
}
)go";

struct fixture {
	char path[PATH_MAX + 64]; /* "" when there is no go tool */
	struct gobin *bin;
	uint8_t *data; /* the file */
	size_t len;
};

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX + 64];
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static void load(struct fixture *x)
{
	_cleanup_fclose_ FILE *f = fopen(x->path, "r");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	x->len = (size_t)st.st_size;
	x->data = malloc(x->len);
	assert_non_null(x->data);
	assert_int_equal(fread(x->data, 1, x->len, f), x->len);
}

static int build(void **state)
{
	char self[PATH_MAX] = "", dir[PATH_MAX], cmd[2 * PATH_MAX];
	struct fixture *x = calloc(1, sizeof(*x));
	struct err e = { 0 };

	assert_non_null(x);
	*state = x;
	setenv("GOFLAGS", "-mod=mod", 1);
	if (system("go version >/dev/null 2>&1"))
		return 0;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(dir, sizeof(dir), "%.4000s/../fixtures/gobin_file", dirname(self));
	snprintf(cmd, sizeof(cmd), "mkdir -p %s", dir);
	assert_int_equal(system(cmd), 0);
	write_file(dir, "go.mod", "module example.com/fixture\n\ngo 1.17\n");
	write_file(dir, "main.go", source);
	snprintf(cmd, sizeof(cmd), "cd %s && go build -o file .", dir);
	assert_int_equal(system(cmd), 0);
	snprintf(x->path, sizeof(x->path), "%s/file", dir);
	if (gobin_open(x->path, &x->bin, &e))
		fail_msg("%s", e.msg);
	load(x);
	return 0;
}

static int discard(void **state)
{
	struct fixture *x = *state;

	gobin_close(x->bin);
	free(x->data);
	free(x);
	return 0;
}

static struct fixture *fixture(void **state)
{
	struct fixture *x = *state;

	if (!x->bin)
		skip();
	return x;
}

struct symbol {
	uint64_t addr;
	char type, *name;
};

/* What "go tool nm" prints, by address. */
static void read_symbols(const char *path, struct symbol **ret, size_t *n)
{
	char cmd[PATH_MAX + 128], line[8192], name[8192];
	VEC(struct symbol) v = { 0 };
	FILE *f;

	snprintf(cmd, sizeof(cmd), "go tool nm -sort address %s", path);
	f = popen(cmd, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct symbol s;

		if (sscanf(line, " %lx %c %8191[^\n]", &s.addr, &s.type, name) != 3)
			continue;
		s.name = strdup(name);
		assert_int_equal(vec_push(&v, s), 0);
	}
	assert_int_equal(pclose(f), 0);
	*ret = v.data;
	*n = v.len;
}

static int by_name_and_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Checks what covers the function's first and last byte, and those before and after them. */
static void check_bounds(const struct gobin *b, const struct gobin_func *f)
{
	struct gobin_func at;

	assert_true(f->end > f->addr);
	assert_true(gobin_func_at(b, f->addr, &at));
	assert_int_equal(at.addr, f->addr);
	assert_int_equal(at.end, f->end);
	assert_string_equal(at.name, f->name);
	assert_true(gobin_func_at(b, f->end - 1, &at));
	assert_int_equal(at.addr, f->addr);
	if (gobin_func_at(b, f->addr - 1, &at))
		assert_int_equal(at.end, f->addr);
	if (gobin_func_at(b, f->end, &at))
		assert_int_equal(at.addr, f->end);
}

/* Whether a symbol of nm's is in the functab, under that name. */
static bool in_functab(const struct symbol *s)
{
	/* Two labels, and local symbols whose number is only in the ELF symbol table. */
	static const char *const not_there[] = { "runtime.text", "runtime.etext" };
	static const char *const numbered[] = { "type:.eq.", "type..eq.", ".dwrap." };

	for (size_t i = 0; i < 2; i++)
		if (!strcmp(s->name, not_there[i]))
			return false;
	for (size_t i = 0; i < 3; i++)
		if (strstr(s->name, numbered[i]))
			return false;
	/* An assembly function has the suffix, in the functab it has the name of its wrapper. */
	return strchr("tT", s->type) && !strstr(s->name, ".abi0");
}

/* Whether one of the n symbols is an assembly function of that name at addr. */
static bool is_assembly(const struct symbol *syms, size_t n, const char *name, uint64_t addr)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (syms[i].addr == addr && !strncmp(syms[i].name, name, len) &&
		    !strcmp(syms[i].name + len, ".abi0"))
			return true;
	return false;
}

/* All functions at once, many more than one pass looks for. */
static void functions_are_where_nm_says(void **state)
{
	struct fixture *x = fixture(state);
	struct gobin_func *found;
	size_t n, funcs = 0;
	struct symbol *syms;
	const char **names;

	read_symbols(x->path, &syms, &n);
	qsort(syms, n, sizeof(*syms), by_name_and_address);
	names = calloc(n, sizeof(*names));
	found = calloc(n, sizeof(*found));
	assert_true(names && found);
	for (size_t i = 0; i < n; i++)
		names[i] = syms[i].name;
	gobin_find_funcs(x->bin, names, n, found);
	for (size_t i = 0; i < n; i++) {
		/* Of several with one name the first is found. */
		if (!in_functab(&syms[i]) || (i && !strcmp(names[i], names[i - 1])))
			continue;
		funcs++;
		if (found[i].addr != syms[i].addr && !is_assembly(syms, n, names[i], found[i].addr))
			fail_msg("%s: found at 0x%lx, not 0x%lx", names[i], found[i].addr,
				 syms[i].addr);
		assert_string_equal(found[i].name, names[i]);
		check_bounds(x->bin, &found[i]);
	}
	assert_true(funcs > 1000);
	for (size_t i = 0; i < n; i++)
		free(syms[i].name);
	free(syms);
	free(names);
	free(found);
}

static void the_absent_are_not_found(void **state)
{
	static const char *const names[] = { "main.main",	  "no.such",
					     "runtime.mallocg",	  "main.main",
					     "runtime.mallocgcX", "",
					     "runtime.gcStart" };
	struct gobin_func found[7], at = { .addr = 42 };
	struct fixture *x = fixture(state);

	memset(found, 0xff, sizeof(found));
	gobin_find_funcs(x->bin, names, 7, found);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(found[i].addr != 0, i == 0 || i == 3 || i == 6);
	assert_memory_equal(&found[0], &found[3], sizeof(found[0]));
	assert_false(gobin_func_at(x->bin, 0, &at));
	assert_false(gobin_func_at(x->bin, UINT64_MAX, &at));
	assert_int_equal(at.addr, 42);
	assert_int_equal(gobin_lines(x->bin, 0, NULL, 0), 0);
	assert_int_equal(gobin_lines(x->bin, found[0].addr, NULL, 0), 0);
}

static void bytes_are_those_at_the_offset(void **state)
{
	struct fixture *x = fixture(state);
	struct gobin_func f;
	struct span s = { 0 };
	uint64_t at, off, gone = 42;

	gobin_find_funcs(x->bin, &(const char *){ "main.main" }, 1, &f);
	assert_true(gobin_bytes(x->bin, f.addr, f.end - f.addr, &s));
	assert_true(gobin_file_offset(x->bin, f.addr, &off));
	assert_int_equal(s.len, f.end - f.addr);
	assert_memory_equal(s.data, x->data + off, s.len);
	assert_false(gobin_bytes(x->bin, f.addr, x->len, &s));
	assert_false(gobin_bytes(x->bin, f.addr, UINT64_MAX, &s));
	assert_false(gobin_bytes(x->bin, 0, 1, &s));
	/* The first segment ends somewhere in the page of its last byte. */
	gobin_load_base(x->bin, &at, &off);
	while (gobin_file_offset(x->bin, at + 4096, &off))
		at += 4096;
	while (gobin_file_offset(x->bin, at + 1, &off))
		at++;
	assert_true(gobin_bytes(x->bin, at, 1, &s));
	assert_false(gobin_bytes(x->bin, at, 2, &s));
	assert_false(gobin_bytes(x->bin, at + 1, 0, &s));
	assert_false(gobin_file_offset(x->bin, 0, &gone));
	assert_false(gobin_file_offset(x->bin, UINT64_MAX, &gone));
	assert_int_equal(gone, 42);
}

static void text_holds_the_code(void **state)
{
	struct fixture *x = fixture(state);
	uint64_t vaddr, size, offset, at;
	struct gobin_func f;

	gobin_find_funcs(x->bin, &(const char *){ "main.main" }, 1, &f);
	gobin_text(x->bin, &vaddr, &size, &offset);
	assert_int_equal(vaddr % 4096, 0);
	assert_in_range(f.addr, vaddr, vaddr + size - 1);
	assert_true(gobin_file_offset(x->bin, f.addr, &at));
	assert_int_equal(at - offset, f.addr - vaddr);
}

static void symbols_are_where_nm_says(void **state)
{
	struct fixture *x = fixture(state);
	size_t n, checked = 0;
	struct symbol *syms;
	uint64_t addr = 42;
	struct err e;

	read_symbols(x->path, &syms, &n);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(syms[i].name, "runtime.gcController") ||
		    !strcmp(syms[i].name, "runtime.work") ||
		    !strcmp(syms[i].name, "runtime.firstmoduledata")) {
			assert_int_equal(gobin_global(x->bin, syms[i].name, &addr, &e), 0);
			assert_int_equal(addr, syms[i].addr);
			checked++;
		}
		free(syms[i].name);
	}
	free(syms);
	assert_int_equal(checked, 3);
	addr = 42;
	assert_int_equal(gobin_global(x->bin, "runtime.gcControlle", &addr, &e), -ENOENT);
	assert_int_equal(addr, 42);
}

static void delta_is(const struct gobin *b, uint64_t addr, uint32_t want)
{
	uint32_t delta = 42;

	if (!gobin_sp_delta(b, addr, &delta) || delta != want)
		fail_msg("0x%lx: the caller at rsp+%u, not rsp+%u", addr, delta, want);
}

/* sub rsp, imm8 or imm32; returns its length. */
static size_t frame_sub(const uint8_t *code, uint32_t *size)
{
	if (!memcmp(code, "\x48\x83\xec", 3)) {
		*size = code[3];
		return 4;
	}
	if (!memcmp(code, "\x48\x81\xec", 3)) {
		memcpy(size, code + 3, 4);
		return 7;
	}
	return 0;
}

/* Checks the set-up of the frame when this function has one of the usual two; true when it has. */
static bool check_frame(const struct gobin *b, const struct gobin_func *f)
{
	struct span s;
	uint32_t size;
	size_t len;

	if (!gobin_bytes(b, f->addr, f->end - f->addr, &s))
		return false;
	for (size_t i = 0; i < 32 && i + 16 < s.len; i++) {
		const uint8_t *code = s.data + i;

		/* push rbp; mov rbp, rsp; sub rsp, N (1.21 and later) */
		if (!memcmp(code, "\x55\x48\x89\xe5", 4) && (len = frame_sub(code + 4, &size))) {
			delta_is(b, f->addr, 0);
			delta_is(b, f->addr + i, 0);
			delta_is(b, f->addr + i + 1, 8);
			delta_is(b, f->addr + i + 4, 8);
			delta_is(b, f->addr + i + 4 + len, 8 + size);
			return true;
		}
		/* sub rsp, N; mov [rsp+N-8], rbp (up to 1.20) */
		len = frame_sub(code, &size);
		if (len && !memcmp(code + len, "\x48\x89\x6c\x24", 4) && size < 128) {
			delta_is(b, f->addr + i, 0);
			delta_is(b, f->addr + i + len, size);
			return true;
		}
	}
	return false;
}

static void sp_deltas_are_those_of_the_code(void **state)
{
	struct fixture *x = fixture(state);
	size_t n, checked = 0;
	struct symbol *syms;
	uint32_t delta = 42;

	read_symbols(x->path, &syms, &n);
	for (size_t i = 0; i < n; i++) {
		struct gobin_func f;

		if (in_functab(&syms[i]) && gobin_func_at(x->bin, syms[i].addr, &f))
			checked += check_frame(x->bin, &f);
		free(syms[i].name);
	}
	free(syms);
	assert_true(checked > 500);
	assert_false(gobin_sp_delta(x->bin, 0, &delta));
	assert_false(gobin_sp_delta(x->bin, UINT64_MAX, &delta));
	assert_int_equal(delta, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_where_nm_says),
		cmocka_unit_test(the_absent_are_not_found),
		cmocka_unit_test(bytes_are_those_at_the_offset),
		cmocka_unit_test(text_holds_the_code),
		cmocka_unit_test(symbols_are_where_nm_says),
		cmocka_unit_test(sp_deltas_are_those_of_the_code),
	};

	return cmocka_run_group_tests(tests, build, discard);
}
