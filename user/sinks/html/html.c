// SPDX-License-Identifier: GPL-2.0-only
/*
 * One page that shows a recording and needs nothing else. The data in it are the document that
 * the output 'document' writes: docs/html.md.
 */
#include "sinks/html/html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/json/json_objects.h"
#include "sinks/losses.h"

/* Of a path: more are too narrow to be seen. What they add up to is there. */
#define PIECES 32

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

/* What a page is told that a server goes on telling. */
struct live {
	uint64_t last;
	size_t most;
};

/* The words of the tables, so that the page has no copy of them. live: NULL for a file. */
static void put_vocabulary(struct ct_json *w, const struct live *live)
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
	if (live) {
		ct_json_enter(w, "live", '{');
		ct_json_u64(w, "last", live->last);
		ct_json_u64(w, "most", live->most);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, '}');
}

static const char *html_refuse(void)
{
	struct ct_html_page page;

	return ct_html_page(&page) ? NULL
				   : "this build has no charts bundled; install nodejs and npm, "
				     "and build coldtrace again";
}

/* All connections are forbidden to a page in a file; one of a server may ask that server. */
static void put_head(FILE *page, const struct ct_html_page *around, bool live)
{
	static const char policy[] = "default-src 'none';", more[] = " connect-src 'self';";
	const char *at =
		live ? memmem(around->head, around->head_len, policy, strlen(policy)) : NULL;
	size_t before = at ? (size_t)(at - around->head) + strlen(policy) : 0;

	fwrite(around->head, 1, before, page);
	if (at)
		fputs(more, page);
	fwrite(around->head + before, 1, around->head_len - before, page);
}

static int begin(FILE *page, const struct ct_session *session, const struct live *live)
{
	struct ct_html_page around = { 0 };
	struct ct_json w = { 0 };
	struct data data;

	ct_html_page(&around);
	put_head(page, &around, live);
	if (!data_open(&data))
		return -ENOMEM;
	w.f = data.f;
	put_vocabulary(&w, live);
	if (data_put(&data, page))
		return -ENOMEM;
	fputs("</script>\n<script type=\"application/json\" id=\"data\">\n", page);
	if (!data_open(&data))
		return -ENOMEM;
	ct_json_document_begin(data.f, session);
	return data_put(&data, page);
}

static int html_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	(void)s;
	return begin(page, session, NULL);
}

int ct_html_live_begin(FILE *f, const struct ct_session *session, uint64_t last, size_t most)
{
	const struct live live = { last, most };

	return begin(f, session, &live);
}

int ct_html_record_text(const struct ct_session *session, const struct ct_record *rec,
			char **ret_text, size_t *ret_len)
{
	FILE *f = open_memstream(ret_text, ret_len);
	struct ct_json w = { 0 };
	struct data data;
	int ret = -ENOMEM;

	if (!f)
		return -ENOMEM;
	if (data_open(&data)) {
		w.f = data.f;
		w.pieces = PIECES;
		ct_json_record(&w, NULL, session, rec);
		ret = data_put(&data, f) || w.no_memory ? -ENOMEM : 0;
	}
	if (fclose(f))
		ret = -ENOMEM;
	if (ret) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return ret;
}

int ct_html_summary_text(FILE *f, const struct ct_session *session,
			 const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	struct ct_json w = { 0 };
	struct data data;

	if (!data_open(&data))
		return -ENOMEM;
	w.f = data.f;
	ct_json_summary(&w, NULL, session, summary, counts);
	return data_put(&data, f);
}

static int html_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
		       const struct ct_record *rec)
{
	struct html *html = s->state;
	struct data data;
	int drawn, put;

	if (!data_open(&data))
		return -ENOMEM;
	drawn = ct_json_document_record(data.f, session, rec, s->pieces ? s->pieces : PIECES,
					&html->more);
	put = data_put(&data, page);
	return drawn ? drawn : put;
}

int ct_html_live_end(FILE *f, const struct ct_session *session, const struct ct_summary *summary,
		     const struct ct_core_counts *counts)
{
	struct ct_html_page around = { 0 };
	struct data data;
	int drawn, put;

	if (!data_open(&data))
		return -ENOMEM;
	drawn = ct_json_document_end(data.f, session, summary, counts);
	put = data_put(&data, f);
	ct_html_page(&around);
	fwrite(around.tail, 1, around.tail_len, f);
	return drawn ? drawn : put;
}

static int html_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		    const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	(void)s;
	return ct_html_live_end(page, session, summary, counts);
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
