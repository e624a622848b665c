/* SPDX-License-Identifier: Apache-2.0 */
/* Subcommands: one file each, one table (main.c). What they share: options, exit status, messages.
 */
#ifndef MAPPROBE_CMD_H
#define MAPPROBE_CMD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNAVAILABLE = 3, /* no permission, no kernel support */
	EXIT_NOT_GO = 4,      /* not a Go process, or a version that is not supported */
	EXIT_CRASHED = 6,     /* the target crashed and the crash was captured */
};

struct command {
	const char *name;
	const char *args; /* after the name in the usage line */
	const char *summary;
	const char *details; /* shown by --help after the options; may be NULL */
	const struct cmd_option *options;
	/* argv[0] is the command's name. Returns an exit status. */
	int (*run)(const struct command *self, int argc, char **argv);
};

/*
 * One option. parse() stores the argument at the option's place in the command's own struct and
 * says in e what is wrong with it; it gets NULL for an option without argument (arg == NULL).
 */
struct cmd_option {
	char letter; /* 0: only long */
	const char *name;
	const char *arg;
	const char *help;
	int (*parse)(const char *text, void *place, struct err *e);
	size_t offset; /* of the place in the struct handed to cmd_parse */
};

/*
 * Reads argv into args by the command's options; up to max_operands others go to operands (the rest
 * is NULL). Returns true to go on; else *status is what to return: 0 after --help, EXIT_USAGE after
 * a message.
 */
bool cmd_parse(const struct command *c, int argc, char **argv, void *args, const char **operands,
	       size_t max_operands, int *status);
/* Says on stderr what is wrong with the usage; returns EXIT_USAGE. */
int cmd_usage_error(const struct command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Prints what may have names of the target's in it, made fit for a terminal. */
void cmd_print(FILE *out, const char *text);
/* The same for JSON; NULL and "" are null. */
json_t *cmd_json_text(const char *s);
/* Prints the error; returns its exit status. */
int cmd_fail(const struct err *e);

extern const struct command cmd_attach, cmd_stat, cmd_report, cmd_plan, cmd_ps, cmd_check;

#endif
