// SPDX-License-Identifier: GPL-2.0-only
/*
 * RFC 4180: a header, then a row per record or per step; docs/formats.md says what the columns
 * are. Text is always quoted, and a cell that a spreadsheet takes for a formula gets an apostrophe.
 */
#include <errno.h>

#include "sinks/columns.h"
#include "sinks/csv/csv.h"
#include "sinks/sink.h"
#include "sinks/units.h"

struct cells {
	FILE *f;
	bool no_memory;
};

static void put_text(void *ctx, const char *text)
{
	struct cells *cells = ctx;

	cells->no_memory |= ct_csv_text(cells->f, text) != 0;
}

static void put_number(void *ctx, uint64_t n, bool known)
{
	struct cells *cells = ctx;

	if (known)
		fprintf(cells->f, "%llu", (unsigned long long)n);
}

static void put_time(void *ctx, int64_t real_ns)
{
	struct cells *cells = ctx;
	char buf[CT_RFC3339_LEN];

	fputs(ct_rfc3339(buf, real_ns), cells->f);
}

static void put_flag(void *ctx, bool yes)
{
	struct cells *cells = ctx;

	fputs(yes ? "true" : "false", cells->f);
}

static const struct ct_row_ops ops = {
	.text = put_text,
	.number = put_number,
	.time = put_time,
	.flag = put_flag,
};

static void put_row(struct ct_row *row, const struct ct_column *columns, size_t count)
{
	const struct cells *cells = row->ctx;

	for (size_t i = 0; i < count; i++) {
		if (i)
			putc(',', cells->f);
		columns[i].put(row, columns[i].phase);
	}
	fputs("\r\n", cells->f);
}

static void put_head(FILE *page, const struct ct_column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(page, "%s%s", i ? "," : "", columns[i].name);
	fputs("\r\n", page);
}

static int csv_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	(void)s, (void)session;
	put_head(page, ct_record_columns, ct_record_column_count);
	return 0;
}

/* Sums are for the reader of the table to make: there is no end. */
static int csv_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
		      const struct ct_record *rec)
{
	struct cells cells = { .f = page };
	struct ct_row row = { .rec = rec, .session = session, .ops = &ops, .ctx = &cells };

	(void)s;
	put_row(&row, ct_record_columns, ct_record_column_count);
	return cells.no_memory ? -ENOMEM : 0;
}

static int steps_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	(void)s, (void)session;
	put_head(page, ct_step_columns, ct_step_column_count);
	return 0;
}

static int steps_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			const struct ct_record *rec)
{
	struct cells cells = { .f = page };
	struct ct_row row = { .rec = rec, .session = session, .ops = &ops, .ctx = &cells };

	(void)s;
	for (row.index = 0; row.index < rec->step_count; row.index++) {
		row.step = &rec->steps[row.index];
		put_row(&row, ct_step_columns, ct_step_column_count);
	}
	return cells.no_memory ? -ENOMEM : 0;
}

const struct ct_sink_ops ct_csv_ops = {
	.name = "csv",
	.suffix = ".csv",
	.help = "a table for spreadsheets and data frames: a row per record",
	.begin = csv_begin,
	.record = csv_record,
};

const struct ct_sink_ops ct_csv_steps_ops = {
	.name = "csv-steps",
	.suffix = ".steps.csv",
	.help = "the same with a row per step",
	.steps = CT_SINK_STEPS_ALONE,
	.begin = steps_begin,
	.record = steps_record,
};
