// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "util/mem.h"
#include "version.h"

static int run_doctor(const struct ct_options *opts, struct ct_err *err)
{
	return ct_cmd_doctor(stdout, opts->json, err);
}

/*
 * Columns: name, function, whether it takes operands, help. The first is what runs when no
 * command is named.
 */
static const struct command {
	const char *name;
	int (*run)(const struct ct_options *opts, struct ct_err *err);
	bool operands;
	const char *help;
} commands[] = {
	{ "trace", ct_cmd_trace, false, "trace containers live (this is the default)" },
	{ "record", ct_cmd_record, true,
	  "write the events to a recording, to report, compare and export" },
	{ "report", ct_cmd_report, true, "print from recordings what live tracing printed" },
	{ "diff", ct_cmd_diff, true,
	  "compare two recordings: what is slower, and whether that is chance" },
	{ "export", ct_cmd_export, true, "write a recording in other formats, several at once" },
	{ "schema", ct_cmd_schema, true, "print what the fields of the formats mean" },
	{ "doctor", run_doctor, false,
	  "what this kernel offers, which probes follow, which engines run" },
};

static const char help_head[] =
	"Usage: coldtrace [COMMAND] [OPTION]... [-- PROGRAM [ARG]...]\n"
	"\n"
	"Watches this node from the kernel and says, for every container that starts, stops or\n"
	"restarts, how long each phase of its life took. Nothing is configured or restarted.\n"
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
	"  sudo coldtrace record -o run.ct -d 3600     an hour into a recording\n"
	"  coldtrace report run.ct --html run.html     and read it anywhere, later\n"
	"  coldtrace diff before.ct after.ct           is it slower, or is that chance?\n"
	"  coldtrace export run.ct --format openmetrics,csv,perfetto -d out\n"
	"  sudo coldtrace --ready path:'*/app.ready'   ready when that file is opened\n"
	"\n"
	"Exit status: 0 done; 1 failed; 2 bad usage; 3 done, but something was lost. With a\n"
	"traced program: its exit status, if that is not 0.\n";

static int print_help(const char *command)
{
	if (command) {
		printf("Options of 'coldtrace %s':\n", command);
		ct_options_print(command);
		return fflush(stdout) ? CT_EXIT_FAILED : CT_EXIT_OK;
	}
	fputs(help_head, stdout);
	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++)
		printf("  %-26s %s\n", commands[i].name, commands[i].help);
	puts("\nOptions (those of one command: coldtrace COMMAND --help):");
	ct_options_print(NULL);
	fputs(help_tail, stdout);
	return fflush(stdout) ? CT_EXIT_FAILED : CT_EXIT_OK;
}

int main(int argc, char **argv)
{
	const struct command *command = &commands[0];
	struct ct_options opts;
	struct ct_err err = { 0 };
	int ret, skip = 0;

	setlocale(LC_CTYPE, "");
	for (size_t i = 0; argc > 1 && i < CT_ARRAY_SIZE(commands); i++) {
		if (!strcmp(argv[1], commands[i].name)) {
			command = &commands[i];
			skip = 1;
		}
	}
	ret = ct_options_parse(&opts, argc - skip, argv + skip, &err);
	if (!ret && opts.help)
		return print_help(skip ? command->name : NULL);
	if (!ret && opts.version) {
		printf("coldtrace %s\n", CT_VERSION);
		return CT_EXIT_OK;
	}
	if (!ret && !skip && opts.operands.count)
		ret = ct_fail(&err, EINVAL, "'%s' is no command; see --help",
			      opts.operands.items[0]);
	if (!ret && !command->operands && opts.operands.count)
		ret = ct_fail(&err, EINVAL, "%s takes no '%s'; see --help", command->name,
			      opts.operands.items[0]);
	if (ret) {
		fprintf(stderr, "coldtrace: %s\n", err.msg);
		return CT_EXIT_USAGE;
	}
	ret = command->run(&opts, &err);
	if (ret < 0) {
		fprintf(stderr, "coldtrace: %s\n", err.msg);
		return CT_EXIT_FAILED;
	}
	return ret;
}
