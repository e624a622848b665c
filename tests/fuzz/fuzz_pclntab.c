// SPDX-License-Identifier: Apache-2.0
/*
 * The pclntab: a byte for its format, then the table after its magic, in a segment at TABLE. All
 * questions are asked about its first functions and the last one.
 */
#include "fuzz.h"
#include "fuzz_format.h"
#include "gobin/pclntab.h"

#define TABLE	   0x403000
#define TEXT	   0x401000
#define FUNCTIONS  48 /* that are looked at */
#define MAGIC_SIZE 8

static void ask_value(const struct pclntab *t, const struct pclntab_func *f)
{
	uint32_t off = 0;
	int32_t value;

	span_u32(f->rec, t->format->func.pcln, &off);
	value = pclntab_value(t, f, off, f->addr);
	if (!off)
		fuzz_check(value == -1);
	/* The whole table is walked, whatever comes of it. */
	pclntab_value(t, f, off, f->end - 1);
}

static void ask_func(const struct pclntab *t, uint64_t i)
{
	struct pclntab_func f, at;
	struct gobin_line line;
	const char *name;
	uint32_t delta;

	if (!pclntab_func(t, i, &f))
		return;
	fuzz_check(f.addr < f.end && f.rec.len >= t->format->func.size);
	/* It need not be f: a table that is not sorted finds one function or none. */
	if (pclntab_func_at(t, f.addr, &at))
		fuzz_check(at.addr <= f.addr && f.addr < at.end);
	if (pclntab_func_at(t, f.end - 1, &at))
		fuzz_check(at.addr < f.end && f.end <= at.end);
	if (pclntab_func_name(t, &f, &name))
		fuzz_check(name >= (const char *)t->names.data &&
			   name + strlen(name) < (const char *)t->names.data + t->names.len);
	ask_value(t, &f);
	pclntab_sp_delta(t, f.addr, &delta);
	pclntab_file_line(t, &f, f.addr, &line);
	fuzz_check(line.file && strlen(line.file) < t->filetab.len + sizeof("?"));
}

static void ask_names(const struct pclntab *t)
{
	static const char *const names[] = { "runtime.mapassign_fast64", "main.main", "", "no.such",
					     "main.main" };
	enum { N = sizeof(names) / sizeof(names[0]) };
	struct gobin_func found[N], at;

	pclntab_find_funcs(t, names, N, found);
	for (size_t i = 0; i < N; i++)
		if (found[i].addr)
			fuzz_check(found[i].addr < found[i].end &&
				   !strcmp(found[i].name, names[i]));
	at = found[1];
	fuzz_check(at.addr == found[4].addr && at.end == found[4].end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { data, size };
	struct fuzz_format f = fuzz_format(fuzz_byte(&input));
	const struct pclntab_format *format = &f.pclntab;
	uint8_t *table = malloc(MAGIC_SIZE + input.len);
	struct pclntab t;
	struct image img;
	struct err e = { 0 };
	int rc;

	fuzz_check(table);
	memcpy(table, &format->magic, 4);
	memcpy(table + 4, "\0\0\1\x08", 4);
	if (input.len)
		memcpy(table + MAGIC_SIZE, input.data, input.len);
	fuzz_image(TABLE, (struct span){ table, MAGIC_SIZE + input.len }, &img);
	rc = pclntab_find(&img, format, &t, &e);
	if (rc) {
		fuzz_check_err(rc, &e);
	} else {
		t.text = format->wide ? 0 : TEXT;
		fuzz_check(t.nfunc < size);
		for (uint64_t i = 0; i < t.nfunc && i < FUNCTIONS; i++)
			ask_func(&t, i);
		ask_func(&t, t.nfunc - 1);
		ask_names(&t);
	}
	fuzz_image_close(&img);
	free(table);
	return 0;
}
