/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "cmd/options.h"
#include "util/err.h"

/* Exit codes, for scripts. */
#define CT_EXIT_OK         0
#define CT_EXIT_FAILED     1
#define CT_EXIT_USAGE      2
#define CT_EXIT_INCOMPLETE 3 /* done, but something was lost */

/* Each returns an exit code, or a negative errno and a sentence. */
int ct_cmd_trace(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_report(const struct ct_options *opts, struct ct_err *err);
