// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "cmd/completion_values.h"

static const char head[] =
	"# fish completion for coldtrace, written by 'coldtrace completion fish'\n"
	"\n"
	"# Whether the line is of this command, and no other program's begins in it.\n"
	"function __coldtrace_of\n"
	"	set -l words (commandline -opc)\n"
	"	contains -- -- $words; and return 1\n"
	"	set -l command trace\n"
	"	set -q words[2]; and contains -- $words[2] $__coldtrace_commands; and set command $words[2]\n"
	"	test $command = $argv[1]\n"
	"end\n"
	"\n"
	"function __coldtrace_first\n"
	"	test (count (commandline -opc)) -eq 1\n"
	"end\n"
	"\n"
	"# The last of several, with commas between them.\n"
	"function __coldtrace_list\n"
	"	set -l before (string match -r '^.*,' -- (commandline -ct))\n"
	"	set -q before[1]; or set before '' # of no word there is no product\n"
	"	printf '%s\\n' $before$argv\n"
	"end\n"
	"\n"
	"function __coldtrace_recordings\n"
	"	set -l begun (commandline -ct)\n"
	"	for file in $begun*.ct\n"
	"		echo $file\n"
	"	end\n"
	"	__fish_complete_directories $begun ''\n"
	"end\n"
	"\n"
	"# What follows '--' is another program's line.\n"
	"function __coldtrace_has_program\n"
	"	contains -- -- (commandline -opc)\n"
	"end\n"
	"function __coldtrace_program\n"
	"	set -l words (commandline -opc)\n"
	"	set -l at (contains -i -- -- $words)\n"
	"	set -e words[1..$at]\n"
	"	complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))\n"
	"end\n"
	"\n"
	"complete -c coldtrace -f\n"
	"complete -c coldtrace -n __coldtrace_has_program -x -a '(__coldtrace_program)'\n";

/* Within single quotes. */
static void put_quoted(FILE *out, const char *text)
{
	putc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('\'', out);
}

static void put_value(FILE *out, const char *command, const struct ct_option_row *option)
{
	const struct ct_value_row *row = ct_completion_value(command, option);
	enum ct_value_how how = row ? row->how : CT_VALUE_HOW_MAX;

	if (how == CT_VALUE_FILES) {
		fputs(" -r -F", out);
		return;
	}
	fputs(" -x", out);
	if (how == CT_VALUE_DIRECTORIES)
		fputs(" -a '(__fish_complete_directories (commandline -ct) \"\")'", out);
	if (how != CT_VALUE_WORDS && how != CT_VALUE_LIST)
		return;
	fputs(how == CT_VALUE_LIST ? " -a '(__coldtrace_list" : " -a '", out);
	row->words(out);
	fputs(how == CT_VALUE_LIST ? ")'" : "'", out);
}

static void put_options(FILE *out, const char *command)
{
	struct ct_option_row option;

	for (size_t i = 0; ct_options_row(i, command, &option); i++) {
		fprintf(out, "complete -c coldtrace -n '__coldtrace_of %s' -l %s", command,
			option.name);
		if (option.letter)
			fprintf(out, " -s %c", option.letter);
		if (option.arg)
			put_value(out, command, &option);
		fputs(" -d ", out);
		put_quoted(out, option.help);
		putc('\n', out);
	}
}

static void put_operands(FILE *out, const char *command)
{
	const struct ct_operand_row *row = ct_completion_operand(command);

	if (!row)
		return;
	fprintf(out, "complete -c coldtrace -n '__coldtrace_of %s' -a '%s", command,
		row->line ? row->line : "(__coldtrace_recordings)");
	if (row->words)
		row->words(out);
	fputs("'\n", out);
}

void ct_completion_fish(FILE *out, const char *const *commands)
{
	fputs(head, out);
	fputs("set -g __coldtrace_commands", out);
	for (size_t i = 0; commands[i]; i++)
		fprintf(out, " %s", commands[i]);
	fputs("\ncomplete -c coldtrace -n __coldtrace_first -a \"$__coldtrace_commands\"\n", out);
	for (size_t i = 0; commands[i]; i++) {
		put_options(out, commands[i]);
		put_operands(out, commands[i]);
	}
}
