// SPDX-License-Identifier: GPL-2.0-only
#include "stats/bootstrap.h"

#include <errno.h>
#include <math.h>

#include "util/mem.h"

static uint64_t rotated(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

/* splitmix64, as the authors of xoshiro advise. */
void ct_random_seed(struct ct_random *r, uint64_t seed)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(r->s); i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		r->s[i] = z ^ z >> 31;
	}
}

uint64_t ct_random_u64(struct ct_random *r)
{
	uint64_t *s = r->s, result = rotated(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotated(s[3], 45);
	return result;
}

double ct_random_unit(struct ct_random *r)
{
	return (double)(ct_random_u64(r) >> 11) * 0x1p-53;
}

static double normal(struct ct_random *r)
{
	double u, v, q;

	do {
		u = 2 * ct_random_unit(r) - 1;
		v = 2 * ct_random_unit(r) - 1;
		q = u * u + v * v;
	} while (q >= 1 || q <= 0);
	return u * sqrt(-2 * log(q) / q);
}

/* Marsaglia and Tsang, for a shape of at least 1. */
static double gamma_of(struct ct_random *r, double shape)
{
	double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);

	for (;;) {
		double x = normal(r), v = 1 + c * x, u;

		if (v <= 0)
			continue;
		v = v * v * v;
		u = 1 - ct_random_unit(r);
		if (log(u) < x * x / 2 + d - d * v + d * log(v))
			return d * v;
	}
}

/* 1..n, as in ct_hist_quantile(). */
static size_t nearest_rank(size_t n, double quantile)
{
	double rank = ceil(quantile * (double)n * (1 - 1e-12));

	if (!(rank > 1))
		return 1;
	return rank > (double)n ? n : (size_t)rank;
}

uint64_t ct_sorted_quantile(const uint64_t *sorted, size_t n, double quantile)
{
	return sorted[nearest_rank(n, quantile) - 1];
}

/*
 * The median of n draws with replacement, without drawing them: the k-th of n uniform numbers is
 * Beta(k, n + 1 - k), and what a draw picks grows with its number.
 */
static uint64_t resampled_median(struct ct_random *r, const uint64_t *sorted, size_t n)
{
	size_t k = nearest_rank(n, 0.5), at;
	double below = gamma_of(r, (double)k), above = gamma_of(r, (double)(n + 1 - k));

	at = (size_t)(below / (below + above) * (double)n);
	return sorted[at < n ? at : n - 1];
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void middle_of(double *resampled, unsigned resamples, double level, struct ct_interval *ret)
{
	double tail = (1 - level) / 2;

	qsort(resampled, resamples, sizeof(*resampled), ascending);
	ret->low = resampled[nearest_rank(resamples, tail) - 1];
	ret->high = resampled[nearest_rank(resamples, 1 - tail) - 1];
}

/* Each value is below the median with a chance of one half: how many are is binomial. */
bool ct_median_ranks(size_t n, double level, struct ct_ranks *ret)
{
	double log_chance = -(double)n * M_LN2,
	       below = 0; /* that exactly so many are; that no more are */
	size_t rank = 0;

	for (; rank < n / 2; rank++) {
		below += exp(log_chance);
		if (2 * below > 1 - level)
			break;
		log_chance += log((double)(n - rank) / (double)(rank + 1));
	}
	*ret = (struct ct_ranks){ rank, n + 1 - rank };
	return rank > 0;
}

size_t ct_median_least(double level)
{
	struct ct_ranks ranks;
	size_t n = 1;

	while (!ct_median_ranks(n, level, &ranks))
		n++;
	return n;
}

int ct_bootstrap_medians(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
			 unsigned resamples, uint64_t seed, double level, struct ct_interval *ret)
{
	own_mem double *differences = calloc(resamples, sizeof(*differences));
	struct ct_random random;

	if (!differences)
		return -ENOMEM;
	ct_random_seed(&random, seed);
	for (unsigned i = 0; i < resamples; i++) {
		double of_a = (double)resampled_median(&random, a, a_count);

		differences[i] = (double)resampled_median(&random, b, b_count) - of_a;
	}
	middle_of(differences, resamples, level, ret);
	return 0;
}
