// SPDX-License-Identifier: Apache-2.0
/*
 * Frames of the event stream, written and read.
 *
 * A frame is u32 type, u32 size, payload; size counts header and payload. In a byte sequence each
 * frame starts at a multiple of 8 and is followed by zero bytes up to the next one. The payload of
 * a frame from user space is its fields one after the other without gaps, as the tables here list
 * them: integers little-endian, a double as its 64 bits, a string as buf_str writes it.
 */
#include "record/event.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

/* Longer strings are cut: 64 lines with two strings each must fit into EVENT_MAX_SIZE. */
#define MAX_STRING 4096

enum field_kind { F_U8, F_U32, F_U64, F_SHARE, F_STR };

struct field {
	const char *name;
	size_t off; /* in the struct */
	enum field_kind kind;
	uint64_t min, max; /* of integers; max 0: no limit */
};

struct layout {
	const char *name;
	const struct field *field;
	size_t n;
};

#define U8(s, m, max)                                                                              \
	{                                                                                          \
#m, offsetof(struct s, m), F_U8, 0, max                                            \
	}
#define U32(s, m)                                                                                  \
	{                                                                                          \
#m, offsetof(struct s, m), F_U32, 0, 0                                             \
	}
#define RANGE(s, m, lo, hi)                                                                        \
	{                                                                                          \
#m, offsetof(struct s, m), F_U32, lo, hi                                           \
	}
#define U64(s, m)                                                                                  \
	{                                                                                          \
#m, offsetof(struct s, m), F_U64, 0, 0                                             \
	}
#define SHARE(s, m)                                                                                \
	{                                                                                          \
#m, offsetof(struct s, m), F_SHARE, 0, 0                                           \
	}
#define STR(s, m)                                                                                  \
	{                                                                                          \
#m, offsetof(struct s, m), F_STR, 0, 0                                             \
	}

static const struct field session_fields[] = {
	U64(event_session, start_mono_ns),
	U64(event_session, start_unix_ns),
	U32(event_session, pid),
	U32(event_session, cpus),
	U32(event_session, kind),
	U8(event_session, stripped, 1),
	U8(event_session, pie, 1),
	U8(event_session, swiss, 1),
	U8(event_session, exact, 1),
	SHARE(event_session, budget),
	U64(event_session, exe_start),
	U64(event_session, exe_limit),
	U64(event_session, exe_offset),
	STR(event_session, exe),
	STR(event_session, go_version),
	STR(event_session, module),
	STR(event_session, module_version),
	STR(event_session, build_id),
	STR(event_session, kernel),
	STR(event_session, mapprobe),
};

static const struct field site_fields[] = {
	RANGE(event_site, index, 0, ABI_MAX_SITES - 1),
	{ "event", offsetof(struct event_site, event), F_U8, ABI_EV_NONE + 1, ABI_EV_MAX - 1 },
	U8(event_site, exit, 1),
	U8(event_site, single_step, 1),
	U8(event_site, windowed, 1),
	STR(event_site, point),
	STR(event_site, group),
	STR(event_site, func),
	U64(event_site, addr),
};

static const struct field missing_fields[] = {
	STR(event_missing, what),
	STR(event_missing, why),
};

static const struct field cost_fields[] = {
	U64(event_cost, emulated_ns),
	U64(event_cost, single_step_ns),
};

/* Followed by nlines times line_fields. */
static const struct field symbol_fields[] = {
	U64(event_symbol, pc),
	RANGE(event_symbol, nlines, 0, EVENT_MAX_LINES),
};

static const struct field line_fields[] = {
	STR(event_line, func),
	STR(event_line, file),
	U32(event_line, line),
	U32(event_line, start_line),
};

static const struct field rtype_fields[] = {
	U64(event_rtype, addr),
	STR(event_rtype, name),
};

static const struct field window_fields[] = {
	RANGE(event_window, number, 1, 65535),
	U64(event_window, open_ns),
	U64(event_window, close_ns),
};

static const struct field map_state_fields[] = {
	U64(event_map_state, map),
	U64(event_map_state, time_ns),
	U64(event_map_state, length),
	U64(event_map_state, capacity),
};

static const struct field counter_fields[] = {
	RANGE(event_counter, site, 0, ABI_MAX_SITES - 1),
	U64(event_counter, count.hits),
	U64(event_counter, count.lost),
	U64(event_counter, count.outside),
	U64(event_counter, count.stack_lost),
};

static const struct field end_fields[] = {
	U64(event_end, time_ns),       RANGE(event_end, reason, EVENT_END_TIME, EVENT_END_ERROR),
	U64(event_end, target_cpu_ns), U64(event_end, own_cpu_ns),
	U64(event_end, lost_bytes),
};

#define LAYOUT(type, name)                                                                         \
	[type] = { #name, name##_fields, sizeof(name##_fields) / sizeof(struct field) }

static const struct layout layouts[EVENT_TYPE_MAX] = {
	LAYOUT(EVENT_SESSION, session), LAYOUT(EVENT_SITE, site),
	LAYOUT(EVENT_MISSING, missing), LAYOUT(EVENT_COST, cost),
	LAYOUT(EVENT_SYMBOL, symbol),	LAYOUT(EVENT_TYPE, rtype),
	LAYOUT(EVENT_WINDOW, window),	LAYOUT(EVENT_MAP_STATE, map_state),
	LAYOUT(EVENT_COUNTER, counter), LAYOUT(EVENT_END, end),
};

static const struct layout line_layout = {
	"symbol line",
	line_fields,
	sizeof(line_fields) / sizeof(struct field),
};

static void pad_to_8(struct buf *b)
{
	static const uint8_t zero[8];

	buf_put(b, zero, -b->len & 7);
}

/* Bytes of s that are written: all, or as many as fit without splitting a UTF-8 sequence. */
static size_t cut_length(const char *s)
{
	size_t len = strnlen(s, MAX_STRING + 1);

	if (len <= MAX_STRING)
		return len;
	len = MAX_STRING;
	for (int i = 0; i < 3 && ((unsigned char)s[len] & 0xc0) == 0x80; i++)
		len--;
	return len;
}

static void put_str(struct buf *b, const char *s)
{
	size_t len = s ? cut_length(s) : 0;

	buf_u32(b, (uint32_t)len);
	buf_put(b, s, len);
	buf_u8(b, 0);
}

static void put_fields(struct buf *b, const struct layout *l, const void *v)
{
	for (const struct field *f = l->field; f < l->field + l->n; f++) {
		const uint8_t *p = (const uint8_t *)v + f->off;

		switch (f->kind) {
		case F_U8:
			buf_u8(b, *p);
			break;
		case F_U32:
			buf_u32(b, *(const uint32_t *)p);
			break;
		case F_U64:
			buf_u64(b, *(const uint64_t *)p);
			break;
		case F_SHARE:
			buf_put(b, p, sizeof(double));
			break;
		case F_STR:
			put_str(b, *(const char *const *)p);
			break;
		}
	}
}

/* Writes the header with a size of 0; returns where the frame starts. */
static size_t frame_begin(struct buf *b, uint32_t type)
{
	size_t start;

	pad_to_8(b);
	start = b->len;
	buf_u32(b, type);
	buf_u32(b, 0);
	return start;
}

static void frame_end(struct buf *b, size_t start)
{
	uint32_t size = (uint32_t)(b->len - start);

	if (b->failed)
		return;
	memcpy(b->data + start + 4, &size, sizeof(size));
	pad_to_8(b);
}

static void put(struct buf *b, uint32_t type, const void *v)
{
	size_t start = frame_begin(b, type);

	put_fields(b, &layouts[type], v);
	frame_end(b, start);
}

void event_put_session(struct buf *b, const struct event_session *v)
{
	put(b, EVENT_SESSION, v);
}

void event_put_site(struct buf *b, const struct event_site *v)
{
	put(b, EVENT_SITE, v);
}

void event_put_missing(struct buf *b, const struct event_missing *v)
{
	put(b, EVENT_MISSING, v);
}

void event_put_cost(struct buf *b, const struct event_cost *v)
{
	put(b, EVENT_COST, v);
}

void event_put_symbol(struct buf *b, const struct event_symbol *v)
{
	size_t start = frame_begin(b, EVENT_SYMBOL);
	uint32_t nlines = v->nlines < EVENT_MAX_LINES ? v->nlines : EVENT_MAX_LINES;

	buf_u64(b, v->pc);
	buf_u32(b, nlines);
	for (uint32_t i = 0; i < nlines; i++)
		put_fields(b, &line_layout, &v->lines[i]);
	frame_end(b, start);
}

void event_put_rtype(struct buf *b, const struct event_rtype *v)
{
	put(b, EVENT_TYPE, v);
}

void event_put_window(struct buf *b, const struct event_window *v)
{
	put(b, EVENT_WINDOW, v);
}

void event_put_map_state(struct buf *b, const struct event_map_state *v)
{
	put(b, EVENT_MAP_STATE, v);
}

void event_put_counter(struct buf *b, const struct event_counter *v)
{
	put(b, EVENT_COUNTER, v);
}

void event_put_end(struct buf *b, const struct event_end *v)
{
	put(b, EVENT_END, v);
}

/* Reads an integer of the field's width and checks its range. */
static int get_integer(struct reader *r, const struct field *f, const char *name, uint8_t *dst,
		       struct err *e)
{
	size_t off = r->off;
	uint64_t v;

	if (f->kind == F_U8)
		v = *dst = reader_u8(r);
	else if (f->kind == F_U32)
		v = *(uint32_t *)dst = reader_u32(r);
	else
		v = *(uint64_t *)dst = reader_u64(r);
	if (!r->failed && f->max && (v < f->min || v > f->max))
		return err_set(e, -EBADMSG, "event %s: %s at +0x%zx: %llu is not in %llu..%llu",
			       name, f->name, off, (unsigned long long)v,
			       (unsigned long long)f->min, (unsigned long long)f->max);
	return 0;
}

/* A finite number from 0 up. */
static int get_share(struct reader *r, const struct field *f, const char *name, double *dst,
		     struct err *e)
{
	size_t off = r->off;
	uint64_t bits = reader_u64(r);

	memcpy(dst, &bits, sizeof(*dst));
	if (!r->failed && !(isfinite(*dst) && *dst >= 0))
		return err_set(e, -EBADMSG, "event %s: %s at +0x%zx: %g is no share", name, f->name,
			       off, *dst);
	return 0;
}

static int get_fields(struct reader *r, const struct layout *l, void *ret, struct err *e)
{
	for (const struct field *f = l->field; f < l->field + l->n; f++) {
		uint8_t *dst = (uint8_t *)ret + f->off;
		size_t off = r->off;
		int rc = 0;

		if (f->kind == F_STR)
			*(const char **)dst = reader_str(r);
		else if (f->kind == F_SHARE)
			rc = get_share(r, f, l->name, (double *)dst, e);
		else
			rc = get_integer(r, f, l->name, dst, e);
		if (rc)
			return rc;
		if (r->failed)
			return err_set(e, -EBADMSG,
				       "event %s: %s at +0x%zx: not inside the event's %zu bytes",
				       l->name, f->name, off, r->s.len);
	}
	return 0;
}

/* A reader of the frame, after its header; offsets in messages count from the frame's start. */
static int payload(const struct event *ev, uint32_t type, struct reader *ret, struct err *e)
{
	if (ev->type != type || ev->size < EVENT_HEADER)
		return err_set(e, -EBADMSG, "event %s: type %u, size %u", layouts[type].name,
			       ev->type, ev->size);
	*ret = reader_of((struct span){ ev->data, ev->size });
	ret->off = EVENT_HEADER;
	return 0;
}

static int whole(const struct reader *r, const char *name, struct err *e)
{
	if (reader_done(r))
		return 0;
	return err_set(e, -EBADMSG, "event %s: %zu bytes too many at +0x%zx", name,
		       r->s.len - r->off, r->off);
}

static int get(const struct event *ev, uint32_t type, void *ret, size_t size, struct err *e)
{
	_Alignas(8) uint8_t tmp[sizeof(struct event_session)] = { 0 };
	struct reader r;
	int rc = payload(ev, type, &r, e);

	if (!rc)
		rc = get_fields(&r, &layouts[type], tmp, e);
	if (!rc)
		rc = whole(&r, layouts[type].name, e);
	if (!rc)
		memcpy(ret, tmp, size);
	return rc;
}

#define EVENT_GET(name, type)                                                                      \
	_Static_assert(sizeof(struct event_##name) <= sizeof(struct event_session), #name);        \
	int event_get_##name(const struct event *ev, struct event_##name *ret, struct err *e)      \
	{                                                                                          \
		return get(ev, type, ret, sizeof(*ret), e);                                        \
	}

EVENT_GET(session, EVENT_SESSION)
EVENT_GET(site, EVENT_SITE)
EVENT_GET(missing, EVENT_MISSING)
EVENT_GET(cost, EVENT_COST)
EVENT_GET(rtype, EVENT_TYPE)
EVENT_GET(window, EVENT_WINDOW)
EVENT_GET(map_state, EVENT_MAP_STATE)
EVENT_GET(counter, EVENT_COUNTER)
EVENT_GET(end, EVENT_END)

int event_get_symbol(const struct event *ev, struct event_symbol *ret, struct err *e)
{
	struct event_symbol v = { 0 };
	struct reader r;
	int rc = payload(ev, EVENT_SYMBOL, &r, e);

	if (!rc)
		rc = get_fields(&r, &layouts[EVENT_SYMBOL], &v, e);
	for (uint32_t i = 0; !rc && i < v.nlines; i++)
		rc = get_fields(&r, &line_layout, &v.lines[i], e);
	if (!rc)
		rc = whole(&r, "symbol", e);
	if (!rc)
		*ret = v;
	return rc;
}
