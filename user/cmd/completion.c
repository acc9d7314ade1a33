// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/completion.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
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
 * (NULL: any), the words, the function of the script below. What is in no row has free values.
 */
static const struct value_row {
	const char *arg, *option;
	void (*words)(FILE *out);
	const char *how;
} value_rows[] = {
	{ "NAME", "runtime", put_runtimes, "_coldtrace_words" },
	{ "NAME", "engine", put_engines, "_coldtrace_words" },
	{ "WHEN", NULL, put_ready, "_coldtrace_words" },
	{ "KEY", NULL, put_by, "_coldtrace_words" },
	{ "FORMAT[:FILE]", NULL, put_outputs, "_coldtrace_words" },
	{ "F[:FILE],...", NULL, put_formats, "_coldtrace_list" },
	{ "F", "format", put_info_formats, "_coldtrace_words" },
	{ "FILE", NULL, NULL, "_coldtrace_files" },
	{ "DIR", NULL, NULL, "_coldtrace_directories" },
};

/* Commands whose operands are files, or words: those of the line and those that the function adds. */
static const struct operand_row {
	const char *command, *line;
	void (*words)(FILE *out);
} operand_rows[] = {
	{ "report", "_coldtrace_recordings", NULL },
	{ "diff", "_coldtrace_recordings", NULL },
	{ "info", "_coldtrace_recordings", NULL },
	{ "export", "_coldtrace_recordings", NULL },
	{ "scrub", "_coldtrace_recordings", NULL },
	{ "schema", "_coldtrace_words schema formats support diff info", put_formats },
};

static const char head[] =
	"# bash completion for coldtrace, written by 'coldtrace completion bash'\n"
	"\n"
	"_coldtrace_words()\n"
	"{\n"
	"	mapfile -t COMPREPLY < <(compgen -W \"$*\" -- \"$cur\")\n"
	"	[[ ${COMPREPLY[0]-} != *: ]] || compopt -o nospace\n"
	"}\n"
	"\n"
	"# The last of several, with commas between them.\n"
	"_coldtrace_list()\n"
	"{\n"
	"	local before=\n"
	"\n"
	"	[[ $cur != *,* ]] || before=${cur%,*},\n"
	"	mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$*\" -- \"${cur##*,}\")\n"
	"	compopt -o nospace\n"
	"}\n"
	"\n"
	"_coldtrace_files()\n"
	"{\n"
	"	compopt -o filenames\n"
	"	mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"}\n"
	"\n"
	"_coldtrace_directories()\n"
	"{\n"
	"	compopt -o filenames\n"
	"	mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
	"}\n"
	"\n"
	"_coldtrace_recordings()\n"
	"{\n"
	"	compopt -o filenames\n"
	"	mapfile -t COMPREPLY < <(compgen -f -X '!*.ct' -- \"$cur\"; compgen -d -- \"$cur\")\n"
	"}\n"
	"\n"
	"# What follows '--' is another program's line.\n"
	"_coldtrace_program()\n"
	"{\n"
	"	if (($1 + 1 == COMP_CWORD)); then\n"
	"		mapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
	"	elif declare -F _command_offset > /dev/null; then\n"
	"		_command_offset $(($1 + 1))\n"
	"	else\n"
	"		_coldtrace_files\n"
	"	fi\n"
	"}\n"
	"\n"
	"_coldtrace()\n"
	"{\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"	local command=trace commands i\n"
	"\n"
	"	COMPREPLY=()\n"
	"	for ((i = 1; i < COMP_CWORD; i++)); do\n"
	"		[[ ${COMP_WORDS[i]} != -- ]] || { _coldtrace_program \"$i\"; return; }\n"
	"	done\n"
	"	# bash takes a colon, and what is behind it, for words of their own\n"
	"	[[ $cur != : ]] || { cur=; _coldtrace_files; return; }\n"
	"	[[ $prev != : ]] || { _coldtrace_files; return; }\n";

/* The case of _coldtrace() after "--option" or "-o"; nothing if it takes no value. */
static void put_value(FILE *out, const char *command, const struct ct_option_row *option)
{
	const struct value_row *found = NULL;

	if (!option->arg)
		return;
	for (size_t i = 0; i < CT_ARRAY_SIZE(value_rows) && !found; i++) {
		const struct value_row *row = &value_rows[i];

		if (!strcmp(row->arg, option->arg) &&
		    (!row->option || !strcmp(row->option, option->name)))
			found = row;
	}
	fprintf(out, "	%s\\ --%s", command, option->name);
	if (option->letter)
		fprintf(out, "|%s\\ -%c", command, option->letter);
	fprintf(out, ") %s", found ? found->how : "");
	if (found && found->words)
		found->words(out);
	fputs(found ? "; return ;;\n" : "return ;;\n", out);
}

static void put_values(FILE *out, const char *command)
{
	struct ct_option_row option;

	for (size_t i = 0; ct_options_row(i, command, &option); i++)
		put_value(out, command, &option);
}

static void put_options(FILE *out, const char *command, const char *other)
{
	struct ct_option_row option;

	fprintf(out, "	%s\\ -*) _coldtrace_words", command);
	for (size_t i = 0; ct_options_row(i, command, &option); i++) {
		fprintf(out, " --%s", option.name);
		if (option.letter)
			fprintf(out, " -%c", option.letter);
	}
	fprintf(out, "%s ;;\n", other);
}

static bool runs_program(const char *command)
{
	return !strcmp(command, "trace") || !strcmp(command, "record");
}

int ct_completion_bash(FILE *out, const char *const *commands, struct ct_err *err)
{
	fputs(head, out);
	fputs("	commands='", out);
	for (size_t i = 0; commands[i]; i++)
		fprintf(out, "%s%s", i ? " " : "", commands[i]);
	fputs("'\n"
	      "	((COMP_CWORD < 2)) || [[ \" $commands \" != *\" ${COMP_WORDS[1]} \"* ]] ||\n"
	      "		command=${COMP_WORDS[1]}\n"
	      "	case $command\\ $prev in\n",
	      out);
	for (size_t i = 0; commands[i]; i++)
		put_values(out, commands[i]);
	fputs("	esac\n"
	      "	if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then\n"
	      "		_coldtrace_words \"$commands\"\n"
	      "		return\n"
	      "	fi\n"
	      "	case $command\\ $cur in\n",
	      out);
	for (size_t i = 0; commands[i]; i++)
		put_options(out, commands[i], runs_program(commands[i]) ? " --" : "");
	for (size_t i = 0; i < CT_ARRAY_SIZE(operand_rows); i++) {
		fprintf(out, "	%s\\ *) %s", operand_rows[i].command, operand_rows[i].line);
		if (operand_rows[i].words)
			operand_rows[i].words(out);
		fputs(" ;;\n", out);
	}
	fputs("	esac\n"
	      "}\n"
	      "complete -F _coldtrace coldtrace\n",
	      out);
	if (fflush(out) || ferror(out))
		return ct_fail(err, errno ? errno : EIO, "print the completion: %s",
			       strerror(errno ? errno : EIO));
	return 0;
}
