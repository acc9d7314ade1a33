/* SPDX-License-Identifier: GPL-2.0-only */
/* What is told of a session in Prometheus' formats; docs/formats.md lists the metrics. */
#pragma once

#include "sinks/openmetrics/meter.h"
#include "sinks/openmetrics/writer.h"
#include "stats/opens_list.h"

/* Of a program that serves: what else it knows of itself. */
struct ct_metrics_own {
	const struct ct_metrics_family *family;
	struct ct_metrics_labels labels;
	bool seconds; /* n are ns */
	uint64_t n;
};

struct ct_metrics_told {
	const struct ct_meter *meter;
	const struct ct_session *session;
	const struct ct_opens_list *opened; /* NULL: nothing */
	const struct ct_core_counts *counts;
	const struct ct_metrics_own *own; /* those of a family one after the other */
	size_t own_count;
	uint64_t known; /* series that are younger are told as 0; UINT64_MAX: none are */
};

/* Writes all families in one form. Returns 0 or -ENOMEM. */
int ct_metrics_draw(FILE *f, enum ct_metrics_form form, const struct ct_metrics_told *told);

/* Families of images that were fetched; nothing if none was. */
void ct_metrics_pulls(struct ct_metrics *m, const struct ct_meter *meter,
		      const struct ct_core_counts *counts);
/* Families of opened files; nothing if none was opened. Returns 0 or -ENOMEM. */
int ct_metrics_opens(struct ct_metrics *m, const struct ct_opens_list *l);
