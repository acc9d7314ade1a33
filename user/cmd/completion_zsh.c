// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "cmd/completion_values.h"

static const char head[] = "#compdef coldtrace\n"
			   "# zsh completion for coldtrace, written by 'coldtrace completion zsh'\n"
			   "\n"
			   "_coldtrace_recordings()\n"
			   "{\n"
			   "	_files -g '*.ct(-.)'\n"
			   "}\n"
			   "\n"
			   "_coldtrace()\n"
			   "{\n"
			   "	local command=trace at=${words[(i)--]}\n"
			   "	local -a commands\n"
			   "\n"
			   "	# what follows '--' is another program's line\n"
			   "	if ((at < CURRENT)); then\n"
			   "		words=(\"${(@)words[at + 1,-1]}\")\n"
			   "		((CURRENT -= at))\n"
			   "		_normal\n"
			   "		return\n"
			   "	fi\n";

/* Within single quotes, and with what _arguments takes for its own told apart. */
static void put_safe(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			putc('\\', out);
		fputs(*text == '\'' ? "'\\''" : (const char[]){ *text, '\0' }, out);
	}
}

static void put_words(FILE *out, void (*words)(FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	words(f);
	if (!fclose(f))
		put_safe(out, text + strspn(text, " "));
	free(text);
}

static void put_value(FILE *out, const char *command, const struct ct_option_row *option)
{
	const struct ct_value_row *row = ct_completion_value(command, option);

	putc(':', out);
	put_safe(out, option->arg);
	putc(':', out);
	switch (row ? row->how : CT_VALUE_HOW_MAX) {
	case CT_VALUE_WORDS:
		putc('(', out);
		put_words(out, row->words);
		putc(')', out);
		break;
	case CT_VALUE_LIST:
		fputs("_values -s , ", out);
		put_safe(out, option->name);
		putc(' ', out);
		put_words(out, row->words);
		break;
	case CT_VALUE_FILES:
		fputs("_files", out);
		break;
	case CT_VALUE_DIRECTORIES:
		fputs("_files -/", out);
		break;
	default: /* free */
		break;
	}
}

static void put_spec(FILE *out, const char *command, const struct ct_option_row *option,
		     const char *dashes, const char *name)
{
	fprintf(out, " \\\n		'*%s%s%s[", dashes, name,
		!option->arg ? ""
		: dashes[1]  ? "="
			     : "+");
	put_safe(out, option->help);
	putc(']', out);
	if (option->arg)
		put_value(out, command, option);
	putc('\'', out);
}

static void put_command(FILE *out, const char *command)
{
	const struct ct_operand_row *row = ct_completion_operand(command);
	struct ct_option_row option;

	fprintf(out, "	%s) _arguments -s -S", command);
	for (size_t i = 0; ct_options_row(i, command, &option); i++) {
		put_spec(out, command, &option, "--", option.name);
		if (option.letter)
			put_spec(out, command, &option, "-", (const char[]){ option.letter, '\0' });
	}
	if (row && !row->line)
		fputs(" \\\n		'*:recording:_coldtrace_recordings'", out);
	if (row && row->line) {
		fprintf(out, " \\\n		':name:(%s ", row->line);
		put_words(out, row->words);
		fputs(")'", out);
	}
	fputs(" ;;\n", out);
}

void ct_completion_zsh(FILE *out, const char *const *commands)
{
	fputs(head, out);
	fputs("	commands=(", out);
	for (size_t i = 0; commands[i]; i++)
		fprintf(out, "%s%s", i ? " " : "", commands[i]);
	fputs(")\n"
	      "	if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
	      "		compadd -a commands\n"
	      "		return\n"
	      "	fi\n"
	      "	if ((${commands[(Ie)$words[2]]})); then\n"
	      "		command=$words[2]\n"
	      "		shift words\n"
	      "		((CURRENT--))\n"
	      "	fi\n"
	      "	case $command in\n",
	      out);
	for (size_t i = 0; commands[i]; i++)
		put_command(out, commands[i]);
	fputs("	esac\n"
	      "}\n"
	      "\n"
	      "_coldtrace \"$@\"\n",
	      out);
}
