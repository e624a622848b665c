/* SPDX-License-Identifier: Apache-2.0 */
/* Sites, windows, and what the hits inside windows say about the whole session. */
#ifndef MAPPROBE_ANALYZE_ESTIMATE_H
#define MAPPROBE_ANALYZE_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/result.h"
#include "analyze/strings.h"
#include "record/event.h"

#define WINDOWS_PENDING 256 /* windows whose late hits are still waited for */

struct site {
	bool known;
	bool exit, single_step;
	bool windowed; /* since group's from_ns */
	bool paired;   /* of LOCK_END: a site of LOCK_BEGIN is in the same function */
	uint8_t event; /* enum abi_event */
	uint32_t group;
	const char *point, *group_name, *func;
	uint64_t addr;
	uint64_t always, inside; /* hits seen: with window 0, in a window */
	bool counted;		 /* EVENT_COUNTER has come */
	struct abi_counter counter;
};

/* Windows with hits h and armed time a: n, and the sums that a ratio and its spread need. */
struct window_sums {
	uint64_t n;
	double h, a, hh, ha, aa;
};

/* Sites of one event that became windowed at one moment: estimated together. */
struct site_group {
	uint8_t event;
	uint64_t told_ns;	 /* last time seen when the stream said so */
	uint64_t from_ns;	 /* the same, or the last always-armed hit, which came later */
	struct window_sums sums; /* of windows that are not pending any more */
};

struct window {
	uint32_t number; /* 0: unused */
	bool closed;	 /* EVENT_WINDOW has come */
	uint64_t open_ns, close_ns;
	uint32_t hits[ABI_MAX_SITES]; /* by group */
};

struct sites {
	struct site site[ABI_MAX_SITES];
	uint32_t ngroups;
	struct site_group group[ABI_MAX_SITES];
	struct window pending[WINDOWS_PENDING]; /* by number modulo WINDOWS_PENDING */
	uint64_t windows, armed_ns;
	struct event_cost cost;
	bool ended; /* EVENT_END has come: a site without a counter lost nothing */
};

/* How hits of some events become counts: the session's part that was seen, and its spread. */
struct scale {
	bool known, windowed, open, lower_bound;
	uint64_t lost; /* at most so many more happened at sites that were always armed */
	double always; /* counts for each hit outside windows: 1, or more where hits were lost */
	double inside; /* counts for each hit in a window */
	uint64_t windows;
};

/* Takes an EVENT_SITE; now_ns: the last time seen. 0, -ENOMEM, -EBADMSG. */
int sites_add(struct sites *s, const struct event_site *v, uint64_t now_ns, struct strings *strings,
	      struct err *e);
/* Counts a hit of a known site. */
void sites_hit(struct sites *s, const struct abi_hit *hit, uint64_t now_ns);
void sites_window(struct sites *s, const struct event_window *v);
/* -EBADMSG when there is no such site. */
int sites_counter(struct sites *s, const struct event_counter *v, struct err *e);

/* Adds a closed window to sums; only the part of it behind the group's beginning. */
void window_add(struct window_sums *sums, const struct site_group *g, const struct window *w,
		uint32_t group);

/* All hits of a site, those lost on the way included when their number is known. */
uint64_t site_hits(const struct site *s);
/* Whether what the sites of some events saw until then is all there was, nothing lost. */
bool sites_saw_all(const struct sites *s, uint32_t events, uint64_t until_ns);
/* ns that the passages of the site took from the target; saturates. */
uint64_t site_cost_ns(const struct sites *s, const struct site *v);

#define EVENT_BIT(ev) (1u << (ev))

/* The count of some events over the session that ended at end_ns; *scale may be NULL. */
struct result_count estimate_count(const struct sites *s, uint32_t events, uint64_t end_ns,
				   struct scale *scale);
/*
 * The part of such a count that one map has: always and inside hits, and squares, the sum over
 * windows of the square of its hits in it.
 */
struct result_count estimate_part(const struct scale *scale, uint64_t always, uint64_t inside,
				  double squares);

#endif
