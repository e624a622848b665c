/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to probe: the catalogue of points, a site for each in one binary, and the reasons.
 *
 * A point is one thing worth knowing ("map.assign_fast64"). It is looked for in the binary under
 * its names, and gets one site (entries) or several (exits, one for each way out), each the
 * cheapest instruction that every such passage executes exactly once with the needed registers
 * intact; or it gets a reason why it has none.
 */
#ifndef MAPPROBE_PLAN_H
#define MAPPROBE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bpf/abi.h"
#include "gobin/gobin.h"

enum plan_group {
	PLAN_MAP = 1,
	PLAN_GC = 2,
	PLAN_LOCK = 4,
	PLAN_CRASH = 8,
	PLAN_ALL = 15,
};

/* How often a point may be passed, and so when it is armed. */
enum plan_heat {
	PLAN_COLD, /* rare: always armed */
	PLAN_WARM, /* armed always while the cost fits the budget */
	PLAN_HOT,  /* armed in windows, unless the user asked for exact counts */
};

enum plan_where { PLAN_ENTRY, PLAN_EXIT };

#define PLAN_MAX_NAMES 4

/* One row of the catalogue. */
struct plan_point {
	const char *name; /* "map.assign_fast64" */
	enum plan_group group;
	enum abi_event event;
	enum plan_heat heat;
	enum plan_where where;
	/* Function names in pclntab, the first that the binary has is taken; NULL ends them. */
	const char *func[PLAN_MAX_NAMES];
	/* The point exists for these: 0 both, else only that kind of map. */
	enum { PLAN_ANY_MAP, PLAN_CLASSIC, PLAN_SWISS } maps;
	/* and these versions, Go 1.since up to and without Go 1.before; 0: no bound. */
	uint8_t since, before;
	uint8_t reg[4];	   /* enum abi_reg, see struct abi_site; all NONE where nothing is read */
	uint8_t constant;  /* enum abi_lock for locks */
	bool stack;	   /* take the stack */
	bool on_g0;	   /* the function runs on the system stack */
	bool inside_write; /* between setting and clearing the map's writing flag */
	bool short_loops;  /* exits: its loops make few rounds, a site in one is not a hot one */
	const char *off;   /* not armed for this reason, or NULL */
	bool covered;	   /* off without a loss: another point tells the same */
};

/* The catalogue: *n rows. */
const struct plan_point *plan_catalogue(size_t *n);

enum plan_cost {
	PLAN_EMULATED,	  /* the kernel emulates the instruction: below 1 us */
	PLAN_SINGLE_STEP, /* it runs a copy out of line under the debug flag: 10-20 us */
};

struct plan_site {
	const struct plan_point *point;
	const char *func;   /* name of the function, borrowed from the gobin */
	uint64_t func_addr; /* link-time */
	uint64_t addr;	    /* link-time address of the instruction */
	uint64_t offset;    /* in the file */
	enum plan_cost cost;
	uint8_t cond;	    /* see struct abi_site */
	bool caller_at_rsp; /* no frame of its own at this place: the caller is at [rsp] */
	char insn[48];	    /* disassembled, Intel syntax: "push rbp" */
	char why[96];	    /* "first after the stack check" */
};

struct plan_missing {
	const struct plan_point *point;
	char why[128];
	/* Something of the target stays unseen. Not where the function is not there to be called,
	 * nor where another point tells the same. */
	bool lost;
};

struct plan_opts {
	unsigned int groups; /* enum plan_group, or'ed */
	/* Of these only the points with one of these names, up to a NULL; NULL: all. */
	const char *const *points;
};

struct plan {
	const struct gobin *bin; /* borrowed; outlives the plan */
	struct plan_site *sites;
	size_t nsites; /* <= ABI_MAX_SITES */
	struct plan_missing *missing;
	size_t nmissing;
};

/*
 * Makes the plan for a binary. A point without a site is no error: it is in missing. Points that
 * are off are in missing too, with their reason.
 */
int plan_build(const struct gobin *b, const struct plan_opts *o, struct plan *ret, struct err *e);
void plan_deinit(struct plan *p);

/* The site as the kernel side wants it. windowed: armed in windows only. */
struct abi_site plan_abi_site(const struct plan_site *s, bool windowed);

/* "map" -> PLAN_MAP; 0 when unknown. */
unsigned int plan_group_parse(const char *name, size_t len);
const char *plan_group_name(enum plan_group g);
const char *plan_heat_name(enum plan_heat h);
const char *plan_cost_name(enum plan_cost c);

#endif
