/* SPDX-License-Identifier: Apache-2.0 */
/* The loaded kernel side: the skeleton, and attaching its programs to places in a binary. */
#ifndef MAPPROBE_TRACE_KERNEL_H
#define MAPPROBE_TRACE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "bpf/abi.h"
#include "mapprobe.skel.h"
#include "target/proc.h"

/* Where a program is attached: a file offset of the binary, and what the program is told there. */
struct place {
	uint64_t offset;
	uint64_t cookie; /* 0 where the kernel has none: libbpf refuses any other */
};

/*
 * What attached one program to some places: one uprobe_multi link, or a perf event for each place.
 * An attachment that is all zero is not attached.
 */
struct attachment {
	int link_fd; /* uprobe_multi; 0: none (never a link's descriptor here) */
	struct bpf_link **links;
	size_t nlinks;
};

/*
 * Attaches prog to the n places of the binary at path, for the threads of process pid only.
 * multi: by one uprobe_multi link; the program must have been loaded for it (kernel_set_multi).
 */
int attachment_init(const struct bpf_program *prog, bool multi, pid_t pid, const char *path,
		    const struct place *places, size_t n, struct attachment *ret, struct err *e);
/* Detaches and waits until the kernel is done with it. Nothing happens to one all zero. */
void attachment_deinit(struct attachment *a);

/*
 * Calls fn(ctx, i) for each i < n, all at once in threads of their own (n <= ABI_MAX_SITES): for
 * what waits for the kernel, which one wait serves as well as many.
 */
void kernel_in_parallel(size_t n, void (*fn)(void *ctx, size_t i), void *ctx);
/* Before loading: programs count passages of this process only. */
void kernel_set_process(struct mapprobe_bpf *skel, const struct proc_identity *id);
/* Before loading: programs are for uprobe_multi links, not for perf events. */
void kernel_set_multi(struct mapprobe_bpf *skel);
/*
 * Loads the object; what names it in messages. Raises the limit of locked memory, where that may be
 * done. Errors: -EPERM: a privilege, or that limit (before 5.11); -ENOSYS: the kernel cannot.
 */
int kernel_load(struct mapprobe_bpf *skel, const char *what, struct err *e);
/* Names the capability that is missing for BPF tracing; -EPERM, or 0 when all are there. */
int kernel_check_privilege(struct err *e);

#endif
