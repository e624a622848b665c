// SPDX-License-Identifier: Apache-2.0
/*
 * Addresses of the runtime's variables as the code tells them, compared with the symbol table of
 * the same program. GOTOOLCHAIN=go1.23.12 in the environment makes it a test of that version,
 * GOAMD64=v3 and the like of that kind of build.
 */
#include "gobin/globals.h"

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
#include "gobin/layout.h"

static const char source[] = R"go(// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

func main() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	runtime.GC()
	pprof.Lookup("heap").WriteTo(os.Stdout, 1)
}
)go";

enum { EXE, PIE, STRIPPED, NVARIANTS };

static const struct {
	const char *name, *build;
} variants[NVARIANTS] = {
	[EXE] = { "exe", "go build -o exe ." },
	[PIE] = { "pie", "go build -o pie -buildmode=pie ." },
	[STRIPPED] = { "stripped", "strip -o stripped exe" },
};

/* From which version on the code of the fixture tells it; it need not exist in all of them. */
static const struct {
	const char *name;
	uint16_t from;
	uint16_t used; /* bytes of it that rules look at, 0: only at its address */
} variables[] = {
	{ "runtime.gcController", 17, 0 },
	{ "runtime.work", 17, 0 },
	{ "runtime.memstats", 17, 0x1750 },
	{ "runtime.gcphase", 17, 0 },
	{ "runtime.MemProfileRate", 17, 0 },
	{ "runtime.mbuckets", 17, 0 },
	{ "runtime.mProfCycle", 19, 0 },
	{ "runtime.mProf", 17, 0 },
	{ "runtime.runtimeInitTime", 17, 0 },
	{ "runtime.allgs", 17, 24 },
	{ "runtime.allglen", 17, 0 },
	{ "runtime.sched", 17, 16 },
	{ "runtime.allm", 17, 0 },
	{ "runtime.mheap_", 17, 0 },
	{ "runtime.xbuckets", 17, 0 },
	{ "runtime.bbuckets", 17, 0 },
	{ "runtime.writeBarrier", 17, 0 },
	{ "runtime.allp", 17, 16 },
	{ "runtime.gomaxprocs", 17, 0 },
	{ "runtime.waitReasonStrings", 17, 0 },
	{ "runtime.stwReasonStrings", 22, 0 },
	{ "runtime.blockprofilerate", 17, 0 },
	{ "runtime.mutexprofilerate", 17, 0 },
	{ "runtime.m0", 17, 0 },
	{ "runtime.ticks", 22, 0 },
};

#define NVARIABLES (sizeof(variables) / sizeof(variables[0]))

struct fixture {
	char path[NVARIANTS][PATH_MAX]; /* "" when there is no go tool */
	int fd;				/* a copy to damage, in memory */
	char copy[64];
};

static int build(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	char self[PATH_MAX] = "";
	FILE *f;

	assert_non_null(x);
	*state = x;
	x->fd = memfd_create("damaged", MFD_CLOEXEC);
	assert_true(x->fd >= 0);
	snprintf(x->copy, sizeof(x->copy), "/proc/self/fd/%d", x->fd);
	setenv("GOFLAGS", "-mod=mod", 1);
	if (system("go version >/dev/null 2>&1"))
		return 0;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_int_equal(chdir(dirname(self)), 0);
	assert_int_equal(system("mkdir -p ../fixtures/gobin_globals"), 0);
	assert_int_equal(chdir("../fixtures/gobin_globals"), 0);
	assert_int_equal(system("printf 'module example.com/fixture\n\ngo 1.17\n' >go.mod"), 0);
	f = fopen("main.go", "w");
	assert_true(f && fputs(source, f) >= 0 && !fclose(f));
	for (size_t i = 0; i < NVARIANTS; i++) {
		assert_int_equal(system(variants[i].build), 0);
		assert_non_null(realpath(variants[i].name, x->path[i]));
	}
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

/* A binary opened below gobin, so that its symbol table is not looked at. */
struct opened {
	struct gobin *gobin;
	struct image img;
	struct pclntab_format format;
	struct pclntab t;
	struct moduledata md;
	struct go_version go;
	struct globals *globals;
};

static void open_all(const char *path, struct opened *o)
{
	struct err e = { 0 };

	assert_int_equal(gobin_open(path, &o->gobin, &e), 0);
	o->go = gobin_info(o->gobin)->go;
	assert_int_equal(pclntab_format(gobin_layout(o->gobin), o->go.minor, &o->format, &e), 0);
	assert_int_equal(image_open(path, &o->img, &e), 0);
	assert_int_equal(pclntab_find(&o->img, &o->format, &o->t, &e), 0);
	assert_int_equal(moduledata_find(&o->img, gobin_layout(o->gobin), &o->t, &o->md, &e), 0);
	moduledata_attach(&o->md, &o->t);
	o->globals = globals_create(&o->img, &o->t, &o->md, &o->go);
	assert_non_null(o->globals);
}

static void close_all(struct opened *o)
{
	globals_destroy(o->globals);
	image_close(&o->img);
	gobin_close(o->gobin);
}

static void code_tells_what_symbols_say(void **state)
{
	struct fixture *x = fixture(state);

	for (int variant = EXE; variant <= PIE; variant++) {
		struct opened o = { 0 };
		unsigned int found = 0;

		open_all(x->path[variant], &o);
		for (size_t i = 0; i < NVARIABLES; i++) {
			const char *name = variables[i].name;
			uint64_t truth = 0, addr = 1;
			struct err e = { 0 };
			bool exists = image_symbol(&o.img, name, &truth);
			int rc = globals_find(o.globals, name, &addr, &e);

			if (!exists || o.go.minor < variables[i].from) {
				if (rc != -ENOENT || e.code != rc || addr != 1)
					fail_msg("%s: %d 0x%lx", name, rc, addr);
				assert_true(strlen(e.msg) > 0);
				continue;
			}
			if (rc || addr != truth)
				fail_msg("%s: 0x%lx, not 0x%lx %s", name, truth, addr, e.msg);
			/* Asked again, the same. */
			assert_int_equal(globals_find(o.globals, name, &addr, &e), 0);
			assert_int_equal(addr, truth);
			found++;
		}
		assert_true(found >= NVARIABLES - 3);
		close_all(&o);
	}
}

static void stripping_changes_nothing(void **state)
{
	struct fixture *x = fixture(state);
	struct opened whole = { 0 }, stripped = { 0 };
	uint64_t addr = 1;
	struct err e;

	open_all(x->path[EXE], &whole);
	open_all(x->path[STRIPPED], &stripped);
	assert_true(gobin_info(stripped.gobin)->stripped);
	for (size_t i = 0; i < NVARIABLES; i++) {
		const char *name = variables[i].name;
		uint64_t truth;

		if (!image_symbol(&whole.img, name, &truth) || whole.go.minor < variables[i].from) {
			assert_int_equal(gobin_global(stripped.gobin, name, &addr, &e), -ENOENT);
			assert_non_null(strstr(e.msg, name));
			continue;
		}
		if (gobin_global(stripped.gobin, name, &addr, &e))
			fail_msg("%s", e.msg);
		assert_int_equal(addr, truth);
		assert_int_equal(gobin_global(whole.gobin, name, &addr, &e), 0);
		assert_int_equal(addr, truth);
	}
	assert_int_equal(gobin_global(stripped.gobin, "runtime.wor", &addr, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "runtime.wor is not known: "));
	close_all(&whole);
	close_all(&stripped);
}

/* Puts the stripped program into the copy. */
static void make_copy(struct fixture *x)
{
	_cleanup_fclose_ FILE *f = fopen(x->path[STRIPPED], "r");
	static char page[1 << 16];
	off_t off = 0;
	size_t n;

	assert_non_null(f);
	assert_int_equal(ftruncate(x->fd, 0), 0);
	while ((n = fread(page, 1, sizeof(page), f))) {
		assert_int_equal(pwrite(x->fd, page, n, off), n);
		off += (off_t)n;
	}
}

/*
 * Moves the references from a function to [addr, addr + len): a displacement is followed by the end
 * of the instruction, or by an immediate of one or four bytes. Returns how many.
 */
static unsigned int move_refs(struct fixture *x, const struct opened *o,
			      const struct pclntab_func *f, uint64_t addr, uint64_t len, int32_t by)
{
	static const uint64_t tails[] = { 0, 1, 4 };
	unsigned int moved = 0;
	struct span code;
	uint64_t off;

	assert_true(image_bytes(&o->img, f->addr, f->end - f->addr, &code) &&
		    image_offset(&o->img, f->addr, &off));
	for (uint64_t at = 2; at + 4 <= code.len; at++) {
		int32_t disp;

		memcpy(&disp, code.data + at, 4);
		for (size_t i = 0; i < 3; i++) {
			uint64_t to = f->addr + at + 4 + tails[i] + (uint64_t)(int64_t)disp;
			int32_t other = disp + by;

			if (to < addr || to >= addr + len)
				continue;
			assert_int_equal(pwrite(x->fd, &other, 4, (off_t)(off + at)), 4);
			moved++;
			break;
		}
	}
	return moved;
}

static void restore(struct fixture *x, const struct opened *o, const struct pclntab_func *f)
{
	struct span code;
	uint64_t off;

	assert_true(image_bytes(&o->img, f->addr, f->end - f->addr, &code) &&
		    image_offset(&o->img, f->addr, &off));
	assert_int_equal(pwrite(x->fd, code.data, code.len, (off_t)off), code.len);
}

/* Asks the damaged copy; true if it refuses. Another address than the true one is a failure. */
static bool refuses(const struct fixture *x, const char *name, uint64_t truth, const char *func)
{
	uint64_t addr = 0;
	struct err e = { 0 };
	struct gobin *b;
	int rc;

	assert_int_equal(gobin_open(x->copy, &b, &e), 0);
	rc = gobin_global(b, name, &addr, &e);
	gobin_close(b);
	if (rc ? rc != -ENOENT : addr != truth)
		fail_msg("%s with %s damaged: %d 0x%lx, not 0x%lx: %s", name, func, rc, addr, truth,
			 e.msg);
	return rc != 0;
}

/* Whichever function says another place, the answer is the right one or none. */
static void one_function_cannot_mislead(void **state)
{
	struct fixture *x = fixture(state);
	struct opened o = { 0 };

	make_copy(x);
	open_all(x->path[STRIPPED], &o);
	for (size_t i = 0; i < NVARIABLES; i++) {
		unsigned int refused = 0, functions = 0;
		uint64_t truth;
		struct err e;

		if (gobin_global(o.gobin, variables[i].name, &truth, &e))
			continue;
		for (uint64_t k = 0; k < o.t.nfunc; k++) {
			struct pclntab_func f;
			const char *name;

			if (!pclntab_func(&o.t, k, &f) || !pclntab_func_name(&o.t, &f, &name) ||
			    strncmp(name, "runtime", 7) ||
			    !move_refs(x, &o, &f, truth, variables[i].used + 1, 8))
				continue;
			functions++;
			refused += refuses(x, variables[i].name, truth, name);
			restore(x, &o, &f);
		}
		/* At least two functions have a say, and each can make it uncertain. */
		if (functions < 2 || refused < 2)
			fail_msg("%s: %u functions, %u matter", variables[i].name, functions,
				 refused);
	}
	close_all(&o);
}

static void code_that_is_none_has_no_say(void **state)
{
	struct fixture *x = fixture(state);
	struct opened o = { 0 };
	struct gobin_func found;
	uint8_t junk[16];
	uint64_t off, addr = 1;
	struct gobin *b;
	struct err e;

	make_copy(x);
	open_all(x->path[STRIPPED], &o);
	gobin_find_funcs(o.gobin, &(const char *){ "runtime.forEachG" }, 1, &found);
	assert_true(found.end - found.addr >= sizeof(junk) &&
		    image_offset(&o.img, found.addr, &off));
	memset(junk, 0x06, sizeof(junk)); /* push es: not in 64-bit mode */
	assert_int_equal(pwrite(x->fd, junk, sizeof(junk), (off_t)off), sizeof(junk));
	assert_int_equal(gobin_open(x->copy, &b, &e), 0);
	assert_int_equal(gobin_global(b, "runtime.allgs", &addr, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "only runtime.allgadd tells"));
	assert_int_equal(gobin_global(b, "runtime.work", &addr, &e), 0);
	gobin_close(b);
	close_all(&o);
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Any change to any one function: the right answers or none. */
static void random_damage_does_not_mislead(void **state)
{
	static const char *const names[] = {
		"runtime.gcStart",	     "runtime.gcMarkDone", "runtime.gcDrain",
		"runtime.gcMarkTermination", "runtime.stkbucket",  "runtime.newproc1",
		"runtime.allgadd",	     "runtime.procresize", "runtime.schedinit",
	};
	struct fixture *x = fixture(state);
	uint64_t truth[NVARIABLES] = { 0 }, seed = 88172645463325252ull;
	struct opened o = { 0 };
	struct err e;

	make_copy(x);
	open_all(x->path[STRIPPED], &o);
	for (size_t i = 0; i < NVARIABLES; i++)
		gobin_global(o.gobin, variables[i].name, &truth[i], &e);
	for (unsigned int round = 0; round < 300; round++) {
		const char *name = names[round % (sizeof(names) / sizeof(names[0]))];
		struct gobin_func found;
		struct pclntab_func f;
		uint64_t off, at, junk = next_random(&seed), addr;
		struct gobin *b;

		gobin_find_funcs(o.gobin, &name, 1, &found);
		assert_true(pclntab_func_at(&o.t, found.addr, &f) &&
			    image_offset(&o.img, f.addr, &off));
		at = next_random(&seed) % (f.end - f.addr - 8);
		assert_int_equal(pwrite(x->fd, &junk, 1 + junk % 8, (off_t)(off + at)),
				 1 + junk % 8);
		assert_int_equal(gobin_open(x->copy, &b, &e), 0);
		for (size_t i = 0; i < NVARIABLES; i++)
			if (!gobin_global(b, variables[i].name, &addr, &e) && addr != truth[i])
				fail_msg("%s with %s+0x%lx damaged: 0x%lx, not 0x%lx",
					 variables[i].name, name, at, addr, truth[i]);
		gobin_close(b);
		restore(x, &o, &f);
	}
	close_all(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_tells_what_symbols_say),
		cmocka_unit_test(stripping_changes_nothing),
		cmocka_unit_test(one_function_cannot_mislead),
		cmocka_unit_test(code_that_is_none_has_no_say),
		cmocka_unit_test(random_damage_does_not_mislead),
	};

	return cmocka_run_group_tests(tests, build, discard);
}
