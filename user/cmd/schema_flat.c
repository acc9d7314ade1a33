// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/schema_flat.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sinks/columns.h"
#include "util/mem.h"

/*
 * Columns: name, what stands before the columns, types of text, number, time and flag, how what is never
 * null and what may be is written around them, what stands behind the columns.
 */
static const struct database {
	const char *name, *head, *types[4], *always, *maybe, *tail;
} databases[] = {
	{ "duckdb",
	  "CREATE TABLE coldtrace (\n",
	  { "VARCHAR", "BIGINT", "TIMESTAMP_NS", "BOOLEAN" },
	  "%s NOT NULL",
	  "%s",
	  ");\n" },
	{ "clickhouse",
	  "CREATE TABLE coldtrace (\n",
	  { "String", "Int64", "DateTime64(9, 'UTC')", "Bool" },
	  "%s",
	  "Nullable(%s)",
	  ")\nENGINE = MergeTree\nORDER BY (kind, begin_time);\n" },
	/* It reads microseconds, and makes null of what has more: the time is text, begin_unix_ns is not. */
	{ "spark",
	  "CREATE TABLE coldtrace (\n",
	  { "STRING", "BIGINT", "STRING", "BOOLEAN" },
	  "%s NOT NULL",
	  "%s",
	  ")\nUSING json;\n" },
};

/* Those that every record has. */
static bool is_always(const struct ct_column *column)
{
	static const char *const names[] = { "kind", "outcome", "begin_time", "removed" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++)
		if (!strcmp(column->name, names[i]))
			return true;
	return false;
}

static const struct ct_column *column_at(size_t at)
{
	if (at < ct_record_column_count)
		return &ct_record_columns[at];
	at -= ct_record_column_count;
	return at < ct_flat_column_count ? &ct_flat_columns[at] : NULL;
}

static int printed(struct ct_err *err)
{
	if (fflush(stdout) || ferror(stdout))
		return ct_fail(err, errno ? errno : EIO, "print the schema: %s", strerror(errno));
	return 0;
}

/* "%s" in the form is the type. */
static void put_type(const char *form, const char *type)
{
	size_t before = strcspn(form, "%");

	printf("%.*s%s%s", (int)before, form, type, form + before + 2);
}

int ct_print_flat_ddl(const char *database, struct ct_err *err)
{
	const struct database *d = NULL;
	const struct ct_column *column;

	for (size_t i = 0; i < CT_ARRAY_SIZE(databases) && !d; i++)
		if (!strcmp(databases[i].name, database))
			d = &databases[i];
	if (!d)
		return ct_fail(err, EINVAL,
			       "option --ddl: '%s' is none of duckdb, clickhouse, spark", database);
	fputs(d->head, stdout);
	for (size_t i = 0; (column = column_at(i)); i++) {
		printf("%s\t%s ", i ? ",\n" : "", column->name);
		put_type(is_always(column) ? d->always : d->maybe, d->types[column->type]);
	}
	putchar('\n');
	fputs(d->tail, stdout);
	return printed(err);
}

static void put_names(const char *key, const char *const *names, int count)
{
	printf("\t\t\"%s\": { \"enum\": [", key);
	for (int i = 0; i < count; i++)
		printf("%s\"%s\"", i ? ", " : "", names[i]);
	fputs("] }", stdout);
}

static void put_property(const struct ct_column *column)
{
	static const char *const types[] = {
		[CT_COLUMN_TEXT] = "\"string\"",
		[CT_COLUMN_NUMBER] = "\"integer\"",
		[CT_COLUMN_TIME] = "\"string\"",
		[CT_COLUMN_FLAG] = "\"boolean\"",
	};
	bool always = is_always(column);

	if (!strcmp(column->name, "kind")) {
		put_names("kind", ct_record_names, CT_RECORD_MAX);
		return;
	}
	if (!strcmp(column->name, "outcome")) {
		put_names("outcome", ct_outcome_names, CT_OUTCOME_MAX);
		return;
	}
	printf("\t\t\"%s\": { \"type\": %s%s%s%s }", column->name, always ? "" : "[",
	       types[column->type], always ? "" : ", \"null\"]",
	       column->type == CT_COLUMN_NUMBER ? ", \"minimum\": 0"
	       : column->type == CT_COLUMN_TIME ? ", \"format\": \"date-time\""
						: "");
}

int ct_print_flat_schema(struct ct_err *err)
{
	const struct ct_column *column;

	fputs("{\n\t\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	      "\t\"title\": \"a line of coldtrace's output flat\",\n"
	      "\t\"type\": \"object\",\n\t\"properties\": {\n",
	      stdout);
	for (size_t i = 0; (column = column_at(i)); i++) {
		fputs(i ? ",\n" : "", stdout);
		put_property(column);
	}
	fputs("\n\t},\n\t\"required\": [", stdout);
	for (size_t i = 0; (column = column_at(i)); i++)
		printf("%s\"%s\"", i ? ", " : "", column->name);
	fputs("],\n\t\"additionalProperties\": false\n}\n", stdout);
	return printed(err);
}
