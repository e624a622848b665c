// SPDX-License-Identifier: Apache-2.0
/* plan: which sites would be probed, why there, at what cost; and what is unavailable, and why. */
#include "plan/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "gobin/gobin.h"
#include "target/target.h"

struct plan_args {
	pid_t pid;
	const char *binary, *format;
	unsigned int groups;
};

#define PLACE(field) offsetof(struct plan_args, field)

static const struct cmd_option options[] = {
	{ 'p', "pid", "PID", "the binary that this process runs", parse_pid, PLACE(pid) },
	{ 'b', "binary", "FILE", "this binary", parse_text, PLACE(binary) },
	{ 'e', "events", "GROUPS", "only map,gc,lock,crash (default: all)", parse_groups,
	  PLACE(groups) },
	{ 'f', "format", "FORMAT", "text or json (default text)", parse_format, PLACE(format) },
	{ 0 },
};

/* When a site is armed by default. */
static const char *armed(const struct plan_point *p)
{
	static const char *const by_heat[] = {
		[PLAN_COLD] = "always",
		[PLAN_WARM] = "in budget",
		[PLAN_HOT] = "windows",
	};

	return p->inside_write ? "windows" : by_heat[p->heat];
}

static void print_text(const char *binary, const struct plan *p)
{
	const struct gobin_info *info = gobin_info(p->bin);
	struct err doubt;

	cmd_print(stdout, binary);
	printf("  ");
	cmd_print(stdout, info->version);
	printf(", %s maps, %s%s\n", info->swiss ? "Swiss" : "classic", info->pie ? "PIE, " : "",
	       info->stripped ? "stripped" : "with symbols");
	if (gobin_layout_doubt(p->bin, &doubt)) {
		printf("not certain: ");
		cmd_print(stdout, doubt.msg);
		puts("");
	}
	puts("");
	printf("%-20s %-11s %-9s %-44s %-20s %s\n", "POINT", "CLASS", "ARMED", "SITE",
	       "INSTRUCTION", "WHY THERE");
	for (size_t i = 0; i < p->nsites; i++) {
		const struct plan_site *s = &p->sites[i];
		char at[128];

		snprintf(at, sizeof(at), "%s+0x%" PRIx64, s->func, s->addr - s->func_addr);
		printf("%-20s %-11s %-9s %-44s %-20s %s\n", s->point->name, plan_cost_name(s->cost),
		       armed(s->point), at, s->insn, s->why);
	}
	if (p->nmissing)
		puts("\nNot probed:");
	for (size_t i = 0; i < p->nmissing; i++)
		printf("  %-24s %s\n", p->missing[i].point->name, p->missing[i].why);
	puts("\nemulated: below a microsecond a hit; single-step: 10 to 20 us. windows: 2 ms at a "
	     "time, "
	     "random phase.");
}

static json_t *site_json(const struct plan_site *s)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "point",
			 s->point->name, "group", plan_group_name(s->point->group), "function",
			 s->func, "address", (json_int_t)s->addr, "function_offset",
			 (json_int_t)(s->addr - s->func_addr), "file_offset", (json_int_t)s->offset,
			 "instruction", s->insn, "class", plan_cost_name(s->cost), "armed",
			 armed(s->point), "why", s->why);
}

static int print_json(const char *binary, const struct plan *p)
{
	const struct gobin_info *info = gobin_info(p->bin);
	struct err doubt;
	json_t *sites = json_array(), *missing = json_array(), *root;
	int rc;

	for (size_t i = 0; i < p->nsites; i++)
		json_array_append_new(sites, site_json(&p->sites[i]));
	for (size_t i = 0; i < p->nmissing; i++)
		json_array_append_new(missing,
				      json_pack("{s:s, s:s}", "what", p->missing[i].point->name,
						"why", p->missing[i].why));
	if (gobin_layout_doubt(p->bin, &doubt))
		json_array_append_new(missing, json_pack("{s:s, s:o}", "what", "certainty", "why",
							 cmd_json_text(doubt.msg)));
	root = json_pack("{s:o, s:o, s:s, s:b, s:b, s:o, s:o}", "binary", cmd_json_text(binary),
			 "go_version", cmd_json_text(info->version), "map_kind",
			 info->swiss ? "swiss" : "classic", "pie", info->pie, "stripped",
			 info->stripped, "sites", sites, "unavailable", missing);
	rc = root ? json_dumpf(root, stdout, JSON_INDENT(2)) : -1;
	json_decref(root);
	puts("");
	return rc;
}

static int show(const char *binary, const struct gobin *b, const struct plan_args *args,
		struct err *e)
{
	const struct plan_opts opts = { .groups = args->groups };
	struct plan p;
	int rc = plan_build(b, &opts, &p, e);

	if (rc)
		return rc;
	if (!strcmp(args->format, "json")) {
		if (print_json(binary, &p))
			rc = err_set(e, -EIO, "plan: cannot be written as JSON");
	} else {
		print_text(binary, &p);
	}
	plan_deinit(&p);
	return rc;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct plan_args args = { .format = "text", .groups = PLAN_ALL };
	struct target *target = NULL;
	struct gobin *bin = NULL;
	struct err e = { 0 };
	int status, rc;

	if (!cmd_parse(self, argc, argv, &args, NULL, 0, &status))
		return status;
	if (!args.pid == !args.binary)
		return cmd_usage_error(self, "give either -p PID or -b FILE");
	rc = args.pid ? target_open(args.pid, &target, &e) : gobin_open(args.binary, &bin, &e);
	if (!rc)
		rc = target ? show(target_exe(target), target_gobin(target), &args, &e)
			    : show(args.binary, bin, &args, &e);
	status = rc ? cmd_fail(&e) : EXIT_OK;
	target_close(target);
	gobin_close(bin);
	return status;
}

const struct command cmd_plan = {
	.name = "plan",
	.args = "-p PID | -b FILE [-e GROUPS] [-f text|json]",
	.summary = "which places would be probed, why there, at what cost, and what is unavailable",
	.options = options,
	.run = run,
};
