// SPDX-License-Identifier: Apache-2.0
#include "cmd/ending.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"

static volatile sig_atomic_t stop_requested;

static void on_signal(int sig)
{
	if (stop_requested)
		_exit(128 + sig);
	stop_requested = 1;
}

void ending_catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	signal(SIGPIPE, SIG_IGN); /* a reader that is gone is an error of that write only */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

enum event_end_reason ending_now(const struct target *t, uint64_t start_ns, uint64_t duration_ns)
{
	if (stop_requested)
		return EVENT_END_INTERRUPT;
	if (duration_ns && clock_ns(CLOCK_MONOTONIC) - start_ns >= duration_ns)
		return EVENT_END_TIME;
	if (target_execed(t))
		return EVENT_END_TARGET_EXEC;
	return target_alive(t) ? 0 : EVENT_END_TARGET_EXIT;
}
