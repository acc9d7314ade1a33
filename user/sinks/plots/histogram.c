// SPDX-License-Identifier: GPL-2.0-only
/* How many took how long: bars over intervals that grow with the time. */
#include <string.h>

#include "sinks/escape.h"
#include "sinks/plots/plot.h"
#include "sinks/table/table.h"
#include "util/mem.h"

#define BOUND_COLUMNS 9
#define COUNT_COLUMNS 8
#define SHARE_COLUMNS 9
#define BARS_WANTED   8
#define BARS_MAX      1024
#define BAR_MAX       80
#define BAR_MIN       8

/*
 * A decade is three stretches: from 1, from 2 and from 5. Columns: how many intervals each is cut
 * into. The coarsest row that shows enough bars is taken.
 */
#define STRETCHES 3
static const unsigned cuts[][STRETCHES] = {
	{ 2, 3, 2 }, { 5, 6, 5 }, { 10, 15, 10 }, { 20, 30, 20 }
};
static const double stretches[STRETCHES + 1] = { 1, 2, 5, 10 };

struct bins {
	const unsigned *cut;
	size_t first, end;
};

/* Interval 0 holds what is below 1 us: there is nothing to see. */
static double lower_bound(size_t i, const unsigned *cut)
{
	size_t per_decade = cut[0] + cut[1] + cut[2], at, s = 0;
	double power = 1000;

	if (!i)
		return 0;
	for (size_t decade = (i - 1) / per_decade; decade; decade--)
		power *= 10;
	for (at = (i - 1) % per_decade; at >= cut[s]; s++)
		at -= cut[s];
	return power *
	       (stretches[s] + (stretches[s + 1] - stretches[s]) * (double)at / (double)cut[s]);
}

static size_t bin_of(double ns, const unsigned *cut)
{
	size_t i = 0;

	while (i < BARS_MAX && lower_bound(i + 1, cut) <= ns)
		i++;
	return i;
}

static struct bins bins_of(const struct ct_hist *h)
{
	struct bins bins = { 0 };

	for (size_t i = 0; i < CT_ARRAY_SIZE(cuts); i++) {
		bins.cut = cuts[i];
		bins.first = bin_of((double)ct_hist_min(h), bins.cut);
		bins.end = bin_of((double)ct_hist_max(h), bins.cut) + 1;
		if (bins.end - bins.first >= BARS_WANTED)
			break;
	}
	return bins;
}

static uint64_t below(const struct ct_hist *h, size_t i, const unsigned *cut)
{
	double bound = lower_bound(i, cut);

	return bound > 0 ? ct_hist_at_most(h, (uint64_t)bound - 1) : 0;
}

static void draw_bin(struct ct_pen *pen, const struct ct_hist *h, const struct bins *bins, size_t i,
		     uint64_t most)
{
	uint64_t n = below(h, i + 1, bins->cut) - below(h, i, bins->cut);
	size_t fixed = 2 + 2 * BOUND_COLUMNS + 4 + COUNT_COLUMNS + SHARE_COLUMNS + 2;
	size_t room = pen->width > fixed + BAR_MIN ? pen->width - fixed : BAR_MIN;
	char text[32], label[CT_LABEL_LEN];

	fputs("  ", pen->f);
	ct_pen_right(pen, ct_scale_label(label, lower_bound(i, bins->cut), pen->utf8),
		     BOUND_COLUMNS);
	ct_pen_on(pen, CT_STYLE_DIM);
	fputs(" .. ", pen->f);
	ct_pen_off(pen);
	ct_pen_left(pen, ct_scale_label(label, lower_bound(i + 1, bins->cut), pen->utf8),
		    BOUND_COLUMNS);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	ct_pen_right(pen, n ? text : "-", COUNT_COLUMNS);
	snprintf(text, sizeof(text), "%.1f %%", (double)n / (double)ct_hist_count(h) * 100);
	ct_pen_right(pen, n ? text : "", SHARE_COLUMNS);
	fputs("  ", pen->f);
	if (n)
		ct_pen_bar(pen, (double)n / (double)most, room < BAR_MAX ? room : BAR_MAX);
	fputc('\n', pen->f);
}

static void draw_gap(struct ct_pen *pen, size_t bins)
{
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_fill(pen, " ", BOUND_COLUMNS - 1);
	fprintf(pen->f, "%s  %zu empty\n", pen->utf8 ? "\u22ee" : "...", bins);
	ct_pen_off(pen);
}

static void draw_bins(struct ct_pen *pen, const struct ct_hist *h)
{
	struct bins bins = bins_of(h);
	uint64_t most = 0;

	for (size_t i = bins.first; i < bins.end; i++) {
		uint64_t n = below(h, i + 1, bins.cut) - below(h, i, bins.cut);

		if (n > most)
			most = n;
	}
	for (size_t i = bins.first; i < bins.end;) {
		size_t empty = 0;

		while (i + empty < bins.end &&
		       below(h, i + empty + 1, bins.cut) == below(h, i, bins.cut))
			empty++;
		if (empty > 2) {
			draw_gap(pen, empty);
			i += empty;
			continue;
		}
		draw_bin(pen, h, &bins, i++, most);
	}
}

static void draw_group(struct ct_pen *pen, const struct ct_group *g)
{
	uint64_t n = ct_hist_count(g->total);

	ct_pen_on(pen, CT_STYLE_BOLD);
	fprintf(pen->f, "%s, ", ct_record_names[g->type]);
	ct_pen_foreign(pen, ct_table_runtime(g), CT_KEY_COLUMNS, false);
	ct_pen_off(pen);
	fprintf(pen->f, ": how long %s\n", n == 1 ? "it took" : "they took");
	ct_pen_on(pen, CT_STYLE_DIM);
	fputs("  ", pen->f);
	ct_pen_right(pen, "from", BOUND_COLUMNS);
	fputs("    ", pen->f);
	ct_pen_left(pen, "to below", BOUND_COLUMNS);
	ct_pen_right(pen, "n", COUNT_COLUMNS);
	ct_pen_right(pen, "share", SHARE_COLUMNS);
	ct_pen_off(pen);
	fputc('\n', pen->f);
	draw_bins(pen, g->total);
	fputc('\n', pen->f);
}

static int histogram_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
			 const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	struct ct_pen pen = ct_sink_pen(s, page);
	bool drawn = false;

	(void)session;
	for (size_t i = 0; i < ct_summary_groups(summary); i++) {
		const struct ct_group *g = ct_summary_group(summary, i);

		if (!ct_hist_count(g->total))
			continue;
		draw_group(&pen, g);
		drawn = true;
	}
	ct_table_honesty(&pen, summary, counts, drawn ? CT_ESTIMATES_BINS : CT_ESTIMATES_NONE);
	return 0;
}

const struct ct_sink_ops ct_histogram_ops = {
	.name = "histogram",
	.suffix = ".histogram.txt",
	.help = "how many took how long, as bars in text",
	.columns = true,
	.end = histogram_end,
};
