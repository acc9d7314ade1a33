// SPDX-License-Identifier: GPL-2.0-only
/* The path through a group's members, and what it would be if some were started earlier. */
#include "stats/chains.h"

#include <string.h>

#define NOBODY SIZE_MAX

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Whether all of them are functions: they end by themselves. */
static bool all_exit(const struct ct_chain_time *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->starts[i].exit_ns)
			return false;
	return true;
}

/*
 * What a member's request followed: the last of what happened before, that another one exited or was
 * ready. NOBODY: all others were only starting.
 */
static size_t follows(const struct ct_chain_time *t, size_t i, uint64_t *ret_ns, bool *ret_exit)
{
	size_t found = NOBODY;

	*ret_ns = 0;
	for (size_t j = 0; j < t->count; j++) {
		const struct ct_chain_start *s = &t->starts[j];
		const uint64_t at[] = { s->ready_ns, s->exit_ns };

		for (unsigned k = 0; k < 2; k++) {
			if (j == i || s->begin_ns > t->starts[i].begin_ns || !at[k] ||
			    at[k] > t->starts[i].begin_ns || at[k] < *ret_ns)
				continue;
			*ret_ns = at[k];
			*ret_exit = k;
			found = j;
		}
	}
	return found;
}

void ct_chain_walk(const struct ct_chain_time *t, struct ct_chain_path *ret)
{
	bool functions = all_exit(t);
	uint64_t at = 0, event;
	size_t i = 0;

	memset(ret, 0, sizeof(*ret));
	if (!t->count)
		return;
	for (size_t j = 0; j < t->count; j++) {
		const struct ct_chain_start *s = &t->starts[j];
		uint64_t end = functions ? s->exit_ns : s->ready_ns;

		if (end >= at) {
			at = end;
			i = j;
		}
	}
	ret->total_ns = minus(at, t->starts[0].begin_ns);
	/* From the end back: who runs, who starts for that, whom its request followed. */
	for (size_t steps = 0; i != NOBODY && steps < t->count; steps++) {
		const struct ct_chain_start *s = &t->starts[i];
		bool by_exit = false;
		size_t before;

		ret->run_ns += minus(at, s->ready_ns);
		ret->member_cold_ns[i] = minus(later(s->ready_ns, s->begin_ns), s->begin_ns);
		ret->cold_ns += ret->member_cold_ns[i];
		before = i ? follows(t, i, &event, &by_exit) : NOBODY;
		at = s->begin_ns;
		if (before == NOBODY) { /* asked for beside the first */
			ret->gap_ns += minus(at, t->starts[0].begin_ns);
			break;
		}
		if (by_exit) {
			ret->gap_ns += minus(at, event);
			at = event;
		}
		i = before;
	}
}

struct new_times {
	uint64_t call[CT_CHAIN_MEMBERS], ready[CT_CHAIN_MEMBERS];
	uint64_t served[CT_CHAIN_MEMBERS], exit[CT_CHAIN_MEMBERS];
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

static bool overlap(const struct ct_chain_time *t, const struct new_times *n, size_t i,
		    size_t count)
{
	for (size_t j = 0; j < count; j++)
		if (j != i && n->begin[i] < n->ready[j] &&
		    n->begin[j] < n->begin[i] + cold_of(&t->starts[i]))
			return true;
	return false;
}

/* Members are in order of their requests, and nobody follows one behind him. */
static uint64_t replay(const struct ct_chain_time *t, uint32_t members, uint64_t lead_ns,
		       double slower, struct new_times *n, struct ct_prewarmed *ret)
{
	uint64_t first = t->starts[0].begin_ns, end = 0;
	bool functions = all_exit(t);

	for (size_t i = 0; i < t->count; i++) {
		const struct ct_chain_start *s = &t->starts[i];
		uint64_t event, cold = cold_of(s);
		bool by_exit = false, early = members >> i & 1;
		size_t before = i ? follows(t, i, &event, &by_exit) : NOBODY;

		n->call[i] = s->begin_ns;
		if (before != NOBODY)
			n->call[i] = (by_exit ? n->exit[before] : n->served[before]) +
				     (s->begin_ns - event);
		n->needed[i] = n->call[i];
		if (early && before != NOBODY && by_exit && asks_anew(t, i, before))
			n->needed[i] = n->exit[before];
		n->begin[i] = n->call[i];
		if (early)
			n->begin[i] = lead_ns > n->call[i] - first ? first : n->call[i] - lead_ns;
		if (early && slower > 0 && overlap(t, n, i, i)) {
			cold = (uint64_t)((double)cold * slower);
			ret->overlaps = true;
		}
		n->ready[i] = n->begin[i] + cold;
		n->served[i] = later(n->needed[i], n->ready[i]);
		n->exit[i] = s->exit_ns ? n->served[i] + minus(s->exit_ns, s->ready_ns) : 0;
		if (early)
			ret->idle_ns += minus(n->needed[i], n->ready[i]);
		end = later(end, functions ? n->exit[i] : n->served[i]);
	}
	return end;
}

void ct_chain_prewarm(const struct ct_chain_time *t, uint32_t members, uint64_t lead_ns,
		      double slower, struct ct_prewarmed *ret)
{
	struct ct_prewarmed ignored = { 0 };
	struct new_times n;
	uint64_t was, is;

	*ret = (struct ct_prewarmed){ 0 };
	if (!t->count)
		return;
	was = replay(t, 0, 0, 0, &n, &ignored);
	is = replay(t, members & ~1u, lead_ns, slower, &n, ret);
	ret->saved_ns = (int64_t)was - (int64_t)is;
}
