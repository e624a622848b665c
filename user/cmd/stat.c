// SPDX-License-Identifier: Apache-2.0
/*
 * stat: the lines of GODEBUG=gctrace=1 of a process that was started without it. One cold probe a
 * GC cycle sends what the runtime would print of it; nothing is kept.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyze/gctrace.h"
#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/ending.h"
#include "cmd/parse.h"
#include "plan/plan.h"
#include "report/gctrace.h"
#include "target/target.h"
#include "trace/trace.h"

#define RING_BYTES (256u << 10) /* a thousand cycles */
#define POLL_MS	   50

struct stat_args {
	pid_t pid;
	uint64_t duration_ns; /* 0: until ^C or the target's end */
};

static const struct cmd_option options[] = {
	{ 'p', "pid", "PID", "the process (required)", parse_pid, offsetof(struct stat_args, pid) },
	{ 'd', "duration", "TIME", "how long: 30, 30s, 5m (default: until ^C)", parse_duration,
	  offsetof(struct stat_args, duration_ns) },
	{ 0 },
};

struct stat_session {
	struct stat_args args;
	struct target *target;
	struct plan plan;
	const struct plan_site *end; /* the probe at the end of a cycle */
	struct tracer *tracer;
	struct event_sink sink;
	uint64_t start_ns;
	uint64_t lines, lost;
	uint32_t number;	     /* of the cycle before */
	uint64_t passages[2], ns[2]; /* of the probes, and of each; by enum plan_cost */
	uint64_t read_ns;	     /* by the kernel side, at the ends of cycles */
};

static int print_cycle(struct stat_session *s, const struct event *ev, struct err *e)
{
	const struct abi_gc_cycle *c = event_gc_cycle(ev);
	struct result_gctrace g;

	(void)e;
	if (!c)
		return 0;
	s->read_ns += c->read_ns;
	if (!gctrace_of(c, &g))
		return 0;
	if (s->lines && g.number != s->number + 1) {
		printf("# %" PRIu32 " cycles lost\n", g.number - s->number - 1);
		s->lost += g.number - s->number - 1;
	}
	puts(gctrace_line(&g).s);
	s->number = g.number;
	s->lines++;
	return 0;
}

/* Without the figures there is nothing to do; anything else that is missing is only said. */
static int print_missing(struct stat_session *s, const struct event *ev, struct err *e)
{
	struct event_missing m;
	int rc = event_get_missing(ev, &m, e);

	if (rc)
		return rc;
	if (!strcmp(m.what, TRACE_NO_GCTRACE))
		return err_set(e, -ENOTSUP, "process %d: %.200s", s->args.pid, m.why);
	printf("# not certain: %s: %s\n", m.what, m.why);
	return 0;
}

static int print_head(struct stat_session *s, const struct event *ev, struct err *e)
{
	struct event_cost cost;
	int rc = event_get_cost(ev, &cost, e);

	if (rc)
		return rc;
	s->ns[PLAN_EMULATED] = cost.emulated_ns;
	s->ns[PLAN_SINGLE_STEP] = cost.single_step_ns;
	printf("# mapprobe stat: pid %d, %s: one probe a GC cycle, about %" PRIu64
	       " ns here, and what it takes to read %d numbers\n",
	       s->args.pid, gobin_info(target_gobin(s->target))->version, s->ns[s->end->cost],
	       ABI_GC_VALUES);
	return 0;
}

static int add_counter(struct stat_session *s, const struct event *ev, struct err *e)
{
	struct event_counter c;
	int rc = event_get_counter(ev, &c, e);

	if (!rc && c.site < s->plan.nsites)
		s->passages[s->plan.sites[c.site].cost] += c.count.hits + c.count.outside;
	return rc;
}

static int put_event(void *ctx, const struct event *ev, struct err *e)
{
	static const struct {
		uint32_t type;
		int (*put)(struct stat_session *, const struct event *, struct err *);
	} table[] = {
		{ ABI_GC_CYCLE, print_cycle },
		{ EVENT_MISSING, print_missing },
		{ EVENT_COST, print_head },
		{ EVENT_COUNTER, add_counter },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (ev->type == table[i].type)
			return table[i].put(ctx, ev, e);
	return 0;
}

static int find_end(struct stat_session *s, struct err *e)
{
	for (size_t i = 0; i < s->plan.nsites; i++)
		if (s->plan.sites[i].point->event == ABI_GC_END)
			s->end = &s->plan.sites[i];
	if (s->end)
		return 0;
	return err_set(e, -ENOTSUP,
		       "%s: the end of a GC cycle cannot be probed: `mapprobe plan -p %d`",
		       target_exe(s->target), s->args.pid);
}

static int stat_init(struct stat_session *s, struct err *e)
{
	static const char *const points[] = { "gc.end", "gc.leaks", NULL };
	const struct plan_opts plan_opts = { .groups = PLAN_GC, .points = points };
	const struct tracer_opts tracer_opts = { .exact = true, .ring_bytes = RING_BYTES };
	int rc = target_open(s->args.pid, &s->target, e);

	if (!rc)
		rc = plan_build(target_gobin(s->target), &plan_opts, &s->plan, e);
	if (!rc)
		rc = find_end(s, e);
	if (!rc)
		rc = tracer_create(s->target, &s->plan, &tracer_opts, &s->tracer, e);
	s->sink = (struct event_sink){ s, put_event };
	s->start_ns = clock_ns(CLOCK_MONOTONIC);
	return rc ? rc : tracer_start(s->tracer, &s->sink, e);
}

static void stat_deinit(struct stat_session *s)
{
	tracer_destroy(s->tracer);
	plan_deinit(&s->plan);
	target_close(s->target);
}

/* Lines come out as soon as they are there, to a pipe too. */
static int flush(struct err *e)
{
	return fflush(stdout) ? err_sys(e, -errno, "standard output") : 0;
}

static int observe(struct stat_session *s, enum event_end_reason *ret, struct err *e)
{
	int rc = flush(e);

	for (*ret = 0; rc >= 0 && !*ret;) {
		*ret = ending_now(s->target, s->start_ns, s->args.duration_ns);
		if (!*ret)
			rc = tracer_poll(s->tracer, POLL_MS, &s->sink, e);
		if (rc > 0)
			rc = flush(e);
	}
	return rc < 0 ? rc : 0;
}

static int print_foot(const struct stat_session *s, struct err *e)
{
	double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - s->start_ns) / 1e9;
	uint64_t cost_ns = s->read_ns;

	for (size_t i = 0; i < 2; i++)
		cost_ns += s->passages[i] * s->ns[i];
	printf("# %" PRIu64 " cycles in %.1f s, %" PRIu64
	       " lost, about %.3g us of the target's time\n",
	       s->lines, seconds, s->lost, (double)cost_ns / 1e3);
	return flush(e);
}

static int stat_run(struct stat_session *s)
{
	enum event_end_reason why;
	struct err e = { 0 }, later = { 0 };
	int status = EXIT_OK;

	if (observe(s, &why, &e)) {
		status = cmd_fail(&e);
		why = EVENT_END_ERROR;
	}
	if (tracer_stop(s->tracer, why, &s->sink, &later) || print_foot(s, &later))
		status = cmd_fail(&later);
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct stat_session s = { 0 };
	struct err e = { 0 };
	int status;

	if (!cmd_parse(self, argc, argv, &s.args, NULL, 0, &status))
		return status;
	if (!s.args.pid)
		return cmd_usage_error(self, "which process? -p PID is missing");
	ending_catch_signals();
	status = stat_init(&s, &e) ? cmd_fail(&e) : stat_run(&s);
	stat_deinit(&s);
	return status;
}

const struct command cmd_stat = {
	.name = "stat",
	.args = "-p PID [-d TIME]",
	.summary = "what GODEBUG=gctrace=1 would print, without a restart",
	.details =
		"A line for each GC cycle as it ends, byte for byte the runtime's own; lines that\n"
		"begin with # are mapprobe's.\n"
		"Exit status: 0 fine, 1 failure, 2 usage, 3 no permission or no kernel support,\n"
		"4 not a supported Go process.\n",
	.options = options,
	.run = run,
};
