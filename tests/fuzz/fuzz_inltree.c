// SPDX-License-Identifier: Apache-2.0
/*
 * The inline tree, and the lines of an address: one function at TEXT, with everything that hangs on
 * it from the input. That is a byte for the format, then, each with a byte for its length in front,
 * the _func, the pctab, the names; the rest is the tree, at TREE.
 */
#include "fuzz.h"
#include "fuzz_format.h"
#include "gobin/pclntab.h"

#define TEXT	  0x401000
#define TEXT_SIZE 64
#define TREE	  0x500000
#define REC	  64 /* where the _func is in funcs */

/* The files of the lines: two, as the cutab has it. */
static const uint8_t cutab[] = { 0, 0, 0, 0, 2, 0, 0, 0 };
static const uint8_t filetab[] = "a\0b";

static struct span take_part(struct span *input)
{
	size_t len = fuzz_byte(input);

	return fuzz_take(input, len);
}

/* A functab of one function, its _func behind. */
static struct span make_funcs(const struct pclntab_format *format, struct span rec, uint8_t *funcs)
{
	uint64_t text = format->wide ? TEXT : 0, end = text + TEXT_SIZE, off = REC;
	size_t word = format->wide ? 8 : 4;

	memset(funcs, 0, REC);
	memcpy(funcs, &text, word);
	memcpy(funcs + word, &off, word);
	memcpy(funcs + 2 * word, &end, word);
	if (rec.len)
		memcpy(funcs + REC, rec.data, rec.len);
	return (struct span){ funcs, REC + rec.len };
}

static void check_lines(const struct gobin_line *lines, size_t n)
{
	fuzz_check(n <= GOBIN_MAX_INLINE);
	for (size_t i = 0; i < n; i++)
		fuzz_check(lines[i].func && lines[i].file && strlen(lines[i].func) < 256 &&
			   strlen(lines[i].file) < sizeof(filetab));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { data, size };
	struct fuzz_format f = fuzz_format(fuzz_byte(&input));
	const struct pclntab_format *format = &f.pclntab;
	struct span rec = take_part(&input), pctab = take_part(&input), names = take_part(&input);
	struct gobin_line lines[GOBIN_MAX_INLINE];
	uint8_t funcs[REC + 256];
	struct pclntab t = {
		.format = format,
		.nfunc = 1,
		.names = names,
		.cutab = { cutab, sizeof(cutab) },
		.filetab = { filetab, sizeof(filetab) },
		.pctab = pctab,
		.funcs = make_funcs(format, rec, funcs),
		.text = format->wide ? 0 : TEXT,
		.gofunc = TREE,
	};
	struct image img;
	size_t n;

	fuzz_image(TREE, input, &img);
	for (uint64_t addr = TEXT; addr < TEXT + TEXT_SIZE; addr++) {
		n = inltree_lines(&img, &t, addr, lines, GOBIN_MAX_INLINE);
		check_lines(lines, n);
		fuzz_check(inltree_lines(&img, &t, addr, lines, 1) == (n ? 1 : 0));
	}
	fuzz_check(!inltree_lines(&img, &t, TEXT + TEXT_SIZE, lines, 1));
	fuzz_image_close(&img);
	return 0;
}
