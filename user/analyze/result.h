/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session found: plain data, made by the analyzer, read by the reports. Times in ns; those
 * called at_ns count from the start of the session. All strings and arrays belong to the result.
 */
#ifndef MAPPROBE_RESULT_H
#define MAPPROBE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A count. exact: every one was seen (value == hits). Otherwise it is extrapolated from windows:
 * value with a 95 % interval [lo, hi]; lower_bound: the probes slowed the target so much inside the
 * windows that the truth may be far above; then lo holds and value, hi do not mean more than that.
 * known: false where no site was armed (value means nothing).
 */
struct result_count {
	bool known, exact, lower_bound;
	uint64_t hits; /* seen */
	double value, lo, hi;
};

struct result_line {
	const char *func, *file;
	uint32_t line, start_line;
};
/*
 * One call site; inlined calls give several lines, innermost first. In C it is one line without a
 * file. pc 0: a gap, frames that are not known; its one line says why, in parentheses.
 */
struct result_loc {
	uint64_t pc;   /* return address in the process */
	size_t nlines; /* 0: nothing is known of it */
	struct result_line *lines;
};
struct result_stack {
	uint64_t id;
	size_t nlocs;
	uint32_t *locs; /* indices into result.locs, direct caller first; a gap last: it stops early
			 */
};

/* Hits by what became of their stacks. */
struct result_unwinding {
	uint64_t complete; /* the stack reaches the root of its goroutine or thread */
	/* It stops early: */
	uint64_t deeper;  /* at the most that is taken */
	uint64_t c_code;  /* in C code without frame pointers */
	uint64_t unknown; /* elsewhere; or an old recording, which does not tell */
	uint64_t gaps;	  /* of complete ones: frames in between are missing */
};
#define RESULT_NO_STACK UINT32_MAX

/* Logarithmic histogram of times: bucket i counts [bound(i), bound(i+1)), four per power of two. */
#define RESULT_HIST_BUCKETS 256
struct result_hist {
	uint64_t n, sum_ns, min_ns, max_ns;
	uint64_t bucket[RESULT_HIST_BUCKETS];
};
uint64_t result_hist_bound(unsigned int i); /* lower bound of bucket i, ns */
void result_hist_add(struct result_hist *h, uint64_t ns);
/* Upper bound of the bucket that holds quantile q (0..1), at most max_ns; 0 when empty. */
uint64_t result_hist_quantile(const struct result_hist *h, double q);

enum result_map_op { RESULT_ASSIGN, RESULT_DELETE, RESULT_CLEAR, RESULT_GROW, RESULT_MAP_OPS };
extern const char *const result_map_op_name[RESULT_MAP_OPS]; /* "assign", ... */

/* Who did what to a map, by stack. The stack starts at the first caller outside the map code. */
struct result_map_site {
	uint32_t stack;		       /* index into result.stacks, RESULT_NO_STACK */
	uint64_t hits[RESULT_MAP_OPS]; /* seen */
	double count[RESULT_MAP_OPS];  /* hits, or scaled up from windows */
};

struct result_growth {
	uint64_t at_ns;
	uint64_t goid;
	uint32_t tid;
	const char *kind;		     /* "small", "table", "grow", "split", "same-size" */
	uint64_t old_capacity, new_capacity; /* slots; of one table for Swiss grow and split */
	uint32_t stack;
};
#define RESULT_MAX_GROWTHS 1024 /* kept per map; the count goes on */

struct result_map {
	uint64_t addr;
	const char *type; /* "map[string]int", "" when not known */
	bool length_known, capacity_known;
	uint64_t length, capacity; /* at the end, else as last seen */
	bool live_state;	   /* length and capacity were read at the end */
	/*
	 * The map as read from the target's memory while it was written, without a probe: what it
	 * was at first, how often its length or capacity had changed since the time before, and how
	 * often its capacity had grown (at least so many growths). 0 readings: it was not read.
	 */
	uint64_t readings, first_length, first_capacity, changes, grown;
	uint64_t hits[RESULT_MAP_OPS];
	struct result_count ops[RESULT_MAP_OPS];
	uint64_t evacuations;	       /* classic: buckets moved, as seen */
	uint64_t ngoroutines;	       /* distinct goroutines that wrote */
	struct result_map_site *sites; /* most counts first */
	size_t nsites;
	struct result_growth *growths; /* the first RESULT_MAX_GROWTHS */
	size_t ngrowths;
};

/* What the runtime itself says of a cycle, with GODEBUG=gctrace=1: runtime/mgc.go. */
struct result_gctrace {
	bool known;
	uint32_t number;     /* numgc: since the start of the process */
	uint64_t at_ns;	     /* its start, since that of the runtime */
	double cpu_fraction; /* of all CPU time since then, spent on GC */
	bool leaks;	     /* it looked for leaked goroutines */
	uint64_t sweep_term_ns, mark_ns, mark_term_ns;
	uint64_t sweep_term_cpu_ns, assist_cpu_ns, worker_cpu_ns, idle_cpu_ns, mark_term_cpu_ns;
	uint64_t heap_start_bytes, heap_end_bytes, heap_marked_bytes, goal_bytes;
	bool scans_known; /* the next two: from Go 1.18 on */
	uint64_t stacks_bytes, globals_bytes;
	int32_t procs;
	bool forced;
};

struct result_gc_cycle {
	uint64_t number;     /* 1: the first seen in this session */
	const char *trigger; /* "heap", "time", "cycle" */
	bool complete;	     /* its start and end were both seen */
	/* at_ns; gcStart to mProf_Flush; an end not seen: the next start, or the session's end */
	uint64_t start_ns, end_ns;
	uint64_t mark_term_ns; /* at_ns of mark termination, 0: not seen */
	uint64_t mark_ns; /* from the world's restart after sweep termination to the last stop */
	uint64_t stw_ns;  /* total time not running Go code: stopping + stopped, both pauses */
	/* Known: always armed until its end, and nothing lost. Else what was seen. */
	bool workers_known, assists_known;
	uint64_t worker_ns;	     /* drains of mark workers, all threads */
	uint64_t worker_idle_ns;     /* of it, idle workers */
	uint64_t workers;	     /* drains */
	uint64_t assist_ns, assists; /* the outermost, see result.assist */
	bool heap_known;
	uint64_t heap_start_bytes, heap_end_bytes; /* gcController.heapLive */
	uint64_t map_ops[RESULT_MAP_OPS];	   /* seen while this cycle ran */
	uint32_t stack;				   /* who triggered it */
	struct result_gctrace gctrace;
};

struct result_stw {
	uint64_t at_ns;
	const char *reason; /* "GC sweep termination", ... */
	bool gc;
	uint64_t stopping_ns, stopped_ns; /* until all stood; until they ran again */
	uint64_t goid;
	uint32_t stack; /* who asked */
};

/* Time by stack: assists, lock waits. */
struct result_wait {
	const char *kind; /* "mutex", "rwmutex (reader)", ...; "assist" */
	uint64_t addr;	  /* of the lock, 0 when several or none */
	uint64_t n, sum_ns, max_ns;
	uint64_t goroutines;
	uint32_t stack;
};

struct result_lock_kind {
	const char *kind;
	struct result_hist hist;
};

struct result_site {
	const char *point, *group, *func;
	uint64_t addr;
	bool exit, single_step, windowed;
	uint64_t hits, lost, outside, stack_lost;
	double cost_ns; /* estimated: passages x ns per hit of its class */
};

struct result_missing {
	const char *what, *why;
};

struct result_crash {
	bool fatal; /* runtime.fatal, else runtime.throw */
	uint64_t at_ns;
	const char *message;
	uint64_t goid;
	uint32_t tid;
	uint32_t stack;
};

struct result {
	/* The target and the session. */
	uint32_t pid;
	const char *exe, *go_version, *module, *module_version, *build_id, *kernel, *mapprobe;
	bool stripped, pie, swiss, exact;
	double budget; /* share of one CPU; 0 when exact */
	uint32_t cpus;
	uint64_t start_unix_ns, duration_ns;
	uint64_t exe_start, exe_limit, exe_offset;
	const char *ended; /* "time", "interrupt", "target exited", "target execed", "error", "cut
			      off" */
	bool complete;	   /* the stream had its end */

	struct result_count map_ops[RESULT_MAP_OPS];
	struct result_count evacuations;
	struct result_map *maps; /* most writes first */
	size_t nmaps;

	struct result_gc_cycle *cycles;
	size_t ncycles;
	struct result_stw *stws;
	size_t nstws;
	struct result_hist stw_gc, stw_other; /* stopping + stopped */
	struct result_hist stw_stopping;
	/* An assist may lie inside another one; its time is the outer's and is in nothing twice. */
	struct result_hist assist;
	struct result_wait *assists; /* by stack, longest first */
	size_t nassists;

	struct result_lock_kind *lock_kinds; /* only those seen */
	size_t nlock_kinds;
	struct result_wait *locks; /* by kind, lock and stack, longest first */
	size_t nlocks;
	struct result_count lock_waits;		     /* all kinds, the outermost */
	uint64_t lock_wait_ns;			     /* seen */
	struct result_count gc_cycles, assist_count; /* the outermost assists */

	struct result_crash *crash; /* NULL: none */

	/* Cost and truth. */
	struct result_site *sites;
	size_t nsites;
	struct result_missing *missing;
	size_t nmissing;
	uint64_t emulated_ns, single_step_ns; /* per hit, measured at start; 0: not measured */
	uint64_t windows, armed_ns;	      /* number of windows, their summed length */
	uint64_t overhead_ns;		      /* estimated time taken from the target */
	uint64_t target_cpu_ns, own_cpu_ns;   /* 0: not known */
	uint64_t lost_events, lost_stacks;
	struct result_unwinding unwinding;
	uint64_t unmatched; /* ends without a beginning and beginnings without an end */

	struct result_loc *locs;
	size_t nlocs;
	struct result_stack *stacks;
	size_t nstacks;
};

#endif
