// SPDX-License-Identifier: Apache-2.0
/* ps: the Go processes of this host, what each is, and what can be had of it. */
#include <cap-ng.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "cmd/ps.h"
#include "cmd/table.h"
#include "plan/plan.h"

struct ps_args {
	const char *format;
};

static const struct cmd_option options[] = {
	{ 'f', "format", "FORMAT", "text or json (default text)", parse_format,
	  offsetof(struct ps_args, format) },
	{ 0 },
};

#define MAX_NAMED 4 /* of what is not available */
#define MAX_PIDS  8 /* of those that share a reason */

static const struct table_column columns[] = {
	{ .title = "PID", .right = true },
	{ .title = "GO", .least = 8 },
	{ .title = "MODULE", .keep_end = true, .least = 8 },
	{ .title = "VERSION", .least = 7 },
	{ .title = "MAPS" },
	{ .title = "STRIPPED" },
	{ .title = "MEMPROFILE" },
	{ .title = "CONTAINER", .least = 9 },
	{ .title = "AVAILABLE", .least = 9 },
	{ .title = "PROGRAM", .keep_end = true, .least = 10 },
};

#define NCOLUMNS (sizeof(columns) / sizeof(*columns))

/* The cells that are not strings already. */
struct cells {
	char pid[16], memprofile[32], container[CONTAINER_ID_MAX + 32], available[320];
};

static const char *or_dash(const char *s)
{
	return s && *s ? s : "-";
}

static void memprofile_text(const struct list_process *p, char *ret, size_t size)
{
	if (p->memprofile.state == MEMPROFILE_ON)
		snprintf(ret, size, "on %" PRIu64, p->memprofile.rate);
	else
		snprintf(ret, size, "%s", memprofile_state_name(p->memprofile.state));
}

/* "docker:0123456789ab", "nspawn:web", "namespace" */
static void container_text(const struct container *c, char *ret, size_t size)
{
	bool hex = strspn(c->id, "0123456789abcdef") == 64 && !c->id[64];

	if (!c->runtime)
		snprintf(ret, size, "-");
	else
		snprintf(ret, size, "%s%s%.*s", c->runtime, *c->id ? ":" : "",
			 hex ? 12 : (int)sizeof(c->id), c->id);
}

/* "all", "all but stw.reason, heap_live", "nothing: built with go1.16.15, which ..." */
static void available_text(const struct ps_binary *b, char *ret, size_t size)
{
	size_t at = 0;

	if (!b->info) {
		snprintf(ret, size, "nothing: %s", b->why);
		return;
	}
	at += snprintf(ret, size, "all");
	for (size_t i = 0; i < b->lost.len && i < MAX_NAMED && at < size; i++)
		at += snprintf(ret + at, size - at, "%s%s", i ? ", " : " but ",
			       b->lost.data[i].what);
	if (b->lost.len > MAX_NAMED && at < size)
		snprintf(ret + at, size - at, " and %zu more", b->lost.len - MAX_NAMED);
}

static void fill_row(const struct ps *ps, const struct list_process *p, struct cells *c,
		     const char **row)
{
	const struct ps_binary *b = &ps->binaries[p->binary];
	const char *const cells[NCOLUMNS] = {
		c->pid,
		or_dash(b->version),
		or_dash(b->module),
		or_dash(b->module_version),
		!b->info	 ? "-"
		: b->info->swiss ? "swiss"
				 : "classic",
		!b->info	    ? "-"
		: b->info->stripped ? "yes"
				    : "no",
		c->memprofile,
		c->container,
		c->available,
		p->exe,
	};

	snprintf(c->pid, sizeof(c->pid), "%d", p->pid);
	memprofile_text(p, c->memprofile, sizeof(c->memprofile));
	container_text(&p->container, c->container, sizeof(c->container));
	available_text(b, c->available, sizeof(c->available));
	memcpy(row, cells, sizeof(cells));
}

static int print_table(const struct ps *ps, struct err *e)
{
	size_t n = ps->list.processes.len;
	struct cells *cells _cleanup_free_ = calloc(n, sizeof(*cells));
	const char **rows _cleanup_free_ = calloc(n, NCOLUMNS * sizeof(*rows));

	if (!cells || !rows)
		return err_set(e, -ENOMEM, "ps: out of memory");
	for (size_t i = 0; i < n; i++)
		fill_row(ps, &ps->list.processes.data[i], &cells[i], &rows[i * NCOLUMNS]);
	return table_print(stdout, columns, NCOLUMNS, rows, n, table_terminal_width(stdout), e);
}

/* Why the memory profile is unknown, once for the processes of one binary. */
static void print_memprofile_reason(const struct list *l, size_t binary)
{
	size_t n = 0;
	const char *why = NULL;

	vec_foreach (p, &l->processes) {
		if (p->binary != binary || !p->memprofile_why.code)
			continue;
		if (!n)
			why = p->memprofile_why.msg;
		if (n < MAX_PIDS)
			printf("%s%d", n ? ", " : "MEMPROFILE of ", p->pid);
		n++;
	}
	if (n > MAX_PIDS)
		printf(" and %zu more", n - MAX_PIDS);
	if (!n)
		return;
	printf(" is unknown: ");
	cmd_print(stdout, why);
	puts("");
}

static bool may_look_at_all(void)
{
	return !capng_get_caps_process() && capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_PTRACE);
}

static void print_unseen(const struct list *l)
{
	if (l->unreadable) {
		printf("%zu process%s could not be read: ", l->unreadable,
		       l->unreadable == 1 ? "" : "es");
		cmd_print(stdout, l->unreadable_why.msg);
		puts("");
	}
	if (l->hidden)
		puts("/proc hides the processes of other users (its mount option hidepid): "
		     "CAP_SYS_PTRACE would show them");
	if (l->refused)
		printf("%zu process%s %s\n", l->refused, l->refused == 1 ? "" : "es",
		       may_look_at_all()
			       ? "could not be looked at even with CAP_SYS_PTRACE: outside "
				 "of this user namespace, or refused by a security module"
			       : "of other users could not be looked at: CAP_SYS_PTRACE is needed "
				 "(sudo setcap cap_sys_ptrace+ep)");
}

static int print_text(const struct ps *ps, struct err *e)
{
	int rc = 0;

	if (ps->list.processes.len)
		rc = print_table(ps, e);
	else
		puts("No Go process was found.");
	for (size_t i = 0; i < ps->list.binaries.len && !rc; i++)
		print_memprofile_reason(&ps->list, i);
	print_unseen(&ps->list);
	return rc;
}

static int add_lost(struct ps_binary *b, const char *what, const char *why, struct err *e)
{
	struct ps_lost lost = { .what = what };

	snprintf(lost.why, sizeof(lost.why), "%s", why);
	return vec_push(&b->lost, lost) ? err_set(e, -ENOMEM, "ps: out of memory") : 0;
}

/* What the plan for the binary lacks, and what needs the address of a variable. */
static int find_lost(struct ps_binary *ret, const struct gobin *bin, struct err *e)
{
	const struct plan_opts opts = { .groups = PLAN_ALL };
	struct err why = { 0 };
	uint64_t unused;
	struct plan p;
	int rc = plan_build(bin, &opts, &p, e);

	if (rc)
		return rc;
	for (size_t i = 0; i < p.nmissing && !rc; i++)
		if (p.missing[i].lost)
			rc = add_lost(ret, p.missing[i].point->name, p.missing[i].why, e);
	plan_deinit(&p);
	if (!rc && gobin_layout_doubt(bin, &why))
		rc = add_lost(ret, "certainty", why.msg, e);
	if (!rc && gobin_global(bin, "runtime.gcController", &unused, &why))
		rc = add_lost(ret, "heap_live", why.msg, e);
	return rc;
}

static int describe(struct ps_binary *ret, const struct list_binary *b, struct err *e)
{
	if (!b->bin) {
		*ret = (struct ps_binary){ .version = b->id.version,
					   .module = b->id.module,
					   .module_version = b->id.module_version,
					   .why = b->why.msg };
		return 0;
	}
	ret->info = gobin_info(b->bin);
	ret->version = ret->info->version;
	ret->module = ret->info->module;
	ret->module_version = ret->info->module_version;
	return find_lost(ret, b->bin, e);
}

static int ps_init(struct ps *ps, struct err *e)
{
	int rc = list_read(&ps->list, e);

	if (rc)
		return rc;
	ps->binaries = calloc(ps->list.binaries.len, sizeof(*ps->binaries));
	if (!ps->binaries)
		return err_set(e, -ENOMEM, "ps: out of memory");
	for (size_t i = 0; i < ps->list.binaries.len && !rc; i++)
		if (ps->list.binaries.data[i].go)
			rc = describe(&ps->binaries[i], &ps->list.binaries.data[i], e);
	return rc;
}

static void ps_deinit(struct ps *ps)
{
	for (size_t i = 0; ps->binaries && i < ps->list.binaries.len; i++)
		vec_deinit(&ps->binaries[i].lost);
	free(ps->binaries);
	list_deinit(&ps->list);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct ps_args args = { .format = "text" };
	struct err e = { 0 };
	struct ps ps = { 0 };
	int status, rc;

	if (!cmd_parse(self, argc, argv, &args, NULL, 0, &status))
		return status;
	rc = ps_init(&ps, &e);
	if (!rc)
		rc = strcmp(args.format, "json") ? print_text(&ps, &e) : ps_print_json(&ps, &e);
	status = rc ? cmd_fail(&e) : EXIT_OK;
	ps_deinit(&ps);
	return status;
}

const struct command cmd_ps = {
	.name = "ps",
	.args = "[-f text|json]",
	.summary = "the Go processes of this host, and what can be had of each",
	.details = "MEMPROFILE: bytes from one sample of the heap profile to the next. CONTAINER: "
		   "as its control\ngroup tells, or namespace where only its namespaces do. "
		   "AVAILABLE: `mapprobe plan -p PID` and\n-f json say why.\n",
	.options = options,
	.run = run,
};
