/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as the reports show them: one frame per function, inlined ones too, innermost first. */
#ifndef MAPPROBE_REPORT_FRAMES_H
#define MAPPROBE_REPORT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/result.h"
#include "base/buf.h"

struct frame {
	uint64_t pc;		 /* return address in the process */
	const char *func, *file; /* NULL: not in Go code */
	uint32_t line;
	bool inlined; /* into the frame that follows */
};

/* Walks the frames of a stack; runtime.goexit, the root of every goroutine, is left out. */
struct frame_iter {
	const struct result *r;
	const struct result_stack *stack; /* NULL: none */
	size_t loc, line;
	bool wrappers; /* with the functions that the compiler made */
};

/* All frames. */
struct frame_iter frame_iter_of(const struct result *r, uint32_t stack);
/*
 * Those that somebody wrote, for people: without the wrappers that the compiler makes of methods,
 * unless there is nothing else. The functions below count these.
 */
struct frame_iter frame_iter_shown(const struct result *r, uint32_t stack);
bool frame_next(struct frame_iter *it, struct frame *ret);
/* Whether the line is in a wrapper. Go's own stacks and profiles leave them out. */
bool frame_is_wrapper(const struct result_line *l);

/* The stack of that index, NULL for RESULT_NO_STACK. */
const struct result_stack *frame_stack(const struct result *r, uint32_t stack);
/* The location, NULL when the stack names one that is not there. */
const struct result_loc *frame_loc(const struct result *r, uint32_t loc);
size_t frame_total(const struct result *r, uint32_t stack);
/* The first frame, all zero when there is none. */
struct frame frame_leaf(const struct result *r, uint32_t stack);

/* Why the stack stops before its root, as the last of its frames has it; NULL: it does not. */
const char *frame_end(const struct result *r, uint32_t stack);

/* The same line of the same function? */
bool frame_same_line(const struct frame *a, const struct frame *b);
uint64_t frame_line_hash(const struct frame *f);

/*
 * Frames at the inner end that are the mechanism (runtime, sync) and not who used it; 0 when the
 * whole stack is like that.
 */
size_t frame_lead(const struct result *r, uint32_t stack);
/* The frame to name when there is room for one: the first that is not mechanism. */
bool frame_place(const struct result *r, uint32_t stack, struct frame *ret);

/*
 * Appends the name of a function as Go's own stacks and profiles have it: type arguments are left
 * out, "main.(*Cache[go.shape.string,go.shape.[]int]).Put" -> "main.(*Cache[...]).Put".
 */
void frame_put_func(struct buf *b, const char *func);
/* "example.com/shop/store.(*T).Put" -> "store.(*T).Put"; within s. */
const char *frame_short_func(const char *s);
/* "/src/shop/store/store.go" -> "store/store.go"; within s. */
const char *frame_short_file(const char *s);

#endif
