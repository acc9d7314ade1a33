// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/mannwhitney.h"
#include "util/hist.h"
#include "util/mem.h"

#define N_MAX 20

/*
 * Known values: the first is the example of scipy.stats.mannwhitneyu, which prints 0.1111111111
 * and, asymptotically, 0.1113468865; the others are counted out over all permutations.
 */
static const struct {
	uint64_t a[N_MAX];
	size_t a_count;
	uint64_t b[N_MAX];
	size_t b_count;
	double u, exact, normal;
} known[] = {
	{ { 16, 19, 22, 24, 29 },
	  5,
	  { 11, 12, 17, 20 },
	  4,
	  3,
	  0.1111111111111111,
	  0.11134688653314041 },
	{ { 1, 2, 3, 4, 5 },
	  5,
	  { 6, 7, 8, 9, 10 },
	  5,
	  25,
	  0.007936507936507936,
	  0.012185780355344808 },
	{ { 1, 2, 2, 3, 5 },
	  5,
	  { 2, 3, 3, 6, 7, 8 },
	  6,
	  24,
	  0.12121212121212122,
	  0.11390314458853065 },
	{ { 0, 0, 0, 7, 7, 9, 9, 9, 12, 12 },
	  10,
	  { 7, 9, 12, 12, 12, 30, 31, 31, 40, 41 },
	  10,
	  87.5,
	  0.0031392755850960185,
	  0.004527369606754954 },
	{ { 1, 1, 1, 1 }, 4, { 1, 1, 1 }, 3, 6, 1, 1 },
	{ { 5 }, 1, { 5 }, 1, 0.5, 1, 1 },
	{ { UINT64_MAX }, 1, { 0 }, 1, 0, 1, 1 },
};

Test(stats, mann_whitney_known_values)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(known); i++) {
		struct ct_mann_whitney exact, normal;

		cr_assert_eq(ct_mann_whitney(known[i].a, known[i].a_count, known[i].b,
					     known[i].b_count, &exact),
			     0);
		ct_mann_whitney_normal(known[i].a, known[i].a_count, known[i].b, known[i].b_count,
				       &normal);
		cr_expect(exact.exact && !normal.exact);
		cr_expect_eq(exact.u, known[i].u, "%zu: U %g", i, exact.u);
		cr_expect_eq(normal.u, known[i].u, "%zu: U %g", i, normal.u);
		cr_expect_float_eq(exact.p, known[i].exact, 1e-12, "%zu: p %.12g", i, exact.p);
		cr_expect_float_eq(normal.p, known[i].normal, 1e-12, "%zu: p %.12g", i, normal.p);
	}
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* 60 and 50 values with ties between them: beyond what is computed exactly. */
Test(stats, mann_whitney_large)
{
	uint64_t a[60], b[50];
	struct ct_mann_whitney ab, ba;

	for (uint64_t i = 0; i < 60; i++)
		a[i] = 1000 + i * 7919 % 211;
	for (uint64_t i = 0; i < 50; i++)
		b[i] = 1010 + i * 104729 % 223;
	qsort(a, 60, sizeof(*a), ascending);
	qsort(b, 50, sizeof(*b), ascending);
	cr_assert_eq(ct_mann_whitney(a, 60, b, 50, &ab), 0);
	cr_assert_eq(ct_mann_whitney(b, 50, a, 60, &ba), 0);
	cr_expect_not(ab.exact);
	cr_expect_eq(ab.u, 1667.5);
	cr_expect_float_eq(ab.p, 0.3160873206865006, 1e-12);
	cr_expect_eq(ab.u + ba.u, 3000);
	cr_expect_float_eq(ab.p, ba.p, 1e-12);
	cr_expect_float_eq(ab.superiority + ba.superiority, 1, 1e-12);
}

/* Where both can be computed they must not tell different stories. */
Test(stats, mann_whitney_exact_and_normal_agree)
{
	struct ct_random random;

	ct_random_seed(&random, 7);
	for (unsigned round = 0; round < 50; round++) {
		uint64_t a[20], b[20];
		struct ct_mann_whitney exact, normal;

		for (unsigned i = 0; i < 20; i++) {
			a[i] = ct_random_u64(&random) % 50;
			b[i] = ct_random_u64(&random) % 50 + round % 10;
		}
		qsort(a, 20, sizeof(*a), ascending);
		qsort(b, 20, sizeof(*b), ascending);
		cr_assert_eq(ct_mann_whitney(a, 20, b, 20, &exact), 0);
		ct_mann_whitney_normal(a, 20, b, 20, &normal);
		cr_expect(exact.exact);
		cr_expect_float_eq(exact.p, normal.p, 0.02, "%g %g", exact.p, normal.p);
	}
}

Test(stats, holm)
{
	double p[] = { 0.01, 0.04, 0.03, 0.005 }, many[] = { 0.6, 0.5, 0.9 };

	cr_assert_eq(ct_holm(p, 4), 0);
	cr_expect_float_eq(p[0], 0.03, 1e-12);
	cr_expect_float_eq(p[1], 0.06, 1e-12);
	cr_expect_float_eq(p[2], 0.06, 1e-12);
	cr_expect_float_eq(p[3], 0.02, 1e-12);
	cr_assert_eq(ct_holm(many, 3), 0);
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(many[i], 1);
	cr_expect_eq(ct_holm(NULL, 0), 0);
}

Test(stats, random_is_the_published_one)
{
	struct ct_random random = { { 1, 2, 3, 4 } };

	/* xoshiro256** from the state 1, 2, 3, 4. */
	cr_expect_eq(ct_random_u64(&random), 11520);
	cr_expect_eq(ct_random_u64(&random), 0);
	cr_expect_eq(ct_random_u64(&random), 1509978240);
	cr_expect_eq(ct_random_u64(&random), 1215971899390074240);
	ct_random_seed(&random, 0);
	/* splitmix64 from 0. */
	cr_expect_eq(random.s[0], 0xe220a8397b1dcdaf);
	cr_expect_eq(random.s[1], 0x6e789e6aa1b965f4);
	for (unsigned i = 0; i < 1000; i++) {
		double u = ct_random_unit(&random);

		cr_expect(u >= 0 && u < 1);
	}
}

Test(stats, quantiles_are_those_of_the_histogram)
{
	uint64_t values[100];
	struct ct_hist *h = ct_hist_new();

	cr_assert(h);
	for (uint64_t i = 0; i < 100; i++) {
		values[i] = i; /* exact in a histogram too */
		ct_hist_add(h, i);
	}
	for (double q = 0; q <= 1; q += 0.01)
		cr_expect_eq(ct_sorted_quantile(values, 100, q), ct_hist_quantile(h, q), "%g", q);
	for (uint64_t i = 0; i < 110; i++)
		cr_expect_eq(ct_hist_at_most(h, i), i < 99 ? i + 1 : 100);
	ct_hist_free(h);
}

/* The middle of a bucket is on the other side of a bound than the minimum or the maximum in it. */
Test(stats, the_ends_of_a_histogram_are_counted_where_they_are)
{
	static const struct {
		uint64_t least, most, bound;
	} rows[] = { { 370000000, 431016000, 429999999 }, { 430400000, 435000000, 430500000 } };

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_hist *h = ct_hist_new();

		ct_hist_add(h, rows[i].least);
		ct_hist_add(h, rows[i].most);
		cr_expect_eq(ct_hist_at_most(h, rows[i].bound), 1, "row %zu", i);
		ct_hist_free(h);
	}
}

Test(stats, bootstrap_is_deterministic)
{
	uint64_t a[] = { 1, 3, 4, 8, 9, 10, 11, 15, 20, 30 }, b[] = { 2, 6, 7, 9, 12, 14, 40 };
	struct ct_interval first, again, other;

	cr_assert_eq(ct_bootstrap_medians(a, 10, b, 7, 2000, 1, 0.95, &first), 0);
	cr_assert_eq(ct_bootstrap_medians(a, 10, b, 7, 2000, 1, 0.95, &again), 0);
	cr_assert_eq(ct_bootstrap_medians(a, 10, b, 7, 2000, 2, 0.95, &other), 0);
	cr_expect_eq(first.low, again.low);
	cr_expect_eq(first.high, again.high);
	cr_expect(first.low < first.high);
	cr_expect(fabs(other.low - first.low) <= 3 && fabs(other.high - first.high) <= 3);
}

static int ascending_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define RESAMPLES 20000

static uint64_t median_of_draws(struct ct_random *random, const uint64_t *values, size_t n)
{
	uint64_t drawn[64];

	for (size_t i = 0; i < n; i++)
		drawn[i] = values[ct_random_u64(random) % n];
	qsort(drawn, n, sizeof(*drawn), ascending);
	return ct_sorted_quantile(drawn, n, 0.5);
}

/* Resampled one by one, as the textbook says it. */
static struct ct_interval textbook(const uint64_t *a, size_t na, const uint64_t *b, size_t nb)
{
	static double differences[RESAMPLES];
	struct ct_random random;

	ct_random_seed(&random, 99);
	for (unsigned r = 0; r < RESAMPLES; r++) {
		double of_a = (double)median_of_draws(&random, a, na);

		differences[r] = (double)median_of_draws(&random, b, nb) - of_a;
	}
	qsort(differences, RESAMPLES, sizeof(*differences), ascending_doubles);
	return (struct ct_interval){ differences[RESAMPLES / 40],
				     differences[RESAMPLES - RESAMPLES / 40] };
}

Test(stats, bootstrap_is_the_textbook_s)
{
	uint64_t a[25], b[16];
	struct ct_interval fast, slow;

	for (uint64_t i = 0; i < 25; i++)
		a[i] = 1000 + i * i;
	for (uint64_t i = 0; i < 16; i++)
		b[i] = 1100 + 3 * i * i;
	cr_assert_eq(ct_bootstrap_medians(a, 25, b, 16, RESAMPLES, 1, 0.95, &fast), 0);
	slow = textbook(a, 25, b, 16);
	/* Both are values of the sample; they may differ by one place. */
	cr_expect_float_eq(fast.low, slow.low, 60, "%g %g", fast.low, slow.low);
	cr_expect_float_eq(fast.high, slow.high, 60, "%g %g", fast.high, slow.high);
}

/* The tables of the sign test (Conover, Practical Nonparametric Statistics); of few values there is no interval. */
Test(stats, ranks_of_a_median)
{
	static const struct {
		size_t n, low, high;
	} rows[] = {
		{ 1, 0, 0 },        { 3, 0, 0 },
		{ 5, 0, 0 },        { 6, 1, 6 },
		{ 8, 1, 8 },        { 9, 2, 8 },
		{ 10, 2, 9 },       { 12, 3, 10 },
		{ 20, 6, 15 },      { 30, 10, 21 },
		{ 50, 18, 33 },     { 100, 40, 61 },
		{ 1000, 469, 532 }, { 1000000, 499020, 500981 },
	};
	struct ct_ranks ranks;

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		cr_expect_eq(ct_median_ranks(rows[i].n, 0.95, &ranks), rows[i].low > 0, "%zu",
			     rows[i].n);
		if (!rows[i].low)
			continue;
		cr_expect_eq(ranks.low, rows[i].low, "%zu: %zu", rows[i].n, ranks.low);
		cr_expect_eq(ranks.high, rows[i].high, "%zu: %zu", rows[i].n, ranks.high);
	}
	cr_expect_eq(ct_median_least(0.95), 6);
}

Test(stats, bootstrap_of_one_value)
{
	uint64_t a[] = { 5 }, b[] = { 9 };
	struct ct_interval i;

	cr_assert_eq(ct_bootstrap_medians(a, 1, b, 1, 2000, 1, 0.95, &i), 0);
	cr_expect_eq(i.low, 4);
	cr_expect_eq(i.high, 4);
}
