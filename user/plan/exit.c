// SPDX-License-Identifier: Apache-2.0
/*
 * Where to probe the return from a function.
 *
 * The plain place is each ret, but ret is single-stepped. So for each block that ends in ret the
 * instructions are looked at backwards, up to the last call (before it the function has not done
 * its work: a lock's wait is in the callee):
 *
 *   - an emulated nop in the block: that is the site;
 *   - else the ways into the block: each jmp is a site; each jcc is one, on the condition of its
 *     edge; a block that merely runs on into it counts as part of it, and so on backwards;
 *   - else, when a way in cannot be had, or needs too many sites, or is a jcc in a loop that is
 *     passed much more often than the function returns: the ret itself.
 *
 * Whoever passes a site then passes the ret, and nobody gets to the ret without passing one: there
 * is no other way in. That holds without knowing which calls return: an edge that is never taken
 * does no harm. Code that only the runtime enters (deferreturn, after a recovered panic) has no way
 * in as far as branches tell, and starts with a call: its ret is the site. With a jump table
 * (Go 1.19 on) the ways in are not known, and the rets are the sites.
 *
 * A direct branch out of the function (a tail call) is a return too, and a site as it is.
 */
#include "plan/site.h"

#include <errno.h>
#include <stdio.h>

#define EXIT_MAX_EDGES 8  /* sites for one ret; more are not worth it */
#define EXIT_MAX_DEPTH 16 /* blocks that run on into each other */

struct search {
	const struct x86_func *f;
	bool short_loops;
	struct sites found; /* for one ret */
};

static bool add(struct sites *s, uint32_t insn, uint8_t cond, bool caller_at_rsp, const char *why)
{
	struct site *at = &s->at[s->n];

	if (s->n == SITE_MAX)
		return false;
	*at = (struct site){ .insn = insn, .cond = cond, .caller_at_rsp = caller_at_rsp };
	snprintf(at->why, sizeof(at->why), "%s", why);
	s->n++;
	return true;
}

static bool moves_stack(const struct x86_insn *in)
{
	return in->flow != X86_RET && (in->writes & (1u << X86_RSP));
}

/* Adds a site for the edge from the branch at the end of block p to block b. */
static bool add_edge(struct search *s, uint32_t p, uint32_t b, bool caller_at_rsp)
{
	const struct x86_block *bl = &s->f->blocks.data[p];
	const struct x86_insn *last = &s->f->insns.data[bl->last];
	uint8_t cond = bl->taken == b ? last->cc : last->cc ^ 1;

	if (last->step != X86_EMULATED || s->found.n == EXIT_MAX_EDGES)
		return false;
	if (last->flow == X86_JMP)
		return add(&s->found, bl->last, ABI_COND_NONE, caller_at_rsp, "jump to the return");
	if (last->flow != X86_JCC || (!s->short_loops && x86_in_loop(s->f, p)))
		return false;
	if (bl->taken == b && bl->fall == b)
		return add(&s->found, bl->last, ABI_COND_NONE, caller_at_rsp,
			   "branch to the return, both edges");
	return add(&s->found, bl->last, cond, caller_at_rsp,
		   bl->taken == b ? "branch to the return, taken edge"
				  : "branch to the return, fall-through edge");
}

/*
 * Finds sites for all passages of block b, all of which go on to the ret. caller_at_rsp: nothing
 * after the block moves the stack pointer any more. False when there is no such set.
 */
static bool cover(struct search *s, uint32_t b, bool caller_at_rsp, unsigned int depth)
{
	const struct x86_block *bl = &s->f->blocks.data[b];
	bool entered = false;

	for (uint32_t i = bl->last + 1; i-- > bl->first;) {
		const struct x86_insn *in = &s->f->insns.data[i];

		if (in->flow == X86_CALL)
			return false;
		if (in->nop)
			return s->found.n < EXIT_MAX_EDGES &&
			       add(&s->found, i, ABI_COND_NONE, caller_at_rsp,
				   "nop on the way to the return");
		caller_at_rsp &= !moves_stack(in);
	}
	if (b == 0 || s->f->indirect || depth == EXIT_MAX_DEPTH)
		return false;
	for (uint32_t p = 0; p < s->f->blocks.len; p++) {
		const struct x86_block *from = &s->f->blocks.data[p];
		const struct x86_insn *last = &s->f->insns.data[from->last];

		if (from->taken != b && from->fall != b)
			continue;
		entered = true;
		if (last->flow == X86_NEXT || last->flow == X86_CALL) {
			if (!cover(s, p, caller_at_rsp, depth + 1))
				return false;
		} else if (!add_edge(s, p, b, caller_at_rsp)) {
			return false;
		}
	}
	return entered;
}

/* Both edges of one jcc, each on its condition, are the jcc without one. */
static void add_merged(struct sites *ret, const struct site *s)
{
	for (size_t i = 0; i < ret->n; i++) {
		if (ret->at[i].insn == s->insn) {
			ret->at[i].cond = ABI_COND_NONE;
			snprintf(ret->at[i].why, sizeof(ret->at[i].why), "%s",
				 "branch to the returns, both edges");
			return;
		}
	}
	ret->at[ret->n++] = *s;
}

static const char *why_stepped(const struct x86_func *f)
{
	return f->indirect ? "the ret itself: there is a jump table"
			   : "the ret itself: nothing emulated leads only to it";
}

/* Adds the sites of the exit at the end of block b. */
static bool add_exit(const struct x86_func *f, uint32_t b, bool short_loops, struct sites *ret)
{
	const struct x86_block *bl = &f->blocks.data[b];
	const struct x86_insn *last = &f->insns.data[bl->last];
	struct search s = { .f = f, .short_loops = short_loops };

	if (last->flow == X86_RET) {
		if (f->indirect || !cover(&s, b, true, 0)) {
			s.found.n = 0;
			add(&s.found, bl->last, ABI_COND_NONE, true, why_stepped(f));
			s.found.at[0].cost = PLAN_SINGLE_STEP;
		}
	} else {
		add(&s.found, bl->last, last->flow == X86_JCC ? last->cc : ABI_COND_NONE, true,
		    "tail call");
		if (last->step != X86_EMULATED)
			s.found.at[0].cost = PLAN_SINGLE_STEP;
	}
	if (ret->n + s.found.n > SITE_MAX)
		return false;
	for (size_t i = 0; i < s.found.n; i++)
		add_merged(ret, &s.found.at[i]);
	return true;
}

int site_exits(const struct x86_func *f, bool short_loops, struct sites *ret, struct err *e)
{
	struct sites all = { .n = 0 };

	for (uint32_t b = 0; b < f->blocks.len; b++) {
		const struct x86_insn *last = &f->insns.data[f->blocks.data[b].last];
		bool leaves = (last->flow == X86_JMP || last->flow == X86_JCC) &&
			      last->target == X86_OUTSIDE;

		if (!leaves && last->flow != X86_RET)
			continue;
		if (last->step == X86_REFUSED)
			return err_set(e, -ENOTSUP, "the way out at +0x%x cannot be probed",
				       last->off);
		if (!add_exit(f, b, short_loops, &all))
			return err_set(e, -ENOTSUP, "more than %d sites for its ways out",
				       SITE_MAX);
	}
	if (!all.n)
		return err_set(e, -ENOTSUP, "the function never returns");
	*ret = all;
	return 0;
}
