/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each scope has of the tables. The host's root may have all of a table; everybody else has a
 * part of it, all others together have half as much beside it, and what somebody wants beyond that
 * is taken from what he had first. Which tables there are, and what giving up an entry of each
 * means, is a row of each (core.c has them); the rules are the same for all.
 */
#pragma once

#include <stddef.h>

#include "ct_event.h"
#include "core/base/hash.h"
#include "core/base/scope.h"

struct ct_core;

enum ct_share_kind {
	CT_SHARE_CONTAINERS,
	CT_SHARE_ACTORS,
	CT_SHARE_CALLS,
	CT_SHARE_LINES,
	CT_SHARE_CONNS,
	CT_SHARE_EARLY,
	CT_SHARE_PREPARED,
	CT_SHARE_ORPHANS,
	CT_SHARE_SYNCS,
	CT_SHARE_OPENERS,
	CT_SHARE_RUNS,
	CT_SHARE_PULLS,
	CT_SHARE_STORES,
	CT_SHARE_PARTS,
	CT_SHARE_LINKS,
	CT_SHARE_ASKERS,
	CT_SHARE_ABOVE,
	CT_SHARE_KINDS
};

/* In which list of its share something is: in this order they are given up. */
enum ct_place {
	CT_PLACE_OVER, /* kept in case that somebody asks */
	CT_PLACE_IDLE, /* nothing is known to be missing of it, but more may come */
	CT_PLACE_LIVE,
	CT_PLACES
};

/* What an entry of a table has for its share: a member of it, called `held`. */
struct ct_held {
	struct ct_share *share; /* borrowed, NULL: it is in no table */
	struct ct_held *prev, *next; /* of its list */
	uint64_t heard_ns; /* when it was entered, or last spoken of */
	uint32_t turn; /* number of the last event about it */
	uint8_t kind; /* enum ct_share_kind */
	uint8_t place; /* enum ct_place */
};

/* Owned by the core, as long as it holds anything. */
struct ct_share {
	struct ct_scope scope;
	size_t total;
	struct {
		size_t count;
		struct ct_held *lists[CT_PLACES]; /* the longest silent first */
	} of[CT_SHARE_KINDS];
	UT_hash_handle hh;
};

/* A table. */
struct ct_share_row {
	size_t max; /* entries of the host's root; 0: as many as there may be containers */
	enum ct_loss full; /* what the host's root loses with what it gives up */
	/* Which list it belongs to; NULL: all to one. */
	enum ct_place (*place)(const struct ct_held *held);
	/* Nobody can need it any more: the first of its list go, room or not. NULL: never. */
	bool (*over)(const struct ct_core *core, const struct ct_held *held);
	/* Whether it may still matter: then its loss is counted. NULL: always. */
	bool (*matters)(const struct ct_core *core, const struct ct_held *held);
	void (*give_up)(struct ct_core *core, struct ct_held *held); /* and out of its share */
};

struct ct_shares {
	struct ct_share *of; /* owned, a uthash */
	struct ct_share *last; /* that was asked for; borrowed, NULL: none */
	const struct ct_share_row *const *rows; /* static, by enum ct_share_kind */
	size_t max[CT_SHARE_KINDS]; /* entries of the host's root */
	size_t used[CT_SHARE_KINDS];
	size_t others[CT_SHARE_KINDS]; /* entries that are not the host's root's */
};

/* What an entry of a table is of. */
#define CT_HELD_OF(type, pointer) \
	((type *)(void *)((char *)(pointer) - __builtin_offsetof(type, held)))

/*
 * A new entry, of that scope (NULL: of nobody who is known; they all have one share). What has to go
 * for it goes first, but nothing that this event is about. False: nothing could (counted).
 */
bool ct_share_enter(struct ct_core *core, const struct ct_scope *scope, enum ct_share_kind kind,
		    struct ct_held *held);
/* Somebody spoke of it, or its place is another now. */
void ct_share_touch(struct ct_core *core, struct ct_held *held);
/* It is looked at: what this event is about is not given up. */
void ct_share_use(const struct ct_core *core, struct ct_held *held);
/* It goes; one that is in no table may, too. */
void ct_share_leave(struct ct_core *core, struct ct_held *held);
/* It is of somebody else from now on; where there is no room (counted) it stays where it was. */
void ct_share_move(struct ct_core *core, const struct ct_scope *scope, struct ct_held *held);
/* NULL: the scope holds nothing. Nobody is a scope, too. */
struct ct_share *ct_share_find(const struct ct_core *core, const struct ct_scope *scope);
/* Something of its was given up, or it was refused: counted, and by whom. */
void ct_share_lose(struct ct_core *core, const struct ct_scope *scope, enum ct_share_kind kind);
/* Of a table that has one list: the longest silent of a scope, then by next; NULL: none. */
struct ct_held *ct_share_first(const struct ct_core *core, const struct ct_scope *scope,
			       enum ct_share_kind kind);
/* The same: all of it is given up. */
void ct_share_empty(struct ct_core *core, enum ct_share_kind kind);

/* A row per table, static; containers_max is the host's root's, 0: as many as usual. NULL: no memory. */
struct ct_shares *ct_shares_new(const struct ct_share_row *const rows[CT_SHARE_KINDS],
				size_t containers_max);
void ct_shares_free(struct ct_shares *shares); /* NULL is fine; what they hold must have gone */
