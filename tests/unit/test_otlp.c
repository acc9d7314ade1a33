// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>

#include "sink_records.h"

static const struct options opts = { 0 };

static json_t *line_of(const char *text, size_t n)
{
	json_error_t why;
	json_t *line;
	const char *end;

	while (n--)
		text = strchr(text, '\n') + 1;
	end = strchr(text, '\n');
	line = json_loadb(text, (size_t)(end - text), JSON_REJECT_DUPLICATES, &why);
	cr_assert(line, "%s", why.text);
	return line;
}

static json_t *at(json_t *node, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, "/", &save); key; key = strtok_r(NULL, "/", &save))
		node = *key >= '0' && *key <= '9'
			       ? json_array_get(node, (size_t)strtoul(key, NULL, 10))
			       : json_object_get(node, key);
	return node;
}

static const char *text_at(json_t *node, const char *path)
{
	const char *text = json_string_value(at(node, path));

	return text ? text : "(none)";
}

/* The value of an attribute of a span, a resource or a point. */
static const char *attribute(json_t *owner, const char *key)
{
	size_t i;
	json_t *a;

	json_array_foreach(json_object_get(owner, "attributes"), i, a)
	{
		json_t *value = json_object_get(a, "value");

		if (strcmp(text_at(a, "key"), key) != 0)
			continue;
		return json_string_value(json_object_iter_value(json_object_iter(value)));
	}
	return "(none)";
}

#define SPANS "resourceSpans/0/scopeSpans/0/spans"

Test(otlp, a_start_is_a_trace)
{
	struct ct_record rec = a_start();
	own_mem char *text = run("otlp-traces", &opts, &rec, 1, &no_loss);
	json_t *line = line_of(text, 0), *spans = at(line, SPANS), *root = at(spans, "0");

	cr_assert_eq(json_array_size(spans), 1 + 7 + 3);
	cr_expect_str_eq(attribute(at(line, "resourceSpans/0/resource"), "service.name"),
			 "coldtrace");
	cr_expect_str_eq(attribute(at(line, "resourceSpans/0/resource"), "host.name"), "node-1");
	cr_expect_str_eq(text_at(root, "name"), "container start");
	cr_expect_eq(strlen(text_at(root, "traceId")), 32);
	cr_expect_eq(strlen(text_at(root, "spanId")), 16);
	cr_expect_null(at(root, "parentSpanId"));
	cr_expect_null(at(root, "status"));
	cr_expect_eq(json_integer_value(at(root, "kind")), 1);
	cr_expect_str_eq(text_at(root, "startTimeUnixNano"), "1732180100000000000");
	cr_expect_str_eq(text_at(root, "endTimeUnixNano"), "1732180100206512000");
	cr_expect_str_eq(attribute(root, "container.name"), "web");
	cr_expect_str_eq(attribute(root, "container.runtime.name"), "runc");
	cr_expect_str_eq(attribute(root, "container.image.name"), "busybox");
	cr_expect_str_eq(attribute(root, "process.pid"), "4242");
	cr_expect_str_eq(text_at(root, "events/0/name"), "ready");
	cr_expect_str_eq(text_at(spans, "6/name"), "start");
	cr_expect_str_eq(text_at(spans, "6/parentSpanId"), text_at(root, "spanId"));
	/* "mounts" is one deep: below "rootfs mount", and that below the phase create. */
	cr_expect_str_eq(text_at(spans, "8/name"), "rootfs mount");
	cr_expect_str_eq(text_at(spans, "8/parentSpanId"), text_at(spans, "1/spanId"));
	cr_expect_str_eq(text_at(spans, "9/parentSpanId"), text_at(spans, "8/spanId"));
	cr_expect_str_eq(text_at(spans, "10/name"), "exec");
	cr_expect_str_eq(text_at(spans, "10/parentSpanId"), text_at(spans, "6/spanId"));
	cr_expect_str_eq(text_at(spans, "10/endTimeUnixNano"), "1732180100206512000");
	json_decref(line);
}

Test(otlp, a_failure_is_an_error_where_it_failed)
{
	struct ct_record recs[] = { a_start(), a_failed_start() };
	own_mem char *text = run("otlp-traces", &opts, recs, 2, &no_loss);
	json_t *line = line_of(text, 1), *spans = at(line, SPANS);

	cr_expect_eq(json_integer_value(at(spans, "0/status/code")), 2);
	cr_expect_str_eq(text_at(spans, "0/status/message"), recs[1].message);
	cr_expect_null(at(spans, "1/status"));
	cr_expect_eq(json_integer_value(at(spans, "2/status/code")), 2);
	cr_expect_str_eq(attribute(at(spans, "0"), "coldtrace.failed.step"), "runtime create");
	json_decref(line);
}

Test(otlp, images)
{
	static const struct {
		const char *image, *name, *tag, *digest;
	} cases[] = {
		{ "busybox", "busybox", NULL, NULL },
		{ "busybox:1", "busybox", "1", NULL },
		{ "r.example:5000/a/b", "r.example:5000/a/b", NULL, NULL },
		{ "r.example:5000/a/b:2@sha256:00", "r.example:5000/a/b", "2",
		  "r.example:5000/a/b:2@sha256:00" },
		{ "a@sha256:00", "a", NULL, "a@sha256:00" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		struct ct_identity who = web;
		struct ct_record rec = record(CT_RECORD_CREATE, &who);
		own_mem char *text = NULL;
		char part[256];

		snprintf(who.image, sizeof(who.image), "%s", cases[i].image);
		text = run("otlp-traces", &opts, &rec, 1, &no_loss);
		snprintf(part, sizeof(part),
			 "{\"key\":\"container.image.name\",\"value\":{\"stringValue\":\"%s\"}}",
			 cases[i].name);
		expect_in(text, part);
		snprintf(part, sizeof(part),
			 "{\"key\":\"container.image.tags\",\"value\":"
			 "{\"arrayValue\":{\"values\":[{\"stringValue\":\"%s\"}]}}}",
			 cases[i].tag ? cases[i].tag : "");
		cr_expect_eq(!!strstr(text, part), !!cases[i].tag, "%s", cases[i].image);
		snprintf(part, sizeof(part), "\"values\":[{\"stringValue\":\"%s\"}]",
			 cases[i].digest ? cases[i].digest : "");
		cr_expect_eq(!!strstr(text, part), !!cases[i].digest, "%s", cases[i].image);
	}
}

Test(otlp, metrics)
{
	struct ct_record recs[] = { a_start(), a_failed_start() };
	own_mem char *text = run("otlp-metrics", &opts, recs, 2, &no_loss);
	own_mem char *traces = run("otlp-traces", &opts, recs, 1, &no_loss);
	json_t *line = line_of(text, 0), *trace = line_of(traces, 0);
	json_t *metrics = at(line, "resourceMetrics/0/scopeMetrics/0/metrics");
	json_t *create = at(metrics, "0/exponentialHistogram/dataPoints/0");
	json_t *ready = at(metrics, "0/exponentialHistogram/dataPoints/4");

	cr_expect_str_eq(text_at(metrics, "0/name"), "coldtrace.phase.duration");
	cr_expect_eq(json_integer_value(at(metrics, "0/exponentialHistogram/"
						    "aggregationTemporality")),
		     2);
	cr_expect_str_eq(attribute(create, "coldtrace.phase"), "create");
	cr_expect_str_eq(text_at(create, "count"), "1");
	cr_expect_eq(json_real_value(at(create, "sum")), 0.011);
	cr_expect_eq(json_integer_value(at(create, "scale")), 6);
	/* 2^(-417/64) = 0.01093 < 0.011 <= 2^(-416/64) = 0.01105 */
	cr_expect_eq(json_integer_value(at(create, "positive/offset")), -417);
	cr_expect_str_eq(text_at(create, "positive/bucketCounts/0"), "1");
	cr_expect_str_eq(text_at(create, "exemplars/0/traceId"),
			 text_at(trace, SPANS "/0/traceId"));
	cr_expect_str_eq(attribute(ready, "coldtrace.phase"), "ready");
	cr_expect_str_eq(text_at(ready, "zeroCount"), "1");
	cr_expect_null(at(ready, "positive"));
	cr_expect_str_eq(text_at(metrics, "2/name"), "coldtrace.records");
	cr_expect_str_eq(text_at(metrics, "2/sum/dataPoints/1/asInt"), "1");
	cr_expect(json_is_true(at(metrics, "2/sum/isMonotonic")));
	json_decref(line);
	json_decref(trace);
}

Test(otlp, recordings_that_were_not_read_whole_are_counted)
{
	for (uint64_t unread = 0; unread < 2; unread++) {
		const struct ct_core_counts counts = { .unread = unread };
		own_mem char *text = run("otlp-metrics", &opts, NULL, 0, &counts);
		char part[128];

		expect_in(text, "\"name\":\"coldtrace.unread_recordings\"");
		snprintf(part, sizeof(part), "\"asInt\":\"%d\"}]}}]", (int)unread);
		expect_in(text, part);
	}
}

/* Columns: nodes of two records, host.name of each resource, metrics of each. */
static const struct {
	const char *nodes[2], *names[3];
	size_t metrics[3];
} merged[] = {
	{ { "a", "a" }, { "a" }, { 7 } },
	{ { "", "" }, { "(none)" }, { 7 } },
	{ { "a", "b" }, { "a", "b", "(none)" }, { 3, 3, 4 } },
};

Test(otlp, a_resource_is_a_node)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(merged); i++) {
		struct ct_record recs[] = { a_start(), a_start(), a_start() };
		own_mem char *text = NULL;
		json_t *line, *resources, *resource;
		size_t k;

		for (k = 0; k < CT_ARRAY_SIZE(recs); k++)
			recs[k].node = merged[i].nodes[k % 2];
		text = run("otlp-metrics", &opts, recs, CT_ARRAY_SIZE(recs), &no_loss);
		line = line_of(text, 0);
		resources = at(line, "resourceMetrics");
		json_array_foreach(resources, k, resource)
		{
			cr_assert(k < 3 && merged[i].names[k], "row %zu: resource %zu", i, k);
			cr_expect_str_eq(attribute(at(resource, "resource"), "host.name"),
					 merged[i].names[k]);
			cr_expect_eq(json_array_size(at(resource, "scopeMetrics/0/metrics")),
				     merged[i].metrics[k], "row %zu: resource %zu", i, k);
		}
		cr_expect(k == 3 || !merged[i].names[k], "row %zu: %zu resources", i, k);
		json_decref(line);
	}
}
