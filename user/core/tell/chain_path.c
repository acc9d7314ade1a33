// SPDX-License-Identifier: GPL-2.0-only
#include "core/tell/chain_path.h"

#include <string.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t ct_chain_begin(const struct ct_chain_time *t)
{
	uint64_t first = t->starts[0].begin_ns;

	for (size_t i = 1; i < t->count; i++)
		if (t->starts[i].begin_ns < first)
			first = t->starts[i].begin_ns;
	return first;
}

bool ct_chain_all_exit(const struct ct_chain_time *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->starts[i].exit_ns)
			return false;
	return true;
}

size_t ct_chain_follows(const struct ct_chain_time *t, size_t i, uint64_t *ret_ns, bool *ret_exit)
{
	size_t found = CT_CHAIN_NOBODY;

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

/* From the end back. */
static void add(struct ct_chain_path *path, enum ct_phase phase, size_t member, uint64_t begin_ns,
		uint64_t end_ns)
{
	if (end_ns > begin_ns)
		path->stretches[path->stretch_count++] =
			(struct ct_chain_stretch){ phase, member, begin_ns, end_ns };
}

static void turn(struct ct_chain_path *path)
{
	for (size_t i = 0, k = path->stretch_count; i + 1 < k--; i++) {
		struct ct_chain_stretch other = path->stretches[i];

		path->stretches[i] = path->stretches[k];
		path->stretches[k] = other;
	}
}

void ct_chain_walk(const struct ct_chain_time *t, struct ct_chain_path *ret)
{
	bool functions = ct_chain_all_exit(t);
	uint64_t at = 0, event, first;
	size_t i = 0;

	memset(ret, 0, sizeof(*ret));
	if (!t->count)
		return;
	first = ct_chain_begin(t);
	for (size_t j = 0; j < t->count; j++) {
		const struct ct_chain_start *s = &t->starts[j];
		uint64_t end = functions ? s->exit_ns : s->ready_ns;

		if (end >= at) {
			at = end;
			i = j;
		}
	}
	ret->total_ns = minus(at, first);
	/* From the end back: who runs, who starts for that, whom its request followed. */
	for (size_t steps = 0; i != CT_CHAIN_NOBODY && steps < t->count; steps++) {
		const struct ct_chain_start *s = &t->starts[i];
		bool by_exit = false;
		size_t before;

		ret->run_ns += minus(at, s->ready_ns);
		add(ret, CT_PHASE_RUN, i, s->ready_ns, at);
		add(ret, CT_PHASE_COLD, i, s->begin_ns, s->ready_ns);
		ret->member_cold_ns[i] = minus(later(s->ready_ns, s->begin_ns), s->begin_ns);
		ret->cold_ns += ret->member_cold_ns[i];
		before = i ? ct_chain_follows(t, i, &event, &by_exit) : CT_CHAIN_NOBODY;
		at = s->begin_ns;
		if (before == CT_CHAIN_NOBODY) { /* asked for beside the first */
			ret->gap_ns += minus(at, first);
			add(ret, CT_PHASE_CLIENT, i, first, at);
			break;
		}
		if (by_exit) {
			ret->gap_ns += minus(at, event);
			add(ret, CT_PHASE_CLIENT, i, event, at);
			at = event;
		}
		i = before;
	}
	turn(ret);
}
