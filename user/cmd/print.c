// SPDX-License-Identifier: Apache-2.0
/* Names of the target's, made fit for a terminal and for JSON. */
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "report/safe.h"

void cmd_print(FILE *out, const char *text)
{
	struct buf b _cleanup_buf_ = { 0 };

	safe_text(&b, text, 0);
	if (!b.failed)
		fwrite(b.data, 1, b.len, out);
}

json_t *cmd_json_text(const char *s)
{
	struct buf b _cleanup_buf_ = { 0 };

	if (!s || !*s)
		return json_null();
	safe_utf8(&b, s);
	return b.failed ? NULL : json_stringn((const char *)b.data, b.len);
}
