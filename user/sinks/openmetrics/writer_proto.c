// SPDX-License-Identifier: GPL-2.0-only
/* Prometheus' protobuf; numbers of fields are those of its io/prometheus/client/metrics.proto. */
#include <string.h>

#include "sinks/openmetrics/writer.h"

enum {
	FAMILY_NAME = 1,
	FAMILY_HELP = 2,
	FAMILY_TYPE = 3,
	FAMILY_METRIC = 4,
	FAMILY_UNIT = 5,

	METRIC_LABEL = 1,
	METRIC_GAUGE = 2,
	METRIC_COUNTER = 3,
	METRIC_HISTOGRAM = 7,

	LABEL_NAME = 1,
	LABEL_VALUE = 2,
	NUMBER_VALUE = 1, /* of a gauge, of a counter */
	COUNTER_CREATED = 3,

	HISTOGRAM_COUNT = 1,
	HISTOGRAM_SUM = 2,
	HISTOGRAM_BUCKET = 3,
	HISTOGRAM_SCHEMA = 5,
	HISTOGRAM_ZERO_THRESHOLD = 6,
	HISTOGRAM_ZERO_COUNT = 7,
	HISTOGRAM_POSITIVE_SPAN = 12,
	HISTOGRAM_POSITIVE_DELTA = 13,
	HISTOGRAM_CREATED = 15,

	BUCKET_COUNT = 1,
	BUCKET_BOUND = 2,
	BUCKET_EXEMPLAR = 3,

	SPAN_OFFSET = 1,
	SPAN_LENGTH = 2,

	EXEMPLAR_LABEL = 1,
	EXEMPLAR_VALUE = 2,
	EXEMPLAR_TIMESTAMP = 3,

	TIMESTAMP_SECONDS = 1,
	TIMESTAMP_NANOS = 2,
};

#define NS_PER_S 1000000000

static const struct {
	uint64_t number; /* enum MetricType */
	const char *suffix;
} types[] = {
	[CT_METRICS_COUNTER] = { 0, "_total" },
	[CT_METRICS_GAUGE] = { 1, "" },
	[CT_METRICS_HISTOGRAM] = { 4, "" },
	[CT_METRICS_INFO] = { 1, "_info" },
};

void ct_metrics_proto_end(struct ct_metrics *m)
{
	if (m->family)
		ct_pb_end(&m->pb, m->family_begin);
	m->family = NULL;
}

/* m->family is the new one already; whether one was open says its begin. */
void ct_metrics_proto_family(struct ct_metrics *m, const struct ct_metrics_family *family)
{
	char name[128];

	if (m->pb.len)
		ct_pb_end(&m->pb, m->family_begin);
	m->family_begin = ct_pb_begin_delimited(&m->pb);
	snprintf(name, sizeof(name), "%s%s", family->name, types[family->type].suffix);
	ct_pb_string(&m->pb, FAMILY_NAME, name);
	ct_pb_string(&m->pb, FAMILY_HELP, family->help);
	ct_pb_u64(&m->pb, FAMILY_TYPE, types[family->type].number);
}

static void put_label(struct ct_pb *pb, unsigned field, const char *name, const char *value,
		      size_t room)
{
	char safe[CT_METRICS_VALUE_LEN];
	size_t at = ct_pb_begin(pb, field);

	ct_pb_string(pb, LABEL_NAME, name);
	ct_pb_string(pb, LABEL_VALUE, ct_metrics_value(safe, value, room));
	ct_pb_end(pb, at);
}

static void put_labels(struct ct_pb *pb, const struct ct_metrics_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		put_label(pb, METRIC_LABEL, labels->items[i].name, labels->items[i].value,
			  SIZE_MAX);
}

static void put_instant(struct ct_metrics *m, unsigned field, uint64_t mono_ns)
{
	int64_t ns = (int64_t)(mono_ns + (uint64_t)m->wall_minus_mono_ns);
	size_t at = ct_pb_begin(&m->pb, field);

	ct_pb_u64(&m->pb, TIMESTAMP_SECONDS, (uint64_t)(ns > 0 ? ns / NS_PER_S : 0));
	ct_pb_u64(&m->pb, TIMESTAMP_NANOS, (uint64_t)(ns > 0 ? ns % NS_PER_S : 0));
	ct_pb_end(&m->pb, at);
}

void ct_metrics_proto_number(struct ct_metrics *m, const struct ct_metrics_labels *labels, double n)
{
	unsigned kind = m->family->type == CT_METRICS_COUNTER ? METRIC_COUNTER : METRIC_GAUGE;
	size_t metric = ct_pb_begin(&m->pb, FAMILY_METRIC), number;

	put_labels(&m->pb, labels);
	number = ct_pb_begin(&m->pb, kind);
	ct_pb_double(&m->pb, NUMBER_VALUE, n);
	if (kind == METRIC_COUNTER && m->created_ns)
		put_instant(m, COUNTER_CREATED, m->created_ns);
	ct_pb_end(&m->pb, number);
	ct_pb_end(&m->pb, metric);
}

static void put_exemplar(struct ct_metrics *m, const struct ct_exemplar *last)
{
	struct ct_pb *pb = &m->pb;
	size_t at = ct_pb_begin(pb, BUCKET_EXEMPLAR);

	put_label(pb, EXEMPLAR_LABEL, CT_EXEMPLAR_LABEL, last->id, CT_EXEMPLAR_ROOM);
	put_label(pb, EXEMPLAR_LABEL, CT_EXEMPLAR_TRACE, last->trace, SIZE_MAX);
	ct_pb_double(pb, EXEMPLAR_VALUE, (double)last->ns / 1e9);
	put_instant(m, EXEMPLAR_TIMESTAMP, last->at_ns);
	ct_pb_end(pb, at);
}

/* The one without a bound is what the count says. */
static void put_classic(struct ct_metrics *m, const struct ct_metrics_histogram *h)
{
	struct ct_pb *pb = &m->pb;
	uint64_t below = 0;

	for (size_t b = 0; b + 1 < h->buckets->count; b++) {
		size_t at = ct_pb_begin(pb, HISTOGRAM_BUCKET);

		below += h->in[b];
		ct_pb_u64(pb, BUCKET_COUNT, below);
		ct_pb_double(pb, BUCKET_BOUND, (double)h->buckets->ns[b] / 1e9);
		if (h->in[b] && h->last)
			put_exemplar(m, h->last[b]);
		ct_pb_end(pb, at);
	}
}

static void put_span(struct ct_pb *pb, int64_t offset, uint64_t length)
{
	size_t at = ct_pb_begin(pb, HISTOGRAM_POSITIVE_SPAN);

	ct_pb_s64(pb, SPAN_OFFSET, offset);
	ct_pb_u64(pb, SPAN_LENGTH, length);
	ct_pb_end(pb, at);
}

/*
 * Spans are stretches of buckets that are not empty, each so far behind the one before; deltas are
 * the counts, each less the one before. Without any span a reader could not tell it from a classic one.
 */
static void put_native(struct ct_pb *pb, const struct ct_native *native)
{
	int64_t end = 0, before = 0;
	bool any = false;
	size_t at;

	ct_pb_s64(pb, HISTOGRAM_SCHEMA, CT_NATIVE_SCHEMA);
	ct_pb_double(pb, HISTOGRAM_ZERO_THRESHOLD, 1e-10);
	ct_pb_u64(pb, HISTOGRAM_ZERO_COUNT, native->zeros);
	for (int i = 0, first; i < CT_NATIVE_MAX; i++) {
		if (!native->in[i])
			continue;
		for (first = i; i < CT_NATIVE_MAX && native->in[i];)
			i++;
		put_span(pb, first + CT_NATIVE_LOWEST - end, (uint64_t)(i - first));
		end = i + CT_NATIVE_LOWEST;
		any = true;
	}
	if (!any)
		put_span(pb, 0, 0);
	at = ct_pb_begin(pb, HISTOGRAM_POSITIVE_DELTA);
	for (int i = 0; i < CT_NATIVE_MAX; i++) {
		if (!native->in[i])
			continue;
		ct_pb_put_sint(pb, (int64_t)native->in[i] - before);
		before = (int64_t)native->in[i];
	}
	ct_pb_end(pb, at);
}

void ct_metrics_proto_histogram(struct ct_metrics *m, const struct ct_metrics_labels *labels,
				const struct ct_metrics_histogram *h)
{
	size_t metric = ct_pb_begin(&m->pb, FAMILY_METRIC), at;

	put_labels(&m->pb, labels);
	at = ct_pb_begin(&m->pb, METRIC_HISTOGRAM);
	ct_pb_u64(&m->pb, HISTOGRAM_COUNT, h->count);
	ct_pb_double(&m->pb, HISTOGRAM_SUM, (double)h->sum_ns / 1e9);
	put_classic(m, h);
	if (h->native)
		put_native(&m->pb, h->native);
	if (m->created_ns)
		put_instant(m, HISTOGRAM_CREATED, m->created_ns);
	ct_pb_end(&m->pb, at);
	ct_pb_end(&m->pb, metric);
}
