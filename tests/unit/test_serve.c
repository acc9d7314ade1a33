// SPDX-License-Identifier: GPL-2.0-only
#include "sink_records.h"

#include <errno.h>

#include "core/record_copy.h"
#include "serve/listen.h"
#include "sinks/json/json_objects.h"
#include "sinks/openmetrics/accept.h"

Test(accept, what_prometheus_asks_for)
{
	static const struct {
		const char *header;
		enum ct_metrics_form form;
	} rows[] = {
		{ NULL, CT_METRICS_PROMETHEUS },
		{ "", CT_METRICS_PROMETHEUS },
		{ "*/*", CT_METRICS_PROMETHEUS },
		{ "text/html,application/xhtml+xml,*/*;q=0.8", CT_METRICS_PROMETHEUS },
		/* Prometheus 2.42, without and with native histograms, and 3.x */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  CT_METRICS_OPENMETRICS },
		{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  CT_METRICS_PROTOBUF },
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.4,*/*;q=0.1",
		  CT_METRICS_OPENMETRICS },
		{ "text/plain;version=0.0.4", CT_METRICS_PROMETHEUS },
		{ "application/vnd.google.protobuf;encoding=text", CT_METRICS_PROMETHEUS },
		{ "application/openmetrics-text;q=0.2, text/plain ;q=0.3", CT_METRICS_PROMETHEUS },
		{ "application/openmetrics-text;q=0", CT_METRICS_PROMETHEUS },
		{ ";;;,,,;q=;q=nan,application/OpenMetrics-Text", CT_METRICS_OPENMETRICS },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++)
		cr_expect_eq(ct_metrics_accept(rows[i].header), rows[i].form, "%s",
			     rows[i].header ? rows[i].header : "(none)");
}

Test(listen, whose_name_it_is)
{
	static const char *const own[] = { "localhost",      "localhost:9917", "LOCALHOST:1",
					   "127.0.0.1:9917", "127.1.2.3",      "[::1]:9917",
					   "[::1]" };
	static const char *const others[] = { "evil.example",
					      "localhost.evil.example",
					      "127.evil.example:80",
					      "[::1].evil",
					      "",
					      "localhos",
					      "[::2]:1",
					      "10.0.0.1:9917" };
	const struct ct_listen loopback = { .loopback = true }, all = { .loopback = false };

	for (size_t i = 0; i < CT_ARRAY_SIZE(own); i++)
		cr_expect(ct_listen_is_own(&loopback, own[i]), "%s", own[i]);
	for (size_t i = 0; i < CT_ARRAY_SIZE(others); i++) {
		cr_expect_not(ct_listen_is_own(&loopback, others[i]), "%s", others[i]);
		cr_expect(ct_listen_is_own(&all, others[i]), "%s", others[i]);
	}
	cr_expect_not(ct_listen_is_own(&loopback, NULL));
}

Test(listen, addresses)
{
	static const char *const bad[] = { "",      "x",     "127.0.0.1", "127.0.0.1:",
					   ":80",   "1:2:3", "[::1]",     "localhost:80",
					   "65536", "-1",    "+1",        "127.0.0.1:x" };
	struct ct_listen l = { .fd = -1 };
	struct ct_err err;
	char url[128];

	for (size_t i = 0; i < CT_ARRAY_SIZE(bad); i++) {
		cr_expect_eq(ct_listen_open(&l, &(struct ct_serve_options){ .listen = bad[i] }, url,
					    sizeof(url), &err),
			     -EINVAL, "%s", bad[i]);
		ct_listen_close(&l);
	}
	cr_assert_eq(ct_listen_open(&l, &(struct ct_serve_options){ .listen = "0" }, url,
				    sizeof(url), &err),
		     0);
	cr_expect(l.loopback);
	cr_expect_eq(strncmp(url, "http://127.0.0.1:", 17), 0, "%s", url);
	ct_listen_close(&l);
	cr_assert_eq(ct_listen_open(&l, &(struct ct_serve_options){ .listen = "0.0.0.0:0" }, url,
				    sizeof(url), &err),
		     0);
	cr_expect_not(l.loopback);
	ct_listen_close(&l);
}

static char *text_of(const struct ct_record *rec)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct ct_json w = { .f = f };

	ct_json_record(&w, NULL, &session, rec);
	fclose(f);
	return text;
}

/* All that it borrowed is gone when the copy is drawn. */
Test(copy, says_the_same_without_the_record)
{
	struct ct_identity *who = malloc(sizeof(*who)), *before = malloc(sizeof(*before));
	struct ct_step *two = calloc(2, sizeof(*two));
	struct ct_record rec = a_failed_start(), *copy;
	own_mem char *expected = NULL, *got = NULL;
	char *message = strdup("no such file"), *probed = strdup("db");
	struct ct_probed *probes = calloc(2, sizeof(*probes));
	struct ct_labels *labels = calloc(1, sizeof(*labels));
	size_t size;

	*who = web;
	*before = web;
	snprintf(before->name, sizeof(before->name), "before");
	two[0] = (struct ct_step){ .name = "exec",
				   .actor = "init",
				   .begin_ns = rec.begin_ns,
				   .end_ns = rec.end_ns,
				   .pid = 7,
				   .count = 1 };
	two[1] = two[0];
	two[1].parent = 1;
	probes[0] = (struct ct_probed){ .count = 3, .failed = 1, .container = probed };
	probes[1] = (struct ct_probed){ .count = 4, .container = "web" };
	memcpy(labels->pairs, "load\0disk", 10);
	labels->len = 10;
	rec.probes = probes;
	rec.probe_count = 2;
	rec.labels = labels;
	rec.who = who;
	rec.predecessor = before;
	rec.message = message;
	rec.steps = two;
	rec.step_count = 2;
	expected = text_of(&rec);
	copy = ct_record_copy(&rec, &size);
	cr_assert(copy);
	cr_expect_geq(size, sizeof(rec) + 2 * sizeof(*who) + 2 * sizeof(*two));
	free(who);
	free(before);
	free(two);
	free(message);
	free(probed);
	free(probes);
	free(labels);
	got = text_of(copy);
	cr_expect_str_eq(got, expected);
	cr_expect(strstr(got, "\"container\":\"db\"") && strstr(got, "\"load\":\"disk\""));
	free(copy);
}
