// SPDX-License-Identifier: GPL-2.0-only
/* Critical paths in the table: what took longest, ranked, of one record and over many. */
#include <string.h>

#include "sinks/table/table.h"
#include "sinks/units.h"
#include "util/mem.h"

#define INDENT       8
#define TIME_COLUMNS 9
#define PHASE_WIDTH  11
#define REASON_WIDTH 12
#define ROWS         12
#define ROW_LEAST_NS 100000 /* what is shorter is summed up */

static void draw_share(struct ct_pen *pen, uint64_t ns, uint64_t of)
{
	char text[16];

	snprintf(text, sizeof(text), "%.1f %%", of ? 100.0 * (double)ns / (double)of : 0);
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_right(pen, text, 8);
	ct_pen_off(pen);
}

static void draw_row(struct ct_pen *pen, const struct ct_cause_key *key, uint64_t ns, uint64_t of)
{
	size_t at = INDENT + TIME_COLUMNS + 8 + 2 + PHASE_WIDTH + REASON_WIDTH;
	size_t left = pen->width > at + 16 ? pen->width - at : 16;
	char text[128];

	ct_pen_fill(pen, " ", INDENT);
	ct_pen_duration(pen, ns, TIME_COLUMNS, false);
	draw_share(pen, ns, of);
	fputs("  ", pen->f);
	ct_pen_left(pen, ct_phase_names[key->phase], PHASE_WIDTH);
	ct_pen_left(pen, ct_reason_names[key->reason], REASON_WIDTH);
	snprintf(text, sizeof(text), "%s%s%s%s%s", key->actor, *key->step ? ", " : "", key->step,
		 *key->what ? ": " : "", key->what);
	ct_pen_foreign(pen, text, left, false);
	fputc('\n', pen->f);
}

static void draw_rest(struct ct_pen *pen, size_t count, uint64_t ns, uint64_t of)
{
	if (!count || !ns)
		return;
	ct_pen_fill(pen, " ", INDENT);
	ct_pen_duration(pen, ns, TIME_COLUMNS, false);
	draw_share(pen, ns, of);
	fprintf(pen->f, "  in %zu other%s\n", count, count == 1 ? "" : "s");
}

static void draw_unknown(struct ct_pen *pen, uint64_t ns, uint64_t of)
{
	ct_pen_fill(pen, " ", INDENT);
	ct_pen_duration(pen, ns, TIME_COLUMNS, false);
	draw_share(pen, ns, of);
	fputs("  unexplained\n", pen->f);
}

int ct_table_why(struct ct_pen *pen, const struct ct_record *rec)
{
	struct ct_causes *causes = rec->path ? ct_causes_new() : NULL;
	const struct ct_cause_sum *sums;
	const struct ct_cause_group *g;
	uint64_t rest = 0;
	size_t count, more = 0;
	int ret = causes ? ct_causes_add(causes, rec, "") : 0;

	if (!rec->path)
		return 0;
	if (!causes || ret) {
		ct_causes_free(causes);
		return -1;
	}
	g = ct_causes_group(causes, 0);
	sums = ct_causes_ranked(causes, 0, &count);
	for (size_t i = 0; i < count; i++) {
		if (sums[i].key.reason == CT_REASON_UNKNOWN)
			continue;
		if (i < ROWS && sums[i].ns >= ROW_LEAST_NS) {
			draw_row(pen, &sums[i].key, sums[i].ns, g->ns);
		} else {
			rest += sums[i].ns;
			more++;
		}
	}
	draw_rest(pen, more, rest, g->ns);
	draw_unknown(pen, g->unknown_ns, g->ns);
	ct_causes_free(causes);
	return 0;
}

void ct_table_causes(struct ct_pen *pen, struct ct_causes *causes)
{
	for (size_t i = 0; i < ct_causes_groups(causes); i++) {
		const struct ct_cause_group *g = ct_causes_group(causes, i);
		char took[CT_DURATION_LEN];
		size_t count;
		const struct ct_cause_sum *sums = ct_causes_ranked(causes, i, &count);

		if (g->records < 2)
			continue;
		ct_pen_on(pen, CT_STYLE_BOLD);
		fprintf(pen->f, "\nWhy %s ", ct_record_names[g->type]);
		ct_pen_foreign(pen, *g->key ? g->key : "?", CT_KEY_COLUMNS, false);
		ct_pen_off(pen);
		fprintf(pen->f, ": medians over %zu, which took %s on average\n", g->records,
			ct_duration(took, g->ns / g->records, pen->utf8 ? CT_DURATION_UTF8 : 0));
		for (size_t k = 0; k < count && k < ROWS; k++)
			if (sums[k].median_ns >= ROW_LEAST_NS &&
			    sums[k].key.reason != CT_REASON_UNKNOWN)
				draw_row(pen, &sums[k].key, sums[k].median_ns, g->ns / g->records);
		draw_unknown(pen, g->unknown_ns / g->records, g->ns / g->records);
	}
}
