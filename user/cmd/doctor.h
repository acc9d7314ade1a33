/* SPDX-License-Identifier: GPL-2.0-only */
/* What works on this node, tried for real, which probes follow from it and why, and who could be traced. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "source/live/plan.h"
#include "util/err.h"

/*
 * Attaches all probes for a moment, and needs no rights; what it may not do it says. The kernel has
 * taken the probes away again some seconds after the return at the latest. Returns 0 if this user can trace here, by that plan, and 1 if not.
 */
int ct_cmd_doctor(FILE *out, bool json, enum ct_plan_name plan, struct ct_err *err);
