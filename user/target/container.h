/* SPDX-License-Identifier: Apache-2.0 */
/* Which container a process is in, as far as its control group and its namespaces tell. */
#ifndef MAPPROBE_TARGET_CONTAINER_H
#define MAPPROBE_TARGET_CONTAINER_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#define CONTAINER_ID_MAX 128

struct container {
	/* "docker", "containerd", "cri-o", "podman", "nspawn", "lxc"; "kubernetes", "container":
	 * by which runtime is not told; "namespace": nothing but its namespaces tells; NULL: in
	 * none. */
	const char *runtime;
	char id[CONTAINER_ID_MAX]; /* 64 hex digits, or the machine's name; "" for a namespace */
	char pod[40];		   /* the uid of its Kubernetes pod, or "" */
};

/*
 * Reads text, the content of /proc/PID/cgroup (versions 1 and 2). Of containers in containers it is
 * the innermost. False: in none that is known. Names are any bytes but '/' and newline.
 */
bool container_parse(const char *text, struct container *ret);

/* What a process on the host shares with the others there. */
struct container_host {
	struct stat mnt, pid; /* of its namespaces */
	struct stat root;     /* its root directory */
};

/* The host is what process 1 lives in; where that may not be looked at, what this process does. */
void container_host_init(struct container_host *h);
/* Never fails: a process that has ended is in none. */
void container_of_process(pid_t pid, const struct container_host *h, struct container *ret);

#endif
