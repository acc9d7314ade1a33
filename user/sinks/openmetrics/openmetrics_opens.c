// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/openmetrics/openmetrics.h"

#include <errno.h>
#include <stdint.h>

#include "sinks/opens_words.h"
#include "sinks/series.h"
#include "stats/opens_totals.h"
#include "util/mem.h"

/* Upper bounds: opens take microseconds, and those of a sandbox a hundred times that. */
static const struct {
	const char *le;
	uint64_t ns;
} bounds[] = {
	{ "1e-06", 1000 },    { "2.5e-06", 2500 },  { "5e-06", 5000 },     { "1e-05", 10000 },
	{ "2.5e-05", 25000 }, { "5e-05", 50000 },   { "0.0001", 100000 },  { "0.00025", 250000 },
	{ "0.0005", 500000 }, { "0.001", 1000000 }, { "0.0025", 2500000 }, { "0.005", 5000000 },
	{ "0.01", 10000000 }, { "0.1", 100000000 }, { "1.0", 1000000000 }, { "+Inf", UINT64_MAX },
};

static void put_labels(FILE *f, const struct ct_opens_total *t, int call)
{
	ct_metrics_label(f, "{", "runtime", t->runtime, SIZE_MAX);
	ct_metrics_label(f, ",", "view", ct_view_names[t->view], SIZE_MAX);
	if (call >= 0)
		ct_metrics_label(f, ",", "call", ct_open_call_names[call], SIZE_MAX);
}

static void put_durations(FILE *f, const struct ct_opens_total *t, int call)
{
	static const char name[] = "coldtrace_open_duration_seconds";
	const struct ct_hist *h = t->hist[call];
	char buf[CT_SECONDS_LEN];

	if (!h)
		return;
	for (size_t i = 0; i < CT_ARRAY_SIZE(bounds); i++) {
		fprintf(f, "%s_bucket", name);
		put_labels(f, t, call);
		ct_metrics_label(f, ",", "le", bounds[i].le, SIZE_MAX);
		fprintf(f, "} %llu\n", (unsigned long long)ct_hist_at_most(h, bounds[i].ns));
	}
	fprintf(f, "%s_count", name);
	put_labels(f, t, call);
	fprintf(f, "} %llu\n%s_sum", (unsigned long long)ct_hist_count(h), name);
	put_labels(f, t, call);
	fprintf(f, "} %s\n", ct_seconds(buf, ct_hist_sum(h)));
}

static void put_failed(FILE *f, const struct ct_opens_total *t)
{
	char name[CT_ERRNO_LEN];

	for (uint32_t e = 1; e < CT_OPENS_ERRNOS; e++) {
		if (!t->errors[e])
			continue;
		fputs("coldtrace_open_errors_total", f);
		put_labels(f, t, -1);
		ct_metrics_label(f, ",", "error", ct_errno_name(name, e), SIZE_MAX);
		fprintf(f, "} %llu\n", (unsigned long long)t->errors[e]);
	}
}

int ct_metrics_opens(FILE *f, const struct ct_opens_list *l)
{
	struct ct_opens_totals totals;

	if (!l->count)
		return 0;
	if (ct_opens_totals_make(&totals, l))
		return -ENOMEM;
	ct_metrics_family(f, "coldtrace_open_duration_seconds", "histogram", "seconds",
			  "Time in the calls with which files are opened and programs executed.");
	for (size_t i = 0; i < totals.count; i++)
		for (int call = 0; call < CT_OPEN_CALL_MAX; call++)
			put_durations(f, &totals.items[i], call);
	ct_metrics_family(f, "coldtrace_open_errors", "counter", NULL,
			  "Calls of these that failed, by error.");
	for (size_t i = 0; i < totals.count; i++)
		put_failed(f, &totals.items[i]);
	ct_opens_totals_clear(&totals);
	return 0;
}
