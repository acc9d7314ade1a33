/* SPDX-License-Identifier: GPL-2.0-only */
/* How OpenMetrics text is written, for the files that write it. */
#pragma once

#include <stdio.h>

#include "stats/opens_list.h"

void ct_metrics_family(FILE *f, const char *name, const char *type, const char *unit,
		       const char *help);
/* At most `room` bytes of the value; what disturbs a terminal is escaped before the label is. */
void ct_metrics_label(FILE *f, const char *separator, const char *label, const char *value,
		      size_t room);

/* Families of opened files; nothing if none was opened. Returns 0 or -ENOMEM. */
int ct_metrics_opens(FILE *f, const struct ct_opens_list *l);
