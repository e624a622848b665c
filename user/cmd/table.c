// SPDX-License-Identifier: Apache-2.0
#include "cmd/table.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/safe.h"

#define GAP 2

size_t table_terminal_width(FILE *out)
{
	struct winsize size = { 0 };

	return ioctl(fileno(out), TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

/* The widest cell of each column. */
static void measure(const struct table_column *col, size_t ncols, const char *const *cells,
		    size_t nrows, size_t *widths, struct buf *line)
{
	for (size_t i = 0; i < ncols; i++)
		widths[i] = strlen(col[i].title);
	for (size_t i = 0; i < ncols * nrows; i++) {
		size_t n;

		buf_reset(line);
		n = safe_text(line, cells[i], 0);
		if (n > widths[i % ncols])
			widths[i % ncols] = n;
	}
}

/* Takes from the widest columns that may be cut, until all fit or none is left. */
static void fit(const struct table_column *col, size_t ncols, size_t *widths, size_t width)
{
	size_t sum = GAP * (ncols - 1);

	for (size_t i = 0; i < ncols; i++)
		sum += widths[i];
	for (; width && sum > width; sum--) {
		size_t *widest = NULL;

		for (size_t i = 0; i < ncols; i++)
			if (col[i].least && widths[i] > col[i].least &&
			    (!widest || widths[i] > *widest))
				widest = &widths[i];
		if (!widest)
			return;
		--*widest;
	}
}

static void put_blanks(struct buf *line, size_t n)
{
	while (n--)
		buf_u8(line, ' ');
}

/* The cell in at most width columns; returns how many. */
static size_t put_cell(struct buf *cell, const char *text, size_t width, bool keep_end)
{
	static const char mark[] = "\xe2\x80\xa6";
	struct buf all _cleanup_buf_ = { 0 };
	size_t skip, at = 0;

	if (!keep_end)
		return safe_text(cell, text, width);
	skip = safe_text(&all, text, 0);
	if (skip <= width) {
		buf_put(cell, all.data, all.len);
		cell->failed |= all.failed;
		return skip;
	}
	for (skip -= width - 1; skip; skip--)
		do
			at++;
		while (at < all.len && (all.data[at] & 0xc0) == 0x80);
	buf_put(cell, mark, strlen(mark));
	buf_put(cell, all.data + at, all.len - at);
	cell->failed |= all.failed;
	return width;
}

static void put_row(FILE *out, const struct table_column *col, size_t ncols,
		    const char *const *cells, const size_t *widths, struct buf *line)
{
	struct buf cell _cleanup_buf_ = { 0 };

	buf_reset(line);
	for (size_t i = 0; i < ncols; i++) {
		size_t n;

		buf_reset(&cell);
		n = put_cell(&cell, cells[i], widths[i], col[i].keep_end);
		if (i)
			put_blanks(line, GAP);
		if (col[i].right)
			put_blanks(line, widths[i] - n);
		buf_put(line, cell.data, cell.len);
		line->failed |= cell.failed;
		if (!col[i].right && i + 1 < ncols)
			put_blanks(line, widths[i] - n);
	}
	buf_u8(line, '\n');
	if (!line->failed)
		fwrite(line->data, 1, line->len, out);
}

int table_print(FILE *out, const struct table_column *col, size_t ncols, const char *const *cells,
		size_t nrows, size_t width, struct err *e)
{
	size_t *widths _cleanup_free_ = calloc(ncols, sizeof(*widths));
	const char **titles _cleanup_free_ = calloc(ncols, sizeof(*titles));
	struct buf line _cleanup_buf_ = { 0 };

	if (!widths || !titles)
		return err_set(e, -ENOMEM, "table: out of memory");
	for (size_t i = 0; i < ncols; i++)
		titles[i] = col[i].title;
	measure(col, ncols, cells, nrows, widths, &line);
	fit(col, ncols, widths, width);
	put_row(out, col, ncols, titles, widths, &line);
	for (size_t i = 0; i < nrows && !line.failed; i++)
		put_row(out, col, ncols, &cells[i * ncols], widths, &line);
	return line.failed ? err_set(e, -ENOMEM, "table: out of memory") : 0;
}
