/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of options. All fit cmd_option.parse: they store at place and return 0, or say in e what
 * is wrong with text, name the value, and leave place alone.
 */
#ifndef MAPPROBE_CMD_PARSE_H
#define MAPPROBE_CMD_PARSE_H

#include "base/err.h"

/* bool: an option without argument; true. */
int parse_flag(const char *text, void *place, struct err *e);
/* const char *: any text that is not empty. */
int parse_text(const char *text, void *place, struct err *e);
/* pid_t: 1 .. 2^22. */
int parse_pid(const char *text, void *place, struct err *e);
/* uint64_t, ns: "30", "30s", "500ms", "5m", "1h", "0.5s"; more than 0, at most 1000 h. */
int parse_duration(const char *text, void *place, struct err *e);
/* double: "1%" is 0.01, "none" is infinity; more than 0, at most 100 %. */
int parse_overhead(const char *text, void *place, struct err *e);
/* unsigned int: "map,gc" to enum plan_group, or'ed. */
int parse_groups(const char *text, void *place, struct err *e);
/* const char *: "text" or "json". */
int parse_format(const char *text, void *place, struct err *e);

#endif
