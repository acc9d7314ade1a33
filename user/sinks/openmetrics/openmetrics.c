// SPDX-License-Identifier: GPL-2.0-only
/*
 * OpenMetrics 1.0 text. Labels have few values, never an id: the id of a container stands in an
 * exemplar. docs/formats.md lists the metrics.
 */
#include <string.h>

#include "sinks/escape.h"
#include "sinks/losses.h"
#include "sinks/openmetrics/openmetrics.h"
#include "sinks/series.h"
#include "util/mem.h"

#define NS_PER_S 1000000000ULL

/* Upper bounds: the number as OpenMetrics writes it, and in ns. */
static const struct bucket {
	const char *le;
	uint64_t ns;
} buckets[] = {
	{ "0.0001", 100000 },      { "0.00025", 250000 },
	{ "0.0005", 500000 },      { "0.001", 1000000 },
	{ "0.0025", 2500000 },     { "0.005", 5000000 },
	{ "0.01", 10000000 },      { "0.025", 25000000 },
	{ "0.05", 50000000 },      { "0.1", 100000000 },
	{ "0.25", 250000000 },     { "0.5", 500000000 },
	{ "1.0", NS_PER_S },       { "2.5", 2 * NS_PER_S + NS_PER_S / 2 },
	{ "5.0", 5 * NS_PER_S },   { "10.0", 10 * NS_PER_S },
	{ "15.0", 15 * NS_PER_S }, { "30.0", 30 * NS_PER_S },
	{ "60.0", 60 * NS_PER_S }, { "+Inf", UINT64_MAX },
};

/* Label names and values of an exemplar hold 128 characters together. */
#define EXEMPLAR_LABEL "container_id"
#define EXEMPLAR_ROOM  (128 - (sizeof(EXEMPLAR_LABEL) - 1))

struct exemplar {
	char id[80];
	uint64_t ns;
	uint64_t at_ns; /* CLOCK_MONOTONIC */
};

struct cell {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t in[CT_ARRAY_SIZE(buckets)];
	struct exemplar last[CT_ARRAY_SIZE(buckets)]; /* of each bucket */
};

/* What is drawn at the end. */
struct metrics {
	const struct ct_series_set *series;
	const struct ct_session *session;
};

static int add(void *p, uint64_t ns, const struct ct_session *session, const struct ct_record *rec)
{
	struct cell *cell = p;
	struct exemplar *last;
	size_t b = 0;

	(void)session;
	while (ns > buckets[b].ns)
		b++;
	cell->count++;
	if (__builtin_add_overflow(cell->sum_ns, ns, &cell->sum_ns))
		cell->sum_ns = UINT64_MAX;
	cell->in[b]++;
	last = &cell->last[b];
	memcpy(last->id, rec->who->id, sizeof(last->id));
	last->ns = ns;
	last->at_ns = rec->end_ns;
	return 0;
}

static const struct ct_series_ops series_ops = { .cell_size = sizeof(struct cell), .add = add };

static int metrics_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			  const struct ct_record *rec)
{
	(void)page;
	return ct_series_add(s->state, &series_ops, session, rec);
}

static void put_seconds(FILE *f, uint64_t ns)
{
	char buf[CT_SECONDS_LEN];

	fputs(ct_seconds(buf, ns), f);
}

static void put_instant(FILE *f, const struct ct_session *session, uint64_t mono_ns)
{
	int64_t ns = ct_wall_ns(session, mono_ns);

	if (ns < 0)
		putc('-', f);
	put_seconds(f, ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns);
}

void ct_metrics_label(FILE *f, const char *separator, const char *label, const char *value,
		      size_t room)
{
	char safe[512];

	if (room >= sizeof(safe))
		room = sizeof(safe) - 1;
	ct_escape_text(safe, room + 1, value, true, CT_COLUMNS_ALL);
	fprintf(f, "%s%s=\"", separator, label);
	for (const char *c = safe; *c; c++) {
		if (*c == '\\' || *c == '"')
			putc('\\', f);
		putc(*c, f);
	}
	putc('"', f);
}

void ct_metrics_family(FILE *f, const char *name, const char *type, const char *unit,
		       const char *help)
{
	fprintf(f, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(f, "# UNIT %s %s\n", name, unit);
	fprintf(f, "# HELP %s %s\n", name, help);
}

static void put_labels(FILE *f, const struct ct_series *series, const char *phase)
{
	ct_metrics_label(f, "{", "engine", series->engine, SIZE_MAX);
	ct_metrics_label(f, ",", "runtime", series->runtime, SIZE_MAX);
	ct_metrics_label(f, ",", "type", ct_record_names[series->type], SIZE_MAX);
	if (phase)
		ct_metrics_label(f, ",", "phase", phase, SIZE_MAX);
}

static void put_exemplar(FILE *f, const struct metrics *m, const struct exemplar *last)
{
	ct_metrics_label(f, " # {", EXEMPLAR_LABEL, last->id, EXEMPLAR_ROOM);
	fputs("} ", f);
	put_seconds(f, last->ns);
	putc(' ', f);
	put_instant(f, m->session, last->at_ns);
}

static void put_cell(FILE *f, const struct metrics *m, const char *name,
		     const struct ct_series *series, const char *phase, const struct cell *cell)
{
	uint64_t below = 0;

	for (size_t b = 0; b < CT_ARRAY_SIZE(buckets); b++) {
		below += cell->in[b];
		fprintf(f, "%s_bucket", name);
		put_labels(f, series, phase);
		ct_metrics_label(f, ",", "le", buckets[b].le, SIZE_MAX);
		fprintf(f, "} %llu", (unsigned long long)below);
		if (cell->in[b])
			put_exemplar(f, m, &cell->last[b]);
		putc('\n', f);
	}
	fprintf(f, "%s_count", name);
	put_labels(f, series, phase);
	fprintf(f, "} %llu\n%s_sum", (unsigned long long)cell->count, name);
	put_labels(f, series, phase);
	fputs("} ", f);
	put_seconds(f, cell->sum_ns);
	putc('\n', f);
}

static void put_durations(FILE *f, const struct metrics *m)
{
	static const char phases[] = "coldtrace_phase_duration_seconds";
	static const char records[] = "coldtrace_record_duration_seconds";

	ct_metrics_family(f, phases, "histogram", "seconds",
			  "Time of a lifecycle phase, of records that succeeded.");
	for (size_t i = 0; i < m->series->count; i++) {
		const struct ct_series *series = m->series->items[i];

		for (unsigned p = 0; p < CT_PHASE_MAX; p++)
			if (series->cells[p])
				put_cell(f, m, phases, series, ct_phase_names[p], series->cells[p]);
	}
	ct_metrics_family(
		f, records, "histogram", "seconds",
		"Time of a whole start, stop, restart, create or removal that succeeded.");
	for (size_t i = 0; i < m->series->count; i++)
		if (m->series->items[i]->cells[CT_SERIES_TOTAL])
			put_cell(f, m, records, m->series->items[i], NULL,
				 m->series->items[i]->cells[CT_SERIES_TOTAL]);
}

static void put_counts(FILE *f, const struct metrics *m)
{
	ct_metrics_family(f, "coldtrace_records", "counter", NULL, "Records, by how they ended.");
	for (size_t i = 0; i < m->series->count; i++) {
		const struct ct_series *series = m->series->items[i];

		for (unsigned o = 0; o < CT_OUTCOME_MAX; o++) {
			fputs("coldtrace_records_total", f);
			put_labels(f, series, NULL);
			ct_metrics_label(f, ",", "outcome", ct_outcome_names[o], SIZE_MAX);
			fprintf(f, "} %llu\n", (unsigned long long)series->count[o]);
		}
	}
	ct_metrics_family(f, "coldtrace_unmeasured_phases", "counter", NULL,
			  "Phases that happened and of which the begin or the end was not seen.");
	for (size_t i = 0; i < m->series->count; i++) {
		const struct ct_series *series = m->series->items[i];

		for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
			if (!series->unknown[p])
				continue;
			fputs("coldtrace_unmeasured_phases_total", f);
			put_labels(f, series, ct_phase_names[p]);
			fprintf(f, "} %llu\n", (unsigned long long)series->unknown[p]);
		}
	}
}

static void put_losses(FILE *f, const struct ct_core_counts *counts)
{
	const struct {
		const char *what;
		uint64_t n;
	} unmatched[] = { { "exits", counts->unmatched_exits },
			  { "answers", counts->unmatched_answers },
			  { "requests", counts->unmatched_requests } };

	ct_metrics_family(
		f, "coldtrace_lost_events", "counter", NULL,
		"What tracing lost, by cause: with any but 'late' the other numbers are too low.");
	for (size_t i = 0; i < CT_LOSS_MAX; i++) {
		char cause[CT_LOSS_NAME_LEN];

		fprintf(f, "coldtrace_lost_events_total{cause=\"%s\"} %llu\n",
			ct_loss_name(cause, i), (unsigned long long)counts->lost[i]);
	}
	ct_metrics_family(f, "coldtrace_unmatched", "counter", NULL,
			  "Events of which the other half was not seen.");
	for (size_t i = 0; i < CT_ARRAY_SIZE(unmatched); i++)
		fprintf(f, "coldtrace_unmatched_total{what=\"%s\"} %llu\n", unmatched[i].what,
			(unsigned long long)unmatched[i].n);
}

static void put_session(FILE *f, const struct ct_session *session,
			const struct ct_core_counts *counts)
{
	const struct {
		const char *name, *type, *suffix, *help;
		uint64_t n;
	} numbers[] = {
		{ "coldtrace_events", "counter", "_total", "Kernel events used.", counts->events },
		{ "coldtrace_containers", "gauge", "", "Containers known.", counts->containers },
		{ "coldtrace_unfinished_containers", "gauge", "",
		  "Containers that were between two states at the end.", counts->open },
		{ "coldtrace_unread_recordings", "gauge", "",
		  "Recordings that were not read whole: with any the other numbers may be too low.",
		  counts->unread },
	};
	const struct {
		const char *name, *help;
		uint64_t ns;
	} times[] = {
		{ "coldtrace_begin_timestamp_seconds", "When tracing began.", session->begin_ns },
		{ "coldtrace_end_timestamp_seconds", "When tracing ended.", session->end_ns },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(numbers); i++) {
		ct_metrics_family(f, numbers[i].name, numbers[i].type, NULL, numbers[i].help);
		fprintf(f, "%s%s %llu\n", numbers[i].name, numbers[i].suffix,
			(unsigned long long)numbers[i].n);
	}
	for (size_t i = 0; i < CT_ARRAY_SIZE(times); i++) {
		ct_metrics_family(f, times[i].name, "gauge", "seconds", times[i].help);
		fprintf(f, "%s ", times[i].name);
		put_instant(f, session, times[i].ns);
		putc('\n', f);
	}
	ct_metrics_family(f, "coldtrace_session", "info", NULL, "What traced, and on what.");
	ct_metrics_label(f, "coldtrace_session_info{", "version", session->version, SIZE_MAX);
	ct_metrics_label(f, ",", "kernel", session->kernel, SIZE_MAX);
	ct_metrics_label(f, ",", "depth", session->depth, SIZE_MAX);
	fputs("} 1\n", f);
}

static int metrics_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		       const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	const struct metrics m = { s->state, session };
	int ret;

	put_durations(page, &m);
	ret = ct_metrics_opens(page, ct_summary_opened(summary));
	put_counts(page, &m);
	put_losses(page, counts);
	put_session(page, session, counts);
	fputs("# EOF\n", page);
	return ret;
}

const struct ct_sink_ops ct_openmetrics_ops = {
	.name = "openmetrics",
	.suffix = ".openmetrics",
	.help = "OpenMetrics 1.0 text, for Prometheus: histograms of phases, counters",
	.state_size = sizeof(struct ct_series_set),
	.record = metrics_record,
	.end = metrics_end,
	.free = ct_series_free,
};
