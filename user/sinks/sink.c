// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/sink.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/spot.h"

#define WIDTH_TERMINAL 80 /* of one that does not say */
#define WIDTH_FILE     100
#define WIDTH_MIN      40

const struct ct_sink_ops *const ct_sinks[] = {
	&ct_table_ops,       &ct_json_ops,
	&ct_html_ops,        &ct_perfetto_ops,
	&ct_document_ops,    &ct_flat_ops,
	&ct_csv_ops,         &ct_csv_steps_ops,
	&ct_openmetrics_ops, &ct_prometheus_ops,
	&ct_hdr_ops,         &ct_hgrm_ops,
	&ct_otlp_traces_ops, &ct_otlp_metrics_ops,
	&ct_timeline_ops,    &ct_cdf_ops,
	&ct_histogram_ops,   &ct_pulls_ops,
	&ct_opens_ops,       &ct_csv_opens_ops,
	&ct_csv_layers_ops,  NULL,
};

bool ct_locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}

static void ask_terminal(struct ct_sink *s)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize ws = { 0 };
	int fd = fileno(s->out);

	s->utf8 = ct_locale_is_utf8();
	if (!isatty(fd))
		return;
	s->width = !ioctl(fd, TIOCGWINSZ, &ws) && ws.ws_col ? ws.ws_col : WIDTH_TERMINAL;
	s->colour = !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
}

unsigned ct_sink_width(const struct ct_sink *s)
{
	struct winsize ws = { 0 };
	unsigned width = s->width;

	if (width && !ioctl(fileno(s->out), TIOCGWINSZ, &ws) && ws.ws_col)
		width = ws.ws_col;
	if (!width)
		width = WIDTH_FILE;
	return width < WIDTH_MIN ? WIDTH_MIN : width;
}

static const struct ct_sink_ops *find(const char *name, size_t len)
{
	for (size_t i = 0; ct_sinks[i]; i++)
		if (strlen(ct_sinks[i]->name) == len && !memcmp(ct_sinks[i]->name, name, len))
			return ct_sinks[i];
	return NULL;
}

const struct ct_sink_ops *ct_sink_find(const char *spec)
{
	return find(spec, strcspn(spec, ":"));
}

static int unknown_name(const char *spec, size_t len, struct ct_err *err)
{
	char names[384] = "";
	size_t at = 0;

	for (size_t i = 0; ct_sinks[i] && at < sizeof(names); i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s'%s'", i ? ", " : "",
				       ct_sinks[i]->name);
	return ct_fail(err, -EINVAL, "no output is called '%.*s'; choose one of %s",
		       (int)(len < 64 ? len : 64), spec, names);
}

int ct_sink_check(const char *spec, bool *ret_stdout, struct ct_err *err)
{
	size_t len = strcspn(spec, ":");
	const struct ct_sink_ops *ops = find(spec, len);

	if (!ops)
		return unknown_name(spec, len, err);
	if (spec[len] && !spec[len + 1])
		return ct_fail(err, -EINVAL,
			       "output '%s' names no file after the colon; write '%s:FILE'", spec,
			       ops->name);
	*ret_stdout = !spec[len] || !strcmp(spec + len + 1, "-");
	return 0;
}

static const char *path_of(const struct ct_sink *s)
{
	return s->path ? s->path : "stdout";
}

/* As fopen(path, "w"), but the file is not emptied. */
static FILE *open_kept(const struct ct_sink *s, struct ct_err *err)
{
	own_fd int fd = ct_spot_open_path(s->path, 0666, err);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (out)
		take_fd(fd);
	else if (fd >= 0)
		ct_fail(err, -errno, "%s", strerror(errno));
	if (!out)
		ct_wrap(err, "open '%s' for output '%s'", s->path, s->ops->name);
	return out;
}

int ct_sink_open(struct ct_sink *s, const char *spec, struct ct_err *err)
{
	size_t len = strcspn(spec, ":");
	struct ct_sink new = { .live = true, .opens = true };
	const char *refused;
	bool to_stdout = false;
	int ret = ct_sink_check(spec, &to_stdout, err);

	if (ret)
		return ret;
	new.ops = find(spec, len);
	if (!to_stdout)
		new.path = spec + len + 1;
	refused = new.ops->refuse ? new.ops->refuse() : NULL;
	if (refused)
		return ct_fail(err, ENOTSUP, "write output '%s' to '%s': %s", new.ops->name,
			       path_of(&new), refused);
	new.out = to_stdout ? stdout : open_kept(&new, err);
	if (!new.out)
		return err->code;
	ask_terminal(&new);
	*s = new;
	return 0;
}

struct ct_pen ct_sink_pen(const struct ct_sink *s, FILE *page)
{
	return (struct ct_pen){
		.f = page,
		.width = ct_sink_width(s),
		.utf8 = s->utf8,
		.blocks = s->utf8 && s->width,
		.colour = s->colour,
	};
}

/* All of the bytes, now. */
static int put(struct ct_sink *s, const char *bytes, size_t len, struct ct_err *err)
{
	int code;

	errno = 0;
	if (fwrite(bytes, 1, len, s->out) == len && !fflush(s->out))
		return 0;
	code = errno ? errno : EIO;
	/* What could not be written is given up: closing must not try, and fail, again. */
	__fpurge(s->out);
	clearerr(s->out);
	return ct_fail(err, -code, "write output '%s' to '%s': %s", s->ops->name, path_of(s),
		       strerror(code));
}

static int no_memory(const struct ct_sink *s, struct ct_err *err)
{
	return ct_fail(err, -ENOMEM, "write output '%s' to '%s': out of memory", s->ops->name,
		       path_of(s));
}

/* Where an output draws, one at a time. */
struct page {
	FILE *f; /* owned while it is drawn on; NULL: out of memory */
	char *text;
	size_t len;
};

static void page_open(struct page *page)
{
	*page = (struct page){ 0 };
	page->f = open_memstream(&page->text, &page->len);
}

/* Writes the page unless drawing failed, and frees it either way. */
static int page_put(struct page *page, struct ct_sink *s, int drawn, struct ct_err *err)
{
	bool bad = !page->f || drawn || ferror(page->f);
	int ret;

	if ((page->f && fclose(page->f)) || bad) {
		ret = no_memory(s, err);
	} else {
		if (s->ops->columns)
			ct_pen_trim(page->text, &page->len);
		ret = page->len ? put(s, page->text, page->len, err) : 0;
	}
	free(page->text);
	return ret;
}

int ct_sink_begin(struct ct_sink *s, const struct ct_session *session, struct ct_err *err)
{
	struct page page;
	struct stat st;

	if (s->ops->binary && isatty(fileno(s->out)))
		return ct_fail(err, -EINVAL,
			       "write output '%s' to the terminal: it is not text; write '%s:FILE'",
			       s->ops->name, s->ops->name);
	if (s->path && !fstat(fileno(s->out), &st) && S_ISREG(st.st_mode) &&
	    ftruncate(fileno(s->out), 0))
		return ct_fail(err, -errno, "empty '%s' for output '%s': %s", s->path, s->ops->name,
			       strerror(errno));
	if (s->ops->state_size) {
		s->state = calloc(1, s->ops->state_size);
		if (!s->state)
			return no_memory(s, err);
	}
	if (!s->ops->begin)
		return 0;
	page_open(&page);
	return page_put(&page, s, page.f ? s->ops->begin(s, page.f, session) : -ENOMEM, err);
}

int ct_sink_record(struct ct_sink *s, const struct ct_session *session, const struct ct_record *rec,
		   struct ct_err *err)
{
	struct page page;

	if (!s->ops->record)
		return 0;
	page_open(&page);
	return page_put(&page, s, page.f ? s->ops->record(s, page.f, session, rec) : -ENOMEM, err);
}

int ct_sink_end(struct ct_sink *s, const struct ct_session *session,
		const struct ct_summary *summary, const struct ct_core_counts *counts,
		struct ct_err *err)
{
	struct page page;
	int ret = -ENOMEM;

	if (!s->ops->end)
		return 0;
	page_open(&page);
	if (page.f)
		ret = s->ops->end(s, page.f, session, summary, counts);
	return page_put(&page, s, ret, err);
}

int ct_sink_close(struct ct_sink *s, struct ct_err *err)
{
	int code = 0;

	if (!s->ops)
		return 0;
	if (s->state && s->ops->free)
		s->ops->free(s->state);
	free(s->state);
	errno = 0;
	if (s->out && (s->out == stdout ? fflush(s->out) : fclose(s->out)))
		code = errno ? errno : EIO;
	if (code)
		ct_fail(err, -code, "close output '%s' to '%s': %s", s->ops->name, path_of(s),
			strerror(code));
	*s = (struct ct_sink){ 0 };
	return -code;
}
