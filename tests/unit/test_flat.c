// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>

#include "sink_records.h"

static const struct options opts = { 0 };

/* The same columns in each line, whatever the record has. */
Test(flat, a_row_is_a_row)
{
	struct ct_record recs[] = { a_start(), a_failed_start(), a_gap() };
	own_mem char *text = run("flat", &opts, recs, 3, &no_loss);
	size_t columns = 0, lines = 0;

	for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
		json_t *row = json_loadb(at, strcspn(at, "\n"), 0, NULL);

		cr_assert(row, "%s", at);
		columns = columns ? columns : json_object_size(row);
		cr_expect_eq(json_object_size(row), columns);
		json_decref(row);
		lines++;
	}
	cr_expect_eq(lines, 3);
	cr_expect_gt(columns, 60);
	expect_in(text, "{\"kind\":\"start\",\"outcome\":\"ok\",");
	expect_in(text, "\"exit_code\":null,");
	expect_in(text, "\"pod\":null,");
	expect_in(text, "\"begin_unix_ns\":1732180100");
	expect_in(text, ",\"run\":null}\n");
	expect_in(text, "\"removed\":false,");
}

/* What databases cannot hold is not known, and what is before 1970 is no instant of it. */
Test(flat, numbers_that_have_no_room)
{
	struct ct_record rec = record(CT_RECORD_REMOVE, &web);
	own_mem char *text = NULL;

	rec.begin_ns = 1ULL << 63;
	rec.end_ns = UINT64_MAX;
	text = run("flat", &opts, &rec, 1, &no_loss);
	expect_in(text, "\"begin_ns\":null,\"end_ns\":null,\"total_ns\":9223372036854775807,");
}
