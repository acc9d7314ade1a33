/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of the outputs for Prometheus. For the table of options alone. */
#pragma once

#include "cmd/options.h"

int ct_parse_buckets(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_metrics_by(struct ct_options *opts, const char *value, struct ct_err *err);
