// SPDX-License-Identifier: Apache-2.0
/*
 * What a binary says about itself: a Go program, built here by the go tool in three ways, prints
 * what its own runtime knows of it, and gobin has to say the same. GOTOOLCHAIN=go1.23.12 in the
 * environment makes it a test of that version.
 */
#include "gobin/gobin.h"

#include <errno.h>
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

#define GNU_BUILD_ID "0123456789abcdef0123456789abcdef01234567"

static const char source[] = R"go(// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"unsafe"
)

type order struct{ id int }
type key struct{ a, b int32 }

// Expands an address of inlined code to one address for each call.
//go:linkname expand runtime/pprof.runtime_expandFinalInlineFrame
func expand(stk []uintptr) []uintptr

var stack = make([]uintptr, 16)

func inner() int {
	return runtime.Callers(1, stack)
}

func middle() int {
	return inner()
}

//go:noinline
func outer() int {
	return middle() + 0
}

func put(fields ...string) {
	line := ""
	for i, f := range fields {
		if i > 0 {
			line += "\t"
		}
		line += f
	}
	out = append(out, line+"\n"...)
}

var out []byte

func hex(v uintptr) string { return strconv.FormatUint(uint64(v), 16) }

func frames(stk []uintptr) {
	for it := runtime.CallersFrames(stk); ; {
		f, more := it.Next()
		if f.Function != "" {
			put("frame", f.Function, f.File, strconv.Itoa(f.Line))
		}
		if !more {
			return
		}
	}
}

func typ(v interface{}) {
	put("type", hex(*(*uintptr)(unsafe.Pointer(&v))), reflect.TypeOf(v).String())
}

func main() {
	base := reflect.ValueOf(main).Pointer()
	put("main", hex(base), runtime.Version())
	exe, _ := os.Readlink("/proc/self/exe")
	maps, _ := os.ReadFile("/proc/self/maps")
	for _, line := range strings.Split(string(maps), "\n") {
		if f := strings.Fields(line); strings.HasSuffix(line, exe) && f[2] == "00000000" {
			put("map", strings.Split(f[0], "-")[0])
			break
		}
	}
	typ(map[string]*order{})
	typ(map[int64]map[key][]string{})
	typ(map[interface{}]struct{ x chan<- func(int) error }{})
	typ(&order{})
	typ(order{})
	typ(3)
	outer()
	put("inlined", strconv.Itoa(int(stack[0])-1-int(base)))
	for off := -800000; off < 4000; off += 47 {
		put("addr", strconv.Itoa(off))
		frames(expand([]uintptr{base + uintptr(off) + 1}))
	}
	os.Stdout.Write(out)
}
)go";

static const struct variant {
	const char *name, *flags;
	bool pie, stripped;
} variants[] = {
	{ "exe", "", false, false },
	{ "pie", "-buildmode=pie", true, false },
	{ "stripped", "'-ldflags=-s -w -B 0x" GNU_BUILD_ID "'", false, true },
};

#define NVARIANTS (sizeof(variants) / sizeof(variants[0]))

struct fixture {
	char dir[PATH_MAX];
	char path[NVARIANTS][PATH_MAX + 16];
	struct gobin *bin[NVARIANTS];
	uint64_t main[NVARIANTS]; /* address of main.main */
};

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX + 16];
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

/*
 * The fixture and what it prints are in ../fixtures/gobin, seen from this program; the go tool
 * caches what it can.
 */
static int build(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	char self[PATH_MAX] = "";

	assert_non_null(x);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(x->dir, sizeof(x->dir), "%.4000s/../fixtures/gobin", dirname(self));
	*state = x;
	/* Whatever "go env -w" has set, which an older go may not know. */
	setenv("GOFLAGS", "-mod=mod", 1);
	if (system("go version >/dev/null 2>&1"))
		return 0;
	for (size_t i = 0; i < NVARIANTS; i++) {
		char cmd[2 * PATH_MAX];

		snprintf(cmd, sizeof(cmd), "mkdir -p %.4000s", x->dir);
		assert_int_equal(system(cmd), 0);
		write_file(x->dir, "go.mod", "module example.com/fixture\n\ngo 1.17\n");
		write_file(x->dir, "main.go", source);
		snprintf(x->path[i], sizeof(x->path[i]), "%s/%s", x->dir, variants[i].name);
		snprintf(cmd, sizeof(cmd), "cd %.4000s && go build %s -o %s . && ./%s >%s.out",
			 x->dir, variants[i].flags, variants[i].name, variants[i].name,
			 variants[i].name);
		assert_int_equal(system(cmd), 0);
	}
	return 0;
}

static int discard(void **state)
{
	struct fixture *x = *state;

	for (size_t i = 0; i < NVARIANTS; i++)
		gobin_close(x->bin[i]);
	free(x);
	return 0;
}

/* The opened binary; skips the test where there is no go tool. */
static struct gobin *bin(void **state, size_t i)
{
	struct fixture *x = *state;
	struct gobin_func f;
	struct err e = { 0 };

	if (!x->path[i][0])
		skip();
	if (x->bin[i])
		return x->bin[i];
	if (gobin_open(x->path[i], &x->bin[i], &e))
		fail_msg("%s", e.msg);
	gobin_find_funcs(x->bin[i], &(const char *){ "main.main" }, 1, &f);
	assert_true(f.addr != 0);
	x->main[i] = f.addr;
	return x->bin[i];
}

/* What the program printed. */
static FILE *output(const struct fixture *x, size_t i)
{
	char path[PATH_MAX + 32];
	FILE *f;

	snprintf(path, sizeof(path), "%s.out", x->path[i]);
	f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

/* The program's next line of a kind, split at tabs; false at the end. */
static bool next_line(FILE *f, const char *kind, char *line, size_t size, char *field[5])
{
	while (fgets(line, (int)size, f)) {
		char *rest = line;

		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < 5; i++)
			field[i] = strsep(&rest, "\t");
		if (!kind || !strcmp(field[0], kind))
			return true;
	}
	return false;
}

/* The Go linker's default changed: no GNU build id up to 1.23, one made of 20 bytes since. */
static bool build_id_ok(const struct gobin_info *info)
{
	if (info->stripped)
		return !strcmp(info->build_id, GNU_BUILD_ID);
	if (info->go.minor >= 24)
		return strspn(info->build_id, "0123456789abcdef") == 40;
	return strchr(info->build_id, '/') != NULL;
}

static void info_is_what_was_built(void **state)
{
	struct fixture *x = *state;

	for (size_t i = 0; i < NVARIANTS; i++) {
		const struct gobin_info *info = gobin_info(bin(state, i));
		char line[4096], *field[5];
		struct gobin_func grow;
		_cleanup_fclose_ FILE *f = output(x, i);

		assert_true(next_line(f, "main", line, sizeof(line), field));
		assert_string_equal(info->version, field[2]);
		assert_string_equal(info->path, x->path[i]);
		assert_string_equal(info->module, "example.com/fixture");
		assert_int_equal(info->pie, variants[i].pie);
		assert_int_equal(info->stripped, variants[i].stripped);
		assert_int_equal(info->dwarf, !variants[i].stripped);
		gobin_find_funcs(bin(state, i), &(const char *){ "runtime.hashGrow" }, 1, &grow);
		assert_int_equal(info->swiss, grow.addr == 0);
		assert_true(build_id_ok(info));
	}
}

/* The runtime prints "[...]" for the type arguments in a name. */
static void shorten(const char *name, char *ret, size_t size)
{
	const char *a = strchr(name, '['), *z = strrchr(name, ']');

	if (a && z && a < z)
		snprintf(ret, size, "%.*s[...]%s", (int)(a - name), name, z + 1);
	else
		snprintf(ret, size, "%s", name);
}

/* Functions that the compiler made; the runtime leaves most of them out of its stacks. */
static bool is_wrapper(const struct gobin_line *l)
{
	static const char *const names[] = { "reflect.callMethod", "reflect.callReflect",
					     "runtime.runOpenDeferFrame" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(l->func, names[i]))
			return true;
	return !strcmp(l->file, "<autogenerated>") || strstr(l->func, ".deferwrap");
}

static bool same_line(const struct gobin_line *l, char *const field[5])
{
	char have[8192], want[8192];

	shorten(l->func, have, sizeof(have));
	shorten(field[1], want, sizeof(want));
	return !strcmp(have, want) && !strcmp(l->file, field[2]) &&
	       l->line == strtoul(field[3], NULL, 10);
}

/* The runtime has no name for the function whose name comes first in the table, at offset 0. */
static bool runtime_knows(const struct gobin_line *l, const char *first)
{
	return !is_wrapper(l) && strcmp(l->func, first);
}

struct tally {
	size_t addrs, inlined, frames;
};

/* Compares the lines of the addresses that the program went through, 47 bytes apart. */
static void compare_lines(const struct gobin *b, uint64_t main, FILE *f, struct tally *ret)
{
	struct gobin_line lines[GOBIN_MAX_INLINE];
	char line[8192], *field[5];
	const char *first = NULL;
	struct gobin_func next;
	size_t n = 0, at = 0;
	uint64_t addr = 0;
	bool more;

	do {
		more = next_line(f, NULL, line, sizeof(line), field);
		if (!more || !strcmp(field[0], "addr")) {
			/* The rest of the previous address. */
			for (; at < n; at++)
				if (runtime_knows(&lines[at], first))
					fail_msg("0x%lx: %s, which the runtime does not have", addr,
						 lines[at].func);
			if (!more)
				break;
			addr = main + (uint64_t)strtol(field[1], NULL, 10);
			at = 0;
			n = gobin_lines(b, addr, lines, GOBIN_MAX_INLINE);
			if (n && !first)
				first = lines[n - 1].func;
			ret->addrs++;
			ret->inlined += n > 1;
			/*
			 * The runtime takes the address after it, and there is another function,
			 * or none at all.
			 */
			if (!gobin_func_at(b, addr + 1, &next) || next.addr == addr + 1)
				n = 0;
		} else if (n && !strcmp(field[0], "frame")) {
			while (at < n && !same_line(&lines[at], field) &&
			       !runtime_knows(&lines[at], first))
				at++;
			if (at == n || !same_line(&lines[at], field))
				fail_msg("0x%lx: have %s %s:%u, the runtime %s %s:%s", addr,
					 at < n ? lines[at].func : "nothing",
					 at < n ? lines[at].file : "", at < n ? lines[at].line : 0,
					 field[1], field[2], field[3]);
			at++;
			ret->frames++;
		}
	} while (more);
}

static void lines_are_those_of_the_runtime(void **state)
{
	struct fixture *x = *state;

	for (size_t i = 0; i < NVARIANTS; i++) {
		struct gobin *b = bin(state, i);
		struct tally tally = { 0 };
		_cleanup_fclose_ FILE *f = output(x, i);

		compare_lines(b, x->main[i], f, &tally);
		assert_true(tally.addrs > 10000);
		assert_true(tally.frames > 10000);
		assert_true(tally.inlined > 1000);
	}
}

/* The line of the source that starts with text. */
static uint32_t source_line(const char *text)
{
	uint32_t line = 1;

	for (const char *s = source; s && *s; s = strchr(s, '\n') + 1, line++)
		if (!strncmp(s, text, strlen(text)))
			return line;
	fail_msg("no line \"%s\" in the fixture", text);
	return 0;
}

static void inlined_calls_come_innermost_first(void **state)
{
	static const struct {
		const char *name, *decl;
		uint32_t call; /* lines from the declaration to the call */
	} want[] = { { "main.inner", "func inner()", 1 },
		     { "main.middle", "func middle()", 1 },
		     { "main.outer", "func outer()", 1 } };
	struct fixture *x = *state;

	for (size_t i = 0; i < NVARIANTS; i++) {
		struct gobin *b = bin(state, i);
		char line[4096], *field[5];
		struct gobin_line l[3];
		_cleanup_fclose_ FILE *f = output(x, i);

		assert_true(next_line(f, "inlined", line, sizeof(line), field));
		assert_int_equal(
			gobin_lines(b, x->main[i] + (uint64_t)strtol(field[1], NULL, 10), l, 3), 3);
		for (size_t k = 0; k < 3; k++) {
			uint32_t decl = source_line(want[k].decl);

			assert_string_equal(l[k].func, want[k].name);
			assert_string_equal(strrchr(l[k].file, '/'), "/main.go");
			assert_int_equal(l[k].line, decl + want[k].call);
			assert_int_equal(l[k].start_line, gobin_info(b)->go.minor < 20 ? 0 : decl);
		}
		/* No more than asked for. */
		memset(l, 0, sizeof(l));
		assert_int_equal(
			gobin_lines(b, x->main[i] + (uint64_t)strtol(field[1], NULL, 10), l, 2), 2);
		assert_null(l[2].func);
	}
}

static void types_have_the_names_that_go_prints(void **state)
{
	struct fixture *x = *state;

	for (size_t i = 0; i < NVARIANTS; i++) {
		struct gobin *b = bin(state, i);
		char line[4096], *field[5];
		uint64_t bias;
		struct err e = { 0 };
		const char *name, *again, *old = "untouched";
		size_t n = 0;
		_cleanup_fclose_ FILE *f = output(x, i);

		assert_true(next_line(f, "main", line, sizeof(line), field));
		bias = strtoull(field[1], NULL, 16) - x->main[i];
		assert_int_equal(bias % 4096, 0);
		for (; next_line(f, "type", line, sizeof(line), field); n++) {
			uint64_t addr = strtoull(field[1], NULL, 16) - bias;

			assert_int_equal(gobin_type_name(b, addr, &name, &e), 0);
			assert_string_equal(name, field[2]);
			assert_int_equal(gobin_type_name(b, addr, &again, &e), 0);
			assert_ptr_equal(name, again);
			assert_int_equal(gobin_type_name(b, addr + 1, &old, &e), -ENOENT);
		}
		assert_int_equal(n, 6);
		assert_int_equal(gobin_type_name(b, x->main[i], &old, &e), -ENOENT);
		assert_int_equal(gobin_type_name(b, 0, &old, &e), -ENOENT);
		assert_int_equal(gobin_type_name(b, UINT64_MAX, &old, &e), -ENOENT);
		assert_string_equal(old, "untouched");
	}
}

static void load_base_gives_the_bias(void **state)
{
	struct fixture *x = *state;

	for (size_t i = 0; i < NVARIANTS; i++) {
		struct gobin *b = bin(state, i);
		_cleanup_fclose_ FILE *f = output(x, i);
		char line[4096], *field[5];
		uint64_t vaddr, offset, bias;

		assert_true(next_line(f, "main", line, sizeof(line), field));
		gobin_load_base(b, &vaddr, &offset);
		assert_int_equal(offset, 0);
		bias = strtoull(field[1], NULL, 16) - x->main[i];
		assert_true(next_line(f, "map", line, sizeof(line), field));
		assert_int_equal(strtoull(field[1], NULL, 16) - vaddr, bias);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(info_is_what_was_built),
		cmocka_unit_test(lines_are_those_of_the_runtime),
		cmocka_unit_test(inlined_calls_come_innermost_first),
		cmocka_unit_test(types_have_the_names_that_go_prints),
		cmocka_unit_test(load_base_gives_the_bias),
	};

	return cmocka_run_group_tests(tests, build, discard);
}
