// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <inttypes.h>
#include <stdlib.h>

#include "util/hist.h"
#include "util/mem.h"

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* All magnitudes equally often. */
static uint64_t next_value(uint64_t *state)
{
	uint64_t value = next_random(state);

	return value >> (next_random(state) % 64);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

Test(hist, empty_is_zero)
{
	struct ct_hist *h = ct_hist_new();

	cr_assert(h);
	cr_expect_eq(ct_hist_count(h), 0);
	cr_expect_eq(ct_hist_sum(h), 0);
	cr_expect_eq(ct_hist_min(h), 0);
	cr_expect_eq(ct_hist_max(h), 0);
	cr_expect_eq(ct_hist_quantile(h, 0.5), 0);
	ct_hist_free(h);
	ct_hist_free(NULL);
}

static const uint64_t edges[] = {
	0,   1,   63,   127,        128,        129,        255,        256,       257,
	511, 512, 1000, UINT32_MAX, 1ULL << 32, 1ULL << 62, 1ULL << 63, INT64_MAX, UINT64_MAX,
};

Test(hist, one_value_is_every_quantile)
{
	static const double quantiles[] = { -1, 0, 0.01, 0.5, 0.99, 1, 2 };

	for (size_t i = 0; i < CT_ARRAY_SIZE(edges); i++) {
		struct ct_hist *h = ct_hist_new();

		cr_assert(h);
		ct_hist_add(h, edges[i]);
		for (size_t q = 0; q < CT_ARRAY_SIZE(quantiles); q++)
			cr_expect_eq(ct_hist_quantile(h, quantiles[q]), edges[i],
				     "%" PRIu64 " at %g", edges[i], quantiles[q]);
		cr_expect_eq(ct_hist_sum(h), edges[i]);
		ct_hist_free(h);
	}
}

/* The middle one of three is not clamped: this sees the bucket itself. */
Test(hist, error_is_at_most_as_promised_everywhere)
{
	uint64_t state = 88172645463325252ULL;

	for (int i = 0; i < 20000; i++) {
		struct ct_hist *h = ct_hist_new();
		uint64_t value = i < (int)CT_ARRAY_SIZE(edges) ? edges[i] : next_value(&state);
		uint64_t got;
		double off;

		cr_assert(h);
		ct_hist_add(h, 0);
		ct_hist_add(h, value);
		ct_hist_add(h, UINT64_MAX);
		got = ct_hist_quantile(h, 0.5);
		off = (double)(got > value ? got - value : value - got);
		cr_expect_leq(off, (double)value * CT_HIST_ERROR, "%" PRIu64 " became %" PRIu64,
			      value, got);
		ct_hist_free(h);
	}
}

struct rank {
	double quantile;
	uint64_t value;
};

/* 1..100: exact buckets, so the quantile is the rank. */
ParameterizedTestParameters(hist, nearest_rank)
{
	static struct rank cases[] = {
		{ 0, 1 },     { 0.001, 1 },   { 0.01, 1 },    { 0.011, 2 }, { 0.07, 7 },
		{ 0.29, 29 }, { 0.5, 50 },    { 0.505, 51 },  { 0.57, 57 }, { 0.9, 90 },
		{ 0.99, 99 }, { 0.991, 100 }, { 0.999, 100 }, { 1, 100 },
	};

	return cr_make_param_array(struct rank, cases, CT_ARRAY_SIZE(cases));
}

ParameterizedTest(struct rank *c, hist, nearest_rank)
{
	struct ct_hist *h = ct_hist_new();

	cr_assert(h);
	for (uint64_t v = 100; v; v--)
		ct_hist_add(h, v);
	cr_expect_eq(ct_hist_quantile(h, c->quantile), c->value, "%g: %" PRIu64 ", not %" PRIu64,
		     c->quantile, ct_hist_quantile(h, c->quantile), c->value);
	ct_hist_free(h);
}

Test(hist, agrees_with_sorting)
{
	enum {
		N = 5000
	};
	uint64_t *values = calloc(N, sizeof(*values));
	struct ct_hist *h = ct_hist_new();
	uint64_t state = 12345, sum = 0;

	cr_assert(h && values);
	for (int i = 0; i < N; i++) {
		values[i] = next_value(&state) >> 16;
		sum += values[i];
		ct_hist_add(h, values[i]);
	}
	qsort(values, N, sizeof(*values), ascending);
	for (int percent = 1; percent <= 100; percent++) {
		uint64_t want = values[N * percent / 100 - 1];
		uint64_t got = ct_hist_quantile(h, percent / 100.0);

		cr_expect_leq((double)(got > want ? got - want : want - got),
			      (double)want * CT_HIST_ERROR, "p%d", percent);
	}
	cr_expect_eq(ct_hist_min(h), values[0]);
	cr_expect_eq(ct_hist_max(h), values[N - 1]);
	cr_expect_eq(ct_hist_sum(h), sum);
	cr_expect_eq(ct_hist_count(h), N);
	free(values);
	ct_hist_free(h);
}

Test(hist, merge_equals_adding_to_one)
{
	struct ct_hist *a = ct_hist_new(), *b = ct_hist_new(), *both = ct_hist_new();
	struct ct_hist *empty = ct_hist_new();
	uint64_t state = 777;

	cr_assert(a && b && both && empty);
	for (int i = 0; i < 3000; i++) {
		uint64_t value = next_value(&state) >> 12;

		ct_hist_add(i % 3 ? a : b, value);
		ct_hist_add(both, value);
	}
	ct_hist_merge(a, b);
	ct_hist_merge(a, empty);
	ct_hist_merge(empty, a);
	for (int i = 0; i <= 1000; i++) {
		cr_expect_eq(ct_hist_quantile(a, i / 1000.0), ct_hist_quantile(both, i / 1000.0));
		cr_expect_eq(ct_hist_quantile(empty, i / 1000.0),
			     ct_hist_quantile(both, i / 1000.0));
	}
	cr_expect_eq(ct_hist_min(empty), ct_hist_min(both));
	cr_expect_eq(ct_hist_max(a), ct_hist_max(both));
	cr_expect_eq(ct_hist_sum(a), ct_hist_sum(both));
	cr_expect_eq(ct_hist_count(a), ct_hist_count(both));
	ct_hist_free(a);
	ct_hist_free(b);
	ct_hist_free(both);
	ct_hist_free(empty);
}

Test(hist, sum_saturates)
{
	struct ct_hist *h = ct_hist_new();

	cr_assert(h);
	ct_hist_add(h, UINT64_MAX);
	ct_hist_add(h, UINT64_MAX);
	cr_expect_eq(ct_hist_sum(h), UINT64_MAX);
	ct_hist_merge(h, h);
	cr_expect_eq(ct_hist_sum(h), UINT64_MAX);
	cr_expect_eq(ct_hist_count(h), 4);
	ct_hist_free(h);
}
