// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink_records.h"
#include "sinks/sink.h"
#include "util/mem.h"

#ifndef CT_SOURCE_DIR
#define CT_SOURCE_DIR "."
#endif

/* The lines of the text, each of them JSON. */
static json_t *parse(const char *text)
{
	json_t *lines = json_array();

	while (*text) {
		size_t len = strcspn(text, "\n");
		json_error_t error;
		json_t *line = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

		cr_assert(line, "%s at %d in %.*s", error.text, error.position, (int)len, text);
		cr_assert_eq(text[len], '\n');
		json_array_append_new(lines, line);
		text += len + 1;
	}
	return lines;
}

static json_int_t number(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	cr_assert(json_is_integer(value), "%s is no integer", key);
	return json_integer_value(value);
}

static const char *string(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	cr_assert(json_is_string(value), "%s is no string", key);
	return json_string_value(value);
}

Test(json, golden_stop)
{
	struct ct_record rec = a_stop();
	own_mem char *text = run("json", &(struct options){ 0 }, &rec, 1, &no_loss);

	expect_in(
		text,
		"{\"kind\":\"session\",\"schema\":\"coldtrace/1\",\"version\":\"0.1\","
		"\"kernel\":\"6.18.0\",\"depth\":\"steps\",\"begin_ns\":100000000000,"
		"\"begin_time\":\"2024-11-21T09:08:20.000000000Z\"}\n"
		"{\"kind\":\"stop\",\"outcome\":\"ok\",\"cause\":\"request\",\"id\":\"0123456789abcdef0"
		"123456789abcdef0123456789abcdef0123456789abcdef\",\"name\":\"web\","
		"\"image\":\"busybox:1\",\"runtime\":\"runc\",\"engine\":\"docker\",\"namespace\":\"\",\"pod\":null,"
		"\"init_pid\":4242,\"scope\":null,\"node\":\"node-1\",\"exit_code\":137,\"begin_ns\":100000000000,"
		"\"end_ns\":101282000000,\"total_ns\":1282000000,"
		"\"begin_time\":\"2024-11-21T09:08:20.000000000Z\","
		"\"phases\":{\"stop\":1200000000,\"die\":25000000,\"disconnect\":47000000,"
		"\"destroy\":10000000},\"segments\":["
		"{\"phase\":\"stop\",\"begin_ns\":100000000000,\"end_ns\":101200000000},"
		"{\"phase\":\"die\",\"begin_ns\":101200000000,\"end_ns\":101225000000},"
		"{\"phase\":\"disconnect\",\"begin_ns\":101225000000,\"end_ns\":101272000000},"
		"{\"phase\":\"destroy\",\"begin_ns\":101272000000,\"end_ns\":101282000000}],"
		"\"ready\":null,\"run_ns\":3000000000,\"service_end_ns\":101200000000,"
		"\"removed\":true,\"failed\":null,\"predecessor\":null,\"steps\":[]}\n");
}

Test(json, phases_and_segments_add_up_to_the_total)
{
	struct ct_record recs[] = { a_start(), a_stop(), a_restart(), a_failed_start(), a_gap() };
	own_mem char *text = run("json", &(struct options){ 0 }, recs, 5, &no_loss);
	json_t *lines = parse(text);

	cr_assert_eq(json_array_size(lines), 7);
	for (size_t i = 1; i <= 5; i++) {
		json_t *o = json_array_get(lines, i), *each;
		json_int_t phases = 0, at = number(o, "begin_ns");
		const char *key;
		size_t k;

		json_object_foreach(json_object_get(o, "phases"), key, each) phases +=
			json_is_null(each) ? 0 : json_integer_value(each);
		cr_expect_eq(phases, number(o, "total_ns"), "line %zu", i);
		json_array_foreach(json_object_get(o, "segments"), k, each)
		{
			cr_expect_eq(number(each, "begin_ns"), at);
			at = number(each, "end_ns");
		}
		cr_expect_eq(at, number(o, "end_ns"));
		cr_expect_eq(number(o, "end_ns") - number(o, "begin_ns"), number(o, "total_ns"));
	}
	json_decref(lines);
}

Test(json, unknown_is_null_and_absent_is_absent)
{
	struct ct_record recs[] = { a_gap(), a_failed_start() };
	own_mem char *text = run("json", &(struct options){ 0 }, recs, 2, &no_loss);
	json_t *lines = parse(text);
	json_t *phases = json_object_get(json_array_get(lines, 1), "phases");
	json_t *failed = json_object_get(json_array_get(lines, 2), "failed");
	json_t *end = json_array_get(lines, 3);

	cr_expect(json_is_null(json_object_get(phases, "connect")));
	cr_expect_null(json_object_get(phases, "attach"));
	cr_expect_null(json_object_get(phases, "client"));
	cr_expect_eq(number(phases, "unknown"), 20 * (json_int_t)MS);
	cr_expect_str_eq(string(failed, "phase"), "start");
	cr_expect_str_eq(string(failed, "step"), "runtime create");
	cr_expect_str_eq(string(failed, "message"), a_failed_start().message);
	cr_expect_str_eq(string(end, "kind"), "summary");
	cr_expect(json_is_true(json_object_get(end, "complete")));
	json_decref(lines);
}

Test(json, loss_makes_it_incomplete)
{
	for (unsigned loss = 0; loss < CT_LOSS_MAX; loss++) {
		struct ct_core_counts counts = { 0 };
		own_mem char *text = NULL;
		json_t *lines, *end;

		counts.lost[loss] = 5;
		text = run("json", &(struct options){ 0 }, NULL, 0, &counts);
		lines = parse(text);
		end = json_array_get(lines, 1);
		cr_expect_eq(json_is_true(json_object_get(end, "complete")), loss == CT_LOSS_LATE,
			     "loss %u", loss);
		cr_expect_eq(json_object_size(json_object_get(end, "lost")), CT_LOSS_MAX);
		if (loss == CT_LOSS_RING)
			cr_expect_eq(number(json_object_get(end, "lost"), "ring"), 5);
		json_decref(lines);
	}
}

Test(json, bytes_that_are_not_utf8_survive)
{
	struct ct_identity who = { .init_pid = 1 };
	char message[4097];
	struct ct_record rec = an_injection(&who, message);
	own_mem char *text = run("json", &(struct options){ 0 }, &rec, 1, &no_loss);
	json_t *lines = parse(text);
	json_t *o = json_array_get(lines, 1);

	cr_assert_eq(json_array_size(lines), 3);
	cr_expect_str_eq(
		string(o, "name"),
		"\033[2J\033]0;own\a\"},\n{\"kind\":\"x\"\\\xc2\x9b\xc3\xbf\r\xe2\x80\xae");
	cr_expect_str_eq(string(o, "id"), "\033c\n\"");
	cr_expect_eq(strlen(string(json_object_get(o, "failed"), "message")), 4096 + 3);
	json_decref(lines);
}

Test(json, whose_it_is)
{
	static const struct ct_owner owners[] = {
		{ .other = true, .uid = 1000 },
		{ .other = true, .inside = true, .pid = 777, .name = "kind" },
		{ .other = true, .inside = true, .uid = 5, .id = "feed" },
	};
	static const char *const parts[] = {
		",\"scope\":{\"container\":null,\"uid\":1000},",
		",\"scope\":{\"container\":{\"id\":null,\"name\":\"kind\",\"pid\":777},\"uid\":0},",
		",\"scope\":{\"container\":{\"id\":\"feed\",\"name\":null,\"pid\":null},\"uid\":5},",
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(owners); i++) {
		struct ct_identity who = web;
		struct ct_record rec = record(CT_RECORD_START, &who);
		own_mem char *text = NULL;

		who.owner = owners[i];
		text = run("json", &(struct options){ 0 }, &rec, 1, &no_loss);
		expect_in(text, parts[i]);
	}
}

static void expect_documented(const char *doc, const json_t *value)
{
	const char *key;
	json_t *each;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, each) expect_documented(doc, each);
		return;
	}
	json_object_foreach((json_t *)value, key, each)
	{
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "`%s`", key);
		cr_expect(strstr(doc, quoted), "docs/schema.md lacks %s", quoted);
		expect_documented(doc, each);
	}
}

Test(json, every_field_and_name_is_documented)
{
	struct ct_record recs[] = { a_start(), a_stop(), a_restart(), a_failed_start(), a_gap() };
	own_mem char *text = run("json", &(struct options){ 0 }, recs, 5, &no_loss);
	own_mem char *doc = calloc(1, 1 << 16);
	own_file FILE *f = fopen(CT_SOURCE_DIR "/docs/schema.md", "re");
	json_t *lines = parse(text);
	static const struct {
		const char *const *names;
		size_t count;
	} lists[] = {
		{ ct_phase_names, CT_PHASE_MAX },     { ct_record_names, CT_RECORD_MAX },
		{ ct_outcome_names, CT_OUTCOME_MAX }, { ct_cause_names, CT_CAUSE_MAX },
		{ ct_ready_names, CT_READY_MAX },
	};

	cr_assert(f, "run the tests where docs/ is, or define CT_SOURCE_DIR");
	cr_assert(doc && fread(doc, 1, (1 << 16) - 1, f) > 0);
	expect_documented(doc, lines);
	for (size_t i = 0; i < CT_ARRAY_SIZE(lists); i++) {
		for (size_t n = 0; n < lists[i].count; n++) {
			char quoted[64];

			snprintf(quoted, sizeof(quoted), "`%s`", lists[i].names[n]);
			cr_expect(strstr(doc, quoted), "docs/schema.md lacks %s", quoted);
		}
	}
	expect_in(doc, string(json_array_get(lines, 0), "schema"));
	json_decref(lines);
}

Test(json, waits_are_documented_and_add_up)
{
	static const struct ct_piece path[] = {
		{ .begin_ns = 100000000000,
		  .end_ns = 100200000000,
		  .phase = CT_PHASE_START,
		  .reason = CT_REASON_LOCK,
		  .step = "network hook",
		  .pid = 7,
		  .tid = 8,
		  .actor = "dockerd",
		  .what = "rtnl" },
		{ .begin_ns = 100200000000,
		  .end_ns = 100206512000,
		  .phase = CT_PHASE_START,
		  .reason = CT_REASON_UNKNOWN,
		  .step = "" },
	};
	static const struct ct_why why[3] = { { { 5 } } };
	struct ct_record rec = a_start();
	own_mem char *text = NULL, *doc = calloc(1, 1 << 16);
	own_file FILE *f = fopen(CT_SOURCE_DIR "/docs/schema.md", "re");
	json_t *lines, *o, *causes;

	rec.path = path;
	rec.piece_count = CT_ARRAY_SIZE(path);
	rec.why = why;
	text = run("json", &(struct options){ 0 }, &rec, 1, &no_loss);
	lines = parse(text);
	o = json_array_get(lines, 1);
	cr_expect_eq(number(json_object_get(o, "why"), "lock"), 200000000);
	cr_expect_eq(number(json_object_get(o, "why"), "unexplained"), 6512000);
	cr_expect_eq(json_array_size(json_object_get(o, "path")), 2);
	o = json_array_get(json_object_get(o, "path"), 0);
	cr_expect_str_eq(string(o, "what"), "rtnl");
	cr_expect_str_eq(string(o, "reason"), "lock");
	cr_expect_eq(number(o, "tid"), 8);
	causes = json_array_get(json_object_get(json_array_get(lines, 2), "why"), 0);
	cr_expect_eq(number(causes, "unexplained_ns"), 6512000);
	o = json_array_get(json_object_get(causes, "causes"), 0);
	cr_expect_eq(number(o, "median_ns"), 200000000);
	cr_assert(f && doc && fread(doc, 1, (1 << 16) - 1, f) > 0);
	expect_documented(doc, lines);
	for (size_t r = 0; r < CT_REASON_MAX; r++) {
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "`%s`", ct_reason_keys[r]);
		cr_expect(strstr(doc, quoted), "docs/schema.md lacks %s", quoted);
	}
	json_decref(lines);
}

Test(json, engines_that_are_asked_on_tcp)
{
	struct ct_core_counts counts = { 0 };
	own_mem char *text = NULL, *none = run("json", &(struct options){ 0 }, NULL, 0, &no_loss);

	for (uint32_t i = 0; i < CT_PARTIES_MAX; i++)
		counts.deaf.each[i] = (struct ct_deaf_of){ .pid = 100 + i, .engine = "docker" };
	counts.deaf.others = 2;
	text = run("json", &(struct options){ 0 }, NULL, 0, &counts);
	expect_in(text, "\"deaf\":[{\"engine\":\"docker\",\"pid\":100,\"count\":1},");
	expect_in(text, "\"pid\":107,\"count\":1},{\"engine\":\"\",\"pid\":0,\"count\":2}],");
	expect_in(text, "\"complete\":false");
	cr_expect_null(strstr(none, "deaf"));
}

Test(json, times_in_which_nobody_traced)
{
	struct ct_session of_three = session;
	own_mem char *text = NULL, *none = run("json", &(struct options){ 0 }, NULL, 0, &no_loss);

	of_three.gaps = gaps;
	of_three.gap_count = CT_ARRAY_SIZE(gaps);
	of_session = &of_three;
	text = run("json", &(struct options){ 0 }, NULL, 0, &no_loss);
	of_session = &session;
	expect_in(
		text,
		"\"untraced\":[{\"before\":\"a.ct\",\"after\":\"b.ct\",\"begin_ns\":110000000000,"
		"\"begin_time\":\"2024-11-21T09:08:30.000000000Z\",\"ns\":1320000000,\"containers\":2},"
		"{\"before\":\"b.ct\",\"after\":\"c \\\"d\\\".ct\",");
	expect_in(text, "\"ns\":500000000,\"containers\":0}],\"complete\":true");
	cr_expect_null(strstr(none, "untraced"));
}
