/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code of a process that is not Go: the C functions of its executable and of its shared libraries,
 * as far as their files tell. Mappings and files are looked at when an address asks for them.
 */
#ifndef MAPPROBE_TARGET_MODULE_H
#define MAPPROBE_TARGET_MODULE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct modules;

/* What is known of a return address. */
struct module_code {
	const char *module; /* name of the file: "libc.so.6"; borrowed, as func is */
	const char *func;   /* NULL: no symbol covers it */
	uint64_t addr;	    /* link-time, in the module */
	bool exe;	    /* in the program itself, else in a library */
	bool follows_call;
	/*
	 * Its function keeps a frame pointer there: the .eh_frame counts the frame from rbp, with
	 * rbp's old value and the return address where they belong. False also where there is none.
	 */
	bool frame_pointer;
};

/* exe, the program as maps has it, is borrowed. Errors: -ENOMEM. */
int modules_create(pid_t pid, const char *exe, struct modules **ret, struct err *e);
void modules_destroy(struct modules *m);
/* False when the address is in no executable mapping of a file that can be read. */
bool modules_find(struct modules *m, uint64_t pc, struct module_code *ret);

/* Whether the n <= 8 bytes of code, the last before a return address, end in a call. */
bool module_follows_call(const uint8_t *code, size_t n);

#endif
