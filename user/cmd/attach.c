// SPDX-License-Identifier: Apache-2.0
/* attach: the main job. PID -> target -> plan -> tracer ==events==> analyzer (and recording) ->
 * reports. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analyze/analyze.h"
#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/ending.h"
#include "cmd/parse.h"
#include "plan/plan.h"
#include "record/record.h"
#include "report/report.h"
#include "target/target.h"
#include "trace/trace.h"

struct attach_args {
	pid_t pid;
	uint64_t duration_ns; /* 0: until ^C or the target's end */
	const char *dir, *record, *format;
	unsigned int groups;
	double overhead; /* infinite: none */
	bool perf_events;
};

#define PLACE(field) offsetof(struct attach_args, field)

static const struct cmd_option options[] = {
	{ 'p', "pid", "PID", "the process (required)", parse_pid, PLACE(pid) },
	{ 'd', "duration", "TIME", "how long: 30, 30s, 5m (default: until ^C)", parse_duration,
	  PLACE(duration_ns) },
	{ 'e', "events", "GROUPS", "what to observe: map,gc,lock,crash (default: all)",
	  parse_groups, PLACE(groups) },
	{ 0, "max-overhead", "SHARE", "of one CPU, 0.01% to 100%, or none: exact (default 1%)",
	  parse_overhead, PLACE(overhead) },
	{ 'o', "output", "DIR", "write summary.json, gctrace.txt and the pprof files there",
	  parse_text, PLACE(dir) },
	{ 0, "record", "FILE", "keep the event stream, for `mapprobe report`", parse_text,
	  PLACE(record) },
	{ 0, "perf-events", NULL, "attach by perf events, also where uprobe_multi works",
	  parse_flag, PLACE(perf_events) },
	{ 'f', "format", "FORMAT", "of what is printed: text or json (default text)", parse_format,
	  PLACE(format) },
	{ 0 },
};

/* Everything of one session; what is NULL or -1 is not there (yet). */
struct session {
	struct attach_args args;
	struct target *target;
	struct plan plan;
	struct tracer *tracer;
	struct analyzer *analyzer;
	struct record_writer *writer;
	struct event_sink sink;
};

static volatile sig_atomic_t write_requested;

static void on_usr1(int sig)
{
	(void)sig;
	write_requested = 1;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };

	ending_catch_signals();
	sigaction(SIGUSR1, &sa, NULL);
}

static int put_event(void *ctx, const struct event *ev, struct err *e)
{
	struct session *s = ctx;
	int rc = analyzer_put(s->analyzer, ev, e);

	if (rc || !s->writer)
		return rc;
	rc = record_writer_put(s->writer, ev, e);
	if (rc) { /* the result does not depend on it: the rest goes on without a recording */
		record_writer_destroy(s->writer);
		s->writer = NULL;
	}
	return rc;
}

static int session_init(struct session *s, struct err *e)
{
	const struct plan_opts plan_opts = { .groups = s->args.groups };
	const struct tracer_opts tracer_opts = { .exact = isinf(s->args.overhead),
						 .budget = s->args.overhead,
						 .perf_events = s->args.perf_events };
	int rc = target_open(s->args.pid, &s->target, e);

	if (!rc)
		rc = plan_build(target_gobin(s->target), &plan_opts, &s->plan, e);
	if (!rc && !s->plan.nsites)
		rc = err_set(e, -ENOTSUP, "%s: none of the functions to probe is in this binary",
			     target_exe(s->target));
	if (!rc)
		rc = analyzer_create(&s->analyzer, e);
	if (!rc && s->args.dir)
		rc = report_make_dir(s->args.dir, e);
	if (!rc && s->args.record)
		rc = record_writer_create(s->args.record, &s->writer, e);
	if (!rc)
		rc = tracer_create(s->target, &s->plan, &tracer_opts, &s->tracer, e);
	s->sink = (struct event_sink){ s, put_event };
	return rc ? rc : tracer_start(s->tracer, &s->sink, e);
}

static void session_deinit(struct session *s)
{
	tracer_destroy(s->tracer);
	record_writer_destroy(s->writer);
	analyzer_destroy(s->analyzer);
	plan_deinit(&s->plan);
	target_close(s->target);
}

/* Both outputs are tried, whatever becomes of the first. */
static int write_reports(const struct session *s, struct err *e)
{
	const struct result *r;
	struct err dir_err;
	int rc = analyzer_result(s->analyzer, &r, e);

	if (rc)
		return rc;
	rc = report_find(s->args.format)->write(r, stdout, e);
	if (!rc && fflush(stdout))
		rc = err_sys(e, -errno, "standard output");
	if (s->args.dir && report_write_dir(r, s->args.dir, rc ? &dir_err : e))
		rc = rc ? rc : e->code;
	return rc;
}

/* SIGUSR1: what goes wrong is said, and the session goes on. */
static void write_so_far(const struct session *s)
{
	struct err e = { 0 };

	write_requested = 0;
	if (write_reports(s, &e))
		cmd_fail(&e);
}

static void show_progress(const struct session *s, uint64_t since_ns)
{
	double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - since_ns) / 1e9;
	uint64_t hits, lost;

	tracer_totals(s->tracer, &hits, &lost);
	fprintf(stderr, "\r\033[K%.1f s", seconds);
	if (s->args.duration_ns)
		fprintf(stderr, " of %.4g s", (double)s->args.duration_ns / 1e9);
	fprintf(stderr, ", %llu events seen, %llu lost%s", (unsigned long long)hits,
		(unsigned long long)lost, s->args.duration_ns ? "" : " (^C stops)");
}

/* Polls until the session is over; *ret is why. */
static int observe(struct session *s, enum event_end_reason *ret, struct err *e)
{
	bool terminal = isatty(STDERR_FILENO);
	uint64_t start = clock_ns(CLOCK_MONOTONIC), shown = 0;
	int rc = 0;

	for (*ret = 0; !*ret && rc >= 0;) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		*ret = ending_now(s->target, start, s->args.duration_ns);
		if (!*ret)
			rc = tracer_poll(s->tracer, 50, &s->sink, e);
		if (write_requested)
			write_so_far(s);
		if (terminal && now - shown > 200000000ull) {
			show_progress(s, start);
			shown = now;
		}
	}
	if (terminal)
		fputs("\r\033[K", stderr);
	return rc < 0 ? rc : 0;
}

/* From the armed tracer to the written reports. Whatever goes wrong, what was seen is written. */
static int session_run(struct session *s)
{
	enum event_end_reason why;
	struct err e = { 0 }, later = { 0 };
	const struct result *r;
	int status = EXIT_OK;

	fprintf(stderr, "mapprobe: attached to %d (", s->args.pid);
	cmd_print(stderr, target_exe(s->target));
	fputs(", ", stderr);
	cmd_print(stderr, gobin_info(target_gobin(s->target))->version);
	fprintf(stderr, "): %zu sites armed\n", s->plan.nsites);
	if (observe(s, &why, &e)) {
		status = cmd_fail(&e);
		why = EVENT_END_ERROR;
	}
	if (tracer_stop(s->tracer, why, &s->sink, &later))
		status = cmd_fail(&later);
	if (s->writer && record_writer_finish(s->writer, &later))
		status = cmd_fail(&later);
	if (write_reports(s, &later))
		status = cmd_fail(&later);
	else if (!status && !analyzer_result(s->analyzer, &r, &later) && r->crash)
		status = EXIT_CRASHED;
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct session s = { .args = { .groups = PLAN_ALL, .overhead = 0.01, .format = "text" } };
	struct err e = { 0 };
	int status;

	if (!cmd_parse(self, argc, argv, &s.args, NULL, 0, &status))
		return status;
	if (!s.args.pid)
		return cmd_usage_error(self, "which process? -p PID is missing");
	catch_signals();
	status = session_init(&s, &e) ? cmd_fail(&e) : session_run(&s);
	session_deinit(&s);
	return status;
}

const struct command cmd_attach = {
	.name = "attach",
	.args = "-p PID [-d TIME] [-e GROUPS] [-o DIR] [--record FILE] [--max-overhead 1%|none]",
	.summary = "observe a live Go process: maps, GC, pauses, locks, crashes",
	.details =
		"^C or SIGTERM stops, detaches and writes the result; a second one leaves.\n"
		"SIGUSR1 writes the result so far and goes on.\n"
		"Exit status: 0 fine, 1 failure, 2 usage, 3 no permission or no kernel support,\n"
		"4 not a supported Go process, 6 the target crashed and the crash was captured.\n",
	.options = options,
	.run = run,
};
