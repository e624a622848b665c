// SPDX-License-Identifier: GPL-2.0-only
/* The way down: runtime.fatal and runtime.throw, with the message, a Go string in AX and BX. */
#include "emit.bpf.h"

static __always_inline void emit_text(struct pt_regs *ctx, const struct passage *p)
{
	__u64 addr = reg(ctx, p->site.reg[0]), len = reg(ctx, p->site.reg[1]);
	struct abi_text *text = bpf_ringbuf_reserve(&events, sizeof(*text), 0);

	if (!text)
		return;
	__builtin_memset(text, 0, sizeof(*text));
	text->type = ABI_TEXT;
	text->size = sizeof(*text);
	text->time_ns = bpf_ktime_get_ns();
	text->goid = goid(ctx, p->site.flags);
	text->tid = (__u32)bpf_get_current_pid_tgid();
	text->len = len;
	if (len > ABI_TEXT_MAX - 1)
		len = ABI_TEXT_MAX - 1;
	asm volatile("" : "+r"(len)); /* keeps the mask, which the verifier wants to see */
	bpf_probe_read_user(text->text, len & (ABI_TEXT_MAX - 1), (void *)addr);
	bpf_ringbuf_submit(text, BPF_RB_FORCE_WAKEUP);
}

SEC("uprobe")
int on_crash(struct pt_regs *ctx)
{
	struct passage p;

	if (!passage_begin(ctx, &p))
		return 0;
	emit_text(ctx, &p);
	passage_end(ctx, &p);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
