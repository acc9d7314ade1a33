// SPDX-License-Identifier: GPL-2.0-only
#include "core/hear/wire_pull.h"

#include <stdlib.h>

#define CHUNK_DIGITS 4 /* of the length of a chunk: a line is short */

static const struct ct_text statuses[] = {
#define X(symbol, status) [CT_PULL_##symbol] = CT_TEXT(status),
	CT_PULL_LINES(X)
#undef X
};

/* Behind the length in hexadecimal digits; empty: it is no chunk. */
static struct ct_text chunk_of(struct ct_text bytes)
{
	size_t n = 0;

	while (n < bytes.len && n <= CHUNK_DIGITS &&
	       ((bytes.p[n] >= '0' && bytes.p[n] <= '9') ||
		(bytes.p[n] >= 'a' && bytes.p[n] <= 'f')))
		n++;
	if (!n || n > CHUNK_DIGITS || bytes.len < n + 3 || bytes.p[n] != '\r' ||
	    bytes.p[n + 1] != '\n' || bytes.p[n + 2] != '{')
		return ct_text("", 0);
	return ct_text(bytes.p + n + 2, bytes.len - n - 2);
}

static void read_status(struct ct_progress *ret, struct ct_text status)
{
	size_t i = 0;

	while (!ct_text_starts(status, statuses[i].p))
		i++;
	ret->line = (enum ct_pull_line)i;
	ct_text_copy(ret->text, sizeof(ret->text),
		     ct_text(status.p + statuses[i].len, status.len - statuses[i].len));
}

static bool read_line(struct ct_text json, struct ct_progress *ret)
{
	char status[sizeof(ret->text)], error[sizeof(ret->text)], current[24], total[24];
	struct ct_json_field fields[] = {
		{ NULL, "status", status, sizeof(status), false, false },
		{ NULL, "id", ret->id, sizeof(ret->id), false, false },
		{ "progressDetail", "current", current, sizeof(current), false, true },
		{ "progressDetail", "total", total, sizeof(total), false, true },
		{ "errorDetail", "message", error, sizeof(error), false, false },
	};

	if (!ct_json_fields(json, fields, sizeof(fields) / sizeof(fields[0])))
		return false;
	ret->current = strtoull(current, NULL, 10);
	ret->total = strtoull(total, NULL, 10);
	if (error[0]) {
		ret->line = CT_PULL_FAILED;
		ct_text_copy(ret->text, sizeof(ret->text), ct_text(error, strlen(error)));
		return true;
	}
	read_status(ret, ct_text(status, strlen(status)));
	return status[0];
}

/* Nearly all that is asked about is none. */
bool ct_progress_parse(struct ct_text bytes, struct ct_progress *ret)
{
	struct ct_text json = chunk_of(bytes);

	return json.len && read_line(json, ret);
}
