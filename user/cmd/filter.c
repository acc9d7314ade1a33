// SPDX-License-Identifier: GPL-2.0-only
/* What the options ask for. */
#include <fnmatch.h>
#include <string.h>
#include <time.h>

#include "cmd/options.h"
#include "cmd/options_value.h"

/* The longest that a name can be is shorter; what is longer matches nothing. */
#define ITEM_LEN 512

/* A glob; who means the name itself has it, whatever it consists of. */
static bool is_like(const char *item, const char *value)
{
	return !strcmp(item, value) || !fnmatch(item, value, 0);
}

static bool is_container(const char *item, const struct ct_identity *who)
{
	return is_like(item, who->name) || (*who->pod && is_like(item, who->pod)) ||
	       (*who->project && is_like(item, who->project)) ||
	       (*item && !strncmp(item, who->id, strlen(item)));
}

/* One of a list with commas; who: the item is one of containers, else it is compared with the value. */
static bool any_of(const char *items, const char *value, const struct ct_identity *who)
{
	for (const char *at = items, *begin; at;) {
		size_t len = ct_value_next(&at, &begin);
		char item[ITEM_LEN];

		if (len >= sizeof(item))
			continue;
		memcpy(item, begin, len);
		item[len] = '\0';
		if (who ? is_container(item, who) : is_like(item, value))
			return true;
	}
	return false;
}

static bool any(const struct ct_list *list, const char *value, const struct ct_identity *who)
{
	for (size_t i = 0; i < list->count; i++)
		if (any_of(list->items[i], value, who))
			return true;
	return !list->count;
}

static size_t key_len(const char *labelled)
{
	return strcspn(labelled, "=");
}

static bool is_same_key(const char *a, const char *b)
{
	return key_len(a) == key_len(b) && !memcmp(a, b, key_len(a));
}

static bool has_label(const char *labelled, const struct ct_labels *labels)
{
	char key[CT_LABELS_LEN];
	const char *value;

	if (key_len(labelled) >= sizeof(key))
		return false;
	memcpy(key, labelled, key_len(labelled));
	key[key_len(labelled)] = '\0';
	value = ct_label(labels, key);
	return value && any_of(labelled + key_len(labelled) + 1, value, NULL);
}

/* Of each name that is asked for one of the values that are. */
static bool is_labelled(const struct ct_list *asked, const struct ct_labels *labels)
{
	for (size_t i = 0; i < asked->count; i++) {
		bool found = false;

		for (size_t j = 0; j < asked->count && !found; j++)
			found = is_same_key(asked->items[i], asked->items[j]) &&
				has_label(asked->items[j], labels);
		if (!found)
			return false;
	}
	return true;
}

bool ct_options_filter(const struct ct_options *opts)
{
	return opts->runtimes.count || opts->engines.count || opts->images.count ||
	       opts->containers.count || opts->pods.count || opts->namespaces.count ||
	       opts->projects.count || opts->only_mine;
}

bool ct_options_match_who(const struct ct_options *opts, const struct ct_identity *who)
{
	if (opts->only_mine && !who->mine)
		return false;
	return any(&opts->runtimes, who->runtime, NULL) && any(&opts->engines, who->engine, NULL) &&
	       any(&opts->images, who->image, NULL) && any(&opts->pods, who->pod, NULL) &&
	       any(&opts->namespaces, who->pod_ns, NULL) &&
	       any(&opts->projects, who->project, NULL) && any(&opts->containers, NULL, who);
}

static bool has(uint32_t bits, unsigned int bit)
{
	return !bits || bits & 1u << bit;
}

bool ct_window_has(const struct ct_window *window, uint64_t ns)
{
	return ns >= window->from_ns && (!window->until_ns || ns < window->until_ns);
}

bool ct_options_match(const struct ct_options *opts, const struct ct_window *window,
		      const struct ct_record *rec)
{
	return has(opts->outcomes, rec->outcome) && has(opts->kinds, rec->type) &&
	       ct_window_has(window, rec->begin_ns) && is_labelled(&opts->labelled, rec->labels) &&
	       ct_options_match_who(opts, rec->who);
}

bool ct_options_counts(const struct ct_options *opts, enum ct_record_type type)
{
	return has(opts->kinds, CT_RECORD_START) ? type == CT_RECORD_START : has(opts->kinds, type);
}

#define CT_NS_PER_S INT64_C(1000000000)
#define HALF_DAY_S  (12 * 3600)

/* Of the days here that which is at most half a day from the begin: so the table needs no date. */
static int64_t of_day(int64_t ns, int64_t begin_ns)
{
	time_t begin = (time_t)(begin_ns / CT_NS_PER_S), best = 0;
	struct tm day = { 0 };

	localtime_r(&begin, &day);
	for (int days = -1; days <= 1; days++) {
		struct tm tm = {
			.tm_year = day.tm_year,
			.tm_mon = day.tm_mon,
			.tm_mday = day.tm_mday + days,
			.tm_sec = (int)(ns / CT_NS_PER_S),
			.tm_isdst = -1,
		};

		best = mktime(&tm);
		if (best >= begin - HALF_DAY_S)
			break;
	}
	return best * CT_NS_PER_S + ns % CT_NS_PER_S;
}

/* What is before the boot of the node is at its begin. */
static uint64_t instant(const struct ct_when *when, int64_t wall_minus_mono_ns, uint64_t begin_ns,
			uint64_t never)
{
	int64_t ns = when->ns;
	uint64_t end;

	if (when->from == CT_WHEN_NEVER)
		return never;
	if (when->from == CT_WHEN_BEGIN)
		return __builtin_add_overflow(begin_ns, (uint64_t)when->ns, &end) ? UINT64_MAX
										  : end;
	if (when->from == CT_WHEN_DAY)
		ns = of_day(ns, (int64_t)begin_ns + wall_minus_mono_ns);
	if (__builtin_sub_overflow(ns, wall_minus_mono_ns, &ns))
		return when->ns < 0 ? 0 : UINT64_MAX;
	return ns < 0 ? 0 : (uint64_t)ns;
}

struct ct_window ct_options_window(const struct ct_options *opts, int64_t wall_minus_mono_ns,
				   uint64_t begin_ns)
{
	uint64_t until = instant(&opts->until, wall_minus_mono_ns, begin_ns, 0);

	return (struct ct_window){
		instant(&opts->since, wall_minus_mono_ns, begin_ns, 0),
		until ? until : opts->until.from != CT_WHEN_NEVER,
	};
}
