// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/openmetrics/meter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/otlp/otlp.h"

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

int ct_meter_add(struct ct_meter *meter, const struct ct_session *session,
		 const struct ct_record *rec)
{
	meter->series.ctx = meter;
	return ct_series_add(&meter->series, &series_ops, session, rec);
}

void ct_meter_free(void *p)
{
	struct ct_meter *meter = p;

	ct_series_free(&meter->series);
}
