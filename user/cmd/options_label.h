/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of experiments: what a run is called, and how many there are. For the table of options alone. */
#pragma once

#include "cmd/options.h"

int ct_parse_label(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_runs(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_compare_by(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_side_a(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_side_b(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_where(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_chain(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_what_if(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_lead(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_warmup(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_percent(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_info_format(struct ct_options *opts, const char *value, struct ct_err *err);
