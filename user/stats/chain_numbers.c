// SPDX-License-Identifier: GPL-2.0-only
/* Medians and intervals over all times of a chain, and how much slower starts are beside others. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/chains_inside.h"
#include "stats/compare.h"
#include "util/mem.h"

#define FEW 3

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Differences may be below 0: they are sorted from here on. */
#define ZERO (1ull << 62)

static int middle(int64_t *values, size_t n, double unit, struct ct_middle *ret)
{
	own_mem uint64_t *sorted = calloc(n + 1, sizeof(*sorted));
	struct ct_ranks ranks;

	*ret = (struct ct_middle){ 0 };
	if (!n)
		return 0;
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = ZERO + (uint64_t)values[i];
	qsort(sorted, n, sizeof(*sorted), ascending);
	ret->median = (double)(int64_t)(ct_sorted_quantile(sorted, n, 0.5) - ZERO) * unit;
	ret->min = (double)(int64_t)(sorted[0] - ZERO) * unit;
	ret->max = (double)(int64_t)(sorted[n - 1] - ZERO) * unit;
	ret->sure = ct_median_ranks(n, CT_COMPARE_LEVEL, &ranks);
	if (!ret->sure)
		return 0;
	ret->low = (double)(int64_t)(sorted[ranks.low - 1] - ZERO) * unit;
	ret->high = (double)(int64_t)(sorted[ranks.high - 1] - ZERO) * unit;
	return 0;
}

/* Starts, runs and gaps of a member, over all times. */
static int tell_member(struct ct_chain *chain, size_t m, int64_t *values)
{
	size_t n = 0;
	int ret;

	for (size_t i = 0; i < chain->count; i++)
		values[i] = (int64_t)(chain->times[i].starts[m].ready_ns -
				      chain->times[i].starts[m].begin_ns);
	ret = middle(values, chain->count, 1, &chain->start[m]);
	for (size_t i = 0; i < chain->count; i++) {
		const struct ct_chain_start *s = &chain->times[i].starts[m];

		if (s->exit_ns)
			values[n++] = (int64_t)(s->exit_ns - s->ready_ns);
	}
	chain->runs[m] = n;
	if (!ret)
		ret = middle(values, n, 1, &chain->run[m]);
	/* From the end of the one before: below 0, they overlap. */
	for (size_t i = 0; i < chain->count && m; i++) {
		const struct ct_chain_start *s = &chain->times[i].starts[m], *before = s - 1;
		uint64_t end = before->exit_ns ? before->exit_ns : before->ready_ns;

		values[i] = (int64_t)(s->begin_ns - end);
	}
	if (!ret && m)
		ret = middle(values, chain->count, 1, &chain->gap[m]);
	return ret;
}

/* Standard deviation by mean. */
static double variation_of(const int64_t *values, size_t n)
{
	double sum = 0, squares = 0, mean;

	for (size_t i = 0; i < n; i++)
		sum += (double)values[i];
	mean = n ? sum / (double)n : 0;
	for (size_t i = 0; i < n; i++)
		squares += ((double)values[i] - mean) * ((double)values[i] - mean);
	return n > 1 && mean > 0 ? sqrt(squares / (double)(n - 1)) / mean : 0;
}

static int tell_path(struct ct_chain *chain, int64_t *values)
{
	struct ct_chain_path path;
	int ret;

	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_walk(&chain->times[i], &path);
		values[i] = (int64_t)path.total_ns;
	}
	chain->variation = variation_of(values, chain->count);
	ret = middle(values, chain->count, 1, &chain->total);
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_walk(&chain->times[i], &path);
		values[i] = (int64_t)path.cold_ns;
	}
	if (!ret)
		ret = middle(values, chain->count, 1, &chain->cold);
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_walk(&chain->times[i], &path);
		values[i] = path.total_ns ? (int64_t)(path.cold_ns * 1000000 / path.total_ns) : 0;
	}
	return ret ? ret : middle(values, chain->count, 1e-6, &chain->share);
}

static int tell_what_if(const struct ct_chains *c, struct ct_chain *chain, uint32_t members,
			int64_t *values)
{
	struct ct_chain_what_if *w = &chain->what_if[chain->what_if_count++];
	struct ct_prewarmed p;
	struct ct_middle idle;
	int ret;

	w->members = members;
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_prewarm(&chain->times[i], members, c->how.lead_ns, c->slower, &p);
		values[i] = p.saved_ns;
	}
	ret = middle(values, chain->count, 1, &w->saved);
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_prewarm(&chain->times[i], members, c->how.lead_ns, c->slower, &p);
		values[i] = (int64_t)p.idle_ns;
	}
	if (!ret)
		ret = middle(values, chain->count, 1, &idle);
	w->idle = ret ? 0 : idle.median;
	return ret;
}

int ct_chains_tell(const struct ct_chains *c, struct ct_chain_made *made)
{
	struct ct_chain *chain = &made->pub;
	own_mem int64_t *values = calloc(chain->count + 1, sizeof(*values));
	int ret = 0;

	if (!values)
		return -ENOMEM;
	chain->times = made->times;
	for (size_t m = 0; m < chain->member_count && !ret; m++)
		ret = tell_member(chain, m, values);
	if (!ret)
		ret = tell_path(chain, values);
	for (size_t m = 1; m < chain->member_count && !ret && c->how.prewarm; m++)
		if (chain->member_count > 2)
			ret = tell_what_if(c, chain, 1u << m, values);
	if (!ret && c->how.prewarm && chain->member_count > 1)
		ret = tell_what_if(c, chain, (1u << chain->member_count) - 2, values);
	return ret;
}

/* A start, and whether others were going on meanwhile. */
struct beside {
	const struct ct_chain_seen *start;
	uint64_t ns;
	bool overlaps;
};

/* What is alike in what it takes: image and runtime. Of those the ones that were alone come first, shortest first. */
static int by_kind(const void *a, const void *b)
{
	const struct beside *x = a, *y = b;
	int ret = strcmp(x->start->image, y->start->image);

	if (!ret)
		ret = strcmp(x->start->runtime, y->start->runtime);
	return ret;
}

static int by_kind_and_time(const void *a, const void *b)
{
	const struct beside *x = a, *y = b;
	int ret = by_kind(a, b);

	if (!ret)
		ret = x->overlaps - y->overlaps;
	return ret ? ret : (x->ns > y->ns) - (x->ns < y->ns);
}

/* They are by source and begin. */
static void set_beside(struct ct_chains *c, struct beside *all)
{
	uint64_t until_ns = 0; /* the latest that one before is ready */

	for (size_t i = 0; i < c->count; i++) {
		const struct ct_chain_seen *s = &c->starts[i], *next = s + 1;

		if (!i || s->source != s[-1].source)
			until_ns = 0;
		all[i].start = s;
		all[i].ns = s->at.ready_ns - s->at.begin_ns;
		all[i].overlaps = until_ns > s->at.begin_ns ||
				  (i + 1 < c->count && next->source == s->source &&
				   next->at.begin_ns < s->at.ready_ns);
		c->overlapping += all[i].overlaps;
		c->alone += !all[i].overlaps;
		if (s->at.ready_ns > until_ns)
			until_ns = s->at.ready_ns;
	}
}

#define MILLIONTH 1000000.0

/*
 * Each start that overlaps others by the median of those of the same kind that do not: starts of another image, or under
 * another runtime, take another time anyway.
 */
int ct_chains_contention(struct ct_chains *c)
{
	own_mem struct beside *all = calloc(c->count + 1, sizeof(*all));
	own_mem uint64_t *ratios = calloc(c->count + 1, sizeof(*ratios));
	size_t n = 0, compared = 0;

	if (!all || !ratios)
		return -ENOMEM;
	set_beside(c, all);
	qsort(all, c->count, sizeof(*all), by_kind_and_time);
	for (size_t i = 0, end, alone, median; i < c->count; i = end) {
		for (end = i + 1; end < c->count && !by_kind(&all[i], &all[end]); end++)
			;
		for (alone = i; alone < end && !all[alone].overlaps; alone++)
			;
		if (alone - i < FEW || end - alone < FEW)
			continue;
		median = i + (alone - i - 1) / 2;
		compared += alone - i;
		for (size_t k = alone; k < end; k++)
			ratios[n++] = (uint64_t)(MILLIONTH * (double)all[k].ns /
						 ((double)all[median].ns + 1));
	}
	if (!n)
		return 0;
	qsort(ratios, n, sizeof(*ratios), ascending);
	c->overlapping = n;
	c->alone = compared;
	c->slower = (double)ct_sorted_quantile(ratios, n, 0.5) / MILLIONTH;
	if (c->slower < 1) /* nothing gets faster by that */
		c->slower = 1;
	return 0;
}
