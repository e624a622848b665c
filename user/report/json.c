// SPDX-License-Identifier: Apache-2.0
/*
 * summary.json: the whole result for programs. docs/summary.schema.json describes it,
 * docs/summary.md explains it. Members come in a fixed order and nothing depends on the time or the
 * machine of writing: the same result gives the same bytes.
 */
#include <errno.h>
#include <string.h>

#include "report/formats.h"
#include "report/json_out.h"

static json_t *json_target(struct json_out *j)
{
	const struct result *r = j->r;
	json_t *o = json_object();

	jput(j, o, "pid", jint(r->pid));
	jput(j, o, "exe", jstr(j, r->exe));
	jput(j, o, "go_version", jstr(j, r->go_version));
	jput(j, o, "module", jstr_or_null(j, r->module));
	jput(j, o, "module_version", jstr_or_null(j, r->module_version));
	jput(j, o, "build_id", jstr_or_null(j, r->build_id));
	jput(j, o, "stripped", json_boolean(r->stripped));
	jput(j, o, "pie", json_boolean(r->pie));
	jput(j, o, "map_kind", json_string(r->swiss ? "swiss" : "classic"));
	return o;
}

static json_t *json_host(struct json_out *j)
{
	json_t *o = json_object();

	jput(j, o, "kernel", jstr(j, j->r->kernel));
	jput(j, o, "cpus", jint(j->r->cpus));
	return o;
}

/* No part of the result says anything of the heap's contents. */
static json_t *json_heap(struct json_out *j)
{
	json_t *o = json_object();

	jput(j, o, "inuse_bytes", json_null());
	jput(j, o, "alloc_bytes", json_null());
	jput(j, o, "source", json_null());
	return o;
}

static json_t *json_crash(struct json_out *j)
{
	const struct result_crash *c = j->r->crash;
	json_t *o, *writers, *w;

	if (!c)
		return json_null();
	o = json_object();
	jput(j, o, "kind", json_string(c->fatal ? "fatal" : "throw"));
	jput(j, o, "message", jstr(j, c->message));
	jput(j, o, "at_ns", jint(c->at_ns));
	jput(j, o, "goid", jint(c->goid));
	jput(j, o, "tid", jint(c->tid));
	jput(j, o, "stack", jstack(j, c->stack));
	writers = json_array();
	/* mapassign and its like say this of their own goroutine; the other one is not known. */
	if (c->message && strstr(c->message, "concurrent map writes")) {
		w = json_object();
		jput(j, w, "goid", jint(c->goid));
		jput(j, w, "stack", jstack(j, c->stack));
		jadd(j, writers, w);
	}
	jput(j, o, "writers", writers);
	return o;
}

static json_t *json_loss(struct json_out *j)
{
	json_t *o = json_object();

	jput(j, o, "events", jint(j->r->lost_events));
	jput(j, o, "stacks", jint(j->r->lost_stacks));
	jput(j, o, "unmatched", jint(j->r->unmatched));
	return o;
}

static json_t *json_unwinding(struct json_out *j)
{
	const struct result_unwinding *u = &j->r->unwinding;
	json_t *o = json_object();

	jput(j, o, "complete", jint(u->complete));
	jput(j, o, "gaps", jint(u->gaps));
	jput(j, o, "deeper", jint(u->deeper));
	jput(j, o, "c_code", jint(u->c_code));
	jput(j, o, "unknown", jint(u->unknown));
	return o;
}

static void add_missing(struct json_out *j, json_t *list, const char *what, const char *why)
{
	json_t *o = json_object();

	jput(j, o, "what", jstr(j, what));
	jput(j, o, "why", jstr(j, why));
	jadd(j, list, o);
}

static json_t *json_unavailable(struct json_out *j)
{
	const struct result *r = j->r;
	json_t *list = json_array();

	for (size_t i = 0; i < r->nmissing; i++)
		add_missing(j, list, r->missing[i].what, r->missing[i].why);
	add_missing(j, list, "heap", "heap profiles are not part of this version");
	return list;
}

static json_t *json_build(struct json_out *j)
{
	const struct result *r = j->r;
	json_t *o = json_object();

	jput(j, o, "schema", json_string("mapprobe.summary/1"));
	jput(j, o, "mapprobe", jstr(j, r->mapprobe));
	jput(j, o, "start_unix_ns", jint(r->start_unix_ns));
	jput(j, o, "duration_ns", jint(r->duration_ns));
	jput(j, o, "ended", jstr(j, r->ended));
	jput(j, o, "complete", json_boolean(r->complete));
	jput(j, o, "target", json_target(j));
	jput(j, o, "host", json_host(j));
	jput(j, o, "crash", json_crash(j));
	jput(j, o, "maps", json_maps(j));
	jput(j, o, "gc", json_gc(j));
	jput(j, o, "locks", json_locks(j));
	jput(j, o, "heap", json_heap(j));
	jput(j, o, "loss", json_loss(j));
	jput(j, o, "unwinding", json_unwinding(j));
	jput(j, o, "overhead", json_overhead(j));
	jput(j, o, "unavailable", json_unavailable(j));
	jput(j, o, "stacks", json_incref(j->stacks));
	return o;
}

int json_write(const struct result *r, FILE *out, struct err *e)
{
	struct json_out j = { .r = r, .stacks = json_array() };
	json_t *top = json_build(&j);
	int rc = 0;

	if (j.failed || !top || !j.stacks)
		rc = err_set(e, -ENOMEM, "summary.json: out of memory");
	/* Six digits are more than any share is worth, and print the same everywhere. */
	if (!rc && (json_dumpf(top, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) ||
		    fputc('\n', out) == EOF))
		rc = err_set(e, -EIO, "summary.json: write failed");
	json_decref(top);
	json_decref(j.stacks);
	u64map_deinit(&j.stack_index);
	return rc ? rc : formats_flush(out, "summary.json", e);
}
