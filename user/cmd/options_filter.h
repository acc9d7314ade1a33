/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that say what is counted and printed. */
#pragma once

#include "cmd/options.h"

int ct_parse_runtime(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_engine(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_container(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_image(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_pod(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_namespace(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_project(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_outcome(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_kind(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_labelled(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_since(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_until(struct ct_options *opts, const char *value, struct ct_err *err);
int ct_parse_restarts(struct ct_options *opts, const char *value, struct ct_err *err);
