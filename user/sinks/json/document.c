// SPDX-License-Identifier: GPL-2.0-only
/* The same objects as JSON Lines, in one JSON document; docs/formats.md. */
#include <errno.h>

#include "sinks/json/json_objects.h"

struct document {
	bool more; /* a record stands there already */
};

void ct_json_document_begin(FILE *f, const struct ct_session *session)
{
	struct ct_json w = { .f = f };

	ct_json_enter(&w, NULL, '{');
	ct_json_string(&w, "schema", CT_JSON_SCHEMA);
	ct_json_session(&w, "session", session);
	fputs(",\n\"records\":[", f);
}

int ct_json_document_record(FILE *f, const struct ct_session *session, const struct ct_record *rec,
			    size_t pieces, bool *more)
{
	struct ct_json w = { .f = f, .pieces = pieces };

	fputs(*more ? ",\n" : "\n", f);
	*more = true;
	ct_json_record(&w, NULL, session, rec);
	return w.no_memory ? -ENOMEM : 0;
}

int ct_json_document_end(FILE *f, const struct ct_session *session,
			 const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	struct ct_json w = { .f = f };
	int ret;

	fputs("\n],\n\"opens\":[", f);
	ret = ct_json_opens(&w, ct_summary_opened(summary), false);
	fputs("\n],\n", f);
	ct_json_summary(&w, "summary", session, summary, counts);
	fputs("}\n", f);
	return ret;
}

static int document_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	(void)s;
	ct_json_document_begin(page, session);
	return 0;
}

static int document_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			   const struct ct_record *rec)
{
	struct document *doc = s->state;

	return ct_json_document_record(page, session, rec, s->pieces, &doc->more);
}

static int document_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
			const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	(void)s;
	return ct_json_document_end(page, session, summary, counts);
}

const struct ct_sink_ops ct_document_ops = {
	.name = "document",
	.suffix = ".json",
	.help = "one JSON document: session, records, summary",
	.state_size = sizeof(struct document),
	.begin = document_begin,
	.record = document_record,
	.end = document_end,
};
