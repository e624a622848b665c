// SPDX-License-Identifier: Apache-2.0
/* Options by table, on top of getopt_long. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"

enum { MAX_OPTIONS = 16, LONG_ONLY = 256 };

int cmd_usage_error(const struct command *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "mapprobe %s: ", c->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nUsage: mapprobe %s %s (see `mapprobe %s --help`)\n", c->name, c->args,
		c->name);
	return EXIT_USAGE;
}

int cmd_fail(const struct err *e)
{
	static const struct {
		int code, status;
	} table[] = {
		{ -EPERM, EXIT_UNAVAILABLE },  { -EACCES, EXIT_UNAVAILABLE },
		{ -ENOSYS, EXIT_UNAVAILABLE }, { -ENOEXEC, EXIT_NOT_GO },
		{ -ENOTSUP, EXIT_NOT_GO },
	};

	fputs("mapprobe: ", stderr);
	cmd_print(stderr, e->msg);
	fputs("\n", stderr);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (e->code == table[i].code)
			return table[i].status;
	return EXIT_FAILED;
}

static void print_help(const struct command *c)
{
	printf("Usage: mapprobe %s %s\n\n%s\n\nOptions:\n", c->name, c->args, c->summary);
	for (const struct cmd_option *o = c->options; o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			 o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-28s %s\n", left, o->help);
	}
	printf("  %-28s %s\n", "-h, --help", "show this help");
	if (c->details)
		printf("\n%s", c->details);
}

/* What getopt_long wants, from the table; index i of longs is option i. */
static void build(const struct command *c, char *shorts, struct option *longs)
{
	size_t n = 0;

	*shorts++ = ':';
	for (; c->options[n].name; n++) {
		const struct cmd_option *o = &c->options[n];

		longs[n] = (struct option){ o->name, o->arg ? required_argument : no_argument, NULL,
					    LONG_ONLY + (int)n };
		if (o->letter) {
			*shorts++ = o->letter;
			if (o->arg)
				*shorts++ = ':';
		}
	}
	longs[n++] = (struct option){ "help", no_argument, NULL, 'h' };
	longs[n] = (struct option){ 0 };
	*shorts++ = 'h';
	*shorts = 0;
}

static const struct cmd_option *find(const struct command *c, int opt)
{
	if (opt >= LONG_ONLY)
		return &c->options[opt - LONG_ONLY];
	for (const struct cmd_option *o = c->options; o->name; o++)
		if (o->letter == opt)
			return o;
	return NULL;
}

bool cmd_parse(const struct command *c, int argc, char **argv, void *args, const char **operands,
	       size_t max_operands, int *status)
{
	char shorts[2 * MAX_OPTIONS + 3];
	struct option longs[MAX_OPTIONS + 2];
	size_t noperands = 0;
	int opt;

	build(c, shorts, longs);
	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct cmd_option *o = find(c, opt);
		struct err e = { 0 };

		if (opt == 'h') {
			print_help(c);
			*status = EXIT_OK;
			return false;
		}
		if (!o) {
			*status = cmd_usage_error(c, "%s: %s", argv[optind - 1],
						  opt == ':' ? "needs an argument"
							     : "no such option");
			return false;
		}
		if (o->parse(optarg, (char *)args + o->offset, &e)) {
			*status = cmd_usage_error(c, "--%s: %s", o->name, e.msg);
			return false;
		}
	}
	for (; optind < argc; optind++) {
		if (noperands == max_operands) {
			*status = cmd_usage_error(c, "%s: one argument too many", argv[optind]);
			return false;
		}
		operands[noperands++] = argv[optind];
	}
	return true;
}
