// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/series.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/measure.h"
#include "util/mem.h"

static void series_free(const struct ct_series_set *set, struct ct_series *series)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(series->cells); i++) {
		if (series->cells[i] && set->ops->drop)
			set->ops->drop(series->cells[i]);
		free(series->cells[i]);
	}
	for (size_t i = 0; i < CT_SERIES_BY_MAX; i++)
		free(series->by[i]);
	free(series);
}

void ct_series_free(void *state)
{
	struct ct_series_set *set = state;

	for (size_t i = 0; i < set->count; i++)
		series_free(set, set->items[i]);
	free(set->items);
	set->items = NULL;
	set->count = set->room = 0;
}

/* Whose a series is: borrowed. */
struct key {
	enum ct_record_type type;
	const char *engine, *runtime;
	const char *by[CT_SERIES_BY_MAX];
	size_t by_count;
};

static int order(const struct ct_series *s, const struct key *key)
{
	int ret;

	if (s->type != key->type)
		return s->type < key->type ? -1 : 1;
	ret = strcmp(s->engine, key->engine);
	if (!ret)
		ret = strcmp(s->runtime, key->runtime);
	for (size_t i = 0; i < key->by_count && !ret; i++)
		ret = strcmp(s->by[i], key->by[i]);
	return ret;
}

/* Where the series is, or where it belongs. */
static size_t place(const struct ct_series_set *set, const struct key *key, bool *ret_there)
{
	size_t i = 0;

	while (i < set->count && order(set->items[i], key) < 0)
		i++;
	*ret_there = i < set->count && !order(set->items[i], key);
	return i;
}

static size_t count_of(const struct ct_series_set *set, enum ct_record_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < set->count; i++)
		n += set->items[i]->type == type;
	return n;
}

static struct ct_series *series_new(const struct ct_series_set *set, const struct key *key)
{
	struct ct_series *series = calloc(1, sizeof(*series));
	bool failed = !series;

	if (!series)
		return NULL;
	series->type = key->type;
	memcpy(series->engine, key->engine, strnlen(key->engine, sizeof(series->engine) - 1));
	memcpy(series->runtime, key->runtime, strnlen(key->runtime, sizeof(series->runtime) - 1));
	for (size_t i = 0; i < key->by_count; i++) {
		series->by[i] = strdup(key->by[i]);
		failed |= !series->by[i];
	}
	if (!failed)
		return series;
	series_free(set, series);
	return NULL;
}

static struct ct_series *insert(struct ct_series_set *set, size_t at, const struct key *key)
{
	struct ct_series *series;

	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 8;
		struct ct_series **items = realloc(set->items, room * sizeof(struct ct_series *));

		if (!items)
			return NULL;
		set->items = items;
		set->room = room;
	}
	series = series_new(set, key);
	if (!series)
		return NULL;
	memmove(&set->items[at + 1], &set->items[at],
		(set->count - at) * sizeof(struct ct_series *));
	series->number = ++set->numbers;
	set->items[at] = series;
	set->count++;
	return series;
}

static struct ct_series *get(struct ct_series_set *set, const struct ct_record *rec)
{
	struct key key = { .type = rec->type,
			   .engine = set->ops->any_engine ? "" : rec->who->engine,
			   .runtime = rec->who->runtime,
			   .by_count = set->by ? set->by->count : 0 };
	size_t others = count_of(set, rec->type), at;
	bool there;

	for (size_t i = 0; i < key.by_count; i++)
		key.by[i] = ct_by_key(set->by->by[i], rec);
	at = place(set, &key, &there);
	if (!there && others >= CT_SERIES_MAX) {
		for (size_t i = 0; i < key.by_count; i++)
			key.by[i] = CT_SERIES_REST;
		at = place(set, &key, &there);
	}
	if (!there && others >= CT_SERIES_MAX * (key.by_count ? 2 : 1)) {
		key.engine = set->ops->any_engine ? "" : CT_SERIES_REST;
		key.runtime = CT_SERIES_REST;
		at = place(set, &key, &there);
	}
	return there ? set->items[at] : insert(set, at, &key);
}

static int add_to(struct ct_series_set *set, struct ct_series *series, unsigned c, uint64_t ns,
		  const struct ct_session *session, const struct ct_record *rec)
{
	void **cell = &series->cells[c];

	if (!*cell) {
		*cell = calloc(1, set->ops->cell_size);
		series->numbers[c] = ++set->numbers;
	}
	return *cell ? set->ops->add(*cell, set->ctx, ns, session, rec) : -ENOMEM;
}

int ct_series_add(struct ct_series_set *set, const struct ct_series_ops *ops,
		  const struct ct_session *session, const struct ct_record *rec)
{
	struct ct_series *series;
	uint64_t total = rec->end_ns > rec->begin_ns ? rec->end_ns - rec->begin_ns : 0;
	int ret;

	set->ops = ops;
	series = get(set, rec);
	if (!series)
		return -ENOMEM;
	if (!series->created_ns)
		series->created_ns = rec->end_ns;
	series->count[rec->outcome]++;
	if (rec->outcome != CT_OUTCOME_OK)
		return 0;
	ret = add_to(set, series, CT_SERIES_TOTAL, total, session, rec);
	for (unsigned p = 0; p < CT_PHASE_MAX && !ret; p++) {
		struct ct_phase_value value = ct_phase_value(rec, (enum ct_phase)p, CT_GAPS_ALL);

		if (value.is == CT_PHASE_UNMEASURED)
			series->unknown[p]++;
		else if (value.is == CT_PHASE_MEASURED)
			ret = add_to(set, series, p, value.ns, session, rec);
	}
	return ret;
}

const char *ct_series_cell_name(unsigned cell)
{
	return cell < CT_PHASE_MAX ? ct_phase_names[cell] : "total";
}

const char *ct_seconds(char *buf, uint64_t ns)
{
	const uint64_t second = 1000000000;
	int len = snprintf(buf, CT_SECONDS_LEN, "%llu.%09u", (unsigned long long)(ns / second),
			   (unsigned)(ns % second));

	while (buf[len - 1] == '0' && buf[len - 2] != '.')
		buf[--len] = '\0';
	return buf;
}
