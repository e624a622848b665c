/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc/PID tells: stat, maps, and which file is run. */
#ifndef MAPPROBE_TARGET_PROC_H
#define MAPPROBE_TARGET_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Some fields of /proc/PID/stat, see proc_pid_stat(5). */
struct proc_stat {
	char state;		/* 'R', 'S', ... 'Z' zombie */
	bool kernel_thread;	/* PF_KTHREAD */
	uint64_t cpu_ticks;	/* user and system time */
	uint64_t threads;	/* number of them */
	uint64_t start_ticks;	/* since boot: tells a process from a later one of its number */
	uint64_t stack_address; /* changes with exec; 0: not ours to know */
};

/*
 * Reads the file name of /proc/PID whole; the caller frees the string. what it was wanted for
 * ("read its stat") goes into the message, see proc_error.
 */
int proc_read_whole(pid_t pid, const char *name, const char *what, char **ret, struct err *e);

/* False when text is no such line. */
bool proc_stat_parse(const char *text, struct proc_stat *ret);
/* -ESRCH: no such process. */
int proc_stat_read(pid_t pid, struct proc_stat *ret, struct err *e);

/*
 * Looks in text, the content of /proc/PID/maps, for the first mapping of the file named exe (as
 * readlink of /proc/PID/exe has it) from this offset on; false if there is none.
 */
bool proc_maps_find(const char *text, const char *exe, uint64_t offset, uint64_t *ret_start);
/* Errors: -ESRCH: no such process, or no such mapping; -EACCES, -EPERM. */
int proc_maps_start(pid_t pid, const char *exe, uint64_t offset, uint64_t *ret_start,
		    struct err *e);

/* A process as it knows itself: its number in its own PID namespace, and which that is. */
struct proc_identity {
	uint64_t ns_dev, ns_ino; /* dev as the kernel has it inside: major << 20 | minor */
	uint32_t pid;
};

/* False when text, the content of /proc/PID/status, has no such line. *ret: the innermost number.
 */
bool proc_own_pid_parse(const char *text, uint32_t *ret);
/* Errors: -ESRCH: no such process; -EACCES, -EPERM: may not look at its namespaces. */
int proc_identity_read(pid_t pid, struct proc_identity *ret, struct err *e);

/* One line of /proc/PID/maps. */
#define PROC_MAX_NAME 4096
struct proc_mapping {
	uint64_t start, end, offset;
	uint64_t dev, inode; /* 0: no file */
	bool exec;
	char name[PROC_MAX_NAME]; /* "" for none; a longer one is cut */
};

/*
 * Calls each for every mapping, until it returns something but 0, which is returned. Errors: as
 * proc_maps_start.
 */
int proc_maps_each(pid_t pid, int (*each)(void *ctx, const struct proc_mapping *m), void *ctx,
		   struct err *e);
/* The same for text, the content of the file; lines that are none are left out. */
int proc_maps_walk(const char *text, int (*each)(void *ctx, const struct proc_mapping *m),
		   void *ctx);

/* The process that thread (or process) pid belongs to, 0: none. */
pid_t proc_tgid(pid_t pid);

/* Sets *e for a failed look at /proc/PID: ENOENT becomes -ESRCH, a refusal names the capability. */
int proc_error(struct err *e, int code, pid_t pid, const char *what);

#endif
