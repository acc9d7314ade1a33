// SPDX-License-Identifier: GPL-2.0-only
/* What tables and metrics make of images that were pulled. */
#include "sink_records.h"
#include "stats/summary.h"

static const struct options opts = { 0 };

static const struct ct_identity image = {
	.image = "reg.test:5000/a/web:1",
	.name = "reg.test:5000/a/web:1",
	.engine = "podman",
};

#define LAYERS 2

/* One layer was fetched behind others, one was there. */
static struct ct_record a_pull(enum ct_outcome outcome)
{
	const uint64_t begin = session.begin_ns;
	struct ct_fetched *f = calloc(1, sizeof(*f) + LAYERS * sizeof(f->layers[0]));
	struct ct_record rec = record(CT_RECORD_PULL, &image);

	cr_assert(f);
	snprintf(f->registry, sizeof(f->registry), "reg.test:5000");
	snprintf(f->digest, sizeof(f->digest), "sha256:feed");
	f->layer_count = LAYERS;
	f->layers[0] = (struct ct_layer){
		.id = "aaaa",
		.digest = "sha256:aaaa",
		.type = "tar+gzip",
		.waited = true,
		.retries = 3,
		.size = 1000,
		.files = 4096,
		.known_ns = begin + 10,
		.first_ns = begin + 30,
		.fetched_ns = begin + 60,
		.turn_ns = begin + 61,
		.unpacking_ns = begin + 62,
		.unpacked_ns = begin + 90,
		.registered_ns = begin + 95,
		.unpacker = { .pid = 7, .name = "docker-untar" },
		.first_by = CT_PROVED_FILE,
		.fetched_by = CT_PROVED_FILE,
		.unpacking_by = CT_PROVED_PROCESS,
		.unpacked_by = CT_PROVED_DATABASE,
		.link = { .peer = { .address = { 192, 0, 2, 7 },
				    .port = 443,
				    .host = "blobs.test",
				    .named = CT_NAMED_SNI },
			  .asked_ns = begin + 31,
			  .made_ns = begin + 38,
			  .end_ns = begin + 60,
			  .received = 1400,
			  .rtt_us = 5,
			  .resent = 2 },
	};
	f->peer_count = 1;
	f->peers[0] = (struct ct_linked_peer){ .peer = f->layers[0].link.peer,
					       .asked = 4,
					       .failed = 1,
					       .received = 2500,
					       .resent = 2 };
	f->layers[1] = (struct ct_layer){ .id = "bbbb", .there = true, .known_ns = begin + 10 };
	rec.outcome = outcome;
	lasts(&rec, CT_PHASE_RESOLVE, 10);
	lasts(&rec, CT_PHASE_DOWNLOAD, 90 * MS);
	rec.fetched = f;
	return rec;
}

static size_t times_in(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void drop(struct ct_record *recs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)recs[i].fetched);
}

Test(pull_sinks, a_row_per_layer)
{
	struct ct_record recs[] = { a_start(), a_pull(CT_OUTCOME_OK) };
	own_mem char *text = run("csv-layers", &opts, recs, CT_ARRAY_SIZE(recs), &no_loss);

#define PULL \
	"\"reg.test:5000/a/web:1\",\"podman\",\"reg.test:5000\",\"sha256:feed\",\"ok\",100000000000,"
	cr_expect_eq(
		strncmp(text, "image,engine,registry,manifest,outcome,pull_begin_ns,index,id,", 62),
		0);
	expect_in(
		text,
		"\r\n" PULL
		"0,\"aaaa\",\"sha256:aaaa\",\"tar+gzip\",false,false,false,true,false,false,"
		"3,1000,4096,100000000010,100000000030,100000000060,100000000061,100000000062,"
		"100000000090,20,8,22,1,29,\"file\",\"file\",\"process\",\"database\","
		"\"192.0.2.7\",443,100000000031,100000000038,1400,5000,2,\"blobs.test\",\"sni\",100000000095,\"docker-untar\",7,\"\",,\"node-1\"\r\n");
	expect_in(
		text,
		"\r\n" PULL
		"1,\"bbbb\",\"\",\"\",true,false,false,false,false,false,0,,,100000000010,"
		",,,,,,,,,,\"none\",\"none\",\"none\",\"none\",\"\",,,,,,,\"\",\"\",,\"\",,\"\",,\"node-1\"\r\n");
	drop(recs, CT_ARRAY_SIZE(recs));
}

Test(pull_sinks, rows_have_as_many_cells_as_the_head)
{
	struct ct_record rec = a_pull(CT_OUTCOME_OK);
	own_mem char *text = run("csv-layers", &opts, &rec, 1, &no_loss);
	size_t cells[4] = { 0 }, line = 0;

	for (const char *c = text; *c && line < CT_ARRAY_SIZE(cells); c++) {
		cells[line] += *c == ',';
		line += *c == '\n';
	}
	cr_expect_eq(line, 3);
	cr_expect_eq(cells[0], cells[1]);
	cr_expect_eq(cells[0], cells[2]);
	drop(&rec, 1);
}

Test(pull_sinks, metrics)
{
	struct ct_record recs[] = { a_start(), a_pull(CT_OUTCOME_OK), a_pull(CT_OUTCOME_OK),
				    a_pull(CT_OUTCOME_FAILED), a_pull(CT_OUTCOME_OK) };
	struct ct_core_counts counts = { 0 };
	own_mem char *text = NULL;

	((struct ct_fetched *)(uintptr_t)recs[4].fetched)->up_to_date = true;
	((struct ct_fetched *)(uintptr_t)recs[4].fetched)->layers[0].there = true;
	((struct ct_fetched *)(uintptr_t)recs[3].fetched)->links_shared = true;
	counts.pulling.each[0].count = 2;
	snprintf(counts.pulling.each[0].registry, sizeof(counts.pulling.each[0].registry),
		 "docker.io");
	text = run("openmetrics", &opts, recs, CT_ARRAY_SIZE(recs), &counts);
#define FROM "{engine=\"podman\",registry=\"reg.test:5000\""
	expect_in(text, "# TYPE coldtrace_pull_duration_seconds histogram\n");
	expect_in(text, "coldtrace_pull_duration_seconds_count" FROM "} 2\n");
	expect_in(text, "coldtrace_pull_duration_seconds_sum" FROM "} 0.18000002\n");
	expect_in(text, "coldtrace_pulls_total" FROM ",outcome=\"ok\"} 2\n");
	expect_in(text, "coldtrace_pulls_total" FROM ",outcome=\"failed\"} 1\n");
	expect_in(text, "coldtrace_pulls_total" FROM ",outcome=\"up-to-date\"} 1\n");
	expect_in(text, "# UNIT coldtrace_pull_bytes bytes\n");
	expect_in(text, "coldtrace_pull_bytes_total" FROM "} 2000\n");
	expect_in(text, "coldtrace_pull_layers_total" FROM ",state=\"fetched\"} 2\n");
	expect_in(text, "coldtrace_pull_layers_total" FROM ",state=\"there\"} 4\n");
	expect_in(text, "coldtrace_pull_retries_total" FROM "} 12\n");
	/* of the failed one nobody knows whose they are */
	expect_in(text, "coldtrace_pull_connections_total" FROM ",state=\"made\"} 9\n");
	expect_in(text, "coldtrace_pull_connections_total" FROM ",state=\"failed\"} 3\n");
	expect_in(text, "coldtrace_pull_received_bytes_total" FROM "} 7500\n");
	expect_in(text, "coldtrace_pull_resent_segments_total" FROM "} 6\n");
	expect_in(text, "coldtrace_pulls_in_progress{registry=\"docker.io\"} 2\n");
	expect_in(text, "coldtrace_pulls_in_progress{registry=\"reg.test:5000\"} 0\n");
	drop(recs, CT_ARRAY_SIZE(recs));
}

Test(pull_sinks, attributes_of_connections)
{
	struct ct_record rec = a_pull(CT_OUTCOME_OK);
	struct ct_fetched *f = (struct ct_fetched *)(uintptr_t)rec.fetched;
	own_mem char *one = run("otlp-traces", &opts, &rec, 1, &no_loss), *two = NULL, *by = NULL;

	expect_in(one, "{\"key\":\"server.address\",\"value\":{\"stringValue\":\"blobs.test\"}}");
	expect_in(one,
		  "{\"key\":\"network.peer.address\",\"value\":{\"stringValue\":\"192.0.2.7\"}}");
	expect_in(one, "{\"key\":\"network.peer.port\",\"value\":{\"intValue\":\"443\"}}");
	expect_in(one, "{\"key\":\"coldtrace.pull.connections\",\"value\":{\"intValue\":\"4\"}}");
	expect_in(one, "{\"key\":\"coldtrace.pull.received\",\"value\":{\"intValue\":\"2500\"}}");
	/* another host at that address */
	f->peers[f->peer_count++] = f->peers[0];
	f->peers[1].peer.host[0] = 'g';
	by = run("otlp-traces", &opts, &rec, 1, &no_loss);
	expect_in(by,
		  "{\"key\":\"network.peer.address\",\"value\":{\"stringValue\":\"192.0.2.7\"}}");
	cr_expect_not(strstr(by, "server.address"));
	/* a second peer, by which something is still coming */
	f->peers[1] = (struct ct_linked_peer){ .asked = 1, .open = 1 };
	two = run("otlp-traces", &opts, &rec, 1, &no_loss);
	expect_in(two, "{\"key\":\"coldtrace.pull.connections\",\"value\":{\"intValue\":\"5\"}}");
	cr_expect_not(strstr(two, "network.peer"));
	cr_expect_not(strstr(two, "server.address"));
	cr_expect_not(strstr(two, "coldtrace.pull.received"));
	drop(&rec, 1);
}

Test(pull_sinks, no_pull_has_no_metrics)
{
	struct ct_record rec = a_start();
	own_mem char *text = run("openmetrics", &opts, &rec, 1, &no_loss);

	cr_expect_not(strstr(text, "coldtrace_pull"));
}

Test(pull_sinks, by_registry)
{
	struct ct_record recs[] = { a_start(), a_pull(CT_OUTCOME_OK) };

	cr_expect_str_eq(ct_by_key(CT_BY_REGISTRY, &recs[0]), "");
	cr_expect_str_eq(ct_by_key(CT_BY_REGISTRY, &recs[1]), "reg.test:5000");
	drop(recs, CT_ARRAY_SIZE(recs));
}

/* What was so no later than then is said wherever its time is: of the part, and of the phase that ends with it. */
Test(pull_sinks, what_is_a_bound_is_said_to_be)
{
	struct ct_record rec = a_pull(CT_OUTCOME_OK);
	const uint64_t end = rec.segments[1].end_ns;
	const struct ct_step parts[] = {
		{ .name = "layer", .actor = "layer", .begin_ns = rec.begin_ns, .end_ns = end + 5 },
		{ .name = "download",
		  .actor = "layer",
		  .begin_ns = rec.begin_ns,
		  .end_ns = end,
		  .parent = 1,
		  .depth = 1,
		  .end_late = true },
		{ .name = "unpack",
		  .actor = "layer",
		  .begin_ns = end,
		  .end_ns = end + 5,
		  .parent = 1,
		  .depth = 1,
		  .begin_late = true },
	};
	own_mem char *trace = NULL, *drawn = NULL, *slices = NULL;

	lasts(&rec, CT_PHASE_UNPACK, 5 * MS);
	rec.steps = parts;
	rec.step_count = CT_ARRAY_SIZE(parts);
	trace = run("otlp-traces", &opts, &rec, 1, &no_loss);
	cr_expect_eq(times_in(trace, "{\"key\":\"coldtrace.end_is_bound\","), 2);
	cr_expect_eq(times_in(trace, "{\"key\":\"coldtrace.begin_is_bound\","), 2);
	drawn = run("timeline", &opts, &rec, 1, &no_loss);
	cr_expect_eq(times_in(drawn, "<=90.0 ms"), 2, "%s", drawn);
	expect_in(drawn, ">=5.00 ms");
	slices = run("perfetto", &opts, &rec, 1, &no_loss);
	cr_expect_not_null(slices);
	drop(&rec, 1);
}
