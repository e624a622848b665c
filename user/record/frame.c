// SPDX-License-Identifier: Apache-2.0
/* Walking a sequence of frames, and the frames that come from the kernel side as C structs. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "record/event.h"

/* A kernel frame of the right type, at least min bytes long and aligned for its struct. */
static bool is_kernel_frame(const struct event *ev, uint32_t type, size_t min, size_t max)
{
	return ev->type == type && ev->size >= min && ev->size <= max && !((uintptr_t)ev->data & 7);
}

const struct abi_hit *event_hit(const struct event *ev)
{
	if (!is_kernel_frame(ev, ABI_HIT, sizeof(struct abi_hit), sizeof(struct abi_hit)))
		return NULL;
	return (const struct abi_hit *)ev->data;
}

const struct abi_stack *event_stack(const struct event *ev)
{
	size_t head = offsetof(struct abi_stack, pc);
	const struct abi_stack *s = (const struct abi_stack *)ev->data;

	if (!is_kernel_frame(ev, ABI_STACK, head, sizeof(*s)))
		return NULL;
	if (s->n > ABI_MAX_DEPTH || s->outer > s->n || ev->size < head + 8 * (size_t)s->n)
		return NULL;
	return s;
}

const struct abi_text *event_text(const struct event *ev)
{
	const struct abi_text *t = (const struct abi_text *)ev->data;

	if (!is_kernel_frame(ev, ABI_TEXT, sizeof(*t), sizeof(*t)))
		return NULL;
	return memchr(t->text, 0, sizeof(t->text)) ? t : NULL;
}

const struct abi_gc_cycle *event_gc_cycle(const struct event *ev)
{
	if (!is_kernel_frame(ev, ABI_GC_CYCLE, sizeof(struct abi_gc_cycle),
			     sizeof(struct abi_gc_cycle)))
		return NULL;
	return (const struct abi_gc_cycle *)ev->data;
}

static bool known_type(uint32_t type)
{
	return (type >= ABI_HIT && type < ABI_TYPE_MAX) ||
	       (type >= EVENT_SESSION && type < EVENT_TYPE_MAX);
}

int event_next(struct span s, size_t *off, struct event *ret, struct err *e)
{
	struct reader r = reader_of(s);
	struct event ev;

	r.off = *off;
	if (r.off >= s.len)
		return 1;
	ev.type = reader_u32(&r);
	ev.size = reader_u32(&r);
	if (r.failed)
		return err_set(e, -EBADMSG, "event at +0x%zx: header past the end", *off);
	if (!known_type(ev.type))
		return err_set(e, -EBADMSG, "event at +0x%zx: unknown type %u", *off, ev.type);
	if (ev.size < EVENT_HEADER || ev.size > EVENT_MAX_SIZE)
		return err_set(e, -EBADMSG, "event at +0x%zx: impossible size %u", *off, ev.size);
	ev.data = s.data + *off;
	reader_bytes(&r, ev.size - EVENT_HEADER);
	if (r.failed)
		return err_set(e, -EBADMSG, "event at +0x%zx: size %u: past the end", *off,
			       ev.size);
	for (uint32_t n = -ev.size & 7; n; n--)
		if (reader_u8(&r) || r.failed)
			return err_set(e, -EBADMSG, "event at +0x%zx: bad padding", *off);
	*off = r.off;
	*ret = ev;
	return 0;
}
