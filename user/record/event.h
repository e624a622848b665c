/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event stream: the contract between who observes (trace), who keeps (record) and who
 * understands (analyze).
 *
 * An event is a frame: u32 type, u32 size (header included), then the payload. Frames from the
 * kernel (types below 16, bpf/abi.h) are C structs as they are. The others are written by
 * event_put_* with base/buf.h and read by event_get_* with the bounded reader. Nothing is sent
 * without what explains it having been sent before: a site before its hits, a symbol before the
 * stack that has its address, a type before the map that has it. So any prefix of a stream can be
 * analyzed, and a recording needs neither the binary nor the process.
 *
 * Order of a session: SESSION, SITE..., MISSING..., COST; then hits, stacks, texts, GC cycles,
 * symbols, types, windows, map states as they come; COUNTER..., END last.
 */
#ifndef MAPPROBE_EVENT_H
#define MAPPROBE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "bpf/abi.h"

enum event_type {
	EVENT_SESSION = 16,
	EVENT_SITE,
	EVENT_MISSING,
	EVENT_COST,
	EVENT_SYMBOL,
	EVENT_TYPE,
	EVENT_WINDOW,
	EVENT_MAP_STATE,
	EVENT_COUNTER,
	EVENT_END,
	EVENT_TYPE_MAX,
};

#define EVENT_HEADER   8 /* bytes: u32 type, u32 size */
#define EVENT_MAX_SIZE (1u << 20)

/* One frame, borrowed: valid during the call that hands it over. data includes the header. */
struct event {
	uint32_t type;
	uint32_t size;
	const uint8_t *data; /* at least 8-byte aligned for kernel frames */
};

/* Who takes events. A negative return stops the producer, which passes it on. */
struct event_sink {
	void *ctx;
	int (*put)(void *ctx, const struct event *ev, struct err *e);
};

static inline int event_sink_put(const struct event_sink *s, const struct event *ev, struct err *e)
{
	return s->put(s->ctx, ev, e);
}

/* Strings in the structs below are borrowed from the event when read. */

struct event_session {
	uint64_t start_mono_ns; /* CLOCK_MONOTONIC, the clock of all events */
	uint64_t start_unix_ns; /* the same moment on CLOCK_REALTIME */
	uint32_t pid;
	uint32_t cpus; /* the machine's, online */
	uint32_t kind; /* 0: attach */
	uint8_t stripped, pie, swiss;
	uint8_t exact; /* --max-overhead none */
	double budget; /* share of one CPU the session may take: 0.01; 0 when exact */
	uint64_t exe_start, exe_limit, exe_offset; /* mapping of the text, for pprof */
	const char *exe, *go_version, *module, *module_version, *build_id;
	const char *kernel;   /* uname release */
	const char *mapprobe; /* version of mapprobe */
};

struct event_site {
	uint32_t index;
	uint8_t event;	     /* enum abi_event */
	uint8_t exit;	     /* an exit of the function, else its entry */
	uint8_t single_step; /* cost class, else emulated */
	uint8_t windowed;    /* armed in windows: its hits are a sample */
	const char *point, *group, *func;
	uint64_t addr; /* in the process */
};

struct event_missing {
	const char *what, *why;
};

/* Cost of a passage on this machine, measured at start; 0: not measured. */
struct event_cost {
	uint64_t emulated_ns, single_step_ns;
};

/* One return address of a stack; lines are those of the call, innermost inlined first. */
#define EVENT_MAX_LINES 64
struct event_line {
	const char *func, *file;
	uint32_t line, start_line;
};
struct event_symbol {
	uint64_t pc;
	uint32_t nlines; /* 0: in no Go function */
	struct event_line lines[EVENT_MAX_LINES];
};

struct event_rtype {
	uint64_t addr;	  /* in the process */
	const char *name; /* "map[string]*main.Order", "" when it could not be read */
};

/* A window in which the windowed sites counted; sent when it has closed. */
struct event_window {
	uint32_t number;	    /* as in abi_hit.window */
	uint64_t open_ns, close_ns; /* CLOCK_MONOTONIC */
};

/* A map read from the target's memory: from time to time while it is written, and at the end. */
struct event_map_state {
	uint64_t map;
	uint64_t time_ns;
	uint64_t length, capacity;
};

struct event_counter {
	uint32_t site;
	struct abi_counter count;
};

enum event_end_reason {
	EVENT_END_TIME = 1,    /* the duration is over */
	EVENT_END_INTERRUPT,   /* ^C or SIGTERM */
	EVENT_END_TARGET_EXIT, /* the target ended */
	EVENT_END_TARGET_EXEC, /* the target became another program */
	EVENT_END_ERROR,       /* mapprobe could not go on */
};

struct event_end {
	uint64_t time_ns; /* CLOCK_MONOTONIC, when the last probe was detached */
	uint32_t reason;
	uint64_t target_cpu_ns; /* CPU time of the target during the session, 0: not known */
	uint64_t own_cpu_ns;	/* CPU time of mapprobe */
	uint64_t lost_bytes;	/* reserved, 0 */
};

/*
 * Append the frame to b; b.failed tells whether memory ran out. b is padded with zero bytes before
 * and after it, so that every frame starts at a multiple of 8; the size in the frame does not count
 * them. Strings beyond 4096 bytes are cut. Walk b with event_next.
 */
void event_put_session(struct buf *b, const struct event_session *v);
void event_put_site(struct buf *b, const struct event_site *v);
void event_put_missing(struct buf *b, const struct event_missing *v);
void event_put_cost(struct buf *b, const struct event_cost *v);
void event_put_symbol(struct buf *b, const struct event_symbol *v);
void event_put_rtype(struct buf *b, const struct event_rtype *v);
void event_put_window(struct buf *b, const struct event_window *v);
void event_put_map_state(struct buf *b, const struct event_map_state *v);
void event_put_counter(struct buf *b, const struct event_counter *v);
void event_put_end(struct buf *b, const struct event_end *v);

/*
 * Read the frame; -EBADMSG says which event, field or size is wrong. Values are checked for range
 * (counts, enums), not for sense. The event must have the right type.
 */
int event_get_session(const struct event *ev, struct event_session *ret, struct err *e);
int event_get_site(const struct event *ev, struct event_site *ret, struct err *e);
int event_get_missing(const struct event *ev, struct event_missing *ret, struct err *e);
int event_get_cost(const struct event *ev, struct event_cost *ret, struct err *e);
int event_get_symbol(const struct event *ev, struct event_symbol *ret, struct err *e);
int event_get_rtype(const struct event *ev, struct event_rtype *ret, struct err *e);
int event_get_window(const struct event *ev, struct event_window *ret, struct err *e);
int event_get_map_state(const struct event *ev, struct event_map_state *ret, struct err *e);
int event_get_counter(const struct event *ev, struct event_counter *ret, struct err *e);
int event_get_end(const struct event *ev, struct event_end *ret, struct err *e);
/* Kernel frames: the struct itself when type and size are right, else NULL. */
const struct abi_hit *event_hit(const struct event *ev);
const struct abi_stack *event_stack(const struct event *ev);
const struct abi_text *event_text(const struct event *ev);
const struct abi_gc_cycle *event_gc_cycle(const struct event *ev);

/*
 * The next frame of s at *off, which moves on to the frame behind its padding; -EBADMSG when none
 * fits or its type is none of the above, 1 at the end of s. s.data is 8-byte aligned.
 */
int event_next(struct span s, size_t *off, struct event *ret, struct err *e);

#endif
