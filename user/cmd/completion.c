// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/completion.h"

#include <errno.h>
#include <string.h>

#include "cmd/completion_values.h"
#include "util/mem.h"

/* Functions of the script below. */
static const char *const functions[CT_VALUE_HOW_MAX] = {
	[CT_VALUE_WORDS] = "_coldtrace_words",
	[CT_VALUE_LIST] = "_coldtrace_list",
	[CT_VALUE_FILES] = "_coldtrace_files",
	[CT_VALUE_DIRECTORIES] = "_coldtrace_directories",
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
	const struct ct_value_row *found =
		option->arg ? ct_completion_value(command, option) : NULL;

	if (!option->arg)
		return;
	fprintf(out, "	%s\\ --%s", command, option->name);
	if (option->letter)
		fprintf(out, "|%s\\ -%c", command, option->letter);
	fprintf(out, ") %s", found ? functions[found->how] : "");
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

static void put_operands(FILE *out, const char *command)
{
	const struct ct_operand_row *row = ct_completion_operand(command);

	if (!row)
		return;
	fprintf(out, "	%s\\ *) %s%s", command,
		row->line ? "_coldtrace_words " : "_coldtrace_recordings",
		row->line ? row->line : "");
	if (row->words)
		row->words(out);
	fputs(" ;;\n", out);
}

static void put_bash(FILE *out, const char *const *commands)
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
		put_options(out, commands[i], ct_completion_runs_program(commands[i]) ? " --" : "");
	for (size_t i = 0; commands[i]; i++)
		put_operands(out, commands[i]);
	fputs("	esac\n"
	      "}\n"
	      "complete -F _coldtrace coldtrace\n",
	      out);
}

/* Columns: shell, how it is written. */
static const struct {
	const char *shell;
	void (*put)(FILE *out, const char *const *commands);
} shells[] = {
	{ "bash", put_bash },
	{ "fish", ct_completion_fish },
	{ "zsh", ct_completion_zsh },
};

int ct_completion(FILE *out, const char *shell, const char *const *commands, struct ct_err *err)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(shells); i++) {
		if (strcmp(shell, shells[i].shell) != 0)
			continue;
		shells[i].put(out, commands);
		if (fflush(out) || ferror(out))
			return ct_fail(err, errno ? errno : EIO, "print the completion: %s",
				       strerror(errno ? errno : EIO));
		return 0;
	}
	return ct_fail(err, EINVAL,
		       "completion is there for bash, fish and zsh: coldtrace completion bash");
}
