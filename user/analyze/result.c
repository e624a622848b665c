// SPDX-License-Identifier: Apache-2.0
/*
 * Making a result of what the subjects know. It is made from scratch each time, in one arena, and
 * in an order that depends on nothing but the stream: the same stream gives the same result, byte
 * for byte, live and from its recording.
 */
#include <errno.h>
#include <string.h>

#include "analyze/state.h"

static const char *const end_name[] = {
	[0] = "cut off",
	[EVENT_END_TIME] = "time",
	[EVENT_END_INTERRUPT] = "interrupt",
	[EVENT_END_TARGET_EXIT] = "target exited",
	[EVENT_END_TARGET_EXEC] = "target execed",
	[EVENT_END_ERROR] = "error",
};

static void build_session(const struct analyzer *a, struct build *b)
{
	const struct event_session *s = &a->session;
	struct result *r = b->r;

	r->pid = s->pid;
	r->exe = s->exe;
	r->go_version = s->go_version;
	r->module = s->module;
	r->module_version = s->module_version;
	r->build_id = s->build_id;
	r->kernel = s->kernel;
	r->mapprobe = s->mapprobe;
	r->stripped = s->stripped;
	r->pie = s->pie;
	r->swiss = s->swiss;
	r->exact = s->exact;
	r->budget = s->budget;
	r->cpus = s->cpus;
	r->start_unix_ns = s->start_unix_ns;
	r->duration_ns = elapsed_ns(b->start_ns, b->end_ns);
	r->exe_start = s->exe_start;
	r->exe_limit = s->exe_limit;
	r->exe_offset = s->exe_offset;
	r->ended = end_name[a->ended ? a->end.reason : 0];
	r->complete = a->ended;
	r->target_cpu_ns = a->end.target_cpu_ns;
	r->own_cpu_ns = a->end.own_cpu_ns;
}

static int build_sites(const struct sites *s, struct build *b)
{
	struct result *r = b->r;

	r->sites = arena_array(&b->mem, ABI_MAX_SITES, sizeof(*r->sites));
	if (!r->sites)
		return -ENOMEM;
	for (uint32_t i = 0; i < ABI_MAX_SITES; i++) {
		const struct site *from = &s->site[i];
		uint64_t cost_ns = site_cost_ns(s, from);

		if (!from->known)
			continue;
		r->sites[r->nsites++] = (struct result_site){
			.point = from->point,
			.group = from->group_name,
			.func = from->func,
			.addr = from->addr,
			.exit = from->exit,
			.single_step = from->single_step,
			.windowed = from->windowed,
			.hits = site_hits(from),
			.lost = from->counter.lost,
			.outside = from->counter.outside,
			.stack_lost = from->counter.stack_lost,
			.cost_ns = (double)cost_ns,
		};
		add_ns(&r->overhead_ns, cost_ns);
		r->lost_events += from->counter.lost;
		r->lost_stacks += from->counter.stack_lost;
	}
	r->emulated_ns = s->cost.emulated_ns;
	r->single_step_ns = s->cost.single_step_ns;
	r->windows = s->windows;
	r->armed_ns = s->armed_ns;
	return 0;
}

static int build_missing(const struct analyzer *a, struct build *b)
{
	struct result *r = b->r;

	r->missing = arena_array(&b->mem, a->missing.len, sizeof(*r->missing));
	if (!r->missing)
		return -ENOMEM;
	for (; r->nmissing < a->missing.len; r->nmissing++)
		r->missing[r->nmissing] = a->missing.data[r->nmissing];
	return 0;
}

static int build_all(const struct analyzer *a, struct build *b)
{
	int rc = stack_table_init(&b->stacks, &a->stacks, &b->mem);

	build_session(a, b);
	if (!rc)
		rc = build_sites(&a->sites, b);
	if (!rc)
		rc = build_missing(a, b);
	if (!rc)
		rc = maps_result(&a->maps, a->ended ? &a->end : NULL, b);
	if (!rc)
		rc = gc_result(&a->gc, a->maps.seen, b);
	if (!rc)
		rc = locks_result(&a->locks, b);
	if (!rc)
		rc = crash_result(&a->crash, b);
	if (rc)
		return rc;
	b->r->unmatched = b->unmatched;
	b->r->lost_stacks += stacks_undescribed(&a->stacks);
	stacks_unwinding(&a->stacks, &b->r->unwinding);
	b->r->locs = b->stacks.locs.data;
	b->r->nlocs = b->stacks.locs.len;
	b->r->stacks = b->stacks.stacks.data;
	b->r->nstacks = b->stacks.stacks.len;
	return 0;
}

int result_build(struct analyzer *a)
{
	result_free(a);
	a->build = (struct build){
		.r = &a->result,
		.sites = &a->sites,
		.start_ns = a->session.start_mono_ns,
		.end_ns = a->ended ? a->end.time_ns : a->latest_ns,
	};
	return build_all(a, &a->build);
}

void result_free(struct analyzer *a)
{
	stack_table_deinit(&a->build.stacks);
	arena_deinit(&a->build.mem);
	memset(&a->result, 0, sizeof(a->result));
}
