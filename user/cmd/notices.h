/* SPDX-License-Identifier: GPL-2.0-only */
/* What a run will not see, and why: said once, before it begins. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd/options.h"
#include "source/live/laps.h"
#include "source/live/plan.h"

/*
 * A sentence for each wanted capability that is not among own, for all tracepoints of system calls
 * if none of them can be used, and for each other probe that the plan asked for and does not have.
 */
void ct_notices_print(FILE *out, const struct ct_plan *plan, uint64_t own);

/*
 * Why no system call at all is traced of those that steps (opens: opened files) are made of, and what
 * to do about it, which may be "". NULL: some are.
 */
const char *ct_notices_blind(const struct ct_plan *plan, bool opens, const char **ret_advice);

/* A sentence for each output that is of steps, in a run that does not trace them. */
void ct_notices_outputs(FILE *out, const struct ct_options *opts);

/* What a plan other than the first is for, and why it had to be: nothing of the first. */
void ct_notices_weaker(FILE *out, const struct ct_plan *plan);

/* A line for each part of the time until tracing began. */
void ct_notices_laps(FILE *out, const struct ct_laps *laps);
