// SPDX-License-Identifier: Apache-2.0
/* report: from a recording to the reports, with no root, no kernel, no target. */
#include <errno.h>
#include <stdio.h>

#include "analyze/analyze.h"
#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "record/record.h"
#include "report/report.h"

struct report_args {
	const char *format, *dir;
};

static const struct cmd_option options[] = {
	{ 'f', "format", "FORMAT", "of what is printed: text or json (default text)", parse_format,
	  offsetof(struct report_args, format) },
	{ 'o', "output", "DIR", "write summary.json, gctrace.txt and the pprof files there",
	  parse_text, offsetof(struct report_args, dir) },
	{ 0 },
};

static int replay(const char *file, const struct report_args *args, struct analyzer *a)
{
	const struct event_sink sink = { a, analyzer_put };
	const struct result *r;
	struct err damage = { 0 }, e = { 0 };
	int status = EXIT_OK;

	/* What lies before the damage is shown all the same. */
	if (record_replay(file, &sink, &damage))
		status = cmd_fail(&damage);
	if (damage.code && damage.code != -EBADMSG)
		return status;
	if (analyzer_result(a, &r, &e) || report_find(args->format)->write(r, stdout, &e) ||
	    (args->dir && report_write_dir(r, args->dir, &e)))
		return cmd_fail(&e);
	if (fflush(stdout)) {
		err_sys(&e, -errno, "standard output");
		return cmd_fail(&e);
	}
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct report_args args = { .format = "text" };
	const char *file = NULL;
	struct analyzer *a;
	struct err e = { 0 };
	int status;

	if (!cmd_parse(self, argc, argv, &args, &file, 1, &status))
		return status;
	if (!file)
		return cmd_usage_error(self, "which recording? FILE is missing");
	if (analyzer_create(&a, &e))
		return cmd_fail(&e);
	status = replay(file, &args, a);
	analyzer_destroy(a);
	return status;
}

const struct command cmd_report = {
	.name = "report",
	.args = "FILE [-f text|json] [-o DIR]",
	.summary = "show a recording made by `attach --record`",
	.options = options,
	.run = run,
};
