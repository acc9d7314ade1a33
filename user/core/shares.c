// SPDX-License-Identifier: GPL-2.0-only
#include "state.h"

#include <stdlib.h>

#define SHARES_MAX 1024
#define PARTS      8 /* a share is one of so many */

struct ct_share *ct_share_of(struct ct_core *core, const struct ct_scope *scope)
{
	struct ct_share *share;

	HASH_FIND(hh, core->shares, scope, sizeof(*scope), share);
	if (share)
		return share;
	if (HASH_COUNT(core->shares) < SHARES_MAX || ct_scope_is_host(scope))
		share = calloc(1, sizeof(*share));
	if (!share) {
		ct_share_lose(core, scope);
		return NULL;
	}
	share->scope = *scope;
	HASH_ADD(hh, core->shares, scope, sizeof(share->scope), share);
	return share;
}

void ct_share_take(struct ct_share *share, enum ct_share_kind kind)
{
	share->held[kind]++;
}

bool ct_share_beyond(const struct ct_share *share, enum ct_share_kind kind, size_t max)
{
	size_t part = ct_scope_is_host(&share->scope) ? max : max / PARTS;

	return share->held[kind] > (part ? part : 1);
}

void ct_share_leave(struct ct_core *core, struct ct_share *share, enum ct_share_kind kind)
{
	share->held[kind]--;
	for (int i = 0; i < CT_SHARE_KINDS; i++) {
		if (share->held[i])
			return;
	}
	HASH_DEL(core->shares, share);
	free(share);
}

void ct_share_lose(struct ct_core *core, const struct ct_scope *scope)
{
	struct ct_party party = { .uid = scope->uid };

	if (ct_scope_is_host(scope)) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return;
	}
	core->counts.lost[CT_LOSS_SHARE]++;
	ct_party_within(core, &party, scope->root);
	ct_parties_add(&core->counts.beyond, &party, 1);
}

struct ct_share *ct_share_greatest(struct ct_core *core)
{
	struct ct_share *greatest = NULL;

	for (struct ct_share *s = core->shares; s; s = s->hh.next) {
		size_t n = s->held[CT_SHARE_CONTAINERS];

		if (n && !ct_scope_is_host(&s->scope) &&
		    (!greatest || n > greatest->held[CT_SHARE_CONTAINERS]))
			greatest = s;
	}
	return greatest;
}

void ct_shares_free(struct ct_core *core)
{
	struct ct_share *share, *next;

	HASH_ITER(hh, core->shares, share, next)
	{
		HASH_DEL(core->shares, share);
		free(share);
	}
}
