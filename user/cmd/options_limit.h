/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that say how much there may be at once. */
#pragma once

#include "cmd/options.h"

int ct_parse_processes(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_containers(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_records(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_path_pieces(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_jobs(struct ct_options *opts, const char *value, struct ct_err *err);
