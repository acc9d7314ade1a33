// SPDX-License-Identifier: GPL-2.0-only
/* The outputs that are looked at: the page and the trace. tests/web looks at what they show. */
#include <signal.h>

#include "perfetto.pb-c.h"
#include "sinks/perfetto/perfetto_names.h"
#include "sink_records.h"
#include "sinks/html/html.h"

static const char data_begins[] = "<script type=\"application/json\" id=\"data\">";
static const char words_begin[] = "<script type=\"application/json\" id=\"words\">";

/* What stands in a script element, which ends at the first "<". */
static char *element(const char *page, const char *begins)
{
	const char *at = strstr(page, begins);

	cr_assert(at, "no %s", begins);
	at += strlen(begins);
	return strndup(at, strcspn(at, "<"));
}

static bool is_utf8(const char *s)
{
	const unsigned char *b = (const unsigned char *)s;

	while (*b) {
		unsigned more = *b < 0x80    ? 0
				: *b >= 0xf0 ? 3
				: *b >= 0xe0 ? 2
				: *b >= 0xc2 ? 1
					     : 9;

		if (more == 9)
			return false;
		for (b++; more; more--, b++)
			if ((*b & 0xc0) != 0x80)
				return false;
	}
	return true;
}

Test(html, no_string_ends_the_element_that_holds_it)
{
	struct ct_identity who = web;
	struct ct_record rec = a_start();
	struct options opts = { 0 };
	own_mem char *page = NULL, *data = NULL, *words = NULL;

	snprintf(who.name, sizeof(who.name), "</script><script>alert(1)</script><!--");
	snprintf(who.image, sizeof(who.image), "]]>\xff<\"\n");
	rec.who = &who;
	page = run("html", &opts, &rec, 1, &no_loss);
	data = element(page, data_begins);
	words = element(page, words_begin);
	expect_in(data, "\\u003c/script>\\u003cscript>alert(1)\\u003c/script>\\u003c!--");
	expect_in(data, "]]>\\u00ff\\u003c\\\"\\n");
	expect_in(data, "\"summary\":");
	expect_in(words, "\"ring\":[\"ring buffer full\",\"raise --ring\"]");
	expect_in(page, "Content-Security-Policy");
}

Test(html, the_page_asks_for_nothing_from_outside)
{
	struct ct_html_page page;
	own_mem char *text = NULL;

	cr_assert(ct_html_page(&page), "built without the charts: install nodejs and npm");
	text = strndup(page.head, page.head_len);
	cr_assert(text);
	expect_in(text, "default-src 'none'");
	cr_expect_null(strstr(text, "src=\""));
	cr_expect_null(strstr(text, "href=\"http"));
}

/* Unpacks a trace of these records; the caller frees. */
static Perfetto__Protos__Trace *trace_counted(const struct ct_record *recs, size_t count,
					      const struct ct_core_counts *counts)
{
	char path[] = "/tmp/coldtrace-trace-XXXXXX", spec[64];
	struct ct_summary *summary = ct_summary_new();
	Perfetto__Protos__Trace *trace;
	struct ct_sink s;
	struct ct_err err = { 0 };
	static uint8_t bytes[1 << 20];
	int fd = mkstemp(path);
	ssize_t len;

	cr_assert(fd >= 0 && summary);
	snprintf(spec, sizeof(spec), "perfetto:%s", path);
	cr_assert_eq(ct_sink_open(&s, spec, &err), 0);
	cr_assert_eq(ct_sink_begin(&s, &session, &err), 0);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(ct_sink_record(&s, &session, &recs[i], &err), 0);
	cr_assert_eq(ct_sink_end(&s, &session, summary, counts, &err), 0);
	cr_assert_eq(ct_sink_close(&s, &err), 0);
	ct_summary_free(summary);
	len = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	unlink(path);
	cr_assert(len > 0);
	trace = perfetto__protos__trace__unpack(NULL, (size_t)len, bytes);
	cr_assert(trace, "what was written is not a trace");
	return trace;
}

/* What the number that an event has for its name stands for. */
static const char *name_of(const Perfetto__Protos__Trace *trace,
			   const Perfetto__Protos__TrackEvent *event)
{
	for (size_t i = 0; i < trace->n_packet; i++) {
		const Perfetto__Protos__InternedData *said = trace->packet[i]->interned_data;

		for (size_t k = 0; said && k < said->n_event_names; k++)
			if (said->event_names[k]->iid == event->name_iid)
				return said->event_names[k]->name;
	}
	return "";
}

static Perfetto__Protos__Trace *trace_of(const struct ct_record *recs, size_t count)
{
	return trace_counted(recs, count, &no_loss);
}

/* Slices of a track end in the order that Perfetto needs; returns how many there are. */
static size_t count_slices(const Perfetto__Protos__Trace *trace, uint64_t track)
{
	uint64_t last_ns = 0;
	size_t n = 0, depth = 0;

	for (size_t i = 0; i < trace->n_packet; i++) {
		const Perfetto__Protos__TracePacket *packet = trace->packet[i];

		if (packet->data_case != PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_EVENT ||
		    packet->track_event->track_uuid != track)
			continue;
		cr_expect(packet->timestamp >= last_ns, "packet %zu goes back in time", i);
		last_ns = packet->timestamp;
		if (packet->track_event->type ==
		    PERFETTO__PROTOS__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN) {
			depth++;
			n++;
		} else if (packet->track_event->type ==
			   PERFETTO__PROTOS__TRACK_EVENT__TYPE__TYPE_SLICE_END) {
			cr_assert(depth > 0);
			depth--;
		}
	}
	cr_expect_eq(depth, 0);
	return n;
}

#define AN_ENGINES(called, begin_ms, end_ms, below) \
	{ \
		.name = (called), .actor = "engine", .phase = CT_PHASE_CREATE, \
		.begin_ns = (100000 + (begin_ms)) * MS, .end_ns = (100000 + (end_ms)) * MS, \
		.pid = 10, .count = 1, .parent = (below), .depth = (below), \
	}

/* In the order of their tree: "d" hangs below "a" and begins when "c" has begun. */
Test(perfetto, steps_that_overlap_go_to_tracks_side_by_side)
{
	static const struct ct_step crossing[] = {
		AN_ENGINES("a", 0, 6, 0), AN_ENGINES("b", 1, 2, 1), AN_ENGINES("d", 5, 5, 1),
		AN_ENGINES("c", 4, 9, 0), AN_ENGINES("e", 6, 6, 0),
	};
	static const struct {
		const char *name;
		size_t slices;
	} tracks[] = {
		{ "coldtrace", 0 },
		{ "web", 8 }, /* the record and its segments */
		{ "engine 10", 3 }, /* what nests goes inside of what is open */
		{ "engine 10 (2)", 2 },
	};
	struct ct_record rec = a_start();
	Perfetto__Protos__Trace *trace;
	size_t seen = 0;

	rec.steps = crossing;
	rec.step_count = CT_ARRAY_SIZE(crossing);
	trace = trace_of(&rec, 1);
	for (size_t i = 0; i < trace->n_packet; i++) {
		const Perfetto__Protos__TracePacket *packet = trace->packet[i];

		if (packet->data_case != PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_DESCRIPTOR)
			continue;
		cr_assert(seen < CT_ARRAY_SIZE(tracks));
		cr_expect_str_eq(packet->track_descriptor->name, tracks[seen].name);
		cr_expect_eq(count_slices(trace, packet->track_descriptor->uuid),
			     tracks[seen].slices, "track '%s' has %zu slices", tracks[seen].name,
			     count_slices(trace, packet->track_descriptor->uuid));
		seen++;
	}
	cr_expect_eq(seen, CT_ARRAY_SIZE(tracks));
	perfetto__protos__trace__free_unpacked(trace, NULL);
}

/* An image has no id: each has a track of its own, and its layers below that, side by side. */
Test(perfetto, each_image_that_is_fetched_has_a_track)
{
	static const struct ct_identity images[] = { { .name = "reg/one:1", .image = "reg/one:1" },
						     { .name = "reg/two:1",
						       .image = "reg/two:1" } };
	static const struct ct_step layers[] = {
		{ .name = "layer",
		  .actor = "layer",
		  .begin_ns = 100000 * MS,
		  .end_ns = 100009 * MS,
		  .pid = 7 },
		{ .name = "layer",
		  .actor = "layer",
		  .begin_ns = 100001 * MS,
		  .end_ns = 100020 * MS,
		  .pid = 7 },
	};
	static const char *const tracks[] = { "coldtrace", "reg/one:1", "layer 7",    "layer 7 (2)",
					      "reg/two:1", "layer 7",   "layer 7 (2)" };
	struct ct_record recs[] = { record(CT_RECORD_PULL, &images[0]),
				    record(CT_RECORD_PULL, &images[1]) };
	Perfetto__Protos__Trace *trace;
	size_t seen = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(recs); i++) {
		lasts(&recs[i], CT_PHASE_DOWNLOAD, 30 * MS);
		recs[i].steps = layers;
		recs[i].step_count = CT_ARRAY_SIZE(layers);
	}
	trace = trace_of(recs, CT_ARRAY_SIZE(recs));
	for (size_t i = 0; i < trace->n_packet; i++) {
		const Perfetto__Protos__TracePacket *packet = trace->packet[i];

		if (packet->data_case != PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_DESCRIPTOR)
			continue;
		cr_assert(seen < CT_ARRAY_SIZE(tracks));
		cr_expect_str_eq(packet->track_descriptor->name, tracks[seen++]);
	}
	cr_expect_eq(seen, CT_ARRAY_SIZE(tracks));
	perfetto__protos__trace__free_unpacked(trace, NULL);
}

Test(perfetto, records_that_overlap_do_not_cross)
{
	struct ct_record recs[] = { a_start(), a_start(), a_start() };
	Perfetto__Protos__Trace *trace;

	for (size_t i = 1; i < 3; i++) {
		recs[i].begin_ns += i * 50 * MS;
		recs[i].end_ns += i * 50 * MS;
		for (size_t k = 0; k < recs[i].segment_count; k++) {
			recs[i].segments[k].begin_ns += i * 50 * MS;
			recs[i].segments[k].end_ns += i * 50 * MS;
		}
	}
	trace = trace_of(recs, 3);
	for (size_t i = 0; i < trace->n_packet; i++)
		if (trace->packet[i]->data_case ==
		    PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_DESCRIPTOR)
			count_slices(trace, trace->packet[i]->track_descriptor->uuid);
	perfetto__protos__trace__free_unpacked(trace, NULL);
}

Test(perfetto, strings_are_utf8_whatever_a_container_chose)
{
	struct ct_identity who = { .init_pid = 1 };
	char message[4097];
	struct ct_record rec = an_injection(&who, message);
	Perfetto__Protos__Trace *trace = trace_of(&rec, 1);
	size_t notes = 0;

	for (size_t i = 0; i < trace->n_packet; i++) {
		const Perfetto__Protos__TracePacket *packet = trace->packet[i];
		const Perfetto__Protos__InternedData *said = packet->interned_data;

		if (packet->data_case == PERFETTO__PROTOS__TRACE_PACKET__DATA_TRACK_DESCRIPTOR)
			cr_expect(is_utf8(packet->track_descriptor->name));
		for (size_t k = 0; said && k < said->n_event_names; k++)
			cr_expect(is_utf8(said->event_names[k]->name));
		for (size_t k = 0; said && k < said->n_debug_annotation_string_values; k++) {
			const ProtobufCBinaryData *text =
				&said->debug_annotation_string_values[k]->str;
			char value[8192];

			snprintf(value, sizeof(value), "%.*s", (int)text->len,
				 (const char *)text->data);
			cr_expect(is_utf8(value), "%s", value);
			notes++;
		}
	}
	cr_expect_gt(notes, 8);
	perfetto__protos__trace__free_unpacked(trace, NULL);
}

/* More strings than are remembered: each number means one thing, and is told before it is used. */
Test(perfetto, strings_are_told_again_when_they_are_forgotten)
{
	struct ct_names *names = ct_names_new();
	uint64_t last = 0;

	cr_assert(names);
	for (unsigned i = 0; i < 100000; i++) {
		const char *fresh;
		char text[16];
		uint64_t number;

		if (ct_names_is_full(names))
			ct_names_forget(names);
		snprintf(text, sizeof(text), "n%u", i);
		number = ct_names_number(names, CT_NAME_VALUE, text, &fresh);
		cr_assert(number > last && fresh && !strcmp(fresh, text));
		last = number;
		cr_assert_eq(ct_names_number(names, CT_NAME_VALUE, text, &fresh), number);
		cr_assert_null(fresh);
		cr_assert_neq(ct_names_number(names, CT_NAME_EVENT, "n", &fresh), 0);
		cr_assert(!fresh || !strcmp(fresh, "n"));
	}
	cr_assert_eq(last, 100000);
	ct_names_free(names);
}

Test(perfetto, the_end_says_what_is_missing)
{
	static const struct {
		struct ct_core_counts counts;
		const char *name;
		size_t notes;
	} rows[] = {
		{ { 0 }, "tracing ended: nothing lost", 0 },
		{ { .lost = { [CT_LOSS_RING] = 1 } },
		  "tracing ended: INCOMPLETE, events were lost",
		  1 },
		{ { .unread = 1 }, "tracing ended: INCOMPLETE, not all of it could be read", 1 },
		{ { .lost = { [CT_LOSS_RING] = 1, [CT_LOSS_TABLE] = 2 }, .unread = 1 },
		  "tracing ended: INCOMPLETE, events were lost and not all of it could be read",
		  3 },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		Perfetto__Protos__Trace *trace = trace_counted(NULL, 0, &rows[i].counts);
		const Perfetto__Protos__TrackEvent *end =
			trace->packet[trace->n_packet - 1]->track_event;

		cr_expect_str_eq(name_of(trace, end), rows[i].name);
		cr_expect_eq(end->n_debug_annotations, rows[i].notes, "%s", rows[i].name);
		perfetto__protos__trace__free_unpacked(trace, NULL);
	}
}
