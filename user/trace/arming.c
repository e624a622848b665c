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

#define WINDOW_NS     1000000ull
#define MIN_PERIOD_NS 240000000ull
#define MAX_PERIOD_NS 10000000000ull
#define WARM_CHECK_NS 100000000ull
#define WARM_SAVED_NS 2e9

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* The program of each group; the index is the place in arming_class.attached. */
static const struct bpf_program *program_of(const struct arming *a, unsigned int i,
					    enum plan_group *group)
{
	const struct {
		enum plan_group group;
		const struct bpf_program *prog;
	} table[ARMING_PROGRAMS] = {
		{ PLAN_CRASH, a->skel->progs.on_crash },
		{ PLAN_GC, a->skel->progs.on_gc },
		{ PLAN_LOCK, a->skel->progs.on_lock },
		{ PLAN_MAP, a->skel->progs.on_map },
	};

	*group = table[i].group;
	return table[i].prog;
}

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

void arming_deinit(struct arming *a)
{
	arming_stop(a);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->wake);
	vec_deinit(&a->closed);
}

static void *run_detach(void *arg)
{
	attachment_deinit(arg);
	return NULL;
}

/*
 * Each detachment frees the target at once and then waits tens of milliseconds for the kernel: one
 * after the other, the last would stay armed all that time.
 */
static void class_disarm(struct arming_class *c)
{
	pthread_t thread[ARMING_PROGRAMS];
	bool runs[ARMING_PROGRAMS];

	for (unsigned int i = 0; i < ARMING_PROGRAMS; i++) {
		runs[i] = (c->attached[i].link_fd || c->attached[i].nlinks) &&
			  !pthread_create(&thread[i], NULL, run_detach, &c->attached[i]);
		if (!runs[i])
			attachment_deinit(&c->attached[i]);
	}
	for (unsigned int i = 0; i < ARMING_PROGRAMS; i++)
		if (runs[i])
			pthread_join(thread[i], NULL);
}

static int class_arm(const struct arming *a, enum plan_heat heat, struct arming_class *c,
		     struct err *e)
{
	_cleanup_free_ struct place *places = calloc(a->plan->nsites + 1, sizeof(*places));

	if (!places)
		return err_sys(e, -ENOMEM, "places");
	for (unsigned int k = 0; k < ARMING_PROGRAMS; k++) {
		enum plan_group group;
		const struct bpf_program *prog = program_of(a, k, &group);
		size_t n = 0;
		int rc;

		for (uint32_t i = 0; i < a->plan->nsites; i++)
			if (a->heat[i] == heat && a->plan->sites[i].point->group == group)
				places[n++] = (struct place){ a->plan->sites[i].offset, i };
		rc = attachment_init(prog, a->features.uprobe_multi, target_pid(a->target),
				     target_exe_path(a->target), places, n, &c->attached[k], e);
		if (rc) {
			class_disarm(c);
			return rc;
		}
	}
	return 0;
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

/* Time that the sites of one heat (and of the groups in the mask) have taken from the target. */
static int spent(const struct arming *a, enum plan_heat heat, unsigned int groups, uint64_t *ret_ns,
		 struct err *e)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < a->plan->nsites; i++) {
		const struct plan_site *site = &a->plan->sites[i];
		struct abi_counter c;
		int rc;

		if (a->heat[i] != heat || !(site->point->group & groups))
			continue;
		rc = arming_counter(a, i, &c, e);
		if (rc)
			return rc;
		sum += (c.hits + c.outside) * (site->cost == PLAN_EMULATED
						       ? a->features.emulated_ns
						       : a->features.single_step_ns);
	}
	*ret_ns = sum;
	return 0;
}

/* One window; *ret_ns is what it has cost the target. */
static int window_run(struct arming *a, uint16_t number, uint64_t *ret_ns, struct err *e)
{
	struct event_window w = { .number = number };
	const struct timespec length = { .tv_nsec = WINDOW_NS };
	struct arming_class hot = { 0 };
	uint64_t before = 0, after = 0;
	int rc = spent(a, PLAN_HOT, PLAN_ALL, &before, e);

	if (!rc)
		rc = class_arm(a, PLAN_HOT, &hot, e);
	if (rc)
		return rc;
	w.open_ns = now_ns();
	__atomic_store_n(&a->skel->bss->window, number, __ATOMIC_RELEASE);
	nanosleep(&length, NULL);
	__atomic_store_n(&a->skel->bss->window, 0, __ATOMIC_RELEASE);
	w.close_ns = now_ns();
	class_disarm(&hot);
	pthread_mutex_lock(&a->lock);
	rc = vec_push(&a->closed, w);
	pthread_mutex_unlock(&a->lock);
	rc = rc ? err_sys(e, rc, "window %u", number) : spent(a, PLAN_HOT, PLAN_ALL, &after, e);
	*ret_ns = after - before;
	return rc;
}

/* Uniform in [0.5, 1.5): the next window keeps no step with anything in the target. */
static double random_factor(void)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = (uint32_t)now_ns();
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

	while (!sleep_until(a, now_ns() + (uint64_t)((double)period * random_factor()))) {
		number = number == UINT16_MAX ? 1 : (uint16_t)(number + 1);
		if (window_run(a, number, &cost, &e))
			break;
		period = (uint64_t)fmin((double)cost / (a->budget / 2), MAX_PERIOD_NS);
		if (period < MIN_PERIOD_NS)
			period = MIN_PERIOD_NS;
	}
	pthread_mutex_lock(&a->lock);
	a->err = e;
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

int arming_start(struct arming *a, struct err *e)
{
	int rc = class_arm(a, PLAN_COLD, &a->cold, e);

	if (!rc)
		rc = class_arm(a, PLAN_WARM, &a->warm, e);
	if (rc)
		return rc;
	a->warm_checked_ns = now_ns();
	a->warm_saved_ns = a->budget / 2 * WARM_SAVED_NS;
	if (a->exact)
		return 0;
	rc = -pthread_create(&a->thread, NULL, run_windows, a);
	if (rc)
		return err_sys(e, rc, "thread of the windows");
	a->thread_runs = true;
	return 0;
}

void arming_stop(struct arming *a)
{
	if (a->thread_runs) {
		pthread_mutex_lock(&a->lock);
		a->stop = true;
		pthread_cond_signal(&a->wake);
		pthread_mutex_unlock(&a->lock);
		pthread_join(a->thread, NULL);
		a->thread_runs = false;
	}
	class_disarm(&a->cold);
	class_disarm(&a->warm);
}

/* Moves the warm sites of the k-th program into the windows. */
static void demote(struct arming *a, unsigned int k, enum plan_group group)
{
	attachment_deinit(&a->warm.attached[k]);
	for (uint32_t i = 0; i < a->plan->nsites; i++)
		if (a->heat[i] == PLAN_WARM && a->plan->sites[i].point->group == group) {
			a->heat[i] = PLAN_HOT;
			site_describe(a, i);
		}
}

int arming_check(struct arming *a, enum plan_group *ret, struct err *e)
{
	uint64_t now = now_ns(), dt = now - a->warm_checked_ns, most = 0;
	enum plan_group group, costliest = 0;
	unsigned int at = 0;

	*ret = 0;
	if (a->exact || dt < WARM_CHECK_NS)
		return 0;
	for (unsigned int k = 0; k < ARMING_PROGRAMS; k++) {
		uint64_t all;
		int rc;

		program_of(a, k, &group);
		rc = spent(a, PLAN_WARM, group, &all, e);
		if (rc)
			return rc;
		if (all - a->warm_spent_ns[k] > most) {
			most = all - a->warm_spent_ns[k];
			costliest = group;
			at = k;
		}
		a->warm_saved_ns -= (double)(all - a->warm_spent_ns[k]);
		a->warm_spent_ns[k] = all;
	}
	a->warm_checked_ns = now;
	a->warm_saved_ns =
		fmin(a->warm_saved_ns + a->budget / 2 * (double)dt, a->budget / 2 * WARM_SAVED_NS);
	if (a->warm_saved_ns >= 0 || !costliest)
		return 0;
	demote(a, at, costliest);
	a->warm_saved_ns = 0;
	a->warm_spent_ns[at] = 0;
	*ret = costliest;
	return 0;
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
