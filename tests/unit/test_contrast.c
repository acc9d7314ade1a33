// SPDX-License-Identifier: GPL-2.0-only
/* Several groups beside each other, and filters of sides. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stats/contrast.h"
#include "stats/where.h"
#include "util/mem.h"

#define GROUPS_MAX 4
#define N_MAX      6

/* H and p as scipy.stats.kruskal (1.10.1) has them. */
static const struct {
	struct {
		uint64_t values[N_MAX];
		size_t n;
	} groups[GROUPS_MAX];
	unsigned df;
	double h, p;
} known[] = {
	{ { { { 1, 3, 5, 7, 9 }, 5 }, { { 2, 4, 6, 8, 10 }, 5 } },
	  1,
	  0.2727272727272734,
	  0.6015081344405895 },
	{ { { { 1, 1, 1 }, 3 }, { { 2, 2, 2 }, 3 }, { { 2, 2 }, 2 } }, 2, 7.0, 0.0301973834223185 },
	{ { { { 2, 4, 7, 9, 18, 27 }, 6 },
	    { { 8, 14, 20, 21, 22, 36 }, 6 },
	    { { 3, 6, 23, 30, 31, 34 }, 6 } },
	  2,
	  2.853801169590639,
	  0.240051790590007 },
	{ { { { 11, 12, 12, 13, 14, 15 }, 6 },
	    { { 17, 18, 18, 19, 20, 21 }, 6 },
	    { { 12, 13, 28, 29, 30, 31 }, 6 },
	    { { 5, 5, 6, 6, 7, 8 }, 6 } },
	  3,
	  17.422265852239672,
	  0.000578579979775816 },
	{ { { { 4, 4 }, 2 }, { { 4 }, 1 } }, 1, 0, 1 }, /* nothing tells them apart */
};

Test(contrast, kruskal_wallis_known_values)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(known); i++) {
		struct ct_sample samples[GROUPS_MAX];
		struct ct_kruskal test;

		for (size_t g = 0; g < GROUPS_MAX; g++) /* those of no values do not count */
			samples[g] = (struct ct_sample){ known[i].groups[g].values,
							 known[i].groups[g].n };
		cr_assert_eq(ct_kruskal_wallis(samples, GROUPS_MAX, &test), 0, "%zu", i);
		cr_expect_eq(test.df, known[i].df, "%zu", i);
		cr_expect_float_eq(test.h, known[i].h, 1e-12, "%zu: H %.17g", i, test.h);
		cr_expect_float_eq(test.p, known[i].p, 1e-12, "%zu: p %.17g", i, test.p);
		cr_expect(test.epsilon2 >= 0 && test.epsilon2 <= 1, "%zu", i);
	}
}

Test(contrast, one_group_tells_nothing)
{
	const uint64_t values[] = { 1, 2 };
	const struct ct_sample samples[] = { { values, 2 }, { NULL, 0 } };
	struct ct_kruskal test;

	cr_expect_eq(ct_kruskal_wallis(samples, 2, &test), -EINVAL);
	cr_expect_eq(ct_kruskal_wallis(samples, 0, &test), -EINVAL);
}

/* scipy.stats.chi2.sf (1.10.1) */
Test(contrast, chi_squared_known_values)
{
	static const struct {
		unsigned df;
		double x, p;
	} rows[] = {
		{ 1, 0.5, 0.47950012218695337 },
		{ 1, 3.841458820694124, 0.04999999999999989 },
		{ 2, 10, 0.006737946999085468 },
		{ 5, 1, 0.9625657732472964 },
		{ 12, 30.5, 0.0023467591367947386 },
		{ 12, 3, 0.9955440192247521 },
		{ 1, 100, 1.5239706048320995e-23 },
		{ 30, 20, 0.9165415270653372 },
		{ 3, 0, 1 },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		double p = ct_chi2_above(rows[i].x, rows[i].df);

		cr_expect_lt(fabs(p - rows[i].p), rows[i].p * 1e-11, "%zu: %.17g", i, p);
	}
}

static int add(struct ct_contrast *c, const char *group, uint64_t ms, enum ct_outcome outcome)
{
	static const struct ct_identity who = { .name = "web", .runtime = "runc" };
	struct ct_record rec = {
		.type = CT_RECORD_START,
		.outcome = outcome,
		.who = &who,
		.node = "",
		.begin_ns = 1000,
		.end_ns = 1000 + ms * 1000000,
		.segment_count = 1,
		.seen = 1u << CT_PHASE_CREATE,
	};

	rec.segments[0] = (struct ct_segment){ CT_PHASE_CREATE, rec.begin_ns, rec.end_ns };
	return ct_contrast_add(c, group, &rec);
}

Test(contrast, groups_and_pairs)
{
	struct ct_contrast *c = ct_contrast_new();
	const struct ct_contrast_type *t;

	cr_assert(c);
	for (uint64_t i = 0; i < 10; i++) {
		add(c, "none", 100 + i, CT_OUTCOME_OK);
		add(c, "disk", 200 + i, CT_OUTCOME_OK);
		add(c, "cpu", 100 + i, CT_OUTCOME_OK);
	}
	for (uint64_t i = 0; i < CT_CONTRAST_FEW - 1; i++) /* a stray, of few values: not tested */
		add(c, "stray", 9000, CT_OUTCOME_OK);
	add(c, "disk", 7, CT_OUTCOME_FAILED);
	cr_assert_eq(ct_contrast_run(c), 0);
	cr_assert_eq(ct_contrast_groups(c), 4);
	cr_expect_str_eq(ct_contrast_name(c, 1), "disk", "as they were first named");
	cr_assert_eq(ct_contrast_types(c), 1);
	t = ct_contrast_type(c, 0);
	cr_expect_eq(t->ok[1], 10);
	cr_expect_eq(t->bad[1], 1);
	cr_assert_eq(t->row_count, 2, "the total and create");
	cr_expect_eq(t->rows[0].cells[0].median, 104000000);
	cr_expect(t->rows[0].cells[0].sure);
	cr_expect_eq(t->rows[0].cells[0].low, 101000000);
	cr_expect_eq(t->rows[0].cells[0].high, 108000000);
	cr_expect_not(t->rows[0].cells[3].sure, "four are too few for an interval");
	cr_expect(t->rows[0].tested);
	cr_expect_eq(t->rows[0].test.df, 2, "without the stray one");
	cr_expect_lt(t->rows[0].p_holm, 0.001);
	cr_assert_eq(t->pair_count, 3);
	cr_expect_float_eq(t->pairs[0].change_ns, 100e6, 1);
	cr_expect_float_eq(t->pairs[0].delta, 1, 1e-12);
	cr_expect_lt(t->pairs[0].p_holm, 0.001);
	cr_expect_float_eq(t->pairs[1].delta, 0, 1e-12, "none and cpu are the same");
	cr_expect_float_eq(t->pairs[1].p_holm, 1, 1e-12);
	ct_contrast_free(c);
}

/* The total is there all the same: who draws them looks for it in the first row. */
Test(contrast, none_is_ok)
{
	struct ct_contrast *c = ct_contrast_new();
	const struct ct_contrast_type *t;

	cr_assert(c);
	cr_assert_eq(add(c, "none", 100, CT_OUTCOME_FAILED), 0);
	cr_assert_eq(add(c, "disk", 100, CT_OUTCOME_CUT), 0);
	cr_assert_eq(ct_contrast_run(c), 0);
	cr_assert_eq(ct_contrast_types(c), 1);
	t = ct_contrast_type(c, 0);
	cr_expect_eq(t->bad[0], 1);
	cr_assert_eq(t->row_count, 1);
	cr_expect_eq(t->rows[0].phase, CT_MEASURE_TOTAL);
	cr_expect_eq(t->rows[0].cells[1].n, 0);
	cr_expect_not(t->rows[0].tested);
	cr_expect_eq(t->pair_count, 0);
	ct_contrast_free(c);
}

/* Beyond the room for them: one more group, and nothing is lost. */
Test(contrast, too_many_groups)
{
	struct ct_contrast *c = ct_contrast_new();
	char name[16];

	for (size_t i = 0; i < CT_CONTRAST_GROUPS + 10; i++) {
		snprintf(name, sizeof(name), "g%zu", i);
		cr_assert_eq(add(c, name, i, CT_OUTCOME_OK), 0);
	}
	cr_assert_eq(ct_contrast_run(c), 0);
	cr_expect_eq(ct_contrast_groups(c), CT_CONTRAST_GROUPS + 1);
	cr_expect_eq(ct_contrast_type(c, 0)->ok[CT_CONTRAST_GROUPS], 10);
	ct_contrast_free(c);
}

Test(where, what_holds)
{
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{ "runtime=runc", true },
		{ "runtime=run?", true },
		{ "runtime=runsc", false },
		{ "load=disk,runtime=runc", true },
		{ "load=disk,runtime=crun", false },
		{ "load=d*", true },
		{ "who=", true }, /* there is no such label */
		{ "kind=start", true },
	};
	const struct ct_labels labels = { .len = 10, .pairs = "load\0disk" };
	const struct ct_identity who = { .runtime = "runc" };
	const struct ct_record rec = { .who = &who, .labels = &labels, .node = "" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_where w = { 0 };
		struct ct_err err = { 0 };

		cr_assert_eq(ct_where_parse(&w, "a", rows[i].text, &err), 0, "%s", err.msg);
		cr_expect_eq(ct_where_holds(&w, &rec), rows[i].holds, "%s", rows[i].text);
	}
}

Test(where, what_is_refused)
{
	static const char *const bad[] = { "",      "runc",
					   "=runc", "runtime=runc,,",
					   "a,b=c", "a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(bad); i++) {
		struct ct_where w = { 0 };
		struct ct_err err = { 0 };

		cr_expect_lt(ct_where_parse(&w, "a", bad[i], &err), 0, "'%s'", bad[i]);
	}
}
