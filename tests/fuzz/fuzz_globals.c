// SPDX-License-Identifier: Apache-2.0
/*
 * The addresses of the runtime's variables, told by code. Input: a byte for the Go version, then
 * the code: once as it is, for the decoder; once as what to write into each function that there is
 * a rule for, two bytes for an instruction: which, and to which of few addresses it refers. So
 * functions soon agree, and disagree.
 */
#include "fuzz.h"
#include "fuzz_format.h"
#include "gobin/codescan.h"
#include "gobin/globalrules.h"
#include "gobin/globals.h"

#define TEXT	 0x401000
#define DATA	 0x500000
#define DATA_LEN 0x2000
#define FUNCS	 (GLOBALS * GLOBAL_RULES * 2)
#define CODE	 64 /* bytes of one function */
#define INSNS	 5
#define REC	 64 /* bytes of one _func */
#define CALL	 0xe8

/* What precedes the four bytes of an address relative to rip, and what follows. */
static const struct {
	uint8_t before, after, code[8];
} insns[] = {
	{ 3, 0, { 0x48, 0x8d, 0x05 } },			     /* lea rax,[] */
	{ 3, 0, { 0x48, 0x8d, 0x0d } },			     /* lea rcx,[] */
	{ 3, 0, { 0x48, 0x8b, 0x0d } },			     /* mov rcx,[] */
	{ 2, 0, { 0x8b, 0x15 } },			     /* mov edx,[] */
	{ 3, 0, { 0x48, 0x89, 0x05 } },			     /* mov [],rax */
	{ 2, 1, { 0x83, 0x3d, 1 } },			     /* cmp dword [],1 */
	{ 2, 1, { 0x83, 0x3d, 2 } },			     /* cmp dword [],2 */
	{ 3, 1, { 0x48, 0x83, 0x3d, 0 } },		     /* cmp qword [],0 */
	{ 5, 0, { 0xf0, 0x48, 0x0f, 0xc1, 0x05 } },	     /* lock xadd [],rax */
	{ 3, 0, { 0x48, 0x87, 0x05 } },			     /* xchg [],rax */
	{ 1, 0, { CALL } },				     /* call */
	{ 5, 0, { 0x48, 0x83, 0xf8, 0x01, CALL } },	     /* cmp rax,1; call */
	{ 5, 0, { 0x31, 0xc9, 0x48, 0x39, 0x0d } },	     /* xor ecx,ecx; cmp [],rcx */
	{ 7, 0, { 0x48, 0x83, 0xf8, 3, 0x48, 0x8d, 0x15 } }, /* cmp rax,3; lea rdx,[] */
};

struct program {
	const char *name[FUNCS];
	size_t nfuncs;
	uint8_t names[FUNCS * 64];
	uint32_t name_off[FUNCS], names_len;
	uint8_t code[FUNCS * CODE];
	uint8_t funcs[(2 * FUNCS + 1) * 8 + FUNCS * REC];
};

static void add_name(struct program *p, const char *name)
{
	for (size_t i = 0; i < p->nfuncs; i++)
		if (!strcmp(p->name[i], name))
			return;
	fuzz_check(p->names_len + strlen(name) < sizeof(p->names));
	p->name_off[p->nfuncs] = p->names_len;
	p->name[p->nfuncs++] = name;
	strcpy((char *)p->names + p->names_len, name);
	p->names_len += (uint32_t)strlen(name) + 1;
}

static void add_names(struct program *p)
{
	for (size_t i = 0; i < GLOBALS; i++)
		for (size_t k = 0; k < GLOBAL_RULES; k++) {
			const struct global_rule *r = &global_variables[i].rules[k];

			if (r->func)
				add_name(p, r->func);
			if (r->callee)
				add_name(p, r->callee);
		}
}

/* Writes the instructions of a function, the rest is nops. */
static void write_code(struct program *p, size_t func, struct span *input)
{
	uint8_t *at = p->code + func * CODE;

	memset(at, 0x90, CODE);
	for (unsigned int i = 0; i < INSNS && input->len; i++) {
		size_t kind = fuzz_byte(input) % (sizeof(insns) / sizeof(insns[0]));
		uint8_t before = insns[kind].before, after = insns[kind].after;
		uint64_t to = fuzz_byte(input);
		int32_t rel;

		to = insns[kind].code[before - 1] == CALL ? TEXT + to % p->nfuncs * CODE
							  : DATA + to * 8;
		rel = (int32_t)(to - TEXT - (uint64_t)(at - p->code) - before - sizeof(rel) -
				after);
		memcpy(at, insns[kind].code, before);
		memcpy(at + before, &rel, sizeof(rel));
		memcpy(at + before + sizeof(rel), insns[kind].code + before, after);
		at += before + sizeof(rel) + after;
	}
}

static struct pclntab make_pclntab(struct program *p, const struct pclntab_format *format)
{
	uint64_t word = format->wide ? 8 : 4, base = format->wide ? TEXT : 0;
	uint64_t recs = (2 * FUNCS + 1) * 8;

	memset(p->funcs, 0, sizeof(p->funcs));
	for (uint64_t i = 0; i <= p->nfuncs; i++) {
		uint64_t entry = base + i * CODE, off = recs + i * REC;

		memcpy(p->funcs + 2 * i * word, &entry, word);
		if (i == p->nfuncs)
			break;
		memcpy(p->funcs + (2 * i + 1) * word, &off, word);
		memcpy(p->funcs + off + format->func.name, &p->name_off[i], 4);
	}
	return (struct pclntab){
		.format = format,
		.nfunc = p->nfuncs,
		.names = { p->names, p->names_len },
		.funcs = { p->funcs, sizeof(p->funcs) },
		.text = TEXT - base,
	};
}

static void check_refs(struct span code)
{
	_cleanup_code_refs_ struct code_refs refs = { 0 };
	struct err e = { 0 };
	int rc = codescan(code, TEXT, &refs, &e);

	if (rc)
		fuzz_check_err(rc, &e);
	fuzz_check(refs.refs.len <= CODESCAN_MAX_REFS);
	for (size_t i = 0; i < refs.refs.len; i++) {
		const struct code_ref *r = &refs.refs.data[i];

		fuzz_check(r->addr && r->use && !(r->use & (r->use - 1)) && r->reg < 16);
		fuzz_check(r->use == CODE_ARG || !r->callee);
	}
}

static void check_found(struct globals *g, const struct global_variable *var)
{
	struct err e = { 0 }, again = { 0 };
	uint64_t addr = 0, same = 0;
	int rc = globals_find(g, var->name, &addr, &e);

	fuzz_check(globals_find(g, var->name, &same, &again) == rc && addr == same);
	if (rc)
		fuzz_check_err(rc, &e);
	else
		fuzz_check(addr >= DATA && addr < DATA + DATA_LEN && addr % var->align == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program p;
	struct span input = { data, size };
	struct fuzz_format f = fuzz_format(fuzz_byte(&input));
	const struct moduledata md = { .data = { { DATA, DATA + DATA_LEN } } };
	struct pclntab t;
	struct globals *g;
	struct image img;

	check_refs(input);
	if (!p.nfuncs)
		add_names(&p);
	t = make_pclntab(&p, &f.pclntab);
	for (size_t i = 0; i < p.nfuncs; i++)
		write_code(&p, i, &input);
	fuzz_image(TEXT, (struct span){ p.code, p.nfuncs * CODE }, &img);
	g = globals_create(&img, &t, &md, &f.go);
	fuzz_check(g);
	for (size_t i = 0; i < GLOBALS; i++)
		check_found(g, &global_variables[i]);
	globals_destroy(g);
	fuzz_image_close(&img);
	return 0;
}
