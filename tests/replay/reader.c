// SPDX-License-Identifier: GPL-2.0-only
/* "coldtrace report" and nothing else: what a replay needs links without libbpf. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

int main(int argc, char **argv)
{
	struct ct_options opts;
	struct ct_err err = { 0 };
	int ret;

	setlocale(LC_CTYPE, "");
	if (argc < 2 || strcmp(argv[1], "report") != 0)
		return CT_EXIT_USAGE;
	ret = ct_options_parse(&opts, argc - 1, argv + 1, &err);
	if (!ret)
		ret = ct_cmd_report(&opts, &err);
	if (ret < 0) {
		fprintf(stderr, "coldtrace: %s\n", err.msg);
		return CT_EXIT_FAILED;
	}
	return ret;
}
