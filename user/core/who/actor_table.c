// SPDX-License-Identifier: GPL-2.0-only
/* The table of processes: which there are, whom they work for, and whose share each is in. */
#include "core/state.h"

#include <stdlib.h>

struct ct_actor_state *ct_actor_get(struct ct_core *core, uint32_t tgid)
{
	struct ct_actor_state *a;

	HASH_FIND(hh, core->actors, &tgid, sizeof(tgid), a);
	if (a)
		ct_share_use(core, &a->held);
	return a;
}

static struct ct_actor_state *actor_alloc(struct ct_core *core)
{
	struct ct_actor_state *a = core->spare_actors;

	if (!a)
		return calloc(1, sizeof(*a));
	core->spare_actors = a->next;
	*a = (struct ct_actor_state){ 0 };
	return a;
}

static void actor_spare(struct ct_core *core, struct ct_actor_state *a)
{
	a->next = core->spare_actors;
	core->spare_actors = a;
}

/* Found or made; `payer` is in whose share it is, NULL: nobody knows. */
struct ct_actor_state *ct_actor_make(struct ct_core *core, uint32_t tgid,
				     const struct ct_scope *payer)
{
	struct ct_actor_state *a = ct_actor_get(core, tgid);

	if (a)
		return a;
	a = actor_alloc(core);
	if (!a) {
		core->counts.lost[CT_LOSS_ACTORS]++;
		return NULL;
	}
	if (!ct_share_enter(core, payer, CT_SHARE_ACTORS, &a->held)) {
		actor_spare(core, a);
		return NULL;
	}
	a->tgid = tgid;
	a->step = -1;
	HASH_ADD(hh, core->actors, tgid, sizeof(a->tgid), a);
	return a;
}

void ct_actor_works(struct ct_actor_state *a, struct ct_container *c)
{
	if (a->container == c)
		return;
	if (a->container)
		DL_DELETE2(a->container->workers, a, worker_prev, worker_next);
	a->container = c;
	if (c)
		DL_APPEND2(c->workers, a, worker_prev, worker_next);
}

void ct_actor_is_first_of(struct ct_actor_state *a, struct ct_container *c)
{
	if (a->first_of == c)
		return;
	if (a->first_of)
		DL_DELETE2(a->first_of->firsts, a, first_prev, first_next);
	a->first_of = c;
	if (c)
		DL_APPEND2(c->firsts, a, first_prev, first_next);
}

void ct_actors_move(struct ct_container *from, struct ct_container *to)
{
	while (from->firsts)
		ct_actor_is_first_of(from->firsts, to);
	while (from->workers) {
		struct ct_actor_state *a = from->workers;

		ct_actor_works(a, to);
		if (!to)
			a->step = -1;
	}
}

/* What an engine process was making, and nobody has given an id, goes with it. */
void ct_actor_drop_draft(struct ct_actor_state *a)
{
	if (a->container && a->container->draft && a->engine == a->tgid)
		ct_draft_free(a->container);
}

void ct_actor_drop(struct ct_core *core, struct ct_actor_state *a)
{
	ct_actor_works(a, NULL);
	ct_actor_is_first_of(a, NULL);
	ct_share_leave(core, &a->held);
	HASH_DEL(core->actors, a);
	actor_spare(core, a);
}

/* Engines and what they run live long; the end of what does not may have been lost. */
static enum ct_place place_of(const struct ct_held *held)
{
	const struct ct_actor_state *a = CT_HELD_OF(struct ct_actor_state, held);

	return a->execed && (a->role == CT_ROLE_ENGINE || a->role == CT_ROLE_SHIM ||
			     a->role == CT_ROLE_INIT)
		       ? CT_PLACE_LIVE
		       : CT_PLACE_IDLE;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	struct ct_actor_state *a = CT_HELD_OF(struct ct_actor_state, held);

	ct_actor_drop_draft(a);
	ct_actor_drop(core, a);
}

const struct ct_share_row ct_actors_row = {
	.max = CT_ACTORS_MAX,
	.full = CT_LOSS_ACTORS,
	.place = place_of,
	.give_up = give_up,
};

static bool is_named(const struct ct_actor_state *a)
{
	return a->role == CT_ROLE_ENGINE || a->role == CT_ROLE_SHIM || a->role == CT_ROLE_RUNTIME;
}

/*
 * Whose share a process is in: what a container's first process starts is the container's, whatever
 * runs that; what has the name of an engine or a runtime is of the scope that it speaks from; the
 * rest is with whoever has forked it. NULL: nobody knows.
 */
const struct ct_scope *ct_actor_payer(const struct ct_actor_state *up, struct ct_scope *room)
{
	const struct ct_container *c = up ? up->container : NULL;

	if (!up || !up->held.share)
		return NULL;
	*room = up->held.share->scope;
	if (c && c->who.init_pid == up->tgid && up->role != CT_ROLE_SHIM)
		*room = (struct ct_scope){ .root = up->tgid, .level = up->level };
	return room;
}

void ct_actor_pays(struct ct_core *core, struct ct_actor_state *a)
{
	const struct ct_scope within = { .root = a->inside, .level = a->level };

	if (a->inside && a->inside != a->tgid)
		ct_share_move(core, &within, &a->held);
	else if (a->scoped && is_named(a))
		ct_share_move(core, &a->scope, &a->held);
	ct_share_touch(core, &a->held);
}

void ct_actors_free(struct ct_core *core)
{
	struct ct_actor_state *a, *next;

	HASH_ITER(hh, core->actors, a, next)
	{
		ct_actor_drop_draft(a);
		ct_actor_drop(core, a);
	}
	while (core->spare_actors) {
		a = core->spare_actors;
		core->spare_actors = a->next;
		free(a);
	}
}
