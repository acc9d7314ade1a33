// SPDX-License-Identifier: GPL-2.0-only
#include "options_metrics.h"

#include <errno.h>
#include <stdio.h>

#include "options_value.h"
#include "util/mem.h"

int ct_parse_buckets(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_buckets_parse(&opts->buckets, value, err);
}

const enum ct_by ct_metrics_by[CT_METRICS_BY_MAX] = { CT_BY_IMAGE, CT_BY_NODE, CT_BY_NAMESPACE };

int ct_parse_metrics_by(struct ct_options *opts, const char *value, struct ct_err *err)
{
	const char *names[CT_METRICS_BY_MAX];
	struct ct_series_by *by = &opts->metrics_by;

	for (size_t i = 0; i < CT_METRICS_BY_MAX; i++)
		names[i] = ct_by_names[ct_metrics_by[i]];
	for (const char *at = value, *item; at;) {
		size_t len = ct_value_next(&at, &item);
		char name[32];
		int which = 0, ret;

		snprintf(name, sizeof(name), "%.*s", (int)len, item);
		ret = ct_value_one_of("--metrics-by", name, names, CT_METRICS_BY_MAX, &which, err);
		if (ret)
			return ret;
		for (size_t i = 0; i < by->count; i++)
			if (by->by[i] == ct_metrics_by[which])
				return ct_fail(err, EINVAL,
					       "option --metrics-by: '%s' is named twice", name);
		if (by->count == CT_SERIES_BY_MAX)
			return ct_fail(err, EINVAL, "option --metrics-by: at most %d of them",
				       CT_SERIES_BY_MAX);
		by->by[by->count++] = ct_metrics_by[which];
	}
	return 0;
}
