/* SPDX-License-Identifier: GPL-2.0-only */
/* What this node offers, which probes follow from it and why, and who could be traced. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "util/err.h"

/*
 * Changes nothing on the node and needs no rights; what it may not see it says. 0 also when the
 * node cannot be traced: that is what it is asked to find out.
 */
int ct_cmd_doctor(FILE *out, bool json, struct ct_err *err);
