// SPDX-License-Identifier: Apache-2.0
/* The text report: its sections, in the order in which they matter at three in the morning. */
#include "report/text.h"

#include <errno.h>
#include <unistd.h>

#include "report/formats.h"

static void (*const section[])(struct text *t) = {
	text_head,    text_crash, text_findings, text_maps,    text_gc,	   text_stw,
	text_assists, text_locks, text_probes,	 text_missing, text_truth,
};

int text_write(const struct result *r, FILE *out, struct err *e)
{
	int fd = fileno(out);
	struct text t = { .out = out, .r = r, .color = fd >= 0 && isatty(fd) };

	for (size_t i = 0; i < sizeof(section) / sizeof(*section); i++)
		section[i](&t);
	if (t.failed)
		return err_set(e, -ENOMEM, "text report: out of memory");
	return formats_flush(out, "text report", e);
}
