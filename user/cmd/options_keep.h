/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that say how much is recorded, and how long it is kept. */
#pragma once

#include "cmd/options.h"

int ct_parse_rotate(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_keep_size(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_keep_age(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_max_size(struct ct_options *opts, const char *value, struct ct_err *err);
