// SPDX-License-Identifier: GPL-2.0-only
#include "options_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/amount.h"

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

int ct_value_seconds(const char *name, const char *value, double min, double *ret,
		     struct ct_err *err)
{
	uint64_t ns = 0;
	double s = ct_duration_parse(value, &ns) ? 0 : (double)ns / 1e9;

	if (!(s >= min) || s > 1e9)
		return ct_fail(err, EINVAL, "option %s: '%s' is no time%s, as 90, 90s, 1m or 1h30m",
			       name, value, min >= 0.1 ? " from 0.1s on" : " above 0");
	*ret = s;
	return 0;
}

int ct_value_add(struct ct_list *list, const char *name, const char *value, struct ct_err *err)
{
	if (list->count == CT_LIST_MAX)
		return ct_fail(err, EINVAL, "option --%s: at most %d of them", name, CT_LIST_MAX);
	list->items[list->count++] = value;
	return 0;
}

size_t ct_value_next(const char **at, const char **ret)
{
	size_t len = strcspn(*at, ",");

	*ret = *at;
	*at = (*at)[len] ? *at + len + 1 : NULL;
	return len;
}

#define NEAR_LEN 31

/* How many letters are to be put in, left out, changed or swapped with the next (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), d[NEAR_LEN + 1][NEAR_LEN + 1];

	if (la > NEAR_LEN || lb > NEAR_LEN)
		return NEAR_LEN;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			size_t least = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < least)
				least = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < least)
				least = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < least)
				least = d[i - 2][j - 2] + 1;
			d[i][j] = least;
		}
	}
	return d[la][lb];
}

const char *ct_value_near(const char *word, const char *const *names)
{
	size_t most = strlen(word) > 5 ? 2 : 1, best = most + 1;
	const char *near = NULL;

	for (size_t i = 0; names[i]; i++) {
		size_t far = distance(word, names[i]);

		if (far < best && far < strlen(names[i])) {
			best = far;
			near = names[i];
		}
	}
	return near;
}
