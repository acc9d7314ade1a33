/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Families of metrics in what Prometheus reads: OpenMetrics 1.0 text, its own text format 0.0.4, and
 * its protobuf (io.prometheus.client.MetricFamily, each after its length), which alone has native
 * histograms. Who draws does not see which.
 */
#pragma once

#include <stdio.h>

#include "sinks/openmetrics/meter.h"
#include "util/pb.h"

enum ct_metrics_form {
	CT_METRICS_OPENMETRICS,
	CT_METRICS_PROMETHEUS,
	CT_METRICS_PROTOBUF,
	CT_METRICS_FORM_MAX
};

enum ct_metrics_type {
	CT_METRICS_COUNTER,
	CT_METRICS_GAUGE,
	CT_METRICS_HISTOGRAM,
	CT_METRICS_INFO
};

struct ct_metrics_family {
	const char *name; /* without _total or _info */
	enum ct_metrics_type type;
	const char *unit; /* NULL: none */
	const char *help;
};

struct ct_metrics {
	FILE *f; /* of text; the caller checks its errors */
	enum ct_metrics_form form;
	int64_t wall_minus_mono_ns; /* for instants */
	uint64_t
		created_ns; /* of what is written next: it was 0 then; 0: nothing is said of that */
	uint64_t known; /* the youngest series that is told as it is */
	const struct ct_metrics_family *family; /* that is being written */
	struct ct_pb pb; /* of protobuf, owned */
	size_t family_begin;
};

/* Values may be anybody's words. */
struct ct_metrics_label {
	const char *name, *value;
};

#define CT_METRICS_LABELS_MAX (4 + CT_SERIES_BY_MAX)

struct ct_metrics_labels {
	struct ct_metrics_label items[CT_METRICS_LABELS_MAX];
	size_t count;
};

/* in: counts per bucket. last, native may be NULL. */
struct ct_metrics_histogram {
	uint64_t count, sum_ns;
	const struct ct_buckets *buckets;
	const uint64_t *in;
	struct ct_exemplar *const *last;
	const struct ct_native *native;
};

/* The family outlives what is written of it. */
void ct_metrics_family(struct ct_metrics *m, const struct ct_metrics_family *family);
void ct_metrics_count(struct ct_metrics *m, const struct ct_metrics_labels *labels, uint64_t n);
void ct_metrics_seconds(struct ct_metrics *m, const struct ct_metrics_labels *labels, int64_t ns);
void ct_metrics_histogram(struct ct_metrics *m, const struct ct_metrics_labels *labels,
			  const struct ct_metrics_histogram *h);
/* After the last one: writes what is still to be written to f. Returns 0 or -ENOMEM. */
int ct_metrics_end(struct ct_metrics *m);

/* For writers: a value without what disturbs a terminal. buf holds CT_METRICS_VALUE_LEN. */
#define CT_METRICS_VALUE_LEN 512
const char *ct_metrics_value(char *buf, const char *value, size_t room);

/* Label names and values of an exemplar hold 128 characters together. */
#define CT_EXEMPLAR_LABEL "container_id"
#define CT_EXEMPLAR_TRACE "trace_id"
#define CT_EXEMPLAR_ROOM \
	(128 - (sizeof(CT_EXEMPLAR_LABEL) - 1) - (sizeof(CT_EXEMPLAR_TRACE) - 1) - \
	 (sizeof((struct ct_exemplar){ 0 }.trace) - 1))

/* writer_proto.c */
void ct_metrics_proto_family(struct ct_metrics *m, const struct ct_metrics_family *family);
void ct_metrics_proto_number(struct ct_metrics *m, const struct ct_metrics_labels *labels,
			     double n);
void ct_metrics_proto_histogram(struct ct_metrics *m, const struct ct_metrics_labels *labels,
				const struct ct_metrics_histogram *h);
void ct_metrics_proto_end(struct ct_metrics *m);
