// SPDX-License-Identifier: GPL-2.0-only
/* Images that were fetched, and those that are being fetched: by the registry that the image's name names. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/openmetrics/openmetrics.h"
#include "util/mem.h"

static const struct ct_metrics_family durations = {
	"coldtrace_pull_duration_seconds", CT_METRICS_HISTOGRAM, "seconds",
	"Time of an image's pull that succeeded and fetched something, from the request until it is there."
};
static const struct ct_metrics_family under_way = { "coldtrace_pulls_in_progress", CT_METRICS_GAUGE,
						    NULL, "Images that are being fetched." };

static void add(struct ct_metrics_labels *to, const char *name, const char *value)
{
	to->items[to->count++] = (struct ct_metrics_label){ name, value };
}

static struct ct_metrics_labels labels_of(struct ct_metrics *m, const struct ct_pulled *of)
{
	struct ct_metrics_labels labels = { .count = 0 };

	add(&labels, "engine", of->engine);
	add(&labels, "registry", of->registry);
	m->created_ns = of->created_ns;
	return labels;
}

/* What nobody has seen yet is told as 0. */
static uint64_t told(const struct ct_metrics *m, const struct ct_pulled *of, uint64_t n)
{
	return of->number > m->known ? 0 : n;
}

static void put_durations(struct ct_metrics *m, const struct ct_meter *meter)
{
	static const uint64_t in[CT_BUCKETS_MAX];
	static const struct ct_native native;

	ct_metrics_family(m, &durations);
	for (size_t i = 0; i < meter->pulled.count; i++) {
		const struct ct_pulled *of = &meter->pulled.items[i];
		struct ct_metrics_labels labels = labels_of(m, of);
		struct ct_metrics_histogram h = { .buckets = ct_meter_buckets(meter), .in = in };

		if (told(m, of, of->cell.count)) {
			h.count = of->cell.count;
			h.sum_ns = of->cell.sum_ns;
			h.in = of->cell.in;
			h.last = of->cell.last;
			h.native = of->cell.native;
		} else {
			h.native = meter->native ? &native : NULL;
		}
		ct_metrics_histogram(m, &labels, &h);
	}
}

#define ALONE       " Of pulls beside which their engine had no other."
#define SUM(member) offsetof(struct ct_pulled, member)

static const struct ct_metrics_family outcomes = {
	"coldtrace_pulls", CT_METRICS_COUNTER, NULL,
	"Pulls by how they ended; up-to-date: all of it was there."
};

/* What is counted. Columns: family; its label, or NULL; for each value of it where the sum is. */
static const struct sum_row {
	struct ct_metrics_family family;
	const char *label;
	struct {
		const char *value;
		size_t at; /* in struct ct_pulled */
	} of[2];
	size_t count;
} sums[] = {
	{ { "coldtrace_pull_bytes", CT_METRICS_COUNTER, "bytes",
	    "Bytes of layers, as stored, that pulls that succeeded have fetched." },
	  NULL,
	  { { NULL, SUM(bytes) } },
	  1 },
	{ { "coldtrace_pull_layers", CT_METRICS_COUNTER, NULL,
	    "Layers of images that were pulled: fetched, or there already." },
	  "state",
	  { { "fetched", SUM(fetched) }, { "there", SUM(there) } },
	  2 },
	{ { "coldtrace_pull_retries", CT_METRICS_COUNTER, NULL,
	    "How often the download of a layer was begun once more." },
	  NULL,
	  { { NULL, SUM(retries) } },
	  1 },
	{ { "coldtrace_pull_connections", CT_METRICS_COUNTER, NULL,
	    "Connections to registries that were made, or failed." ALONE },
	  "state",
	  { { "made", SUM(connected) }, { "failed", SUM(unconnected) } },
	  2 },
	{ { "coldtrace_pull_received_bytes", CT_METRICS_COUNTER, "bytes",
	    "Bytes that came by connections to registries that have ended, with what HTTP and TLS "
	    "add." ALONE },
	  NULL,
	  { { NULL, SUM(received) } },
	  1 },
	{ { "coldtrace_pull_resent_segments", CT_METRICS_COUNTER, "segments",
	    "Segments of TCP that had to be sent again to registries." ALONE },
	  NULL,
	  { { NULL, SUM(resent) } },
	  1 },
};

static void put_sum(struct ct_metrics *m, const struct ct_pulled *of, const char *label,
		    const char *value, uint64_t n)
{
	struct ct_metrics_labels labels = labels_of(m, of);

	if (label)
		add(&labels, label, value);
	ct_metrics_count(m, &labels, told(m, of, n));
}

static void put_outcomes(struct ct_metrics *m, const struct ct_pulled *of)
{
	for (unsigned o = 0; o < CT_OUTCOME_MAX; o++)
		put_sum(m, of, "outcome", ct_outcome_names[o],
			of->count[o] - (o == CT_OUTCOME_OK ? of->up_to_date : 0));
	put_sum(m, of, "outcome", "up-to-date", of->up_to_date);
}

static void put_row(struct ct_metrics *m, const struct sum_row *row, const struct ct_pulled *of)
{
	for (size_t i = 0; i < row->count; i++) {
		uint64_t n;

		memcpy(&n, (const char *)of + row->of[i].at, sizeof(n));
		put_sum(m, of, row->label, row->of[i].value, n);
	}
}

static void put_sums(struct ct_metrics *m, const struct ct_pulled_set *set)
{
	ct_metrics_family(m, &outcomes);
	for (size_t i = 0; i < set->count; i++)
		put_outcomes(m, &set->items[i]);
	for (size_t r = 0; r < CT_ARRAY_SIZE(sums); r++) {
		ct_metrics_family(m, &sums[r].family);
		for (size_t i = 0; i < set->count; i++)
			put_row(m, &sums[r], &set->items[i]);
	}
}

static void put_under_way(struct ct_metrics *m, const struct ct_pulling *pulling,
			  const struct ct_pulled_set *set)
{
	struct ct_metrics_labels labels = { .count = 0 };

	ct_metrics_family(m, &under_way);
	for (size_t i = 0; i < CT_PULLING_MAX; i++) {
		labels.count = 0;
		add(&labels, "registry", pulling->each[i].registry);
		if (pulling->each[i].count)
			ct_metrics_count(m, &labels, pulling->each[i].count);
	}
	for (size_t i = 0; i < set->count; i++) { /* one that had some, and has none now */
		bool is_told = false;

		for (size_t k = 0; k < CT_PULLING_MAX; k++)
			is_told |= !strcmp(pulling->each[k].registry, set->items[i].registry);
		for (size_t k = 0; k < i; k++) /* of another engine */
			is_told |= !strcmp(set->items[k].registry, set->items[i].registry);
		labels.count = 0;
		add(&labels, "registry", set->items[i].registry);
		if (!is_told)
			ct_metrics_count(m, &labels, 0);
	}
}

void ct_metrics_pulls(struct ct_metrics *m, const struct ct_meter *meter,
		      const struct ct_core_counts *counts)
{
	if (meter->pulled.count) {
		put_durations(m, meter);
		put_sums(m, &meter->pulled);
		m->created_ns = 0;
	}
	if (meter->pulled.count || counts->pulling.each[0].count)
		put_under_way(m, &counts->pulling, &meter->pulled);
}
