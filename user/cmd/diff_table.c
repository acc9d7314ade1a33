// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/diff.h"
#include "sinks/escape.h"
#include "sinks/pen.h"
#include "sinks/units.h"
#include "util/mem.h"

#define WIDTH_DEFAULT    100
#define WIDTH_MIN        40
#define LABEL_COLUMNS    26
#define LABEL_MIN        16
#define STEPS_TOP        12
#define NAMED_MAX        4
#define COUNT_COLUMNS    6
#define DURATION_COLUMNS 8
#define PERCENT_COLUMNS  8
#define BOUND_COLUMNS    8
#define INTERVAL_COLUMNS (2 * BOUND_COLUMNS + 5)
#define P_COLUMNS        8
#define VERDICT_COLUMNS  6
#define EFFECT_COLUMNS   7

enum cell {
	COUNTS, /* a pair, as the next two */
	MEDIANS,
	PERCENT,
	INTERVAL,
	VERDICT,
	P,
	EFFECT,
	P99S,
	CELLS
};

/* Columns: width, the higher, the sooner it goes when there is no room. */
static const struct {
	size_t width;
	unsigned rank;
} cells[CELLS] = {
	[COUNTS] = { 2 * COUNT_COLUMNS, 4 },    [MEDIANS] = { 2 * DURATION_COLUMNS, 0 },
	[PERCENT] = { PERCENT_COLUMNS, 0 },     [INTERVAL] = { INTERVAL_COLUMNS, 1 },
	[VERDICT] = { VERDICT_COLUMNS + 2, 0 }, [P] = { P_COLUMNS, 2 },
	[EFFECT] = { EFFECT_COLUMNS, 4 },       [P99S] = { 2 * DURATION_COLUMNS + 1, 3 },
};

struct drawing {
	struct ct_pen pen;
	unsigned rank;
	size_t label;
};

static size_t width_at(unsigned rank)
{
	size_t width = 0;

	for (size_t i = 0; i < CELLS; i++)
		width += cells[i].rank <= rank ? cells[i].width : 0;
	return width;
}

static void lay_out(struct drawing *d)
{
	d->rank = 4;
	while (d->rank && LABEL_MIN + width_at(d->rank) > d->pen.width)
		d->rank--;
	d->label = LABEL_MIN;
	if (d->pen.width > LABEL_MIN + width_at(d->rank))
		d->label = d->pen.width - width_at(d->rank);
	if (d->label > LABEL_COLUMNS)
		d->label = LABEL_COLUMNS;
}

static bool has(const struct drawing *d, enum cell cell)
{
	return cells[cell].rank <= d->rank;
}

static void pen_init(struct ct_pen *pen, FILE *f)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO);
	struct winsize ws = { 0 };

	*pen = (struct ct_pen){ .f = f, .width = WIDTH_DEFAULT };
	pen->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	pen->blocks = pen->utf8 && terminal;
	pen->colour = terminal && !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
	if (terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col)
		pen->width = ws.ws_col < WIDTH_MIN ? WIDTH_MIN : ws.ws_col;
}

/* "+1.2 ms", the sign also of a difference that is rounded to nothing. */
static const char *signed_duration(const struct drawing *d, char *buf, size_t size, double ns,
				   unsigned flags)
{
	char text[CT_DURATION_LEN];

	flags |= d->pen.utf8 ? CT_DURATION_UTF8 : 0;
	ct_duration(text, (uint64_t)(fabs(ns) + 0.5), flags);
	snprintf(buf, size, "%s%s", ns < 0 ? "-" : ns > 0 ? "+" : "", text);
	return buf;
}

static void draw_count(struct drawing *d, size_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", n);
	ct_pen_right(&d->pen, n ? text : "-", COUNT_COLUMNS);
}

static void draw_value(struct drawing *d, const struct ct_values *v, uint64_t ns)
{
	if (v->n)
		ct_pen_duration(&d->pen, ns, DURATION_COLUMNS, false);
	else
		ct_pen_right(&d->pen, "-", DURATION_COLUMNS);
}

static void draw_percent(struct drawing *d, const struct ct_change *change)
{
	double percent = ct_change_percent(change);
	char text[32] = "-";

	if (change->side[CT_SIDE_B].n && !isnan(percent))
		snprintf(text, sizeof(text), "%+.*f %%", fabs(percent) < 99.95 ? 1 : 0, percent);
	ct_pen_right(&d->pen, text, PERCENT_COLUMNS);
}

static void draw_interval(struct drawing *d, const struct ct_change *change)
{
	char low[32], high[32];

	if (!change->tested) {
		ct_pen_on(&d->pen, CT_STYLE_DIM);
		ct_pen_right(&d->pen, ct_verdict_names[change->verdict], INTERVAL_COLUMNS);
		ct_pen_off(&d->pen);
		return;
	}
	ct_pen_right(&d->pen,
		     signed_duration(d, low, sizeof(low), change->low_ns, CT_DURATION_COLUMN),
		     BOUND_COLUMNS + 1);
	fputs(" .. ", d->pen.f);
	ct_pen_right(&d->pen,
		     signed_duration(d, high, sizeof(high), change->high_ns, CT_DURATION_COLUMN),
		     BOUND_COLUMNS);
}

static void draw_verdict(struct drawing *d, const struct ct_change *change)
{
	bool told = change->verdict <= CT_VERDICT_FASTER;
	const char *word = change->tested || has(d, INTERVAL) ? "" : "?";

	fputs("  ", d->pen.f);
	if (told) {
		word = ct_verdict_names[change->verdict];
		ct_pen_on(&d->pen,
			  change->verdict == CT_VERDICT_SLOWER ? CT_STYLE_BAD : CT_STYLE_START);
	}
	ct_pen_left(&d->pen, word, VERDICT_COLUMNS);
	ct_pen_off(&d->pen);
}

static void draw_p(struct drawing *d, const struct ct_change *change)
{
	char text[32] = "-";

	if (change->tested && change->p_holm < 0.0001)
		snprintf(text, sizeof(text), "<0.0001");
	else if (change->tested)
		snprintf(text, sizeof(text), "%.4f", change->p_holm);
	ct_pen_right(&d->pen, text, P_COLUMNS);
}

/* Cliff's delta: from -1, every one of B takes less than any of A, to +1. */
static void draw_effect(struct drawing *d, const struct ct_change *change)
{
	char text[32] = "-";

	if (change->tested)
		snprintf(text, sizeof(text), "%+.2f", 2 * change->superiority - 1);
	ct_pen_right(&d->pen, text, EFFECT_COLUMNS);
}

static void draw_label(struct drawing *d, const struct ct_change *change)
{
	bool total = change->phase == CT_MEASURE_TOTAL;
	size_t indent = change->step ? 4 : 2;

	ct_pen_fill(&d->pen, " ", indent);
	if (total)
		ct_pen_on(&d->pen, CT_STYLE_BOLD);
	if (change->step)
		ct_pen_foreign(&d->pen, change->step, d->label - indent, true);
	else
		ct_pen_left(&d->pen, total ? "total" : ct_phase_names[change->phase],
			    d->label - indent);
	ct_pen_off(&d->pen);
}

static void draw_change(struct drawing *d, const struct ct_change *change)
{
	const struct ct_values *a = &change->side[CT_SIDE_A], *b = &change->side[CT_SIDE_B];

	draw_label(d, change);
	if (has(d, COUNTS)) {
		draw_count(d, a->n);
		draw_count(d, b->n);
	}
	draw_value(d, a, a->median);
	draw_value(d, b, b->median);
	draw_percent(d, change);
	if (has(d, INTERVAL))
		draw_interval(d, change);
	draw_verdict(d, change);
	if (has(d, P))
		draw_p(d, change);
	if (has(d, EFFECT))
		draw_effect(d, change);
	if (has(d, P99S)) {
		fputc(' ', d->pen.f);
		draw_value(d, a, a->p99);
		draw_value(d, b, b->p99);
	}
	fputc('\n', d->pen.f);
}

static void draw_growth(struct drawing *d, const struct ct_diff *diff,
			const struct ct_change *change)
{
	unsigned flags = d->pen.utf8 ? CT_DURATION_UTF8 : 0;
	char a[CT_DURATION_LEN], b[CT_DURATION_LEN];
	struct ct_growth grew;

	if (!ct_diff_grew(diff, change, &grew))
		return;
	ct_pen_left(&d->pen, "", d->label);
	ct_pen_on(&d->pen, CT_STYLE_DIM);
	fprintf(d->pen.f, "what grew: %s, from %s to %s\n", ct_reason_names[grew.reason],
		ct_duration(a, grew.ns[CT_SIDE_A], flags),
		ct_duration(b, grew.ns[CT_SIDE_B], flags));
	ct_pen_off(&d->pen);
}

static void draw_heads(struct drawing *d)
{
	ct_pen_on(&d->pen, CT_STYLE_DIM);
	ct_pen_left(&d->pen, "", d->label);
	if (has(d, COUNTS)) {
		ct_pen_right(&d->pen, "n A", COUNT_COLUMNS);
		ct_pen_right(&d->pen, "n B", COUNT_COLUMNS);
	}
	ct_pen_right(&d->pen, "p50 A", DURATION_COLUMNS);
	ct_pen_right(&d->pen, "p50 B", DURATION_COLUMNS);
	ct_pen_right(&d->pen, "change", PERCENT_COLUMNS);
	if (has(d, INTERVAL))
		ct_pen_right(&d->pen, "95 % interval", INTERVAL_COLUMNS);
	ct_pen_left(&d->pen, "  B is", VERDICT_COLUMNS + 2);
	if (has(d, P))
		ct_pen_right(&d->pen, "p", P_COLUMNS);
	if (has(d, EFFECT))
		ct_pen_right(&d->pen, "effect", EFFECT_COLUMNS);
	if (has(d, P99S)) {
		ct_pen_right(&d->pen, "p99 A", DURATION_COLUMNS + 1);
		ct_pen_right(&d->pen, "p99 B", DURATION_COLUMNS);
	}
	ct_pen_off(&d->pen);
	fputc('\n', d->pen.f);
}

static void draw_title(struct drawing *d, const struct ct_diff *diff,
		       const struct ct_change_group *g)
{
	struct ct_pen *pen = &d->pen;

	fputc('\n', pen->f);
	ct_pen_on(pen, CT_STYLE_BOLD);
	fputs(ct_record_names[g->type], pen->f);
	if (ct_compare_is_split(diff->compare)) {
		fputs(", ", pen->f);
		if (*g->key)
			ct_pen_foreign(pen, g->key, 32, false);
		else
			fprintf(pen->f, "unknown %s", ct_by_names[diff->opts->by]);
	}
	ct_pen_off(pen);
	fputc(':', pen->f);
	for (unsigned s = 0; s < CT_SIDES; s++) {
		fprintf(pen->f, "%s %c %llu ok", s ? "," : "", 'A' + s,
			(unsigned long long)g->count[s][CT_OUTCOME_OK]);
		if (g->count[s][CT_OUTCOME_FAILED]) {
			fputc(' ', pen->f);
			ct_pen_on(pen, CT_STYLE_BAD);
			fprintf(pen->f, "%llu failed",
				(unsigned long long)g->count[s][CT_OUTCOME_FAILED]);
			ct_pen_off(pen);
		}
		if (g->count[s][CT_OUTCOME_CUT])
			fprintf(pen->f, " %llu cut",
				(unsigned long long)g->count[s][CT_OUTCOME_CUT]);
	}
	fputc('\n', pen->f);
}

static void draw_more(struct drawing *d, size_t more)
{
	if (!more)
		return;
	ct_pen_on(&d->pen, CT_STYLE_DIM);
	fprintf(d->pen.f, "  and %zu step%s, see --steps", more, more == 1 ? "" : "s");
	ct_pen_off(&d->pen);
	fputc('\n', d->pen.f);
}

static bool has_values(const struct ct_diff *diff, const struct ct_change_group *g,
		       enum ct_side side)
{
	return ct_compare_change(diff->compare, g->first)->side[side].n;
}

/* All of them if asked for, else the first that differ. */
static bool step_shown(const struct ct_diff *diff, const struct ct_change *change, size_t nth)
{
	return diff->opts->steps || (nth < STEPS_TOP && change->verdict <= CT_VERDICT_FASTER);
}

/* Below the name of their phase; the phase of what matters most comes first. */
static void draw_steps(struct drawing *d, const struct ct_diff *diff,
		       const struct ct_change_group *g)
{
	bool done[CT_PHASE_MAX] = { false };
	size_t shown = g->first;

	while (shown < g->end && !ct_compare_change(diff->compare, shown)->step)
		shown++;
	for (size_t i = shown; i < g->end; i++) {
		const struct ct_change *first = ct_compare_change(diff->compare, i);

		if (done[first->phase] || !step_shown(diff, first, i - shown))
			continue;
		done[first->phase] = true;
		ct_pen_on(&d->pen, CT_STYLE_DIM);
		fprintf(d->pen.f, "  steps in %s\n", ct_phase_names[first->phase]);
		ct_pen_off(&d->pen);
		for (size_t k = i; k < g->end; k++) {
			const struct ct_change *change = ct_compare_change(diff->compare, k);

			if (change->phase == first->phase && step_shown(diff, change, k - shown))
				draw_change(d, change);
		}
	}
}

static void draw_group(struct drawing *d, const struct ct_diff *diff,
		       const struct ct_change_group *g)
{
	size_t steps = 0, more = 0;

	draw_title(d, diff, g);
	if (g->first == g->end || !has_values(diff, g, CT_SIDE_A) ||
	    !has_values(diff, g, CT_SIDE_B))
		return;
	draw_heads(d);
	for (size_t i = g->first; i < g->end; i++) {
		const struct ct_change *change = ct_compare_change(diff->compare, i);

		if (change->step)
			more += !step_shown(diff, change, steps++);
		else
			draw_change(d, change);
		draw_growth(d, diff, change);
	}
	draw_steps(d, diff, g);
	draw_more(d, more);
}

/* "web1", or "web1 and 3 others". */
static char *names_of_nodes(const struct drawing *d, const struct ct_diff *diff, enum ct_side side)
{
	own_mem char *first =
		ct_escape_text_dup(diff->side[side].recordings.items[0].node, d->pen.utf8);
	size_t others = ct_diff_nodes(diff, side) - 1;
	char *text;

	if (!others || !first)
		return take_ptr(first);
	if (asprintf(&text, "%s and %zu other%s", first, others, others == 1 ? "" : "s") < 0)
		return NULL;
	return text;
}

static void draw_side(struct drawing *d, const struct ct_diff *diff, enum ct_side side)
{
	const struct ct_core_counts *counts = &diff->side[side].counts;
	own_mem char *path = ct_escape_text_dup(diff->side[side].path, d->pen.utf8);
	own_mem char *nodes = names_of_nodes(d, diff, side);
	size_t files = diff->side[side].recordings.count;
	bool cut = ct_diff_cut(diff, side);
	const char *whole = cut ? "NOT READ WHOLE" : "nothing lost";
	uint64_t lost = 0;
	char text[2048], several[64] = "";

	for (size_t i = 0; i < CT_LOSS_MAX; i++)
		lost += counts->lost[i];
	if (files > 1)
		snprintf(several, sizeof(several), ", %zu recordings", files);
	snprintf(text, sizeof(text), "%c  %s%s: %llu container%s on %s, depth '%s', %s", 'A' + side,
		 path ? path : "?", several, (unsigned long long)counts->containers,
		 counts->containers == 1 ? "" : "s", nodes ? nodes : "?",
		 ct_depth_name(ct_diff_depth(diff, side)), lost ? "" : whole);
	if (lost)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%llu lost: see 'coldtrace report'%s%s", (unsigned long long)lost,
			 cut ? ", " : "", cut ? whole : "");
	ct_pen_wrap(&d->pen, text, 0, 3, d->pen.width);
	fputc('\n', d->pen.f);
}

/* "start of runc: total +1.85 s (+869 %), connect +113 ms (+1609 %) and 3 more; stop ..." */
static void list_slower(struct drawing *d, const struct ct_diff *diff, FILE *f)
{
	double limit = diff->opts->fail_if_slower ? diff->opts->slower_percent : 0;
	bool any = false;

	for (size_t i = 0; i < ct_compare_groups(diff->compare); i++) {
		const struct ct_change_group *g = ct_compare_group(diff->compare, i);
		const struct ct_change *total = ct_compare_change(diff->compare, g->first);
		size_t found = 0;

		for (size_t c = g->first; c < g->end; c++) {
			const struct ct_change *change = ct_compare_change(diff->compare, c);
			double percent = ct_change_percent(change);
			char by[64], key[256] = "";

			if (!ct_change_fails(change, total, limit) || found++ >= NAMED_MAX)
				continue;
			if (ct_compare_is_split(diff->compare))
				ct_escape_text(key, sizeof(key), g->key, d->pen.utf8, 32);
			if (found == 1)
				fprintf(f, "%s%s%s%s: ", any ? "; " : "", ct_record_names[g->type],
					*key ? " of " : "", key);
			fprintf(f, "%s%s %s", found > 1 ? ", " : "",
				change->phase == CT_MEASURE_TOTAL ? "total"
								  : ct_phase_names[change->phase],
				signed_duration(d, by, sizeof(by), change->change_ns, 0));
			if (!isnan(percent))
				fprintf(f, " (%+.*f %%)", percent < 99.95 ? 1 : 0, percent);
			any = true;
		}
		if (found > NAMED_MAX)
			fprintf(f, " and %zu more", found - NAMED_MAX);
	}
	fputs(".", f);
}

static void draw_verdict_line(struct drawing *d, const struct ct_diff *diff)
{
	char text[2048] = "", limit[64] = "";

	if (diff->opts->fail_if_slower)
		snprintf(limit, sizeof(limit), " by more than %g %%", diff->opts->slower_percent);
	fputc('\n', d->pen.f);
	if (diff->slower) {
		FILE *f = fmemopen(text, sizeof(text), "w");
		bool bad = !f;

		if (f) {
			fprintf(f, "B IS SLOWER%s: ", limit);
			list_slower(d, diff, f);
			bad = fclose(f);
		}
		if (bad)
			snprintf(text, sizeof(text), "B IS SLOWER%s.", limit);
		ct_pen_on(&d->pen, CT_STYLE_BAD);
	} else if (!diff->told) {
		snprintf(text, sizeof(text),
			 "TOO FEW TO TELL: it takes %d records of one kind in each recording.",
			 CT_COMPARE_FEW);
		ct_pen_on(&d->pen, CT_STYLE_ODD);
	} else {
		snprintf(text, sizeof(text), "No significant slow-down%s%s.", limit,
			 diff->untold ? " among what could be compared; B lacks records that A has"
				      : "");
	}
	ct_pen_wrap(&d->pen, text, 0, 0, d->pen.width);
	ct_pen_off(&d->pen);
	fputc('\n', d->pen.f);
}

static void draw_method(struct drawing *d, const struct ct_diff *diff)
{
	size_t tests = ct_compare_tests(diff->compare, false);
	size_t steps = ct_compare_tests(diff->compare, true);
	char text[1024];

	if (!tests)
		return;
	snprintf(
		text, sizeof(text),
		"Interval: of the difference of the medians, percentile bootstrap, %d resamples. p: "
		"Mann-Whitney U, two-sided, Holm-corrected for %zu tests of totals and phases%s. "
		"Slower and faster: p below %g and 0 outside of the interval. Fewer than %d values on a "
		"side are not tested; with fewer than 100, p99 is the longest.",
		CT_COMPARE_RESAMPLES, tests, steps ? " and apart from them for those of steps" : "",
		CT_COMPARE_ALPHA, CT_COMPARE_FEW);
	ct_pen_on(&d->pen, CT_STYLE_DIM);
	ct_pen_wrap(&d->pen, text, 0, 0, d->pen.width);
	ct_pen_off(&d->pen);
	fputc('\n', d->pen.f);
}

int ct_diff_table(const struct ct_diff *diff, char **ret_text, size_t *ret_len)
{
	struct drawing d;
	FILE *f = open_memstream(ret_text, ret_len);
	bool bad;

	if (!f)
		return -ENOMEM;
	pen_init(&d.pen, f);
	lay_out(&d);
	for (unsigned s = 0; s < CT_SIDES; s++)
		draw_side(&d, diff, (enum ct_side)s);
	for (size_t i = 0; i < ct_compare_groups(diff->compare); i++)
		draw_group(&d, diff, ct_compare_group(diff->compare, i));
	draw_verdict_line(&d, diff);
	draw_method(&d, diff);
	bad = ferror(f);
	if (fclose(f) || bad)
		return -ENOMEM;
	ct_pen_trim(*ret_text, ret_len);
	return 0;
}
