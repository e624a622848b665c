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
#include "gobin/fields.h"

struct gobin;

/* What a version names. */
enum go_version_kind {
	GO_RELEASED,
	GO_PRERELEASE, /* a development tree, a snapshot, a beta, a release candidate */
	GO_VENDOR,     /* a release with a suffix: somebody else's tree */
};

struct go_version {
	uint16_t major, minor, patch;
	enum go_version_kind kind;
};

/* Where a layout comes from. */
enum gobin_layout_source {
	GOBIN_LAYOUT_TABLE,  /* the table, which was checked with this very release */
	GOBIN_LAYOUT_DWARF,  /* the binary's own DWARF: its release is not in the table */
	GOBIN_LAYOUT_PATCH,  /* the table; this patch release is newer than those checked */
	GOBIN_LAYOUT_VENDOR, /* the table's row of the release that a vendor's version names */
};

struct gobin_info {
	const char *path; /* as given to gobin_open */
	/* runtime.buildVersion: "go1.26.8", "go1.24.4 X:noswissmap" */
	const char *version;
	struct go_version go;
	const char *module;	    /* path of the main module or package, "" if not recorded */
	const char *module_version; /* "(devel)", "v1.2.3", "" */
	const char *build_id;	    /* GNU build id in hex, else the Go build id, else "" */
	bool stripped;		    /* no ELF symbol table */
	bool pie;
	bool dwarf;
	bool swiss; /* Swiss maps (1.24 on, unless built with noswissmap), else classic */
	enum gobin_layout_source layout_source;
};

/*
 * Where the fields in fields.h are: offsets in bytes from the start of the type that is named
 * there, or sizes (members ending in _size). GOBIN_ABSENT: this Go has no such field, or it is not
 * known; a reader has to leave out what it is for.
 */
struct gobin_layout {
#define GOBIN_MEMBER(member, type, field) uint32_t member;
	GOBIN_FIELDS(GOBIN_MEMBER)
#undef GOBIN_MEMBER
};

#define GOBIN_ABSENT UINT32_MAX

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
/* The layout of this binary's runtime. Never NULL: a binary without one is refused at open. */
const struct gobin_layout *gobin_layout(const struct gobin *b);
/* Whether the binary is of no release that mapprobe was checked with, and what that rests on. */
bool gobin_layout_doubt(const struct gobin *b, struct err *why);

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

/*
 * "go1.26.8 X:foo" -> {1, 26, 8, GO_RELEASED}, "go1.27rc1" -> {1, 27, 0, GO_PRERELEASE}; false when
 * s is no Go version.
 */
bool go_version_parse(const char *s, struct go_version *ret);

#endif
