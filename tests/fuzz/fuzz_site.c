// SPDX-License-Identifier: Apache-2.0
/*
 * Decoding x86 and choosing sites. Input: a byte of flags, two bytes that say which registers are
 * needed, then the code of one function.
 *
 * What must hold, whatever the code: instructions and blocks cover it without gaps; a site is an
 * instruction that can be probed; one that is said to be emulated is one by the kernel's own rules
 * (arch/x86/kernel/uprobes.c), written down here a second time, from the bytes; and a walk through
 * the function, with branches going as they like, passes the entry site at most once, and once if
 * it returns, and on a return exactly one of the exit sites, with no call behind it.
 */
#include "fuzz.h"
#include "plan/site.h"

#define WALKS	   8
#define MAX_STEPS  300
#define MAX_BLOCKS 12 /* for what takes long */

enum { SHORT_LOOPS = 1 };

static bool is_legacy_prefix(uint8_t b)
{
	return memchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3", b, 11);
}

/* What the kernel emulates on every version that mapprobe runs on. */
static bool kernel_emulates(const uint8_t *p, size_t len)
{
	bool opsize = false, repeat = false, refused = false, rex_b = false, rex = false;
	size_t i = 0;

	for (; i < len && is_legacy_prefix(p[i]); i++) {
		opsize |= p[i] == 0x66;
		repeat |= p[i] == 0xf2 || p[i] == 0xf3;
		refused |= p[i] == 0xf0 || (p[i] & 0xe7) == 0x26;
	}
	if (i < len && (p[i] & 0xf0) == 0x40) {
		rex = true;
		rex_b = p[i++] == 0x41;
	}
	if (i == len || refused)
		return false;
	if (p[i] == 0x90)
		return !rex && !repeat;
	if (p[i] >= 0x50 && p[i] <= 0x57)
		return len == 1 || (len == 2 && rex_b);
	if (opsize)
		return false;
	if (p[i] == 0x0f)
		return i + 1 < len && (p[i + 1] & 0xf0) == 0x80;
	return p[i] == 0xe8 || p[i] == 0xe9 || p[i] == 0xeb || (p[i] & 0xf0) == 0x70;
}

static void check_insn(const struct x86_func *f, const struct x86_insn *in)
{
	char text[48];

	fuzz_check(in->len && in->len <= 15 && in->off + in->len <= f->code.len);
	if (in->step == X86_EMULATED)
		fuzz_check(kernel_emulates(f->code.data + in->off, in->len));
	if (in->target != X86_OUTSIDE) {
		size_t i = 0;

		while (i < f->insns.len && f->insns.data[i].off != in->target)
			i++;
		fuzz_check(i < f->insns.len);
	}
	x86_format(f, in, 0x401000, text, sizeof(text));
	fuzz_check(strnlen(text, sizeof(text)) < sizeof(text));
}

/* Looked for block by block, without a thought. */
static bool reaches(const struct x86_func *f, uint32_t from, uint32_t to)
{
	bool seen[MAX_BLOCKS] = { false };

	for (uint32_t round = 0; round < f->blocks.len; round++)
		for (uint32_t b = 0; b < f->blocks.len; b++) {
			const struct x86_block *bl = &f->blocks.data[b];

			if (b != from && !seen[b])
				continue;
			if (bl->taken != X86_NONE)
				seen[bl->taken] = true;
			if (bl->fall != X86_NONE)
				seen[bl->fall] = true;
		}
	return seen[to];
}

static void check_loops(const struct x86_func *f)
{
	for (uint32_t a = 0; a < f->blocks.len; a++)
		for (uint32_t b = 0; b < f->blocks.len; b++)
			fuzz_check(x86_same_loop(f, a, b) ==
				   (reaches(f, a, b) && reaches(f, b, a)));
}

static void check_code(const struct x86_func *f)
{
	uint32_t insn = 0, off = 0;

	fuzz_check(f->insns.len && f->blocks.len && f->blocks.len <= f->insns.len);
	for (size_t i = 0; i < f->insns.len; i++) {
		fuzz_check(f->insns.data[i].off == off);
		off += f->insns.data[i].len;
	}
	/* Looking for targets takes long: not in long functions. */
	for (size_t i = 0; i < f->insns.len && f->insns.len < 256; i++)
		check_insn(f, &f->insns.data[i]);
	for (size_t i = 0; i < f->blocks.len; i++) {
		const struct x86_block *b = &f->blocks.data[i];

		fuzz_check(b->first == insn && b->last >= b->first);
		fuzz_check(b->taken == X86_NONE || b->taken < f->blocks.len);
		fuzz_check(b->fall == X86_NONE || b->fall == i + 1);
		insn = b->last + 1;
	}
	fuzz_check(insn == f->insns.len);
	if (f->blocks.len <= MAX_BLOCKS)
		check_loops(f);
}

static void check_sites(const struct x86_func *f, const struct sites *s)
{
	fuzz_check(s->n && s->n <= SITE_MAX);
	for (size_t i = 0; i < s->n; i++) {
		const struct site *at = &s->at[i];
		const struct x86_insn *in = &f->insns.data[at->insn];

		fuzz_check(at->insn < f->insns.len && in->step != X86_REFUSED && *at->why);
		if (at->cost == PLAN_EMULATED)
			fuzz_check(kernel_emulates(f->code.data + in->off, in->len));
		if (at->cond != ABI_COND_NONE)
			fuzz_check(in->flow == X86_JCC && at->cond <= 0xf);
		for (size_t j = 0; j < i; j++)
			fuzz_check(s->at[j].insn != at->insn);
	}
}

struct walk {
	const struct x86_func *f;
	const struct sites *entry, *exits; /* NULL: there are none */
	uint64_t random;
	unsigned int entries, leaves;
};

static uint32_t draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (uint32_t)(*x >> 20);
}

/* How many of the sites count when instruction i is passed and its branch, if any, is (not) taken.
 */
static unsigned int passed(const struct sites *s, const struct x86_func *f, uint32_t i, bool taken)
{
	unsigned int n = 0;

	for (size_t k = 0; s && k < s->n; k++)
		if (s->at[k].insn == i)
			n += s->at[k].cond == ABI_COND_NONE ||
			     (s->at[k].cond == f->insns.data[i].cc) == taken;
	return n;
}

/* Walks through a block; returns the next one, or X86_NONE at the end. *returned: by leaving. */
static uint32_t walk_block(struct walk *w, uint32_t b, bool *returned)
{
	const struct x86_block *bl = &w->f->blocks.data[b];
	const struct x86_insn *last = &w->f->insns.data[bl->last];
	bool branches = last->flow == X86_JCC || last->flow == X86_JCC_OTHER;
	bool taken = last->flow == X86_JMP || (branches && draw(&w->random) % 2);

	for (uint32_t i = bl->first; i <= bl->last; i++) {
		w->entries += passed(w->entry, w->f, i, taken);
		w->leaves += passed(w->exits, w->f, i, taken);
		if (w->f->insns.data[i].flow == X86_CALL)
			fuzz_check(!w->leaves);
	}
	*returned = last->flow == X86_RET ||
		    (taken && last->flow != X86_JCC_OTHER && last->target == X86_OUTSIDE);
	if (*returned || last->flow == X86_RET || last->flow == X86_STOP ||
	    last->flow == X86_JMP_INDIRECT)
		return X86_NONE;
	return taken ? bl->taken : bl->fall;
}

static void walk(const struct x86_func *f, const struct sites *entry, const struct sites *exits,
		 uint64_t seed)
{
	struct walk w = { .f = f, .entry = entry, .exits = exits, .random = seed };
	bool returned = false;
	uint32_t b = 0;

	for (unsigned int i = 0; i < MAX_STEPS && b != X86_NONE; i++) {
		b = walk_block(&w, b, &returned);
		fuzz_check(w.entries <= 1 && w.leaves <= 1);
	}
	if (returned && entry)
		fuzz_check(w.entries == 1);
	if (returned && exits)
		fuzz_check(w.leaves == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { data, size };
	uint8_t flags = fuzz_byte(&input), low = fuzz_byte(&input), high = fuzz_byte(&input);
	struct sites entry, exits;
	struct x86_func f;
	struct err e = { 0 };
	int no_entry, no_exits, rc = x86_decode(input, &f, &e);

	if (rc) {
		fuzz_check_err(rc, &e);
		return 0;
	}
	check_code(&f);
	no_entry = site_entry(&f, (uint16_t)(low | high << 8), &entry, &e);
	if (no_entry)
		fuzz_check_err(no_entry, &e);
	else
		check_sites(&f, &entry);
	no_exits = site_exits(&f, flags & SHORT_LOOPS, &exits, &e);
	if (no_exits)
		fuzz_check_err(no_exits, &e);
	else
		check_sites(&f, &exits);
	for (unsigned int i = 1; i <= WALKS; i++)
		walk(&f, no_entry ? NULL : &entry, no_exits ? NULL : &exits,
		     i * 0x9e3779b97f4a7c15);
	x86_func_deinit(&f);
	return 0;
}
