/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building summary.json. Members are put in a fixed order and keep it; a failed allocation is
 * sticky and checked once at the end.
 */
#ifndef MAPPROBE_REPORT_JSON_OUT_H
#define MAPPROBE_REPORT_JSON_OUT_H

#include <jansson.h>
#include <stdbool.h>

#include "analyze/result.h"
#include "base/u64map.h"

struct json_out {
	const struct result *r;
	bool failed;
	struct u64map stack_index; /* index into result.stacks -> index into stacks */
	json_t *stacks;		   /* the top-level array */
};

/* Take the reference to v; NULL counts as out of memory. */
void jput(struct json_out *j, json_t *object, const char *key, json_t *v);
void jadd(struct json_out *j, json_t *array, json_t *v);

json_t *jint(uint64_t v); /* clamped to 2^63 - 1 */
json_t *jround(double v); /* to the nearest integer, clamped; 0 when it is no number */
json_t *jstr(struct json_out *j, const char *s);	 /* made valid UTF-8; NULL is "" */
json_t *jstr_or_null(struct json_out *j, const char *s); /* null for NULL and "" */
json_t *jint_or_null(bool known, uint64_t v);
json_t *jaddr(uint64_t v); /* "0xc000012340" */

json_t *jcount(struct json_out *j, const struct result_count *c);
json_t *jhist(struct json_out *j, const struct result_hist *h);
/* The frames of a stack, innermost first; null when there is none. */
json_t *jstack(struct json_out *j, uint32_t stack);
/* For long lists: the index of the stack in the top-level "stacks"; null when there is none. */
json_t *jstack_index(struct json_out *j, uint32_t stack);

/* Members of the top level. */
json_t *json_maps(struct json_out *j);
json_t *json_gc(struct json_out *j);
json_t *json_locks(struct json_out *j);
json_t *json_overhead(struct json_out *j);

/* Members "assigns", "deletes", "clears", "grows". */
extern const char *const json_map_op[RESULT_MAP_OPS];

#endif
