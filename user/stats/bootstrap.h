/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Percentile bootstrap of a difference of medians. A seed gives the same interval every time and
 * everywhere.
 */
#pragma once

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

/* What median(a) is in the middle `level` (0..1) of the resamples. Sorted, not empty. 0 or -ENOMEM. */
int ct_bootstrap_median(const uint64_t *a, size_t a_count, unsigned resamples, uint64_t seed,
			double level, struct ct_interval *ret);

/*
 * What median(b) - median(a) is in the middle `level` (0..1) of the resamples. Both sorted, neither
 * empty. Returns 0 or -ENOMEM.
 */
int ct_bootstrap_medians(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
			 unsigned resamples, uint64_t seed, double level, struct ct_interval *ret);
