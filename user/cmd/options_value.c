// SPDX-License-Identifier: GPL-2.0-only
#include "options_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ct_value_number(const char *name, const char *value, uint64_t min, uint64_t max, uint64_t *ret,
		    struct ct_err *err)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (errno || end == value || *end || *value == '-' || n < min || n > max)
		return ct_fail(err, EINVAL, "option %s: '%s' is no whole number from %llu to %llu",
			       name, value, (unsigned long long)min, (unsigned long long)max);
	*ret = n;
	return 0;
}

int ct_value_one_of(const char *option, const char *value, const char *const *names, int count,
		    int *ret, struct ct_err *err)
{
	char all[128] = "";
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		if (!strcmp(value, names[i])) {
			*ret = i;
			return 0;
		}
		if (len < sizeof(all))
			len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "",
						names[i]);
	}
	return ct_fail(err, EINVAL, "option %s: '%s' is none of %s", option, value, all);
}
