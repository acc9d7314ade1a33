// SPDX-License-Identifier: GPL-2.0-only
#include "util/amount.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* Columns: letter, whether it is a time, how many ns or bytes. */
static const struct unit {
	char letter;
	bool is_time;
	uint64_t factor;
} units[] = {
	{ 's', true, NS_PER_S },        { 'm', true, 60 * NS_PER_S },
	{ 'h', true, 3600 * NS_PER_S }, { 'd', true, 86400 * NS_PER_S },
	{ 'K', false, 1ull << 10 },     { 'M', false, 1ull << 20 },
	{ 'G', false, 1ull << 30 },     { 'T', false, 1ull << 40 },
};

static const struct unit *unit_of(char letter)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(units); i++)
		if (units[i].letter == letter)
			return &units[i];
	return NULL;
}

/* What follows it, or NULL: it is none. */
static const char *one(const char *text, const struct unit **ret_unit, uint64_t *ret)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
	*ret_unit = n && !errno ? unit_of(*end) : NULL;
	if (!*ret_unit || n > INT64_MAX / (*ret_unit)->factor)
		return NULL;
	*ret = n * (*ret_unit)->factor;
	return end + 1;
}

int ct_amounts_parse(const char *text, uint64_t *ret_ns, uint64_t *ret_bytes)
{
	bool named[2] = { false, false };

	for (;;) {
		const struct unit *unit;
		uint64_t n = 0;

		text = one(text, &unit, &n);
		if (!text || named[unit->is_time] || (*text && *text != ','))
			return -EINVAL;
		named[unit->is_time] = true;
		*(unit->is_time ? ret_ns : ret_bytes) = n;
		if (!*text)
			return 0;
		text++;
	}
}

/* Digits, and digits behind a point: whatever the locale says a point is. Returns what follows, or NULL. */
static const char *decimal(const char *text, double *ret)
{
	double n = 0, unit = 1;
	bool any = false;

	for (; *text >= '0' && *text <= '9'; text++, any = true)
		n = n * 10 + (*text - '0');
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++, any = true)
			n += (*text - '0') * (unit /= 10);
	*ret = n;
	return any ? text : NULL;
}

int ct_duration_parse(const char *text, uint64_t *ret_ns)
{
	const struct unit *unit;
	double sum = 0, n;
	bool first = true;

	for (; *text; first = false) {
		text = decimal(text, &n);
		if (!text)
			return -EINVAL;
		if (!*text && first) {
			sum = n * (double)NS_PER_S;
		} else if (!strncmp(text, "ms", 2)) {
			sum += n * (double)NS_PER_MS;
			text += 2;
		} else {
			unit = unit_of(*text);
			if (!unit || !unit->is_time)
				return -EINVAL;
			sum += n * (double)unit->factor;
			text++;
		}
	}
	if (!(sum >= 1) || sum > (double)(INT64_MAX / 2))
		return -EINVAL;
	*ret_ns = (uint64_t)sum;
	return 0;
}
