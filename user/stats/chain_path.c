// SPDX-License-Identifier: GPL-2.0-only
/* What the path through a group's members would be if some were started earlier. */
#include "stats/chains.h"

#include <math.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

struct new_times {
	uint64_t call[CT_CHAIN_MEMBERS], ready[CT_CHAIN_MEMBERS];
	uint64_t served[CT_CHAIN_MEMBERS];
	uint64_t exit[CT_CHAIN_MEMBERS], gone[CT_CHAIN_MEMBERS]; /* its stop is between */
	uint64_t begin[CT_CHAIN_MEMBERS];
	uint64_t needed[CT_CHAIN_MEMBERS]; /* it would be called then, were it there */
};

/*
 * Who starts a program to ask for each member spends the time between the exit of one and the request
 * for the next on that: it belongs to the start. Of one process that asks for all it is its own.
 */
static bool asks_anew(const struct ct_chain_time *t, size_t i, size_t before)
{
	uint32_t a = t->starts[before].client, b = t->starts[i].client;

	return a && b && a != b;
}

static uint64_t cold_of(const struct ct_chain_start *s)
{
	return minus(s->ready_ns, s->begin_ns);
}

/* How many others start while a member does, at the mean. */
static double others(size_t count, size_t i, const uint64_t *begin, const uint64_t *ready)
{
	double sum = 0;

	for (size_t j = 0; j < count; j++) {
		uint64_t from = later(begin[i], begin[j]), until = sooner(ready[i], ready[j]);

		sum += j == i ? 0 : (double)minus(until, from);
	}
	return sum / (double)later(minus(ready[i], begin[i]), 1);
}

/* By how much each of them takes longer, or less long, in other company than it was in. Whether any does. */
static bool set_factors(const struct ct_chain_time *t, const struct new_times *n, double more,
			double *ret)
{
	uint64_t begin[CT_CHAIN_MEMBERS], ready[CT_CHAIN_MEMBERS];
	bool any = false;

	for (size_t i = 0; i < t->count; i++) {
		begin[i] = t->starts[i].begin_ns;
		ready[i] = later(t->starts[i].ready_ns, begin[i]);
	}
	for (size_t i = 0; i < t->count; i++) {
		ret[i] = (1 + more * others(t->count, i, n->begin, n->ready)) /
			 (1 + more * others(t->count, i, begin, ready));
		any |= fabs(ret[i] - 1) > 1e-6;
	}
	return any;
}

/* The time that a member starts beside the stops of others. */
static uint64_t beside_stops(const struct ct_chain_time *t, size_t i)
{
	const struct ct_chain_start *s = &t->starts[i];
	uint64_t sum = 0, at = s->begin_ns;

	while (at < s->ready_ns) {
		uint64_t next = s->ready_ns;
		bool beside = false;

		for (size_t j = 0; j < t->count; j++) {
			const struct ct_chain_start *o = &t->starts[j];

			if (j == i || !o->exit_ns || o->gone_ns <= at)
				continue;
			beside |= o->exit_ns <= at;
			next = sooner(next, o->exit_ns <= at ? o->gone_ns : o->exit_ns);
		}
		sum += beside ? next - at : 0;
		at = next;
	}
	return sum;
}

/* When a start is over that begins then and takes so long if nothing stops meanwhile; those before it have their new times. */
static uint64_t through(size_t i, const struct new_times *n, double work, double lost)
{
	uint64_t at = n->begin[i];

	for (;;) {
		uint64_t next = UINT64_MAX;
		double speed = 1;

		for (size_t j = 0; j < i; j++) {
			if (!n->exit[j] || n->gone[j] <= at)
				continue;
			if (n->exit[j] <= at)
				speed = 1 - lost;
			next = sooner(next, n->exit[j] <= at ? n->gone[j] : n->exit[j]);
		}
		if (next == UINT64_MAX || work <= (double)(next - at) * speed)
			return at + (uint64_t)(work / speed + 0.5);
		work -= (double)(next - at) * speed;
		at = next;
	}
}

/* Members are in order of their requests, and nobody follows one behind him. factors: so many times as long each takes. */
static uint64_t replay(const struct ct_chain_time *t, uint32_t members, uint64_t lead_ns,
		       const double *factors, const struct ct_contention *by, struct new_times *n,
		       uint64_t *ret_idle_ns)
{
	uint64_t first = ct_chain_begin(t), end = 0;
	bool functions = ct_chain_all_exit(t);

	*ret_idle_ns = 0;
	for (size_t i = 0; i < t->count; i++) {
		const struct ct_chain_start *s = &t->starts[i];
		uint64_t event;
		bool by_exit = false, early = members >> i & 1;
		size_t before = i ? ct_chain_follows(t, i, &event, &by_exit) : CT_CHAIN_NOBODY;
		double work = (double)cold_of(s) - by->lost * (double)beside_stops(t, i);

		n->call[i] = s->begin_ns;
		if (before != CT_CHAIN_NOBODY)
			n->call[i] = (by_exit ? n->exit[before] : n->served[before]) +
				     (s->begin_ns - event);
		n->needed[i] = n->call[i];
		if (early && before != CT_CHAIN_NOBODY && by_exit && asks_anew(t, i, before))
			n->needed[i] = n->exit[before];
		n->begin[i] = n->call[i];
		if (early)
			n->begin[i] = lead_ns > n->call[i] - first ? first : n->call[i] - lead_ns;
		work *= factors[i];
		n->ready[i] = through(i, n, work, by->lost);
		n->served[i] = later(n->needed[i], n->ready[i]);
		n->exit[i] = s->exit_ns ? n->served[i] + minus(s->exit_ns, s->ready_ns) : 0;
		n->gone[i] = n->exit[i] + minus(s->gone_ns, s->exit_ns);
		if (early)
			*ret_idle_ns += minus(n->needed[i], n->ready[i]);
		end = later(end, functions ? n->exit[i] : n->served[i]);
	}
	return end;
}

void ct_chain_prewarm(const struct ct_chain_time *t, uint32_t members, uint64_t lead_ns,
		      const struct ct_contention *by, struct ct_prewarmed *ret)
{
	double factors[CT_CHAIN_MEMBERS];
	struct new_times n;
	uint64_t was, is;

	*ret = (struct ct_prewarmed){ 0 };
	if (!t->count)
		return;
	for (size_t i = 0; i < t->count; i++)
		factors[i] = 1;
	was = replay(t, 0, 0, factors, by, &n, &ret->idle_ns);
	is = replay(t, members & ~1u, lead_ns, factors, by, &n, &ret->idle_ns);
	/* Those that overlapped before were as slow as that already; the first, too, has company now. */
	ret->overlaps = set_factors(t, &n, by->more, factors);
	if (ret->overlaps)
		is = replay(t, members & ~1u, lead_ns, factors, by, &n, &ret->idle_ns);
	ret->saved_ns = (int64_t)was - (int64_t)is;
}
