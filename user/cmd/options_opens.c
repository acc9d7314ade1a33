// SPDX-License-Identifier: GPL-2.0-only
#include "options_opens.h"

#include <errno.h>
#include <string.h>

#include "options_value.h"

int ct_parse_interval(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_value_seconds("-i", value, 0.1, &opts->interval, err);
}

int ct_parse_top(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret = ct_value_number("--top", value, 1, 1000, &n, err);

	if (!ret)
		opts->how.top = (size_t)n;
	opts->opens |= !ret; /* they are asked for */
	return ret;
}

static int open_by(struct ct_options *opts, const char *option, const char *value,
		   struct ct_err *err)
{
	int by = 0,
	    ret = ct_value_one_of(option, value, ct_open_by_names, CT_OPEN_BY_MAX, &by, err);

	if (!ret)
		opts->how.by = (enum ct_open_by)by;
	opts->opens |= !ret;
	return ret;
}

int ct_parse_open_by(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return open_by(opts, "--by", value, err);
}

int ct_parse_opens_by(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return open_by(opts, "--opens-by", value, err);
}

int ct_parse_group(struct ct_options *opts, const char *value, struct ct_err *err)
{
	const char *is = strchr(value, '=');

	if (!is || is == value || !is[1])
		return ct_fail(err, EINVAL, "option --group: '%s' is no NAME=GLOB", value);
	if (strchr(is, ',') && !strchr(is, '/'))
		return ct_fail(
			err, EINVAL,
			"option --group: '%s' is no path of opened files; what starts one after another is named with --chain NAME=GLOB,...",
			value);
	if (opts->how.glob_count == CT_OPEN_GLOBS_MAX)
		return ct_fail(err, EINVAL, "option --group: at most %d of them",
			       CT_OPEN_GLOBS_MAX);
	opts->how.globs[opts->how.glob_count].name = value;
	opts->how.globs[opts->how.glob_count].name_len = (size_t)(is - value);
	opts->how.globs[opts->how.glob_count++].glob = is + 1;
	opts->opens = true;
	return 0;
}
