/* SPDX-License-Identifier: Apache-2.0 */
/* Results filled by hand, for the tests of the reports. Each call makes a fresh copy. */
#ifndef MAPPROBE_REPORT_FIXTURE_H
#define MAPPROBE_REPORT_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "analyze/result.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

/* All that a result points to, and the result. */
struct fixture {
	struct result r;
	struct result_line lines[32];
	struct result_loc locs[32];
	uint32_t stack_locs[8][16];
	struct result_stack stacks[8];
	struct result_map_site sites[4];
	struct result_growth growths[6];
	struct result_map maps[3];
	struct result_gc_cycle cycles[12];
	struct result_stw stws[26];
	struct result_wait assists[2], locks[3];
	struct result_lock_kind kinds[2];
	struct result_site probes[6];
	struct result_missing missing[3];
	struct result_crash crash;
};

/* The stacks of the fixture. */
enum { ST_PUT, ST_EXPIRE, ST_GC_ALLOC, ST_READMEM, ST_LOCK, ST_CRASH, ST_COUNT };

struct fixture_line {
	uint64_t pc; /* 0: one more line of the location before it */
	const char *func, *file;
	uint32_t line, start;
};

static const struct fixture_line fixture_lines[] = {
	{ 0x4a1010, "example.com/shop/store.(*Store).set", "/src/shop/store/store.go", 88, 85 },
	{ 0, "example.com/shop/store.(*Store).Put", "/src/shop/store/store.go", 71, 60 },
	{ 0x4a2020, "main.(*server).handleOrder", "/src/shop/cmd/shop/server.go", 141, 120 },
	{ 0x4a3030, "net/http.HandlerFunc.ServeHTTP", "/usr/local/go/src/net/http/server.go", 2322,
	  2321 },
	{ 0x4a4040, "net/http.(*ServeMux).ServeHTTP", "/usr/local/go/src/net/http/server.go", 2861,
	  2840 },
	{ 0x4a5050, "net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go", 2102, 1900 },
	{ 0x4a6060, "runtime.goexit", "/usr/local/go/src/runtime/asm_amd64.s", 1771, 1770 },
	{ 0x4a7070, "example.com/shop/store.(*Store).Expire", "/src/shop/store/expire.go", 33, 20 },
	{ 0x4a8080, "runtime.mallocgc", "/usr/local/go/src/runtime/malloc.go", 1055, 1000 },
	{ 0x4a9090, "runtime.makeslice", "/usr/local/go/src/runtime/slice.go", 117, 92 },
	{ 0x4aa0a0, "main.decode", "/src/shop/cmd/shop/decode.go", 33, 30 },
	{ 0x4ab0b0, "runtime.ReadMemStats", "/usr/local/go/src/runtime/mstats.go", 364, 360 },
	{ 0x4ac0c0, "main.(*metrics).collect", "/src/shop/cmd/shop/metrics.go", 57, 40 },
	{ 0x4ad0d0, "sync.(*Mutex).lockSlow", "/usr/local/go/src/sync/mutex.go", 149, 80 },
	{ 0x4ae0e0, "runtime.mapassign_faststr",
	  "/usr/local/go/src/internal/runtime/maps/runtime_faststr.go", 202, 180 },
};

static inline void fixture_stacks(struct fixture *f)
{
	static const uint32_t locs[ST_COUNT][8] = {
		[ST_PUT] = { 0, 1, 2, 3, 4, 5 },      [ST_EXPIRE] = { 6, 5 },
		[ST_GC_ALLOC] = { 7, 8, 9, 1, 2, 3 }, [ST_READMEM] = { 10, 11, 5 },
		[ST_LOCK] = { 12, 0, 1, 2, 3, 4 },    [ST_CRASH] = { 13, 0, 1, 2, 3, 4, 5 },
	};
	static const size_t n[ST_COUNT] = { 6, 2, 6, 3, 6, 7 };
	size_t nlocs = 0;

	for (size_t i = 0; i < COUNT_OF(fixture_lines); i++) {
		const struct fixture_line *l = &fixture_lines[i];

		f->lines[i] = (struct result_line){ l->func, l->file, l->line, l->start };
		if (l->pc)
			f->locs[nlocs++] = (struct result_loc){ l->pc, 0, &f->lines[i] };
		f->locs[nlocs - 1].nlines++;
	}
	for (size_t i = 0; i < ST_COUNT; i++) {
		memcpy(f->stack_locs[i], locs[i], sizeof(locs[i]));
		f->stacks[i] = (struct result_stack){ i + 1, n[i], f->stack_locs[i] };
	}
	f->r.locs = f->locs;
	f->r.nlocs = nlocs;
	f->r.stacks = f->stacks;
	f->r.nstacks = ST_COUNT;
}

static inline struct result_count fixture_exact(uint64_t n)
{
	return (struct result_count){ true, true, false, n, (double)n, (double)n, (double)n };
}

static inline void fixture_session(struct result *r)
{
	r->pid = 4242;
	r->exe = "/srv/shop/bin/shop";
	r->go_version = "go1.26.8";
	r->module = "example.com/shop";
	r->module_version = "v1.4.2";
	r->build_id = "abc/def";
	r->kernel = "6.18.5";
	r->mapprobe = "0.1.0";
	r->swiss = true;
	r->budget = 0.01;
	r->cpus = 8;
	r->start_unix_ns = 1770779565000000000;
	r->duration_ns = 10000000000;
	r->exe_start = 0x400000;
	r->exe_limit = 0x800000;
	r->ended = "time";
	r->complete = true;
	for (size_t i = 0; i < RESULT_MAP_OPS; i++)
		r->map_ops[i] = fixture_exact(0);
	r->evacuations = r->lock_waits = r->gc_cycles = r->assist_count = fixture_exact(0);
}

/* A session in which nothing happened: every group was armed, nothing was hit. */
static inline struct fixture *fixture_empty(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fixture_session(&f->r);
	return f;
}

static inline void fixture_maps(struct fixture *f)
{
	struct result_map *m = f->maps;

	f->sites[0] = (struct result_map_site){ ST_PUT, { 503654, 0, 0, 5 }, { 503654, 0, 0, 5 } };
	f->sites[1] = (struct result_map_site){ RESULT_NO_STACK, { 308691 }, { 308691 } };
	f->sites[2] = (struct result_map_site){ ST_EXPIRE, { 0, 12004 }, { 0, 12004 } };
	f->sites[3] = (struct result_map_site){ ST_READMEM, { 1200 }, { 1200 } };
	for (size_t i = 0; i < COUNT_OF(f->growths); i++)
		f->growths[i] = (struct result_growth){ .at_ns = 112000000 * (i + 1),
							.goid = 73,
							.kind = i ? "grow" : "table",
							.old_capacity = 8 << i,
							.new_capacity = 16 << i,
							.stack = ST_PUT };
	m[0] = (struct result_map){ .addr = 0xc000012340,
				    .type = "map[string]*main.Order",
				    .length_known = true,
				    .capacity_known = true,
				    .length = 1024,
				    .capacity = 1792,
				    .live_state = true,
				    .ngoroutines = 8,
				    .sites = f->sites,
				    .nsites = 3,
				    .growths = f->growths,
				    .ngrowths = 6 };
	m[1] = (struct result_map){ .addr = 0xc000098760,
				    .type = "",
				    .ngoroutines = 1,
				    .sites = &f->sites[3],
				    .nsites = 1 };
	m[2] = (struct result_map){ .addr = 0xc0000aa000,
				    .type = "map[struct { Tenant string; Shard uint64; Kind uint8 "
					    "}]map[string]struct {}",
				    .ngoroutines = 1 };
	memcpy(m[0].hits, (uint64_t[]){ 812345, 12004, 0, 6 }, sizeof(m->hits));
	memcpy(m[1].hits, (uint64_t[]){ 1200, 0, 0, 0 }, sizeof(m->hits));
	memcpy(m[2].hits, (uint64_t[]){ 1, 0, 0, 0 }, sizeof(m->hits));
	for (size_t op = 0; op < RESULT_MAP_OPS; op++) {
		uint64_t sum = 0;

		for (size_t i = 0; i < 3; i++) {
			m[i].ops[op] = fixture_exact(m[i].hits[op]);
			sum += m[i].hits[op];
		}
		f->r.map_ops[op] = fixture_exact(sum);
	}
	f->r.maps = m;
	f->r.nmaps = 3;
}

/* What the runtime said of the first cycle. */
static inline void fixture_gctrace(struct fixture *f)
{
	f->cycles[0].gctrace = (struct result_gctrace){ .known = true,
							.number = 7,
							.at_ns = 1820000000,
							.mark_ns = 3900000,
							.goal_bytes = 4 << 20,
							.procs = 2 };
}

static inline void fixture_gc(struct fixture *f)
{
	struct result *r = &f->r;

	for (size_t i = 0; i < COUNT_OF(f->cycles); i++) {
		struct result_gc_cycle *c = &f->cycles[i];

		*c = (struct result_gc_cycle){ .number = i + 1,
					       .trigger = i == 4 ? "cycle" : "heap",
					       .complete = i != 11,
					       .start_ns = 412000000 + 850000000 * i,
					       .mark_ns = 3900000 + 110000 * i,
					       .stw_ns = 112000 + 9000 * i,
					       .workers_known = true,
					       .assists_known = true,
					       .worker_ns = 9100000 + 510000 * i,
					       .workers = 8,
					       .assist_ns = 1200000,
					       .assists = 14,
					       .heap_known = true,
					       .heap_start_bytes = 67318579,
					       .heap_end_bytes = 34603008,
					       .map_ops = { i == 11 ? 1900 : 100 + i },
					       .stack = i == 4 ? ST_READMEM : ST_GC_ALLOC };
		c->end_ns = c->start_ns + c->mark_ns + c->stw_ns;
		c->mark_term_ns = c->end_ns - 100000;
	}
	for (size_t i = 0; i < COUNT_OF(f->stws); i++) {
		struct result_stw *s = &f->stws[i];

		*s = (struct result_stw){ .at_ns = 412000000 + 370000000 * i,
					  .reason = i % 2 ? "GC mark termination"
							  : "GC sweep termination",
					  .gc = true,
					  .stopping_ns = 9000 + 2400 * i,
					  .stopped_ns = 31000 + 5000 * (i % 7),
					  .goid = 18 + i,
					  .stack = ST_GC_ALLOC };
		if (i == 20)
			*s = (struct result_stw){ s->at_ns,  "read mem stats", false,
						  1100000,   140000,	       42,
						  ST_READMEM };
		result_hist_add(s->gc ? &r->stw_gc : &r->stw_other, s->stopping_ns + s->stopped_ns);
		result_hist_add(&r->stw_stopping, s->stopping_ns);
	}
	f->assists[0] = (struct result_wait){ "assist", 0, 150, 11000000, 412000, 6, ST_GC_ALLOC };
	f->assists[1] = (struct result_wait){ "assist", 0, 18, 3400000, 400000, 2, ST_PUT };
	for (size_t i = 0; i < 168; i++)
		result_hist_add(&r->assist, 20000 + 811 * i);
	r->assist.sum_ns = 14400000;
	r->cycles = f->cycles;
	r->ncycles = COUNT_OF(f->cycles);
	r->stws = f->stws;
	r->nstws = COUNT_OF(f->stws);
	r->assists = f->assists;
	r->nassists = 2;
	r->gc_cycles = fixture_exact(12);
	r->assist_count = fixture_exact(168);
}

static inline void fixture_locks(struct fixture *f)
{
	struct result *r = &f->r;

	f->kinds[0].kind = "mutex";
	f->kinds[1].kind = "rwmutex (reader)";
	for (uint64_t i = 0; i < 8001; i++)
		result_hist_add(&f->kinds[0].hist, 1000 + i * i / 3);
	for (uint64_t i = 0; i < 122; i++)
		result_hist_add(&f->kinds[1].hist, 700 + 13 * i);
	f->locks[0] = (struct result_wait){ "mutex",  0xc0000a8010, 7000,   40000000000,
					    21000000, 16,	    ST_LOCK };
	f->locks[1] = (struct result_wait){ "mutex", 0, 1001, 16000000000, 9000000, 4, ST_EXPIRE };
	f->locks[2] = (struct result_wait){ "rwmutex (reader)", 0xc0000a8080, 122, 181000, 2300, 3,
					    RESULT_NO_STACK };
	r->lock_kinds = f->kinds;
	r->nlock_kinds = 2;
	r->locks = f->locks;
	r->nlocks = 3;
	r->lock_waits = fixture_exact(8123);
	r->lock_wait_ns = 56000181000;
}

static inline void fixture_cost(struct fixture *f)
{
	struct result *r = &f->r;

	f->probes[0] = (struct result_site){ .point = "map.assign_faststr",
					     .group = "map",
					     .func = "runtime.mapassign_faststr",
					     .addr = 0x40f0aa,
					     .hits = 812345,
					     .cost_ns = 584888400.5 };
	f->probes[1] = (struct result_site){ .point = "lock.mutex_end",
					     .group = "lock",
					     .func = "internal/sync.(*Mutex).lockSlow",
					     .addr = 0x48f0aa,
					     .exit = true,
					     .hits = 8000,
					     .cost_ns = 5760000 };
	f->probes[2] = f->probes[1];
	f->probes[2].addr = 0x48f0ee;
	f->probes[2].single_step = true;
	f->probes[2].hits = 1;
	f->probes[3] = (struct result_site){ .point = "gc.start", .group = "gc", .hits = 12 };
	f->probes[4] = (struct result_site){ .point = "crash.fatal", .group = "crash" };
	f->probes[5] = (struct result_site){ .point = "crash.throw", .group = "crash" };
	f->missing[0] = (struct result_missing){ "map.evacuate", "Swiss maps do not evacuate" };
	f->missing[1] = (struct result_missing){ "lock.sema", "off: lock.mutex tells the same" };
	f->missing[2] = (struct result_missing){ "map.hash_grow", "Swiss maps do not evacuate" };
	r->sites = f->probes;
	r->nsites = 6;
	r->missing = f->missing;
	r->nmissing = 3;
	r->emulated_ns = 720;
	r->single_step_ns = 12300;
	r->overhead_ns = 31000000;
	r->target_cpu_ns = 3200000000;
	r->own_cpu_ns = 120000000;
}

/* A busy ten seconds, every count exact. */
static inline struct fixture *fixture_rich(void)
{
	struct fixture *f = fixture_empty();

	fixture_stacks(f);
	fixture_maps(f);
	fixture_gc(f);
	fixture_gctrace(f);
	fixture_locks(f);
	fixture_cost(f);
	return f;
}

/* The same, the hot map probes armed in windows, the one of the deletes under pressure. */
static inline struct fixture *fixture_estimated(void)
{
	struct fixture *f = fixture_rich();
	struct result *r = &f->r;

	r->windows = 41;
	r->armed_ns = 41000000;
	r->map_ops[RESULT_ASSIGN] =
		(struct result_count){ true, false, false, 5061, 1234387.4, 1101234.6, 1312345.2 };
	r->map_ops[RESULT_DELETE] = (struct result_count){ true, false, true, 61, 14878, 9000, 0 };
	r->map_ops[RESULT_CLEAR] = (struct result_count){ 0 };
	f->maps[0].ops[RESULT_ASSIGN] = r->map_ops[RESULT_ASSIGN];
	f->maps[0].ops[RESULT_DELETE] = r->map_ops[RESULT_DELETE];
	f->sites[0].hits[RESULT_ASSIGN] = 3000;
	f->sites[0].count[RESULT_ASSIGN] = 731700.7;
	f->probes[0].windowed = true;
	f->probes[0].outside = 1977;
	r->lost_events = 12;
	r->lost_stacks = 3;
	r->unmatched = 4;
	return f;
}

/* The busy session, ended by two writers of one map. */
static inline struct fixture *fixture_crash(void)
{
	struct fixture *f = fixture_rich();

	f->crash = (struct result_crash){ true, 4211300000, "concurrent map writes",
					  73,	4250,	    ST_CRASH };
	f->r.crash = &f->crash;
	f->r.ended = "target exited";
	f->r.duration_ns = 4300000000;
	return f;
}

#endif
