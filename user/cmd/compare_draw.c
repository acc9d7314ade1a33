// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/compare.h"
#include "sinks/escape.h"
#include "sinks/json/json_writer.h"
#include "sinks/pen.h"
#include "sinks/units.h"
#include "stats/bootstrap.h"
#include "stats/compare.h"
#include "util/mem.h"

#define LABEL_MIN  12
#define LABEL_MAX  40
#define COUNT_COLS 7
#define TIME_COLS  9
#define P_COLS     9
#define WIDTH      100

struct drawing {
	struct ct_pen pen;
	const struct ct_comparison *c;
	size_t name;
};

static void pen_init(struct ct_pen *pen, FILE *f)
{
	*pen = (struct ct_pen){ .f = f, .width = WIDTH };
	pen->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static void put_p(struct drawing *d, double p)
{
	char text[32];

	snprintf(text, sizeof(text), p < 0.0001 ? "<0.0001" : "%.4f", p);
	ct_pen_right(&d->pen, text, P_COLS);
}

static const char *signed_ns(const struct drawing *d, char *buf, size_t size, double ns)
{
	char text[CT_DURATION_LEN];

	ct_duration(text, (uint64_t)(fabs(ns) + 0.5), d->pen.utf8 ? CT_DURATION_UTF8 : 0);
	snprintf(buf, size, "%s%s", ns < 0 ? "-" : ns > 0 ? "+" : "", text);
	return buf;
}

static void put_range(struct drawing *d, double low, double high)
{
	char a[CT_DURATION_LEN], b[CT_DURATION_LEN], text[2 * CT_DURATION_LEN + 8];
	unsigned flags = d->pen.utf8 ? CT_DURATION_UTF8 : 0;

	snprintf(text, sizeof(text), "%s .. %s", ct_duration(a, (uint64_t)low, flags),
		 ct_duration(b, (uint64_t)high, flags));
	ct_pen_right(&d->pen, text, 2 * TIME_COLS + 4);
}

static void put_name(struct drawing *d, size_t group)
{
	fputs("  ", d->pen.f);
	ct_pen_foreign(&d->pen, ct_contrast_name(d->c->contrast, group), d->name, true);
}

static void draw_totals(struct drawing *d, const struct ct_contrast_type *type)
{
	const struct ct_contrast_row *total = &type->rows[0];

	ct_pen_left(&d->pen, "", d->name + 2);
	ct_pen_right(&d->pen, "n", COUNT_COLS);
	ct_pen_right(&d->pen, "not ok", COUNT_COLS);
	ct_pen_right(&d->pen, "p50", TIME_COLS);
	ct_pen_right(&d->pen, "95 % interval", 2 * TIME_COLS + 4);
	ct_pen_right(&d->pen, "min .. max", 2 * TIME_COLS + 4);
	fputc('\n', d->pen.f);
	for (size_t g = 0; g < ct_contrast_groups(d->c->contrast); g++) {
		const struct ct_contrast_cell *cell = &total->cells[g];
		char text[32];

		if (!type->ok[g] && !type->bad[g])
			continue;
		put_name(d, g);
		snprintf(text, sizeof(text), "%zu", type->ok[g]);
		ct_pen_right(&d->pen, text, COUNT_COLS);
		snprintf(text, sizeof(text), "%zu", type->bad[g]);
		ct_pen_right(&d->pen, text, COUNT_COLS);
		if (cell->n) {
			ct_pen_duration(&d->pen, cell->median, TIME_COLS, false);
			if (cell->sure)
				put_range(d, (double)cell->low, (double)cell->high);
			else
				ct_pen_right(&d->pen, "too few", 2 * TIME_COLS + 4);
			put_range(d, (double)cell->min, (double)cell->max);
		}
		fputc('\n', d->pen.f);
	}
}

static void draw_test(struct drawing *d, const struct ct_contrast_row *row)
{
	if (!row->tested) {
		fprintf(d->pen.f, "  too few to tell: it takes 2 groups of %d\n", CT_CONTRAST_FEW);
		return;
	}
	fprintf(d->pen.f, "  %s: H %.2f, %u degree%s of freedom, p",
		row->p_holm < CT_COMPARE_ALPHA ? "they differ" : "no difference told", row->test.h,
		row->test.df, row->test.df == 1 ? "" : "s");
	put_p(d, row->p_holm);
	fprintf(d->pen.f, ", effect %.2f\n", row->test.epsilon2);
}

static void draw_pairs(struct drawing *d, const struct ct_contrast_type *type)
{
	for (size_t i = 0; i < type->pair_count; i++) {
		const struct ct_contrast_pair *pair = &type->pairs[i];
		double base = (double)type->rows[0].cells[pair->a].median;
		char change[40], low[40], high[40], text[120];

		if (!i)
			fputs("  second less first: change, 95 % interval, effect, p\n", d->pen.f);
		put_name(d, pair->a);
		ct_pen_foreign(&d->pen, ct_contrast_name(d->c->contrast, pair->b), d->name, true);
		signed_ns(d, change, sizeof(change), pair->change_ns);
		ct_pen_right(&d->pen, change, TIME_COLS + 1);
		snprintf(text, sizeof(text), "%+.1f %%",
			 base > 0 ? pair->change_ns / base * 100 : 0);
		ct_pen_right(&d->pen, text, TIME_COLS);
		snprintf(text, sizeof(text), "%s .. %s",
			 signed_ns(d, low, sizeof(low), pair->low_ns),
			 signed_ns(d, high, sizeof(high), pair->high_ns));
		ct_pen_right(&d->pen, text, 2 * TIME_COLS + 6);
		snprintf(text, sizeof(text), "%+.2f ", pair->delta);
		ct_pen_right(&d->pen, text, COUNT_COLS);
		ct_pen_left(&d->pen, ct_delta_word(pair->delta), 10);
		put_p(d, pair->p_holm);
		fputc('\n', d->pen.f);
	}
}

/* Medians of the phases, a line for each group, and below them whether they differ. */
static void draw_phases(struct drawing *d, const struct ct_contrast_type *type)
{
	if (type->row_count < 2)
		return;
	ct_pen_left(&d->pen, "  phases, p50", d->name + 2);
	for (size_t r = 1; r < type->row_count; r++)
		ct_pen_right(&d->pen, ct_phase_names[type->rows[r].phase], TIME_COLS + 2);
	fputc('\n', d->pen.f);
	for (size_t g = 0; g < ct_contrast_groups(d->c->contrast); g++) {
		if (!type->ok[g])
			continue;
		put_name(d, g);
		for (size_t r = 1; r < type->row_count; r++) {
			const struct ct_contrast_cell *cell = &type->rows[r].cells[g];

			if (cell->n)
				ct_pen_duration(&d->pen, cell->median, TIME_COLS + 2, false);
			else
				ct_pen_right(&d->pen, "-", TIME_COLS + 2);
		}
		fputc('\n', d->pen.f);
	}
	ct_pen_left(&d->pen, "  p", d->name + 2);
	for (size_t r = 1; r < type->row_count; r++) {
		fputs("  ", d->pen.f);
		if (type->rows[r].tested)
			put_p(d, type->rows[r].p_holm);
		else
			ct_pen_right(&d->pen, "-", P_COLS);
	}
	fputc('\n', d->pen.f);
}

static void draw_type(struct drawing *d, const struct ct_contrast_type *type)
{
	fprintf(d->pen.f, "%s by ", ct_record_names[type->type]);
	ct_pen_foreign(&d->pen, d->c->by, strlen(d->c->by), false);
	fputs(":\n", d->pen.f);
	draw_totals(d, type);
	if (ct_contrast_groups(d->c->contrast) > 1) {
		draw_test(d, &type->rows[0]);
		draw_pairs(d, type);
	}
	draw_phases(d, type);
	fputc('\n', d->pen.f);
}

static void draw_method(struct drawing *d)
{
	char text[1024];

	snprintf(
		text, sizeof(text),
		"Intervals: of medians by ranks (at 95 %% it takes %zu values), of changes percentile bootstrap, %d resamples. Groups: Kruskal-Wallis, Holm-corrected for %zu "
		"tests of totals and phases; its effect is the share of the ranks' variance that the groups "
		"explain. Pairs: Mann-Whitney U, two-sided, Holm-corrected; effect: Cliff's delta, from -1 "
		"(always less) to +1. Groups of fewer than %d are not tested.",
		ct_median_least(CT_COMPARE_LEVEL), CT_COMPARE_RESAMPLES,
		ct_contrast_tests(d->c->contrast), CT_CONTRAST_FEW);
	ct_pen_wrap(&d->pen, text, 0, 0, d->pen.width);
	fputc('\n', d->pen.f);
}

int ct_compare_table(const struct ct_comparison *c, char **ret_text, size_t *ret_len)
{
	struct drawing d = { .c = c, .name = LABEL_MIN };
	FILE *f = open_memstream(ret_text, ret_len);
	bool bad;

	if (!f)
		return -ENOMEM;
	pen_init(&d.pen, f);
	for (size_t g = 0; g < ct_contrast_groups(c->contrast); g++) {
		size_t len = strlen(ct_contrast_name(c->contrast, g)) + 1;

		d.name = len > d.name ? len : d.name;
	}
	d.name = d.name < LABEL_MAX ? d.name : LABEL_MAX;
	for (size_t i = 0; i < ct_contrast_types(c->contrast); i++)
		draw_type(&d, ct_contrast_type(c->contrast, i));
	draw_method(&d);
	bad = ferror(f);
	if (fclose(f) || bad)
		return -ENOMEM;
	ct_pen_trim(*ret_text, ret_len);
	return 0;
}

static void json_number(struct ct_json *w, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.9g", value);
	ct_json_number(w, key, isfinite(value) ? text : "null");
}

static void json_row(struct ct_json *w, const struct ct_comparison *c,
		     const struct ct_contrast_row *row)
{
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "phase",
		       row->phase == CT_MEASURE_TOTAL ? "total" : ct_phase_names[row->phase]);
	ct_json_enter(w, "groups", '[');
	for (size_t g = 0; g < ct_contrast_groups(c->contrast); g++) {
		const struct ct_contrast_cell *cell = &row->cells[g];

		if (!cell->n)
			continue;
		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "group", ct_contrast_name(c->contrast, g));
		ct_json_u64(w, "n", cell->n);
		ct_json_u64(w, "median_ns", cell->median);
		json_number(w, "low_ns", cell->sure ? (double)cell->low : NAN);
		json_number(w, "high_ns", cell->sure ? (double)cell->high : NAN);
		ct_json_u64(w, "min_ns", cell->min);
		ct_json_u64(w, "max_ns", cell->max);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
	if (row->tested) {
		json_number(w, "h", row->test.h);
		ct_json_u64(w, "df", row->test.df);
		json_number(w, "p", row->p_holm);
		json_number(w, "epsilon2", row->test.epsilon2);
	}
	ct_json_leave(w, '}');
}

/* How many there are: only those that are ok have times. */
static void json_counts(struct ct_json *w, const struct ct_comparison *c,
			const struct ct_contrast_type *type)
{
	ct_json_enter(w, "counts", '[');
	for (size_t g = 0; g < ct_contrast_groups(c->contrast); g++) {
		if (!type->ok[g] && !type->bad[g])
			continue;
		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "group", ct_contrast_name(c->contrast, g));
		ct_json_u64(w, "ok", type->ok[g]);
		ct_json_u64(w, "not_ok", type->bad[g]);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

static void json_pair(struct ct_json *w, const struct ct_comparison *c,
		      const struct ct_contrast_pair *pair)
{
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "a", ct_contrast_name(c->contrast, pair->a));
	ct_json_string(w, "b", ct_contrast_name(c->contrast, pair->b));
	json_number(w, "change_ns", pair->change_ns);
	json_number(w, "low_ns", pair->low_ns);
	json_number(w, "high_ns", pair->high_ns);
	json_number(w, "delta", pair->delta);
	json_number(w, "p", pair->p_holm);
	ct_json_leave(w, '}');
}

int ct_compare_json(const struct ct_comparison *c, char **ret_text, size_t *ret_len)
{
	struct ct_json w = { .f = open_memstream(ret_text, ret_len) };
	bool bad;

	if (!w.f)
		return -ENOMEM;
	ct_json_enter(&w, NULL, '{');
	ct_json_string(&w, "schema", "coldtrace-compare/1");
	ct_json_string(&w, "by", c->by);
	ct_json_enter(&w, "types", '[');
	for (size_t i = 0; i < ct_contrast_types(c->contrast); i++) {
		const struct ct_contrast_type *type = ct_contrast_type(c->contrast, i);

		ct_json_enter(&w, NULL, '{');
		ct_json_string(&w, "kind", ct_record_names[type->type]);
		json_counts(&w, c, type);
		ct_json_enter(&w, "rows", '[');
		for (size_t r = 0; r < type->row_count; r++)
			json_row(&w, c, &type->rows[r]);
		ct_json_leave(&w, ']');
		ct_json_enter(&w, "pairs", '[');
		for (size_t p = 0; p < type->pair_count; p++)
			json_pair(&w, c, &type->pairs[p]);
		ct_json_leave(&w, ']');
		ct_json_leave(&w, '}');
	}
	ct_json_leave(&w, ']');
	ct_json_bool(&w, "complete", !c->incomplete);
	ct_json_leave(&w, '}');
	fputc('\n', w.f);
	bad = ferror(w.f);
	return fclose(w.f) || bad ? -ENOMEM : 0;
}
