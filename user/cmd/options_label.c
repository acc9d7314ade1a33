// SPDX-License-Identifier: GPL-2.0-only
#include "options_label.h"
#include "options_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define RUNS_MAX 1000000

int ct_parse_label(struct ct_options *opts, const char *value, struct ct_err *err)
{
	struct ct_labels *labels = &opts->labels;
	const char *equals = strchr(value, '=');
	size_t len = strlen(value) + 1;
	char *pair = labels->pairs + labels->len;

	if (!equals || equals == value)
		return ct_fail(err, EINVAL,
			       "option --label: '%s' is no name and value, as 'load=disk'", value);
	if (labels->len + len > sizeof(labels->pairs))
		return ct_fail(err, EINVAL, "option --label: '%s' is beyond %d bytes of labels",
			       value, CT_LABELS_LEN);
	memcpy(pair, value, len);
	pair[equals - value] = '\0';
	if (strchr(pair, ',') || ct_where_is_own(pair))
		return ct_fail(err, EINVAL,
			       "option --label: '%s' cannot be a name: %s; call it otherwise", pair,
			       strchr(pair, ',') ? "a comma ends one"
						 : "compare --by has a meaning of its own for it");
	if ((size_t)(equals - value) >= CT_WHERE_KEY)
		return ct_fail(err, EINVAL, "option --label: '%.20s...' is a name beyond %d bytes",
			       value, CT_WHERE_KEY - 1);
	if (ct_label(labels, pair)) {
		if (!strcmp(ct_label(labels, pair), equals + 1))
			return 0;
		pair[equals - value] = '=';
		return ct_fail(err, EINVAL, "option --label: '%s' has that name twice", value);
	}
	labels->len += len;
	return 0;
}

int ct_parse_runs(struct ct_options *opts, const char *value, struct ct_err *err)
{
	int ret = ct_value_number("--runs", value, 1, RUNS_MAX, &opts->runs, err);

	opts->only_mine |= !ret;
	return ret;
}

int ct_parse_warmup(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_value_number("--warmup", value, 1, RUNS_MAX, &opts->warmup, err);
}

/* Of a list with commas. */
static bool has_empty_part(const char *list)
{
	return !*list || *list == ',' || list[strlen(list) - 1] == ',' || strstr(list, ",,");
}

int ct_parse_compare_by(struct ct_options *opts, const char *value, struct ct_err *err)
{
	size_t len;

	if (has_empty_part(value))
		return ct_fail(err, EINVAL, "option --by: '%s' is no list, as 'runtime,load'",
			       value);
	for (const char *at = value; *at; at += len + (at[len] == ',')) {
		len = strcspn(at, ",");
		for (const char *other = at + len; *other;) {
			size_t length = strcspn(++other, ",");

			if (length == len && !memcmp(at, other, len))
				return ct_fail(err, EINVAL, "option --by: '%s' has '%.*s' twice",
					       value, (int)len, at);
			other += length;
		}
	}
	opts->compare_by = value;
	return 0;
}

int ct_parse_side_a(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_where_parse(&opts->where[0], "a", value, err);
}

int ct_parse_side_b(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_where_parse(&opts->where[1], "b", value, err);
}

int ct_parse_where(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_where_parse(&opts->where[0], "where", value, err);
}

int ct_parse_chain(struct ct_options *opts, const char *value, struct ct_err *err)
{
	struct ct_chains_how *how = &opts->chains;
	const char *equals = strchr(value, '='), *globs = equals ? equals + 1 : value;
	unsigned members = 1;

	if (equals == value)
		return ct_fail(err, EINVAL, "option --chain: '%s' has no name before its '='",
			       value);
	if (!strchr(globs, ','))
		return ct_fail(err, EINVAL,
			       "option --chain: '%s' names no two members, as 'shop=web,api,db'",
			       value);
	if (has_empty_part(globs))
		return ct_fail(
			err, EINVAL,
			"option --chain: '%s' has a member without a name; say 'shop=web,api,db'",
			value);
	for (const char *at = strchr(globs, ','); at; at = strchr(at + 1, ','))
		members++;
	if (members > CT_GROUP_MEMBERS)
		return ct_fail(err, EINVAL, "option --chain: '%s' names more than %d members",
			       value, CT_GROUP_MEMBERS);
	if (how->named_count == CT_CHAIN_NAMED)
		return ct_fail(err, EINVAL, "option --chain: at most %d of them", CT_CHAIN_NAMED);
	how->named[how->named_count].name = value;
	how->named[how->named_count].name_len = equals ? (size_t)(equals - value) : 0;
	how->named[how->named_count++].globs = globs;
	return 0;
}

int ct_parse_what_if(struct ct_options *opts, const char *value, struct ct_err *err)
{
	static const char *const names[] = { "prewarm" };
	int at;

	if (!opts->chains.prewarm)
		opts->chains.lead_ns = UINT64_MAX;
	opts->chains.prewarm = true;
	return ct_value_one_of("--what-if", value, names, 1, &at, err);
}

int ct_parse_lead(struct ct_options *opts, const char *value, struct ct_err *err)
{
	char *end;
	double s = strtod(value, &end);

	if (end == value || *end || !(s >= 0) || s > 1e9)
		return ct_fail(err, EINVAL, "option --lead: '%s' is no number of seconds from 0 on",
			       value);
	opts->chains.prewarm = true;
	opts->chains.lead_ns = (uint64_t)(s * 1e9);
	return 0;
}

int ct_parse_percent(struct ct_options *opts, const char *value, struct ct_err *err)
{
	char *end;
	double percent = strtod(value, &end);

	if (end != value && *end == '%')
		end++;
	if (end == value || *end || !(percent >= 0) || percent > 1e6)
		return ct_fail(err, EINVAL,
			       "option --fail-if-slower: '%s' is no percentage from 0 on", value);
	opts->slower_percent = percent;
	opts->fail_if_slower = true;
	return 0;
}

int ct_parse_info_format(struct ct_options *opts, const char *value, struct ct_err *err)
{
	static const char *const names[] = { "text", "json" };
	int at = 0, ret = ct_value_one_of("--format", value, names, CT_ARRAY_SIZE(names), &at, err);

	opts->json = at == 1;
	return ret;
}
