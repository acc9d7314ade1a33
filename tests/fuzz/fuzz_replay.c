// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording from anywhere: reader, core, summary and a sink, into nowhere. What
 * must hold besides: the segments of every record tile it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/core.h"
#include "sinks/sink.h"
#include "source/recording/recording.h"
#include "stats/summary.h"

struct fuzz {
	struct ct_core *core;
	struct ct_summary *summary;
	struct ct_sink sink;
	uint64_t fed, records;
};

static void ensure(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static const struct ct_session session = { .version = "0", .kernel = "0", .depth = "steps" };

static void on_record(void *ctx, const struct ct_record *rec)
{
	const char *wrong = check_record(rec);
	struct fuzz *fuzz = ctx;
	struct ct_err err;

	ensure(!wrong, wrong);
	ensure(!ct_summary_add(fuzz->summary, rec), "summary");
	fuzz->records++;
	ensure(!fuzz->sink.ops || !ct_sink_record(&fuzz->sink, &session, rec, &err), "record");
}

static void on_event(void *ctx, const struct ct_event *e)
{
	struct fuzz *fuzz = ctx;

	ct_core_feed(fuzz->core, e);
	fuzz->fed++;
}

/* How many records there were. */
static uint64_t replay(const char *bytes, size_t len, bool steps, const struct ct_sink_ops *sink)
{
	const struct ct_core_ops ops = { .record = on_record };
	const struct ct_core_options opts = { .containers_max = 16, .steps = steps };
	struct ct_recording_header header;
	struct ct_core_counts counts;
	struct fuzz fuzz = { 0 };
	struct ct_sink *s = &fuzz.sink;
	struct ct_err err = { 0 };
	uint64_t cut;
	int ret;

	fuzz.core = ct_core_new(&opts, &ops, &fuzz);
	fuzz.summary = ct_summary_new();
	ensure(fuzz.core && fuzz.summary, "memory");
	if (sink) {
		char spec[64];

		snprintf(spec, sizeof(spec), "%s:/dev/null", sink->name);
		ensure(!ct_sink_open(s, spec, &err), err.msg);
		s->steps = steps;
		s->utf8 = steps;
		s->colour = steps;
		s->width = 80;
		s->path = "null";
		ensure(!ct_sink_begin(s, &session, &err), "begin");
	}
	ret = ct_replay_bytes("fuzz", bytes, len, &header, on_event, &fuzz, &cut, &err);
	ensure(!ret == !err.code, "an error has a sentence");
	ct_core_flush(fuzz.core);
	counts = ct_core_counts(fuzz.core);
	ensure(counts.events == fuzz.fed, "every event is counted");
	if (sink) {
		ensure(!ct_sink_end(s, &session, fuzz.summary, &counts, &err), "end");
		ensure(!ct_sink_close(s, &err), "close");
	}
	ct_core_free(fuzz.core);
	ct_summary_free(fuzz.summary);
	return fuzz.records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly that size: one byte too far is seen. */
	char *bytes = malloc(size ? size : 1);
	size_t count = 0;
	uint32_t sum = 0;

	ensure(bytes, "memory");
	if (size)
		memcpy(bytes, data, size);
	/* What makes no record has nothing to tell a sink. All of them would take most of the time:
	 * the input chooses one. */
	while (ct_sinks[count])
		count++;
	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + data[i];
	if (replay(bytes, size, false, NULL))
		replay(bytes, size, true, ct_sinks[sum % count]);
	free(bytes);
	return 0;
}
