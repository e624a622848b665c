/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF maps and globals, shared by all programs. They are weak: every object that includes this
 * has them, bpftool's linker keeps one.
 */
#ifndef MAPPROBE_MAPS_BPF_H
#define MAPPROBE_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "bpf/abi.h"

/* The event stream's way to user space; its size is set before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps") __weak;

/*
 * A program can be preempted and another thread's run on the same CPU, so the add is atomic; the
 * counters are per CPU only to keep that cheap.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_MAX_SITES);
	__type(key, __u32);
	__type(value, struct abi_counter);
} counters SEC(".maps") __weak;

/* Ids of the stacks already described in the stream. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, __u64);
	__type(value, __u8);
} stacks_seen SEC(".maps") __weak;

/*
 * Room for one stack, by thread: a stack is larger than a program's own, and a per-CPU buffer could
 * be overwritten by the thread that preempts this one. A thread runs one program at a time.
 * Preallocated: before 6.1 the kernel warns of maps that tracing programs allocate from.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct abi_stack);
} scratch SEC(".maps") __weak;

/* Sites by address in the target, where the kernel has no attach cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ABI_MAX_SITES);
	__type(key, __u64);
	__type(value, __u32);
} site_by_ip SEC(".maps") __weak;

const volatile struct abi_config cfg __weak = {};
struct abi_site sites[ABI_MAX_SITES] __weak = {};
__u32 active __weak =
	0; /* 1 during the session: sites are armed and disarmed one after the other */
__u32 window __weak = 0; /* number of the open window, 0: none */

#endif
