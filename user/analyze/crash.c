// SPDX-License-Identifier: Apache-2.0
/*
 * Several threads may come to runtime.fatal or throw before the process ends; the first one to
 * arrive is the crash, and its message is the one its own thread sent just before.
 */
#include "analyze/crash.h"

#include <errno.h>

void crash_deinit(struct crash *c)
{
	u64map_deinit(&c->text_of);
	vec_deinit(&c->texts);
}

int crash_text(struct crash *c, struct strings *strings, const struct abi_text *v)
{
	const char *text;

	if (c->crashed)
		return 0;
	text = strings_intern(strings, v->text);
	if (!text || vec_push(&c->texts, text))
		return -ENOMEM;
	return u64map_put(&c->text_of, v->tid, c->texts.len - 1);
}

void crash_hit(struct crash *c, bool fatal, const struct abi_hit *hit, uint32_t stack)
{
	const uint64_t *i = u64map_get(&c->text_of, hit->tid);

	if (c->crashed)
		return;
	c->crashed = true;
	c->fatal = fatal;
	c->time_ns = hit->time_ns;
	c->goid = hit->goid;
	c->tid = hit->tid;
	c->stack = stack;
	c->message = i ? c->texts.data[*i] : "";
}

int crash_result(const struct crash *c, struct build *b)
{
	struct result_crash *r;

	if (!c->crashed)
		return 0;
	r = arena_array(&b->mem, 1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct result_crash){
		.fatal = c->fatal,
		.at_ns = build_at(b, c->time_ns),
		.message = c->message,
		.goid = c->goid,
		.tid = c->tid,
	};
	b->r->crash = r;
	return stack_table_get(&b->stacks, c->stack, false, &r->stack);
}
