// SPDX-License-Identifier: Apache-2.0
/*
 * One row for every minor release of Go that mapprobe reads. A row is an assertion about that
 * release's runtime, taken from the DWARF of binaries built with it; the fields used here have
 * never moved between the patch releases of a minor one.
 *
 * Sources, in each release's tree: runtime/symtab.go (pcHeader, moduledata, functab),
 * runtime/runtime2.go (_func, g, m), runtime/symtabinl.go (inlinedCall; runtime/symtab.go up to
 * 1.20), runtime/mgcpacer.go (gcControllerState), runtime/map.go (hmap, up to 1.25 when built with
 * noswissmap), internal/runtime/maps/map.go and table.go (from 1.24).
 */
#include "gobin/layout.h"

#include <stddef.h>

static const struct pclntab_format pclntab_117 = {
	.magic = 0xfffffffa,
	.wide = true,
	.offsets = 0x18,
	.func = { .name = 0x08,
		  .pcsp = 0x14,
		  .pcfile = 0x18,
		  .pcln = 0x1c,
		  .npcdata = 0x20,
		  .cu = 0x24,
		  .nfuncdata = 0x2b,
		  .size = 0x2c },
	.inlined = { .name = 0x0c, .parent_pc = 0x10, .size = 0x14 },
};

static const struct pclntab_format pclntab_118 = {
	.magic = 0xfffffff0,
	.offsets = 0x20,
	.func = { .name = 0x04,
		  .pcsp = 0x10,
		  .pcfile = 0x14,
		  .pcln = 0x18,
		  .npcdata = 0x1c,
		  .cu = 0x20,
		  .nfuncdata = 0x27,
		  .size = 0x28 },
	.inlined = { .name = 0x0c, .parent_pc = 0x10, .size = 0x14 },
};

static const struct pclntab_format pclntab_120 = {
	.magic = 0xfffffff1,
	.offsets = 0x20,
	.func = { .name = 0x04,
		  .pcsp = 0x10,
		  .pcfile = 0x14,
		  .pcln = 0x18,
		  .npcdata = 0x1c,
		  .cu = 0x20,
		  .nfuncdata = 0x2b,
		  .size = 0x2c,
		  .start_line = 0x24 },
	.inlined = { .name = 0x04, .parent_pc = 0x08, .size = 0x10, .start_line = 0x0c },
};

/* The offsets that have moved least, to keep the rows short. */
#define CLASSIC .hmap_b = 0x09, .hmap_hash0 = 0x0c
#define SWISS	.map_seed = 0x08, .map_dirptr = 0x10, .map_dirlen = 0x18, .table_capacity = 0x02

static const struct release releases[] = {
	{ 17,
	  &pclntab_117,
	  { .types = 0x118, .etypes = 0x120 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x68,
	    .m_curg = 0xc0,
	    .gc_heap_live = 0x30,
	    CLASSIC } },
	{ 18,
	  &pclntab_118,
	  { .types = 0x118, .etypes = 0x120, .gofunc = 0x130 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x68,
	    .m_curg = 0xc0,
	    .gc_heap_live = 0x78,
	    CLASSIC } },
	{ 19,
	  &pclntab_118,
	  { .types = 0x118, .etypes = 0x120, .gofunc = 0x130 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x68,
	    .m_curg = 0xc0,
	    .gc_heap_live = 0x88,
	    CLASSIC } },
	{ 20,
	  &pclntab_120,
	  { .types = 0x128, .etypes = 0x130, .gofunc = 0x140 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x68,
	    .m_curg = 0xc0,
	    .gc_heap_live = 0x50,
	    CLASSIC } },
	{ 21,
	  &pclntab_120,
	  { .types = 0x128, .etypes = 0x130, .gofunc = 0x140 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x68,
	    .m_curg = 0xc0,
	    .gc_heap_live = 0x68,
	    CLASSIC } },
	{ 22,
	  &pclntab_120,
	  { .types = 0x128, .etypes = 0x130, .gofunc = 0x140 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x68,
	    .m_curg = 0xc0,
	    .gc_heap_live = 0x68,
	    CLASSIC } },
	{ 23,
	  &pclntab_120,
	  { .types = 0x128, .etypes = 0x130, .gofunc = 0x140 },
	  { .g_goid = 0xa0,
	    .g_m = 0x30,
	    .g_sched_bp = 0x68,
	    .m_curg = 0xc0,
	    .gc_heap_live = 0x68,
	    CLASSIC } },
	{ 24,
	  &pclntab_120,
	  { .types = 0x128, .etypes = 0x130, .gofunc = 0x140 },
	  { .g_goid = 0xa0,
	    .g_m = 0x30,
	    .g_sched_bp = 0x68,
	    .m_curg = 0xc0,
	    .gc_heap_live = 0x68,
	    CLASSIC,
	    SWISS } },
	{ 25,
	  &pclntab_120,
	  { .types = 0x128, .etypes = 0x130, .gofunc = 0x140 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x60,
	    .m_curg = 0xb8,
	    .gc_heap_live = 0x68,
	    CLASSIC,
	    SWISS } },
	{ 26,
	  &pclntab_120,
	  { .types = 0x128, .etypes = 0x130, .gofunc = 0x140 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x60,
	    .m_curg = 0xb8,
	    .gc_heap_live = 0x68,
	    SWISS } },
	{ 27,
	  &pclntab_120,
	  { .types = 0x128, .etypes = 0x138, .gofunc = 0x158 },
	  { .g_goid = 0x98,
	    .g_m = 0x30,
	    .g_sched_bp = 0x60,
	    .m_curg = 0xb8,
	    .gc_heap_live = 0x68,
	    SWISS } },
};

#define NRELEASES (sizeof(releases) / sizeof(releases[0]))

const struct release *release_find(const struct go_version *v)
{
	for (size_t i = 0; v->major == 1 && i < NRELEASES; i++)
		if (releases[i].minor == v->minor)
			return &releases[i];
	return NULL;
}

void release_range(uint16_t *oldest, uint16_t *newest)
{
	*oldest = releases[0].minor;
	*newest = releases[NRELEASES - 1].minor;
}
