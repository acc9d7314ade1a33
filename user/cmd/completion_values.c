// SPDX-License-Identifier: GPL-2.0-only
/* What every shell completes: values of options, operands of commands. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/completion_values.h"
#include "core/who/roles.h"
#include "sinks/sink.h"
#include "source/live/plan.h"
#include "stats/open_groups.h"
#include "cmd/options_metrics.h"
#include "util/mem.h"

static void put_ready(FILE *out)
{
	for (int i = 0; i < CT_READY_MAX; i++)
		fprintf(out, " %s%s", ct_ready_names[i], i == CT_READY_PATH ? ":" : "");
}

static void put_names(FILE *out, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		fprintf(out, " %s", names[i]);
}

static void put_by(FILE *out)
{
	put_names(out, ct_by_names, CT_BY_MAX);
}

static void put_open_by(FILE *out)
{
	put_names(out, ct_open_by_names, CT_OPEN_BY_MAX);
}

static void put_compare_by(FILE *out)
{
	put_by(out);
	fputs(" file run kind", out);
}

static void put_metrics_by(FILE *out)
{
	for (size_t i = 0; i < CT_METRICS_BY_MAX; i++)
		fprintf(out, " %s", ct_by_names[ct_metrics_by[i]]);
}

static void put_outcomes(FILE *out)
{
	put_names(out, ct_outcome_names, CT_OUTCOME_MAX);
}

static void put_kinds(FILE *out)
{
	put_names(out, ct_record_names, CT_RECORD_MAX);
}

static void put_plans(FILE *out)
{
	for (int i = 0; i < CT_PLAN_MAX; i++)
		fprintf(out, " %s", ct_plans[i].name);
}

static void put_restarts_by(FILE *out)
{
	fputs(" name image", out);
}

static void put_what_if(FILE *out)
{
	fputs(" prewarm", out);
}

static void put_databases(FILE *out)
{
	fputs(" duckdb clickhouse spark", out);
}

static void put_outputs(FILE *out)
{
	for (size_t i = 0; ct_sinks[i]; i++)
		fprintf(out, " %s", ct_sinks[i]->name);
}

static void put_formats(FILE *out)
{
	const char *name;

	for (size_t i = 0; (name = ct_export_format(i)) != NULL; i++)
		fprintf(out, " %s", name);
}

static void put_info_formats(FILE *out)
{
	fputs(" text json", out);
}

static void put_runtimes(FILE *out)
{
	for (const struct ct_role_row *row = ct_roles; row->comm; row++)
		if (row->runtime)
			fprintf(out, " %s", row->runtime);
}

static void put_engines(FILE *out)
{
	for (const struct ct_role_row *row = ct_roles; row->comm; row++)
		if (row->engine)
			fprintf(out, " %s", row->engine);
}

/*
 * How the value of an option is completed. Columns: what --help calls the value, the option's name and command
 * (NULL: any), the words, how. The first that fits; what is in no row has free values.
 */
static const struct ct_value_row value_rows[] = {
	{ "NAME", "runtime", NULL, put_runtimes, CT_VALUE_WORDS },
	{ "NAME", "engine", NULL, put_engines, CT_VALUE_WORDS },
	{ "NAME", "outcome", NULL, put_outcomes, CT_VALUE_LIST },
	{ "NAME", "kind", NULL, put_kinds, CT_VALUE_LIST },
	{ "NAME", "plan", NULL, put_plans, CT_VALUE_WORDS },
	{ "WHAT", "restarts-by", NULL, put_restarts_by, CT_VALUE_WORDS },
	{ "WHAT", "what-if", NULL, put_what_if, CT_VALUE_WORDS },
	{ "DATABASE", "ddl", NULL, put_databases, CT_VALUE_WORDS },
	{ "WHEN", NULL, NULL, put_ready, CT_VALUE_WORDS },
	{ "KEY", "opens-by", NULL, put_open_by, CT_VALUE_WORDS },
	{ "KEY", "by", "opens", put_open_by, CT_VALUE_WORDS },
	{ "KEY", NULL, NULL, put_by, CT_VALUE_WORDS },
	{ "KEY,...", "metrics-by", NULL, put_metrics_by, CT_VALUE_LIST },
	{ "KEY,...", "by", NULL, put_compare_by, CT_VALUE_LIST },
	{ "FORMAT[:FILE]", NULL, NULL, put_outputs, CT_VALUE_WORDS },
	{ "F[:FILE],...", NULL, NULL, put_formats, CT_VALUE_LIST },
	{ "F", "format", NULL, put_info_formats, CT_VALUE_WORDS },
	{ "FILE", NULL, NULL, NULL, CT_VALUE_FILES },
	{ "DIR", NULL, NULL, NULL, CT_VALUE_DIRECTORIES },
};

/* Commands whose operands are recordings, or words: those of the row and those that the function adds. */
static const struct ct_operand_row operand_rows[] = {
	{ "report", NULL, NULL },
	{ "diff", NULL, NULL },
	{ "compare", NULL, NULL },
	{ "info", NULL, NULL },
	{ "export", NULL, NULL },
	{ "scrub", NULL, NULL },
	{ "schema", "schema formats support diff info", put_formats },
};

static bool is_for(const char *who, const char *name)
{
	return !who || !strcmp(who, name);
}

const struct ct_value_row *ct_completion_value(const char *command,
					       const struct ct_option_row *option)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(value_rows); i++)
		if (!strcmp(value_rows[i].arg, option->arg) &&
		    is_for(value_rows[i].option, option->name) &&
		    is_for(value_rows[i].command, command))
			return &value_rows[i];
	return NULL;
}

const struct ct_operand_row *ct_completion_operand(const char *command)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(operand_rows); i++)
		if (!strcmp(operand_rows[i].command, command))
			return &operand_rows[i];
	return NULL;
}

bool ct_completion_runs_program(const char *command)
{
	return !strcmp(command, "trace") || !strcmp(command, "record");
}
