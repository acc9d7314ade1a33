// SPDX-License-Identifier: GPL-2.0-only
/* Each record as a waterfall: its phases and the steps inside them, on one line of time. */
#include <string.h>

#include "sinks/escape.h"
#include "sinks/owner.h"
#include "sinks/plots/fetched.h"
#include "sinks/plots/plot.h"
#include "sinks/step_rows.h"
#include "sinks/table/table.h"
#include "sinks/units.h"
#include "stats/pulls.h"
#include "util/mem.h"

#define NAME_COLUMNS 30
#define NAME_MIN     20
#define TIME_COLUMNS 9
#define NAME_LEAST   12
#define BAR_MIN      20
#define BAR_LEAST    8
#define WHO_COLUMNS  24

struct frame {
	size_t name;
	bool who;
	struct ct_scale scale;
	double ticks[CT_TICKS_MAX];
	size_t tick_count;
};

static struct frame frame_of(const struct ct_pen *pen, const struct ct_record *rec)
{
	struct frame f = { .name = NAME_COLUMNS, .who = true };
	size_t fixed = 2 + 2 * TIME_COLUMNS + 1 + 2;

	if (pen->width < fixed + NAME_COLUMNS + 3 * BAR_MIN + WHO_COLUMNS)
		f.who = false;
	if (pen->width < fixed + NAME_COLUMNS + 2 * BAR_MIN)
		f.name = NAME_MIN;
	if (pen->width < fixed + NAME_MIN + BAR_MIN)
		f.name = NAME_LEAST;
	fixed += f.name + (f.who ? WHO_COLUMNS : 0);
	f.scale = (struct ct_scale){
		.high = rec->end_ns > rec->begin_ns ? (double)(rec->end_ns - rec->begin_ns) : 0,
		.columns = pen->width > fixed + BAR_LEAST ? pen->width - fixed : BAR_LEAST,
	};
	f.tick_count = ct_scale_ticks(&f.scale, f.ticks);
	return f;
}

static double since(const struct ct_record *rec, uint64_t ns)
{
	return ns > rec->begin_ns ? (double)(ns - rec->begin_ns) : 0;
}

static bool is_tick(const struct frame *f, size_t column)
{
	for (size_t i = 0; i < f->tick_count; i++)
		if (ct_scale_column(&f->scale, f->ticks[i]) == column)
			return true;
	return false;
}

struct bar {
	uint64_t begin_ns, end_ns;
	bool phase, open;
	bool begin_late, end_late; /* no later than that */
};

static void draw_bar(struct ct_pen *pen, const struct ct_record *rec, const struct frame *f,
		     const struct bar *bar)
{
	size_t from = ct_scale_column(&f->scale, since(rec, bar->begin_ns));
	size_t to = ct_scale_column(&f->scale, since(rec, bar->end_ns));
	const char *full = bar->phase ? "\u2588" : "\u2593", *plain = bar->phase ? "#" : "=";

	fputs("  ", pen->f);
	for (size_t i = 0; i < f->scale.columns; i++) {
		if (i >= from && i <= to && bar->open && i == to)
			fputs("?", pen->f);
		else if (i >= from && i <= to)
			fputs(pen->blocks ? full : plain, pen->f);
		else if (is_tick(f, i))
			fputs(pen->blocks ? "\u250a" : ":", pen->f);
		else
			fputc(' ', pen->f);
	}
}

/* How long it took, where one or both of its ends were no later than what is known. */
static const char *about(const struct ct_pen *pen, const struct bar *bar)
{
	static const char *const marks[2][2][2] = {
		{ { "", "<=" }, { ">=", "~" } },
		{ { "", "\u2264" }, { "\u2265", "\u2248" } },
	};

	return marks[pen->utf8][bar->begin_late][bar->end_late];
}

static void draw_times(struct ct_pen *pen, const struct ct_record *rec, const struct bar *bar)
{
	unsigned flags = CT_DURATION_COLUMN | (pen->utf8 ? CT_DURATION_UTF8 : 0);
	const char *late = bar->begin_late ? pen->utf8 ? "\u2264" : "<=" : "";
	char text[CT_DURATION_LEN + 8], took[CT_DURATION_LEN];

	ct_duration(took, (uint64_t)since(rec, bar->begin_ns), flags);
	snprintf(text, sizeof(text), "%s+%s", late, took);
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_right(pen, text, TIME_COLUMNS + 1);
	ct_pen_off(pen);
	if (bar->open || bar->end_ns < bar->begin_ns) {
		ct_pen_right(pen, "?", TIME_COLUMNS);
		return;
	}
	ct_duration(took, bar->end_ns - bar->begin_ns, flags);
	snprintf(text, sizeof(text), "%s%s", about(pen, bar), took);
	ct_pen_right(pen, text, TIME_COLUMNS);
}

static void draw_step(struct ct_pen *pen, const struct ct_record *rec, const struct frame *f,
		      const struct ct_step *step)
{
	const struct bar bar = {
		.begin_ns = step->begin_ns,
		.end_ns = step->open ? rec->end_ns : step->end_ns,
		.open = step->open,
		.begin_late = step->begin_late,
		.end_late = step->end_late,
	};
	size_t depth = ct_step_rows_depth(step);
	char text[CT_STEP_LABEL_LEN + 16];

	if (depth + 8 > f->name)
		depth = f->name - 8;
	if (step->count > 1)
		snprintf(text, sizeof(text), "%s %s%u", step->name, pen->utf8 ? "\u00d7" : "x",
			 step->count);
	else
		ct_step_label(text, rec, step);
	ct_pen_fill(pen, " ", 2 + depth);
	ct_pen_foreign(pen, text, f->name - depth, true);
	draw_times(pen, rec, &bar);
	draw_bar(pen, rec, f, &bar);
	if (f->who) {
		snprintf(text, sizeof(text), " %s %u", step->actor ? step->actor : "?", step->pid);
		ct_pen_on(pen, CT_STYLE_DIM);
		ct_pen_foreign(pen, text, WHO_COLUMNS, false);
		if (*step->detail && strlen(text) + 8 < WHO_COLUMNS) {
			fputc(' ', pen->f);
			ct_pen_foreign(pen, step->detail, WHO_COLUMNS - strlen(text) - 1, false);
		}
		ct_pen_off(pen);
	}
	fputc('\n', pen->f);
}

/* In each column the reason that has most of it, as its letter. */
static void draw_path(struct ct_pen *pen, const struct ct_record *rec, const struct frame *f,
		      const struct ct_segment *segment)
{
	size_t from = ct_scale_column(&f->scale, since(rec, segment->begin_ns));
	size_t to = ct_scale_column(&f->scale, since(rec, segment->end_ns));

	if (!rec->path || segment->begin_ns == segment->end_ns)
		return;
	ct_pen_fill(pen, " ", 4);
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_left(pen, "why", f->name - 2 + 2 * TIME_COLUMNS + 1 + 2);
	ct_pen_off(pen);
	ct_pen_fill(pen, " ", from);
	for (size_t column = from; column <= to && column < f->scale.columns; column++) {
		struct ct_why why = { { 0 } };
		unsigned most = CT_REASON_UNKNOWN;

		for (size_t i = 0; i < rec->piece_count; i++) {
			const struct ct_piece *piece = &rec->path[i];
			double low = f->scale.high * (double)column / (double)f->scale.columns;
			double high =
				f->scale.high * (double)(column + 1) / (double)f->scale.columns;
			double begin = since(rec, piece->begin_ns), end = since(rec, piece->end_ns);

			if (piece->begin_ns < segment->begin_ns || piece->end_ns > segment->end_ns)
				continue;
			begin = begin > low ? begin : low;
			end = end < high ? end : high;
			if (end > begin)
				why.ns[piece->reason] += (uint64_t)(end - begin) + 1;
		}
		for (unsigned r = 0; r < CT_REASON_MAX; r++)
			if (why.ns[r] > why.ns[most])
				most = r;
		fputc(why.ns[most] ? ct_reason_letters[most] : ' ', pen->f);
	}
	fputc('\n', pen->f);
}

/* What the letters mean that there are, and how much of the record each has. */
static void draw_legend(struct ct_pen *pen, const struct ct_record *rec)
{
	const struct ct_why why = ct_record_why(rec, CT_PHASE_MAX);
	char text[1024] = "", took[CT_DURATION_LEN];
	size_t len = 0;

	if (!rec->path)
		return;
	for (unsigned r = 0; r < CT_REASON_MAX; r++)
		if (why.ns[r] || r == CT_REASON_UNKNOWN)
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "%s%c %s %s",
				len ? ", " : "why: ", ct_reason_letters[r], ct_reason_names[r],
				ct_duration(took, why.ns[r], pen->utf8 ? CT_DURATION_UTF8 : 0));
	fputs("  ", pen->f);
	ct_pen_wrap(pen, text, 2, 2, pen->width);
	fputc('\n', pen->f);
}

/* A step belongs to the segment in which it began. */
static size_t segment_of(const struct ct_record *rec, const struct ct_step *step)
{
	for (size_t i = 0; i < rec->segment_count; i++)
		if (step->begin_ns < rec->segments[i].end_ns)
			return i;
	return rec->segment_count - 1;
}

/* Above the layers of an image: how many are fetched at once, in each column the most. Ten and more are a plus. */
static void draw_at_once(struct ct_pen *pen, const struct ct_record *rec, const struct frame *f)
{
	double column_ns = f->scale.high / (double)f->scale.columns;
	size_t most = rec->fetched ? ct_pull_at_once(rec->fetched, rec->begin_ns, rec->end_ns) : 0;
	char text[24];

	if (!most)
		return;
	ct_pen_fill(pen, " ", 4);
	ct_pen_left(pen, "fetched at once", f->name - 2 + TIME_COLUMNS + 1);
	snprintf(text, sizeof(text), "%zu", most);
	ct_pen_right(pen, text, TIME_COLUMNS);
	fputs("  ", pen->f);
	for (size_t i = 0; i < f->scale.columns; i++) {
		uint64_t from = rec->begin_ns + (uint64_t)(column_ns * (double)i);
		uint64_t until = rec->begin_ns + (uint64_t)(column_ns * (double)(i + 1));
		size_t n = ct_pull_at_once(rec->fetched, from, until);

		fputc(n > 9 ? '+' : n ? (char)('0' + n) : ' ', pen->f);
	}
	fputc('\n', pen->f);
}

static void draw_segment(struct ct_pen *pen, const struct ct_record *rec, const struct frame *f,
			 size_t i)
{
	const struct ct_segment *segment = &rec->segments[i];
	const struct bar bar = {
		.begin_ns = segment->begin_ns,
		.end_ns = segment->end_ns,
		.phase = true,
		.begin_late = ct_pull_is_bound(rec, segment->begin_ns),
		.end_late = ct_pull_is_bound(rec, segment->end_ns),
	};
	struct ct_step_rows rows = { 0 };

	fputs("  ", pen->f);
	ct_pen_on(pen, CT_STYLE_BOLD);
	ct_pen_left(pen, ct_phase_names[segment->phase], f->name);
	ct_pen_off(pen);
	draw_times(pen, rec, &bar);
	draw_bar(pen, rec, f, &bar);
	fputc('\n', pen->f);
	draw_path(pen, rec, f, segment);
	if (segment->phase == CT_PHASE_DOWNLOAD)
		draw_at_once(pen, rec, f);
	for (size_t s = 0; s < rec->step_count; s++) {
		if (segment_of(rec, ct_step_home(rec, &rec->steps[s])) != i)
			continue;
		ct_step_rows_above(&rows, pen, rec, s, 2);
		draw_step(pen, rec, f, &rec->steps[s]);
	}
}

static void draw_head(struct ct_pen *pen, const struct ct_session *session,
		      const struct ct_record *rec)
{
	const char *by = ct_by_key(CT_BY_RUNTIME, rec);
	const struct ct_identity *who = rec->who;
	char clock[CT_CLOCK_LEN], took[CT_DURATION_LEN], id[13], words[CT_OWNER_LEN];
	uint64_t ns = rec->end_ns > rec->begin_ns ? rec->end_ns - rec->begin_ns : 0;

	snprintf(id, sizeof(id), "%.12s", who->id);
	ct_pen_on(pen, CT_STYLE_BOLD);
	fprintf(pen->f, "%s ", ct_record_names[rec->type]);
	ct_pen_foreign(pen, *who->name ? who->name : "?", 32, false);
	ct_pen_foreign(pen, ct_owner_words(words, &who->owner), 32, false);
	ct_pen_off(pen);
	fprintf(pen->f, ": %s", ct_duration(took, ns, pen->utf8 ? CT_DURATION_UTF8 : 0));
	if (rec->outcome != CT_OUTCOME_OK) {
		fputs(", ", pen->f);
		ct_pen_on(pen, CT_STYLE_BAD);
		fputs(rec->outcome == CT_OUTCOME_FAILED ? "FAILED" : "CUT", pen->f);
		ct_pen_off(pen);
	}
	if (rec->ready >= 0 && rec->ready < CT_READY_MAX)
		fprintf(pen->f, ", ready by %s", ct_ready_names[rec->ready]);
	if (rec->exit_code != CT_NO_EXIT_CODE)
		fprintf(pen->f, ", exit code %d", rec->exit_code);
	fputc('\n', pen->f);
	ct_pen_on(pen, CT_STYLE_DIM);
	fprintf(pen->f, "  %s  ", ct_clock(clock, ct_wall_ns(session, rec->begin_ns), true));
	ct_pen_foreign(pen, id, 12, false);
	fputs("  ", pen->f);
	ct_pen_foreign(pen, *by ? by : "unknown runtime", 16, false);
	fputs("  ", pen->f);
	ct_pen_foreign(pen, who->image, pen->width > 60 ? pen->width - 60 : 16, false);
	ct_pen_off(pen);
	fputc('\n', pen->f);
	if (rec->outcome == CT_OUTCOME_FAILED && rec->message && *rec->message) {
		fputs("  ", pen->f);
		ct_pen_foreign(pen, rec->message, pen->width - 2, false);
		fputc('\n', pen->f);
	}
	if (!rec->fetched)
		return;
	ct_fetched_draw_asked(pen, rec);
	ct_fetched_draw_peers(pen, rec->fetched);
	ct_fetched_draw_unpacked(pen, rec->fetched);
}

struct timeline {
	size_t drawn; /* records */
};

static int timeline_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			   const struct ct_record *rec)
{
	struct ct_pen pen = ct_sink_pen(s, page);
	struct frame f = frame_of(&pen, rec);
	struct timeline *t = s->state;

	if (t->drawn++)
		fputc('\n', page);
	draw_head(&pen, session, rec);
	ct_pen_on(&pen, CT_STYLE_DIM);
	ct_scale_draw(&pen, &f.scale, 2 + f.name + 2 * TIME_COLUMNS + 1 + 2);
	ct_pen_off(&pen);
	for (size_t i = 0; i < rec->segment_count; i++)
		draw_segment(&pen, rec, &f, i);
	draw_legend(&pen, rec);
	return 0;
}

static int timeline_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
			const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	struct ct_pen pen = ct_sink_pen(s, page);
	const struct timeline *t = s->state;

	(void)session;
	fputs(t->drawn ? "\n" : "No records.\n\n", page);
	ct_table_honesty(&pen, summary, counts, CT_ESTIMATES_NONE);
	return 0;
}

const struct ct_sink_ops ct_timeline_ops = {
	.name = "timeline",
	.suffix = ".timeline.txt",
	.help = "each record as a waterfall of its phases and steps",
	.steps = CT_SINK_STEPS_DRAWN,
	.columns = true,
	.state_size = sizeof(struct timeline),
	.record = timeline_record,
	.end = timeline_end,
};
