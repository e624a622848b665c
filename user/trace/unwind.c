// SPDX-License-Identifier: Apache-2.0
/*
 * Stacks, from what is found to what is true.
 *
 * The kernel walks frame pointers (bpf_get_stack), bpf/unwind.bpf.h adds what a change of stacks
 * hides. What frame pointers lead to was measured on Go 1.17, 1.20, 1.21, 1.23, 1.26 and 1.27 at
 * the points of the catalogue that take a stack, with frame pointers and without in C:
 *
 * - On a goroutine's stack they lead to its root, goexit. One function can hide its caller: one
 *   without a frame that a signal caught (a nil dereference). sigpanic then looks like its callee,
 *   and rbp is still its caller's.
 * - systemstack (stopTheWorldWithSema): on to the goroutine's stack. Up to 1.20 systemstack has no
 *   frame (its SP delta is 0), and the function that called it is missing.
 * - mcall, morestack (an assist in the scheduler, which allocates): the scheduler works for no
 *   goroutine, so that is the root. mcall (1.25 on) and morestack (1.21 on) clear rbp; earlier
 *   ones lead back to the stack of the goroutine that has parked and may be running elsewhere:
 *   Go 1.20 gave an address of the heap. A throw in newstack does belong to a goroutine.
 * - C that calls Go: cgocallbackg (in 1.23 its ABI wrapper too), cgocallback, crosscall2, C, and
 *   asmcgocall when all of C keeps frame pointers. Else they go astray at the first function that
 *   does not: they end there, leave out functions, or lead to data.
 * - C's own threads end in the C library, which distributions build without frame pointers.
 * - Other assembly that Go is called from (reflectcall, asyncPreempt, panicBounds) has frames.
 *
 * So an address counts only where it can: in a Go function, or in C behind a call. In C the walk
 * goes on only from code that keeps a frame pointer by its .eh_frame. Where it has to stop, a gap
 * is put (enum abi_gap), and the goroutine's outer part behind it where that is known.
 */
#include "trace/unwind.h"

#include <errno.h>
#include <string.h>

#define CALL_BYTES    8
#define PUSH_RBP      0x55
#define MAX_CGO_BYTES 4096 /* the functions of the runtime that are looked at */

enum kind {
	GO = 1,
	GO_FRAMELESS, /* no frame of its own there: the next address is not its caller's */
	GO_ROOT,
	GO_MORESTACK,
	GO_TO_C, /* where Go called C */
	GO_CROSSCALL,
	GO_SIGNAL, /* seems to be called by what the signal interrupted */
	C_FRAME,
	C_FRAMELESS,
	NOTHING, /* no return address */
};

static const struct {
	const char *func;
	enum kind kind;
} special[] = {
	{ "runtime.goexit", GO_ROOT },
	{ "runtime.mstart", GO_ROOT },
	{ "runtime.mcall", GO_ROOT },
	{ "runtime.rt0_go", GO_ROOT },
	{ "runtime.morestack", GO_MORESTACK },
	{ "runtime.asmcgocall", GO_TO_C },
	{ "runtime.asmcgocall_landingpad", GO_TO_C },
	{ "crosscall2", GO_CROSSCALL },
	{ "runtime.sigpanic", GO_SIGNAL },
	{ "runtime.asyncPreempt", GO_SIGNAL },
};

/* The SP delta in the body of a function that moves rsp only at its ends. */
static uint32_t frame_of(const struct gobin *b, const struct gobin_func *f)
{
	uint32_t most = 0, delta;

	for (uint64_t addr = f->addr; addr < f->end; addr++)
		if (gobin_sp_delta(b, addr, &delta) && delta > most)
			most = delta;
	return most;
}

/* Finds what only a program with cgo has; crosscall2 comes from runtime/cgo. */
static void find_cgo(const struct target *t, struct abi_unwind *ret)
{
	static const char *const names[] = { "crosscall2", "runtime.cgocallback",
					     "runtime.cgocall" };
	const struct gobin *b = target_gobin(t);
	struct gobin_func f[3];
	struct span first;

	gobin_find_funcs(b, names, 3, f);
	for (int i = 0; i < 3; i++)
		if (!f[i].addr || f[i].end - f[i].addr > MAX_CGO_BYTES)
			return;
	if (!gobin_bytes(b, f[0].addr, 1, &first))
		return;
	ret->crosscall2_twice = first.data[0] == PUSH_RBP;
	ret->cgocallback = f[1].addr + target_bias(t);
	ret->cgocallback_size = f[1].end - f[1].addr;
	ret->cgocallback_frame = frame_of(b, &f[1]);
	ret->cgocall = f[2].addr + target_bias(t);
	ret->cgocall_size = f[2].end - f[2].addr;
	ret->cgocall_frame = frame_of(b, &f[2]);
}

void unwinder_init(struct unwinder *u, const struct target *t)
{
	const struct gobin_layout *layout = gobin_layout(target_gobin(t));

	*u = (struct unwinder){ .target = t };
	u->config.g_sched = layout->g_sched_sp;
	u->config.g_sched_bp = layout->g_sched_bp;
	find_cgo(t, &u->config);
}

void unwinder_deinit(struct unwinder *u)
{
	modules_destroy(u->modules);
	u64map_deinit(&u->kinds);
}

bool unwinder_module_code(struct unwinder *u, uint64_t pc, struct module_code *ret)
{
	struct err e;

	if (!u->modules &&
	    modules_create(target_pid(u->target), target_exe(u->target), &u->modules, &e))
		return false;
	return modules_find(u->modules, pc, ret);
}

static enum kind go_kind(const struct gobin *b, uint64_t addr, const struct gobin_func *f)
{
	uint32_t delta;
	struct span s;

	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
		if (!strcmp(f->name, special[i].func))
			return special[i].kind;
	if (addr < f->addr + CALL_BYTES || !gobin_bytes(b, addr - CALL_BYTES, CALL_BYTES, &s) ||
	    !module_follows_call(s.data, s.len))
		return NOTHING;
	return gobin_sp_delta(b, addr - 1, &delta) && !delta ? GO_FRAMELESS : GO;
}

static enum kind c_kind(struct unwinder *u, uint64_t pc)
{
	struct module_code code;

	if (!unwinder_module_code(u, pc, &code) || !code.follows_call)
		return NOTHING;
	return code.frame_pointer ? C_FRAME : C_FRAMELESS;
}

static int kind_of(struct unwinder *u, uint64_t pc, enum kind *ret, struct err *e)
{
	const struct gobin *b = target_gobin(u->target);
	uint64_t addr = pc - target_bias(u->target);
	const uint64_t *known = u64map_get(&u->kinds, pc);
	struct gobin_func f;

	if (known) {
		*ret = (enum kind) * known;
		return 0;
	}
	*ret = gobin_func_at(b, addr - 1, &f) ? go_kind(b, addr, &f) : c_kind(u, pc);
	/* Of what is no address there may be any number. */
	if (*ret != NOTHING && u64map_put(&u->kinds, pc, *ret))
		return err_set(e, -ENOMEM, "stacks: out of memory");
	return 0;
}

struct walk {
	struct unwinder *u;
	const struct abi_stack *raw;
	struct abi_stack *out;
	enum kind last;	       /* of the last address put out, 0: none */
	uint32_t outer;	       /* index of the outer part in raw, n: there is none */
	bool outer_of_cgocall; /* else the outer part is that of a switch to the system stack */
};

static void put(struct walk *w, uint64_t pc)
{
	if (w->out->n < ABI_MAX_DEPTH)
		w->out->pc[w->out->n++] = pc;
	else
		w->out->flags |= ABI_STACK_DEEPER;
}

/* Puts out what a signal interrupted, which may be any instruction; false when it is none. */
static bool put_interrupted(struct walk *w, uint64_t pc)
{
	const struct gobin *b = target_gobin(w->u->target);
	uint64_t addr = pc - target_bias(w->u->target);
	struct gobin_func f;
	uint32_t delta;

	if (!gobin_func_at(b, addr, &f))
		return false;
	put(w, pc + 1); /* the line is that of the byte before, as for calls */
	if (gobin_sp_delta(b, addr, &delta) && !delta)
		put(w, ABI_GAP_FRAMELESS);
	w->last = GO;
	return true;
}

/* Whether the walk of the inner part is over with an address of this kind. */
static bool leaves(const struct walk *w, enum kind kind)
{
	bool outer = w->outer < w->raw->n;

	switch (kind) {
	case GO_ROOT:
	case GO_MORESTACK:
	case C_FRAMELESS:
		return true;
	case GO_TO_C:
		return outer && w->outer_of_cgocall;
	case GO_FRAMELESS:
		return outer && !w->outer_of_cgocall;
	default:
		return false;
	}
}

/* Puts out the addresses from i up to end, as far as they are right. */
static int run(struct walk *w, uint32_t i, uint32_t end, struct err *e)
{
	for (; i < end; i++) {
		uint64_t pc = w->raw->pc[i];
		enum kind kind;
		int rc;

		if (w->last == GO_SIGNAL) {
			if (!put_interrupted(w, pc))
				return 0;
			continue;
		}
		rc = kind_of(w->u, pc, &kind, e);
		if (rc)
			return rc;
		if (kind == NOTHING)
			return 0;
		put(w, pc);
		w->last = kind;
		if (leaves(w, kind))
			return 0;
		if (kind == GO_FRAMELESS)
			put(w, ABI_GAP_FRAMELESS);
	}
	return 0;
}

/* Goes on with the outer part, after the inner one. */
static int run_outer(struct walk *w, struct err *e)
{
	uint32_t from = w->outer, n = w->raw->n;
	enum kind kind;
	int rc;

	if (w->outer_of_cgocall) {
		if (w->last != GO_TO_C)
			put(w, ABI_GAP_C);
	} else if (w->last == GO_MORESTACK) {
		/* Stopped at its entry, where it has no frame yet: pc, then its caller. */
		rc = kind_of(w->u, w->raw->pc[from], &kind, e);
		if (rc || kind == NOTHING)
			return rc;
		put(w, w->raw->pc[from++]);
	} else if (w->last == GO_FRAMELESS) {
		from++; /* systemstack_switch, which stands for systemstack */
	} else {
		return 0;
	}
	w->last = 0;
	w->outer = n;
	return run(w, from, n, e);
}

static bool in_c(enum kind last)
{
	return last == C_FRAME || last == C_FRAMELESS || last == GO_CROSSCALL;
}

int unwinder_finish(struct unwinder *u, const struct abi_stack *raw, struct abi_stack *ret,
		    struct err *e)
{
	struct walk w = { .u = u, .raw = raw, .out = ret };
	uint32_t inner = raw->outer < raw->n ? raw->n - raw->outer : raw->n;
	int rc;

	*ret = (struct abi_stack){ .type = ABI_STACK, .id = raw->id };
	w.outer = inner;
	w.outer_of_cgocall =
		inner < raw->n && raw->pc[inner] - u->config.cgocall < u->config.cgocall_size;
	rc = run(&w, 0, inner, e);
	if (!rc && w.last != GO_ROOT && inner < raw->n)
		rc = run_outer(&w, e);
	if (rc)
		return rc;
	if (w.last == GO_ROOT || w.last == GO_MORESTACK)
		ret->flags |= ABI_STACK_ROOT;
	else if (raw->flags & ABI_STACK_DEEPER || raw->n == ABI_MAX_DEPTH)
		ret->flags |= ABI_STACK_DEEPER;
	else
		put(&w, in_c(w.last) ? ABI_GAP_C : ABI_GAP_UNKNOWN);
	if (ret->flags & ABI_STACK_DEEPER)
		ret->flags &= (uint16_t)~ABI_STACK_ROOT;
	ret->size = (uint32_t)(offsetof(struct abi_stack, pc) + ret->n * sizeof(*ret->pc));
	return 0;
}
