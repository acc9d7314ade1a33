// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was found nearer as a part of what somebody farther away does: a script asks for a and b, and who has called it for c.
 * It is not, if that one does both at the same time, or may as well have begun anew between the two.
 */
#include <stdlib.h>

#include "stats/chains_inside.h"

static bool is_same_time(const struct ct_chain_seen *a, const struct ct_chain_seen *b)
{
	return a->in && a->in == b->in && a->in_time == b->in_time;
}

bool ct_chain_is_longer(const struct ct_chain_passage *p, bool near)
{
	const struct ct_chain_seen *open =
		NULL; /* one of what has begun, and not all of it has come */
	size_t missing = 0, parts = 0;
	bool any = false;

	for (size_t i = 0; i < p->count; i++) {
		const struct ct_chain_seen *s = p->members[i];

		if (missing && is_same_time(open, s)) {
			missing--;
			continue;
		}
		if (missing && !near)
			return false;
		parts++;
		if (!s->in)
			continue;
		/* Who does not begin anew here has begun elsewhere, or is beside another one: it is never whole. */
		any = true;
		open = s;
		missing = s->in->pub.member_count - 1;
	}
	return any && parts > 1 && !missing;
}

uint64_t ct_chain_over(const struct ct_chain_seen *s)
{
	return s->at.exit_ns ? s->at.exit_ns : s->at.ready_ns;
}

uint64_t ct_chain_passage_over(const struct ct_chain_passage *p)
{
	uint64_t end = 0;

	for (size_t i = 0; i < p->count; i++)
		if (ct_chain_over(p->members[i]) > end)
			end = ct_chain_over(p->members[i]);
	return end;
}

bool ct_chain_is_apart(const struct ct_chain_passage *p, uint64_t rest_ns)
{
	uint64_t end = ct_chain_over(p->members[0]), longest = 0,
		 busy = end - p->members[0]->at.begin_ns;

	for (size_t i = 1; i < p->count; i++) {
		const struct ct_chain_seen *s = p->members[i];
		uint64_t begin = s->at.begin_ns > end ? s->at.begin_ns : end;

		if (begin - end > longest && !is_same_time(p->members[i - 1], s))
			longest = begin - end;
		if (ct_chain_over(s) <= begin)
			continue;
		busy += ct_chain_over(s) - begin;
		end = ct_chain_over(s);
	}
	return longest > busy && longest > rest_ns / CT_CHAIN_PAUSE;
}

static void forget(struct ct_chains *c, struct ct_chain_made *made)
{
	size_t at = 0;

	for (size_t n = 0; n < made->pub.count; n++)
		for (size_t m = 0; m < made->pub.member_count; m++)
			c->starts[made->starts[n][m]].in = NULL;
	while (c->made[at] != made)
		at++;
	for (c->made_count--; at < c->made_count; at++)
		c->made[at] = c->made[at + 1];
	free(made->times);
	free(made->starts);
	free(made);
}

bool ct_chains_take(struct ct_chains *c, const struct ct_chain_passage *all, size_t count)
{
	size_t apart = 0;
	bool nearly_all = true;

	for (size_t i = 0; i < c->made_count; i++)
		c->made[i]->held = 0;
	for (size_t n = 0; n < count; n++) {
		apart += all[n].apart;
		for (size_t m = 0; m < all[n].count; m++)
			if (all[n].members[m]->in)
				all[n].members[m]->in->held++;
	}
	for (size_t i = 0; i < c->made_count; i++) {
		const struct ct_chain_made *made = c->made[i];

		if (made->held && (double)made->held < CT_CHAIN_SHARE * (double)made->pub.count *
							       (double)made->pub.member_count)
			nearly_all = false;
	}
	if (!nearly_all || 2 * apart > count)
		return false;
	for (size_t i = c->made_count; i--;)
		if (c->made[i]->held)
			forget(c, c->made[i]);
	return true;
}
