// SPDX-License-Identifier: GPL-2.0-only
#include "options_filter.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "options_value.h"
#include "util/amount.h"
#include "util/clock.h"

/* A glob that is empty would choose what has no such name: mostly it is a variable of a shell that is not set. */
static int add_names(struct ct_list *list, const char *name, const char *value, struct ct_err *err)
{
	for (const char *at = value, *item; at;)
		if (!ct_value_next(&at, &item))
			return ct_fail(
				err, EINVAL,
				"option --%s: '%s' has a name that is empty; without the option all are chosen",
				name, value);
	return ct_value_add(list, name, value, err);
}

int ct_parse_runtime(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add_names(&opts->runtimes, "runtime", value, err);
}

int ct_parse_engine(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add_names(&opts->engines, "engine", value, err);
}

int ct_parse_container(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add_names(&opts->containers, "container", value, err);
}

int ct_parse_image(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add_names(&opts->images, "image", value, err);
}

int ct_parse_pod(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add_names(&opts->pods, "pod", value, err);
}

int ct_parse_namespace(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add_names(&opts->namespaces, "namespace", value, err);
}

int ct_parse_project(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add_names(&opts->projects, "project", value, err);
}

/* Names of a list with commas, as a bit for each. */
static int parse_bits(const char *option, const char *value, const char *const *names, int count,
		      uint32_t *ret, struct ct_err *err)
{
	for (const char *at = value, *item; at;) {
		size_t len = ct_value_next(&at, &item);
		char name[32];
		int bit = 0, failed;

		ct_text_copy(name, sizeof(name), ct_text(item, len));
		failed = ct_value_one_of(option, name, names, count, &bit, err);
		if (failed)
			return failed;
		*ret |= 1u << bit;
	}
	return 0;
}

int ct_parse_outcome(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return parse_bits("--outcome", value, ct_outcome_names, CT_OUTCOME_MAX, &opts->outcomes,
			  err);
}

int ct_parse_kind(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return parse_bits("--kind", value, ct_record_names, CT_RECORD_MAX, &opts->kinds, err);
}

int ct_parse_labelled(struct ct_options *opts, const char *value, struct ct_err *err)
{
	const char *equals = strchr(value, '=');

	if (!equals || equals == value)
		return ct_fail(err, EINVAL,
			       "option --label: '%s' is no name and value, as 'load=disk'", value);
	return ct_value_add(&opts->labelled, "label", value, err);
}

/* Two digits; false: they are none, or no number of that. */
static bool two(const char **at, int min, int max, int *ret)
{
	const char *text = *at;

	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*ret = (text[0] - '0') * 10 + text[1] - '0';
	*at += 2;
	return *ret >= min && *ret <= max;
}

static bool skip(const char **at, const char *any)
{
	if (!**at || !strchr(any, **at))
		return false;
	++*at;
	return true;
}

/* Behind the minutes: nothing, seconds, and parts of them. */
static bool parse_seconds(const char **at, struct tm *tm, int64_t *ret_ns)
{
	int64_t unit = 100000000;

	*ret_ns = 0;
	if (!skip(at, ":"))
		return true;
	if (!two(at, 0, 60, &tm->tm_sec))
		return false;
	if (!skip(at, ".,"))
		return true;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; ++*at, unit /= 10)
		*ret_ns += (**at - '0') * unit;
	return true;
}

/* Z, nothing (UTC too: so are JSON and sentences), or +01:00. */
static bool parse_zone(const char **at, int64_t *ret_s)
{
	int sign = **at == '-' ? -1 : 1, hours = 0, minutes = 0;

	*ret_s = 0;
	if (skip(at, "Zz") || !**at)
		return true;
	if (!skip(at, "+-") || !two(at, 0, 14, &hours))
		return false;
	skip(at, ":");
	if (!two(at, 0, 59, &minutes))
		return false;
	*ret_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* Hours, minutes, and what comes behind them. */
static bool parse_clock(const char **at, struct tm *tm, int64_t *ret_ns)
{
	return two(at, 0, 23, &tm->tm_hour) && skip(at, ":") && two(at, 0, 59, &tm->tm_min) &&
	       parse_seconds(at, tm, ret_ns);
}

/* As the table has it in its first column. */
static bool parse_time_of_day(const char *value, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	int64_t ns;

	if (!parse_clock(&value, &tm, &ns) || *value)
		return false;
	*ret_ns = ((tm.tm_hour * 60 + tm.tm_min) * 60 + tm.tm_sec) * INT64_C(1000000000) + ns;
	return true;
}

/* ISO 8601: a day, and a time of it. */
static bool parse_date(const char *value, int64_t *ret_ns)
{
	struct tm tm = { 0 };
	const char *at = value;
	int century, year, ok;
	int64_t ns = 0, zone = 0;

	ok = two(&at, 19, 22, &century) && two(&at, 0, 99, &year) && skip(&at, "-") &&
	     two(&at, 1, 12, &tm.tm_mon) && skip(&at, "-") && two(&at, 1, 31, &tm.tm_mday);
	if (ok && *at)
		ok = skip(&at, "T ") && parse_clock(&at, &tm, &ns) && parse_zone(&at, &zone);
	if (!ok || *at)
		return false;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon--;
	*ret_ns = ((int64_t)timegm(&tm) - zone) * 1000000000 + ns;
	return true;
}

static int parse_when(const char *option, const char *value, struct ct_when *ret,
		      struct ct_err *err)
{
	uint64_t ns = 0;

	if (parse_date(value, &ret->ns)) {
		ret->from = CT_WHEN_WALL;
	} else if (parse_time_of_day(value, &ret->ns)) {
		ret->from = CT_WHEN_DAY;
	} else if (*value == '+' && !ct_duration_parse(value + 1, &ns)) {
		*ret = (struct ct_when){ CT_WHEN_BEGIN, (int64_t)ns };
	} else if (!ct_duration_parse(value, &ns)) {
		*ret = (struct ct_when){ CT_WHEN_WALL,
					 (int64_t)ct_clock_ns(CLOCK_REALTIME) - (int64_t)ns };
	} else {
		return ct_fail(
			err, EINVAL,
			"option %s: '%s' is no time: 2026-11-23T22:00:00 (UTC), 22:00:00 (as the table has it), +90s (after the begin) or 1h (ago)",
			option, value);
	}
	return 0;
}

int ct_parse_since(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return parse_when("--since", value, &opts->since, err);
}

int ct_parse_until(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return parse_when("--until", value, &opts->until, err);
}

int ct_parse_restarts(struct ct_options *opts, const char *value, struct ct_err *err)
{
	static const char *const names[] = { "name", "image" };
	int by = 0, ret = ct_value_one_of("--restarts-by", value, names, 2, &by, err);

	opts->restarts_by_image = by == 1;
	return ret;
}
