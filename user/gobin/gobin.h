/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Go binary on disk: what it is, its functions, lines, types and the layout of its runtime.
 *
 * The file is mapped read-only and searched in place. Everything returned is borrowed from the
 * gobin and lives as long as it does. All addresses are link-time addresses (add target_bias() for
 * those of a process). The file is hostile: every read is bounded, every loop is bounded.
 */
#ifndef MAPPROBE_GOBIN_H
#define MAPPROBE_GOBIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct gobin;

struct go_version {
	uint16_t major, minor, patch;
};

struct gobin_info {
	const char *path;	    /* as given to gobin_open */
	const char *version;	    /* as in the build info: "go1.26.8", "go1.24.4 X:noswissmap" */
	struct go_version go;	    /* development and vendor suffixes are left out */
	const char *module;	    /* path of the main module or package, "" if not recorded */
	const char *module_version; /* "(devel)", "v1.2.3", "" */
	const char *build_id;	    /* GNU build id in hex, else the Go build id, else "" */
	bool stripped;		    /* no ELF symbol table */
	bool pie;
	bool dwarf;
	bool swiss; /* Swiss maps (1.24 on, unless built with noswissmap), else classic */
};

/*
 * Offsets in bytes of the runtime fields that mapprobe reads, by Go version. Source of every row:
 * the version's DWARF; tests/unit and tests/system check them against binaries.
 */
#define GOBIN_G_SCHED 0x38 /* g.sched, whose first words are sp and pc, in all versions */
struct gobin_layout {
	uint32_t g_goid, g_m, m_curg;
	uint32_t g_sched_bp;			   /* g.sched.bp; g.sched is at GOBIN_G_SCHED */
	uint32_t gc_heap_live;			   /* gcControllerState.heapLive */
	uint32_t map_seed, map_dirptr, map_dirlen; /* Swiss maps.Map; used is at 0 */
	uint32_t table_capacity;		   /* Swiss maps.table, uint16 */
	uint32_t hmap_b, hmap_hash0; /* classic hmap, uint8 and uint32; count is at 0 */
};

struct gobin_func {
	uint64_t addr, end; /* [addr, end) */
	const char *name;
};

/* One line of a symbolized address; inlined calls give several, innermost first. */
struct gobin_line {
	const char *func;
	const char *file;
	uint32_t line;
	uint32_t start_line; /* where the function starts, 0: not recorded (before 1.20) */
};

#define GOBIN_MAX_INLINE 64 /* lines of one address */

/*
 * Opens and checks path.
 * Errors: -ENOENT and the like; -ENOEXEC: not an x86-64 ELF, or not Go (what is missing is said);
 * -ENOTSUP: Go, of a version that mapprobe does not read (named); -EBADMSG: damaged (where is
 * said).
 */
int gobin_open(const char *path, struct gobin **ret, struct err *e);
void gobin_close(struct gobin *b);
const struct gobin_info *gobin_info(const struct gobin *b);
/* The layout of this Go version. Never NULL: a version without one is refused at open. */
const struct gobin_layout *gobin_layout(const struct gobin *b);

/*
 * Finds functions by exact pclntab name, all in one pass. names and found are arrays of n; a
 * function that is not in the binary gets found[i].addr == 0. Where wrapper and body share a name
 * (assembly), the first by address is taken.
 */
void gobin_find_funcs(const struct gobin *b, const char *const *names, size_t n,
		      struct gobin_func *found);
/* The function that covers addr; false if none does. */
bool gobin_func_at(const struct gobin *b, uint64_t addr, struct gobin_func *ret);
/*
 * The source lines of addr, innermost inlined call first, at most max (<= GOBIN_MAX_INLINE). For a
 * return address pass addr - 1. Returns how many, 0 when the address is in no Go function.
 */
size_t gobin_lines(const struct gobin *b, uint64_t addr, struct gobin_line *lines, size_t max);

/*
 * How far the function that covers addr has moved the stack pointer when it gets there: its return
 * address is at rsp + *ret (runtime._func.pcsp, read as runtime/traceback.go funcspdelta does).
 * False where that is not known: in no Go function, or behind a switch of stacks.
 */
bool gobin_sp_delta(const struct gobin *b, uint64_t addr, uint32_t *ret);

/* len bytes of the file's image at a link-time address (.text, .rodata); false if not in the file.
 */
bool gobin_bytes(const struct gobin *b, uint64_t addr, uint64_t len, struct span *ret);
/* The file offset of a link-time address, as uprobes want it; false if not in the file. */
bool gobin_file_offset(const struct gobin *b, uint64_t addr, uint64_t *ret);
/*
 * The link-time address of a variable of the runtime ("runtime.gcController"): from the symbol
 * table, or where there is none, from the code (globals.h). -ENOENT: not known in this binary (the
 * reason is said); it is never guessed.
 */
int gobin_global(const struct gobin *b, const char *name, uint64_t *ret, struct err *e);

/*
 * The name of the runtime type (abi.Type) at link-time address addr, as Go prints it:
 * "map[string]*main.Order". -ENOENT when addr is no type of this binary.
 */
int gobin_type_name(const struct gobin *b, uint64_t addr, const char **ret, struct err *e);
/* The first PT_LOAD's p_vaddr and p_offset, page-aligned: what a load bias is computed from. */
void gobin_load_base(const struct gobin *b, uint64_t *vaddr, uint64_t *offset);

/* The segment that holds the code, page-aligned at its start: what pprof calls the mapping. */
void gobin_text(const struct gobin *b, uint64_t *vaddr, uint64_t *size, uint64_t *offset);

/* "go1.26.8 X:foo" -> {1,26,8}; false when s is no Go version. "go1.27rc1" is {1,27,0}. */
bool go_version_parse(const char *s, struct go_version *ret);

#endif
