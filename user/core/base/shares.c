// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/shares.h"

#include "core/base/house.h"
#include "core/base/parties.h"

#include <utlist.h>

#include <stdlib.h>

#define SHARES_MAX             4096
#define PARTS                  8 /* a share is one of so many */

#define CONTAINERS_MAX_DEFAULT 4096

/* Whoever is not known; those for whom there are too many shares, too. */
static const struct ct_scope nobody = { .uid = CT_UID_UNKNOWN };

static const struct ct_share_row *row_of(const struct ct_core *core, enum ct_share_kind kind)
{
	return core->shares->rows[kind];
}

struct ct_share *ct_share_find(const struct ct_core *core, const struct ct_scope *scope)
{
	struct ct_share *share = core->shares->last;

	if (!scope)
		scope = &nobody;
	if (share && ct_scope_is(&share->scope, scope))
		return share;
	HASH_FIND(hh, core->shares->of, scope, sizeof(*scope), share);
	core->shares->last = share;
	return share;
}

static struct ct_share *share_of(struct ct_core *core, const struct ct_scope *scope)
{
	struct ct_share *share = ct_share_find(core, scope);

	if (share)
		return share;
	if (scope && HASH_COUNT(core->shares->of) >= SHARES_MAX && !ct_scope_is_host(scope))
		return share_of(core, NULL);
	share = calloc(1, sizeof(*share));
	if (!share)
		return NULL;
	share->scope = scope ? *scope : nobody;
	HASH_ADD(hh, core->shares->of, scope, sizeof(share->scope), share);
	return share;
}

static void take(struct ct_core *core, struct ct_share *share, enum ct_share_kind kind)
{
	share->total++;
	share->of[kind].count++;
	core->shares->used[kind]++;
	core->shares->others[kind] += !ct_scope_is_host(&share->scope);
}

/* With the last thing that it holds the share goes, too. */
static void give_back(struct ct_core *core, struct ct_share *share, enum ct_share_kind kind)
{
	core->shares->others[kind] -= !ct_scope_is_host(&share->scope);
	share->of[kind].count--;
	core->shares->used[kind]--;
	if (--share->total)
		return;
	if (core->shares->last == share)
		core->shares->last = NULL;
	HASH_DEL(core->shares->of, share);
	free(share);
}

void ct_share_lose(struct ct_core *core, const struct ct_scope *scope, enum ct_share_kind kind)
{
	struct ct_party party = { .uid = scope->uid };

	if (ct_scope_is_host(scope)) {
		core->counts.lost[row_of(core, kind)->full]++;
		return;
	}
	core->counts.lost[CT_LOSS_SHARE]++;
	core->seams->within(core, &party, scope->root);
	ct_parties_add(&core->counts.beyond, &party, 1);
}

static struct ct_share *greatest(const struct ct_core *core, enum ct_share_kind kind)
{
	struct ct_share *found = NULL;

	for (struct ct_share *s = core->shares->of; s; s = s->hh.next) {
		size_t n = s->of[kind].count;

		if (n && !ct_scope_is_host(&s->scope) && (!found || n > found->of[kind].count))
			found = s;
	}
	return found;
}

/* What is being handled stays. */
static struct ct_held *least(const struct ct_core *core, const struct ct_share *share,
			     enum ct_share_kind kind)
{
	for (int i = 0; i < CT_PLACES; i++) {
		struct ct_held *held = share->of[kind].lists[i];

		while (held && held->turn == core->turn)
			held = held->next;
		if (held)
			return held;
	}
	return NULL;
}

static bool gives_way(struct ct_core *core, const struct ct_share *share, enum ct_share_kind kind)
{
	const struct ct_share_row *row = row_of(core, kind);
	struct ct_held *held = least(core, share, kind);

	if (!held || !row->matters || row->matters(core, held))
		ct_share_lose(core, &share->scope, kind);
	if (held)
		row->give_up(core, held);
	return held;
}

static void forget_over(struct ct_core *core, const struct ct_share *share, enum ct_share_kind kind)
{
	const struct ct_share_row *row = row_of(core, kind);

	for (int i = 0; row->over && i < CT_PLACES; i++) {
		struct ct_held *held = share->of[kind].lists[i], *next;

		for (; held && row->over(core, held); held = next) {
			next = held->next;
			if (held->turn != core->turn)
				row->give_up(core, held);
		}
	}
}

/* Of one that has been counted already. None of the others pays for what the host has. */
static bool has_room(struct ct_core *core, const struct ct_share *share, enum ct_share_kind kind)
{
	bool host = ct_scope_is_host(&share->scope);
	size_t max = core->shares->max[kind], part = host ? max : max / PARTS;

	if (share->of[kind].count > (part ? part : 1))
		return gives_way(core, share, kind);
	if (!host && core->shares->others[kind] > (max / 2 ? max / 2 : 1))
		return gives_way(core, greatest(core, kind), kind);
	return true;
}

static enum ct_place place_of(const struct ct_core *core, const struct ct_held *held)
{
	const struct ct_share_row *row = row_of(core, held->kind);

	return row->place ? row->place(held) : CT_PLACE_LIVE;
}

static struct ct_held **list_of(const struct ct_held *held)
{
	return &held->share->of[held->kind].lists[held->place];
}

static void speak_of(const struct ct_core *core, struct ct_held *held)
{
	held->heard_ns = core->now;
	held->turn = core->turn;
}

/* Behind those that have been silent for longer. */
static void put(struct ct_held *held, enum ct_place place)
{
	struct ct_held **list;

	held->place = (uint8_t)place;
	list = list_of(held);
	DL_APPEND(*list, held);
}

static void unput(struct ct_held *held)
{
	struct ct_held **list = list_of(held);

	DL_DELETE(*list, held);
}

bool ct_share_enter(struct ct_core *core, const struct ct_scope *scope, enum ct_share_kind kind,
		    struct ct_held *held)
{
	struct ct_share *share = share_of(core, scope);

	held->share = NULL;
	held->kind = (uint8_t)kind;
	if (!share) {
		ct_share_lose(core, scope ? scope : &nobody, kind);
		return false;
	}
	take(core, share, kind); /* first: it may lose its last */
	forget_over(core, share, kind);
	if (!has_room(core, share, kind)) {
		give_back(core, share, kind);
		return false;
	}
	held->share = share;
	speak_of(core, held);
	put(held, place_of(core, held));
	return true;
}

void ct_share_touch(struct ct_core *core, struct ct_held *held)
{
	enum ct_place place;

	if (!held->share)
		return;
	speak_of(core, held);
	place = place_of(core, held);
	if (!held->next && place == held->place)
		return; /* nobody was spoken of since */
	unput(held);
	put(held, place);
}

void ct_share_use(const struct ct_core *core, struct ct_held *held)
{
	held->turn = core->turn;
}

void ct_share_leave(struct ct_core *core, struct ct_held *held)
{
	if (!held->share)
		return;
	unput(held);
	give_back(core, held->share, held->kind);
	held->share = NULL;
}

void ct_share_move(struct ct_core *core, const struct ct_scope *scope, struct ct_held *held)
{
	struct ct_scope from = held->share ? held->share->scope : nobody;

	if (held->share && ct_scope_is(&from, scope ? scope : &nobody))
		return;
	ct_share_leave(core, held);
	/* Without a share nobody would ever give it up: what is refused goes back. */
	if (!ct_share_enter(core, scope, held->kind, held))
		ct_share_enter(core, &from, held->kind, held);
}

struct ct_held *ct_share_first(const struct ct_core *core, const struct ct_scope *scope,
			       enum ct_share_kind kind)
{
	const struct ct_share *share = ct_share_find(core, scope);

	return share ? share->of[kind].lists[CT_PLACE_LIVE] : NULL;
}

void ct_share_empty(struct ct_core *core, enum ct_share_kind kind)
{
	struct ct_share *share, *next;

	HASH_ITER(hh, core->shares->of, share, next)
	{
		for (size_t n = share->of[kind].count; n; n--) /* with the last the share may go */
			row_of(core, kind)->give_up(core, share->of[kind].lists[CT_PLACE_LIVE]);
	}
}

struct ct_shares *ct_shares_new(const struct ct_share_row *const rows[CT_SHARE_KINDS],
				size_t containers_max)
{
	struct ct_shares *shares = calloc(1, sizeof(*shares));

	if (!shares)
		return NULL;
	shares->rows = rows;
	for (int i = 0; i < CT_SHARE_KINDS; i++)
		shares->max[i] = rows[i]->max;
	shares->max[CT_SHARE_CONTAINERS] = containers_max ? containers_max : CONTAINERS_MAX_DEFAULT;
	return shares;
}

void ct_shares_free(struct ct_shares *shares)
{
	struct ct_share *share, *next;

	if (!shares)
		return;
	HASH_ITER(hh, shares->of, share, next)
	{
		HASH_DEL(shares->of, share);
		free(share);
	}
	free(shares);
}
