// SPDX-License-Identifier: GPL-2.0-only
/* OTLP metrics: one line at the end, durations as exponential histograms; docs/formats.md. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/losses.h"
#include "sinks/otlp/otlp.h"
#include "sinks/series.h"
#include "util/mem.h"

#define TEMPORALITY_CUMULATIVE 2

/*
 * 2^SCALE buckets per power of two, of seconds: a value is at most 0.55 % off the middle of its
 * bucket. All durations from 1 ns to 2^64 ns have a bucket.
 */
#define SCALE        6
#define PER_POWER    (1 << SCALE)
#define POWER_LOWEST (-30)
#define POWERS       65
#define INDEX_LOWEST (POWER_LOWEST * PER_POWER)
#define BUCKETS      (POWERS * PER_POWER)

struct cell {
	uint64_t count, zeros, sum_ns, min_ns, max_ns;
	uint64_t max_at_ns; /* end of the record that took longest */
	char max_id[80];
	struct ct_otlp_ids max_ids;
	uint64_t in[BUCKETS];
};

/* A resource. */
struct node {
	char *name; /* owned */
	struct ct_series_set series;
};

struct metrics {
	struct node *nodes; /* owned, in the order of their first records */
	size_t count;
};

/* Bucket i holds what is above 2^(i / PER_POWER) seconds and not above the next. */
static int bucket_of(uint64_t ns)
{
	double index = ceil(log2((double)ns / 1e9) * PER_POWER) - 1;

	return (int)index - INDEX_LOWEST;
}

static int add(void *p, const void *ctx, uint64_t ns, const struct ct_session *session,
	       const struct ct_record *rec)
{
	struct cell *cell = p;

	(void)ctx;
	if (!cell->count || ns < cell->min_ns)
		cell->min_ns = ns;
	if (!cell->count || ns > cell->max_ns) {
		cell->max_ns = ns;
		cell->max_at_ns = rec->end_ns;
		cell->max_ids = ct_otlp_ids_of(session, rec);
		memcpy(cell->max_id, rec->who->id, sizeof(cell->max_id));
	}
	cell->count++;
	if (__builtin_add_overflow(cell->sum_ns, ns, &cell->sum_ns))
		cell->sum_ns = UINT64_MAX;
	if (ns)
		cell->in[bucket_of(ns)]++;
	else
		cell->zeros++;
	return 0;
}

static const struct ct_series_ops series_ops = { .cell_size = sizeof(struct cell), .add = add };

/* NULL when out of memory. */
static struct node *node_get(struct metrics *m, const char *name)
{
	struct node *nodes;
	char *copy;

	for (size_t i = m->count; i > 0; i--)
		if (!strcmp(m->nodes[i - 1].name, name))
			return &m->nodes[i - 1];
	nodes = realloc(m->nodes, (m->count + 1) * sizeof(*nodes));
	if (!nodes)
		return NULL;
	m->nodes = nodes;
	copy = strdup(name);
	if (!copy)
		return NULL;
	nodes[m->count] = (struct node){ .name = copy };
	return &nodes[m->count++];
}

static int metrics_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			  const struct ct_record *rec)
{
	struct node *node = node_get(s->state, rec->node);

	(void)page;
	return node ? ct_series_add(&node->series, &series_ops, session, rec) : -ENOMEM;
}

/* What the points of all metrics have in common. */
struct drawing {
	struct ct_json w;
	const struct ct_session *session;
};

static void open_metric(struct ct_json *w, const char *name, const char *unit,
			const char *description, const char *kind)
{
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "name", name);
	ct_json_string(w, "description", description);
	ct_json_string(w, "unit", unit);
	ct_json_enter(w, kind, '{');
	ct_json_enter(w, "dataPoints", '[');
}

/* cumulative: of a kind that has a temporality; monotonic: a sum that never falls. */
static void close_metric(struct ct_json *w, bool cumulative, bool monotonic)
{
	ct_json_leave(w, ']');
	if (cumulative)
		ct_json_u64(w, "aggregationTemporality", TEMPORALITY_CUMULATIVE);
	if (monotonic)
		ct_json_bool(w, "isMonotonic", true);
	ct_json_leave(w, '}');
	ct_json_leave(w, '}');
}

/* Opens a point down to its attributes. */
static void open_point(struct drawing *d, bool since_begin)
{
	struct ct_json *w = &d->w;

	ct_json_enter(w, NULL, '{');
	if (since_begin)
		ct_otlp_instant(w, "startTimeUnixNano", d->session, d->session->begin_ns);
	ct_otlp_instant(w, "timeUnixNano", d->session, d->session->end_ns);
	ct_json_enter(w, "attributes", '[');
}

static void put_series(struct ct_json *w, const struct ct_series *series)
{
	ct_otlp_string(w, "container.runtime.name", series->runtime);
	ct_otlp_string(w, "coldtrace.engine", series->engine);
	ct_otlp_string(w, "coldtrace.record.type", ct_record_names[series->type]);
}

static void put_seconds(struct ct_json *w, const char *key, uint64_t ns)
{
	char buf[CT_SECONDS_LEN];

	ct_json_number(w, key, ct_seconds(buf, ns));
}

static void put_buckets(struct ct_json *w, const struct cell *cell)
{
	int first = 0, last = BUCKETS - 1;
	char buf[16];

	if (cell->count == cell->zeros)
		return;
	while (!cell->in[first])
		first++;
	while (!cell->in[last])
		last--;
	ct_json_enter(w, "positive", '{');
	snprintf(buf, sizeof(buf), "%d", first + INDEX_LOWEST);
	ct_json_number(w, "offset", buf);
	ct_json_enter(w, "bucketCounts", '[');
	for (int i = first; i <= last; i++)
		ct_otlp_u64(w, NULL, cell->in[i]);
	ct_json_leave(w, ']');
	ct_json_leave(w, '}');
}

/* The slowest record, with the trace that otlp-traces writes of it. */
static void put_exemplar(struct drawing *d, const struct cell *cell)
{
	struct ct_json *w = &d->w;

	ct_json_enter(w, "exemplars", '[');
	ct_json_enter(w, NULL, '{');
	ct_json_enter(w, "filteredAttributes", '[');
	ct_otlp_string(w, "container.id", cell->max_id);
	ct_json_leave(w, ']');
	ct_otlp_instant(w, "timeUnixNano", d->session, cell->max_at_ns);
	put_seconds(w, "asDouble", cell->max_ns);
	ct_json_string(w, "spanId", cell->max_ids.span);
	ct_json_string(w, "traceId", cell->max_ids.trace);
	ct_json_leave(w, '}');
	ct_json_leave(w, ']');
}

static void put_cell(struct drawing *d, const struct ct_series *series, const char *phase,
		     const struct cell *cell)
{
	struct ct_json *w = &d->w;

	open_point(d, true);
	put_series(w, series);
	if (phase)
		ct_otlp_string(w, "coldtrace.phase", phase);
	ct_json_leave(w, ']');
	ct_otlp_u64(w, "count", cell->count);
	put_seconds(w, "sum", cell->sum_ns);
	ct_json_u64(w, "scale", SCALE);
	ct_otlp_u64(w, "zeroCount", cell->zeros);
	put_buckets(w, cell);
	put_exemplar(d, cell);
	put_seconds(w, "min", cell->min_ns);
	put_seconds(w, "max", cell->max_ns);
	ct_json_leave(w, '}');
}

static void put_durations(struct drawing *d, const struct ct_series_set *set)
{
	open_metric(&d->w, "coldtrace.phase.duration", "s",
		    "Time of a lifecycle phase, of records that succeeded.",
		    "exponentialHistogram");
	for (size_t i = 0; i < set->count; i++)
		for (unsigned p = 0; p < CT_PHASE_MAX; p++)
			if (set->items[i]->cells[p])
				put_cell(d, set->items[i], ct_phase_names[p],
					 set->items[i]->cells[p]);
	close_metric(&d->w, true, false);
	open_metric(&d->w, "coldtrace.record.duration", "s",
		    "Time of a whole start, stop, restart, create or removal that succeeded.",
		    "exponentialHistogram");
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i]->cells[CT_SERIES_TOTAL])
			put_cell(d, set->items[i], NULL, set->items[i]->cells[CT_SERIES_TOTAL]);
	close_metric(&d->w, true, false);
}

/* Closes the point that open_point opened. */
static void put_int(struct drawing *d, uint64_t n)
{
	ct_json_leave(&d->w, ']');
	ct_otlp_u64(&d->w, "asInt", n);
	ct_json_leave(&d->w, '}');
}

static void put_records(struct drawing *d, const struct ct_series_set *set)
{
	open_metric(&d->w, "coldtrace.records", "{record}", "Records, by how they ended.", "sum");
	for (size_t i = 0; i < set->count; i++) {
		for (unsigned o = 0; o < CT_OUTCOME_MAX; o++) {
			open_point(d, true);
			put_series(&d->w, set->items[i]);
			ct_otlp_string(&d->w, "coldtrace.outcome", ct_outcome_names[o]);
			put_int(d, set->items[i]->count[o]);
		}
	}
	close_metric(&d->w, true, true);
}

/* Of the session, whose recordings do not say them by node. */
static void put_counts(struct drawing *d, const struct ct_core_counts *counts)
{
	const struct {
		const char *name, *unit, *description;
		uint64_t n;
	} gauges[] = {
		{ "coldtrace.containers", "{container}", "Containers known.", counts->containers },
		{ "coldtrace.unread_recordings", "{recording}",
		  "Recordings that were not read whole: with any the other numbers may be too low.",
		  counts->unread },
	};

	open_metric(
		&d->w, "coldtrace.lost_events", "{event}",
		"What tracing lost, by cause: with any but 'late' the other numbers are too low.",
		"sum");
	for (size_t i = 0; i < CT_LOSS_MAX; i++) {
		char cause[CT_LOSS_NAME_LEN];

		open_point(d, true);
		ct_otlp_string(&d->w, "coldtrace.cause", ct_loss_name(cause, i));
		put_int(d, counts->lost[i]);
	}
	close_metric(&d->w, true, true);
	open_metric(&d->w, "coldtrace.events", "{event}", "Kernel events used.", "sum");
	open_point(d, true);
	put_int(d, counts->events);
	close_metric(&d->w, true, true);
	for (size_t i = 0; i < CT_ARRAY_SIZE(gauges); i++) {
		open_metric(&d->w, gauges[i].name, gauges[i].unit, gauges[i].description, "gauge");
		open_point(d, false);
		put_int(d, gauges[i].n);
		close_metric(&d->w, false, false);
	}
}

static int metrics_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		       const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	static const struct ct_otlp_shape shape = { "resourceMetrics", "scopeMetrics", "metrics" };
	struct drawing d = { .w.f = page, .session = session };
	const struct metrics *m = s->state;

	(void)summary;
	ct_otlp_open(&d.w, &shape);
	for (size_t i = 0; i < m->count; i++) {
		ct_otlp_open_resource(&d.w, &shape, session, m->nodes[i].name);
		put_durations(&d, &m->nodes[i].series);
		put_records(&d, &m->nodes[i].series);
		if (m->count == 1)
			put_counts(&d, counts);
		ct_otlp_close_resource(&d.w);
	}
	if (m->count != 1) {
		ct_otlp_open_resource(&d.w, &shape, session, "");
		put_counts(&d, counts);
		ct_otlp_close_resource(&d.w);
	}
	ct_otlp_close(&d.w);
	return 0;
}

static void metrics_free(void *state)
{
	struct metrics *m = state;

	for (size_t i = 0; i < m->count; i++) {
		ct_series_free(&m->nodes[i].series);
		free(m->nodes[i].name);
	}
	free(m->nodes);
}

const struct ct_sink_ops ct_otlp_metrics_ops = {
	.name = "otlp-metrics",
	.suffix = ".metrics.jsonl",
	.help = "OTLP JSON for OpenTelemetry: phases as exponential histograms, counters",
	.state_size = sizeof(struct metrics),
	.record = metrics_record,
	.end = metrics_end,
	.free = metrics_free,
};
