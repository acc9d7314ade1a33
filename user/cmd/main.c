// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "cmd/cmd.h"
#include "cmd/completion.h"
#include "cmd/doctor.h"
#include "cmd/options_value.h"
#include "source/proc/core_dump.h"
#include "source/proc/credentials.h"
#include "util/mem.h"
#include "version.h"

static int run_doctor(const struct ct_options *opts, struct ct_err *err)
{
	return ct_cmd_doctor(stdout, opts->json, opts->plan, err);
}

static int run_completion(const struct ct_options *opts, struct ct_err *err);

#define OPERANDS 1u
#define KERNEL   2u /* asks the kernel, so that it needs privileges; the others read files */

/*
 * Columns: name, function, what it takes, what follows the name, help (NULL: not for people). The
 * first is what runs when no command is named.
 */
static const struct command {
	const char *name;
	int (*run)(const struct ct_options *opts, struct ct_err *err);
	unsigned int takes;
	const char *usage;
	const char *help;
} commands[] = {
	{ "trace", ct_cmd_trace, KERNEL, "[OPTION]... [-- PROGRAM [ARG]...]",
	  "trace containers live (this is the default)" },
	{ "record", ct_cmd_record, KERNEL | OPERANDS,
	  "[-o FILE.ct] [OPTION]... [-- PROGRAM [ARG]...]", "write the events to a recording" },
	{ "serve", ct_cmd_serve, KERNEL | OPERANDS,
	  "[--listen [ADDR:]PORT] [OPTION]... [FILE|DIR...]",
	  "trace for ever, and answer: metrics for Prometheus, a live page" },
	{ "report", ct_cmd_report, OPERANDS, "FILE|DIR... [OPTION]...",
	  "print from recordings what live tracing printed" },
	{ "diff", ct_cmd_diff, OPERANDS, "A [B] [OPTION]...",
	  "what is slower in B than in A, and is it chance" },
	{ "compare", ct_cmd_compare, OPERANDS, "FILE... [--by KEY,...] [OPTION]...",
	  "several kinds of starts beside each other, and which differ" },
	{ "export", ct_cmd_export, OPERANDS, "FILE|DIR... --format F[:FILE],... [OPTION]...",
	  "write recordings in other formats" },
	{ "info", ct_cmd_info, OPERANDS, "FILE|DIR... [OPTION]...",
	  "what a recording is: host, dates, size, what was lost" },
	{ "scrub", ct_cmd_scrub, OPERANDS, "OLD.ct NEW.ct",
	  "write a recording again, without passwords that passed by" },
	{ "opens", ct_cmd_opens, KERNEL, "[OPTION]...",
	  "which files containers open, how long that takes" },
	{ "schema", ct_cmd_schema, OPERANDS, "[NAME] [--json]",
	  "print what the fields of the formats mean" },
	{ "doctor", run_doctor, KERNEL, "[OPTION]...", "what works here, and which engines run" },
	{ "completion", run_completion, OPERANDS, "bash|fish|zsh", NULL },
};

/* Written when coldtrace is installed, so it needs no line in --help. */
static int run_completion(const struct ct_options *opts, struct ct_err *err)
{
	const char *names[CT_ARRAY_SIZE(commands) + 1] = { NULL };
	size_t count = 0;

	int ret;

	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++)
		if (commands[i].help)
			names[count++] = commands[i].name;
	ret = ct_completion(stdout, opts->operands.count == 1 ? opts->operands.items[0] : "", names,
			    err);
	return ret == -EINVAL ? ct_usage(err) : ret;
}

/*
 * Of a program that was given capabilities as a file, the caller has none of them: what only reads
 * files is done with the caller's own rights.
 */
static int drop_foreign_rights(const struct command *command, struct ct_err *err)
{
	if (!getauxval(AT_SECURE) || command->takes & KERNEL)
		return 0;
	return ct_caps_keep(0, err);
}

static const char help_head[] =
	"Usage: coldtrace [COMMAND] [OPTION]... [-- PROGRAM [ARG]...]\n"
	"\n"
	"Watches this node from the kernel and says, for every container that starts,\n"
	"stops or restarts, how long each phase of its life took. Nothing is configured\n"
	"or restarted.\n"
	"\n"
	"Commands:\n";

static const char help_tail[] =
	"\n"
	"Examples:\n"
	"  sudo coldtrace                              every container, until Ctrl-C\n"
	"  sudo coldtrace --runtime runsc -n 20        the next 20 starts under gVisor\n"
	"  sudo coldtrace --steps -- docker run --rm busybox true\n"
	"                                              one start, with the steps inside\n"
	"  sudo coldtrace -o table -o json:run.jsonl   look, and keep\n"
	"  sudo coldtrace record -o run.ct -d 1h       an hour into a recording\n"
	"  coldtrace report run.ct --html run.html     and read it anywhere, later\n"
	"  coldtrace info *.ct                         of which host, when, how long, whole?\n"
	"  coldtrace diff before.ct after.ct           is it slower, or is that chance?\n"
	"  coldtrace report run.ct --chains            what starts one after another\n"
	"  coldtrace export run.ct --format openmetrics,csv,perfetto -d out\n"
	"  coldtrace scrub old.ct new.ct               of an older version: no passwords\n"
	"  sudo coldtrace --ready path:'*/app.ready'   ready when that file is opened\n"
	"\n"
	"Exit status: 0 done; 1 failed; 2 bad usage; 3 done, but something was lost.\n"
	"With a traced program: its exit status, if that is not 0.\n";

/* Below the options of one command. */
static const struct {
	const char *command, *lines;
} examples[] = {
	{ "record", "  sudo coldtrace record -o run.ct -d 1h       an hour\n"
		    "  sudo coldtrace record -o disk.ct --runs 30 --label load=disk -- ./restart\n"
		    "                                              30 runs of a program\n" },
	{ "report",
	  "  coldtrace report run.ct --runtime runc      what live tracing had printed\n"
	  "  coldtrace report run.ct --chains            what starts one after another\n"
	  "  coldtrace report run.ct --chain shop='web*,api,db'\n"
	  "                                              the same, of what you name\n"
	  "  coldtrace report run.ct --chains --what-if prewarm\n"
	  "                                              what starting earlier would save\n"
	  "  coldtrace report run.ct --chains --lead 0.5 half a second earlier\n" },
	{ "diff", "  coldtrace diff before.ct after.ct --fail-if-slower 5\n"
		  "  coldtrace diff run.ct --a runtime=runc --b runtime=runsc\n"
		  "                                              two sides of one recording\n" },
	{ "compare",
	  "  coldtrace compare none.ct disk.ct cpu.ct --by load --only-mine\n"
	  "                                              of record --label load=...\n"
	  "  coldtrace compare run.ct --by runtime,image\n"
	  "  coldtrace compare cold.ct early.ct --chain web,api,db --kind group --by file\n" },
};

static void print_help(const struct command *command)
{
	if (command) {
		printf("Usage: coldtrace %s %s\n\n", command->name, command->usage);
		if (command->help)
			printf("%c%s.\n\n", toupper(*command->help), command->help + 1);
		ct_options_print(command->name);
		for (size_t i = 0; i < CT_ARRAY_SIZE(examples); i++)
			if (!strcmp(examples[i].command, command->name))
				printf("\nExamples:\n%s", examples[i].lines);
		return;
	}
	fputs(help_head, stdout);
	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++)
		if (commands[i].help)
			printf("  %-26s %s\n", commands[i].name, commands[i].help);
	puts("\nOptions of trace (those of another command: coldtrace COMMAND --help):");
	ct_options_print(commands[0].name);
	fputs(help_tail, stdout);
}

/* What --help and --version printed has arrived, or why not. */
static int printed(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return CT_EXIT_OK;
	ct_say("write to 'stdout': %s", strerror(errno));
	return CT_EXIT_FAILED;
}

static int no_command(const char *word, struct ct_err *err)
{
	const char *names[CT_ARRAY_SIZE(commands) + 1], *near;

	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++)
		names[i] = commands[i].name;
	names[CT_ARRAY_SIZE(commands)] = NULL;
	near = ct_value_near(word, names);
	if (near)
		return ct_fail(err, EINVAL, "'%s' is no command; did you mean '%s'?", word, near);
	return ct_fail(err, EINVAL, "'%s' is no command; see --help", word);
}

int main(int argc, char **argv)
{
	const struct command *command = &commands[0];
	struct ct_options opts;
	struct ct_err err = { 0 };
	int ret, skip = 0;

	ct_core_dump_off();
	ct_cmd_begin();
	for (size_t i = 0; argc > 1 && i < CT_ARRAY_SIZE(commands); i++) {
		if (!strcmp(argv[1], commands[i].name)) {
			command = &commands[i];
			skip = 1;
		}
	}
	/* Before its options: they may be those of the command that was meant. */
	if (argc > 1 && !skip && *argv[1] != '-') {
		no_command(argv[1], &err);
		return ct_usage(&err);
	}
	ret = ct_options_parse(&opts, argc - skip, argv + skip, &err);
	if (!ret && !skip && opts.operands.count)
		ret = no_command(opts.operands.items[0], &err);
	if (!ret && opts.help) {
		print_help(skip ? command : NULL);
		return printed();
	}
	if (!ret && opts.version) {
		printf("coldtrace %s\n", CT_VERSION);
		return printed();
	}
	if (!ret && !(command->takes & OPERANDS) && opts.operands.count)
		ret = ct_fail(&err, EINVAL, "%s takes no '%s'; see --help", command->name,
			      opts.operands.items[0]);
	if (ret)
		return ct_usage(&err);
	ret = drop_foreign_rights(command, &err);
	if (!ret)
		ret = command->run(&opts, &err);
	return ret < 0 ? ct_cmd_failed(&err) : ret;
}
