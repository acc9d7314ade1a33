// SPDX-License-Identifier: GPL-2.0-only
/*
 * OpenMetrics 1.0 text, and what Prometheus had before it. Labels have few values, never an id: the id
 * of a container stands in an exemplar. docs/formats.md lists the metrics.
 */
#include "sinks/openmetrics/openmetrics.h"

#include <errno.h>
#include <string.h>

#include "sinks/losses.h"
#include "util/mem.h"

static int metrics_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			  const struct ct_record *rec)
{
	struct ct_meter *meter = s->state;

	(void)page;
	meter->buckets = s->buckets;
	meter->series.by = s->series_by;
	return ct_meter_add(meter, session, rec);
}

static const struct ct_metrics_labels no_labels;

static struct ct_metrics_labels one_label(const char *name, const char *value)
{
	return (struct ct_metrics_labels){ { { name, value } }, 1 };
}

static void add_label(struct ct_metrics_labels *labels, const char *name, const char *value)
{
	labels->items[labels->count++] = (struct ct_metrics_label){ name, value };
}

/* Whatever is written next is of this series. */
static struct ct_metrics_labels labels_of(struct ct_metrics *m, const struct ct_meter *meter,
					  const struct ct_series *series)
{
	struct ct_metrics_labels labels = { { { "engine", series->engine },
					      { "runtime", series->runtime },
					      { "type", ct_record_names[series->type] } },
					    3 };

	for (size_t i = 0; meter->series.by && i < meter->series.by->count; i++)
		add_label(&labels, ct_by_names[meter->series.by->by[i]], series->by[i]);
	m->created_ns = series->created_ns;
	return labels;
}

/* One that nobody has seen: told as 0, so that what is added to it from now on is seen to be added. */
static bool is_new(const struct ct_metrics *m, uint64_t number)
{
	return number > m->known;
}

static void put_nothing(struct ct_metrics *m, const struct ct_metrics_labels *labels,
			const struct ct_meter *meter)
{
	static const uint64_t in[CT_BUCKETS_MAX];
	static const struct ct_native native;

	ct_metrics_histogram(m, labels,
			     &(struct ct_metrics_histogram){
				     .buckets = ct_meter_buckets(meter),
				     .in = in,
				     .native = meter->native ? &native : NULL,
			     });
}

static void put_cell(struct ct_metrics *m, const struct ct_meter *meter,
		     const struct ct_series *series, unsigned c)
{
	struct ct_metrics_labels labels = labels_of(m, meter, series);
	const struct ct_meter_cell *cell = series->cells[c];

	if (!cell)
		return;
	if (c != CT_SERIES_TOTAL)
		add_label(&labels, "phase", ct_phase_names[c]);
	if (is_new(m, series->numbers[c])) {
		put_nothing(m, &labels, meter);
		return;
	}
	ct_metrics_histogram(m, &labels,
			     &(struct ct_metrics_histogram){
				     .count = cell->count,
				     .sum_ns = cell->sum_ns,
				     .buckets = ct_meter_buckets(meter),
				     .in = cell->in,
				     .last = cell->last,
				     .native = cell->native,
			     });
}

static void put_durations(struct ct_metrics *m, const struct ct_meter *meter)
{
	static const struct ct_metrics_family phases = {
		"coldtrace_phase_duration_seconds", CT_METRICS_HISTOGRAM, "seconds",
		"Time of a lifecycle phase, of records that succeeded."
	};
	static const struct ct_metrics_family records = {
		"coldtrace_record_duration_seconds", CT_METRICS_HISTOGRAM, "seconds",
		"Time of a whole start, stop, restart, create or removal that succeeded."
	};
	const struct ct_series_set *set = &meter->series;

	ct_metrics_family(m, &phases);
	for (size_t i = 0; i < set->count; i++)
		for (unsigned p = 0; p < CT_PHASE_MAX; p++)
			put_cell(m, meter, set->items[i], p);
	ct_metrics_family(m, &records);
	for (size_t i = 0; i < set->count; i++)
		put_cell(m, meter, set->items[i], CT_SERIES_TOTAL);
	m->created_ns = 0;
}

static void put_counts(struct ct_metrics *m, const struct ct_meter *meter)
{
	const struct ct_series_set *set = &meter->series;
	static const struct ct_metrics_family records = { "coldtrace_records", CT_METRICS_COUNTER,
							  NULL, "Records, by how they ended." };
	static const struct ct_metrics_family unmeasured = {
		"coldtrace_unmeasured_phases", CT_METRICS_COUNTER, NULL,
		"Phases that happened and of which the begin or the end was not seen."
	};

	ct_metrics_family(m, &records);
	for (size_t i = 0; i < set->count; i++) {
		for (unsigned o = 0; o < CT_OUTCOME_MAX; o++) {
			struct ct_metrics_labels labels = labels_of(m, meter, set->items[i]);

			add_label(&labels, "outcome", ct_outcome_names[o]);
			ct_metrics_count(
				m, &labels,
				is_new(m, set->items[i]->number) ? 0 : set->items[i]->count[o]);
		}
	}
	ct_metrics_family(m, &unmeasured);
	for (size_t i = 0; i < set->count; i++) {
		for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
			struct ct_metrics_labels labels = labels_of(m, meter, set->items[i]);

			if (!set->items[i]->unknown[p])
				continue;
			add_label(&labels, "phase", ct_phase_names[p]);
			ct_metrics_count(
				m, &labels,
				is_new(m, set->items[i]->number) ? 0 : set->items[i]->unknown[p]);
		}
	}
	m->created_ns = 0;
}

static void put_losses(struct ct_metrics *m, const struct ct_core_counts *counts)
{
	static const struct ct_metrics_family lost = {
		"coldtrace_lost_events", CT_METRICS_COUNTER, NULL,
		"What tracing lost, by cause: with any but 'late' the other numbers are too low."
	};
	static const struct ct_metrics_family halves = {
		"coldtrace_unmatched", CT_METRICS_COUNTER, NULL,
		"Events of which the other half was not seen."
	};
	const struct {
		const char *what;
		uint64_t n;
	} unmatched[] = { { "exits", counts->unmatched_exits },
			  { "answers", counts->unmatched_answers },
			  { "requests", counts->unmatched_requests } };

	ct_metrics_family(m, &lost);
	for (size_t i = 0; i < CT_LOSS_MAX; i++) {
		char cause[CT_LOSS_NAME_LEN];
		struct ct_metrics_labels labels = one_label("cause", ct_loss_name(cause, i));

		ct_metrics_count(m, &labels, counts->lost[i]);
	}
	ct_metrics_family(m, &halves);
	for (size_t i = 0; i < CT_ARRAY_SIZE(unmatched); i++) {
		struct ct_metrics_labels labels = one_label("what", unmatched[i].what);

		ct_metrics_count(m, &labels, unmatched[i].n);
	}
}

/* Nothing where nobody was probed. */
static void put_probes(struct ct_metrics *m, const struct ct_core_counts *counts)
{
	static const struct ct_metrics_family family = {
		"coldtrace_probes", CT_METRICS_COUNTER, NULL,
		"Exec probes of containers of Kubernetes that were answered."
	};
	static const struct ct_metrics_family time = {
		"coldtrace_probes_time_seconds", CT_METRICS_COUNTER, "seconds",
		"How long they took together, from the request until its answer."
	};
	const struct ct_metrics_labels none = { .count = 0 };
	const struct {
		const char *outcome;
		uint64_t n;
	} outcomes[] = { { "ok",
			   counts->probes.count - counts->probes.failed - counts->probes.unheard },
			 { "failed", counts->probes.failed },
			 { "unheard", counts->probes.unheard } };

	if (!counts->probes.count)
		return;
	ct_metrics_family(m, &family);
	for (size_t i = 0; i < CT_ARRAY_SIZE(outcomes); i++) {
		struct ct_metrics_labels labels = one_label("outcome", outcomes[i].outcome);

		ct_metrics_count(m, &labels, outcomes[i].n);
	}
	ct_metrics_family(m, &time);
	ct_metrics_seconds(m, &none, (int64_t)counts->probes.sum_ns);
}

static void put_unheard_of(struct ct_metrics *m, const struct ct_unheard_of *of)
{
	char pid[16] = "";
	struct ct_metrics_labels labels = {
		.items = { { "engine", of->engine }, { "engine_pid", pid } },
		.count = 2,
	};

	if (of->pid)
		snprintf(pid, sizeof(pid), "%u", of->pid);
	if (of->requests)
		ct_metrics_count(m, &labels, of->requests);
}

/* Nothing where all was understood. */
static void put_unheard(struct ct_metrics *m, const struct ct_unheard *unheard)
{
	static const struct ct_metrics_family family = {
		"coldtrace_not_understood_requests", CT_METRICS_COUNTER, NULL,
		"Requests to engines that may have been for something that is not told."
	};

	if (!ct_unheard_sum(unheard))
		return;
	ct_metrics_family(m, &family);
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		put_unheard_of(m, &unheard->each[i]);
	put_unheard_of(m, &unheard->others);
}

static void put_strange_of(struct ct_metrics *m, const struct ct_strange_of *of)
{
	char pid[16] = "";
	struct ct_metrics_labels labels = {
		.items = { { "engine", of->engine },
			   { "engine_pid", pid },
			   { "version", of->version },
			   { "kind", "start" } },
		.count = 4,
	};

	if (of->pid)
		snprintf(pid, sizeof(pid), "%u", of->pid);
	if (of->starts)
		ct_metrics_count(m, &labels, of->starts);
	labels.items[3].value = "stop";
	if (of->stops)
		ct_metrics_count(m, &labels, of->stops);
}

static void put_strange(struct ct_metrics *m, const struct ct_strange *strange)
{
	static const struct ct_metrics_family family = {
		"coldtrace_unknown_orders", CT_METRICS_COUNTER, NULL,
		"Starts and stops by engines in an order that no generation of them is known to have."
	};

	if (!strange->each[0].starts && !strange->each[0].stops)
		return;
	ct_metrics_family(m, &family);
	for (int i = 0; i < CT_PARTIES_MAX; i++)
		put_strange_of(m, &strange->each[i]);
	put_strange_of(m, &strange->others);
}

static void put_session(struct ct_metrics *m, const struct ct_session *session,
			const struct ct_core_counts *counts)
{
	const struct {
		struct ct_metrics_family family;
		uint64_t n;
	} numbers[] = {
		{ { "coldtrace_events", CT_METRICS_COUNTER, NULL, "Kernel events used." },
		  counts->events },
		{ { "coldtrace_containers", CT_METRICS_GAUGE, NULL, "Containers known." },
		  counts->containers },
		{ { "coldtrace_unfinished_containers", CT_METRICS_GAUGE, NULL,
		    "Containers that were between two states at the end." },
		  counts->open },
		{ { "coldtrace_unread_recordings", CT_METRICS_GAUGE, NULL,
		    "Recordings that were not read whole: with any the other numbers may be too low." },
		  counts->unread },
	};
	const struct {
		struct ct_metrics_family family;
		uint64_t ns;
	} times[] = {
		{ { "coldtrace_begin_timestamp_seconds", CT_METRICS_GAUGE, "seconds",
		    "When tracing began." },
		  session->begin_ns },
		{ { "coldtrace_end_timestamp_seconds", CT_METRICS_GAUGE, "seconds",
		    "When tracing ended." },
		  session->end_ns },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(numbers); i++) {
		ct_metrics_family(m, &numbers[i].family);
		ct_metrics_count(m, &no_labels, numbers[i].n);
	}
	for (size_t i = 0; i < CT_ARRAY_SIZE(times); i++) {
		ct_metrics_family(m, &times[i].family);
		ct_metrics_seconds(m, &no_labels, ct_wall_ns(session, times[i].ns));
	}
}

static void put_info(struct ct_metrics *m, const struct ct_session *session)
{
	static const struct ct_metrics_family info = { "coldtrace_session", CT_METRICS_INFO, NULL,
						       "What traced, and on what." };
	const struct ct_metrics_labels labels = { { { "version", session->version },
						    { "kernel", session->kernel },
						    { "depth", session->depth } },
						  3 };

	ct_metrics_family(m, &info);
	ct_metrics_count(m, &labels, 1);
}

static void put_own(struct ct_metrics *m, const struct ct_metrics_told *told)
{
	const struct ct_metrics_family *family = NULL;

	for (size_t i = 0; i < told->own_count; i++) {
		const struct ct_metrics_own *own = &told->own[i];

		if (own->family != family)
			ct_metrics_family(m, own->family);
		family = own->family;
		if (own->seconds)
			ct_metrics_seconds(m, &own->labels, (int64_t)own->n);
		else
			ct_metrics_count(m, &own->labels, own->n);
	}
}

/* Of several recordings, in which nobody traced from the end of the one to the begin of the next. */
static void put_gaps(struct ct_metrics *m, const struct ct_session *session)
{
	static const struct ct_metrics_family untraced = {
		"coldtrace_untraced_seconds", CT_METRICS_COUNTER, "seconds",
		"How long nobody traced between two recordings of a boot."
	};
	static const struct ct_metrics_family unseen = {
		"coldtrace_untraced_containers", CT_METRICS_COUNTER, NULL,
		"Containers that began then, as far as they ran when tracing went on."
	};
	const struct ct_metrics_labels none = { .count = 0 };
	uint64_t ns = 0, found = 0;

	if (!session->gap_count)
		return;
	for (size_t i = 0; i < session->gap_count; i++) {
		ns += session->gaps[i].end_ns - session->gaps[i].begin_ns;
		found += session->gaps[i].found;
	}
	ct_metrics_family(m, &untraced);
	ct_metrics_seconds(m, &none, (int64_t)ns);
	ct_metrics_family(m, &unseen);
	ct_metrics_count(m, &none, found);
}

int ct_metrics_draw(FILE *f, enum ct_metrics_form form, const struct ct_metrics_told *told)
{
	struct ct_metrics m = {
		.f = f,
		.form = form,
		.wall_minus_mono_ns = told->session->wall_minus_mono_ns,
		.known = told->known,
	};
	int ret, ended;

	put_durations(&m, told->meter);
	ct_metrics_pulls(&m, told->meter, told->counts);
	ret = told->opened ? ct_metrics_opens(&m, told->opened) : 0;
	put_counts(&m, told->meter);
	put_losses(&m, told->counts);
	put_probes(&m, told->counts);
	put_unheard(&m, &told->counts->unheard);
	put_strange(&m, &told->counts->strange);
	put_session(&m, told->session, told->counts);
	put_gaps(&m, told->session);
	put_own(&m, told);
	put_info(&m, told->session);
	ended = ct_metrics_end(&m);
	return ret ? ret : ended;
}

static int draw_end(struct ct_sink *s, FILE *page, enum ct_metrics_form form,
		    const struct ct_session *session, const struct ct_summary *summary,
		    const struct ct_core_counts *counts)
{
	return ct_metrics_draw(page, form,
			       &(struct ct_metrics_told){
				       .meter = s->state,
				       .session = session,
				       .opened = ct_summary_opened(summary),
				       .counts = counts,
				       .known = UINT64_MAX,
			       });
}

static int openmetrics_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
			   const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	return draw_end(s, page, CT_METRICS_OPENMETRICS, session, summary, counts);
}

static int prometheus_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
			  const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	return draw_end(s, page, CT_METRICS_PROMETHEUS, session, summary, counts);
}

const struct ct_sink_ops ct_openmetrics_ops = {
	.name = "openmetrics",
	.suffix = ".openmetrics",
	.help = "OpenMetrics 1.0 text, for Prometheus: histograms of phases, counters",
	.state_size = sizeof(struct ct_meter),
	.record = metrics_record,
	.end = openmetrics_end,
	.free = ct_meter_free,
};

const struct ct_sink_ops ct_prometheus_ops = {
	.name = "prometheus",
	.suffix = ".prom",
	.help = "the same in Prometheus' older text format, for node_exporter's textfile collector",
	.state_size = sizeof(struct ct_meter),
	.record = metrics_record,
	.end = prometheus_end,
	.free = ct_meter_free,
};
