// SPDX-License-Identifier: GPL-2.0-only
/* What reads recordings, and nothing else: it links without libbpf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "later.h"
#include "util/mem.h"

static const struct {
	const char *name;
	int (*run)(const struct ct_options *opts, struct ct_err *err);
} commands[] = {
	{ "report", ct_cmd_report }, { "diff", ct_cmd_diff }, { "compare", ct_cmd_compare },
	{ "export", ct_cmd_export }, { "info", ct_cmd_info }, { "scrub", ct_cmd_scrub },
};

int main(int argc, char **argv)
{
	struct ct_options opts;
	struct ct_err err = { 0 };
	size_t i = 0;
	int ret;

	ct_cmd_begin();
	if (argc == 5 && !strcmp(argv[1], "later")) /* later FROM TO PART: see later.h */
		return later(argv[2], argv[3], strtod(argv[4], NULL), &err) ? ct_cmd_failed(&err)
									    : 0;
	while (i < CT_ARRAY_SIZE(commands) && (argc < 2 || strcmp(argv[1], commands[i].name) != 0))
		i++;
	if (i == CT_ARRAY_SIZE(commands))
		return CT_EXIT_USAGE;
	ret = ct_options_parse(&opts, argc - 1, argv + 1, &err);
	if (ret)
		return ct_usage(&err);
	ret = commands[i].run(&opts, &err);
	return ret < 0 ? ct_cmd_failed(&err) : ret;
}
