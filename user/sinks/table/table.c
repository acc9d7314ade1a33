// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/owner.h"
#include "sinks/table/table.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "sinks/escape.h"
#include "sinks/units.h"
#include "stats/measure.h"
#include "util/mem.h"

#define LINES_PER_HEAD   40
#define TIME_COLUMNS     12
#define WHAT_COLUMNS     7
#define NAME_COLUMNS_MAX 32
#define RUNTIME_MIN      7
#define FAILED_TEXT_MIN  40

/* A cell that is not one phase. */
enum {
	CELL_EXIT = CT_PHASE_MAX,
	CELL_TOTAL
};

/* Columns: what a start and what a stop has there, their headings, width with its gap. */
static const struct column {
	int start, stop;
	const char *start_head, *stop_head;
	unsigned width, compact;
} columns[] = {
	{ CT_PHASE_CREATE, CT_PHASE_STOP, "create", "stop", 8, 7 },
	{ CT_PHASE_ATTACH, CT_PHASE_DIE, "attach", "die", 8, 7 },
	{ CT_PHASE_CONNECT, CT_PHASE_DISCONNECT, "connect", "disconnect", 8, 8 },
	{ CT_PHASE_START, CT_PHASE_DESTROY, "start", "destroy", 8, 8 },
	{ CT_PHASE_READY, CELL_EXIT, "ready", "exit", 8, 7 },
	{ CT_PHASE_CLIENT, CT_PHASE_CLIENT, "client", "client", 8, 7 },
	{ CELL_TOTAL, CELL_TOTAL, "total", "total", 8, 7 },
};

/*
 * What a line holds, the richest that fits. Columns: time, runtime, client, phases, numbers that
 * touch their units, headings cut to the numbers, the least that a name must get.
 */
static const struct layout {
	bool time, runtime, client, phases, compact, brief;
	unsigned name;
} layouts[] = {
	{ true, true, true, true, false, false, 16 },
	{ true, true, true, true, false, true, 12 },
	{ false, true, true, true, false, true, 12 },
	{ false, true, true, true, true, true, 12 },
	{ false, false, true, true, true, true, 12 },
	{ false, false, false, true, true, true, 12 },
	{ false, true, false, false, false, true, 12 },
	{ false, false, false, false, true, true, 12 },
};

struct table {
	unsigned lines; /* since the last heading */
	char date[CT_DATE_LEN]; /* of the last record, "" before the first */
	struct layout on; /* the layout in use */
	unsigned width, name, runtime;
};

static bool column_shown(const struct layout *on, const struct column *c)
{
	if (c->start == CT_PHASE_CLIENT)
		return on->client;
	return on->phases || c->start == CELL_TOTAL;
}

static unsigned column_width(const struct layout *on, const struct column *c)
{
	unsigned head = (unsigned)strlen(c->stop_head) + 1;

	if (on->compact)
		return c->compact;
	return !on->brief && head > c->width ? head : c->width;
}

static unsigned cells_width(const struct layout *on)
{
	unsigned sum = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(columns); i++)
		if (column_shown(on, &columns[i]))
			sum += column_width(on, &columns[i]);
	return sum;
}

static unsigned fixed_width(const struct layout *on)
{
	return (on->time ? TIME_COLUMNS + 1 : 0) + WHAT_COLUMNS + 1 + (on->runtime ? 1 : 0) +
	       cells_width(on);
}

/* Spare columns go to the name, then to the runtime. */
static void lay_out(struct table *t, unsigned width)
{
	unsigned need = 0, spare;

	for (size_t i = 0; i < CT_ARRAY_SIZE(layouts); i++) {
		t->on = layouts[i];
		t->runtime = t->on.runtime ? RUNTIME_MIN : 0;
		need = fixed_width(&t->on) + t->on.name + t->runtime;
		if (need <= width)
			break;
	}
	t->width = width;
	spare = width > need ? width - need : 0;
	t->name = t->on.name + spare;
	if (t->name > NAME_COLUMNS_MAX)
		t->name = NAME_COLUMNS_MAX;
	spare -= t->name - t->on.name;
	if (t->on.runtime)
		t->runtime += spare < CT_RUNTIME_COLUMNS - RUNTIME_MIN
				      ? spare
				      : CT_RUNTIME_COLUMNS - RUNTIME_MIN;
}

static void draw_head_row(struct ct_pen *pen, const struct table *t, bool stop)
{
	const char *what = "what";

	ct_pen_on(pen, CT_STYLE_DIM);
	if (t->on.time)
		ct_pen_left(pen, stop ? "" : "time", TIME_COLUMNS + 1);
	if (t->on.phases)
		what = stop ? "stop" : "start";
	ct_pen_left(pen, what, WHAT_COLUMNS + 1);
	ct_pen_left(pen, stop ? "" : "container", t->name + (t->on.runtime ? 1 : 0));
	if (t->on.runtime)
		ct_pen_left(pen, stop ? "" : "runtime", t->runtime);
	for (size_t i = 0; i < CT_ARRAY_SIZE(columns); i++) {
		const struct column *c = &columns[i];
		const char *head = stop ? c->stop_head : c->start_head;
		unsigned width = column_width(&t->on, c);
		char cut[16];

		if (!column_shown(&t->on, c))
			continue;
		snprintf(cut, sizeof(cut), "%.*s", (int)width - 1, head);
		ct_pen_right(pen, cut, width);
	}
	ct_pen_off(pen);
	fputc('\n', pen->f);
}

static void draw_head(struct ct_pen *pen, struct table *t)
{
	draw_head_row(pen, t, false);
	if (t->on.phases)
		draw_head_row(pen, t, true);
	t->lines = 0;
}

static bool has_phase(const struct ct_record *rec, enum ct_phase p)
{
	return ct_phase_value(rec, p, CT_GAPS_ALL).is != CT_PHASE_ABSENT;
}

static uint64_t record_ns(const struct ct_record *rec)
{
	return rec->end_ns > rec->begin_ns ? rec->end_ns - rec->begin_ns : 0;
}

static void draw_total(struct ct_pen *pen, const struct table *t, const struct ct_record *rec)
{
	unsigned width = column_width(&t->on, &columns[CT_ARRAY_SIZE(columns) - 1]);

	if (rec->outcome == CT_OUTCOME_CUT) {
		ct_pen_on(pen, CT_STYLE_ODD);
		ct_pen_right(pen, "cut", width - (t->on.compact ? 0 : 1));
		ct_pen_left(pen, "", t->on.compact ? 0 : 1);
	} else {
		ct_pen_on(pen, CT_STYLE_BOLD);
		ct_pen_duration(pen, record_ns(rec), width, t->on.compact);
	}
	ct_pen_off(pen);
}

static void draw_cell(struct ct_pen *pen, const struct table *t, const struct ct_record *rec,
		      const struct column *c, int what)
{
	unsigned width = column_width(&t->on, c);
	struct ct_phase_value value = { 0 };
	const char *mark = "-";

	if (what == CELL_TOTAL) {
		draw_total(pen, t, rec);
		return;
	}
	if (what == CELL_EXIT && rec->exit_code != CT_NO_EXIT_CODE) {
		char code[16];

		snprintf(code, sizeof(code), "%d", rec->exit_code);
		if (rec->exit_code)
			ct_pen_on(pen, CT_STYLE_ODD);
		ct_pen_right(pen, code, width);
		ct_pen_off(pen);
		return;
	}
	if (what < CT_PHASE_MAX)
		value = ct_phase_value(rec, (enum ct_phase)what, CT_GAPS_ALL);
	if (value.is == CT_PHASE_MEASURED) {
		ct_pen_duration(pen, value.ns, width, t->on.compact);
		return;
	}
	if (value.is == CT_PHASE_UNMEASURED)
		mark = "?";
	ct_pen_on(pen, *mark == '?' ? CT_STYLE_ODD : CT_STYLE_DIM);
	ct_pen_right(pen, mark, width);
	ct_pen_off(pen);
}

static const char *const cause_words[] = {
	[CT_CAUSE_REQUEST] = "by request",        [CT_CAUSE_RESTART_REQUEST] = "by restart",
	[CT_CAUSE_POLICY] = "by policy",          [CT_CAUSE_STOP_REQUEST] = "after a stop",
	[CT_CAUSE_KILL_REQUEST] = "after a kill", [CT_CAUSE_REMOVE_REQUEST] = "after a removal",
	[CT_CAUSE_EXIT] = "after its exit",       [CT_CAUSE_PROBE] = "a probe had failed",
	[CT_CAUSE_OOM] = "out of memory",         [CT_CAUSE_ENGINE] = "by its engine",
};

/* A container that is started again is neither created nor attached to: say why instead. */
static bool cause_instead(const struct ct_record *rec)
{
	return rec->type == CT_RECORD_START && rec->cause != CT_CAUSE_REQUEST &&
	       !has_phase(rec, CT_PHASE_CREATE) && !has_phase(rec, CT_PHASE_ATTACH);
}

static void draw_cells(struct ct_pen *pen, const struct table *t, const struct ct_record *rec)
{
	bool stop = rec->type == CT_RECORD_STOP || rec->type == CT_RECORD_REMOVE;
	size_t i = 0;

	if (t->on.phases && cause_instead(rec)) {
		ct_pen_right(pen, cause_words[rec->cause],
			     column_width(&t->on, &columns[0]) + column_width(&t->on, &columns[1]));
		i = 2;
	}
	for (; i < CT_ARRAY_SIZE(columns); i++)
		if (column_shown(&t->on, &columns[i]))
			draw_cell(pen, t, rec, &columns[i],
				  stop ? columns[i].stop : columns[i].start);
}

/* In a line of its own, behind what says when and what. */
static void draw_below(struct ct_pen *pen, const struct table *t, const char *text,
		       enum ct_style style)
{
	size_t indent = (t->on.time ? TIME_COLUMNS + 1 : 0) + WHAT_COLUMNS + 1;

	fputc('\n', pen->f);
	ct_pen_fill(pen, " ", indent);
	ct_pen_on(pen, style);
	ct_pen_wrap(pen, text, indent, indent, t->width);
	ct_pen_off(pen);
}

static void draw_words(struct ct_pen *pen, const struct table *t, const struct ct_record *rec)
{
	const struct column *total = &columns[CT_ARRAY_SIZE(columns) - 1];
	size_t width = cells_width(&t->on) - column_width(&t->on, total), used;
	bool restart = rec->type == CT_RECORD_RESTART, below;
	unsigned flags =
		(pen->utf8 ? CT_DURATION_UTF8 : 0) | (t->on.compact ? CT_DURATION_COMPACT : 0);
	char text[256];

	if (!t->on.phases) {
		draw_total(pen, t, rec);
		return;
	}
	width -= 2;
	used = ct_table_words(text, sizeof(text), rec, true, flags);
	below = used > width && !restart;
	if (below)
		used = 0;
	else if (used > width)
		used = ct_table_words(text, sizeof(text), rec, false, flags);
	fputs("  ", pen->f);
	fputs(below ? "" : text, pen->f);
	if (restart && used + 2 + strlen(cause_words[rec->cause]) <= width)
		used += (size_t)fprintf(pen->f, ", %s", cause_words[rec->cause]);
	if (used < width)
		ct_pen_fill(pen, " ", width - used);
	draw_total(pen, t, rec);
	if (below)
		draw_below(pen, t, text, CT_STYLE_DIM);
}

/*
 * Columns: what it is called in WHAT_COLUMNS, how it looks, whether its phases are words. What has no row
 * is called by its name.
 */
static const struct look {
	const char *what;
	enum ct_style style;
	bool words;
} looks[CT_RECORD_MAX] = {
	[CT_RECORD_START] = { "start", CT_STYLE_START, false },
	[CT_RECORD_STOP] = { "stop", CT_STYLE_STOP, false },
	[CT_RECORD_RESTART] = { "restart", CT_STYLE_RESTART, true },
	[CT_RECORD_CREATE] = { "create", CT_STYLE_DIM, false },
	[CT_RECORD_REMOVE] = { "remove", CT_STYLE_DIM, false },
	[CT_RECORD_POD_START] = { "pod", CT_STYLE_RESTART, true },
	[CT_RECORD_POD_STOP] = { "pod end", CT_STYLE_RESTART, true },
	[CT_RECORD_PULL] = { "pull", CT_STYLE_START, true },
	[CT_RECORD_BUILD] = { "build", CT_STYLE_START, true },
	[CT_RECORD_PROJECT_START] = { "up", CT_STYLE_RESTART, true },
	[CT_RECORD_PROJECT_STOP] = { "down", CT_STYLE_RESTART, true },
	[CT_RECORD_GROUP] = { "group", CT_STYLE_RESTART, true },
};

static struct look look_of(enum ct_record_type type)
{
	const struct look plain = { ct_record_names[type], CT_STYLE_START, true };

	return looks[type].what ? looks[type] : plain;
}

#define POD_COLUMNS_MIN 2

/* Where what many share ends: "HOST/OWNER/IMAGE:TAG", "POD/CONTAINER", "PROJECT-SERVICE-1". NULL: it is not in the name. */
static const char *own_part(const struct ct_identity *who, const char *name)
{
	size_t n = strlen(who->project);

	if (!strcmp(name, who->image))
		return strrchr(name, '/');
	if (*who->pod)
		return strchr(name, '/');
	return n && !strncmp(name, who->project, n) && name[n] ? name + n : NULL;
}

/* What does not fit is left out of the pod or the project, and only then of the container. */
static void draw_short(struct ct_pen *pen, const struct ct_identity *who, const char *name,
		       size_t width)
{
	const char *slash = own_part(who, name);
	char text[4 * sizeof(who->name)], pod[sizeof(who->name)];
	size_t all = ct_escape_text(text, sizeof(text), name, pen->utf8, sizeof(text)), tail;

	if (!slash || all <= width || width <= 2 * POD_COLUMNS_MIN) {
		ct_pen_foreign(pen, name, width, true);
		return;
	}
	tail = ct_escape_text(text, sizeof(text), slash, pen->utf8, width - POD_COLUMNS_MIN);
	snprintf(pod, sizeof(pod), "%.*s", (int)(slash - name), name);
	ct_pen_foreign(pen, pod, width - tail, true);
	ct_pen_foreign(pen, slash, tail, true);
}

/* However long the name is, there is room to say that it is not the host's root's. */
static void draw_name(struct ct_pen *pen, const struct ct_identity *who, const char *name,
		      size_t width)
{
	char words[CT_OWNER_LEN], text[4 * CT_OWNER_LEN];
	size_t for_words, for_name;

	ct_owner_words(words, &who->owner);
	for_words = ct_escape_text(text, sizeof(text), words, pen->utf8, width);
	for_name = ct_escape_text(text, sizeof(text), name, pen->utf8, width);
	if (for_words > width / 2 && for_name + for_words > width)
		for_words = for_name < width / 2 ? width - for_name : width / 2;
	if (for_name + for_words > width)
		for_name = width - for_words;
	draw_short(pen, who, name, for_name);
	ct_pen_foreign(pen, words, for_words, true);
	ct_pen_fill(pen, " ", width - for_name - for_words);
}

/* Returns the column it ends in. */
static size_t draw_who(struct ct_pen *pen, const struct table *t, const struct ct_session *session,
		       const struct ct_record *rec)
{
	const struct ct_identity *who = rec->who;
	char id12[13], clock[CT_CLOCK_LEN];
	const char *name = who->name, *by = ct_by_key(CT_BY_RUNTIME, rec);

	snprintf(id12, sizeof(id12), "%.12s", who->id);
	if (!*name) /* what could not even be created has no id: its image says which it was */
		name = *id12 ? id12 : *who->image ? who->image : "?";
	if (t->on.time) {
		int64_t real = ct_wall_ns(session, rec->begin_ns);

		ct_pen_on(pen, CT_STYLE_DIM);
		ct_pen_left(pen, ct_clock(clock, real, true), TIME_COLUMNS + 1);
		ct_pen_off(pen);
	}
	ct_pen_on(pen, look_of(rec->type).style);
	ct_pen_left(pen, look_of(rec->type).what, WHAT_COLUMNS + 1);
	ct_pen_off(pen);
	draw_name(pen, who, name, t->name);
	if (t->on.runtime) {
		fputc(' ', pen->f);
		ct_pen_foreign(pen, *by ? by : "?", t->runtime, true);
	}
	return (t->on.time ? TIME_COLUMNS + 1 : 0) + WHAT_COLUMNS + 1 + t->name +
	       (t->on.runtime ? 1 + t->runtime : 0);
}

/* Times of one day need no date: only when it changes, both are said. */
static void draw_date(struct ct_pen *pen, struct table *t, const struct ct_session *session,
		      const struct ct_record *rec)
{
	char date[CT_DATE_LEN];

	ct_date(date, ct_wall_ns(session, rec->begin_ns));
	if (t->on.time && *t->date && strcmp(t->date, date) != 0) {
		ct_pen_on(pen, CT_STYLE_DIM);
		fprintf(pen->f, "%s (above: %s)", date, t->date);
		ct_pen_off(pen);
		fputc('\n', pen->f);
	}
	memcpy(t->date, date, sizeof(t->date));
}

/* The engine's answer is long and its end matters: it is wrapped, never cut. */
static int draw_failed(struct ct_pen *pen, const struct table *t, const struct ct_record *rec,
		       size_t at, bool terminal)
{
	own_mem char *message = ct_escape_text_dup(rec->message ? rec->message : "", pen->utf8);
	own_mem char *text = NULL;
	char took[CT_DURATION_LEN], code[24] = "";
	size_t size;

	if (!message)
		return -ENOMEM;
	size = strlen(message) + 256;
	text = malloc(size);
	if (!text)
		return -ENOMEM;
	if (rec->exit_code != CT_NO_EXIT_CODE)
		snprintf(code, sizeof(code), " (exit %d)", rec->exit_code);
	ct_duration(took, record_ns(rec), pen->utf8 ? CT_DURATION_UTF8 : 0);
	snprintf(text, size, " in %s%s%s after %s%s%s%s", ct_phase_names[rec->failed_phase],
		 rec->failed_step ? " / " : "", rec->failed_step ? rec->failed_step : "", took,
		 *message ? ": " : "", message, code);
	at += 2;
	if (terminal && t->width < at + FAILED_TEXT_MIN) {
		at = WHAT_COLUMNS + 1;
		fputc('\n', pen->f);
		ct_pen_fill(pen, " ", at);
	} else {
		fputs("  ", pen->f);
	}
	ct_pen_on(pen, CT_STYLE_BAD);
	fputs("FAILED", pen->f);
	ct_pen_off(pen);
	ct_pen_wrap(pen, text, at + 6, at, terminal ? t->width : 0);
	fputc('\n', pen->f);
	return 0;
}

/* Time that no column shows is said below, so that the line still adds up. */
static void draw_elsewhere(struct ct_pen *pen, const struct table *t, const struct ct_record *rec)
{
	bool stop = rec->type == CT_RECORD_STOP || rec->type == CT_RECORD_REMOVE;
	unsigned flags = pen->utf8 ? CT_DURATION_UTF8 : 0;
	char text[256] = "", buf[CT_DURATION_LEN];
	size_t len = 0;

	for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
		uint64_t ns = ct_record_phase_ns(rec, (enum ct_phase)p);
		bool shown = !ns || p == CT_PHASE_CLIENT;

		for (size_t i = 0; i < CT_ARRAY_SIZE(columns) && !shown; i++)
			shown = (stop ? columns[i].stop : columns[i].start) == (int)p;
		if (!shown)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s",
						len ? ", " : "and ", ct_phase_names[p],
						ct_duration(buf, ns, flags));
	}
	if (len && t->on.phases)
		draw_below(pen, t, text, CT_STYLE_ODD);
}

/* What came of its probes, in a line of its own. */
static void draw_probes(struct ct_pen *pen, const struct table *t, const struct ct_record *rec)
{
	unsigned flags = pen->utf8 ? CT_DURATION_UTF8 : 0;
	char text[160];

	if (rec->type != CT_RECORD_STOP && rec->type != CT_RECORD_POD_STOP)
		return;
	ct_table_probes(text, sizeof(text), rec, flags);
	if (*text && t->on.phases)
		draw_below(pen, t, text, CT_STYLE_DIM);
}

static int draw_record(struct ct_pen *pen, const struct table *t, const struct ct_session *session,
		       const struct ct_record *rec, bool terminal)
{
	size_t at = draw_who(pen, t, session, rec);

	if (rec->outcome == CT_OUTCOME_FAILED)
		return draw_failed(pen, t, rec, at, terminal);
	if (look_of(rec->type).words) {
		draw_words(pen, t, rec);
	} else {
		draw_cells(pen, t, rec);
		draw_elsewhere(pen, t, rec);
	}
	draw_probes(pen, t, rec);
	fputc('\n', pen->f);
	return 0;
}

static int table_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	struct ct_pen pen = ct_sink_pen(s, page);
	struct table *t = s->state;

	(void)session;
	tzset();
	lay_out(t, pen.width);
	if (s->live)
		draw_head(&pen, t);
	return 0;
}

static int table_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			const struct ct_record *rec)
{
	struct ct_pen pen = ct_sink_pen(s, page);
	struct table *t = s->state;
	int drawn;

	if (!s->live)
		return 0;
	if (pen.width != t->width) {
		lay_out(t, pen.width);
		t->lines = LINES_PER_HEAD;
	}
	if (s->width && t->lines >= LINES_PER_HEAD)
		draw_head(&pen, t);
	t->lines++;
	draw_date(&pen, t, session, rec);
	drawn = draw_record(&pen, t, session, rec, s->width);
	if (s->steps && rec->step_count)
		ct_table_steps(&pen, rec);
	return drawn ? drawn : ct_table_why(&pen, rec);
}

static int table_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		     const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	struct ct_pen pen = ct_sink_pen(s, page);

	if (s->live)
		fputc('\n', page);
	ct_table_causes(&pen, ct_summary_causes(summary));
	return ct_table_summary(&pen, session, summary, counts, s->opens);
}

const struct ct_sink_ops ct_table_ops = {
	.name = "table",
	.suffix = ".txt",
	.help = "lines for people as containers start and stop, and a summary at the end",
	.columns = true,
	.state_size = sizeof(struct table),
	.begin = table_begin,
	.record = table_record,
	.end = table_end,
};
