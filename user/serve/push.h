/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces and metrics to a collector: OTLP over HTTP, as protobuf, by a thread of its own. What cannot be
 * sent waits in a bounded queue and is tried again; what there is no room for is dropped, and counted.
 */
#pragma once

#include "sinks/otlp/otlp_proto.h"
#include "sinks/sink.h"

struct ct_push;

/* url: of the collector, as OTEL_EXPORTER_OTLP_ENDPOINT; the other variables of OpenTelemetry are heeded. */
int ct_push_open(struct ct_push **ret, const char *url, struct ct_err *err);
int ct_push_begin(struct ct_push *p, struct ct_err *err);
/* Who says all this; borrowed. */
const struct ct_session_host *ct_push_host(const struct ct_push *p);

/* By one thread, whichever. The record is not kept. */
void ct_push_record(struct ct_push *p, const struct ct_session *session,
		    const struct ct_record *rec);
/* About once a second; with `last` metrics are told whether it is time or not. */
void ct_push_tick(struct ct_push *p, const struct ct_session *session,
		  const struct ct_summary *nothing, const struct ct_core_counts *counts, bool last);

struct ct_push_counts {
	uint64_t sent[CT_OTLP_SIGNAL_MAX],
		dropped[CT_OTLP_SIGNAL_MAX]; /* records; points in time */
	uint64_t failed; /* requests */
	uint64_t queued; /* bytes */
};
struct ct_push_counts ct_push_counts(struct ct_push *p);

/* NULL is fine. Tries once more to send what waits, for no longer than 3 seconds. */
void ct_push_close(struct ct_push *p);
