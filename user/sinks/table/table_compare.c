// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "sinks/escape.h"
#include "sinks/table/table.h"
#include "sinks/units.h"
#include "util/mem.h"

#define MEDIAN_COLUMNS 9
#define CHART_MIN      20
#define CHART_MAX      80
#define NAMED_MARGIN   6

/*
 * A phase in a stacked line: its letter, and its colour (letters alone tell them apart). One that has no
 * row here is the first letter of its name.
 */
static const struct mark {
	char letter;
	const char *sgr;
} marks[CT_PHASE_MAX] = {
	[CT_PHASE_PULL] = { 'p', "37;45" },     [CT_PHASE_CREATE] = { 'c', "30;46" },
	[CT_PHASE_ATTACH] = { 'a', "37;41" },   [CT_PHASE_CONNECT] = { 'n', "37;44" },
	[CT_PHASE_START] = { 's', "30;42" },    [CT_PHASE_READY] = { 'r', "30;43" },
	[CT_PHASE_RUN] = { 'u', "30;47" },      [CT_PHASE_STOP] = { 'S', "30;47" },
	[CT_PHASE_DIE] = { 'd', "37;41" },      [CT_PHASE_DISCONNECT] = { 'x', "37;44" },
	[CT_PHASE_DESTROY] = { 'y', "37;45" },  [CT_PHASE_CLIENT] = { '.', "2" },
	[CT_PHASE_UNKNOWN] = { '?', "33" },     [CT_PHASE_SANDBOX] = { 'b', "37;44" },
	[CT_PHASE_INIT] = { 'i', "30;46" },     [CT_PHASE_CONTAINERS] = { 'o', "30;42" },
	[CT_PHASE_BACKOFF] = { 'w', "37;41" },  [CT_PHASE_RESOLVE] = { 'v', "37;45" },
	[CT_PHASE_DOWNLOAD] = { 'l', "30;46" }, [CT_PHASE_UNPACK] = { 'k', "30;43" },
	[CT_PHASE_REGISTER] = { 'g', "30;47" }, [CT_PHASE_COLD] = { 'm', "30;42" },
	[CT_PHASE_VOLUMES] = { 'e', "30;43" },  [CT_PHASE_KUBELET] = { ',', "2" },
};

static struct mark mark_of(unsigned phase)
{
	const struct mark plain = { ct_phase_names[phase][0], "2" };

	return marks[phase].sgr ? marks[phase] : plain;
}

struct chart {
	size_t label, columns;
	uint64_t longest;
};

static bool in_chart(const struct ct_group *g, enum ct_record_type type)
{
	return g->type == type && ct_hist_count(g->total);
}

static size_t column_at(const struct chart *chart, uint64_t ns)
{
	size_t at;

	if (!chart->longest)
		return 0;
	at = (size_t)((double)ns / (double)chart->longest * (double)(chart->columns - 1) + 0.5);
	return at < chart->columns ? at : chart->columns - 1;
}

/* From the minimum to the maximum, the median marked. */
static void draw_whisker(struct ct_pen *pen, const struct ct_group *g, const struct chart *chart)
{
	size_t min = column_at(chart, ct_hist_min(g->total));
	size_t mid = column_at(chart, ct_hist_quantile(g->total, 0.5));
	size_t max = column_at(chart, ct_hist_max(g->total));

	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_fill(pen, pen->blocks ? "\u00b7" : ".", min);
	ct_pen_off(pen);
	for (size_t i = min; i <= max; i++) {
		if (i == mid)
			fputs(pen->blocks ? "\u25cf" : "o", pen->f);
		else if (i == min)
			fputs(pen->blocks ? "\u251c" : "|", pen->f);
		else if (i == max)
			fputs(pen->blocks ? "\u2524" : "|", pen->f);
		else
			fputs(pen->blocks ? "\u2500" : "-", pen->f);
	}
}

/* Largest remainders, so that the line is exactly as long as the others. */
static void apportion(const struct ct_group *g, size_t columns, size_t cells[CT_PHASE_MAX])
{
	double rest[CT_PHASE_MAX] = { 0 }, sum = 0;
	size_t given = 0;

	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		sum += g->phases[p] ? (double)ct_hist_sum(g->phases[p]) : 0;
	for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
		double exact = 0;

		if (g->phases[p] && sum > 0)
			exact = (double)ct_hist_sum(g->phases[p]) / sum * (double)columns;
		cells[p] = (size_t)exact;
		rest[p] = exact - (double)cells[p];
		given += cells[p];
	}
	while (sum > 0 && given < columns) {
		unsigned best = 0;

		for (unsigned p = 1; p < CT_PHASE_MAX; p++)
			if (rest[p] > rest[best])
				best = p;
		cells[best]++;
		rest[best] = -1;
		given++;
	}
}

static void draw_marked(struct ct_pen *pen, unsigned p, size_t times)
{
	const char text[] = { mark_of(p).letter, '\0' };

	if (!times)
		return;
	if (pen->colour)
		fprintf(pen->f, "\033[%sm", mark_of(p).sgr);
	ct_pen_fill(pen, text, times);
	ct_pen_off(pen);
}

/* A long stretch carries its name in the middle. */
static void draw_stretch(struct ct_pen *pen, unsigned p, size_t times)
{
	size_t name = strlen(ct_phase_names[p]) + 2;

	if (times < name + NAMED_MARGIN) {
		draw_marked(pen, p, times);
		return;
	}
	draw_marked(pen, p, (times - name) / 2);
	if (pen->colour)
		fprintf(pen->f, "\033[%sm", mark_of(p).sgr);
	fprintf(pen->f, " %s ", ct_phase_names[p]);
	ct_pen_off(pen);
	draw_marked(pen, p, times - name - (times - name) / 2);
}

static void draw_shares(struct ct_pen *pen, const struct ct_group *g, const struct chart *chart)
{
	size_t cells[CT_PHASE_MAX];

	apportion(g, chart->columns, cells);
	for (unsigned i = 0; i < CT_PHASE_MAX; i++) {
		enum ct_phase p = ct_table_phase(g->type, i);

		draw_stretch(pen, p, cells[p]);
	}
}

static void draw_label(struct ct_pen *pen, const struct ct_group *g, const struct chart *chart)
{
	fputs("  ", pen->f);
	ct_pen_foreign(pen, ct_table_runtime(g), chart->label, true);
}

static void draw_legend(struct ct_pen *pen, const struct ct_summary *summary,
			enum ct_record_type type, const struct chart *chart)
{
	size_t indent = 2 + chart->label + MEDIAN_COLUMNS + 2, at = indent;

	ct_pen_fill(pen, " ", indent);
	for (unsigned k = 0; k < CT_PHASE_MAX; k++) {
		enum ct_phase p = ct_table_phase(type, k);
		bool used = false;
		size_t wide = strlen(ct_phase_names[p]) + 2;

		for (size_t i = 0; i < ct_summary_groups(summary) && !used; i++) {
			const struct ct_group *g = ct_summary_group(summary, i);

			used = in_chart(g, type) && g->phases[p];
		}
		if (!used)
			continue;
		if (at + wide > pen->width) {
			fputc('\n', pen->f);
			ct_pen_fill(pen, " ", indent);
			at = indent;
		}
		draw_marked(pen, p, 1);
		fprintf(pen->f, " %s", ct_phase_names[p]);
		at += wide;
		if (at + 2 < pen->width)
			fputs("  ", pen->f);
		at += 2;
	}
	fputc('\n', pen->f);
}

void ct_table_compare(struct ct_pen *pen, const struct ct_summary *summary,
		      enum ct_record_type type)
{
	struct chart chart = { .label = ct_table_runtime_columns(pen, summary) };
	size_t fixed = 2 + chart.label + MEDIAN_COLUMNS + 2, groups = 0;
	char head[96], scale[CT_DURATION_LEN];
	enum ct_by by = CT_BY_RUNTIME;

	for (size_t i = 0; i < ct_summary_groups(summary); i++) {
		const struct ct_group *g = ct_summary_group(summary, i);

		if (!in_chart(g, type))
			continue;
		groups++;
		by = g->by;
		if (ct_hist_max(g->total) > chart.longest)
			chart.longest = ct_hist_max(g->total);
	}
	if (!groups || pen->width < fixed + CHART_MIN || type == CT_RECORD_CREATE ||
	    type == CT_RECORD_REMOVE)
		return;
	chart.columns = pen->width - fixed < CHART_MAX ? pen->width - fixed : CHART_MAX;
	snprintf(head, sizeof(head), "%s by %s: median, min to max", ct_record_names[type],
		 ct_by_names[by]);
	fputc('\n', pen->f);
	ct_duration(scale, chart.longest, pen->utf8 ? CT_DURATION_UTF8 : 0);
	ct_pen_on(pen, CT_STYLE_DIM);
	fputs("  ", pen->f);
	ct_pen_left(pen, head, fixed - 2 + chart.columns - ct_text_columns(scale));
	fputs(scale, pen->f);
	ct_pen_off(pen);
	fputc('\n', pen->f);
	for (size_t i = 0; i < ct_summary_groups(summary); i++) {
		const struct ct_group *g = ct_summary_group(summary, i);

		if (!in_chart(g, type))
			continue;
		draw_label(pen, g, &chart);
		ct_pen_duration(pen, ct_hist_quantile(g->total, 0.5), MEDIAN_COLUMNS, false);
		fputs("  ", pen->f);
		draw_whisker(pen, g, &chart);
		fputc('\n', pen->f);
	}
	ct_pen_on(pen, CT_STYLE_DIM);
	fputs("  share of the total\n", pen->f);
	ct_pen_off(pen);
	for (size_t i = 0; i < ct_summary_groups(summary); i++) {
		const struct ct_group *g = ct_summary_group(summary, i);

		if (!in_chart(g, type))
			continue;
		draw_label(pen, g, &chart);
		ct_pen_right(pen, "", MEDIAN_COLUMNS + 2);
		draw_shares(pen, g, &chart);
		fputc('\n', pen->f);
	}
	draw_legend(pen, summary, type, &chart);
}
