// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/options_limit.h"

#include <string.h>

#include "cmd/options_value.h"
#include "stats/path_brief.h"

int ct_parse_processes(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret = ct_value_number("--processes", value, 64, 1 << 22, &n, err);

	if (!ret)
		opts->processes = (size_t)n;
	return ret;
}

int ct_parse_containers(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret = ct_value_number("--containers", value, 64, 1 << 20, &n, err);

	if (!ret)
		opts->containers_max = (size_t)n;
	return ret;
}

int ct_parse_records(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret = ct_value_number("--records", value, 1, 100000, &n, err);

	if (!ret)
		opts->records = (size_t)n;
	return ret;
}

int ct_parse_jobs(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret = ct_value_number("--jobs", value, 1, 1024, &n, err);

	if (!ret)
		opts->jobs = (unsigned int)n;
	return ret;
}

int ct_parse_path_pieces(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret;

	if (!strcmp(value, "all")) {
		opts->path_pieces = SIZE_MAX;
		return 0;
	}
	ret = ct_value_number("--path-pieces", value, CT_BRIEF_PIECES_MIN, UINT32_MAX, &n, err);
	if (!ret)
		opts->path_pieces = (size_t)n;
	return ret;
}
