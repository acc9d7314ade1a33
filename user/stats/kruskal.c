// SPDX-License-Identifier: GPL-2.0-only
#include "stats/kruskal.h"

#include <errno.h>
#include <math.h>

#include "util/mem.h"

#define TERMS_MAX 1000
#define SMALL     1e-15

struct one {
	uint64_t value;
	size_t group;
};

static int ascending(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* The lower incomplete gamma function by its series, regularized: for x below a + 1. */
static double gamma_below(double a, double x)
{
	double term = 1 / a, sum = term;

	for (int n = 1; n < TERMS_MAX && term > sum * SMALL; n++) {
		term *= x / (a + n);
		sum += term;
	}
	return sum * exp(a * log(x) - x - lgamma(a));
}

/* The upper one by its continued fraction (Lentz): for x from a + 1 on. */
static double gamma_above(double a, double x)
{
	double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;

	for (int n = 1; n < TERMS_MAX; n++) {
		double an = -n * (n - a), delta;

		b += 2;
		d = 1 / (an * d + b);
		c = b + an / c;
		delta = d * c;
		h *= delta;
		if (fabs(delta - 1) < SMALL)
			break;
	}
	return h * exp(a * log(x) - x - lgamma(a));
}

double ct_chi2_above(double x, unsigned df)
{
	double a = df / 2.0, half = x / 2;

	if (!(half > 0))
		return 1;
	return half < a + 1 ? 1 - gamma_below(a, half) : gamma_above(a, half);
}

/* Sums of ranks of each group, and of t^3 - t over runs of t equal values. */
static double rank(const struct one *all, size_t n, double *sums)
{
	double ties = 0;

	for (size_t i = 0, end; i < n; i = end) {
		double t;

		for (end = i + 1; end < n && all[end].value == all[i].value; end++)
			;
		t = (double)(end - i);
		for (size_t k = i; k < end; k++)
			sums[all[k].group] += (double)(i + end + 1) / 2;
		ties += t * (t * t - 1);
	}
	return ties;
}

int ct_kruskal_wallis(const struct ct_sample *groups, size_t count, struct ct_kruskal *ret)
{
	own_mem double *sums = calloc(count + 1, sizeof(*sums));
	own_mem struct one *all = NULL;
	double sum = 0, ties, many, equal;
	size_t n = 0, at = 0;

	*ret = (struct ct_kruskal){ .p = 1 };
	for (size_t g = 0; g < count; g++) {
		n += groups[g].count;
		ret->df += groups[g].count > 0;
	}
	if (ret->df < 2)
		return -EINVAL;
	ret->df--;
	all = calloc(n, sizeof(*all));
	if (!sums || !all)
		return -ENOMEM;
	for (size_t g = 0; g < count; g++)
		for (size_t i = 0; i < groups[g].count; i++)
			all[at++] = (struct one){ groups[g].values[i], g };
	qsort(all, n, sizeof(*all), ascending);
	ties = rank(all, n, sums);
	many = (double)n;
	for (size_t g = 0; g < count; g++)
		if (groups[g].count)
			sum += sums[g] * sums[g] / (double)groups[g].count;
	equal = 1 - ties / (many * (many * many - 1));
	if (!(equal > 0)) /* nothing tells any two of them apart */
		return 0;
	ret->h = fmax(0, (12 / (many * (many + 1)) * sum - 3 * (many + 1)) / equal);
	ret->p = ct_chi2_above(ret->h, ret->df);
	ret->epsilon2 = ret->h / (many - 1);
	return 0;
}
