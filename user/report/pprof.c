// SPDX-License-Identifier: Apache-2.0
/*
 * pprof's format: a gzipped protobuf message (pprof.proto). Everything refers by number: samples to
 * locations, a location to functions (one line for each function inlined there, innermost first)
 * and to the mapping of the executable, and all of them to strings.
 *
 * As Go's own profiles have it (runtime/pprof/proto.go, appendLocsForStack and emitLocation, Go
 * 1.26): stacks are return addresses, a location's address is the return address - 1, which lies
 * within the call; runtime.goexit is left out, and so are the wrappers that the compiler makes of
 * methods (CallersFrames, elideWrapperCalling in runtime/traceback.go); names of generic functions
 * are without type arguments (system_name has them).
 */
#include "report/pprof.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/frames.h"
#include "report/safe.h"

#define LOST_STACK "[stack lost]"

void pprof_init(struct pprof *p, const struct result *r, const struct pprof_kind *kind)
{
	*p = (struct pprof){ .r = r, .kind = kind };
	pprof_string(p, "");
}

void pprof_deinit(struct pprof *p)
{
	vec_foreach (s, &p->strings)
		free(*s);
	vec_deinit(&p->strings);
	u64map_deinit(&p->string_index);
	vec_deinit(&p->functions);
	u64map_deinit(&p->function_index);
	vec_deinit(&p->locs);
	u64map_deinit(&p->location_index);
	vec_deinit(&p->lines);
	vec_deinit(&p->samples);
	vec_deinit(&p->sample_locs);
	vec_deinit(&p->sample_values);
	vec_deinit(&p->labels);
	vec_deinit(&p->comments);
}

/* FNV-1a. */
static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3;
	return h;
}

/* The table maps hashes to indices; strings of one hash are found by mixing it on. */
static int64_t intern(struct pprof *p, const char *s)
{
	uint64_t key = hash(s), *have;
	char *copy;

	while ((have = u64map_get(&p->string_index, key))) {
		if (!strcmp(p->strings.data[*have], s))
			return (int64_t)*have;
		key = u64_mix(key, 1);
	}
	copy = strdup(s);
	if (!copy || u64map_put(&p->string_index, key, p->strings.len) ||
	    vec_push(&p->strings, copy)) {
		/* The index may now name a string that is not there: nothing may look again. */
		u64map_deinit(&p->string_index);
		free(copy);
		p->failed = true;
		return 0;
	}
	return (int64_t)p->strings.len - 1;
}

int64_t pprof_string(struct pprof *p, const char *s)
{
	_cleanup_buf_ struct buf b = { 0 };

	safe_utf8(&b, s);
	buf_u8(&b, 0);
	if (b.failed || p->failed) {
		p->failed = true;
		return 0;
	}
	return intern(p, (const char *)b.data);
}

void pprof_comment(struct pprof *p, const char *fmt, ...)
{
	_cleanup_free_ char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	if (!s || vec_push(&p->comments, pprof_string(p, s)))
		p->failed = true;
}

/* The name without type arguments. */
static int64_t generic_name(struct pprof *p, const char *name)
{
	_cleanup_buf_ struct buf b = { 0 };

	frame_put_func(&b, name ? name : "");
	buf_u8(&b, 0);
	p->failed |= b.failed;
	return b.failed ? 0 : pprof_string(p, (const char *)b.data);
}

static uint64_t function_id(struct pprof *p, const char *name, const char *file, uint32_t start)
{
	Perftools__Profiles__Function f = PERFTOOLS__PROFILES__FUNCTION__INIT;
	uint64_t key, *have;

	f.name = generic_name(p, name);
	f.system_name = pprof_string(p, name);
	f.filename = pprof_string(p, file);
	f.start_line = start;
	key = u64_mix(u64_mix((uint64_t)f.system_name, (uint64_t)f.filename), start);
	while ((have = u64map_get(&p->function_index, key))) {
		const Perftools__Profiles__Function *g = &p->functions.data[*have - 1];

		if (g->system_name == f.system_name && g->filename == f.filename &&
		    g->start_line == f.start_line)
			return *have;
		key = u64_mix(key, 1);
	}
	f.id = p->functions.len + 1;
	if (vec_push(&p->functions, f) || u64map_put(&p->function_index, key, f.id))
		p->failed = true;
	return f.id;
}

static void add_line(struct pprof *p, const char *func, const char *file, uint32_t line,
		     uint32_t start)
{
	Perftools__Profiles__Line l = PERFTOOLS__PROFILES__LINE__INIT;

	l.function_id = function_id(p, func, file, start);
	l.line = line;
	if (vec_push(&p->lines, l))
		p->failed = true;
}

/* A location of nothing but wrappers. */
static bool is_wrapper(const struct result_loc *l)
{
	for (size_t i = 0; i < l->nlines; i++)
		if (!frame_is_wrapper(&l->lines[i]))
			return false;
	return l->nlines;
}

static uint64_t add_location(struct pprof *p, const struct result_loc *l)
{
	struct pprof_loc loc = { .address = l->pc ? l->pc - 1 : 0, .line = p->lines.len };
	bool all = is_wrapper(l);

	if (loc.address >= p->r->exe_start && loc.address < p->r->exe_limit)
		loc.mapping = 1;
	for (size_t i = 0; i < l->nlines; i++)
		if (all || !frame_is_wrapper(&l->lines[i]))
			add_line(p, l->lines[i].func, l->lines[i].file, l->lines[i].line,
				 l->lines[i].start_line);
	loc.nlines = p->lines.len - loc.line;
	if (vec_push(&p->locs, loc))
		p->failed = true;
	return p->locs.len;
}

/* A sample without a location would be dropped by some tools and its value with it. */
static uint64_t lost_location(struct pprof *p)
{
	struct pprof_loc loc = { .line = p->lines.len, .nlines = 1 };

	if (p->lost_location)
		return p->lost_location;
	add_line(p, LOST_STACK, "", 0, 0);
	if (vec_push(&p->locs, loc))
		p->failed = true;
	p->lost_location = p->locs.len;
	return p->lost_location;
}

static uint64_t location_id(struct pprof *p, uint32_t index)
{
	const uint64_t *have = u64map_get(&p->location_index, index);
	uint64_t id;

	if (have)
		return *have;
	id = add_location(p, &p->r->locs[index]);
	if (u64map_put(&p->location_index, index, id))
		p->failed = true;
	return id;
}

static bool is_root(const struct result_loc *l)
{
	return l->nlines == 1 && l->lines[0].func && !strcmp(l->lines[0].func, "runtime.goexit");
}

static void add_stack(struct pprof *p, const struct result_stack *st, bool wrappers)
{
	for (size_t i = 0; i < st->nlocs && !p->failed; i++) {
		const struct result_loc *l = frame_loc(p->r, st->locs[i]);

		if (!l || is_root(l) || (!wrappers && is_wrapper(l)))
			continue;
		if (vec_push(&p->sample_locs, location_id(p, st->locs[i])))
			p->failed = true;
	}
}

void pprof_add_sample(struct pprof *p, uint32_t stack, const int64_t *values)
{
	struct pprof_sample s = { .loc = p->sample_locs.len,
				  .value = p->sample_values.len,
				  .label = p->labels.len };
	const struct result_stack *st = frame_stack(p->r, stack);

	if (st)
		add_stack(p, st, false);
	if (st && p->sample_locs.len == s.loc)
		add_stack(p, st, true);
	if (p->sample_locs.len == s.loc && vec_push(&p->sample_locs, lost_location(p)))
		p->failed = true;
	s.nlocs = p->sample_locs.len - s.loc;
	for (size_t i = 0; i < p->kind->ntypes; i++)
		if (vec_push(&p->sample_values, values[i]))
			p->failed = true;
	if (vec_push(&p->samples, s))
		p->failed = true;
}

static void add_label(struct pprof *p, const Perftools__Profiles__Label *l)
{
	if (p->failed || !p->samples.len)
		return;
	if (vec_push(&p->labels, *l))
		p->failed = true;
	else
		p->samples.data[p->samples.len - 1].nlabels++;
}

void pprof_label_str(struct pprof *p, const char *key, const char *value)
{
	Perftools__Profiles__Label l = PERFTOOLS__PROFILES__LABEL__INIT;

	l.key = pprof_string(p, key);
	l.str = pprof_string(p, value);
	add_label(p, &l);
}

void pprof_label_num(struct pprof *p, const char *key, uint64_t value)
{
	Perftools__Profiles__Label l = PERFTOOLS__PROFILES__LABEL__INIT;

	l.key = pprof_string(p, key);
	l.num = value > INT64_MAX ? INT64_MAX : (int64_t)value;
	add_label(p, &l);
}
