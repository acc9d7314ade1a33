// SPDX-License-Identifier: GPL-2.0-only
#include "sink_records.h"
#include "sinks/openmetrics/openmetrics.h"
#include "sinks/otlp/otlp.h"

static const struct options opts = { 0 };

/* The end of an exemplar: its trace is the one that OTLP has. Valid until the next call. */
static const char *trace_of(const struct ct_record *rec, const char *rest)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s\"} %s", ct_otlp_ids_of(&session, rec).trace, rest);
	return text;
}

Test(openmetrics, a_histogram)
{
	struct ct_record recs[] = { a_start(), a_start() };
	own_mem char *text = NULL;

	recs[1].segments[5].end_ns += 1000 * MS;
	recs[1].end_ns += 1000 * MS;
	text = run("openmetrics", &opts, recs, 2, &no_loss);
#define PHASE "coldtrace_phase_duration_seconds"
#define WHO   "{engine=\"docker\",runtime=\"runc\",type=\"start\",phase=\"start\""
#define ID \
	" # {container_id=\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",trace_id=\""
	expect_in(text, "# TYPE " PHASE " histogram\n"
			"# UNIT " PHASE " seconds\n"
			"# HELP " PHASE " ");
	expect_in(text, PHASE "_bucket" WHO ",le=\"0.1778\"} 0\n" PHASE "_bucket" WHO
			      ",le=\"0.1866\"} 1" ID);
	expect_in(text, trace_of(&recs[0], "0.185 1732180100.206512\n"));
	expect_in(text, PHASE "_bucket" WHO ",le=\"0.1957\"} 1\n");
	expect_in(text, PHASE "_bucket" WHO ",le=\"1.155\"} 1\n" PHASE "_bucket" WHO
			      ",le=\"1.212\"} 2" ID);
	expect_in(text, trace_of(&recs[1], "1.185 1732180101.206512\n"));
	expect_in(text,
		  PHASE "_bucket" WHO ",le=\"61.9\"} 2\n" PHASE "_bucket" WHO
			",le=\"+Inf\"} 2\n" PHASE "_count" WHO "} 2\n" PHASE "_sum" WHO "} 1.37\n");
	/* A bound is inclusive: connect takes 9 ms, client 1.2 ms, ready none at all. */
	expect_in(text, "phase=\"ready\",le=\"0.0001\"} 2" ID);
	expect_in(text, trace_of(&recs[1], "0.0 "));
	cr_expect_str_eq(text + strlen(text) - 7, "\n# EOF\n");
}

Test(openmetrics, a_bound_is_inclusive)
{
	struct ct_record recs[2] = { record(CT_RECORD_CREATE, &web),
				     record(CT_RECORD_CREATE, &web) };
	own_mem char *text = NULL;

	lasts(&recs[0], CT_PHASE_CREATE, 100000);
	lasts(&recs[1], CT_PHASE_CREATE, 100001);
	text = run("openmetrics", &opts, recs, 2, &no_loss);
	expect_in(text, "type=\"create\",phase=\"create\",le=\"0.0001\"} 1 # ");
	expect_in(text, "type=\"create\",phase=\"create\",le=\"0.00025\"} 2 # ");
}

Test(openmetrics, counters)
{
	struct ct_record recs[] = { a_start(), a_failed_start(), a_gap() };
	const struct ct_core_counts counts = { .lost = { [CT_LOSS_RING] = 812 },
					       .events = 99,
					       .containers = 7,
					       .unmatched_exits = 3,
					       .open = 2,
					       .unread = 1 };
	own_mem char *text = run("openmetrics", &opts, recs, 3, &counts);
	static const char *const parts[] = {
		"# TYPE coldtrace_records counter\n",
		"coldtrace_records_total{engine=\"docker\",runtime=\"runc\",type=\"start\","
		"outcome=\"ok\"} 2\n",
		"coldtrace_records_total{engine=\"docker\",runtime=\"runc\",type=\"start\","
		"outcome=\"failed\"} 1\n",
		"coldtrace_unmeasured_phases_total{engine=\"docker\",runtime=\"runc\",type=\"start\","
		"phase=\"connect\"} 1\n",
		"coldtrace_lost_events_total{cause=\"ring\"} 812\n",
		"coldtrace_lost_events_total{cause=\"table\"} 0\n",
		"coldtrace_unmatched_total{what=\"exits\"} 3\n",
		"coldtrace_events_total 99\n",
		"coldtrace_containers 7\n",
		"coldtrace_unfinished_containers 2\n",
		"# TYPE coldtrace_unread_recordings gauge\n",
		"coldtrace_unread_recordings 1\n",
		"coldtrace_begin_timestamp_seconds 1732180100.0\n",
		"coldtrace_session_info{version=\"0.1\",kernel=\"6.18.0\",depth=\"steps\"} 1\n",
		"coldtrace_record_duration_seconds_count{engine=\"docker\",runtime=\"runc\","
		"type=\"start\"} 2\n",
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(parts); i++)
		expect_in(text, parts[i]);
}

Test(openmetrics, times_in_which_nobody_traced)
{
	struct ct_session of_three = session;
	own_mem char *text = NULL, *none = run("openmetrics", &opts, NULL, 0, &no_loss);

	of_three.gaps = gaps;
	of_three.gap_count = CT_ARRAY_SIZE(gaps);
	of_session = &of_three;
	text = run("openmetrics", &opts, NULL, 0, &no_loss);
	of_session = &session;
	expect_in(text, "# UNIT coldtrace_untraced_seconds seconds\n");
	expect_in(text, "\ncoldtrace_untraced_seconds_total 1.82\n");
	expect_in(text, "\ncoldtrace_untraced_containers_total 2\n");
	cr_expect_null(strstr(none, "untraced"));
}

Test(openmetrics, labels_are_escaped_and_exemplars_bounded)
{
	struct ct_identity who = web;
	struct ct_record rec = record(CT_RECORD_START, &who);
	own_mem char *text = NULL;
	const char *exemplar, *end;

	snprintf(who.runtime, sizeof(who.runtime), "%s", "a\"} 1\n# EOF\n\\");
	memset(who.id, '\xff', sizeof(who.id) - 1);
	lasts(&rec, CT_PHASE_CREATE, MS);
	text = run("openmetrics", &opts, &rec, 1, &no_loss);
	expect_in(text, ",runtime=\"a\\\"} 1\\\\x0a# EOF\\\\x0a\\\\\\\\\",");
	exemplar = strstr(text, "container_id=\"");
	cr_assert(exemplar);
	exemplar += strlen("container_id=\"");
	end = strchr(exemplar, '"');
	cr_expect_leq(end - exemplar, 128 - 12 + 29, "escaping backslashes does not count");
	cr_expect_eq(strncmp(exemplar, "\\\\xff", 5), 0);
}

static const struct ct_buckets few = { .ns = { 1000 * MS, UINT64_MAX }, .count = 2 };

Test(openmetrics, runtimes_without_end_are_one)
{
	static struct ct_identity whos[200];
	static struct ct_record recs[200];
	own_mem char *text = NULL;
	size_t series = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(whos); i++) {
		whos[i] = web;
		snprintf(whos[i].runtime, sizeof(whos[i].runtime), "r%zu", i);
		recs[i] = record(CT_RECORD_REMOVE, &whos[i]);
	}
	text = run("openmetrics", &(struct options){ .buckets = &few }, recs, CT_ARRAY_SIZE(recs),
		   &no_loss);
	for (const char *at = text; (at = strstr(at, "outcome=\"ok\"")); at++)
		series++;
	cr_expect_eq(series, 65);
	expect_in(text, "coldtrace_records_total{engine=\"(other)\",runtime=\"(other)\","
			"type=\"remove\",outcome=\"ok\"} 136\n");
}

/* Images without end are one, of their engine and runtime. */
Test(openmetrics, by_more_than_engine_and_runtime)
{
	static const struct ct_series_by by = { { CT_BY_IMAGE, CT_BY_NODE }, 2 };
	static struct ct_identity whos[70];
	static struct ct_record recs[72];
	own_mem char *text = NULL;

	for (size_t i = 0; i < 72; i++) {
		if (i < 70) {
			whos[i] = web;
			snprintf(whos[i].image, sizeof(whos[i].image), "i\"%zu", i);
		}
		recs[i] = record(CT_RECORD_REMOVE, &whos[i < 70 ? i : 3]);
		recs[i].node = i == 71 ? "n2" : "n1";
	}
	text = run("openmetrics", &(struct options){ .buckets = &few, .by = &by }, recs, 72,
		   &no_loss);
#define BY(image, node) \
	"coldtrace_records_total{engine=\"docker\",runtime=\"runc\",type=\"remove\",image=\"" image \
	"\",node=\"" node "\",outcome=\"ok\"} "
	expect_in(text, BY("i\\\"3", "n1") "2\n");
	expect_in(text, BY("i\\\"63", "n1") "1\n");
	expect_in(text, BY("(other)", "(other)") "7\n");
	cr_expect_null(strstr(text, "engine=\"(other)\""));
}

static char *drawn(const struct ct_meter *meter, uint64_t known)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cr_assert(f);
	cr_assert_eq(ct_metrics_draw(f, CT_METRICS_PROMETHEUS,
				     &(struct ct_metrics_told){ .meter = meter,
								.session = &session,
								.counts = &no_loss,
								.known = known }),
		     0);
	fclose(f);
	return text;
}

/* Each histogram and each counter that has come since: a series of a record, and a phase of an older one. */
Test(openmetrics, what_is_new_is_told_as_0_once)
{
	struct ct_meter meter = { .buckets = &few, .native = true };
	struct ct_record first = record(CT_RECORD_REMOVE, &web), second = a_start();
	uint64_t known;
	own_mem char *before = NULL, *after = NULL;
#define OF(type) "{engine=\"docker\",runtime=\"runc\",type=\"" type "\"} "

	cr_assert_eq(ct_meter_add(&meter, &session, &first), 0);
	known = meter.series.numbers;
	lasts(&first, CT_PHASE_DESTROY, MS);
	cr_assert_eq(ct_meter_add(&meter, &session, &first), 0);
	cr_assert_eq(ct_meter_add(&meter, &session, &second), 0);
	before = drawn(&meter, known);
	expect_in(before, "coldtrace_record_duration_seconds_count" OF("remove") "2\n");
	expect_in(before, "phase=\"destroy\"} 0\n");
	expect_in(before, "coldtrace_record_duration_seconds_count" OF("start") "0\n");
	expect_in(before, "type=\"start\",outcome=\"ok\"} 0\n");
	after = drawn(&meter, meter.series.numbers);
	expect_in(after, "phase=\"destroy\"} 1\n");
	expect_in(after, "coldtrace_record_duration_seconds_count" OF("start") "1\n");
	expect_in(after, "type=\"start\",outcome=\"ok\"} 1\n");
	ct_meter_free(&meter);
}

Test(openmetrics, older_text_has_neither_units_nor_exemplars)
{
	struct ct_record rec = a_start();
	own_mem char *text = run("prometheus", &opts, &rec, 1, &no_loss);

	expect_in(text, "# TYPE coldtrace_records_total counter\n"
			"# HELP coldtrace_records_total Records, by how they ended.\n");
	expect_in(text, "# TYPE coldtrace_session_info gauge\n");
	expect_in(text, "phase=\"start\",le=\"0.1866\"} 1\ncoldtrace_");
	cr_expect_null(strstr(text, "# UNIT"));
	cr_expect_null(strstr(text, " # {"));
	cr_expect_null(strstr(text, "# EOF"));
}
