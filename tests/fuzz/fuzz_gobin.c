// SPDX-License-Identifier: Apache-2.0
/* A whole Go binary: opened, asked everything, and a plan made for it. Input: the file. */
#include "fuzz.h"
#include "gobin/gobin.h"
#include "plan/plan.h"

#define ADDRESSES 64 /* that are looked at in the text and in the types */

static void ask_address(const struct gobin *b, uint64_t addr)
{
	struct gobin_line lines[GOBIN_MAX_INLINE];
	size_t n = gobin_lines(b, addr, lines, GOBIN_MAX_INLINE);
	struct gobin_func f;
	const char *name;
	uint32_t delta;
	uint64_t off;
	struct span s;
	struct err e;

	fuzz_check(n <= GOBIN_MAX_INLINE);
	if (gobin_func_at(b, addr, &f))
		fuzz_check(f.addr <= addr && addr < f.end && f.name);
	else
		fuzz_check(!n || lines[n - 1].func);
	gobin_sp_delta(b, addr, &delta);
	fuzz_check(gobin_bytes(b, addr, 1, &s) == gobin_file_offset(b, addr, &off));
	if (!gobin_type_name(b, addr, &name, &e))
		fuzz_check(*name);
}

static void check_plan(const struct gobin *b, const struct plan *p)
{
	for (size_t i = 0; i < p->nsites; i++) {
		const struct plan_site *s = &p->sites[i];
		uint64_t off;

		fuzz_check(gobin_file_offset(b, s->addr, &off) && off == s->offset);
		fuzz_check(s->addr >= s->func_addr && *s->why && *s->insn);
		plan_abi_site(s, false);
	}
	for (size_t i = 0; i < p->nmissing; i++)
		fuzz_check(*p->missing[i].why);
}

static void ask(const struct gobin *b)
{
	const struct gobin_info *info = gobin_info(b);
	const struct plan_opts all = { .groups = PLAN_ALL };
	uint64_t text, size, off, addr;
	struct plan p;
	struct err e = { 0 };
	int rc;

	fuzz_check(*info->version && info->module && info->build_id && gobin_layout(b));
	gobin_load_base(b, &addr, &off);
	gobin_text(b, &text, &size, &off);
	for (unsigned int i = 0; i < ADDRESSES; i++) {
		ask_address(b, text + 5 * i);
		ask_address(b, addr + 0x1000 + 8 * i);
	}
	rc = gobin_global(b, "runtime.gcController", &addr, &e);
	if (rc)
		fuzz_check_err(rc, &e);
	rc = plan_build(b, &all, &p, &e);
	fuzz_check(!rc);
	check_plan(b, &p);
	plan_deinit(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct gobin *b;
	int rc = gobin_open(fuzz_file(data, size), &b, &e);

	if (rc) {
		fuzz_check_err(rc, &e);
		return 0;
	}
	ask(b);
	gobin_close(b);
	return 0;
}
