// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

static const struct command *const commands[] = { &cmd_attach, &cmd_stat, &cmd_report,
						  &cmd_plan,   &cmd_ps,	  &cmd_check };

#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static void print_help(FILE *out)
{
	fputs("mapprobe " MAPPROBE_VERSION ": looks into live Go processes: map writes and growth, "
	      "GC, pauses, locks.\n\n"
	      "Usage: mapprobe COMMAND [OPTIONS]\n\nCommands:\n",
	      out);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`mapprobe COMMAND --help` tells more. Start with `mapprobe attach -p PID -d "
	      "10s`.\n",
	      out);
}

/* Started with one of them closed, what is opened first must not take its place. */
static void open_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * A file that is mapped and then cut short ends in this signal at the next look at it. The binary
 * of a running process cannot be cut short (ETXTBSY); one on disk can.
 */
static void on_bus_error(int sig)
{
	static const char text[] = "mapprobe: the binary was cut short while it was read\n";
	ssize_t unused = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)sig;
	(void)unused;
	_exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	open_standard_streams();
	signal(SIGBUS, on_bus_error);

	if (!name) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("mapprobe " MAPPROBE_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (!strcmp(name, commands[i]->name))
			return commands[i]->run(commands[i], argc - 1, argv + 1);
	fprintf(stderr, "mapprobe: %s: no such command (see `mapprobe --help`)\n", name);
	return EXIT_USAGE;
}
