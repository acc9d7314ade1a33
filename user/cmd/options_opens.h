/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that say how opened files are grouped and how often they are drawn. */
#pragma once

#include "cmd/options.h"

int ct_parse_interval(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_top(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_open_by(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_opens_by(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_group(struct ct_options *opts, const char *value, struct ct_err *err);
