// SPDX-License-Identifier: Apache-2.0
#include "trace/arming.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"

/*
 * A window disturbs the target by more than its hits: attaching and detaching hold it up, and what
 * it then makes up for is no sample of its rate. So a window settles before it opens, and all of it
 * is well below a hundredth of the period, which is where the target's p99 would notice.
 */
#define WINDOW_NS     2000000ull
#define SETTLE_NS     1000000ull
#define MIN_PERIOD_NS 600000000ull
#define WARM_CHECK_NS 100000000ull
#define WARM_SAVED_NS 2e9

/* The kernel's stack has the direct caller at a push %rbp, where the kernel does that. */
static bool caller_is_missing(const struct arming *a, const struct plan_site *s)
{
	struct span insn;

	if (!s->caller_at_rsp)
		return false;
	return !(a->features.kernel_adds_caller && gobin_bytes(a->plan->bin, s->addr, 1, &insn) &&
		 insn.data[0] == 0x55);
}

static void site_describe(struct arming *a, uint32_t i)
{
	struct abi_site site = plan_abi_site(&a->plan->sites[i], a->heat[i] == PLAN_HOT);

	if (!caller_is_missing(a, &a->plan->sites[i]))
		site.flags &= (uint8_t)~ABI_SITE_CALLER_AT_RSP;
	a->skel->bss->sites[i] = site;
}

int arming_init(struct arming *a, struct mapprobe_bpf *skel, const struct target *t,
		const struct plan *p, const struct trace_features *f, const struct tracer_opts *o,
		struct err *e)
{
	pthread_condattr_t attr;

	*a = (struct arming){ .skel = skel, .target = t, .plan = p, .features = *f };
	a->exact = o->exact;
	a->budget = o->budget;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->wake, &attr);
	pthread_condattr_destroy(&attr);
	for (uint32_t i = 0; i < p->nsites; i++) {
		const struct plan_point *point = p->sites[i].point;
		uint64_t ip = p->sites[i].addr + target_bias(t);

		/* A hit inside a write makes the race for the map longer: only in windows. */
		a->heat[i] = point->inside_write ? PLAN_HOT : point->heat;
		if (o->exact)
			a->heat[i] = PLAN_COLD;
		site_describe(a, i);
		if (!f->cookie &&
		    bpf_map_update_elem(bpf_map__fd(skel->maps.site_by_ip), &ip, &i, BPF_NOEXIST))
			return err_sys(e, -errno, "site %u at 0x%llx: not told by address", i,
				       (unsigned long long)ip);
	}
	return 0;
}

static void stop_windows(struct arming *a)
{
	if (!a->thread_runs)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->wake);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	a->thread_runs = false;
}

void arming_deinit(struct arming *a)
{
	stop_windows(a);
	guard_destroy(a->guard);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->wake);
	vec_deinit(&a->closed);
}

/* Sites that belong together now; a demotion changes it for the next time. */
struct members {
	bool site[ABI_MAX_SITES];
	bool any;
};

/* The sites of one heat, of the groups in the mask. */
static struct members members_of(const struct arming *a, enum plan_heat heat, unsigned int groups)
{
	struct members m = { .any = false };

	for (uint32_t i = 0; i < a->plan->nsites; i++) {
		m.site[i] = a->heat[i] == heat && a->plan->sites[i].point->group & groups;
		m.any |= m.site[i];
	}
	return m;
}

static int arm(struct arming *a, enum guard_set set, const struct members *m, struct err *e)
{
	return m->any ? guard_arm(a->guard, set, m->site, e) : 0;
}

int arming_counter(const struct arming *a, uint32_t site, struct abi_counter *ret, struct err *e)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct abi_counter *per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	struct abi_counter sum = { 0 };

	if (!per_cpu)
		return err_sys(e, -ENOMEM, "counters");
	if (bpf_map_lookup_elem(bpf_map__fd(a->skel->maps.counters), &site, per_cpu))
		return err_sys(e, -errno, "counters of site %u", site);
	for (int i = 0; i < cpus; i++) {
		sum.hits += per_cpu[i].hits;
		sum.lost += per_cpu[i].lost;
		sum.outside += per_cpu[i].outside;
		sum.stack_lost += per_cpu[i].stack_lost;
	}
	*ret = sum;
	return 0;
}

/* Time that the members have taken from the target so far. */
static int spent(const struct arming *a, const struct members *m, uint64_t *ret_ns, struct err *e)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < a->plan->nsites; i++) {
		struct abi_counter c;
		int rc;

		if (!m->site[i])
			continue;
		rc = arming_counter(a, i, &c, e);
		if (rc)
			return rc;
		sum += (c.hits + c.outside) * (a->plan->sites[i].cost == PLAN_EMULATED
						       ? a->features.emulated_ns
						       : a->features.single_step_ns);
	}
	*ret_ns = sum;
	return 0;
}

/* Opens and closes the window; the members are armed. */
static void window_count(struct arming *a, struct event_window *w)
{
	const struct timespec length = { .tv_nsec = WINDOW_NS }, settle = { .tv_nsec = SETTLE_NS };

	nanosleep(&settle, NULL);
	w->open_ns = clock_ns(CLOCK_MONOTONIC);
	__atomic_store_n(&a->skel->bss->window, w->number, __ATOMIC_RELEASE);
	nanosleep(&length, NULL);
	__atomic_store_n(&a->skel->bss->window, 0, __ATOMIC_RELEASE);
	w->close_ns = clock_ns(CLOCK_MONOTONIC);
	/* We were stopped meanwhile: the guard has disarmed the sites long ago. */
	if (w->close_ns - w->open_ns > GUARD_PATIENCE_MS * 1000000ull)
		w->close_ns = w->open_ns + GUARD_PATIENCE_MS * 1000000ull;
}

/* One window; *ret_ns is what it has cost the target. */
static int window_run(struct arming *a, uint16_t number, uint64_t *ret_ns, struct err *e)
{
	const struct members hot = members_of(a, PLAN_HOT, PLAN_ALL);
	struct event_window w = { .number = number };
	uint64_t before = 0, after = 0;
	int rc = spent(a, &hot, &before, e);

	if (!rc)
		rc = arm(a, GUARD_HOT, &hot, e);
	if (rc)
		return rc;
	window_count(a, &w);
	rc = guard_disarm(a->guard, GUARD_HOT, e);
	if (rc)
		return rc;
	pthread_mutex_lock(&a->lock);
	rc = vec_push(&a->closed, w);
	pthread_mutex_unlock(&a->lock);
	rc = rc ? err_sys(e, rc, "window %u", number) : spent(a, &hot, &after, e);
	*ret_ns = after - before;
	return rc;
}

/* Uniform in [0.5, 1.5): the next window keeps no step with anything in the target. */
static double random_factor(void)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = (uint32_t)clock_ns(CLOCK_MONOTONIC);
	return 0.5 + r / 4294967296.0;
}

/* Sleeps until then or until it is told to stop; true: stop. */
static bool sleep_until(struct arming *a, uint64_t then_ns)
{
	struct timespec ts = { .tv_sec = (time_t)(then_ns / 1000000000ull),
			       .tv_nsec = (long)(then_ns % 1000000000ull) };
	bool stop;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && !pthread_cond_timedwait(&a->wake, &a->lock, &ts))
		;
	stop = a->stop;
	pthread_mutex_unlock(&a->lock);
	return stop;
}

static void *run_windows(void *arg)
{
	struct arming *a = arg;
	uint64_t cost = 0, period = MIN_PERIOD_NS / 4;
	uint16_t number = 0;
	struct err e = { 0 };

	while (!sleep_until(a, clock_ns(CLOCK_MONOTONIC) +
				       (uint64_t)((double)period * random_factor()))) {
		number = number == UINT16_MAX ? 1 : (uint16_t)(number + 1);
		if (window_run(a, number, &cost, &e))
			break;
		period = (uint64_t)((double)cost / (a->budget / 2));
		if (period < MIN_PERIOD_NS)
			period = MIN_PERIOD_NS;
	}
	pthread_mutex_lock(&a->lock);
	a->err = e;
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

int arming_start(struct arming *a, uint64_t *start_ns, struct err *e)
{
	int rc = guard_create(a->skel, a->target, a->plan, a->features.uprobe_multi, &a->guard, e);
	struct members m = members_of(a, PLAN_COLD, PLAN_ALL);

	if (!rc)
		rc = arm(a, GUARD_COLD, &m, e);
	for (unsigned int k = 0; k < GUARD_PROGRAMS && !rc; k++) {
		m = members_of(a, PLAN_WARM, guard_group(k));
		rc = arm(a, GUARD_WARM + k, &m, e);
	}
	if (rc)
		return rc;
	*start_ns = a->warm_checked_ns = clock_ns(CLOCK_MONOTONIC);
	__atomic_store_n(&a->skel->bss->active, 1, __ATOMIC_RELEASE);
	a->warm_saved_ns = a->budget / 2 * WARM_SAVED_NS;
	if (a->exact)
		return 0;
	rc = -pthread_create(&a->thread, NULL, run_windows, a);
	if (rc)
		return err_sys(e, rc, "thread of the windows");
	a->thread_runs = true;
	return 0;
}

int arming_stop(struct arming *a, uint64_t *end_ns, struct err *e)
{
	stop_windows(a);
	__atomic_store_n(&a->skel->bss->active, 0, __ATOMIC_RELEASE);
	*end_ns = clock_ns(CLOCK_MONOTONIC);
	return a->guard ? guard_disarm(a->guard, GUARD_SETS, e) : 0;
}

/* Moves the warm sites of the k-th program into the windows. */
static int demote(struct arming *a, unsigned int k, struct err *e)
{
	int rc = guard_disarm(a->guard, GUARD_WARM + k, e);

	for (uint32_t i = 0; i < a->plan->nsites && !rc; i++)
		if (a->heat[i] == PLAN_WARM && a->plan->sites[i].point->group == guard_group(k)) {
			a->heat[i] = PLAN_HOT;
			site_describe(a, i);
		}
	a->warm_spent_ns[k] = 0;
	a->warm_saved_ns = 0;
	return rc;
}

int arming_check(struct arming *a, enum plan_group *ret, struct err *e)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), dt = now - a->warm_checked_ns, most = 0, cold;
	unsigned int costliest = 0;
	struct members m;
	int rc;

	*ret = 0;
	if (a->exact || dt < WARM_CHECK_NS)
		return 0;
	m = members_of(a, PLAN_COLD, PLAN_ALL);
	rc = spent(a, &m, &cold, e);
	if (rc)
		return rc;
	a->warm_saved_ns -= (double)(cold - a->cold_spent_ns);
	a->cold_spent_ns = cold;
	for (unsigned int k = 0; k < GUARD_PROGRAMS; k++) {
		uint64_t all;

		m = members_of(a, PLAN_WARM, guard_group(k));
		rc = spent(a, &m, &all, e);
		if (rc)
			return rc;
		if (all - a->warm_spent_ns[k] > most) {
			most = all - a->warm_spent_ns[k];
			costliest = k;
		}
		a->warm_saved_ns -= (double)(all - a->warm_spent_ns[k]);
		a->warm_spent_ns[k] = all;
	}
	a->warm_checked_ns = now;
	a->warm_saved_ns =
		fmin(a->warm_saved_ns + a->budget / 2 * (double)dt, a->budget / 2 * WARM_SAVED_NS);
	if (a->warm_saved_ns >= 0 || !most)
		return 0;
	rc = demote(a, costliest, e);
	if (!rc)
		*ret = guard_group(costliest);
	return rc;
}

bool arming_take_window(struct arming *a, struct event_window *ret)
{
	bool any;

	pthread_mutex_lock(&a->lock);
	any = a->closed.len > 0;
	if (any) {
		*ret = a->closed.data[0];
		memmove(a->closed.data, a->closed.data + 1, --a->closed.len * sizeof(*ret));
	}
	pthread_mutex_unlock(&a->lock);
	return any;
}

int arming_error(struct arming *a, struct err *e)
{
	int rc;

	pthread_mutex_lock(&a->lock);
	rc = a->err.code;
	if (rc)
		*e = a->err;
	pthread_mutex_unlock(&a->lock);
	return rc;
}
