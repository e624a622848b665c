/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building one pprof profile: samples are added one by one, each with its stack and labels; the
 * strings, functions and locations they need are gathered once each, in order of first use, so that
 * the same result gives the same bytes. A failed allocation is sticky and told by pprof_finish.
 */
#ifndef MAPPROBE_REPORT_PPROF_H
#define MAPPROBE_REPORT_PPROF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "analyze/result.h"
#include "base/err.h"
#include "base/u64map.h"
#include "base/vec.h"
#include "report/pprof.pb-c.h"

/* What one profile is: its sample types (2 or 4 of them) and which of them is shown first. */
struct pprof_kind {
	const char *name; /* "maps.pb.gz" */
	struct {
		const char *type, *unit;
	} types[4];
	size_t ntypes;
	size_t shown;
};

/* Where a sample's locations, values and labels lie in the vectors of struct pprof. */
struct pprof_sample {
	size_t loc, nlocs, value, label, nlabels;
};

/* A location's lines lie in the vector of lines. */
struct pprof_loc {
	uint64_t mapping, address;
	size_t line, nlines;
};

struct pprof {
	const struct result *r;
	const struct pprof_kind *kind;
	bool failed;

	VEC(char *) strings; /* [0] is "" */
	struct u64map string_index;
	VEC(Perftools__Profiles__Function) functions; /* ids are indices + 1 */
	struct u64map function_index;
	VEC(struct pprof_loc) locs;   /* ids are indices + 1 */
	struct u64map location_index; /* index into result.locs -> location id */
	uint64_t lost_location;	      /* id of the one that stands for a lost stack, 0: none yet */
	VEC(Perftools__Profiles__Line) lines;
	VEC(struct pprof_sample) samples;
	VEC(uint64_t) sample_locs;
	VEC(int64_t) sample_values;
	VEC(Perftools__Profiles__Label) labels;
	VEC(int64_t) comments;
};

/* r and kind are borrowed. */
void pprof_init(struct pprof *p, const struct result *r, const struct pprof_kind *kind);
void pprof_deinit(struct pprof *p);

/* Adds a sample of kind->ntypes values; labels added after it are its own. */
void pprof_add_sample(struct pprof *p, uint32_t stack, const int64_t *values);
void pprof_label_str(struct pprof *p, const char *key, const char *value);
void pprof_label_num(struct pprof *p, const char *key, uint64_t value);
void pprof_comment(struct pprof *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The index of s in the string table, where it is put as valid UTF-8. */
int64_t pprof_string(struct pprof *p, const char *s);

/* Packs, compresses and writes. -ENOMEM, -EIO. */
int pprof_finish(struct pprof *p, FILE *out, struct err *e);

#endif
