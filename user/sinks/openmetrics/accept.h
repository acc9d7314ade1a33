/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "sinks/openmetrics/writer.h"

/*
 * The form that a request asks for by its header Accept (RFC 9110, 12.5.1): of those named that there are,
 * the one with the greatest quality, of several the first. NULL, and what names none: Prometheus' text.
 */
enum ct_metrics_form ct_metrics_accept(const char *header);

/* Its Content-Type. */
const char *ct_metrics_content_type(enum ct_metrics_form form);
