// SPDX-License-Identifier: GPL-2.0-only
#include "util/hist.h"

#include <stdlib.h>

/*
 * Below 2 * SUB every value has a bucket of its own. Above, each power of two is cut into SUB
 * buckets of equal width; the middle of a bucket is then at most 1 / (2 * SUB) off.
 */
#define SUB_BITS 6
#define SUB      (1U << SUB_BITS)
#define EXACT    (2 * SUB)
#define BUCKETS  (EXACT + (64 - SUB_BITS - 1) * SUB)

_Static_assert(2 * SUB == CT_HIST_PRECISION, "the promised error");

struct ct_hist {
	uint64_t count;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	uint64_t buckets[BUCKETS];
};

unsigned ct_hist_bucket(uint64_t ns)
{
	unsigned msb, shift;

	if (ns < EXACT)
		return (unsigned)ns;
	msb = 63 - (unsigned)__builtin_clzll(ns);
	shift = msb - SUB_BITS;
	return EXACT + (shift - 1) * SUB + (unsigned)((ns >> shift) - SUB);
}

static uint64_t bucket_middle(unsigned i)
{
	unsigned shift;
	uint64_t low;

	if (i < EXACT)
		return i;
	shift = (i - EXACT) / SUB + 1;
	low = (uint64_t)(SUB + (i - EXACT) % SUB) << shift;
	return low + ((uint64_t)1 << (shift - 1));
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

struct ct_hist *ct_hist_new(void)
{
	return calloc(1, sizeof(struct ct_hist));
}

void ct_hist_free(struct ct_hist *h)
{
	free(h);
}

void ct_hist_add(struct ct_hist *h, uint64_t ns)
{
	if (!h->count || ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
	h->count++;
	h->sum = add_saturating(h->sum, ns);
	h->buckets[ct_hist_bucket(ns)]++;
}

void ct_hist_add_bucket(struct ct_hist *h, unsigned i, uint64_t n)
{
	uint64_t middle;

	if (i >= BUCKETS)
		i = BUCKETS - 1;
	middle = bucket_middle(i);
	if (!n)
		return;
	if (!h->count || middle < h->min)
		h->min = middle;
	if (middle > h->max && ct_hist_bucket(h->max) != i)
		h->max = middle;
	h->count += n;
	h->buckets[i] += n;
}

void ct_hist_correct(struct ct_hist *h, uint64_t sum, uint64_t max)
{
	h->sum = add_saturating(h->sum, sum);
	/* Of two CPUs at once one may have been overheard: then its bucket says more. */
	if (ct_hist_bucket(max) == ct_hist_bucket(h->max) || max > h->max)
		h->max = max;
	if (h->min > h->max)
		h->min = h->max;
}

void ct_hist_merge(struct ct_hist *to, const struct ct_hist *from)
{
	if (!from->count)
		return;
	if (!to->count || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->count += from->count;
	to->sum = add_saturating(to->sum, from->sum);
	for (unsigned i = 0; i < BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
}

uint64_t ct_hist_count(const struct ct_hist *h)
{
	return h->count;
}

uint64_t ct_hist_sum(const struct ct_hist *h)
{
	return h->sum;
}

uint64_t ct_hist_min(const struct ct_hist *h)
{
	return h->min;
}

uint64_t ct_hist_max(const struct ct_hist *h)
{
	return h->max;
}

/* 1..count. The slack keeps 0.07 * 100, which is a hair above 7, from asking for the eighth. */
static uint64_t nearest_rank(const struct ct_hist *h, double quantile)
{
	double rank = quantile * (double)h->count * (1 - 1e-12);

	if (!(rank > 1))
		return 1;
	if (rank > (double)(h->count - 1))
		return h->count;
	return (uint64_t)rank + ((double)(uint64_t)rank < rank);
}

uint64_t ct_hist_quantile(const struct ct_hist *h, double quantile)
{
	uint64_t rank, seen = 0, value;

	if (!h->count)
		return 0;
	rank = nearest_rank(h, quantile);
	if (rank == 1)
		return h->min;
	if (rank == h->count)
		return h->max;
	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen < rank)
			continue;
		value = bucket_middle(i);
		if (value < h->min)
			return h->min;
		return value > h->max ? h->max : value;
	}
	return h->max;
}

uint64_t ct_hist_at_most(const struct ct_hist *h, uint64_t ns)
{
	uint64_t n = 0;

	if (ns >= h->max)
		return h->count;
	if (ns < h->min)
		return 0;
	for (unsigned i = 0; i <= ct_hist_bucket(ns) && bucket_middle(i) <= ns; i++)
		n += h->buckets[i];
	/* The ends are known exactly: the minimum is among them, the maximum is not. */
	if (!n)
		return 1;
	return n < h->count ? n : h->count - 1;
}

int ct_hist_each(const struct ct_hist *h, int (*fn)(void *ctx, uint64_t ns, uint64_t count),
		 void *ctx)
{
	int ret = 0;

	for (unsigned i = 0; i < BUCKETS && !ret; i++) {
		uint64_t value = bucket_middle(i);

		if (!h->buckets[i])
			continue;
		if (value < h->min)
			value = h->min;
		if (value > h->max)
			value = h->max;
		ret = fn(ctx, value, h->buckets[i]);
	}
	return ret;
}
