// SPDX-License-Identifier: Apache-2.0
/*
 * Where to probe the entry of a Go function.
 *
 * What the Go linker puts at the front of a function (cmd/internal/obj/x86/obj6.go, stacksplit):
 *
 *   Go 1.21 and later                          Go 1.17 to 1.20
 *     cmp  rsp, [r14+0x10]                       cmp  rsp, [r14+0x10]
 *     jbe  grow                                  jbe  grow
 *     push rbp            <- the site            (the site is the jbe, when it falls through)
 *     mov  rbp, rsp                              sub  rsp, N
 *     sub  rsp, N                                mov  [rsp+N-8], rbp
 *     ...                                        lea  rbp, [rsp+N-8]
 *   grow:                                        ...
 *     (spill arguments)
 *     call runtime.morestack_noctxt
 *     (reload arguments)
 *     jmp  start
 *
 * Large frames compare lea r12,[rsp-N] instead of rsp, very large ones check twice (`jb grow` for
 * the wrap-around first); nosplit functions have no check. A call that has to grow the stack, or is
 * asked to yield, passes everything up to and including the jbe twice: none of that may be the
 * site, except for the jbe itself, on the edge that falls through, which the flags tell.
 *
 * So the line that every call follows is walked from the first instruction, through stack checks,
 * up to the first real branch, call, store or write to a needed register; the best of the
 * instructions on it is the site. Between the push (or sub) and the set-up of rbp the caller is
 * neither at [rsp] nor on the frame-pointer chain, so there is none there.
 */
#include "plan/site.h"

#include <errno.h>
#include <stdio.h>

#define LINE_MAX_INSNS 64 /* how far to look */

enum frame { FRAME_NONE, FRAME_PARTIAL, FRAME_COMPLETE };

enum rank { RANK_NONE, RANK_STEPPED, RANK_FRAMED, RANK_CHECK, RANK_BEST };

struct line {
	const struct x86_func *f;
	enum frame frame;
	bool checked;	/* a stack check was passed */
	enum rank rank; /* of best */
	struct site best;
};

static void consider(struct line *l, enum rank rank, uint32_t insn, uint8_t cond, const char *why)
{
	if (rank <= l->rank)
		return;
	l->rank = rank;
	l->best = (struct site){
		.insn = insn,
		.cost = rank == RANK_STEPPED ? PLAN_SINGLE_STEP : PLAN_EMULATED,
		.cond = cond,
		.caller_at_rsp = l->frame == FRAME_NONE,
	};
	snprintf(l->best.why, sizeof(l->best.why), "%s", why);
}

/* An instruction that every call passes, once. */
static void consider_insn(struct line *l, uint32_t i, bool first_after)
{
	const struct x86_insn *in = &l->f->insns.data[i];

	if (l->frame == FRAME_PARTIAL || in->step == X86_REFUSED)
		return;
	if (in->step == X86_SINGLE_STEP) {
		consider(
			l, RANK_STEPPED, i, ABI_COND_NONE,
			l->checked
				? "single-stepped: nothing emulated after the stack check"
				: "single-stepped: nothing emulated before the arguments are gone");
		return;
	}
	if (l->frame == FRAME_COMPLETE) {
		/* A jump table could lead back here, though not to before the frame. */
		if (!l->f->indirect)
			consider(l, RANK_FRAMED, i, ABI_COND_NONE,
				 "first emulated instruction, in the frame");
		return;
	}
	if (l->checked)
		consider(l, RANK_BEST, i, ABI_COND_NONE,
			 first_after ? "first after the stack check" : "after the stack check");
	else
		consider(l, RANK_BEST, i, ABI_COND_NONE,
			 i == 0 ? "first instruction: no stack check"
				: "first emulated instruction: no stack check");
}

/*
 * When block b ends in a stack check, notes it as a candidate and returns the block that those
 * calls go on to whose stack is large enough; else X86_NONE.
 */
static uint32_t pass_check(struct line *l, uint32_t b)
{
	const struct x86_block *bl = &l->f->blocks.data[b];
	const struct x86_insn *last = &l->f->insns.data[bl->last];

	if (last->flow != X86_JCC || l->f->grow == X86_NONE || bl->taken != l->f->grow ||
	    bl->fall == X86_NONE)
		return X86_NONE;
	l->checked = true;
	if (last->step == X86_EMULATED && !x86_same_loop(l->f, bl->fall, b))
		consider(l, RANK_CHECK, bl->last, last->cc ^ 1,
			 "fall-through edge only: no frame push in this version");
	return bl->fall;
}

static void note_frame(struct line *l, const struct x86_insn *in)
{
	if (in->writes & (1u << X86_RSP))
		l->frame = l->frame == FRAME_COMPLETE ? FRAME_COMPLETE : FRAME_PARTIAL;
	if (in->writes & (1u << X86_RBP))
		l->frame = l->frame == FRAME_PARTIAL ? FRAME_COMPLETE : l->frame;
}

/* Walks one block; returns the block that every call goes on to, or X86_NONE at the line's end. */
static uint32_t walk_block(struct line *l, uint32_t b, uint16_t regs, unsigned int *left)
{
	const struct x86_block *bl = &l->f->blocks.data[b];
	const struct x86_insn *last = &l->f->insns.data[bl->last];
	bool once = !x86_in_loop(l->f, b);
	bool at_check = l->checked;
	uint32_t on;

	for (uint32_t i = bl->first; i <= bl->last; i++) {
		const struct x86_insn *in = &l->f->insns.data[i];

		if (!(*left)--)
			return X86_NONE;
		if (i == bl->last && (on = pass_check(l, b)) != X86_NONE)
			return on;
		if (once)
			consider_insn(l, i, at_check && i == bl->first);
		if (in->writes & regs || in->stores || in->flow == X86_CALL)
			return X86_NONE;
		note_frame(l, in);
	}
	if (last->flow == X86_JMP)
		return bl->taken;
	return last->flow == X86_NEXT ? bl->fall : X86_NONE;
}

int site_entry(const struct x86_func *f, uint16_t regs, struct sites *ret, struct err *e)
{
	struct line l = { .f = f };
	unsigned int left = LINE_MAX_INSNS;

	for (uint32_t b = 0; b != X86_NONE;)
		b = walk_block(&l, b, regs, &left);
	if (l.rank == RANK_NONE)
		return err_set(e, -ENOTSUP,
			       "no instruction that every call passes exactly once with the "
			       "arguments intact");
	ret->at[0] = l.best;
	ret->n = 1;
	return 0;
}
