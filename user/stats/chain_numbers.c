// SPDX-License-Identifier: GPL-2.0-only
/* Medians and intervals over all times of a chain. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/chains_inside.h"
#include "stats/compare.h"
#include "util/mem.h"

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
		ct_chain_prewarm(&chain->times[i], members, c->how.lead_ns, &c->contention, &p);
		values[i] = p.saved_ns;
	}
	ret = middle(values, chain->count, 1, &w->saved);
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_prewarm(&chain->times[i], members, c->how.lead_ns, &c->contention, &p);
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
