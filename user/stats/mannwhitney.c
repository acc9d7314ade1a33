// SPDX-License-Identifier: GPL-2.0-only
#include "stats/mannwhitney.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "util/mem.h"

/* Ranks are kept doubled: the mean rank of equal values is a whole number then. */
struct ranks {
	double doubled_b; /* sum over b */
	double ties; /* sum of t^3 - t over runs of t equal values */
	uint32_t *each; /* in order, may be NULL */
};

static void rank(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
		 struct ranks *ret)
{
	size_t i = 0, j = 0, n = 0;

	ret->doubled_b = 0;
	ret->ties = 0;
	while (i < a_count || j < b_count) {
		uint64_t value = j == b_count || (i < a_count && a[i] < b[j]) ? a[i] : b[j];
		size_t from_a = 0, from_b = 0, t;

		while (i + from_a < a_count && a[i + from_a] == value)
			from_a++;
		while (j + from_b < b_count && b[j + from_b] == value)
			from_b++;
		t = from_a + from_b;
		for (size_t k = 0; k < t && ret->each; k++)
			ret->each[n + k] = (uint32_t)(2 * n + t + 1);
		ret->doubled_b += (double)from_b * (double)(2 * n + t + 1);
		ret->ties += (double)t * ((double)t * (double)t - 1);
		i += from_a;
		j += from_b;
		n += t;
	}
}

static void count_pairs(double doubled_b, size_t a_count, size_t b_count,
			struct ct_mann_whitney *ret)
{
	double na = (double)a_count, nb = (double)b_count;

	ret->u = (doubled_b - nb * (nb + 1)) / 2;
	ret->superiority = ret->u / (na * nb);
}

static void by_normal(const struct ranks *ranks, size_t a_count, size_t b_count,
		      struct ct_mann_whitney *ret)
{
	double na = (double)a_count, nb = (double)b_count, n = na + nb, variance, off;

	count_pairs(ranks->doubled_b, a_count, b_count, ret);
	variance = na * nb / 12 * (n + 1 - ranks->ties / (n * (n - 1)));
	off = fabs(ret->u - na * nb / 2) - 0.5;
	ret->exact = false;
	ret->p = 1;
	if (variance > 0 && off > 0)
		ret->p = erfc(off / sqrt(2 * variance));
}

void ct_mann_whitney_normal(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
			    struct ct_mann_whitney *ret)
{
	struct ranks ranks = { .each = NULL };

	rank(a, a_count, b, b_count, &ranks);
	by_normal(&ranks, a_count, b_count, ret);
}

/*
 * In how many of the ways to choose b_count of the ranks do they sum up to each possible sum: one
 * row per number of ranks chosen, each rank either is chosen or is not. All counts are below 2^53.
 */
static int exactly(const struct ranks *ranks, size_t count, size_t chosen, double *ret_p)
{
	size_t sums = count * (count + 1) + 1, observed = (size_t)ranks->doubled_b;
	own_mem double *ways = calloc((chosen + 1) * sums, sizeof(*ways));
	double all = 0, below = 0, above = 0;
	const double *last;

	if (!ways)
		return -ENOMEM;
	ways[0] = 1;
	for (size_t r = 0; r < count; r++) {
		size_t own = ranks->each[r];

		for (size_t k = r < chosen ? r + 1 : chosen; k; k--)
			for (size_t s = own; s < sums; s++)
				ways[k * sums + s] += ways[(k - 1) * sums + s - own];
	}
	last = ways + chosen * sums;
	for (size_t s = 0; s < sums; s++) {
		all += last[s];
		below += s <= observed ? last[s] : 0;
		above += s >= observed ? last[s] : 0;
	}
	*ret_p = fmin(1, 2 * fmin(below, above) / all);
	return 0;
}

int ct_mann_whitney(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
		    struct ct_mann_whitney *ret)
{
	uint32_t each[CT_MANN_WHITNEY_EXACT];
	struct ranks ranks = { .each = each };

	if (a_count + b_count > CT_ARRAY_SIZE(each)) {
		ct_mann_whitney_normal(a, a_count, b, b_count, ret);
		return 0;
	}
	rank(a, a_count, b, b_count, &ranks);
	count_pairs(ranks.doubled_b, a_count, b_count, ret);
	ret->exact = true;
	return exactly(&ranks, a_count + b_count, b_count, &ret->p);
}

struct numbered {
	double p;
	size_t at;
};

static int ascending(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	return (x->p > y->p) - (x->p < y->p);
}

int ct_holm(double *p, size_t count)
{
	own_mem struct numbered *sorted = calloc(count ? count : 1, sizeof(*sorted));
	double largest = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct numbered){ p[i], i };
	qsort(sorted, count, sizeof(*sorted), ascending);
	for (size_t i = 0; i < count; i++) {
		largest = fmax(largest, fmin(1, sorted[i].p * (double)(count - i)));
		p[sorted[i].at] = largest;
	}
	return 0;
}
