// SPDX-License-Identifier: Apache-2.0
#include "trace/trace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "trace/arming.h"
#include "trace/describe.h"
#include "trace/gcvalues.h"
#include "trace/kernel.h"

#define READ_MAPS_NS	 250000000ull
#define EXIT_PATIENCE_MS 10000

struct tracer {
	const struct target *target;
	const struct plan *plan;
	struct tracer_opts opts;
	struct trace_features features;
	struct trial *trial; /* not yet waited for */
	struct mapprobe_bpf *skel;
	struct ring_buffer *ring;
	struct arming arming;
	struct describer describer;
	struct buf frame;
	uint64_t target_cpu_start_ns;
	uint64_t maps_read_ns; /* when maps were last read */
	/* During a poll: where the events go, and what the sink said. */
	const struct event_sink *sink;
	struct err *err;
	int consumed, consume_most; /* records; consume_most 0: until the ring is empty */
};

static int on_record(void *ctx, void *data, size_t size)
{
	struct tracer *t = ctx;
	struct event ev = { .type = *(uint32_t *)data, .size = (uint32_t)size, .data = data };
	const struct abi_hit *hit = event_hit(&ev);
	enum abi_event map_event = ABI_EV_NONE;
	int rc;

	if (hit && hit->site < t->plan->nsites &&
	    t->plan->sites[hit->site].point->group == PLAN_MAP)
		map_event = t->plan->sites[hit->site].point->event;
	t->consumed++;
	rc = describer_put(&t->describer, &ev, map_event, t->sink, t->err);
	/* The ring may never be empty: the duration, ^C and the windows must have their turn. */
	return rc || t->consumed != t->consume_most ? rc : -EAGAIN;
}

static int heap_live_addr(const struct tracer *t, uint64_t *ret, struct err *e)
{
	const struct gobin *bin = t->plan->bin;
	uint32_t offset = gobin_layout(bin)->gc_heap_live;
	uint64_t controller;
	int rc = gobin_global(bin, "runtime.gcController", &controller, e);

	if (!rc && offset == GOBIN_ABSENT)
		rc = err_set(e, -ENOENT, "gcControllerState.heapLive: not in the DWARF");
	if (!rc)
		*ret = controller + offset + target_bias(t->target);
	return rc;
}

/*
 * loadFactorNum (runtime/map.go), its denominator being 2: 6.5 entries a bucket. Go 1.21 had
 * (bucketCnt * 13 / 16) * loadFactorDen there, which is 12 in integers; 1.22 mended that.
 */
static uint32_t hmap_load(const struct gobin_info *info)
{
	return info->go.minor == 21 ? 12 : 13;
}

static void configure(struct tracer *t)
{
	const struct gobin_layout *layout = gobin_layout(t->plan->bin);
	struct abi_config *cfg = &t->skel->rodata->cfg;
	uint64_t heap_live = 0;
	struct err unused;

	heap_live_addr(t, &heap_live, &unused);
	*cfg = (struct abi_config){
		.have_cookie = t->features.cookie,
		.swiss = gobin_info(t->plan->bin)->swiss,
		.g_goid = layout->g_goid,
		.g_m = layout->g_m,
		.m_curg = layout->m_curg,
		.table_capacity = layout->table_capacity,
		.hmap_b = layout->hmap_b,
		.hmap_load = hmap_load(gobin_info(t->plan->bin)),
		.wakeup_bytes = t->opts.ring_bytes / 8,
		.heap_live = heap_live,
		.unwind = t->describer.unwinder.config,
	};
	gcvalues_find(t->target, cfg->gc_value, &unused);
}

static int load(struct tracer *t, struct err *e)
{
	struct proc_identity identity;
	int rc;

	t->skel = mapprobe_bpf__open();
	if (!t->skel)
		return err_sys(e, -errno, "BPF object");
	bpf_program__set_autoload(t->skel->progs.on_calibrate, false);
	bpf_map__set_max_entries(t->skel->maps.events, t->opts.ring_bytes);
	configure(t);
	if (t->features.uprobe_multi)
		kernel_set_multi(t->skel);
	else if ((rc = proc_identity_read(target_pid(t->target), &identity, e)))
		return rc;
	else
		kernel_set_process(t->skel, &identity);
	rc = kernel_load(t->skel, "the BPF programs", e);
	if (rc)
		return rc;
	t->ring = ring_buffer__new(bpf_map__fd(t->skel->maps.events), on_record, t, NULL);
	if (!t->ring)
		return err_sys(e, -errno, "ring buffer");
	return arming_init(&t->arming, t->skel, t->target, t->plan, &t->features, &t->opts, e);
}

static int check_features(const struct trace_features *f, struct err *e)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->f[i].required && !f->f[i].ok)
			return err_set(e, -ENOSYS, "this kernel lacks %s (%s): %s", f->f[i].name,
				       f->f[i].what, f->f[i].why);
	return 0;
}

int tracer_create(const struct target *target, const struct plan *p, const struct tracer_opts *o,
		  struct tracer **ret, struct err *e)
{
	struct tracer *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_sys(e, -ENOMEM, "tracer");
	t->target = target;
	t->plan = p;
	t->opts = *o;
	if (!t->opts.ring_bytes)
		t->opts.ring_bytes = o->exact ? 32u << 20 : 8u << 20;
	describer_init(&t->describer, target);
	rc = kernel_check_privilege(e);
	if (!rc) {
		t->trial = trace_features_begin(&t->features);
		t->features.uprobe_multi &= !o->perf_events;
		rc = check_features(&t->features, e);
	}
	if (!rc && !t->features.uprobe_multi && !t->features.tells_process)
		rc = err_set(e, -ENOSYS,
			     "perf events cannot be told apart by process on this kernel");
	if (!rc)
		rc = load(t, e);
	if (rc) {
		tracer_destroy(t);
		return rc;
	}
	*ret = t;
	return 0;
}

void tracer_destroy(struct tracer *t)
{
	if (!t)
		return;
	trace_features_end(t->trial);
	if (t->arming.skel)
		arming_deinit(&t->arming);
	ring_buffer__free(t->ring);
	mapprobe_bpf__destroy(t->skel);
	describer_deinit(&t->describer);
	buf_deinit(&t->frame);
	free(t);
}

static void put_session(struct tracer *t, uint64_t start_ns)
{
	const struct gobin_info *info = gobin_info(t->plan->bin);
	struct event_session s = {
		.start_mono_ns = start_ns,
		.start_unix_ns = clock_ns(CLOCK_REALTIME) - (clock_ns(CLOCK_MONOTONIC) - start_ns),
		.pid = (uint32_t)target_pid(t->target),
		.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
		.stripped = info->stripped,
		.pie = info->pie,
		.swiss = info->swiss,
		.exact = t->opts.exact,
		.budget = t->opts.exact ? 0 : t->opts.budget,
		.exe = target_exe(t->target),
		.go_version = info->version,
		.module = info->module,
		.module_version = info->module_version,
		.build_id = info->build_id,
		.mapprobe = MAPPROBE_VERSION,
	};
	struct utsname uts;
	uint64_t size;

	uname(&uts);
	s.kernel = uts.release;
	gobin_text(t->plan->bin, &s.exe_start, &size, &s.exe_offset);
	s.exe_start += target_bias(t->target);
	s.exe_limit = s.exe_start + size;
	event_put_session(&t->frame, &s);
}

static void put_site(struct tracer *t, uint32_t i)
{
	const struct plan_site *site = &t->plan->sites[i];
	struct event_site s = {
		.index = i,
		.event = (uint8_t)site->point->event,
		.exit = site->point->where == PLAN_EXIT,
		.single_step = site->cost == PLAN_SINGLE_STEP,
		.windowed = t->arming.heat[i] == PLAN_HOT,
		.point = site->point->name,
		.group = plan_group_name(site->point->group),
		.func = site->func,
		.addr = site->addr + target_bias(t->target),
	};

	event_put_site(&t->frame, &s);
}

static void put_missing(struct tracer *t)
{
	struct abi_gc_value values[ABI_GC_VALUES];
	uint64_t unused;
	struct err e;

	for (size_t i = 0; i < t->plan->nmissing; i++) {
		struct event_missing m = { t->plan->missing[i].point->name,
					   t->plan->missing[i].why };

		event_put_missing(&t->frame, &m);
	}
	if (gobin_layout_doubt(t->plan->bin, &e)) {
		struct event_missing m = { "certainty", e.msg };

		event_put_missing(&t->frame, &m);
	}
	if (heap_live_addr(t, &unused, &e)) {
		struct event_missing m = { "gc.heap_live", e.msg };

		event_put_missing(&t->frame, &m);
	}
	if (gcvalues_find(t->target, values, &e)) {
		struct event_missing m = { TRACE_NO_GCTRACE, e.msg };

		event_put_missing(&t->frame, &m);
	}
}

/*
 * Probes go to an inode. On overlayfs that is the file in the upper layer once there is one: when
 * the mode, owner or name of a binary is changed, it is copied up (fs/overlayfs/copy_up.c), but who
 * runs it already maps the lower one, which no path leads to any more: every hit would be missed,
 * and a count of zero called exact. So one of the sites just armed must show in the process's
 * memory.
 */
static int check_arrival(const struct tracer *t, struct err *e)
{
	bool looked = false;
	struct err unused;

	for (uint32_t i = 0; i < t->plan->nsites; i++) {
		const struct plan_site *site = &t->plan->sites[i];
		struct span file;
		uint8_t now;

		if (t->arming.heat[i] == PLAN_HOT ||
		    !gobin_bytes(t->plan->bin, site->addr, 1, &file) ||
		    target_read(t->target, site->addr + target_bias(t->target), &now, 1, &unused))
			continue;
		if (now != file.data[0])
			return 0;
		looked = true;
	}
	if (!looked)
		return 0;
	return err_set(e, -ENOSYS,
		       "process %d: no probe arrives: it runs an older copy of %.80s than can be "
		       "opened (overlayfs copies a file up when its mode, owner or name is "
		       "changed); restart it",
		       target_pid(t->target), target_exe(t->target));
}

int tracer_start(struct tracer *t, const struct event_sink *s, struct err *e)
{
	struct event_cost cost = { t->features.emulated_ns, t->features.single_step_ns };
	struct err unused;
	uint64_t start_ns;
	int rc;

	/* The guard is forked from a single thread. */
	trace_features_end(t->trial);
	t->trial = NULL;
	target_cpu_time(t->target, &t->target_cpu_start_ns, &unused);
	rc = arming_start(&t->arming, &start_ns, e);
	if (!rc)
		rc = check_arrival(t, e);
	if (rc)
		return rc;
	put_session(t, start_ns);
	for (uint32_t i = 0; i < t->plan->nsites; i++)
		put_site(t, i);
	put_missing(t);
	event_put_cost(&t->frame, &cost);
	return describer_flush(&t->frame, s, e);
}

static int put_windows(struct tracer *t, const struct event_sink *s, struct err *e)
{
	struct event_window w;

	while (arming_take_window(&t->arming, &w))
		event_put_window(&t->frame, &w);
	return describer_flush(&t->frame, s, e);
}

/* Tells the stream that a group's warm sites are in windows from now on, and what that means. */
static int put_demotion(struct tracer *t, enum plan_group group, const struct event_sink *s,
			struct err *e)
{
	static const struct {
		enum plan_group group;
		const char *what;
	} table[] = {
		{ PLAN_GC, "times of GC assists and mark workers" },
		{ PLAN_LOCK, "times of lock waits" },
		{ PLAN_MAP, "every map clear" },
	};
	struct event_missing m = { .why = "too frequent for the budget: from some moment on seen "
					  "in windows of 2 ms only, "
					  "what takes longer not at all (--max-overhead)" };

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].group == group)
			m.what = table[i].what;
	for (uint32_t i = 0; i < t->plan->nsites; i++)
		if (t->plan->sites[i].point->group == group &&
		    t->plan->sites[i].point->heat == PLAN_WARM)
			put_site(t, i);
	event_put_missing(&t->frame, &m);
	return describer_flush(&t->frame, s, e);
}

#define POLL_RECORDS 65536

/* Hands what lies in the ring to the sink, at most most records (0: all). How many, or an error. */
static int drain(struct tracer *t, int most, const struct event_sink *s, struct err *e)
{
	int rc;

	t->sink = s;
	t->err = e;
	t->consumed = 0;
	t->consume_most = most;
	e->code = 0;
	rc = ring_buffer__consume(t->ring);
	if (rc == -EAGAIN && !e->code)
		return t->consumed;
	if (rc < 0)
		return e->code ? e->code : err_sys(e, rc, "ring buffer");
	return t->consumed;
}

static int put_map_states(struct tracer *t, const struct event_sink *s, struct err *e)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (now - t->maps_read_ns < READ_MAPS_NS || !target_alive(t->target))
		return 0;
	t->maps_read_ns = now;
	return describer_put_maps(&t->describer, false, now, s, e);
}

int tracer_poll(struct tracer *t, int timeout_ms, const struct event_sink *s, struct err *e)
{
	struct pollfd fds[] = { { .fd = ring_buffer__epoll_fd(t->ring), .events = POLLIN },
				{ .fd = target_pidfd(t->target), .events = POLLIN },
				{ .fd = guard_fd(t->arming.guard) } };
	enum plan_group moved;
	int rc, n;

	if (poll(fds, 3, timeout_ms) < 0 && errno != EINTR)
		return err_sys(e, -errno, "poll");
	if (fds[2].revents)
		return err_set(e, -EPIPE, "the guard process, which holds the probes, has ended");
	n = drain(t, POLL_RECORDS, s, e);
	if (n < 0)
		return n;
	rc = arming_check(&t->arming, &moved, e);
	if (!rc && moved)
		rc = put_demotion(t, moved, s, e);
	if (!rc)
		rc = put_windows(t, s, e);
	if (!rc)
		rc = put_map_states(t, s, e);
	if (!rc)
		rc = arming_error(&t->arming, e);
	/* A process on its way out cannot be attached to; freeing its memory may take seconds. */
	if ((rc == -ESRCH || rc == -ENOENT) && poll(&fds[1], 1, EXIT_PATIENCE_MS) == 1)
		rc = 0;
	return rc ? rc : n;
}

static int put_counters(struct tracer *t, struct err *e)
{
	for (uint32_t i = 0; i < t->plan->nsites; i++) {
		struct event_counter c = { .site = i };
		int rc = arming_counter(&t->arming, i, &c.count, e);

		if (rc)
			return rc;
		event_put_counter(&t->frame, &c);
	}
	return 0;
}

int tracer_stop(struct tracer *t, enum event_end_reason why, const struct event_sink *s,
		struct err *e)
{
	struct event_end end = { .reason = why };
	struct err unused, stop_err = { 0 };
	uint64_t cpu;
	/* Without the guard nothing is attached any more either: the rest is as it would be. */
	int stopped = arming_stop(&t->arming, &end.time_ns, &stop_err), rc;

	if (!target_cpu_time(t->target, &cpu, &unused))
		end.target_cpu_ns = cpu - t->target_cpu_start_ns;
	rc = drain(t, 0, s, e);
	if (rc >= 0)
		rc = put_windows(t, s, e);
	if (!rc && target_alive(t->target))
		rc = describer_put_maps(&t->describer, true, end.time_ns, s, e);
	if (!rc)
		rc = put_counters(t, e);
	end.own_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	event_put_end(&t->frame, &end);
	if (!rc)
		rc = describer_flush(&t->frame, s, e);
	if (!rc && stopped) {
		*e = stop_err;
		rc = stopped;
	}
	return rc;
}

void tracer_totals(const struct tracer *t, uint64_t *hits, uint64_t *lost)
{
	struct err unused;

	*hits = *lost = 0;
	for (uint32_t i = 0; i < t->plan->nsites; i++) {
		struct abi_counter c;

		if (arming_counter(&t->arming, i, &c, &unused))
			continue;
		*hits += c.hits;
		*lost += c.lost;
	}
}
