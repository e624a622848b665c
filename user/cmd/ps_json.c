// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/ps.h"

static json_t *memprofile_json(const struct list_process *p)
{
	const struct memprofile *m = &p->memprofile;

	return json_pack("{s:s, s:o, s:o}", "state", memprofile_state_name(m->state), "rate",
			 m->state == MEMPROFILE_ON ? json_integer((json_int_t)m->rate)
						   : json_null(),
			 "why", cmd_json_text(p->memprofile_why.msg));
}

static json_t *container_json(const struct container *c)
{
	if (!c->runtime)
		return json_null();
	return json_pack("{s:s, s:o, s:o}", "runtime", c->runtime, "id", cmd_json_text(c->id),
			 "pod", cmd_json_text(c->pod));
}

static json_t *lost_json(const struct ps_binary *b)
{
	json_t *list = json_array();

	vec_foreach (lost, &b->lost)
		json_array_append_new(list, json_pack("{s:s, s:o}", "what", lost->what, "why",
						      cmd_json_text(lost->why)));
	return list;
}

static json_t *process_json(const struct list_process *p, const struct ps_binary *b)
{
	const struct gobin_info *info = b->info;

	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "pid",
			 p->pid, "exe", cmd_json_text(p->exe), "go_version",
			 cmd_json_text(b->version), "module", cmd_json_text(b->module),
			 "module_version", cmd_json_text(b->module_version), "map_kind",
			 cmd_json_text(!info	     ? NULL
				       : info->swiss ? "swiss"
						     : "classic"),
			 "stripped", info ? json_boolean(info->stripped) : json_null(), "pie",
			 info ? json_boolean(info->pie) : json_null(), "supported", info != NULL,
			 "why", cmd_json_text(b->why), "memory_profile", memprofile_json(p),
			 "container", container_json(&p->container), "unavailable", lost_json(b));
}

static json_t *unseen_json(const struct list *l)
{
	return json_pack("{s:I, s:I, s:o, s:b}", "refused", (json_int_t)l->refused, "unreadable",
			 (json_int_t)l->unreadable, "unreadable_why",
			 cmd_json_text(l->unreadable_why.msg), "hidden", l->hidden);
}

int ps_print_json(const struct ps *ps, struct err *e)
{
	json_t *list = json_array(), *root;
	int rc = 0;

	vec_foreach (p, &ps->list.processes)
		rc |= json_array_append_new(list, process_json(p, &ps->binaries[p->binary]));
	root = json_pack("{s:o, s:o}", "processes", list, "unseen", unseen_json(&ps->list));
	if (!rc)
		rc = root ? json_dumpf(root, stdout, JSON_INDENT(2)) : -1;
	json_decref(root);
	puts("");
	return rc ? err_set(e, -EIO, "ps: cannot be written as JSON") : 0;
}
