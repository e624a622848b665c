/* SPDX-License-Identifier: Apache-2.0 */
/* The garbage collector: cycles, stops of the world, mark workers, assists. */
#ifndef MAPPROBE_ANALYZE_GC_H
#define MAPPROBE_ANALYZE_GC_H

#include "analyze/stacks.h"
#include "analyze/waits.h"

#define GC_NONE UINT32_MAX

/* A call of gcStart that has not stopped the world yet; it may return without doing so. */
struct gc_start {
	bool pending;
	uint64_t time_ns, trigger, heap;
	uint32_t stack;
	size_t cycles;			  /* that had started until then */
	uint64_t map_ops[RESULT_MAP_OPS]; /* seen until then */
};

struct gc_cycle {
	const char *trigger;
	bool started, ended; /* that was seen */
	uint64_t start_ns, end_ns, mark_term_ns;
	bool marked_from;		   /* the world ran again after sweep termination */
	uint64_t mark_from_ns, mark_to_ns; /* 0: not seen */
	uint64_t stw_ns;
	uint64_t worker_ns, worker_idle_ns, workers;
	uint64_t assist_ns, assists;
	uint64_t heap_start, heap_end;
	uint64_t map_ops[RESULT_MAP_OPS]; /* seen at its start; when it has ended, in it */
	uint32_t stack;
	struct result_gctrace gctrace;
};

struct stw {
	uint64_t begin_ns, stopped_ns, end_ns;
	bool stopped;	/* seen standing still */
	bool inferred;	/* the runtime named no reason: it follows from what came before */
	bool mark_term; /* its goroutine entered gcMarkTermination meanwhile */
	uint32_t reason;
	uint64_t goid;
	uint32_t stack, cycle;
};

struct gc {
	struct u64map start_of; /* goroutine -> index in starts */
	VEC(struct gc_start) starts;
	VEC(struct gc_cycle) cycles;
	uint32_t current; /* index of the running cycle, GC_NONE */
	bool stopping;	  /* stw is open */
	struct stw stw;
	VEC(struct stw) stws;
	struct result_hist stw_gc, stw_other, stw_stopping, assist;
	struct opens drains, assisting;
	struct waits assists;
	uint64_t assists_begun, assists_nested;
	uint64_t unmatched;
};

/* What the GC's events need to know of the rest. */
struct gc_context {
	struct gc *gc;
	const struct sites *sites;
	const struct stacks *stacks;
	const uint64_t *map_ops; /* RESULT_MAP_OPS hits of maps seen so far */
	uint64_t start_ns;	 /* of the session */
};

void gc_init(struct gc *gc);
void gc_deinit(struct gc *gc);

/* A hit of one of the GC's events; stack from stacks_ref. 0 or -ENOMEM. */
int gc_start(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_mark_done(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_mark_term(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_end(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
/* What the runtime says of the cycle that ends now; 0 or -ENOMEM. */
int gc_told(struct gc_context *c, const struct abi_gc_cycle *told);
int gc_stw_begin(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_stw_stopped(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_stw_end(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_drain_begin(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_drain_end(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_assist_begin(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);
int gc_assist_end(struct gc_context *c, const struct abi_hit *hit, uint32_t stack);

/* Between the parts of the GC: a stop for sweep termination starts a cycle; 0 or -ENOMEM. */
int gc_cycle_started(struct gc_context *c, const struct abi_hit *stw, uint32_t stack);
/*
 * The hit's goroutine has called gcStart and not stopped the world since; unless even_late: nor has
 * anybody else started a cycle since.
 */
bool gc_start_pending(const struct gc *gc, const struct abi_hit *hit, bool even_late);
/* Something that happens only in a cycle was seen: the session began in the middle of one. */
int gc_cycle_evident(struct gc_context *c);

int gc_result(const struct gc *gc, const uint64_t *map_ops, struct build *b);
/* Parts of it. */
int gc_stw_result(const struct gc *gc, struct build *b);

#endif
