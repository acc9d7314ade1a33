// SPDX-License-Identifier: GPL-2.0-only
/* Which reason grew where something got slower, of recordings that both have waits. */
#include "cmd/diff.h"

#include <string.h>

/* Records of one type and key, or of all keys. */
static size_t find(const struct ct_causes *causes, enum ct_record_type type, const char *key)
{
	size_t n = ct_causes_groups(causes), i;

	for (i = 0; i < n; i++) {
		const struct ct_cause_group *g = ct_causes_group(causes, i);

		if (g->type == type && !strcmp(g->key, key))
			return i;
	}
	return n;
}

int ct_diff_why_add(struct ct_diff *diff, enum ct_side side, const struct ct_record *rec,
		    const char *key)
{
	struct ct_record as = *rec;

	if (!diff->why || rec->outcome != CT_OUTCOME_OK)
		return 0;
	if (ct_causes_add(diff->causes[side], &as, key))
		return -1;
	return ct_causes_add(diff->all_causes[side], &as, "");
}

/* Median of a reason in a phase, or in all of them. */
static uint64_t median(const struct ct_causes *causes, size_t group, unsigned phase,
		       enum ct_reason reason)
{
	uint64_t sum = 0;

	if (phase < CT_PHASE_MAX)
		return ct_causes_phase(causes, group, (enum ct_phase)phase, reason);
	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		sum += ct_causes_phase(causes, group, (enum ct_phase)p, reason);
	return sum;
}

bool ct_diff_grew(const struct ct_diff *diff, const struct ct_change *change, struct ct_growth *ret)
{
	bool split = ct_compare_is_split(diff->compare);
	const struct ct_causes *causes[CT_SIDES];
	size_t group[CT_SIDES];

	memset(ret, 0, sizeof(*ret));
	if (!diff->why || change->step || change->verdict != CT_VERDICT_SLOWER)
		return false;
	for (unsigned s = 0; s < CT_SIDES; s++) {
		causes[s] = split ? diff->causes[s] : diff->all_causes[s];
		group[s] = find(causes[s], change->type, split ? change->key : "");
		if (group[s] == ct_causes_groups(causes[s]))
			return false;
	}
	for (unsigned r = 0; r < CT_REASON_MAX; r++) {
		uint64_t a = median(causes[CT_SIDE_A], group[CT_SIDE_A], change->phase, r);
		uint64_t b = median(causes[CT_SIDE_B], group[CT_SIDE_B], change->phase, r);

		if (b > a && b - a > ret->ns[CT_SIDE_B] - ret->ns[CT_SIDE_A])
			*ret = (struct ct_growth){ (enum ct_reason)r, { a, b } };
	}
	return ret->ns[CT_SIDE_B] > ret->ns[CT_SIDE_A];
}
