/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of the outputs for Prometheus. For the table of options alone. */
#pragma once

#include "cmd/options.h"

/* What metrics can be told apart by. */
#define CT_METRICS_BY_MAX 3
extern const enum ct_by ct_metrics_by[CT_METRICS_BY_MAX];

int ct_parse_buckets(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_metrics_by(struct ct_options *opts, const char *value, struct ct_err *err);
