// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>

#include "sinks/openmetrics/openmetrics.h"
#include "sinks/opens_words.h"
#include "stats/opens_totals.h"
#include "util/mem.h"

/* Opens take microseconds, and those of a sandbox a hundred times that. */
static const struct ct_buckets bounds = {
	.ns = { 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,
		5000000, 10000000, 100000000, 1000000000, UINT64_MAX },
	.count = 16,
};

static struct ct_metrics_labels labels_of(const struct ct_opens_total *t)
{
	return (struct ct_metrics_labels){
		{ { "runtime", t->runtime }, { "view", ct_view_names[t->view] } }, 2
	};
}

static void put_durations(struct ct_metrics *m, const struct ct_opens_total *t, int call)
{
	struct ct_metrics_labels labels = labels_of(t);
	const struct ct_hist *h = t->hist[call];
	uint64_t in[CT_BUCKETS_MAX], below = 0;

	if (!h)
		return;
	labels.items[labels.count++] =
		(struct ct_metrics_label){ "call", ct_open_call_names[call] };
	for (size_t i = 0; i < bounds.count; i++) {
		uint64_t at_most = ct_hist_at_most(h, bounds.ns[i]);

		in[i] = at_most - below;
		below = at_most;
	}
	ct_metrics_histogram(m, &labels,
			     &(struct ct_metrics_histogram){
				     .count = ct_hist_count(h),
				     .sum_ns = ct_hist_sum(h),
				     .buckets = &bounds,
				     .in = in,
			     });
}

static void put_failed(struct ct_metrics *m, const struct ct_opens_total *t)
{
	char name[CT_ERRNO_LEN];

	for (uint32_t e = 1; e < CT_OPENS_ERRNOS; e++) {
		struct ct_metrics_labels labels = labels_of(t);

		if (!t->errors[e])
			continue;
		labels.items[labels.count++] =
			(struct ct_metrics_label){ "error", ct_errno_name(name, e) };
		ct_metrics_count(m, &labels, t->errors[e]);
	}
}

int ct_metrics_opens(struct ct_metrics *m, const struct ct_opens_list *l)
{
	static const struct ct_metrics_family durations = {
		"coldtrace_open_duration_seconds", CT_METRICS_HISTOGRAM, "seconds",
		"Time in the calls with which files are opened and programs executed."
	};
	static const struct ct_metrics_family errors = { "coldtrace_open_errors",
							 CT_METRICS_COUNTER, NULL,
							 "Calls of these that failed, by error." };
	struct ct_opens_totals totals;

	if (!l->count)
		return 0;
	if (ct_opens_totals_make(&totals, l))
		return -ENOMEM;
	ct_metrics_family(m, &durations);
	for (size_t i = 0; i < totals.count; i++)
		for (int call = 0; call < CT_OPEN_CALL_MAX; call++)
			put_durations(m, &totals.items[i], call);
	ct_metrics_family(m, &errors);
	for (size_t i = 0; i < totals.count; i++)
		put_failed(m, &totals.items[i]);
	ct_opens_totals_clear(&totals);
	return 0;
}
