/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between Go releases: where the fields of the runtime's structs are. */
#ifndef MAPPROBE_GOBIN_LAYOUT_H
#define MAPPROBE_GOBIN_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gobin/gobin.h"
#include "gobin/image.h"

/* The members of struct gobin_layout, counted. */
enum layout_field {
#define LAYOUT_MEMBER(member, type, field) LAYOUT_##member,
	GOBIN_FIELDS(LAYOUT_MEMBER)
#undef LAYOUT_MEMBER
		LAYOUT_NFIELDS,
};

/* A member's value from a release on, up to the next step. */
struct layout_step {
	uint16_t since; /* 2304: go1.23.4; 0 ends the steps */
	uint32_t value;
};

/* What another GOEXPERIMENT than the usual one makes of a release. */
struct layout_change {
	uint16_t field; /* enum layout_field */
	uint32_t value;
};

struct layout_experiment {
	const char *name;    /* as in the version, "noswissmap" */
	uint8_t first, last; /* minor releases where this is known */
	const struct layout_change *changes;
	uint16_t nchanges; /* 0: it changes none of the fields */
};

/* layout_table.c, generated. */
extern const struct layout_step *const layout_steps[LAYOUT_NFIELDS];
/* The newest release of each minor one that the table was checked with, as in layout_step. */
extern const uint16_t layout_newest[];
extern const uint16_t layout_nnewest;

/* layout_experiments.c, generated. */
extern const struct layout_experiment layout_experiments[];
extern const uint16_t layout_nexperiments;

/* The value of a member. */
static inline uint32_t *layout_at(struct gobin_layout *l, enum layout_field i)
{
	return (uint32_t *)l + i;
}

/* The oldest and newest minor version of Go 1 in the table. */
void layout_range(uint16_t *oldest, uint16_t *newest);

/*
 * The layout of a binary built with this version, from the table where it is certain, else from the
 * DWARF of img, else, marked as such, from the table's nearest row.
 * Errors: -ENOTSUP: none is known, with the version and why.
 */
int layout_find(const struct image *img, const char *version, const struct go_version *v,
		struct gobin_layout *ret, enum gobin_layout_source *source, struct err *e);

/* The table's layout of a minor release, as its last patch release has it. */
void layout_of_minor(uint16_t minor, struct gobin_layout *ret);

/* The pclntab and what hangs on it: pcHeader, runtime._func, runtime.inlinedCall. */
struct pclntab_format {
	uint32_t magic;
	/* functab and funcdata hold 8-byte addresses; else 4-byte offsets from text and gofunc. */
	bool wide;
	uint8_t offsets; /* pcHeader.funcnameOffset, the first of five */
	struct {
		uint8_t name, pcsp, pcfile, pcln, npcdata, cu, nfuncdata;
		uint8_t size;	    /* what comes before the pcdata */
		uint8_t start_line; /* 0: none */
	} func;
	struct {
		uint8_t name, parent_pc, size;
		uint8_t start_line; /* 0: none */
	} inlined;
};

/*
 * What a layout says of the pclntab of that minor release, or a newer one.
 * Errors: -ENOTSUP: it lacks something that is needed.
 */
int pclntab_format(const struct gobin_layout *l, uint16_t minor, struct pclntab_format *ret,
		   struct err *e);

#endif
