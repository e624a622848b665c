// SPDX-License-Identifier: Apache-2.0
/* What every section of the text report is written with. */
#include "report/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/frames.h"
#include "report/safe.h"

#define NAME_COLUMNS  96 /* of UTF-8, 4 bytes each, fit a struct text_name */
#define FRAME_COLUMNS 46 /* where the file of a frame starts, counted from its indent */

struct text_name text_name(struct text *t, const char *s, size_t width)
{
	_cleanup_buf_ struct buf b = { 0 };
	struct text_name ret = { "" };

	safe_text(&b, s, width && width < NAME_COLUMNS ? width : NAME_COLUMNS);
	t->failed |= b.failed;
	if (!b.failed && b.len < sizeof(ret.s))
		memcpy(ret.s, b.data ? b.data : (const uint8_t *)"", b.len);
	return ret;
}

struct text_name text_func(struct text *t, const char *func, size_t width)
{
	_cleanup_buf_ struct buf b = { 0 };

	frame_put_func(&b, frame_short_func(func));
	buf_u8(&b, 0);
	t->failed |= b.failed;
	return text_name(t, b.failed ? "" : (const char *)b.data, width);
}

struct text_name text_place(struct text *t, uint32_t stack)
{
	struct text_name ret = { "an unknown place" };
	struct frame f;

	if (!frame_place(t->r, stack, &f))
		return ret;
	if (!f.func)
		snprintf(ret.s, sizeof(ret.s), "0x%lx (not Go code)", f.pc);
	else if (!*f.file)
		snprintf(ret.s, sizeof(ret.s), "%.240s", text_func(t, f.func, 60).s);
	else
		snprintf(ret.s, sizeof(ret.s), "%.240s (%.160s:%u)", text_func(t, f.func, 60).s,
			 text_name(t, frame_short_file(f.file), 40).s, f.line);
	return ret;
}

void text_put(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
}

static void pad(struct text *t, size_t width, const char *s)
{
	size_t n = safe_columns(s);

	if (n < width)
		text_put(t, "%*s", (int)(width - n), "");
}

void text_right(struct text *t, size_t width, const char *s)
{
	pad(t, width, s);
	text_put(t, "%s", s);
}

void text_left(struct text *t, size_t width, const char *s)
{
	text_put(t, "%s", s);
	pad(t, width, s);
}

void text_row(struct text *t, const struct text_column *col, size_t n, const char *const *cell)
{
	for (size_t i = 0; i < n; i++) {
		text_put(t, "  ");
		if (col[i].width >= 0)
			text_right(t, (size_t)col[i].width, cell[i]);
		else
			text_left(t, i + 1 < n ? (size_t)-col[i].width : 0, cell[i]);
	}
	text_put(t, "\n");
}

void text_row_titles(struct text *t, const struct text_column *col, size_t n)
{
	const char *cell[16];

	for (size_t i = 0; i < n && i < 16; i++)
		cell[i] = col[i].title;
	text_dim(t, true);
	text_row(t, col, n < 16 ? n : 16, cell);
	text_dim(t, false);
}

void text_dim(struct text *t, bool on)
{
	if (t->color)
		text_put(t, on ? "\033[2m" : "\033[0m");
}

static void put_title(struct text *t, const char *title)
{
	text_put(t, t->color ? "\n\033[1m%s\033[0m" : "\n%s", title);
}

void text_heading(struct text *t, const char *title)
{
	put_title(t, title);
	text_put(t, "\n");
}

void text_title(struct text *t, const char *title, const char *fmt, ...)
{
	va_list ap;

	put_title(t, title);
	text_put(t, "  ");
	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
	text_put(t, "\n");
}

void text_wrap(struct text *t, const char *lead, const char *fmt, ...)
{
	size_t indent = safe_columns(lead), col = indent;
	_cleanup_free_ char *s = NULL;
	char *save = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	if (!s) {
		t->failed = true;
		return;
	}
	text_put(t, "%s", lead);
	for (char *w = strtok_r(s, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		size_t n = safe_columns(w);

		if (col > indent && col + 1 + n > TEXT_COLUMNS) {
			text_put(t, "\n%*s", (int)indent, "");
			col = indent;
		} else if (col > indent) {
			text_put(t, " ");
			col++;
		}
		text_put(t, "%s", w);
		col += n;
	}
	text_put(t, "\n");
}

void text_more(struct text *t, size_t indent, size_t n, const char *what)
{
	if (!n)
		return;
	text_put(t, "%*s… %s more %s%s", (int)indent, "", fmt_int(n).s, what, fmt_plural(n));
	text_put(t, t->told ? "\n" : " (all in -o DIR/summary.json)\n");
	t->told = true;
}

static void put_frame(struct text *t, size_t indent, const struct frame *f)
{
	size_t room = TEXT_COLUMNS - indent - 2;
	struct text_name func, file;
	char line[16];
	size_t n;

	text_put(t, "%*s", (int)indent, "");
	if (!f->func) {
		text_put(t, "0x%lx (not Go code)\n", f->pc);
		return;
	}
	if (!*f->file) {
		text_put(t, "%s\n", text_func(t, f->func, room).s);
		return;
	}
	n = (size_t)snprintf(line, sizeof(line), ":%u", f->line);
	file = text_name(t, frame_short_file(f->file), 36);
	func = text_func(t, f->func, room - n - safe_columns(file.s));
	text_left(t, room - n - safe_columns(file.s) < FRAME_COLUMNS ? 0 : FRAME_COLUMNS, func.s);
	text_put(t, "  %s%s\n", file.s, line);
}

void text_stack(struct text *t, size_t indent, uint32_t stack, size_t first, size_t max)
{
	size_t total = frame_total(t->r, stack), i = 0;
	struct frame_iter it = frame_iter_shown(t->r, stack);
	const char *end = frame_end(t->r, stack);
	struct frame f;

	if (!total) {
		text_put(t, "%*s(stack %s)\n", (int)indent, "", it.stack ? "empty" : "lost");
		return;
	}
	/* A line that says "1 more frame" may as well be that frame. */
	if (max > 1 && total > first && total - first == max + 1)
		max++;
	for (; frame_next(&it, &f) && i < first + max; i++) {
		if (i < first)
			continue;
		text_dim(t, i > first);
		put_frame(t, indent, &f);
		text_dim(t, false);
	}
	if (total > first + max && max > 1)
		text_put(t, "%*s… %zu more%s%s\n", (int)indent, "",
			 total - first - max - (end != NULL), end ? " " : "", end ? end : "");
}

bool text_is_much(const struct result *r, const struct result_count *c, uint64_t ns, double share)
{
	return fmt_ratio((double)ns, (double)r->duration_ns) >= (c->exact ? share : share / 5);
}

struct fmt text_seen_time(struct text *t, const struct result_count *c)
{
	struct fmt f;

	if (c->exact || !t->r->windows)
		return fmt_ns(t->r->duration_ns);
	snprintf(f.s, sizeof(f.s), "the %.24s of the windows", fmt_ns(t->r->armed_ns).s);
	return f;
}

bool text_any_known(const struct result_count *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c[i].known)
			return true;
	return false;
}
