// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/openmetrics/meter.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/otlp/otlp.h"
#include "stats/pulls.h"

const struct ct_buckets *ct_meter_buckets(const struct ct_meter *meter)
{
	return meter->buckets ? meter->buckets : ct_buckets_default();
}

static int cell_begin(struct ct_meter_cell *cell, const struct ct_meter *meter)
{
	size_t n = ct_meter_buckets(meter)->count;

	if (!cell->in)
		cell->in = calloc(n, sizeof(*cell->in));
	if (!cell->last)
		cell->last = calloc(n, sizeof(*cell->last));
	if (meter->native && !cell->native)
		cell->native = calloc(1, sizeof(*cell->native));
	cell->buckets = n;
	return cell->in && cell->last && (!meter->native || cell->native) ? 0 : -ENOMEM;
}

/* Bounds are inclusive above, as everywhere in Prometheus. */
static void native_add(struct ct_native *native, uint64_t ns)
{
	if (ns)
		native->in[(int)ceil(log2((double)ns / 1e9) * CT_NATIVE_PER) - CT_NATIVE_LOWEST]++;
	else
		native->zeros++;
}

static int add(void *p, const void *ctx, uint64_t ns, const struct ct_session *session,
	       const struct ct_record *rec)
{
	const struct ct_meter *meter = ctx;
	struct ct_meter_cell *cell = p;
	struct ct_exemplar *last;
	size_t b;

	if (cell_begin(cell, meter))
		return -ENOMEM;
	b = ct_buckets_find(ct_meter_buckets(meter), ns);
	if (!cell->last[b])
		cell->last[b] = calloc(1, sizeof(*cell->last[b]));
	last = cell->last[b];
	if (!last)
		return -ENOMEM;
	cell->count++;
	if (__builtin_add_overflow(cell->sum_ns, ns, &cell->sum_ns))
		cell->sum_ns = UINT64_MAX;
	cell->in[b]++;
	if (cell->native)
		native_add(cell->native, ns);
	memcpy(last->id, rec->who->id, sizeof(last->id));
	memcpy(last->trace, ct_otlp_ids_of(session, rec).trace, sizeof(last->trace));
	last->ns = ns;
	last->at_ns = rec->end_ns;
	return 0;
}

static void drop(void *p)
{
	struct ct_meter_cell *cell = p;

	for (size_t b = 0; cell->last && b < cell->buckets; b++)
		free(cell->last[b]);
	free(cell->last);
	free(cell->in);
	free(cell->native);
}

static const struct ct_series_ops series_ops = {
	.cell_size = sizeof(struct ct_meter_cell),
	.add = add,
	.drop = drop,
};

static struct ct_pulled *find(const struct ct_pulled_set *set, const char *engine,
			      const char *registry)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->items[i].engine, engine) &&
		    !strcmp(set->items[i].registry, registry))
			return &set->items[i];
	return NULL;
}

/* NULL: no memory. */
static struct ct_pulled *pulled_of(struct ct_meter *meter, const struct ct_record *rec)
{
	struct ct_pulled_set *set = &meter->pulled;
	const char *engine = rec->who->engine, *registry = rec->fetched->registry;
	struct ct_pulled *of = find(set, engine, registry);

	if (!of && set->count >= CT_PULLED_MAX - 1) {
		engine = registry = CT_SERIES_REST;
		of = find(set, engine, registry);
	}
	if (of)
		return of;
	if (!set->items)
		set->items = calloc(CT_PULLED_MAX, sizeof(*set->items));
	if (!set->items)
		return NULL;
	of = &set->items[set->count++];
	snprintf(of->engine, sizeof(of->engine), "%s", engine);
	snprintf(of->registry, sizeof(of->registry), "%s", registry);
	of->number = ++meter->series.numbers;
	of->created_ns = rec->end_ns;
	return of;
}

/* Of several at once nobody knows whose a connection is. */
static void add_links(struct ct_pulled *of, const struct ct_fetched *f)
{
	const struct ct_pull_links links = ct_pull_links(f);

	if (f->links_shared)
		return;
	of->connected += links.asked - links.failed;
	of->unconnected += links.failed;
	of->received += links.received;
	of->resent += links.resent;
}

static int add_pull(struct ct_meter *meter, const struct ct_session *session,
		    const struct ct_record *rec)
{
	struct ct_pulled *of = pulled_of(meter, rec);
	bool ok = rec->outcome == CT_OUTCOME_OK;
	const struct ct_pull_bound bound = ct_pull_bound(rec);

	if (!of)
		return -ENOMEM;
	of->count[rec->outcome]++;
	of->retries += bound.retries;
	add_links(of, rec->fetched);
	if (!ok)
		return 0;
	of->there += bound.there;
	of->fetched += bound.layers - bound.there;
	of->bytes += bound.bytes;
	of->up_to_date += rec->fetched->up_to_date;
	return rec->fetched->up_to_date
		       ? 0
		       : add(&of->cell, meter, rec->end_ns - rec->begin_ns, session, rec);
}

int ct_meter_add(struct ct_meter *meter, const struct ct_session *session,
		 const struct ct_record *rec)
{
	int ret;

	meter->series.ctx = meter;
	ret = ct_series_add(&meter->series, &series_ops, session, rec);
	return !ret && rec->fetched ? add_pull(meter, session, rec) : ret;
}

void ct_meter_free(void *p)
{
	struct ct_meter *meter = p;

	ct_series_free(&meter->series);
	for (size_t i = 0; i < meter->pulled.count; i++)
		drop(&meter->pulled.items[i].cell);
	free(meter->pulled.items);
	meter->pulled = (struct ct_pulled_set){ 0 };
}
