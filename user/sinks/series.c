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

static int order(const struct ct_series *s, enum ct_record_type type, const char *engine,
		 const char *runtime)
{
	int ret;

	if (s->type != type)
		return s->type < type ? -1 : 1;
	ret = strcmp(s->engine, engine);
	return ret ? ret : strcmp(s->runtime, runtime);
}

/* Where the series is, or where it belongs. */
static size_t place(const struct ct_series_set *set, enum ct_record_type type, const char *engine,
		    const char *runtime, bool *ret_there)
{
	size_t i = 0;

	while (i < set->count && order(set->items[i], type, engine, runtime) < 0)
		i++;
	*ret_there = i < set->count && !order(set->items[i], type, engine, runtime);
	return i;
}

static size_t count_of(const struct ct_series_set *set, enum ct_record_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < set->count; i++)
		n += set->items[i]->type == type;
	return n;
}

static struct ct_series *insert(struct ct_series_set *set, size_t at, enum ct_record_type type,
				const char *engine, const char *runtime)
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
	series = calloc(1, sizeof(*series));
	if (!series)
		return NULL;
	series->type = type;
	memcpy(series->engine, engine, strnlen(engine, sizeof(series->engine) - 1));
	memcpy(series->runtime, runtime, strnlen(runtime, sizeof(series->runtime) - 1));
	memmove(&set->items[at + 1], &set->items[at],
		(set->count - at) * sizeof(struct ct_series *));
	set->items[at] = series;
	set->count++;
	return series;
}

static struct ct_series *get(struct ct_series_set *set, const struct ct_record *rec)
{
	const char *engine = set->ops->any_engine ? "" : rec->who->engine;
	const char *runtime = rec->who->runtime;
	bool there;
	size_t at = place(set, rec->type, engine, runtime, &there);

	if (!there && count_of(set, rec->type) >= CT_SERIES_MAX) {
		engine = set->ops->any_engine ? "" : CT_SERIES_REST;
		runtime = CT_SERIES_REST;
		at = place(set, rec->type, engine, runtime, &there);
	}
	return there ? set->items[at] : insert(set, at, rec->type, engine, runtime);
}

static int add_to(const struct ct_series_set *set, void **cell, uint64_t ns,
		  const struct ct_session *session, const struct ct_record *rec)
{
	if (!*cell)
		*cell = calloc(1, set->ops->cell_size);
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
	series->count[rec->outcome]++;
	if (rec->outcome != CT_OUTCOME_OK)
		return 0;
	ret = add_to(set, &series->cells[CT_SERIES_TOTAL], total, session, rec);
	for (unsigned p = 0; p < CT_PHASE_MAX && !ret; p++) {
		struct ct_phase_value value = ct_phase_value(rec, (enum ct_phase)p, CT_GAPS_ALL);

		if (value.is == CT_PHASE_UNMEASURED)
			series->unknown[p]++;
		else if (value.is == CT_PHASE_MEASURED)
			ret = add_to(set, &series->cells[p], value.ns, session, rec);
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
