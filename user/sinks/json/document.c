// SPDX-License-Identifier: GPL-2.0-only
/* The same objects as JSON Lines, in one JSON document; docs/formats.md. */
#include <stdlib.h>

#include "sinks/json/json_objects.h"
#include "sinks/page.h"

struct document {
	int64_t wall_minus_mono_ns;
	bool more; /* a record stands there already */
};

static int document_begin(struct ct_sink *s, const struct ct_session *session, struct ct_err *err)
{
	struct document *doc = calloc(1, sizeof(*doc));
	struct ct_page page;
	struct ct_json w = { 0 };

	s->state = doc;
	if (!doc)
		return ct_sink_no_memory(s, err);
	doc->wall_minus_mono_ns = session->wall_minus_mono_ns;
	if (ct_page_open(&page, s, err))
		return err->code;
	w.f = page.f;
	ct_json_enter(&w, NULL, '{');
	ct_json_string(&w, "schema", CT_JSON_SCHEMA);
	ct_json_session(&w, "session", session);
	fputs(",\n\"records\":[", page.f);
	return ct_page_put(&page, s, err);
}

static int document_record(struct ct_sink *s, const struct ct_record *rec, struct ct_err *err)
{
	struct document *doc = s->state;
	struct ct_page page;
	struct ct_json w = { 0 };

	if (ct_page_open(&page, s, err))
		return err->code;
	w.f = page.f;
	fputs(doc->more ? ",\n" : "\n", page.f);
	doc->more = true;
	ct_json_record(&w, NULL, rec, doc->wall_minus_mono_ns);
	return ct_page_put(&page, s, err);
}

static int document_end(struct ct_sink *s, const struct ct_session *session,
			const struct ct_summary *summary, const struct ct_core_counts *counts,
			struct ct_err *err)
{
	struct ct_page page;
	struct ct_json w = { 0 };

	if (ct_page_open(&page, s, err))
		return err->code;
	w.f = page.f;
	fputs("\n],\n\"opens\":[", page.f);
	if (ct_json_opens(&w, ct_summary_opened(summary), false)) {
		ct_page_drop(&page);
		return ct_sink_no_memory(s, err);
	}
	fputs("\n],\n", page.f);
	ct_json_summary(&w, "summary", session, summary, counts);
	fputs("}\n", page.f);
	return ct_page_put(&page, s, err);
}

static void document_free(struct ct_sink *s)
{
	free(s->state);
	s->state = NULL;
}

const struct ct_sink_ops ct_document_ops = {
	.name = "document",
	.suffix = ".json",
	.help = "one JSON document: session, records, summary",
	.begin = document_begin,
	.record = document_record,
	.end = document_end,
	.free = document_free,
};
