/* SPDX-License-Identifier: GPL-2.0-only */
/* Opened files as text: per container and view a line of numbers, groups, and paths. */
#pragma once

#include "sinks/pen.h"
#include "stats/opens_list.h"

/* Returns 0 or -ENOMEM. ret_percentiles: whether there are any in it. */
int ct_table_opens(struct ct_pen *pen, const struct ct_opens_list *l, bool *ret_percentiles);
