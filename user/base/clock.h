/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MAPPROBE_BASE_CLOCK_H
#define MAPPROBE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* The clock's time in ns. CLOCK_MONOTONIC is the clock of all events (bpf_ktime_get_ns). */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

#endif
