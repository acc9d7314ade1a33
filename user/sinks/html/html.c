// SPDX-License-Identifier: GPL-2.0-only
/*
 * One page that shows a recording and needs nothing else. The data in it are the document that
 * the output 'document' writes: docs/html.md.
 */
#include "sinks/html/html.h"

#include <errno.h>
#include <stdlib.h>

#include "sinks/json/json_objects.h"
#include "sinks/losses.h"

struct html {
	bool more; /* a record stands there already */
};

/* What is drawn here goes into a script element. */
struct data {
	FILE *f; /* owned while it is drawn on; NULL: out of memory */
	char *text;
	size_t len;
};

static bool data_open(struct data *data)
{
	*data = (struct data){ 0 };
	data->f = open_memstream(&data->text, &data->len);
	return data->f;
}

/* No "<" leaves here: no string can end the script element it is in. Returns 0 or -ENOMEM. */
static int data_put(struct data *data, FILE *page)
{
	bool bad = ferror(data->f);

	bad |= fclose(data->f) != 0;
	for (size_t i = 0; !bad && i < data->len; i++) {
		if (data->text[i] == '<')
			fputs("\\u003c", page);
		else
			putc(data->text[i], page);
	}
	free(data->text);
	return bad ? -ENOMEM : 0;
}

static void put_words(struct ct_json *w, const char *name, const char *doc)
{
	ct_json_enter(w, NULL, '[');
	ct_json_string(w, NULL, name);
	ct_json_string(w, NULL, doc);
	ct_json_leave(w, ']');
}

static void put_loss(struct ct_json *w, size_t loss, const char *name, const char *advice)
{
	char key[CT_LOSS_NAME_LEN];

	ct_json_enter(w, ct_loss_name(key, loss), '[');
	ct_json_string(w, NULL, name);
	ct_json_string(w, NULL, advice);
	ct_json_leave(w, ']');
}

/* The words of the tables, so that the page has no copy of them. */
static void put_vocabulary(struct ct_json *w)
{
	ct_json_enter(w, NULL, '{');
	ct_json_enter(w, "phases", '[');
#define X(symbol, name, doc) put_words(w, name, doc);
	CT_PHASES(X)
#undef X
	ct_json_leave(w, ']');
	ct_json_enter(w, "records", '[');
#define X(symbol, name, subject, title, doc) put_words(w, name, doc);
	CT_RECORDS(X)
#undef X
	ct_json_leave(w, ']');
	ct_json_enter(w, "readies", '[');
#define X(symbol, name, doc) put_words(w, name, doc);
	CT_READIES(X)
#undef X
	ct_json_leave(w, ']');
	ct_json_enter(w, "losses", '{');
#define X(number, symbol, name, advice) put_loss(w, CT_LOSS_##symbol, name, advice);
	CT_LOSSES(X)
#undef X
	ct_json_leave(w, '}');
	ct_json_u64(w, "hist_precision", CT_HIST_PRECISION);
	ct_json_leave(w, '}');
}

static const char *html_refuse(void)
{
	struct ct_html_page page;

	return ct_html_page(&page) ? NULL
				   : "this build has no charts bundled; install nodejs and npm, "
				     "and build coldtrace again";
}

static int html_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	struct ct_html_page around = { 0 };
	struct ct_json w = { 0 };
	struct data data;

	(void)s;
	ct_html_page(&around);
	fwrite(around.head, 1, around.head_len, page);
	if (!data_open(&data))
		return -ENOMEM;
	w.f = data.f;
	put_vocabulary(&w);
	if (data_put(&data, page))
		return -ENOMEM;
	fputs("</script>\n<script type=\"application/json\" id=\"data\">\n", page);
	if (!data_open(&data))
		return -ENOMEM;
	ct_json_document_begin(data.f, session);
	return data_put(&data, page);
}

static int html_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
		       const struct ct_record *rec)
{
	struct html *html = s->state;
	struct data data;

	if (!data_open(&data))
		return -ENOMEM;
	ct_json_document_record(data.f, session, rec, &html->more);
	return data_put(&data, page);
}

static int html_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		    const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	struct ct_html_page around = { 0 };
	struct data data;
	int drawn, put;

	(void)s;
	if (!data_open(&data))
		return -ENOMEM;
	drawn = ct_json_document_end(data.f, session, summary, counts);
	put = data_put(&data, page);
	ct_html_page(&around);
	fwrite(around.tail, 1, around.tail_len, page);
	return drawn ? drawn : put;
}

const struct ct_sink_ops ct_html_ops = {
	.name = "html",
	.suffix = ".html",
	.help = "one page for a browser, with charts: needs no network",
	.refuse = html_refuse,
	.steps = CT_SINK_STEPS_DRAWN,
	.state_size = sizeof(struct html),
	.begin = html_begin,
	.record = html_record,
	.end = html_end,
};
