// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/table/table_opens.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sinks/escape.h"
#include "sinks/opens_words.h"
#include "sinks/units.h"
#include "util/mem.h"

#define COUNT_COLUMNS 9
#define TIME_COLUMNS  9
#define SHARE_COLUMNS 8 /* "100.0 %" and a blank */
#define ERROR_COLUMNS 8
#define TOP_DEFAULT   10
#define TOP_MAX       1000
#define ERRORS_SHOWN  6
#define STORM_MIN     100 /* fewer files that are not there are no storm */
#define STORM_COLUMNS 24
#define NAME_MIN      20 /* of a path or a group; the mean gives way to it */

enum title_part {
	TITLE_NAME,
	TITLE_RUNTIME,
	TITLE_IMAGE,
	TITLE_MAX
};

static void put_count(struct ct_pen *pen, uint64_t n)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)n);
	ct_pen_right(pen, buf, COUNT_COLUMNS);
}

/* "42.0 %"; nothing of nothing is nothing. */
static void put_share(struct ct_pen *pen, uint64_t part, uint64_t whole)
{
	char buf[16] = "";

	if (whole)
		snprintf(buf, sizeof(buf), "%.1f %%", 100.0 * (double)part / (double)whole);
	ct_pen_right(pen, buf, SHARE_COLUMNS);
}

static void put_time(struct ct_pen *pen, uint64_t ns)
{
	fputs("  ", pen->f);
	ct_pen_duration(pen, ns, TIME_COLUMNS - 1, false);
}

static size_t used_columns(bool mean, bool errors)
{
	return 2 + 2 * COUNT_COLUMNS + (mean ? 3 : 2) * (TIME_COLUMNS + 1) + SHARE_COLUMNS + 2 +
	       (errors ? ERROR_COLUMNS + 2 : 0);
}

/* The same for all tables, so that their columns stand below each other. */
static bool has_mean(const struct ct_pen *pen)
{
	return pen->width >= used_columns(true, true) + NAME_MIN;
}

static void put_head(struct ct_pen *pen, const char *title, bool errors)
{
	static const char *const heads[] = { "opens", "failed" };

	ct_pen_on(pen, CT_STYLE_DIM);
	fputs("  ", pen->f);
	for (size_t i = 0; i < CT_ARRAY_SIZE(heads); i++)
		ct_pen_right(pen, heads[i], COUNT_COLUMNS);
	ct_pen_right(pen, "time", TIME_COLUMNS + 1);
	ct_pen_right(pen, "", SHARE_COLUMNS);
	if (has_mean(pen))
		ct_pen_right(pen, "mean", TIME_COLUMNS + 1);
	ct_pen_right(pen, "longest", TIME_COLUMNS + 1);
	if (errors) {
		fputs("  ", pen->f);
		ct_pen_left(pen, "error", ERROR_COLUMNS);
	}
	fprintf(pen->f, "  %s", title);
	ct_pen_off(pen);
	fputc('\n', pen->f);
}

static void put_numbers(struct ct_pen *pen, const struct ct_opens_numbers *n, uint64_t all_ns)
{
	fputs("  ", pen->f);
	put_count(pen, n->count);
	put_count(pen, n->failed);
	put_time(pen, n->ns);
	put_share(pen, n->ns, all_ns);
	if (has_mean(pen))
		put_time(pen, n->count ? n->ns / n->count : 0);
	put_time(pen, n->max_ns);
}

static size_t columns_left(const struct ct_pen *pen, bool errors)
{
	size_t used = used_columns(has_mean(pen), errors);

	return pen->width > used + NAME_MIN ? pen->width - used : NAME_MIN;
}

/*
 * One line, whatever they are called. What is too wide gives way in this order, down to its least;
 * the name, which tells it from its neighbours, is last.
 */
static void fit_title(size_t *columns, size_t room)
{
	static const struct {
		enum title_part part;
		size_t least;
	} order[] = { { TITLE_IMAGE, 9 }, { TITLE_RUNTIME, 8 }, { TITLE_NAME, 0 } };
	size_t used = 0;

	for (size_t i = 0; i < TITLE_MAX; i++)
		used += columns[i];
	for (size_t i = 0; i < CT_ARRAY_SIZE(order) && used > room; i++) {
		size_t *c = &columns[order[i].part];
		size_t more = *c > order[i].least ? *c - order[i].least : 0;

		if (more > used - room)
			more = used - room;
		*c -= more;
		used -= more;
	}
}

static void draw_title(struct ct_pen *pen, const struct ct_opens *o, enum ct_view view)
{
	const char *name = *o->who.name ? o->who.name : o->who.id;
	const char *const parts[TITLE_MAX] = {
		[TITLE_NAME] = *name ? name : "(other containers)",
		[TITLE_RUNTIME] = o->who.runtime,
		[TITLE_IMAGE] = o->who.image,
	};
	const char *const before = "opens of ";
	size_t columns[TITLE_MAX], fixed = strlen(before);
	char escaped[1024];

	for (size_t i = 0; i < TITLE_MAX; i++) {
		columns[i] =
			ct_escape_text(escaped, sizeof(escaped), parts[i], pen->utf8, SIZE_MAX);
		fixed += i && columns[i] ? strlen(", ") : 0;
	}
	if (view < CT_VIEW_MAX)
		fixed += strlen(", view ") + strlen(ct_view_names[view]);
	fit_title(columns, pen->width > fixed ? pen->width - fixed : 0);
	ct_pen_on(pen, CT_STYLE_BOLD);
	for (size_t i = 0; i < TITLE_MAX; i++) {
		if (!columns[i])
			continue;
		fputs(i ? ", " : before, pen->f);
		ct_pen_foreign(pen, parts[i], columns[i], false);
		if (!i)
			ct_pen_off(pen);
	}
	if (view < CT_VIEW_MAX)
		fprintf(pen->f, ", view %s", ct_view_names[view]);
	fputc('\n', pen->f);
}

/* What is said of calls in a line, cut where there is no room. */
struct line {
	char text[1024];
	size_t len;
};

static __attribute__((format(printf, 2, 3))) void say(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->len, sizeof(l->text) - l->len, format, args);
	va_end(args);
	if (n > 0)
		l->len += (size_t)n;
	if (l->len >= sizeof(l->text))
		l->len = sizeof(l->text) - 1;
}

static void draw_line(struct ct_pen *pen, const struct line *l)
{
	fputs("  ", pen->f);
	ct_pen_wrap(pen, l->text, 2, 4, pen->width);
	fputc('\n', pen->f);
}

/* brief: of the quantiles, those that are always said. */
static void say_latencies(struct line *l, const struct ct_hist *h, uint64_t max_ns, unsigned flags,
			  bool brief)
{
	static const struct {
		const char *name;
		double quantile;
		bool always;
	} rows[] = { { "p50", 0.5, true }, { "p90", 0.9, false }, { "p99", 0.99, true } };
	char buf[CT_DURATION_LEN];

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows) && h; i++) {
		if (rows[i].always || !brief)
			say(l, ", %s %s", rows[i].name,
			    ct_duration(buf, ct_hist_quantile(h, rows[i].quantile), flags));
	}
	say(l, ", max %s", ct_duration(buf, max_ns, flags));
}

static size_t most_errors(const uint64_t errors[CT_OPENS_ERRNOS], size_t below_at, uint64_t below)
{
	size_t best = 0;
	uint64_t most = 0;

	for (size_t e = 1; e < CT_OPENS_ERRNOS; e++) {
		bool after = errors[e] < below || (errors[e] == below && e > below_at);

		if (after && errors[e] > most) {
			best = e;
			most = errors[e];
		}
	}
	return best;
}

/* The most frequent first; nothing if there is none. */
static bool say_errors(struct line *l, const char *before, const uint64_t errors[CT_OPENS_ERRNOS])
{
	uint64_t last = UINT64_MAX;
	char name[CT_ERRNO_LEN];
	size_t at = 0, shown = 0;

	while (shown < ERRORS_SHOWN && (at = most_errors(errors, at, last)) != 0) {
		last = errors[at];
		say(l, "%s%s %llu", shown++ ? ", " : before, ct_errno_name(name, (uint32_t)at),
		    (unsigned long long)last);
	}
	return shown > 0;
}

static void draw_call(struct ct_pen *pen, const struct ct_opens_view *v, enum ct_open_call call)
{
	const struct ct_opens_numbers *n = &v->calls[call];
	unsigned flags = pen->utf8 ? CT_DURATION_UTF8 : 0;
	char buf[CT_DURATION_LEN];
	struct line l = { .len = 0 };

	if (!n->count)
		return;
	say(&l, "%llu %s%s, %llu failed, %s in all", (unsigned long long)n->count,
	    ct_open_call_names[call], n->count == 1 ? "" : "s", (unsigned long long)n->failed,
	    ct_duration(buf, n->ns, flags));
	say_latencies(&l, v->hist[call], n->max_ns, flags, false);
	draw_line(pen, &l);
}

static void draw_ready(struct ct_pen *pen, const struct ct_opens *o, const struct ct_opens_view *v)
{
	unsigned flags = pen->utf8 ? CT_DURATION_UTF8 : 0;
	char took[CT_DURATION_LEN], whole[CT_DURATION_LEN];
	double share = ct_opens_ready_share(o, v);
	struct ct_opens_ready *ready;
	struct line l = { .len = 0 };
	struct ct_opens_numbers n;
	bool blurred;

	if (!ct_opens_until_ready(o, v, &n, &blurred))
		return;
	say(&l, "until ready: %s%llu, %llu failed, %s", blurred ? "at most " : "",
	    (unsigned long long)n.count, (unsigned long long)n.failed,
	    ct_duration(took, n.ns, flags));
	if (share >= 0)
		say(&l, " of %s (%.1f %%)", ct_duration(whole, o->ready_ns - o->exec_ns, flags),
		    100 * share);
	ready = n.count ? ct_opens_ready_new(o, v) : NULL;
	if (ready) {
		say_latencies(&l, ready->hist, n.max_ns, flags, true);
		say_errors(&l, "; ", ready->errors);
	}
	ct_opens_ready_free(ready);
	draw_line(pen, &l);
}

static void draw_errors(struct ct_pen *pen, const struct ct_opens_view *v)
{
	struct line l = { .len = 0 };

	if (say_errors(&l, "errors: ", v->errors))
		draw_line(pen, &l);
}

/* The story of most interpreters: where they looked for what is not there. */
static void draw_storm(struct ct_pen *pen, const struct ct_opens_view *v,
		       const struct ct_open_groups *g)
{
	const struct ct_opens_numbers *n = &v->calls[CT_OPEN_OPEN];
	const struct ct_open_group *most = NULL;
	/* Errors are of both calls: a program that is not there is no opened file. */
	uint64_t executed = v->calls[CT_OPEN_EXEC].failed;
	uint64_t missing = v->errors[ENOENT] > executed ? v->errors[ENOENT] - executed : 0;

	if (missing < STORM_MIN || 3 * missing < n->count)
		return;
	for (size_t i = 0; i < g->count; i++)
		if (*g->items[i]->label && (!most || g->items[i]->missing > most->missing))
			most = g->items[i];
	ct_pen_on(pen, CT_STYLE_ODD);
	fprintf(pen->f, "  %.1f %% of the opens found no file",
		100.0 * (double)missing / (double)n->count);
	ct_pen_off(pen);
	if (most && most->missing) {
		fprintf(pen->f, "; %llu of them for ", (unsigned long long)most->missing);
		ct_pen_foreign(pen, most->label, STORM_COLUMNS, false);
	}
	fputc('\n', pen->f);
}

/*
 * "lodash (node)". A kind that would leave less than the least to a name that needs it is not said.
 */
static void put_label(struct ct_pen *pen, const struct ct_open_group *group)
{
	size_t left = columns_left(pen, false), kind = strlen(group->kind), wanted;
	char escaped[1024];

	if (!*group->label) {
		fputs(*group->kind ? group->kind : "(other)", pen->f);
		return;
	}
	wanted = ct_escape_text(escaped, sizeof(escaped), group->label, pen->utf8, SIZE_MAX);
	if (wanted > NAME_MIN)
		wanted = NAME_MIN;
	kind += kind ? strlen(" ()") : 0;
	if (kind && left < kind + wanted)
		kind = 0;
	ct_pen_foreign(pen, group->label, left - kind, false);
	if (kind)
		fprintf(pen->f, " (%s)", group->kind);
}

static void draw_groups(struct ct_pen *pen, const char *title, const struct ct_open_groups *g,
			size_t top, uint64_t all_ns)
{
	struct ct_opens_numbers rest = { 0 };
	size_t left = 0;

	if (!g->count)
		return;
	put_head(pen, title, false);
	for (size_t i = 0; i < g->count; i++) {
		const struct ct_open_group *group = g->items[i];

		if (i >= top) {
			ct_opens_sum(&rest, &group->n);
			left++;
			continue;
		}
		put_numbers(pen, &group->n, all_ns);
		fputs("  ", pen->f);
		put_label(pen, group);
		fputc('\n', pen->f);
	}
	if (!left)
		return;
	put_numbers(pen, &rest, all_ns);
	fprintf(pen->f, "  (%zu more)\n", left);
}

/* The beginning of a long path says least. */
static const char *end_of(const char *path, size_t columns)
{
	size_t len = strlen(path);

	if (len <= columns)
		return path;
	path += len - columns;
	for (int i = 0; i < 3 && (*path & 0xc0) == 0x80; i++) /* between characters */
		path++;
	return path;
}

static void draw_path(struct ct_pen *pen, const struct ct_open_path *p, uint64_t all_ns)
{
	size_t columns = columns_left(pen, true);
	char name[CT_ERRNO_LEN];
	const char *end;

	put_numbers(pen, &p->n, all_ns);
	fputs("  ", pen->f);
	ct_pen_left(pen, p->n.failed ? ct_errno_name(name, p->error) : "", ERROR_COLUMNS);
	fputs("  ", pen->f);
	if (p->flags & CT_OPENS_F_UNREADABLE) {
		fputs("(not readable)\n", pen->f);
		return;
	}
	if (p->flags & CT_OPENS_F_CUT)
		columns -= strlen("...");
	end = end_of(CT_OPEN_PATH_TEXT(p), columns - 2);
	if (end != CT_OPEN_PATH_TEXT(p)) {
		fputs("..", pen->f);
		columns -= 2;
	}
	ct_pen_foreign(pen, end, columns, false);
	if (p->flags & CT_OPENS_F_CUT)
		fputs("...", pen->f);
	fputc('\n', pen->f);
}

static const struct {
	const char *title;
	enum ct_open_call call;
	bool by_count;
} tops[] = {
	{ "path, most time", CT_OPEN_OPEN, false },
	{ "path, most opened", CT_OPEN_OPEN, true },
	{ "executed, most time", CT_OPEN_EXEC, false },
};

static void draw_path_error(struct ct_pen *pen, uint64_t error)
{
	struct line l = { .len = 0 };

	if (!error)
		return;
	say(&l,
	    "The number of opens of a path may be too low by up to %llu: there was no room for "
	    "more paths.",
	    (unsigned long long)error);
	draw_line(pen, &l);
}

static int draw_paths(struct ct_pen *pen, const struct ct_opens_view *v, size_t top,
		      uint64_t all_ns)
{
	own_mem const struct ct_open_path **paths = calloc(top + 1, sizeof(*paths));
	size_t n;

	if (!paths)
		return -ENOMEM;
	for (size_t t = 0; t < CT_ARRAY_SIZE(tops); t++) {
		n = ct_open_top(v, tops[t].call, tops[t].by_count, paths, top);
		if (n)
			put_head(pen, tops[t].title, true);
		for (size_t i = 0; i < n; i++)
			draw_path(pen, paths[i], tops[t].call == CT_OPEN_OPEN ? all_ns : 0);
	}
	draw_path_error(pen, v->path_error);
	return 0;
}

static void draw_unseen(struct ct_pen *pen, const struct ct_opens *o)
{
	for (int view = 0; view < CT_VIEW_MAX; view++) {
		const char *why = ct_opens_missed(o, (enum ct_view)view);
		own_mem char *safe = NULL;
		int at;

		if (!why)
			continue;
		safe = ct_escape_text_dup(why, pen->utf8);
		at = fprintf(pen->f, "  no view '%s': ", ct_view_names[view]);
		ct_pen_wrap(pen, safe ? safe : "?", at > 0 ? (size_t)at : 0, 4, pen->width);
		fputc('\n', pen->f);
	}
}

static int draw_view(struct ct_pen *pen, const struct ct_opens *o, enum ct_view view,
		     const struct ct_open_how *how)
{
	const struct ct_opens_view *v = o->views[view];
	uint64_t all_ns = v->calls[CT_OPEN_OPEN].ns;
	size_t top = how->top ? how->top : TOP_DEFAULT;
	struct ct_open_groups named, groups;
	char title[32];
	int ret = 0;

	if (top > TOP_MAX)
		top = TOP_MAX;
	draw_title(pen, o, view);
	for (int i = 0; i < CT_OPEN_CALL_MAX; i++)
		draw_call(pen, v, (enum ct_open_call)i);
	draw_ready(pen, o, v);
	draw_errors(pen, v);
	if (ct_open_groups_by(&groups, v, CT_OPEN_BY_MODULE))
		return -ENOMEM;
	draw_storm(pen, v, &groups);
	if (how->by != CT_OPEN_BY_MODULE && how->by != CT_OPEN_BY_PATH) {
		ct_open_groups_clear(&groups);
		if (ct_open_groups_by(&groups, v, how->by))
			return -ENOMEM;
	}
	if (!ct_open_groups_named(&named, v, how)) {
		draw_groups(pen, "group", &named, CT_OPEN_GLOBS_MAX, all_ns);
		ct_open_groups_clear(&named);
	} else {
		ret = -ENOMEM;
	}
	snprintf(title, sizeof(title), "%s", ct_open_by_names[how->by]);
	if (how->by != CT_OPEN_BY_PATH)
		draw_groups(pen, title, &groups, top, all_ns);
	ct_open_groups_clear(&groups);
	if (!ret)
		ret = draw_paths(pen, v, top, all_ns);
	if (*ct_view_caution(view)) {
		fputs("  ", pen->f);
		ct_pen_wrap(pen, ct_view_caution(view), 2, 2, pen->width);
		fputc('\n', pen->f);
	}
	return ret;
}

/* What is missed is said once, below the first view that there is. */
static int draw_container(struct ct_pen *pen, const struct ct_opens *o,
			  const struct ct_open_how *how)
{
	bool said = false;

	for (int view = 0; view < CT_VIEW_MAX; view++) {
		if (!o->views[view])
			continue;
		if (draw_view(pen, o, (enum ct_view)view, how))
			return -ENOMEM;
		if (!said)
			draw_unseen(pen, o);
		said = true;
		fputc('\n', pen->f);
	}
	if (said)
		return 0;
	draw_title(pen, o, CT_VIEW_MAX);
	draw_unseen(pen, o);
	fputc('\n', pen->f);
	return 0;
}

static bool has_percentiles(const struct ct_opens *o)
{
	for (int view = 0; view < CT_VIEW_MAX; view++)
		for (int call = 0; o->views[view] && call < CT_OPEN_CALL_MAX; call++)
			if (o->views[view]->calls[call].count && o->views[view]->hist[call])
				return true;
	return false;
}

int ct_table_opens(struct ct_pen *pen, const struct ct_opens_list *l, bool *ret_percentiles)
{
	*ret_percentiles = false;
	for (size_t i = 0; i < l->count; i++) {
		if (draw_container(pen, l->items[i], &l->how))
			return -ENOMEM;
		*ret_percentiles |= has_percentiles(l->items[i]);
	}
	return 0;
}
