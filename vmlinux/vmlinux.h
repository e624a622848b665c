/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that the kernel side touches, and no others, written by hand. All of them are
 * part of the kernel's promise to user space, the same in every version: nothing has to be
 * relocated against the running kernel's own BTF (CO-RE), so it need not have any, and mapprobe
 * need not read it (a third of its start). A type of which that is not true belongs here with
 * preserve_access_index; it is in the full header of a kernel:
 *     bpftool btf dump file /sys/kernel/btf/vmlinux format c
 */
#ifndef MAPPROBE_VMLINUX_H
#define MAPPROBE_VMLINUX_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_F_USER_STACK = 256,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
};

/* The context of a uprobe program: the registers of the probed thread, in the order of
 * arch/x86/include/uapi/asm/ptrace.h. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip,
		cs, flags, sp, ss;
};

/* What bpf_get_ns_current_pid_tgid fills in: include/uapi/linux/bpf.h. */
struct bpf_pidns_info {
	__u32 pid, tgid;
};

#endif
