// SPDX-License-Identifier: Apache-2.0
/*
 * Events in any order, with any numbers: the analyzer must make sense of none of it and still have
 * no interval without its value, and no report that cannot be written. Input: sites, a byte each,
 * up to a 0; then events, a byte that says which and small numbers for the rest, so that what
 * belongs together (goroutine, lock, map, window, stack) is soon the same number.
 */
#include "fuzz_result.h"

#define MAX_EVENTS 600
#define TICK	   1000

struct feed {
	struct span input;
	struct analyzer *a;
	struct buf buf;
	uint64_t now;
	uint32_t sites;
};

/* A number that is mostly small, sometimes as large as can be. */
static uint64_t number(struct feed *f)
{
	uint8_t b = fuzz_byte(&f->input);

	return b < 0xf0 ? b % 32 : b == 0xff ? UINT64_MAX : 1ull << (4 * (b - 0xf0));
}

static uint64_t later(struct feed *f)
{
	uint8_t b = fuzz_byte(&f->input);

	if (b == 0xff) /* what comes from another CPU may be older */
		f->now -= 3 * TICK;
	else
		f->now += (uint64_t)b * TICK;
	return f->now;
}

static void send(struct feed *f, const void *data)
{
	struct event ev = { .data = data };
	struct err e = { 0 };
	int rc;

	memcpy(&ev.type, data, 4);
	memcpy(&ev.size, ev.data + 4, 4);
	rc = analyzer_put(f->a, &ev, &e);
	if (rc)
		fuzz_check_err(rc, &e);
}

/* Sends the one frame in the buffer. */
static void flush(struct feed *f)
{
	fuzz_check(!f->buf.failed);
	send(f, f->buf.data);
	f->buf.len = 0;
}

static void put_hit(struct feed *f)
{
	struct abi_hit hit = { .type = ABI_HIT, .size = sizeof(hit) };

	hit.site = f->sites ? fuzz_byte(&f->input) % f->sites : 0;
	hit.time_ns = later(f);
	hit.goid = number(f);
	hit.tid = hit.goid % 4;
	hit.window = fuzz_byte(&f->input) % 8;
	hit.stack = fuzz_byte(&f->input) % 8;
	for (size_t i = 0; i < 3; i++)
		hit.arg[i] = number(f);
	send(f, &hit);
}

static void put_stack(struct feed *f)
{
	struct abi_stack stack = { .type = ABI_STACK };

	stack.id = fuzz_byte(&f->input) % 8;
	stack.n = fuzz_byte(&f->input) % 6;
	stack.flags = fuzz_byte(&f->input) % 4;
	for (uint32_t i = 0; i < stack.n; i++) {
		uint64_t pc = number(f);

		stack.pc[i] = pc < ABI_GAP_MAX ? pc : 0x401000 + pc;
	}
	stack.size = (uint32_t)offsetof(struct abi_stack, pc) + stack.n * 8;
	send(f, &stack);
}

static void put_symbol(struct feed *f)
{
	static const char *const names[] = { "main.main", "runtime.mapassign",
					     "runtime.gcAssistAlloc", "runtime.systemstack" };
	struct event_symbol v = { .pc = 0x401000 + number(f) };

	v.nlines = fuzz_byte(&f->input) % 4;
	for (uint32_t i = 0; i < v.nlines; i++)
		v.lines[i] = (struct event_line){ names[fuzz_byte(&f->input) % 4], "f.go",
						  (uint32_t)number(f), (uint32_t)number(f) };
	event_put_symbol(&f->buf, &v);
	flush(f);
}

static void put_text(struct feed *f)
{
	struct abi_text text = { .type = ABI_TEXT, .size = sizeof(text) };

	text.time_ns = later(f);
	text.goid = number(f);
	text.tid = text.goid % 4;
	snprintf(text.text, sizeof(text.text), "fatal %c", fuzz_byte(&f->input));
	text.len = (uint32_t)number(f);
	send(f, &text);
}

static void put_gc_cycle(struct feed *f)
{
	struct abi_gc_cycle c = { .type = ABI_GC_CYCLE, .size = sizeof(c) };

	c.time_ns = later(f);
	c.have = ~(uint32_t)(1u << fuzz_byte(&f->input) % 32);
	for (size_t i = 0; i < ABI_GC_VALUES; i++)
		c.value[i] = number(f);
	send(f, &c);
}

static void put_type(struct feed *f)
{
	struct event_rtype v = { number(f), "map[string]int" };

	event_put_rtype(&f->buf, &v);
	flush(f);
}

static void put_window(struct feed *f)
{
	struct event_window v = { .number = 1 + fuzz_byte(&f->input) % 8, .close_ns = later(f) };

	v.open_ns = v.close_ns - number(f) * TICK;
	event_put_window(&f->buf, &v);
	flush(f);
}

static void put_map_state(struct feed *f)
{
	struct event_map_state v = { .map = number(f), .time_ns = later(f) };

	v.length = number(f);
	v.capacity = number(f);
	event_put_map_state(&f->buf, &v);
	flush(f);
}

static void put_counter(struct feed *f)
{
	struct event_counter v = { .site = f->sites ? fuzz_byte(&f->input) % f->sites : 0 };

	v.count = (struct abi_counter){ number(f), number(f), number(f), number(f) };
	event_put_counter(&f->buf, &v);
	flush(f);
}

static void put_site(struct feed *f, uint32_t index, uint8_t what)
{
	static const char *const funcs[] = { "runtime.gcAssistAlloc", "sync.(*Mutex).lockSlow" };
	struct event_site v = {
		.index = index,
		.event = 1 + what % (ABI_EV_MAX - 1),
		.windowed = what >= 128,
		.single_step = what % 2,
		.point = "point",
		.group = "group",
		.func = funcs[what / 64 % 2],
		.addr = 0x401000 + index,
	};

	event_put_site(&f->buf, &v);
	flush(f);
}

static void rearm(struct feed *f)
{
	uint8_t what = fuzz_byte(&f->input);

	put_site(f, f->sites ? fuzz_byte(&f->input) % f->sites : 0, what);
}

static void put_end(struct feed *f)
{
	struct event_end v = { .time_ns = later(f), .reason = 1 + fuzz_byte(&f->input) % 5 };

	v.target_cpu_ns = number(f);
	v.own_cpu_ns = number(f);
	event_put_end(&f->buf, &v);
	flush(f);
}

static void (*const put[])(struct feed *) = {
	put_hit,  put_hit,    put_hit,	     put_hit,	  put_stack, put_symbol, put_text,
	put_type, put_window, put_map_state, put_counter, rearm,     put_end,	 put_gc_cycle,
};

static void begin(struct feed *f)
{
	const struct event_session session = {
		.start_mono_ns = f->now,
		.pid = 1,
		.cpus = 2,
		.budget = 0.01,
		.swiss = fuzz_byte(&f->input) % 2,
		.exe = "exe",
		.go_version = "go1.26.1",
		.module = "m",
		.module_version = "",
		.build_id = "",
		.kernel = "6.1",
		.mapprobe = "0",
	};
	const struct event_cost cost = { number(f), number(f) };
	uint8_t what;

	event_put_session(&f->buf, &session);
	flush(f);
	event_put_cost(&f->buf, &cost);
	flush(f);
	while (f->sites < 32 && (what = fuzz_byte(&f->input)))
		put_site(f, f->sites++, what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed f = { .input = { data, size }, .now = 1000 * TICK };
	struct err e = { 0 };

	fuzz_check(!analyzer_create(&f.a, &e));
	begin(&f);
	for (unsigned int i = 0; f.input.len && i < MAX_EVENTS; i++)
		put[fuzz_byte(&f.input) % (sizeof(put) / sizeof(put[0]))](&f);
	fuzz_check_result(f.a, size);
	analyzer_destroy(f.a);
	buf_deinit(&f.buf);
	return 0;
}
