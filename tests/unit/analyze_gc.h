/* SPDX-License-Identifier: Apache-2.0 */
/* Streams with the events of the garbage collector. */
#ifndef MAPPROBE_TESTS_ANALYZE_GC_H
#define MAPPROBE_TESTS_ANALYZE_GC_H

#include "unit/analyze_stream.h"

enum {
	START = 1,
	MARK_DONE,
	MARK_TERM,
	SWEEP,
	END,
	DRAIN,
	DRAINED,
	ASSIST,
	ASSISTED,
	STW,
	STOPPED,
	RESTARTED,
	WRITE,
	NSITES,
};

/* Stacks: of who allocates, of anybody, of an assist inside another one, of those who stop the
 * world by way of stopTheWorld and without it (before Go 1.21). */
enum { ST_ALLOC = 1, ST_ANY, ST_NESTED, ST_STOP_OTHER, ST_STOP_GC };

static const enum abi_event site_event[NSITES] = {
	[START] = ABI_GC_START,
	[MARK_DONE] = ABI_GC_MARK_DONE,
	[MARK_TERM] = ABI_GC_MARK_TERM,
	[SWEEP] = ABI_GC_SWEEP,
	[END] = ABI_GC_END,
	[DRAIN] = ABI_GC_DRAIN_BEGIN,
	[DRAINED] = ABI_GC_DRAIN_END,
	[ASSIST] = ABI_ASSIST_BEGIN,
	[ASSISTED] = ABI_ASSIST_END,
	[STW] = ABI_STW_BEGIN,
	[STOPPED] = ABI_STW_STOPPED,
	[RESTARTED] = ABI_STW_END,
	[WRITE] = ABI_MAP_ASSIGN,
};

static inline void head(struct buf *b)
{
	put_session(b, true);
	for (uint32_t i = START; i < NSITES; i++)
		put_site(b, i, site_event[i],
			 i == ASSIST || i == ASSISTED ? "runtime.gcAssistAlloc" : "f", false);
	put_symbol(b, 0x100, "runtime.mallocgc");
	put_symbol(b, 0x200, "main.main");
	put_symbol(b, 0x300, "runtime.gcMarkDone");
	put_symbol(b, 0x400, "runtime.gcAssistAlloc");
	put_symbol(b, 0x500, "runtime.stopTheWorld.func1");
	put_symbol(b, 0x600, "runtime.systemstack");
	PUT_STACK(b, ST_ALLOC, 0x100, 0x200);
	PUT_STACK(b, ST_ANY, 0x200);
	PUT_STACK(b, ST_NESTED, 0x100, 0x300, 0x400, 0x100, 0x200);
	PUT_STACK(b, ST_STOP_OTHER, 0x500, 0x600, 0x200);
	PUT_STACK(b, ST_STOP_GC, 0x600, 0x100, 0x200);
}

static inline void hit(struct buf *b, uint64_t t, uint16_t site, uint64_t goid, uint32_t tid,
		       uint64_t arg0, uint64_t arg1)
{
	put_hit(b, (struct abi_hit){
			   .time_ns = at(t),
			   .goid = goid,
			   .tid = tid,
			   .site = site,
			   .stack = site == ASSIST || site == START ? ST_ALLOC : ST_ANY,
			   .arg = { arg0, arg1 },
		   });
}

static inline void put_counters(struct buf *b, uint64_t t)
{
	for (uint32_t i = START; i < NSITES; i++)
		put_counter(b, i, 0, 0);
	put_end(b, t);
}

/* A stop of the world by goroutine g: begins at t, stands still 10 later, ends 30 later. */
static inline void stop(struct buf *b, uint64_t t, uint64_t g, uint64_t reason)
{
	hit(b, t, STW, g, 1, reason, 0);
	hit(b, t + 10, STOPPED, g, 1, 0, 0);
	hit(b, t + 30, RESTARTED, g, 1, 0, 0);
}

#endif
