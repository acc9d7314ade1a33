// SPDX-License-Identifier: GPL-2.0-only
#include "sink_records.h"

#include <errno.h>

#include "sinks/otlp/otlp_proto.h"

static const struct options opts = { .steps = true };

/* Each output knows no field that the table does not. tests/e2e/41-otlp.sh reads what it becomes. */
Test(otlp_proto, all_that_is_written_has_a_number)
{
	struct ct_record recs[] = { a_start(), a_failed_start(), a_gap() };
	own_mem char *traces = run("otlp-traces", &opts, recs, 3, &no_loss);
	own_mem char *metrics = run("otlp-metrics", &opts, recs, 3, &no_loss);
	struct ct_pb pb = { 0 };
	size_t before;

	for (char *at = traces, *end; *at; at = end) {
		end = strchr(at, '\n') + 1;
		cr_assert_eq(ct_otlp_proto(&pb, CT_OTLP_TRACES, at, (size_t)(end - at)), 0);
	}
	cr_expect_gt(pb.len, 1000);
	cr_expect_eq(pb.bytes[0], 1 << 3 | 2, "resource_spans");
	before = pb.len;
	cr_assert_eq(ct_otlp_proto(&pb, CT_OTLP_METRICS, metrics, strlen(metrics)), 0);
	cr_expect_gt(pb.len, before);
	ct_pb_free(&pb);
}

Test(otlp_proto, what_they_never_write_is_refused)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{",
		"{\"resourceSpans\":[{\"other\":1}]}",
		"{\"resourceSpans\":[7]}",
		"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"xx\"}]}]}]}",
		"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":7}]}]}]}",
	};
	struct ct_pb pb = { 0 };

	ct_pb_u64(&pb, 1, 1);
	for (size_t i = 0; i < CT_ARRAY_SIZE(bad); i++)
		cr_expect_eq(ct_otlp_proto(&pb, CT_OTLP_TRACES, bad[i], strlen(bad[i])), -EINVAL,
			     "%s", bad[i]);
	cr_expect_eq(pb.len, 2, "and leaves nothing behind");
	ct_pb_free(&pb);
}
