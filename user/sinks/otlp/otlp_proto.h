/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

#include "util/pb.h"

enum ct_otlp_signal {
	CT_OTLP_TRACES,
	CT_OTLP_METRICS,
	CT_OTLP_SIGNAL_MAX
};

/*
 * What the OTLP outputs have written as JSON, as protobuf: opentelemetry-proto 1.x, TracesData and
 * MetricsData, which are what a collector is sent. It is added to what is in pb already: two messages
 * behind one another are one with all of both. Returns 0, -ENOMEM, or -EINVAL: it is not what those write.
 */
int ct_otlp_proto(struct ct_pb *pb, enum ct_otlp_signal signal, const char *json, size_t len);
