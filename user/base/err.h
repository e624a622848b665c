/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values: what went wrong, where, with which value.
 *
 * A fallible function returns 0 or a negative errno and fills the caller's struct err. Codes that
 * have a meaning of their own on the command line (see cmd/exit.h):
 *   -EPERM, -EACCES   a privilege is missing
 *   -ENOSYS           this kernel cannot do it
 *   -ENOEXEC          not a Go program
 *   -ENOTSUP          a Go program that mapprobe does not know how to read
 */
#ifndef MAPPROBE_BASE_ERR_H
#define MAPPROBE_BASE_ERR_H

struct err {
	int code; /* negative errno, 0 while unset */
	char msg[256];
};

/* Sets *e and returns code (negative errno), so that `return err_set(e, -EINVAL, ...)` reads well.
 */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Like err_set, with strerror(-code) appended after a colon. */
int err_sys(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message already there; returns e->code. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
