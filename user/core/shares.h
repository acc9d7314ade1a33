/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each scope has of the tables. The host's root may have all of them; everybody else has a
 * part of each, and what he wants beyond it is taken from what he had first.
 */
#pragma once

#include <stddef.h>

#include "hash.h"
#include "speaker.h"

enum ct_share_kind {
	CT_SHARE_CONTAINERS,
	CT_SHARE_CALLS,
	CT_SHARE_CONNS,
	CT_SHARE_KINDS
};

/* In which list of its share a container is: in this order they are given up. */
enum ct_place {
	CT_PLACE_GONE, /* removed, and told: kept because a successor may come */
	CT_PLACE_STOPPED, /* told, and may start again */
	CT_PLACE_LIVE,
	CT_PLACES
};

/* Owned by the core, as long as it holds anything. */
struct ct_share {
	struct ct_scope scope;
	size_t held[CT_SHARE_KINDS];
	struct ct_container *containers[CT_PLACES]; /* lists, the longest silent first */
	struct ct_pending_call *calls; /* list, the oldest first */
	struct ct_conn *conns; /* list, the longest silent first */
	UT_hash_handle hh;
};

/* Found or made; NULL: there are too many, or no memory (counted). */
struct ct_share *ct_share_of(struct ct_core *core, const struct ct_scope *scope);
void ct_share_take(struct ct_share *share, enum ct_share_kind kind);
/* Whether it has taken more than its part of a table of `max`: something of its has to go. */
bool ct_share_beyond(const struct ct_share *share, enum ct_share_kind kind, size_t max);
/* With the last thing that it holds the share goes, too. */
void ct_share_leave(struct ct_core *core, struct ct_share *share, enum ct_share_kind kind);
/* Something of its was given up, or it was refused: counted, and by whom. */
void ct_share_lose(struct ct_core *core, const struct ct_scope *scope);
/* Of those that are not the host's the one that holds most containers; NULL: none holds any. */
struct ct_share *ct_share_greatest(struct ct_core *core);
void ct_shares_free(struct ct_core *core);
