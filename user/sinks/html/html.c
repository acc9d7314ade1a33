// SPDX-License-Identifier: GPL-2.0-only
/*
 * One page that shows a recording and needs nothing else. The data in it are the document that
 * the output 'document' writes: docs/html.md.
 */
#include "sinks/html/html.h"

#include <stdlib.h>
#include <string.h>

#include "sinks/json/json_objects.h"
#include "sinks/losses.h"
#include "sinks/page.h"
#include "util/mem.h"

struct html {
	int64_t wall_minus_mono_ns;
	bool more; /* a record stands there already */
};

/* Instead of ct_page_put(). No "<" leaves here: no string can end the script element it is in. */
static int put_data(struct ct_page *page, struct ct_sink *s, struct ct_err *err)
{
	own_mem char *text = NULL;
	struct ct_page safe;
	bool bad = fclose(page->f);

	text = page->text;
	if (bad)
		return ct_sink_no_memory(s, err);
	if (ct_page_open(&safe, s, err))
		return err->code;
	for (size_t i = 0; i < page->len; i++) {
		if (text[i] == '<')
			fputs("\\u003c", safe.f);
		else
			putc(text[i], safe.f);
	}
	return ct_page_put(&safe, s, err);
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
#define X(symbol, name, doc) put_words(w, name, doc);
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

static int put_text(struct ct_sink *s, const char *text, struct ct_err *err)
{
	return ct_sink_put(s, text, strlen(text), err);
}

static int put_head(struct ct_sink *s, const struct ct_session *session, struct ct_err *err)
{
	struct ct_json words = { 0 }, data = { 0 };
	struct ct_page page;
	int ret;

	if (ct_page_open(&page, s, err))
		return err->code;
	words.f = page.f;
	put_vocabulary(&words);
	ret = put_data(&page, s, err);
	if (!ret)
		ret = put_text(s, "</script>\n<script type=\"application/json\" id=\"data\">\n",
			       err);
	if (ret)
		return ret;
	if (ct_page_open(&page, s, err))
		return err->code;
	data.f = page.f;
	ct_json_enter(&data, NULL, '{');
	ct_json_string(&data, "schema", CT_JSON_SCHEMA);
	ct_json_session(&data, "session", session);
	fputs(",\n\"records\":[", page.f);
	return put_data(&page, s, err);
}

static const char *html_refuse(void)
{
	struct ct_html_page page;

	return ct_html_page(&page) ? NULL
				   : "this build has no charts bundled; install nodejs and npm, "
				     "and build coldtrace again";
}

static int html_begin(struct ct_sink *s, const struct ct_session *session, struct ct_err *err)
{
	struct ct_html_page page = { 0 };
	struct html *html;
	int ret;

	ct_html_page(&page);
	html = calloc(1, sizeof(*html));
	if (!html)
		return ct_sink_no_memory(s, err);
	s->state = html;
	html->wall_minus_mono_ns = session->wall_minus_mono_ns;
	ret = ct_sink_put(s, page.head, page.head_len, err);
	return ret ? ret : put_head(s, session, err);
}

static int html_record(struct ct_sink *s, const struct ct_record *rec, struct ct_err *err)
{
	struct html *html = s->state;
	struct ct_json w = { 0 };
	struct ct_page page;

	if (ct_page_open(&page, s, err))
		return err->code;
	w.f = page.f;
	fputs(html->more ? ",\n" : "\n", page.f);
	html->more = true;
	ct_json_record(&w, NULL, rec, html->wall_minus_mono_ns);
	return put_data(&page, s, err);
}

static int html_end(struct ct_sink *s, const struct ct_session *session,
		    const struct ct_summary *summary, const struct ct_core_counts *counts,
		    struct ct_err *err)
{
	struct ct_html_page page;
	struct ct_json w = { 0 };
	struct ct_page data;
	int ret;

	if (ct_page_open(&data, s, err))
		return err->code;
	w.f = data.f;
	fputs("\n],\n\"opens\":[", data.f);
	if (ct_json_opens(&w, ct_summary_opened(summary), false)) {
		ct_page_drop(&data);
		return ct_sink_no_memory(s, err);
	}
	fputs("\n],\n", data.f);
	ct_json_summary(&w, "summary", session, summary, counts);
	fputs("}\n", data.f);
	ret = put_data(&data, s, err);
	if (!ret && ct_html_page(&page))
		ret = ct_sink_put(s, page.tail, page.tail_len, err);
	return ret;
}

static void html_free(struct ct_sink *s)
{
	free(s->state);
	s->state = NULL;
}

const struct ct_sink_ops ct_html_ops = {
	.name = "html",
	.suffix = ".html",
	.help = "one page for a browser, with charts: needs no network",
	.refuse = html_refuse,
	.steps = CT_SINK_STEPS_DRAWN,
	.begin = html_begin,
	.record = html_record,
	.end = html_end,
	.free = html_free,
};
