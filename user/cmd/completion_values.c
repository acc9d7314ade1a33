// SPDX-License-Identifier: GPL-2.0-only
/* What every shell completes: values of options, operands of commands. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/completion_values.h"
#include "core/who/roles.h"
#include "sinks/sink.h"
#include "util/mem.h"

static void put_ready(FILE *out)
{
	for (int i = 0; i < CT_READY_MAX; i++)
		fprintf(out, " %s%s", ct_ready_names[i], i == CT_READY_PATH ? ":" : "");
}

static void put_by(FILE *out)
{
	for (int i = 0; i < CT_BY_MAX; i++)
		fprintf(out, " %s", ct_by_names[i]);
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
 * How the value of an option is completed. Columns: what --help calls the value, the option's name
 * (NULL: any), the words, how. What is in no row has free values.
 */
static const struct ct_value_row value_rows[] = {
	{ "NAME", "runtime", put_runtimes, CT_VALUE_WORDS },
	{ "NAME", "engine", put_engines, CT_VALUE_WORDS },
	{ "WHEN", NULL, put_ready, CT_VALUE_WORDS },
	{ "KEY", NULL, put_by, CT_VALUE_WORDS },
	{ "FORMAT[:FILE]", NULL, put_outputs, CT_VALUE_WORDS },
	{ "F[:FILE],...", NULL, put_formats, CT_VALUE_LIST },
	{ "F", "format", put_info_formats, CT_VALUE_WORDS },
	{ "FILE", NULL, NULL, CT_VALUE_FILES },
	{ "DIR", NULL, NULL, CT_VALUE_DIRECTORIES },
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

const struct ct_value_row *ct_completion_value(const struct ct_option_row *option)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(value_rows); i++)
		if (!strcmp(value_rows[i].arg, option->arg) &&
		    (!value_rows[i].option || !strcmp(value_rows[i].option, option->name)))
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
