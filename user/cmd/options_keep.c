// SPDX-License-Identifier: GPL-2.0-only
#include "options_keep.h"

#include <errno.h>

#include "util/amount.h"

int ct_parse_rotate(struct ct_options *opts, const char *value, struct ct_err *err)
{
	if (ct_amounts_parse(value, &opts->rotate_ns, &opts->rotate_bytes) ||
	    (opts->rotate_bytes && opts->rotate_bytes < CT_ROTATE_BYTES_MIN))
		return ct_fail(
			err, EINVAL,
			"option --rotate: '%s' is no time, no size from 64K on, nor both, as 1h, 100M or 1h,100M",
			value);
	return 0;
}

static int parse_bytes(const char *name, const char *value, uint64_t *ret, struct ct_err *err)
{
	uint64_t ns = 0;

	if (ct_amounts_parse(value, &ns, ret) || ns || *ret < CT_KEEP_BYTES_MIN)
		return ct_fail(err, EINVAL, "option %s: '%s' is no size from 1M on, as 500M or 2G",
			       name, value);
	return 0;
}

int ct_parse_keep_size(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return parse_bytes("--keep-size", value, &opts->keep_bytes, err);
}

int ct_parse_max_size(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return parse_bytes("--max-size", value, &opts->max_bytes, err);
}

int ct_parse_keep_age(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t bytes = 0;

	if (ct_amounts_parse(value, &opts->keep_ns, &bytes) || bytes)
		return ct_fail(err, EINVAL, "option --keep-age: '%s' is no time, as 12h or 7d",
			       value);
	return 0;
}
