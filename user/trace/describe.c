// SPDX-License-Identifier: Apache-2.0
#include "trace/describe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define C_NAME_MAX 512

void describer_init(struct describer *d, const struct target *t)
{
	*d = (struct describer){ .target = t };
	unwinder_init(&d->unwinder, t);
}

void describer_deinit(struct describer *d)
{
	unwinder_deinit(&d->unwinder);
	u64map_deinit(&d->pcs);
	u64map_deinit(&d->types);
	u64map_deinit(&d->index);
	vec_deinit(&d->maps);
	buf_deinit(&d->frame);
}

int describer_flush(struct buf *b, const struct event_sink *sink, struct err *e)
{
	struct span s = { b->data, b->len };
	struct event ev;
	size_t off = 0;
	int rc;

	if (b->failed)
		return err_sys(e, -ENOMEM, "event");
	while (!(rc = event_next(s, &off, &ev, e))) {
		rc = event_sink_put(sink, &ev, e);
		if (rc < 0)
			break;
	}
	buf_reset(b);
	return rc < 0 ? rc : 0;
}

/* C: its name, with that of its library; no line. False when nothing is known. */
static bool name_c(struct describer *d, uint64_t pc, char *name, size_t size)
{
	struct module_code code;

	if (!unwinder_module_code(&d->unwinder, pc, &code))
		return false;
	if (!code.func)
		snprintf(name, size, "%s+0x%" PRIx64, code.module, code.addr);
	else if (code.exe)
		snprintf(name, size, "%s", code.func);
	else
		snprintf(name, size, "%s (%s)", code.func, code.module);
	return true;
}

static int describe_pc(struct describer *d, uint64_t pc, const struct event_sink *sink,
		       struct err *e)
{
	struct gobin_line lines[EVENT_MAX_LINES];
	struct event_symbol sym = { .pc = pc };
	char name[C_NAME_MAX];

	if (pc < ABI_GAP_MAX || u64map_get(&d->pcs, pc))
		return 0;
	if (u64map_put(&d->pcs, pc, 1))
		return err_sys(e, -ENOMEM, "symbols");
	/* A return address belongs to the call before it. */
	sym.nlines = (uint32_t)gobin_lines(target_gobin(d->target), pc - target_bias(d->target) - 1,
					   lines, EVENT_MAX_LINES);
	for (uint32_t i = 0; i < sym.nlines; i++)
		sym.lines[i] = (struct event_line){ lines[i].func, lines[i].file, lines[i].line,
						    lines[i].start_line };
	if (!sym.nlines && name_c(d, pc, name, sizeof(name)))
		sym.lines[sym.nlines++] = (struct event_line){ .func = name, .file = "" };
	event_put_symbol(&d->frame, &sym);
	return describer_flush(&d->frame, sink, e);
}

static int describe_type(struct describer *d, uint64_t addr, const struct event_sink *sink,
			 struct err *e)
{
	struct event_rtype type = { .addr = addr, .name = "" };
	struct err why;

	if (addr == d->last_type || u64map_get(&d->types, addr)) {
		d->last_type = addr;
		return 0;
	}
	if (u64map_put(&d->types, addr, 1))
		return err_sys(e, -ENOMEM, "types");
	/* No name is an answer too: the stream then says "". */
	gobin_type_name(target_gobin(d->target), addr - target_bias(d->target), &type.name, &why);
	event_put_rtype(&d->frame, &type);
	return describer_flush(&d->frame, sink, e);
}

/*
 * Both kinds of map draw a new seed when they become empty, by clear or by the last delete
 * (runtime/map.go mapclear, mapdelete up to 1.23; internal/runtime/maps Clear, Delete from 1.24).
 */
static bool empties(const struct abi_hit *hit, enum abi_event event)
{
	return event == ABI_MAP_CLEAR || (event == ABI_MAP_DELETE && hit->arg[2] <= 1);
}

static int remember_map(struct describer *d, const struct abi_hit *hit, enum abi_event event,
			struct err *e)
{
	uint64_t addr = hit->arg[0], *index = u64map_get(&d->index, addr);
	bool emptying = empties(hit, event);
	struct seen_map map = { addr, .written = true, .emptying = emptying, .emptied = emptying };
	struct target_map now;
	struct err why;

	if (index) {
		struct seen_map *known = &d->maps.data[*index];

		known->written = true;
		known->emptying = emptying;
		known->emptied += emptying;
		return 0;
	}
	if (!addr || d->maps.len >= DESCRIBE_MAX_MAPS)
		return 0;
	if (target_read_map(d->target, addr, &now, &why))
		map.emptied = 1; /* whatever seed is there next time is taken for its own */
	else
		map.seed = now.seed;
	if (u64map_put(&d->index, addr, d->maps.len) || vec_push(&d->maps, map))
		return err_sys(e, -ENOMEM, "maps");
	return 0;
}

static int put_stack(struct describer *d, const struct abi_stack *raw,
		     const struct event_sink *sink, struct err *e)
{
	struct abi_stack stack;
	struct event ev = { .type = ABI_STACK, .data = (const uint8_t *)&stack };
	int rc = unwinder_finish(&d->unwinder, raw, &stack, e);

	for (uint32_t i = 0; !rc && i < stack.n; i++)
		rc = describe_pc(d, stack.pc[i], sink, e);
	ev.size = stack.size;
	return rc ? rc : event_sink_put(sink, &ev, e);
}

int describer_put(struct describer *d, const struct event *ev, enum abi_event map_event,
		  const struct event_sink *sink, struct err *e)
{
	const struct abi_stack *stack = event_stack(ev);
	const struct abi_hit *hit = event_hit(ev);
	int rc = 0;

	if (stack)
		return put_stack(d, stack, sink, e);
	if (hit && map_event) {
		rc = describe_type(d, hit->arg[1], sink, e);
		if (!rc)
			rc = remember_map(d, hit, map_event, e);
	}
	return rc ? rc : event_sink_put(sink, ev, e);
}

/*
 * Whether what was read at the map's address is that map. One that was emptied has another seed,
 * and nobody knows which: it is told by the length that it must have while nothing was written
 * since. (The memory of a map that is no more may hold anything.)
 */
static bool same_map(const struct seen_map *map, const struct target_map *now)
{
	return now->seed == map->seed || (map->emptied && (!map->emptying || !now->length));
}

/* Appends the map's state to the frames if it has changed, or always. */
static void put_map(struct describer *d, struct seen_map *map, bool always, uint64_t now_ns)
{
	struct event_map_state state = { .map = map->addr, .time_ns = now_ns };
	struct target_map now;
	struct err why;

	/*
	 * The memory may be ahead of the events: if it was emptied just now, that is yet to be
	 * told. And behind them: an event comes before what it tells of, which takes its time.
	 */
	if (target_read_map(d->target, map->addr, &now, &why) || !same_map(map, &now))
		return;
	map->written = false;
	if (now.seed != map->seed)
		map->emptied = map->emptied > 1 && map->emptying;
	map->seed = now.seed;
	if (!always && now.length == map->length && now.capacity == map->capacity)
		return;
	state.length = map->length = now.length;
	state.capacity = map->capacity = now.capacity;
	event_put_map_state(&d->frame, &state);
}

int describer_put_maps(struct describer *d, bool all, uint64_t now_ns,
		       const struct event_sink *sink, struct err *e)
{
	size_t reads = 0;

	for (size_t n = 0; n < d->maps.len; n++) {
		struct seen_map *map = &d->maps.data[d->next_map++ % d->maps.len];

		if (!(all || map->written))
			continue;
		put_map(d, map, all, now_ns);
		if (++reads == DESCRIBE_MAX_READS && !all)
			break;
	}
	return describer_flush(&d->frame, sink, e);
}
