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
 */
#include "gobin/globals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gobin/codescan.h"
#include "gobin/globalrules.h"

#define MAX_ADDRS 128 /* of one rule; a function with more has nothing to say */
#define MAX_NAMES (GLOBALS * GLOBAL_RULES * 2)

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
		struct err err; /* why not; code 0: addr is it */
	} answers[GLOBALS];
};

struct addrs {
	uint64_t addr[MAX_ADDRS];
	size_t n;
};

static bool has(const struct addrs *a, uint64_t addr)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->addr[i] == addr)
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

static bool applies(const struct globals *g, const struct global_rule *r)
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
	if (name && !func_named(g, name))
		g->names[g->nfuncs++] = name;
}

/* All functions of all rules at once: it is the pass over the pclntab that takes the time. */
static void find_funcs(struct globals *g)
{
	for (size_t i = 0; i < GLOBALS; i++)
		for (size_t k = 0; k < GLOBAL_RULES; k++) {
			if (!applies(g, &global_variables[i].rules[k]))
				continue;
			want(g, global_variables[i].rules[k].func);
			want(g, global_variables[i].rules[k].callee);
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

static bool fits(const struct globals *g, const struct global_rule *r, const struct code_ref *ref)
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
static bool has_words(const struct addrs *all, const struct global_rule *r, uint64_t addr)
{
	for (uint64_t i = 1; i < r->words; i++)
		if (!has(all, addr + 8 * i))
			return false;
	return true;
}

/* The addresses that references have which fit a rule, each once; none if they are too many. */
static void pick(const struct globals *g, const struct global_rule *r, const struct code_refs *refs,
		 struct addrs *ret)
{
	for (size_t i = 0; i < refs->refs.len; i++) {
		const struct code_ref *ref = &refs->refs.data[i];

		if (!fits(g, r, ref))
			continue;
		if (r->pick == PICK_LAST)
			ret->n = 0;
		if (has(ret, ref->addr))
			continue;
		if (ret->n == MAX_ADDRS) {
			ret->n = 0;
			return;
		}
		ret->addr[ret->n++] = ref->addr;
		if (r->pick == PICK_FIRST)
			return;
	}
}

/*
 * The addresses that the variable may have by one rule. Code that cannot be decoded gives none.
 * Errors: -ENOMEM.
 */
static int ask(const struct globals *g, const struct global_rule *r, const struct gobin_func *f,
	       uint8_t align, struct addrs *ret, struct err *e)
{
	_cleanup_code_refs_ struct code_refs refs = { 0 };
	struct addrs all;
	struct span code;
	int rc;

	ret->n = all.n = 0;
	if (!image_bytes(g->img, f->addr, f->end - f->addr, &code))
		return 0;
	rc = codescan(code, f->addr, &refs, e);
	if (rc)
		return rc == -ENOMEM ? rc : 0;
	pick(g, r, &refs, &all);
	for (size_t i = 0; i < all.n; i++) {
		uint64_t base = all.addr[i] - r->offset;

		if (has_words(&all, r, all.addr[i]) && base % align == 0 && in_data(g, base))
			ret->addr[ret->n++] = base;
	}
	return 0;
}

/* What those functions say that have something to say. */
struct hearing {
	struct said {
		const char *func;
		struct addrs addrs;
	} said[GLOBAL_RULES];
	size_t n;
	const char *silent; /* a function that is there, but has nothing to say */
	bool rules;	    /* there are some for this version of Go */
};

#define NOBODY GLOBAL_RULES

/* How many addresses all agree on when one is left out; the first two of them are put into ret. */
static size_t agreed(const struct hearing *h, size_t left_out, uint64_t ret[2])
{
	const struct addrs *first = &h->said[left_out == 0].addrs;
	size_t n = 0;

	for (size_t i = 0; i < first->n; i++) {
		size_t k = 0;

		while (k < h->n && (k == left_out || has(&h->said[k].addrs, first->addr[i])))
			k++;
		if (k < h->n)
			continue;
		if (n < 2)
			ret[n] = first->addr[i];
		n++;
	}
	return n;
}

/* Whether two have an address in common. */
static bool compatible(const struct addrs *a, const struct addrs *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (has(b, a->addr[i]))
			return true;
	return false;
}

/* Says who contradicts the first function; if only all together do, the last does. */
static int disagree(const struct hearing *h, struct err *e)
{
	const struct said *a = h->said;
	size_t i = 1;

	while (i < h->n - 1 && compatible(&a->addrs, &h->said[i].addrs))
		i++;
	return err_set(e, -ENOENT, "%s says 0x%lx, %s says 0x%lx", a->func, a->addrs.addr[0],
		       h->said[i].func, h->said[i].addrs.addr[0]);
}

static int judge(const struct hearing *h, uint64_t *ret, struct err *e)
{
	uint64_t all[2], some[2];

	if (!h->rules)
		return err_set(e, -ENOENT, "no way to find it in code of this Go is known");
	if (!h->n && !h->silent)
		return err_set(e, -ENOENT, "no function that would tell is in the program");
	if (!h->n)
		return err_set(e, -ENOENT, "%s does not tell, nor does another function",
			       h->silent);
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

static int decide(const struct globals *g, const struct global_variable *var, uint64_t *ret,
		  struct err *e)
{
	struct hearing h = { 0 };

	for (size_t i = 0; i < GLOBAL_RULES; i++) {
		const struct global_rule *r = &var->rules[i];
		struct said *said = &h.said[h.n];
		const struct gobin_func *f;
		int rc;

		if (!applies(g, r))
			continue;
		h.rules = true;
		f = func_named(g, r->func);
		if (!f->addr)
			continue;
		rc = ask(g, r, f, var->align, &said->addrs, e);
		if (rc)
			return rc;
		said->func = r->func;
		if (said->addrs.n)
			h.n++;
		else
			h.silent = r->func;
	}
	return judge(&h, ret, e);
}

int globals_find(struct globals *g, const char *name, uint64_t *ret, struct err *e)
{
	struct answer *a;
	size_t i = 0;

	while (i < GLOBALS && strcmp(global_variables[i].name, name))
		i++;
	if (i == GLOBALS)
		return err_set(e, -ENOENT, "no way to find it in code is known");
	if (!g->nfuncs)
		find_funcs(g);
	a = &g->answers[i];
	if (!a->asked) {
		if (decide(g, &global_variables[i], &a->addr, &a->err) == -ENOMEM)
			return err_set(e, -ENOMEM, "%s: out of memory", name);
		a->asked = true;
	}
	if (a->err.code) {
		*e = a->err;
		return a->err.code;
	}
	*ret = a->addr;
	return 0;
}
