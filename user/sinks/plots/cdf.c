// SPDX-License-Identifier: GPL-2.0-only
/* How restarts and starts are distributed: the share of them that took at most so long. */
#include <math.h>
#include <string.h>

#include "sinks/plots/plot.h"
#include "sinks/table/table.h"
#include "sinks/units.h"
#include "util/mem.h"

#define ROWS       20
#define LABEL      8
#define PLOT_MAX   120
#define CURVES_MAX 8
#define LOG_FROM   20 /* times the shortest: then the scale is logarithmic */
#define LEAST_NS   1000.0

/* A curve's own sign and style: the sign alone tells it apart. */
static const struct curve_look {
	const char *utf8, *ascii;
	enum ct_style style;
} looks[CURVES_MAX] = {
	{ "\u25cf", "o", CT_STYLE_START },   { "\u25b2", "x", CT_STYLE_RESTART },
	{ "\u25a0", "+", CT_STYLE_STOP },    { "\u25c6", "*", CT_STYLE_ODD },
	{ "\u25cb", "%", CT_STYLE_BAD },     { "\u25b3", "@", CT_STYLE_START },
	{ "\u25a1", "&", CT_STYLE_RESTART }, { "\u25c7", "$", CT_STYLE_STOP },
};

struct plot {
	enum ct_record_type type;
	const struct ct_group *curves[CURVES_MAX];
	size_t count, more;
	struct ct_scale scale;
	size_t at[CURVES_MAX][ROWS + 1]; /* column of each row's quantile */
};

static void collect(struct plot *plot, const struct ct_summary *summary)
{
	for (size_t i = 0; i < ct_summary_groups(summary); i++) {
		const struct ct_group *g = ct_summary_group(summary, i);

		if (g->type != plot->type || !ct_hist_count(g->total))
			continue;
		if (plot->count == CURVES_MAX)
			plot->more++;
		else
			plot->curves[plot->count++] = g;
	}
}

/* Of a scale that is not logarithmic: 0, unless that would leave most of it empty. */
static double from_round(double low, double high)
{
	double step = 1;

	if (high >= 3 * low)
		return 0;
	while (step * 10 <= high - low)
		step *= 10;
	return floor(low / step) * step;
}

static void scale(struct plot *plot, const struct ct_pen *pen)
{
	struct ct_scale *s = &plot->scale;

	s->columns = pen->width - LABEL - 2 < PLOT_MAX ? pen->width - LABEL - 2 : PLOT_MAX;
	for (size_t i = 0; i < plot->count; i++) {
		double min = (double)ct_hist_min(plot->curves[i]->total);
		double max = (double)ct_hist_max(plot->curves[i]->total);

		if (!i || min < s->low)
			s->low = min;
		if (max > s->high)
			s->high = max;
	}
	if (s->low < LEAST_NS)
		s->low = LEAST_NS;
	s->log = s->high > LOG_FROM * s->low;
	if (!s->log)
		s->low = from_round(s->low, s->high);
	for (size_t i = 0; i < plot->count; i++)
		for (size_t row = 0; row <= ROWS; row++)
			plot->at[i][row] =
				ct_scale_column(s, (double)ct_hist_quantile(plot->curves[i]->total,
									    (double)row / ROWS));
}

/* What is in a cell: the sign of the first curve whose point it is, else a line, else nothing. */
static bool draw_point(struct ct_pen *pen, const struct plot *plot, size_t row, size_t column)
{
	for (size_t i = 0; i < plot->count; i++) {
		if (plot->at[i][row] != column)
			continue;
		ct_pen_on(pen, looks[i].style);
		fputs(pen->utf8 ? looks[i].utf8 : looks[i].ascii, pen->f);
		ct_pen_off(pen);
		return true;
	}
	return false;
}

static bool draw_line(struct ct_pen *pen, const struct plot *plot, size_t row, size_t column)
{
	for (size_t i = 0; i < plot->count; i++) {
		if (row == ROWS || column <= plot->at[i][row] || column >= plot->at[i][row + 1])
			continue;
		ct_pen_on(pen, looks[i].style);
		fputs(pen->utf8 ? "\u2500" : "-", pen->f);
		ct_pen_off(pen);
		return true;
	}
	return false;
}

static void draw_row(struct ct_pen *pen, const struct plot *plot, size_t row)
{
	char label[32] = "";

	if (row % 2 == 0)
		snprintf(label, sizeof(label), "%zu %%", row * 100 / ROWS);
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_right(pen, label, LABEL);
	fputs(pen->utf8 ? (row % 2 ? " \u2502" : " \u2524") : (row % 2 ? " |" : " +"), pen->f);
	ct_pen_off(pen);
	for (size_t c = 0; c < plot->scale.columns; c++)
		if (!draw_point(pen, plot, row, c) && !draw_line(pen, plot, row, c))
			fputc(' ', pen->f);
	fputc('\n', pen->f);
}

static void draw_axis(struct ct_pen *pen, const struct plot *plot)
{
	double ticks[CT_TICKS_MAX];
	size_t n = ct_scale_ticks(&plot->scale, ticks), next = 0;

	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_fill(pen, " ", LABEL);
	fputs(pen->utf8 ? " \u2514" : " +", pen->f);
	for (size_t c = 0; c < plot->scale.columns; c++) {
		bool tick = next < n && ct_scale_column(&plot->scale, ticks[next]) == c;

		next += tick;
		fputs(pen->utf8 ? (tick ? "\u2534" : "\u2500") : (tick ? "+" : "-"), pen->f);
	}
	fputc('\n', pen->f);
	ct_scale_draw(pen, &plot->scale, LABEL + 2);
	ct_pen_off(pen);
}

static void draw_legend(struct ct_pen *pen, const struct plot *plot,
			const struct ct_summary *summary)
{
	static const struct {
		const char *name;
		double quantile;
	} values[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "max", 1 } };
	size_t columns = ct_table_runtime_columns(pen, summary);

	for (size_t i = 0; i < plot->count; i++) {
		const struct ct_hist *h = plot->curves[i]->total;

		ct_pen_fill(pen, " ", LABEL + 2);
		ct_pen_on(pen, looks[i].style);
		fputs(pen->utf8 ? looks[i].utf8 : looks[i].ascii, pen->f);
		ct_pen_off(pen);
		fputc(' ', pen->f);
		ct_pen_foreign(pen, ct_table_runtime(plot->curves[i]), columns, true);
		fprintf(pen->f, "  n %-5llu", (unsigned long long)ct_hist_count(h));
		for (size_t v = 0; v < CT_ARRAY_SIZE(values); v++) {
			char buf[CT_DURATION_LEN];

			if (LABEL + 4 + columns + 9 + (v + 1) * 14 > pen->width)
				break;
			fprintf(pen->f, " %s ", values[v].name);
			ct_duration(buf, ct_hist_quantile(h, values[v].quantile),
				    CT_DURATION_COLUMN | (pen->utf8 ? CT_DURATION_UTF8 : 0));
			ct_pen_left(pen, buf, 9);
		}
		fputc('\n', pen->f);
	}
	if (plot->more) {
		ct_pen_fill(pen, " ", LABEL + 2);
		fprintf(pen->f, "and %zu more that are not drawn\n", plot->more);
	}
}

static bool draw(struct ct_pen *pen, const struct ct_summary *summary, enum ct_record_type type)
{
	struct plot plot = { .type = type };

	collect(&plot, summary);
	if (!plot.count)
		return false;
	scale(&plot, pen);
	ct_pen_on(pen, CT_STYLE_BOLD);
	fputs(ct_record_names[type], pen->f);
	ct_pen_off(pen);
	fprintf(pen->f, " by %s: share that took at most so long%s\n",
		ct_by_names[plot.curves[0]->by], plot.scale.log ? " (logarithmic)" : "");
	for (size_t row = ROWS + 1; row--;)
		draw_row(pen, &plot, row);
	draw_axis(pen, &plot);
	draw_legend(pen, &plot, summary);
	return true;
}

static int cdf_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		   const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	static const enum ct_record_type types[] = { CT_RECORD_RESTART, CT_RECORD_START };
	struct ct_pen pen = ct_sink_pen(s, page);
	bool drawn = false;

	(void)session;
	for (size_t i = 0; i < CT_ARRAY_SIZE(types); i++) {
		if (!draw(&pen, summary, types[i]))
			continue;
		fputc('\n', page);
		drawn = true;
	}
	ct_table_honesty(&pen, summary, counts,
			 drawn ? CT_ESTIMATES_PERCENTILES : CT_ESTIMATES_NONE);
	return 0;
}

const struct ct_sink_ops ct_cdf_ops = {
	.name = "cdf",
	.suffix = ".cdf.txt",
	.help = "how restarts and starts are distributed, as a plot in text",
	.columns = true,
	.end = cdf_end,
};
