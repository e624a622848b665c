// SPDX-License-Identifier: Apache-2.0
/*
 * The promise of the site selection, on functions made up at random and walked at random: every
 * call that gets anywhere passes the entry site exactly once, with the arguments intact; every call
 * that returns passes exactly one exit site, and calls nothing after it.
 *
 * The walk does not use the decoder: it goes by the list the code was written from. The outcome of
 * a branch is drawn anew each time; a site on a condition counts when that is the outcome.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/site.h"

#define FUNCTIONS  4000
#define WALKS	   30
#define MAX_STEPS  400
#define MAX_ITEMS  64
#define MAX_BLOCKS 9
#define RAX	   1 /* the argument that must be intact */

enum kind { PLAIN, WRITE_RAX, CALL, PANIC, JMP, JCC, RET, TAIL }; /* PANIC: a call, no return */

struct item {
	enum kind kind;
	uint8_t len, code[8];
	unsigned int block; /* where the branch leads */
	uint8_t cc;
	uint32_t off;
};

struct program {
	struct item item[MAX_ITEMS];
	unsigned int n, blocks;
	unsigned int first[MAX_BLOCKS + 1]; /* item of each block; [blocks] is n */
	uint8_t code[MAX_ITEMS * 8];
	uint32_t len;
	bool grows; /* the last block grows the stack */
};

static uint32_t draw(uint32_t below)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (x >> 20) % below;
}

static void put(struct program *p, struct item it)
{
	assert_true(p->n < MAX_ITEMS);
	it.off = p->len;
	p->len += it.len;
	p->item[p->n++] = it;
}

static const struct item bodies[] = {
	{ PLAIN, 1, { 0x90 }, 0, 0, 0 },
	{ PLAIN, 2, { 0x66, 0x90 }, 0, 0, 0 },
	{ PLAIN, 3, { 0x0f, 0x1f, 0x00 }, 0, 0, 0 },
	{ PLAIN, 2, { 0x31, 0xc9 }, 0, 0, 0 },		   /* xor ecx,ecx */
	{ PLAIN, 4, { 0x48, 0x83, 0xec, 0x08 }, 0, 0, 0 }, /* sub rsp,8 */
	{ WRITE_RAX, 2, { 0x31, 0xc0 }, 0, 0, 0 },
	{ CALL, 5, { 0xe8, 0, 0, 0x10, 0 }, 0, 0, 0 },
};

static void make_block(struct program *p)
{
	unsigned int to = draw(p->blocks);

	for (unsigned int n = draw(4); n; n--)
		put(p, bodies[draw(sizeof(bodies) / sizeof(bodies[0]))]);
	switch (draw(10)) {
	case 0:
	case 9:
		put(p, (struct item){ RET, 1, { 0xc3 }, 0, 0, 0 });
		break;
	case 1:
	case 2:
		put(p, (struct item){ JMP, 5, { 0xe9 }, to, 0, 0 });
		break;
	case 3:
		put(p, (struct item){ TAIL, 5, { 0xe9, 0, 0, 0x10, 0 }, 0, 0, 0 });
		break;
	case 4:
	case 5:
	case 6: {
		uint8_t cc = draw(16);

		put(p, (struct item){ JCC, 6, { 0x0f, 0x80 | cc }, to, cc, 0 });
		break;
	}
	case 7:
		put(p, (struct item){ PANIC, 5, { 0xe8, 0, 0, 0x10, 0 }, 0, 0, 0 });
		break;
	default:
		break; /* runs on */
	}
}

/* A stack check in front and the code that grows the stack behind, as Go has it. */
static void make_check(struct program *p)
{
	put(p, (struct item){ PLAIN, 4, { 0x49, 0x3b, 0x66, 0x10 }, 0, 0, 0 });
	put(p, (struct item){ JCC, 6, { 0x0f, 0x86 }, p->blocks - 1, 6, 0 });
	if (draw(2)) {
		put(p, (struct item){ PLAIN, 1, { 0x55 }, 0, 0, 0 });
		put(p, (struct item){ PLAIN, 3, { 0x48, 0x89, 0xe5 }, 0, 0, 0 });
	} else {
		put(p, (struct item){ PLAIN, 4, { 0x48, 0x83, 0xec, 0x28 }, 0, 0, 0 });
	}
}

static void make(struct program *p)
{
	memset(p, 0, sizeof(*p));
	p->blocks = 2 + draw(MAX_BLOCKS - 1);
	p->grows = draw(2);
	for (unsigned int b = 0; b < p->blocks; b++) {
		p->first[b] = p->n;
		if (p->grows && b == 0) {
			make_check(p);
		} else if (p->grows && b == p->blocks - 1) {
			/* What lies before it does not run on into it. */
			p->first[b]++;
			put(p, (struct item){ PANIC, 5, { 0xe8, 0, 0, 0x10, 0 }, 0, 0, 0 });
			put(p, (struct item){ CALL, 5, { 0xe8, 0, 0, 0x10, 0 }, 0, 0, 0 });
			put(p, (struct item){ JMP, 5, { 0xe9 }, 0, 0, 0 });
		} else {
			make_block(p);
		}
	}
	put(p, (struct item){ PLAIN, 2, { 0x0f, 0x0b }, 0, 0, 0 }); /* ud2: where it ends */
	p->first[p->blocks] = p->n - 1;
	for (unsigned int i = 0; i < p->n; i++) {
		struct item *it = &p->item[i];

		if (it->kind == JMP || it->kind == JCC) {
			/* The body of a Go function never goes back to the check, or into growing.
			 */
			if (p->grows && i > p->first[0] + 1 && i < p->first[p->blocks - 1])
				it->block = p->blocks > 2 ? 1 + it->block % (p->blocks - 2) : 2;
			int32_t rel = p->item[p->first[it->block]].off - it->off - it->len;

			memcpy(it->code + it->len - 4, &rel, 4);
		}
		memcpy(p->code + it->off, it->code, it->len);
	}
}

/* How often the set's sites count at this item, with this outcome of its branch. */
static unsigned int count(const struct x86_func *f, const struct sites *s, const struct item *it,
			  bool taken)
{
	unsigned int n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (f->insns.data[s->at[i].insn].off != it->off)
			continue;
		if (s->at[i].cond == ABI_COND_NONE) {
			n++;
			continue;
		}
		assert_int_equal(it->kind, JCC); /* a condition makes sense nowhere else */
		assert_int_equal(s->at[i].cond & ~1, it->cc & ~1);
		n += (s->at[i].cond == it->cc) == taken;
	}
	return n;
}

struct walk {
	unsigned int entry, exit; /* passages that count */
	unsigned int exit_probes; /* of exit sites' branches, counting or not */
	bool returned;
	bool late;  /* the entry site came after an argument was gone, or after a call */
	bool early; /* a call came after the exit site */
};

static struct walk walk(const struct program *p, const struct x86_func *f,
			const struct sites *entry, const struct sites *exit)
{
	struct walk w = { 0 };
	bool gone = false;
	unsigned int i = 0;

	for (unsigned int step = 0; step < MAX_STEPS && i < p->n - 1; step++) {
		const struct item *it = &p->item[i];
		bool taken = it->kind == JCC && draw(2),
		     grow = p->grows && i >= p->first[p->blocks - 1];
		unsigned int in = count(f, entry, it, taken), out = count(f, exit, it, taken);

		w.entry += in;
		w.exit += out;
		for (size_t s = 0; s < exit->n; s++)
			w.exit_probes += f->insns.data[exit->at[s].insn].off == it->off;
		w.late |= in && gone;
		w.early |= (it->kind == CALL || it->kind == PANIC) && w.exit;
		gone = (gone || it->kind == WRITE_RAX || it->kind == CALL) && !grow;
		w.returned = it->kind == RET || it->kind == TAIL;
		if (w.returned || it->kind == PANIC)
			break;
		i = it->kind == JMP || taken ? p->first[it->block] : i + 1;
	}
	return w;
}

static void every_walk_passes_the_sites_once(void **state)
{
	static struct program p;
	unsigned int entries = 0, emulated = 0, stepped = 0, returns = 0, conditions = 0;

	(void)state;
	for (unsigned int n = 0; n < FUNCTIONS; n++) {
		bool short_loops = draw(2), have_entry, have_exit;
		struct sites entry = { .n = 0 }, exit = { .n = 0 };
		struct x86_func f;
		struct err e = { 0 };

		make(&p);
		if (x86_decode((struct span){ p.code, p.len }, &f, &e))
			fail_msg("function %u: %s", n, e.msg);
		have_entry = !site_entry(&f, RAX, &entry, &e);
		have_exit = !site_exits(&f, short_loops, &exit, &e);
		entries += have_entry;
		for (size_t i = 0; i < exit.n; i++) {
			emulated += exit.at[i].cost == PLAN_EMULATED;
			stepped += exit.at[i].cost == PLAN_SINGLE_STEP;
			conditions += exit.at[i].cond != ABI_COND_NONE;
		}
		for (unsigned int k = 0; k < WALKS; k++) {
			struct walk w = walk(&p, &f, &entry, &exit);

			assert_true(w.entry <= 1 && w.exit <= 1);
			assert_false(w.late);
			assert_false(w.early);
			if (!w.returned)
				continue;
			returns++;
			assert_true(have_exit);
			assert_int_equal(w.exit, 1);
			if (have_entry)
				assert_int_equal(w.entry, 1);
			if (!short_loops)
				assert_true(w.exit_probes <= exit.n + 1);
		}
		x86_func_deinit(&f);
	}
	/* The test saw what it is about. */
	assert_true(entries > FUNCTIONS / 2);
	assert_true(emulated > 1000 && stepped > 1000 && conditions > 300);
	assert_true(returns > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_walk_passes_the_sites_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
