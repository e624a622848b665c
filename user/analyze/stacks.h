/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks of the stream and their symbols, and the stacks and locations of a result. */
#ifndef MAPPROBE_ANALYZE_STACKS_H
#define MAPPROBE_ANALYZE_STACKS_H

#include "analyze/arena.h"
#include "analyze/result.h"
#include "analyze/strings.h"
#include "base/u64map.h"
#include "base/vec.h"
#include "record/event.h"

#define STACKS_NONE UINT32_MAX

/* A stack as the kernel side sent it. */
struct raw_stack {
	bool described; /* ABI_STACK has come, not only hits that name it */
	uint16_t flags; /* enum abi_stack_flags */
	uint32_t n;
	const uint64_t *pc;
	uint64_t hits;	      /* that named it */
	uint64_t undescribed; /* hits that named it before it was described */
};

struct symbol {
	uint32_t nlines;
	uint32_t map_code; /* how many of the innermost lines are the runtime's map code */
	struct result_line *lines;
};

struct stacks {
	struct arena mem;
	struct u64map by_id; /* id -> index */
	VEC(struct raw_stack) raw;
	struct u64map by_pc; /* pc -> index */
	VEC(struct symbol) symbols;
	uint64_t latest_id; /* the one looked up last, and its index */
	uint32_t latest;
};

void stacks_deinit(struct stacks *s);
/* EVENT_SYMBOL; the first for an address counts. 0 or -ENOMEM. */
int stacks_symbol(struct stacks *s, struct strings *strings, const struct event_symbol *v);
/* ABI_STACK; the first with an id counts. 0 or -ENOMEM. */
int stacks_stack(struct stacks *s, const struct abi_stack *v);
/* The index of the stack a hit names, STACKS_NONE for id 0. 0 or -ENOMEM. */
int stacks_ref(struct stacks *s, uint64_t id, uint32_t *ret);
/* How many of its calls are in func (interned); -1 when the stack is not known, or not yet. */
int stacks_passes(const struct stacks *s, uint32_t raw, const char *func);
/* The function of the direct caller, NULL when it is not known. */
const char *stacks_caller(const struct stacks *s, uint32_t raw);
/* Hits that named stacks which never came. */
uint64_t stacks_undescribed(const struct stacks *s);
/* How the stacks of the others end. */
void stacks_unwinding(const struct stacks *s, struct result_unwinding *ret);

/* The stacks of one result: those asked for, in the order in which they are asked for. */
struct stack_table {
	const struct stacks *from;
	struct arena *mem;
	VEC(struct result_loc) locs;
	VEC(struct result_stack) stacks;
	VEC(uint32_t) next;	      /* by stack: the next of the same hash, index + 1 */
	struct u64map whole, partial; /* pc -> index in locs, with all lines, without map code */
	struct u64map by_hash;	      /* hash of a stack -> index of the first with it */
	uint32_t *made[2];	      /* by raw stack: index + 1, as it is and trimmed */
};

int stack_table_init(struct stack_table *t, const struct stacks *from, struct arena *mem);
void stack_table_deinit(struct stack_table *t);
/*
 * The result's index of a raw stack; RESULT_NO_STACK for none and for one that never came. trim:
 * without the leading map code. Equal stacks get equal indices. 0 or -ENOMEM.
 */
int stack_table_get(struct stack_table *t, uint32_t raw, bool trim, uint32_t *ret);

#endif
