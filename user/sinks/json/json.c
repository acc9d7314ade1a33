// SPDX-License-Identifier: GPL-2.0-only
/* JSON Lines; docs/schema.md says what each field is. */
#include <stdlib.h>

#include "sinks/json/json_objects.h"
#include "sinks/page.h"

static int json_begin(struct ct_sink *s, const struct ct_session *session, struct ct_err *err)
{
	struct ct_page page;
	struct ct_json w = { 0 };
	int64_t *offset = malloc(sizeof(*offset));

	s->state = offset;
	if (!offset)
		return ct_sink_no_memory(s, err);
	*offset = session->wall_minus_mono_ns;
	if (ct_page_open(&page, s, err))
		return err->code;
	w.f = page.f;
	ct_json_session(&w, NULL, session);
	putc('\n', page.f);
	return ct_page_put(&page, s, err);
}

static int json_record(struct ct_sink *s, const struct ct_record *rec, struct ct_err *err)
{
	const int64_t *offset = s->state;
	struct ct_page page;
	struct ct_json w = { 0 };

	if (ct_page_open(&page, s, err))
		return err->code;
	w.f = page.f;
	ct_json_record(&w, NULL, rec, *offset);
	putc('\n', page.f);
	return ct_page_put(&page, s, err);
}

static int json_end(struct ct_sink *s, const struct ct_session *session,
		    const struct ct_summary *summary, const struct ct_core_counts *counts,
		    struct ct_err *err)
{
	struct ct_page page;
	struct ct_json w = { 0 };

	if (ct_page_open(&page, s, err))
		return err->code;
	w.f = page.f;
	if (ct_json_opens(&w, ct_summary_opened(summary), true)) {
		ct_page_drop(&page);
		return ct_sink_no_memory(s, err);
	}
	ct_json_summary(&w, NULL, session, summary, counts);
	putc('\n', page.f);
	return ct_page_put(&page, s, err);
}

static void json_free(struct ct_sink *s)
{
	free(s->state);
	s->state = NULL;
}

const struct ct_sink_ops ct_json_ops = {
	.name = "json",
	.suffix = ".jsonl",
	.help = "JSON Lines for programs: a session line, a line per record, a summary line",
	.begin = json_begin,
	.record = json_record,
	.end = json_end,
	.free = json_free,
};
