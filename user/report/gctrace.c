// SPDX-License-Identifier: Apache-2.0
/*
 * The line of GODEBUG=gctrace=1, byte for byte as gcMarkTermination prints it (runtime/mgc.go).
 * From Go 1.17 to 1.27 it differs in two ways: stacks and globals came with 1.18, "checking for
 * goroutine leaks" with 1.26.
 *
 * No number here is mapprobe's: they are the process's own, read at the moment when they are final
 * (trace/gcvalues.c).
 */
#include "report/gctrace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "report/formats.h"

struct ms {
	char s[24];
};

/* fmtNSAsMS of runtime/mgc.go: whole ms from ten on, else two digits, at most three decimals. */
static struct ms ms(uint64_t ns)
{
	uint64_t x = ns / 1000, unit = 1000;
	struct ms ret = { "0" };
	int decimals = 3;

	if (ns >= 10000000) {
		snprintf(ret.s, sizeof(ret.s), "%" PRIu64, ns / 1000000);
	} else if (x) {
		for (; x >= 100; x /= 10, unit /= 10)
			decimals--;
		snprintf(ret.s, sizeof(ret.s), "%" PRIu64 ".%0*" PRIu64, x / unit, decimals,
			 x % unit);
	}
	return ret;
}

/* Go's int(fraction * 100); what no int64 can hold is the lowest one on amd64 (CVTTSD2SQ). */
static int64_t percent(double fraction)
{
	double v = fraction * 100;

	return v > -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

struct gctrace_line gctrace_line(const struct result_gctrace *g)
{
	struct gctrace_line ret;
	char scans[80] = "";

	if (g->scans_known)
		snprintf(scans, sizeof(scans), "%" PRIu64 " MB stacks, %" PRIu64 " MB globals, ",
			 g->stacks_bytes >> 20, g->globals_bytes >> 20);
	snprintf(ret.s, sizeof(ret.s),
		 "gc %" PRIu32 " @%" PRIu64 ".%03" PRIu64 "s %" PRId64 "%%%s: "
		 "%s+%s+%s ms clock, %s+%s/%s/%s+%s ms cpu, "
		 "%" PRIu64 "->%" PRIu64 "->%" PRIu64 " MB, %" PRIu64 " MB goal, %s%" PRId32 " P%s",
		 g->number, g->at_ns / 1000000000, g->at_ns / 1000000 % 1000,
		 percent(g->cpu_fraction), g->leaks ? " (checking for goroutine leaks)" : "",
		 ms(g->sweep_term_ns).s, ms(g->mark_ns).s, ms(g->mark_term_ns).s,
		 ms(g->sweep_term_cpu_ns).s, ms(g->assist_cpu_ns).s, ms(g->worker_cpu_ns).s,
		 ms(g->idle_cpu_ns).s, ms(g->mark_term_cpu_ns).s, g->heap_start_bytes >> 20,
		 g->heap_end_bytes >> 20, g->heap_marked_bytes >> 20, g->goal_bytes >> 20, scans,
		 g->procs, g->forced ? " (forced)" : "");
	return ret;
}

int gctrace_write(const struct result *r, FILE *out, struct err *e)
{
	size_t untold = 0;

	for (size_t i = 0; i < r->ncycles; i++) {
		if (r->cycles[i].gctrace.known)
			fprintf(out, "%s\n", gctrace_line(&r->cycles[i].gctrace).s);
		else
			untold++;
	}
	if (untold)
		fprintf(out, "# no line for %zu of %zu cycles: not over, lost, or not to be had\n",
			untold, r->ncycles);
	return formats_flush(out, "gctrace.txt", e);
}
