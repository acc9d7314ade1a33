// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "sinks/escape.h"
#include "sinks/table/table.h"
#include "sinks/table/table_opens.h"
#include "sinks/units.h"
#include "util/mem.h"

#define LABEL_COLUMNS    12
#define COUNT_COLUMNS    6
#define DURATION_COLUMNS 9
#define SHARE_COLUMNS    8
#define BAR_MIN          6
#define BAR_MAX          30
#define STEPS_TOP        5
#define STEP_LABEL       (LABEL_COLUMNS + 1) /* the phase is followed by text, not by a number */
#define STEP_NAME        27

enum value {
	MIN,
	P50,
	P90,
	P99,
	MAX,
	VALUES
};

static const struct {
	const char *head;
	double quantile; /* negative: the exact minimum, above 1: the exact maximum */
	unsigned rank; /* the higher, the sooner it goes when there is no room */
} values[VALUES] = {
	[MIN] = { "min", -1, 1 },   [P50] = { "p50", 0.5, 0 }, [P90] = { "p90", 0.9, 3 },
	[P99] = { "p99", 0.99, 2 }, [MAX] = { "max", 2, 0 },
};

/* Which values a line has room for, and how long its bar may be. */
struct shape {
	unsigned rank;
	size_t bar;
};

static size_t values_width(unsigned rank)
{
	size_t width = 0;

	for (size_t i = 0; i < VALUES; i++)
		width += values[i].rank <= rank ? DURATION_COLUMNS : 0;
	return width;
}

static struct shape shape_of(const struct ct_pen *pen)
{
	struct shape shape = { .rank = 3 };
	size_t fixed = LABEL_COLUMNS + COUNT_COLUMNS + SHARE_COLUMNS, used;

	while (shape.rank && fixed + values_width(shape.rank) > pen->width)
		shape.rank--;
	used = fixed + values_width(shape.rank) + 2;
	if (pen->width >= used + BAR_MIN)
		shape.bar = pen->width - used < BAR_MAX ? pen->width - used : BAR_MAX;
	return shape;
}

static uint64_t value_of(const struct ct_hist *h, enum value v)
{
	if (values[v].quantile < 0)
		return ct_hist_min(h);
	return values[v].quantile > 1 ? ct_hist_max(h) : ct_hist_quantile(h, values[v].quantile);
}

static void draw_values(struct ct_pen *pen, const struct ct_hist *h, unsigned rank)
{
	for (unsigned v = 0; v < VALUES; v++) {
		if (values[v].rank > rank)
			continue;
		if (ct_hist_count(h))
			ct_pen_duration(pen, value_of(h, (enum value)v), DURATION_COLUMNS, false);
		else
			ct_pen_right(pen, "-", DURATION_COLUMNS);
	}
}

static void draw_count(struct ct_pen *pen, uint64_t n)
{
	fprintf(pen->f, "%*llu", COUNT_COLUMNS, (unsigned long long)n);
}

static double share_of(const struct ct_hist *part, const struct ct_hist *whole)
{
	uint64_t sum = ct_hist_sum(whole);

	return sum ? (double)ct_hist_sum(part) / (double)sum : 0;
}

static void draw_row(struct ct_pen *pen, const char *label, const struct ct_hist *h,
		     const struct ct_hist *whole, const struct shape *shape)
{
	double share = share_of(h, whole);

	fputs("  ", pen->f);
	ct_pen_left(pen, label, LABEL_COLUMNS - 2);
	draw_count(pen, ct_hist_count(h));
	draw_values(pen, h, shape->rank);
	if (h == whole) {
		ct_pen_right(pen, "100 %", SHARE_COLUMNS);
	} else {
		char text[32];

		snprintf(text, sizeof(text), "%.1f %%", share * 100);
		ct_pen_right(pen, text, SHARE_COLUMNS);
		if (shape->bar && share > 0) {
			fputs("  ", pen->f);
			ct_pen_bar(pen, share, shape->bar);
		}
	}
	fputc('\n', pen->f);
}

static void draw_row_heads(struct ct_pen *pen, const struct shape *shape)
{
	ct_pen_on(pen, CT_STYLE_DIM);
	fputs("  ", pen->f);
	ct_pen_left(pen, "phase", LABEL_COLUMNS - 2);
	ct_pen_right(pen, "n", COUNT_COLUMNS);
	for (size_t v = 0; v < VALUES; v++)
		if (values[v].rank <= shape->rank)
			ct_pen_right(pen, values[v].head, DURATION_COLUMNS - 3),
				fputs("   ", pen->f);
	ct_pen_right(pen, "share", SHARE_COLUMNS);
	ct_pen_off(pen);
	fputc('\n', pen->f);
}

/*
 * A restart begins where a stop is half over: the old container goes before the new one comes. What
 * lies between the phases of a pod comes behind them.
 */
enum ct_phase ct_table_phase(enum ct_record_type type, unsigned i)
{
	const unsigned rotated = CT_PHASE_DESTROY + 1, own = CT_PHASE_MAX - CT_PHASE_SANDBOX;

	if (ct_record_subjects[type] != CT_SUBJECT_CONTAINER)
		return (enum ct_phase)(i < own ? CT_PHASE_SANDBOX + i : i - own);
	if (type != CT_RECORD_RESTART || i > CT_PHASE_CLIENT)
		return (enum ct_phase)i;
	if (i == rotated - CT_PHASE_DIE)
		return CT_PHASE_CLIENT;
	if (i < rotated - CT_PHASE_DIE)
		return (enum ct_phase)(i + CT_PHASE_DIE);
	return (enum ct_phase)(i - (rotated - CT_PHASE_DIE) - 1);
}

const char *ct_table_runtime(const struct ct_group *g)
{
	static const char *const unknown[CT_BY_MAX] = {
#define X(symbol, name) [CT_BY_##symbol] = "unknown " name,
		CT_BYS(X)
#undef X
	};

	return *g->key ? g->key : unknown[g->by];
}

static size_t key_columns(const struct ct_group *g)
{
	return g->by == CT_BY_RUNTIME ? CT_RUNTIME_COLUMNS : CT_KEY_COLUMNS;
}

size_t ct_table_runtime_columns(const struct ct_pen *pen, const struct ct_summary *summary)
{
	size_t widest = 0;

	for (size_t i = 0; i < ct_summary_groups(summary); i++) {
		const struct ct_group *g = ct_summary_group(summary, i);
		char text[512];
		size_t wide = ct_escape_text(text, sizeof(text), ct_table_runtime(g), pen->utf8,
					     key_columns(g));

		if (wide > widest)
			widest = wide;
	}
	return widest;
}

static void draw_title(struct ct_pen *pen, const struct ct_group *g)
{
	fputc('\n', pen->f);
	ct_pen_on(pen, CT_STYLE_BOLD);
	fputs(ct_record_names[g->type], pen->f);
	fputs(", ", pen->f);
	ct_pen_foreign(pen, ct_table_runtime(g), key_columns(g), false);
	ct_pen_off(pen);
	fprintf(pen->f, ": %llu ok", (unsigned long long)g->count[CT_OUTCOME_OK]);
	if (g->count[CT_OUTCOME_FAILED]) {
		fputs(", ", pen->f);
		ct_pen_on(pen, CT_STYLE_BAD);
		fprintf(pen->f, "%llu failed", (unsigned long long)g->count[CT_OUTCOME_FAILED]);
		ct_pen_off(pen);
	}
	if (g->count[CT_OUTCOME_CUT])
		fprintf(pen->f, ", %llu cut", (unsigned long long)g->count[CT_OUTCOME_CUT]);
}

/* The name gives way first, then the two counts. */
struct step_shape {
	size_t name, used;
	bool counts;
};

static struct step_shape step_shape_of(const struct ct_pen *pen)
{
	const size_t fixed = STEP_LABEL + DURATION_COLUMNS * 2;
	struct step_shape shape = { .counts = pen->width >= fixed + COUNT_COLUMNS * 2 + 12 };
	size_t used = fixed + (shape.counts ? COUNT_COLUMNS * 2 : 0);

	shape.name = pen->width > used + 10 ? pen->width - used : 10;
	if (shape.name > STEP_NAME)
		shape.name = STEP_NAME;
	shape.used = used + shape.name + 2;
	return shape;
}

static void draw_phase_steps(struct ct_pen *pen, const struct ct_summary *summary,
			     const struct ct_group *g, enum ct_phase phase, size_t steps)
{
	const struct ct_hist *whole = g->phases[phase];
	struct step_shape shape = step_shape_of(pen);
	size_t drawn = 0, more = 0;

	for (size_t i = 0; i < steps; i++) {
		const struct ct_step_group *step = ct_summary_step(summary, g, i);

		if (step->phase != phase || (drawn >= STEPS_TOP && ++more))
			continue;
		fputs("  ", pen->f);
		ct_pen_left(pen, drawn ? "" : ct_phase_names[phase], STEP_LABEL - 2);
		ct_pen_foreign(pen, step->name, shape.name, true);
		if (shape.counts) {
			draw_count(pen, ct_hist_count(step->hist));
			draw_count(pen, step->calls);
		}
		draw_values(pen, step->hist, 0);
		if (whole && ct_hist_count(step->hist) && pen->width >= shape.used + BAR_MIN) {
			double part = (double)ct_hist_quantile(step->hist, 0.5);
			uint64_t of = ct_hist_quantile(whole, 0.5);

			fputs("  ", pen->f);
			ct_pen_bar(pen, of ? part / (double)of : 0,
				   pen->width - shape.used < BAR_MAX ? pen->width - shape.used
								     : BAR_MAX);
		}
		fputc('\n', pen->f);
		drawn++;
	}
	if (more) {
		ct_pen_fill(pen, " ", STEP_LABEL);
		fprintf(pen->f, "and %zu shorter\n", more);
	}
}

static void draw_steps(struct ct_pen *pen, const struct ct_summary *summary,
		       const struct ct_group *g)
{
	struct step_shape shape = step_shape_of(pen);
	size_t steps = ct_summary_steps(summary, g);

	if (!steps)
		return;
	ct_pen_on(pen, CT_STYLE_DIM);
	fputs("\n  ", pen->f);
	ct_pen_left(pen, "in phase", STEP_LABEL - 2);
	ct_pen_left(pen, shape.name > strlen("longest steps") ? "longest steps" : "step",
		    shape.name);
	if (shape.counts) {
		ct_pen_right(pen, "n", COUNT_COLUMNS);
		ct_pen_right(pen, "calls", COUNT_COLUMNS);
	}
	ct_pen_right(pen, "p50", DURATION_COLUMNS);
	ct_pen_right(pen, "max", DURATION_COLUMNS);
	ct_pen_off(pen);
	fputc('\n', pen->f);
	for (unsigned i = 0; i < CT_PHASE_MAX; i++)
		draw_phase_steps(pen, summary, g, ct_table_phase(g->type, i), steps);
}

/* These have no breakdown worth a table. */
static bool one_phase(const struct ct_group *g)
{
	return g->type == CT_RECORD_CREATE || g->type == CT_RECORD_REMOVE;
}

static void draw_brief(struct ct_pen *pen, const struct ct_group *g)
{
	unsigned flags = pen->utf8 ? CT_DURATION_UTF8 : 0;
	char p50[CT_DURATION_LEN], max[CT_DURATION_LEN];

	fprintf(pen->f, ", p50 %s, max %s",
		ct_duration(p50, ct_hist_quantile(g->total, 0.5), flags),
		ct_duration(max, ct_hist_max(g->total), flags));
}

static void draw_group(struct ct_pen *pen, const struct ct_summary *summary,
		       const struct ct_group *g)
{
	struct shape shape = shape_of(pen);

	draw_title(pen, g);
	if (ct_hist_count(g->total) && one_phase(g))
		draw_brief(pen, g);
	fputc('\n', pen->f);
	if (!ct_hist_count(g->total) || one_phase(g))
		return;
	draw_row_heads(pen, &shape);
	for (unsigned i = 0; i < CT_PHASE_MAX; i++) {
		enum ct_phase p = ct_table_phase(g->type, i);

		if (g->phases[p])
			draw_row(pen, ct_phase_names[p], g->phases[p], g->total, &shape);
	}
	ct_pen_on(pen, CT_STYLE_BOLD);
	draw_row(pen, "total", g->total, g->total, &shape);
	ct_pen_off(pen);
	draw_steps(pen, summary, g);
}

static void draw_session(struct ct_pen *pen, const struct ct_session *session,
			 const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	uint64_t ns = session->end_ns > session->begin_ns ? session->end_ns - session->begin_ns : 0;
	uint64_t records = 0;
	char buf[CT_DURATION_LEN], text[256];

	for (size_t i = 0; i < ct_summary_groups(summary); i++)
		for (size_t o = 0; o < CT_OUTCOME_MAX; o++)
			records += ct_summary_group(summary, i)->count[o];
	snprintf(text, sizeof(text),
		 "coldtrace %s: %llu record%s of %llu container%s in %s, depth '%s', kernel %s",
		 session->version, (unsigned long long)records, records == 1 ? "" : "s",
		 (unsigned long long)counts->containers, counts->containers == 1 ? "" : "s",
		 ct_duration(buf, ns, pen->utf8 ? CT_DURATION_UTF8 : 0), session->depth,
		 session->kernel);
	ct_pen_wrap(pen, text, 0, 2, pen->width);
	fputc('\n', pen->f);
}

int ct_table_summary(struct ct_pen *pen, const struct ct_session *session,
		     const struct ct_summary *summary, const struct ct_core_counts *counts,
		     bool opens)
{
	const struct ct_opens_list *opened = ct_summary_opened(summary);
	bool percentiles = false;

	draw_session(pen, session, summary, counts);
	for (unsigned type = 0; type < CT_RECORD_MAX; type++) {
		for (size_t i = 0; i < ct_summary_groups(summary); i++)
			if (ct_summary_group(summary, i)->type == type)
				draw_group(pen, summary, ct_summary_group(summary, i));
		ct_table_compare(pen, summary, (enum ct_record_type)type);
	}
	fputc('\n', pen->f);
	if (opens && ct_table_opens(pen, opened, &percentiles))
		return -ENOMEM;
	if (!opens && opened->count)
		fputs("Opened files were recorded too: --opens shows them.\n\n", pen->f);
	for (size_t i = 0; i < ct_summary_groups(summary); i++)
		percentiles |= ct_hist_count(ct_summary_group(summary, i)->total) > 0;
	ct_table_honesty(pen, summary, counts,
			 percentiles ? CT_ESTIMATES_PERCENTILES : CT_ESTIMATES_NONE);
	return 0;
}
