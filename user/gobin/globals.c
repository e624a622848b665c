// SPDX-License-Identifier: Apache-2.0
/*
 * Where a variable of the runtime lies, told by the functions that use it.
 *
 * The pclntab, which stripping leaves, says where runtime.gcStart is; the source says that it calls
 * gcController.startCycle, so rax holds the address of gcController at that call. Each variable has
 * a few such rules, for different functions. A rule gives a set of addresses that satisfy it, often
 * of one, and the variable is the one address that is in all of them. It is known when
 *
 *   - at least two functions had something to say (those that are not in the program, or were
 *     compiled in another way, have nothing to say),
 *   - there is an address that satisfies all of them,
 *   - it is the only one, also when any one of them is left out: no function alone can mislead,
 *   - it is aligned and lies in the data of the module, which leaves out constants and the GOT.
 *
 * The rules are those of default builds of Go 1.17 to 1.27; the unit test compares what they find
 * with the symbol table, for the version it is run with. Offsets in structs, where a rule has one,
 * are those of their first fields, which have been there through all the versions it names.
 */
#include "gobin/globals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gobin/codescan.h"

#define MAX_RULES 5
#define MAX_NAMES 160 /* of functions */

/* Which of the references that fit. */
enum pick { PICK_ALL, PICK_FIRST, PICK_LAST };

/* In function func there is a reference to variable + offset that looks like this. */
struct rule {
	const char *func;
	uint8_t use;	      /* set of enum code_use */
	uint8_t size;	      /* 0: any */
	uint8_t reg;	      /* CODE_ARG: the register, in */
	const char *callee;   /* a call of this function */
	const int64_t *value; /* the constant operand; NULL: any or none */
	const int64_t *guard; /* what a register was compared with before; NULL: any or none */
	uint16_t offset;
	uint8_t words;	  /* so many, 8 bytes apart, are referred to in the same way; 0 is 1 */
	uint8_t pick;	  /* enum pick */
	uint8_t from, to; /* Go 1.from to 1.to, 0: no limit */
};

struct variable {
	const char *name;
	uint8_t align;
	struct rule rules[MAX_RULES];
};

static const int64_t zero = 0, one = 1, two = 2, three = 3;

#define LOAD(f, bytes, ...)                                                                        \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_LOAD, .size = bytes, __VA_ARGS__                 \
	}
#define STORE(f, bytes, ...)                                                                       \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_STORE, .size = bytes, __VA_ARGS__                \
	}
#define ATOMIC(f, bytes, ...)                                                                      \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_ATOMIC, .size = bytes, __VA_ARGS__               \
	}
#define LEA(f, ...)                                                                                \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_LEA, __VA_ARGS__                                 \
	}
#define ARG(f, to, ...)                                                                            \
	{                                                                                          \
		.func = "runtime." f, .use = CODE_ARG, .callee = "runtime." to, __VA_ARGS__        \
	}

#define ACQUIRE	    "(*consistentHeapStats).acquire"
#define FIND_WORKER "(*gcControllerState).findRunnableGCWorker"

static const struct variable variables[] = {
	{ "runtime.gcController",
	  8,
	  { ARG("gcStart", "(*gcControllerState).startCycle"),
	    ARG("gcMarkDone", "(*gcControllerState).endCycle"),
	    ARG("schedule", FIND_WORKER, .to = 18),
	    ARG("findRunnable", FIND_WORKER, .from = 19) } },
	/* work.full is its first field. */
	{ "runtime.work",
	  8,
	  { ARG("putfull", "(*lfstack).push"), LOAD("gcDrain", 8, .value = &zero),
	    LOAD("gcDrainN", 8, .value = &zero), LOAD("prepareFreeWorkbufs", 8, .value = &zero) } },
	/* mstats.heapStats, and up to 1.18 buckhash_sys. */
	{ "runtime.memstats",
	  8,
	  { ARG("(*mcache).refill", ACQUIRE, .offset = 0x1748, .to = 18),
	    ARG("newBucket", "persistentalloc", .reg = CODE_RCX, .offset = 0x80, .to = 18),
	    ARG("(*mcache).refill", ACQUIRE, .from = 19),
	    ARG("(*mcache).allocLarge", ACQUIRE, .from = 19),
	    ARG("(*mheap).allocSpan", ACQUIRE, .from = 19) } },
	{ "runtime.gcphase",
	  4,
	  { LOAD("gcMark", 4, .value = &two), LOAD("gcMarkDone", 4, .value = &one),
	    LOAD("stackpoolfree", 4, .value = &zero) } },
	{ "runtime.MemProfileRate",
	  8,
	  { LOAD("allocmcache", 8), LOAD("profilealloc", 8), STORE("parsedebugvars", 8, .to = 19),
	    STORE("schedinit", 8, .value = &zero, .from = 20) } },
	/* stkbucket: if typ == memProfile (1), else if typ == mutexProfile (3), else. */
	{ "runtime.mbuckets",
	  8,
	  { LOAD("mProf_FlushLocked", 8),
	    LOAD("stkbucket", 8, .guard = &one, .pick = PICK_LAST, .to = 18),
	    LEA("stkbucket", .guard = &one, .pick = PICK_LAST, .from = 19) } },
	{ "runtime.mProfCycle",
	  4,
	  { LOAD("mProf_Flush", 4, .from = 19), LOAD("mProf_Free", 4, .from = 19),
	    ATOMIC("gcSweep", 4, .from = 19) } },
	{ "runtime.mProf",
	  4,
	  { LOAD("mProf_FlushLocked", 4, .to = 18), LOAD("mProf_Free", 4, .to = 18),
	    LOAD("mProf_Malloc", 4, .to = 18) } },
	{ "runtime.runtimeInitTime",
	  8,
	  { STORE("main", 8), LOAD("gcMarkTermination", 8), LOAD("doInit", 8, .to = 20),
	    LOAD("doInit1", 8, .from = 21) } },
	{ "runtime.allgs",
	  8,
	  { STORE("allgadd", 8, .words = 3), LOAD("forEachG", 8, .words = 2) } },
	/* allgadd sets allgptr before allglen, atomicAllG reads it after allglen. */
	{ "runtime.allglen",
	  8,
	  { ATOMIC("allgadd", 8, .pick = PICK_LAST),
	    LOAD("forEachGRace", 8, .pick = PICK_FIRST) } },
	/* schedt starts with goidgen and lastpoll. */
	{ "runtime.sched",
	  8,
	  { ATOMIC("newproc1", 8), ATOMIC("oneNewExtraM", 8), ATOMIC("sysmon", 8, .offset = 8) } },
	{ "runtime.allm", 8, { ATOMIC("mcommoninit", 8), LEA("mexit"), LOAD("schedtrace", 8) } },
	/* mheap.lock is its first field. */
	{ "runtime.mheap_",
	  8,
	  { ARG("(*mcache).allocLarge", "(*mheap).alloc"),
	    ARG("(*mcentral).grow", "(*mheap).alloc"), ARG("gcResetMarkState", "lock2") } },
	{ "runtime.xbuckets",
	  8,
	  { LOAD("stkbucket", 8, .guard = &three, .pick = PICK_LAST, .to = 18),
	    LEA("stkbucket", .guard = &three, .pick = PICK_LAST, .from = 19),
	    LOAD("MutexProfile", 8, .to = 22), LOAD("mutexProfileInternal", 8, .from = 23) } },
	{ "runtime.bbuckets",
	  8,
	  { STORE("stkbucket", 8, .pick = PICK_LAST, .to = 18),
	    ATOMIC("stkbucket", 8, .pick = PICK_LAST, .from = 19),
	    LOAD("BlockProfile", 8, .to = 22), LOAD("blockProfileInternal", 8, .from = 23) } },
	{ "runtime.writeBarrier",
	  4,
	  { LOAD("(*p).init", 4, .value = &zero), LOAD("(*semaRoot).queue", 4, .value = &zero),
	    LOAD("(*semaRoot).dequeue", 4, .value = &zero) } },
	{ "runtime.allp",
	  8,
	  { LOAD("preemptall", 8, .words = 2), LOAD("timeSleepUntil", 8, .words = 2),
	    LOAD("gcMarkTinyAllocs", 8, .words = 2) } },
	{ "runtime.gomaxprocs",
	  4,
	  { LOAD("(*gcControllerState).enlistWorker", 4, .value = &one),
	    LOAD("procresize", 4, .pick = PICK_FIRST), LOAD("gcBgMarkStartWorkers", 4) } },
	{ "runtime.waitReasonStrings",
	  8,
	  { LEA("waitReason.String"), LEA("(*waitReason).String"), LEA("schedtrace.func1") } },
	{ "runtime.stwReasonStrings",
	  8,
	  { LEA("stopTheWorld", .pick = PICK_LAST, .from = 21),
	    LEA("traceLocker.STWStart", .pick = PICK_FIRST, .from = 22) } },
	{ "runtime.blockprofilerate",
	  8,
	  { LOAD("blockevent", 8), LOAD("chanrecv", 8, .value = &zero),
	    LOAD("chansend", 8, .value = &zero) } },
	/* SetMutexProfileFraction is inlined where runtime/pprof asks for the rate. */
	{ "runtime.mutexprofilerate",
	  8,
	  { LOAD("semacquire1", 8, .value = &zero, .pick = PICK_LAST),
	    LOAD("(*lockTimer).begin", 8, .to = 24),
	    LOAD("unlock2", 8, .from = 25),
	    LOAD("(*mLockProfile).storeSlow", 8, .from = 25),
	    { "runtime/pprof.writeProfileInternal", CODE_LOAD, 8, .to = 21 } } },
	{ "runtime.m0", 8, { LEA("mstart1"), LEA("mexit", .pick = PICK_FIRST) } },
	{ "runtime.ticks",
	  8,
	  { ARG("(*ticksType).init", "lock2", .from = 22),
	    ARG("ticksPerSecond", "lock2", .from = 22),
	    ARG("schedinit", "(*ticksType).init", .from = 22) } },
};

#define NVARIABLES (sizeof(variables) / sizeof(variables[0]))

struct globals {
	const struct image *img;
	const struct pclntab *pclntab;
	const struct moduledata *md;
	const struct go_version *go;
	size_t nfuncs; /* 0: not looked for yet */
	const char *names[MAX_NAMES];
	struct gobin_func funcs[MAX_NAMES];
	struct answer {
		bool asked;
		uint64_t addr;
		struct err err; /* code 0: addr is it */
	} answers[NVARIABLES];
};

struct addrs {
	VEC(uint64_t) v;
};

static void addrs_deinit(struct addrs *a)
{
	vec_deinit(&a->v);
}

#define _cleanup_addrs_ __attribute__((cleanup(addrs_deinit)))

static bool has(const struct addrs *a, uint64_t addr)
{
	for (size_t i = 0; i < a->v.len; i++)
		if (a->v.data[i] == addr)
			return true;
	return false;
}

struct globals *globals_create(const struct image *img, const struct pclntab *t,
			       const struct moduledata *md, const struct go_version *go)
{
	struct globals *g = calloc(1, sizeof(*g));

	if (g) {
		g->img = img;
		g->pclntab = t;
		g->md = md;
		g->go = go;
	}
	return g;
}

void globals_destroy(struct globals *g)
{
	free(g);
}

static bool applies(const struct globals *g, const struct rule *r)
{
	return r->func && g->go->minor >= r->from && (!r->to || g->go->minor <= r->to);
}

static const struct gobin_func *func_named(const struct globals *g, const char *name)
{
	for (size_t i = 0; i < g->nfuncs; i++)
		if (!strcmp(g->names[i], name))
			return &g->funcs[i];
	return NULL;
}

static void want(struct globals *g, const char *name)
{
	if (name && g->nfuncs < MAX_NAMES && !func_named(g, name))
		g->names[g->nfuncs++] = name;
}

/* All functions of all rules at once: it is the pass over the pclntab that takes the time. */
static void find_funcs(struct globals *g)
{
	for (size_t i = 0; i < NVARIABLES; i++)
		for (size_t k = 0; k < MAX_RULES; k++) {
			if (!applies(g, &variables[i].rules[k]))
				continue;
			want(g, variables[i].rules[k].func);
			want(g, variables[i].rules[k].callee);
		}
	pclntab_find_funcs(g->pclntab, g->names, g->nfuncs, g->funcs);
}

static bool in_data(const struct globals *g, uint64_t addr)
{
	for (size_t i = 0; i < MODULEDATA_NDATA; i++)
		if (addr >= g->md->data[i].start && addr < g->md->data[i].end)
			return true;
	return false;
}

static bool fits(const struct globals *g, const struct rule *r, const struct code_ref *ref)
{
	if (!(ref->use & r->use) || (r->size && ref->size != r->size))
		return false;
	if (r->value && (!ref->has_value || ref->value != *r->value))
		return false;
	if (r->guard && (!ref->has_guard || ref->guard != *r->guard))
		return false;
	if (r->callee &&
	    (ref->reg != r->reg || !ref->callee || ref->callee != func_named(g, r->callee)->addr))
		return false;
	return in_data(g, ref->addr);
}

/* Whether the words after addr are referred to as well. */
static bool has_words(const struct addrs *all, const struct rule *r, uint64_t addr)
{
	for (uint64_t i = 1; i < r->words; i++)
		if (!has(all, addr + 8 * i))
			return false;
	return true;
}

/* The addresses that the variable may have by one rule, each once. */
static int candidates(const struct globals *g, const struct rule *r, const struct code_refs *refs,
		      uint8_t align, struct addrs *ret, struct err *e)
{
	_cleanup_addrs_ struct addrs all = { 0 };
	int rc = 0;

	for (size_t i = 0; i < refs->refs.len; i++) {
		const struct code_ref *ref = &refs->refs.data[i];

		if (!fits(g, r, ref))
			continue;
		if (r->pick == PICK_LAST)
			all.v.len = 0;
		if (!has(&all, ref->addr) && vec_push(&all.v, ref->addr))
			return err_set(e, -ENOMEM, "code: out of memory");
		if (r->pick == PICK_FIRST)
			break;
	}
	vec_foreach (addr, &all.v) {
		uint64_t base = *addr - r->offset;

		if (!has_words(&all, r, *addr) || base % align || !in_data(g, base))
			continue;
		if (vec_push(&ret->v, base))
			rc = err_set(e, -ENOMEM, "code: out of memory");
	}
	return rc;
}

/* The same, with what the function's code refers to; a function without any has nothing to say. */
static int ask(const struct globals *g, const struct rule *r, uint8_t align, struct addrs *ret,
	       struct err *e)
{
	const struct gobin_func *f = func_named(g, r->func);
	_cleanup_code_refs_ struct code_refs refs = { 0 };
	struct span code;
	int rc;

	if (!f->addr || !image_bytes(g->img, f->addr, f->end - f->addr, &code))
		return 0;
	rc = codescan(code, f->addr, &refs, e);
	if (rc)
		return rc == -ENOMEM ? rc : 0;
	return candidates(g, r, &refs, align, ret, e);
}

/* What the functions say that have something to say. */
struct hearing {
	struct said {
		const char *func;
		struct addrs addrs;
	} said[MAX_RULES];
	size_t n;
};

#define NOBODY MAX_RULES

/* How many addresses all agree on when one is left out; the first two of them are put into ret. */
static size_t agreed(const struct hearing *h, size_t left_out, uint64_t ret[2])
{
	const struct addrs *first = &h->said[left_out == 0].addrs;
	size_t n = 0;

	for (size_t i = 0; i < first->v.len; i++) {
		uint64_t addr = first->v.data[i];
		size_t k = 0;

		while (k < h->n && (k == left_out || has(&h->said[k].addrs, addr)))
			k++;
		if (k < h->n)
			continue;
		if (n < 2)
			ret[n] = addr;
		n++;
	}
	return n;
}

/* Two that have no address in common, or all of them, have been asked for nothing. */
static int disagree(const struct hearing *h, struct err *e)
{
	const struct said *a = h->said, *b = h->said + 1;

	for (size_t i = 1; i < h->n; i++) {
		bool common = false;

		for (size_t k = 0; k < a->addrs.v.len; k++)
			common |= has(&h->said[i].addrs, a->addrs.v.data[k]);
		if (!common) {
			b = &h->said[i];
			break;
		}
	}
	return err_set(e, -ENOENT, "%s says 0x%lx, %s says 0x%lx", a->func, a->addrs.v.data[0],
		       b->func, b->addrs.v.data[0]);
}

static int judge(const struct hearing *h, uint64_t *ret, struct err *e)
{
	uint64_t all[2], some[2];

	if (!h->n)
		return err_set(e, -ENOENT, "no function that would tell is in the program");
	if (h->n == 1)
		return err_set(e, -ENOENT, "only %s tells, and one function is not enough",
			       h->said[0].func);
	if (!agreed(h, NOBODY, all))
		return disagree(h, e);
	for (size_t i = 0; i < h->n; i++)
		if (agreed(h, i, some) > 1)
			return err_set(e, -ENOENT, "it may be 0x%lx or 0x%lx if it were not for %s",
				       some[0], some[1], h->said[i].func);
	*ret = all[0];
	return 0;
}

static int decide(const struct globals *g, const struct variable *var, uint64_t *ret, struct err *e)
{
	struct hearing h = { 0 };
	int rc = 0;

	for (size_t i = 0; i < MAX_RULES && !rc; i++) {
		const struct rule *r = &var->rules[i];
		struct said *said = &h.said[h.n];

		if (!applies(g, r))
			continue;
		said->func = r->func;
		rc = ask(g, r, var->align, &said->addrs, e);
		h.n += said->addrs.v.len != 0;
	}
	if (!rc)
		rc = judge(&h, ret, e);
	for (size_t i = 0; i < h.n; i++)
		addrs_deinit(&h.said[i].addrs);
	return rc;
}

int globals_find(struct globals *g, const char *name, uint64_t *ret, struct err *e)
{
	size_t i = 0;
	struct answer *a;
	int rc;

	while (i < NVARIABLES && strcmp(variables[i].name, name))
		i++;
	if (i == NVARIABLES)
		return err_set(e, -ENOENT, "no way to find it in the code is known");
	if (!g->nfuncs)
		find_funcs(g);
	a = &g->answers[i];
	if (!a->asked) {
		rc = decide(g, &variables[i], &a->addr, &a->err);
		if (rc == -ENOMEM) {
			*e = a->err;
			return rc;
		}
		a->err.code = rc;
		a->asked = true;
	}
	if (a->err.code) {
		*e = a->err;
		return a->err.code;
	}
	*ret = a->addr;
	return 0;
}
