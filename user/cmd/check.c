// SPDX-License-Identifier: Apache-2.0
/* check: what this kernel and these privileges allow, each thing tried. */
#include <stdio.h>
#include <sys/utsname.h>

#include "cmd/cmd.h"
#include "trace/trace.h"

static const struct cmd_option options[] = { { 0 } };

static int run(const struct command *self, int argc, char **argv)
{
	struct trace_features f;
	struct utsname uts;
	int status = EXIT_OK;

	if (!cmd_parse(self, argc, argv, NULL, NULL, 0, &status))
		return status;
	trace_features_probe(&f);
	uname(&uts);
	printf("kernel %s, mapprobe " MAPPROBE_VERSION "\n\n", uts.release);
	for (uint32_t i = 0; i < f.n; i++) {
		const struct trace_feature *t = &f.f[i];

		if (!t->ok && t->required)
			status = EXIT_UNAVAILABLE;
		printf("  %-4s %-14s %s\n",
		       t->ok	     ? "yes"
		       : t->required ? "NO"
				     : "no",
		       t->name, t->what);
		if (!t->ok)
			printf("       %-14s %s\n", "", t->why);
	}
	if (f.emulated_ns)
		printf("\nA hit costs %u ns where the kernel emulates the instruction, %u ns where "
		       "it "
		       "single-steps it.\n",
		       f.emulated_ns, f.single_step_ns);
	puts(status ? "\nTracing is not possible: see NO above." : "\nTracing is possible.");
	return status;
}

const struct command cmd_check = {
	.name = "check",
	.args = "",
	.summary = "what this kernel and these privileges allow",
	.options = options,
	.run = run,
};
