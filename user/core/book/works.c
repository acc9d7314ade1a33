// SPDX-License-Identifier: GPL-2.0-only
/* Whom each process works for, and in whose share it is. */
#include "core/book/book.h"

void ct_works(struct ct_actor_state *a, struct ct_container *c)
{
	if (a->container == c)
		return;
	if (a->container)
		DL_DELETE2(a->container->workers, a, worker_prev, worker_next);
	a->container = c;
	if (c)
		DL_APPEND2(c->workers, a, worker_prev, worker_next);
}

void ct_works_first_of(struct ct_actor_state *a, struct ct_container *c)
{
	if (a->first_of == c)
		return;
	if (a->first_of)
		DL_DELETE2(a->first_of->firsts, a, first_prev, first_next);
	a->first_of = c;
	if (c)
		DL_APPEND2(c->firsts, a, first_prev, first_next);
}

void ct_works_move(struct ct_container *from, struct ct_container *to)
{
	while (from->firsts)
		ct_works_first_of(from->firsts, to);
	while (from->workers) {
		struct ct_actor_state *a = from->workers;

		ct_works(a, to);
		if (!to)
			a->step = -1;
	}
}

/* What an engine process was making, and nobody has given an id, goes with it. */
void ct_works_drop_draft(struct ct_actor_state *a)
{
	if (a->container && a->container->draft && a->engine == a->tgid)
		ct_draft_free(a->container);
}

void ct_works_leave(struct ct_core *core, struct ct_actor_state *a)
{
	ct_works_drop_draft(a);
	ct_works(a, NULL);
	ct_works_first_of(a, NULL);
	ct_actor_drop(core, a);
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	ct_works_leave(core, CT_HELD_OF(struct ct_actor_state, held));
}

const struct ct_share_row ct_actors_row = {
	.max = CT_ACTORS_MAX,
	.full = CT_LOSS_ACTORS,
	.place = ct_actor_place,
	.give_up = give_up,
};

/*
 * Whose share a process is in: what a container's first process starts is the container's, whatever
 * runs that; what has the name of an engine or a runtime is of the scope that it speaks from; the
 * rest is with whoever has forked it. NULL: nobody knows.
 */
const struct ct_scope *ct_works_payer(const struct ct_actor_state *up, struct ct_scope *room)
{
	const struct ct_container *c = up ? up->container : NULL;

	if (!up || !up->held.share)
		return NULL;
	*room = up->held.share->scope;
	if (c && c->who.init_pid == up->tgid && up->role != CT_ROLE_SHIM)
		*room = (struct ct_scope){ .root = up->tgid, .level = up->level };
	return room;
}

void ct_works_pays(struct ct_core *core, struct ct_actor_state *a)
{
	const struct ct_scope within = { .root = a->inside, .level = a->level };

	if (a->inside && a->inside != a->tgid)
		ct_share_move(core, &within, &a->held);
	else if (a->scoped && ct_actor_is_named(a))
		ct_share_move(core, &a->scope, &a->held);
	ct_share_touch(core, &a->held);
}
