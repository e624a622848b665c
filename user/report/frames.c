// SPDX-License-Identifier: Apache-2.0
#include "report/frames.h"

#include <string.h>

const struct result_stack *frame_stack(const struct result *r, uint32_t stack)
{
	return stack < r->nstacks ? &r->stacks[stack] : NULL;
}

const struct result_loc *frame_loc(const struct result *r, uint32_t loc)
{
	return loc < r->nlocs ? &r->locs[loc] : NULL;
}

struct frame_iter frame_iter_of(const struct result *r, uint32_t stack)
{
	return (struct frame_iter){ .r = r, .stack = frame_stack(r, stack) };
}

static bool is_goexit(const char *func)
{
	return func && !strcmp(func, "runtime.goexit");
}

bool frame_next(struct frame_iter *it, struct frame *ret)
{
	while (it->stack && it->loc < it->stack->nlocs) {
		const struct result_loc *l = frame_loc(it->r, it->stack->locs[it->loc]);
		size_t i = it->line++;

		if (!l || i >= (l->nlines ? l->nlines : 1)) {
			it->loc++;
			it->line = 0;
			continue;
		}
		*ret = (struct frame){ .pc = l->pc };
		if (l->nlines) {
			ret->func = l->lines[i].func ? l->lines[i].func : "";
			ret->file = l->lines[i].file ? l->lines[i].file : "";
			ret->line = l->lines[i].line;
			ret->inlined = i + 1 < l->nlines;
		}
		if (!is_goexit(ret->func))
			return true;
	}
	return false;
}

size_t frame_total(const struct result *r, uint32_t stack)
{
	struct frame_iter it = frame_iter_of(r, stack);
	struct frame f;
	size_t n = 0;

	while (frame_next(&it, &f))
		n++;
	return n;
}

static bool is_mechanism(const char *func)
{
	static const char *const prefix[] = {
		"runtime.",	  "internal/runtime/",	      "sync.",
		"internal/sync.", "internal/poll.(*fdMutex)", "internal/race."
	};

	/* runtime.main calls the program; it is no mechanism of anything. */
	if (!func || !strcmp(func, "runtime.main"))
		return false;
	for (size_t i = 0; i < sizeof(prefix) / sizeof(*prefix); i++)
		if (!strncmp(func, prefix[i], strlen(prefix[i])))
			return true;
	return false;
}

size_t frame_lead(const struct result *r, uint32_t stack)
{
	struct frame_iter it = frame_iter_of(r, stack);
	struct frame f;

	for (size_t n = 0; frame_next(&it, &f); n++)
		if (!is_mechanism(f.func))
			return n;
	return 0;
}

bool frame_place(const struct result *r, uint32_t stack, struct frame *ret)
{
	struct frame_iter it = frame_iter_of(r, stack);

	for (size_t n = frame_lead(r, stack) + 1; n; n--)
		if (!frame_next(&it, ret))
			return false;
	return true;
}

const char *frame_short_func(const char *s)
{
	/* A slash behind a bracket belongs to a type argument or a receiver, not to the path. */
	size_t n = strcspn(s, "[(");

	while (n && s[n - 1] != '/')
		n--;
	return s + n;
}

const char *frame_short_file(const char *s)
{
	size_t n = strlen(s);

	for (int slashes = 0; n; n--)
		if (s[n - 1] == '/' && ++slashes == 2)
			break;
	return s + n;
}
