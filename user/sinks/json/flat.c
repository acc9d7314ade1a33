// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON Lines that are rows of a table: the same columns in every line, in the same order, none of them an
 * object or a list. 'coldtrace schema --ddl' makes the table of them.
 */
#include "sinks/columns.h"
#include "sinks/json/json_writer.h"

struct cells {
	struct ct_json w;
	const char *name; /* of the column */
};

static void put_text(void *ctx, const char *text)
{
	struct cells *cells = ctx;

	if (*text)
		ct_json_string(&cells->w, cells->name, text);
	else
		ct_json_null(&cells->w, cells->name);
}

static void put_number(void *ctx, uint64_t n, bool known)
{
	struct cells *cells = ctx;

	/* Databases have signed numbers; what is above is of a recording that was forged. */
	ct_json_u64_or_null(&cells->w, cells->name, n, known && n <= INT64_MAX);
}

static void put_time(void *ctx, int64_t real_ns)
{
	struct cells *cells = ctx;

	ct_json_time(&cells->w, cells->name, real_ns);
}

static void put_flag(void *ctx, bool yes)
{
	struct cells *cells = ctx;

	ct_json_bool(&cells->w, cells->name, yes);
}

static const struct ct_row_ops ops = {
	.text = put_text,
	.number = put_number,
	.time = put_time,
	.flag = put_flag,
};

static void put_columns(struct ct_row *row, const struct ct_column *columns, size_t count)
{
	struct cells *cells = row->ctx;

	for (size_t i = 0; i < count; i++) {
		cells->name = columns[i].name;
		columns[i].put(row, columns[i].phase);
	}
}

static int flat_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
		       const struct ct_record *rec)
{
	struct cells cells = { .w = { .f = page } };
	struct ct_row row = { .rec = rec, .session = session, .ops = &ops, .ctx = &cells };

	(void)s;
	ct_json_enter(&cells.w, NULL, '{');
	put_columns(&row, ct_record_columns, ct_record_column_count);
	put_columns(&row, ct_flat_columns, ct_flat_column_count);
	ct_json_leave(&cells.w, '}');
	putc('\n', page);
	return 0;
}

const struct ct_sink_ops ct_flat_ops = {
	.name = "flat",
	.suffix = ".flat.jsonl",
	.help = "JSON Lines for databases: a record per line, the same columns in each",
	.record = flat_record,
};
