/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "cmd/options.h"

/* What report does with --chains or --chain: an exit code, or a negative errno and a sentence. */
int ct_report_chains(const struct ct_options *opts, struct ct_err *err);
