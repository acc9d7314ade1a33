// SPDX-License-Identifier: GPL-2.0-only
#include "sink_records.h"
#include "sinks/hdr/hdr_hist.h"

static const struct options opts = { 0 };

Test(hdr, equivalent_values)
{
	static const struct {
		uint64_t ns, highest;
	} cases[] = {
		{ 0, 0 },       { 1, 1 },       { 2047, 2047 },           { 2048, 2049 },
		{ 4095, 4095 }, { 4096, 4099 }, { 185000000, 185073663 },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++)
		cr_expect_eq(ct_hdr_highest_equivalent(cases[i].ns), cases[i].highest, "%llu",
			     (unsigned long long)cases[i].ns);
	for (uint64_t ns = 1; ns < CT_HDR_MAX_NS; ns = ns * 3 + 1)
		cr_expect_leq(ct_hdr_highest_equivalent(ns) - ns, ns / 1000);
}

static char *encoded(const struct ct_hdr *h)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cr_assert(f);
	cr_assert_eq(ct_hdr_put_base64(f, h), 0);
	cr_assert_eq(fclose(f), 0);
	return text;
}

Test(hdr, encoding)
{
	struct ct_hdr h = { 0 }, more = { 0 };
	own_mem char *empty = encoded(&h);
	own_mem char *some = NULL, *merged = NULL;

	/* The header of 40 bytes in one stored block, and no counts. */
	cr_expect_str_eq(empty, "HISTFAAAADN4AQEoANf/HISTEwAAAAAAAAAAAAAAAwAAAAAAAAABAABOlJFPAAA/"
				"8AAAAAAAAFASBDw=");
	cr_assert_eq(ct_hdr_add(&h, 0), 0);
	cr_assert_eq(ct_hdr_add(&h, 3), 0);
	cr_assert_eq(ct_hdr_add(&h, 3), 0);
	cr_assert_eq(ct_hdr_add(&h, UINT64_MAX), 0);
	cr_expect_eq(h.max_ns, CT_HDR_MAX_NS);
	some = encoded(&h);
	cr_assert_eq(ct_hdr_merge(&more, &h), 0);
	merged = encoded(&more);
	cr_expect_str_eq(some, merged);
	cr_expect_eq(more.count, 4);
	ct_hdr_clear(&h);
	ct_hdr_clear(&more);
}

Test(hdr, log_lines)
{
	struct ct_record recs[] = { a_start(), a_stop(), a_restart(), a_failed_start() };
	own_mem char *text = run("hdr", &opts, recs, CT_ARRAY_SIZE(recs), &no_loss);
	static const char head[] = "#[Histogram log format version 1.3]\n"
				   "#[BaseTime: 1732180100.000 (seconds since epoch)]\n"
				   "#[StartTime: 1732180100.000 (seconds since epoch)]\n"
				   "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
				   "\"Interval_Compressed_Histogram\"\n";

	cr_expect_eq(strncmp(text, head, strlen(head)), 0, "%s", text);
	expect_in(text, "\nTag=runc.start,0.000,31.000,185.074,HISTFAAAA");
	expect_in(text, "\nTag=runc.die,0.000,31.000,25.002,HISTFAAAA");
	expect_in(text, "\nTag=runc.total-restart,0.000,31.000,266.076,HISTFAAAA");
}

Test(hdr, percentiles)
{
	struct ct_record recs[] = { a_start(), a_restart(), a_start(), a_start() };
	own_mem char *text = NULL;

	recs[3].segments[0].end_ns += 9 * MS;
	text = run("hgrm", &opts, recs, CT_ARRAY_SIZE(recs), &no_loss);
	/* Not those of the restart: they have records of their own. */
	expect_in(text, "#[Tag = runc.create, values in ms]\n"
			"       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
			"      11.002 0.000000000000          2           1.00\n");
	expect_in(text, "      20.005 1.000000000000          3\n"
			"#[Mean    =       13.997, StdDeviation   =        4.242]\n"
			"#[Max     =       20.005, Total count    =            3]\n"
			"#[Buckets =           37, SubBuckets     =         2048]\n");
}

Test(hdr, tags_have_neither_comma_nor_blank)
{
	static const struct {
		const char *runtime, *tag;
	} cases[] = {
		{ "", "Tag=(unknown).create," },
		{ "io.containerd.runsc.v1", "Tag=io.containerd.runsc.v1.create," },
		{ "a,b c\n%\"", "Tag=a%2Cb%20c%0A%25%22.create," },
		{ "\xc3\xbc", "Tag=%C3%BC.create," },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		struct ct_identity who = web;
		struct ct_record rec = record(CT_RECORD_START, &who);
		own_mem char *text = NULL;

		snprintf(who.runtime, sizeof(who.runtime), "%s", cases[i].runtime);
		lasts(&rec, CT_PHASE_CREATE, MS);
		text = run("hdr", &opts, &rec, 1, &no_loss);
		expect_in(text, cases[i].tag);
	}
}
