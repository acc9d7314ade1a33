// SPDX-License-Identifier: GPL-2.0-only
/* JSON Lines; docs/schema.md says what each field is. */
#include <errno.h>

#include "sinks/json/json_objects.h"

static int json_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	struct ct_json w = { .f = page };

	(void)s;
	ct_json_session(&w, NULL, session);
	putc('\n', page);
	return 0;
}

static int json_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
		       const struct ct_record *rec)
{
	struct ct_json w = { .f = page, .pieces = s->pieces };

	ct_json_record(&w, NULL, session, rec);
	putc('\n', page);
	return w.no_memory ? -ENOMEM : 0;
}

static int json_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		    const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	struct ct_json w = { .f = page };
	int ret = ct_json_opens(&w, ct_summary_opened(summary), true);

	(void)s;
	ct_json_summary(&w, NULL, session, summary, counts);
	putc('\n', page);
	return ret;
}

const struct ct_sink_ops ct_json_ops = {
	.name = "json",
	.suffix = ".jsonl",
	.help = "JSON Lines for programs: a session line, a line per record, a summary line",
	.begin = json_begin,
	.record = json_record,
	.end = json_end,
};
