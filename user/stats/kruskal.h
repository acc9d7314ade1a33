/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kruskal-Wallis: whether values of several groups tend to be larger in some than in others. It needs no
 * particular distribution. Equal values share their ranks and are corrected for.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ct_sample {
	const uint64_t *values; /* sorted, borrowed */
	size_t count;
};

struct ct_kruskal {
	double h; /* 0: all values are equal */
	unsigned df; /* groups less one */
	double p; /* by the chi-squared distribution: good from about 5 values a group on */
	double epsilon2; /* effect size: share of the ranks' variance that the groups explain, 0..1 */
};

/* Groups of no values do not count. -EINVAL: fewer than 2 groups do; -ENOMEM. */
int ct_kruskal_wallis(const struct ct_sample *groups, size_t count, struct ct_kruskal *ret);

/* The chance of a chi-squared value of at least x. */
double ct_chi2_above(double x, unsigned df);
