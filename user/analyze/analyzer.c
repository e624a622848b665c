// SPDX-License-Identifier: Apache-2.0
/*
 * The analyzer's life, and who takes which event: a table by the type of the frame, and for hits a
 * second one by the event of their site. The work is in the files of the subjects.
 *
 * A session may have tens of millions of hits: each is a few look-ups in hash tables, and what is
 * kept grows with the number of different things (maps, stacks, windows, cycles), not of hits.
 */
#include <errno.h>
#include <stdlib.h>

#include "analyze/state.h"

static void saw_time(struct analyzer *a, uint64_t time_ns)
{
	if (time_ns > a->latest_ns)
		a->latest_ns = time_ns;
}

static int out_of_memory(int rc, struct err *e)
{
	return rc ? err_set(e, rc, "analyzer: out of memory") : 0;
}

static int on_map(struct analyzer *a, const struct abi_hit *hit, uint32_t stack)
{
	return maps_hit(&a->maps, a->sites.site[hit->site].event, hit, stack, a->session.swiss);
}

static struct gc_context gc_context(struct analyzer *a)
{
	return (struct gc_context){ &a->gc, &a->sites, &a->stacks, a->maps.seen,
				    a->session.start_mono_ns };
}

#define ON_GC(name)                                                                                \
	static int on_##name(struct analyzer *a, const struct abi_hit *hit, uint32_t stack)        \
	{                                                                                          \
		struct gc_context c = gc_context(a);                                               \
                                                                                                   \
		return gc_##name(&c, hit, stack);                                                  \
	}

ON_GC(start)
ON_GC(mark_done)
ON_GC(mark_term)
ON_GC(end)
ON_GC(stw_begin)
ON_GC(stw_stopped)
ON_GC(stw_end)
ON_GC(drain_begin)
ON_GC(drain_end)
ON_GC(assist_begin)
ON_GC(assist_end)

static int on_lock_begin(struct analyzer *a, const struct abi_hit *hit, uint32_t stack)
{
	return locks_begin(&a->locks, &a->sites, hit, stack);
}

static int on_lock_end(struct analyzer *a, const struct abi_hit *hit, uint32_t stack)
{
	(void)stack;
	return locks_end(&a->locks, &a->sites, hit);
}

static int on_crash(struct analyzer *a, const struct abi_hit *hit, uint32_t stack)
{
	crash_hit(&a->crash, a->sites.site[hit->site].event == ABI_FATAL, hit, stack);
	return 0;
}

/* By the event of the site; NULL: counted, and nothing else to learn from it. */
static int (*const on_event[ABI_EV_MAX])(struct analyzer *, const struct abi_hit *, uint32_t) = {
	[ABI_MAP_ASSIGN] = on_map,
	[ABI_MAP_DELETE] = on_map,
	[ABI_MAP_CLEAR] = on_map,
	[ABI_MAP_GROW] = on_map,
	[ABI_MAP_GROW_SMALL] = on_map,
	[ABI_MAP_GROW_TABLE] = on_map,
	[ABI_MAP_SPLIT] = on_map,
	[ABI_MAP_EVACUATE] = on_map,
	[ABI_GC_START] = on_start,
	[ABI_GC_MARK_DONE] = on_mark_done,
	[ABI_GC_MARK_TERM] = on_mark_term,
	[ABI_GC_END] = on_end,
	[ABI_GC_DRAIN_BEGIN] = on_drain_begin,
	[ABI_GC_DRAIN_END] = on_drain_end,
	[ABI_ASSIST_BEGIN] = on_assist_begin,
	[ABI_ASSIST_END] = on_assist_end,
	[ABI_STW_BEGIN] = on_stw_begin,
	[ABI_STW_STOPPED] = on_stw_stopped,
	[ABI_STW_END] = on_stw_end,
	[ABI_LOCK_BEGIN] = on_lock_begin,
	[ABI_LOCK_END] = on_lock_end,
	[ABI_FATAL] = on_crash,
	[ABI_THROW] = on_crash,
};

static int bad_frame(const struct event *ev, const char *what, struct err *e)
{
	return err_set(e, -EBADMSG, "event %s: impossible frame of %u bytes", what, ev->size);
}

static int put_hit(struct analyzer *a, const struct event *ev, struct err *e)
{
	const struct abi_hit *hit = event_hit(ev);
	uint32_t stack;
	int rc;

	if (!hit)
		return bad_frame(ev, "hit", e);
	if (hit->site >= ABI_MAX_SITES || !a->sites.site[hit->site].known)
		return err_set(e, -EBADMSG, "event hit: no site %u", hit->site);
	sites_hit(&a->sites, hit, a->latest_ns);
	saw_time(a, hit->time_ns);
	rc = stacks_ref(&a->stacks, hit->stack, &stack);
	if (!rc && on_event[a->sites.site[hit->site].event])
		rc = on_event[a->sites.site[hit->site].event](a, hit, stack);
	return out_of_memory(rc, e);
}

static int put_stack(struct analyzer *a, const struct event *ev, struct err *e)
{
	const struct abi_stack *v = event_stack(ev);

	if (!v)
		return bad_frame(ev, "stack", e);
	return out_of_memory(stacks_stack(&a->stacks, v), e);
}

static int put_text(struct analyzer *a, const struct event *ev, struct err *e)
{
	const struct abi_text *v = event_text(ev);

	if (!v)
		return bad_frame(ev, "text", e);
	saw_time(a, v->time_ns);
	return out_of_memory(crash_text(&a->crash, &a->strings, v), e);
}

static int put_gc_cycle(struct analyzer *a, const struct event *ev, struct err *e)
{
	const struct abi_gc_cycle *v = event_gc_cycle(ev);
	struct gc_context c = gc_context(a);

	if (!v)
		return bad_frame(ev, "gc cycle", e);
	saw_time(a, v->time_ns);
	return out_of_memory(gc_told(&c, v), e);
}

static int put_session(struct analyzer *a, const struct event *ev, struct err *e)
{
	struct event_session v;
	const char **strings[] = {
		&v.exe,	     &v.go_version, &v.module,	 &v.module_version,
		&v.build_id, &v.kernel,	    &v.mapprobe,
	};
	int rc = event_get_session(ev, &v, e);

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		*strings[i] = strings_intern(&a->strings, *strings[i]);
		if (!*strings[i])
			return out_of_memory(-ENOMEM, e);
	}
	a->session = v;
	a->begun = true;
	saw_time(a, v.start_mono_ns);
	return 0;
}

static int put_site(struct analyzer *a, const struct event *ev, struct err *e)
{
	struct event_site v;
	int rc = event_get_site(ev, &v, e);

	return rc ? rc : sites_add(&a->sites, &v, a->latest_ns, &a->strings, e);
}

static int put_missing(struct analyzer *a, const struct event *ev, struct err *e)
{
	struct result_missing kept;
	struct event_missing v;
	int rc = event_get_missing(ev, &v, e);

	if (rc)
		return rc;
	kept.what = strings_intern(&a->strings, v.what);
	kept.why = strings_intern(&a->strings, v.why);
	if (!kept.what || !kept.why)
		return out_of_memory(-ENOMEM, e);
	return out_of_memory(vec_push(&a->missing, kept), e);
}

static int put_cost(struct analyzer *a, const struct event *ev, struct err *e)
{
	return event_get_cost(ev, &a->sites.cost, e);
}

static int put_symbol(struct analyzer *a, const struct event *ev, struct err *e)
{
	struct event_symbol v;
	int rc = event_get_symbol(ev, &v, e);

	return rc ? rc : out_of_memory(stacks_symbol(&a->stacks, &a->strings, &v), e);
}

static int put_type(struct analyzer *a, const struct event *ev, struct err *e)
{
	struct event_rtype v;
	int rc = event_get_rtype(ev, &v, e);

	return rc ? rc : out_of_memory(maps_type(&a->maps, &a->strings, &v), e);
}

static int put_window(struct analyzer *a, const struct event *ev, struct err *e)
{
	struct event_window v;
	int rc = event_get_window(ev, &v, e);

	if (rc)
		return rc;
	sites_window(&a->sites, &v);
	saw_time(a, v.close_ns);
	return 0;
}

static int put_map_state(struct analyzer *a, const struct event *ev, struct err *e)
{
	struct event_map_state v;
	int rc = event_get_map_state(ev, &v, e);

	if (rc)
		return rc;
	maps_state(&a->maps, &v);
	saw_time(a, v.time_ns);
	return 0;
}

static int put_counter(struct analyzer *a, const struct event *ev, struct err *e)
{
	struct event_counter v;
	int rc = event_get_counter(ev, &v, e);

	return rc ? rc : sites_counter(&a->sites, &v, e);
}

static int put_end(struct analyzer *a, const struct event *ev, struct err *e)
{
	int rc = event_get_end(ev, &a->end, e);

	a->ended = a->sites.ended = !rc;
	return rc;
}

static int (*const put[EVENT_TYPE_MAX])(struct analyzer *, const struct event *, struct err *) = {
	[ABI_HIT] = put_hit,	       [ABI_STACK] = put_stack,
	[ABI_TEXT] = put_text,	       [ABI_GC_CYCLE] = put_gc_cycle,
	[EVENT_SESSION] = put_session, [EVENT_SITE] = put_site,
	[EVENT_MISSING] = put_missing, [EVENT_COST] = put_cost,
	[EVENT_SYMBOL] = put_symbol,   [EVENT_TYPE] = put_type,
	[EVENT_WINDOW] = put_window,   [EVENT_MAP_STATE] = put_map_state,
	[EVENT_COUNTER] = put_counter, [EVENT_END] = put_end,
};

int analyzer_put(void *ctx, const struct event *ev, struct err *e)
{
	struct analyzer *a = ctx;

	if (ev->type >= EVENT_TYPE_MAX || !put[ev->type])
		return err_set(e, -EBADMSG, "event of unknown type %u", ev->type);
	if (a->begun == (ev->type == EVENT_SESSION))
		return err_set(e, -EBADMSG, "event of type %u %s", ev->type,
			       a->begun ? "twice" : "before the session");
	if (a->ended)
		return err_set(e, -EBADMSG, "event of type %u after the end", ev->type);
	return put[ev->type](a, ev, e);
}

int analyzer_create(struct analyzer **ret, struct err *e)
{
	struct analyzer *a = calloc(1, sizeof(*a));

	if (!a)
		return out_of_memory(-ENOMEM, e);
	a->session.exe = a->session.go_version = a->session.module = "";
	a->session.module_version = a->session.build_id = "";
	a->session.kernel = a->session.mapprobe = "";
	gc_init(&a->gc);
	*ret = a;
	return 0;
}

int analyzer_result(struct analyzer *a, const struct result **ret, struct err *e)
{
	int rc = result_build(a);

	if (rc)
		return out_of_memory(rc, e);
	*ret = &a->result;
	return 0;
}

void analyzer_destroy(struct analyzer *a)
{
	if (!a)
		return;
	result_free(a);
	vec_deinit(&a->missing);
	strings_deinit(&a->strings);
	stacks_deinit(&a->stacks);
	maps_deinit(&a->maps);
	gc_deinit(&a->gc);
	locks_deinit(&a->locks);
	crash_deinit(&a->crash);
	free(a);
}
