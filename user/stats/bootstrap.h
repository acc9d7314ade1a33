/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intervals: of a median by ranks, of a difference of medians by percentile bootstrap. A seed gives the same
 * interval every time and everywhere.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* xoshiro256**: fast, and good enough that no test of randomness tells it apart. */
struct ct_random {
	uint64_t s[4];
};

void ct_random_seed(struct ct_random *r, uint64_t seed);
uint64_t ct_random_u64(struct ct_random *r);
double ct_random_unit(struct ct_random *r); /* [0, 1) */

struct ct_interval {
	double low, high;
};

/* Nearest rank of sorted values, as the summary has it; n above 0. */
uint64_t ct_sorted_quantile(const uint64_t *sorted, size_t n, double quantile);

/* From which to which of n sorted values, 1..n: the others are as many on either side. */
struct ct_ranks {
	size_t low, high;
};

/*
 * Between which of n values that are drawn from anything its median is, with a chance of at least `level` (0..1). False:
 * they are too few, all of them are less sure than that; at 95 % it takes 6.
 */
bool ct_median_ranks(size_t n, double level, struct ct_ranks *ret);
size_t ct_median_least(double level); /* so many it takes */

/*
 * What median(b) - median(a) is in the middle `level` (0..1) of the resamples. Both sorted, neither
 * empty. Returns 0 or -ENOMEM.
 */
int ct_bootstrap_medians(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
			 unsigned resamples, uint64_t seed, double level, struct ct_interval *ret);
