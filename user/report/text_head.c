// SPDX-License-Identifier: Apache-2.0
/* What was looked at, for how long, how truly and at what cost. */
#include "report/text.h"

#include <string.h>

#include "report/frames.h"

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static const char *or_unknown(const char *s)
{
	return s && *s ? s : "unknown";
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void head_target(struct text *t)
{
	const struct result *r = t->r;
	const char *go = or_empty(r->go_version), *module = or_empty(r->module);

	text_put(t, "\n  target   %s\n", text_name(t, or_unknown(r->exe), 88).s);
	/* "go1.26.8" reads better as "Go 1.26.8". */
	if (!strncmp(go, "go", 2))
		text_put(t, "           Go %s", text_name(t, go + 2, 24).s);
	else
		text_put(t, "           Go version %s", text_name(t, or_unknown(go), 24).s);
	text_put(t, ", %s maps%s%s", r->swiss ? "Swiss" : "classic", r->pie ? ", PIE" : "",
		 r->stripped ? ", stripped" : "");
	if (*module)
		text_put(t, ", %s%s%s", text_name(t, module, 36).s,
			 *or_empty(r->module_version) ? " " : "",
			 text_name(t, or_empty(r->module_version), 12).s);
	text_put(t, "\n  host     Linux %s, %u CPU%s\n", text_name(t, or_unknown(r->kernel), 40).s,
		 r->cpus, fmt_plural(r->cpus));
}

/* How many of the counts are known, and of these estimated. */
static size_t counts(const struct result *r, size_t *estimated)
{
	const struct result_count *c[RESULT_MAP_OPS + 4] = { &r->evacuations, &r->lock_waits,
							     &r->gc_cycles, &r->assist_count };
	size_t known = 0;

	for (size_t i = 0; i < RESULT_MAP_OPS; i++)
		c[4 + i] = &r->map_ops[i];
	*estimated = 0;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		known += c[i]->known;
		*estimated += c[i]->known && !c[i]->exact;
	}
	return known;
}

static void head_truth(struct text *t)
{
	const struct result *r = t->r;
	size_t estimated, known = counts(r, &estimated);

	if (!known)
		text_put(t, "  counts   none: no probe was armed\n");
	else if (!estimated)
		text_put(t, "  counts   exact: every probe was always armed\n");
	else if (!r->windows)
		text_put(t, "  counts   at least (≥) what was seen: the events have no end\n");
	else
		text_put(t,
			 "  counts   estimated (~, +, ≥) from %s window%s: armed %s of %s (%s)%s\n",
			 fmt_int(r->windows).s, fmt_plural(r->windows), fmt_ns(r->armed_ns).s,
			 fmt_ns(r->duration_ns).s,
			 fmt_share(fmt_ratio((double)r->armed_ns, (double)r->duration_ns)).s,
			 estimated < known ? "; others exact" : "");
	text_put(t, "  cost     %s of one CPU taken from the target (",
		 fmt_share(fmt_ratio((double)r->overhead_ns, (double)r->duration_ns)).s);
	if (r->exact)
		text_put(t, "no budget was set); ");
	else
		text_put(t, "budget %s); ", fmt_share(r->budget).s);
	if (r->lost_events)
		text_put(t, "%s event%s LOST\n", fmt_int(r->lost_events).s,
			 fmt_plural(r->lost_events));
	else
		text_put(t, "no event lost\n");
}

void text_head(struct text *t)
{
	const struct result *r = t->r;
	const char *ended = or_empty(r->ended);

	text_put(t, t->color ? "\033[1mmapprobe %s\033[0m  " : "mapprobe %s  ",
		 text_name(t, or_unknown(r->mapprobe), 16).s);
	text_put(t, "%s (pid %u), %s from %s\n", text_name(t, base_name(or_unknown(r->exe)), 32).s,
		 r->pid, fmt_ns(r->duration_ns).s, fmt_unix(r->start_unix_ns).s);
	head_target(t);
	if (strcmp(ended, "time"))
		text_put(t, "  ended    %s\n", text_name(t, or_unknown(ended), 40).s);
	head_truth(t);
}
