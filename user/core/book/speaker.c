// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scope of a process: set by the events of programs with a role, inherited by all else. Old
 * recordings know levels alone: there everybody of a level is in one scope.
 */
#include "core/book/book_table.h"

#define ANCESTORS_MAX 64

/* A container's own program says nothing about containers, and what it executes neither. */
static bool may_speak(const struct ct_actor_state *a)
{
	return a->scoped && !a->inside && a->role != CT_ROLE_INIT && a->role != CT_ROLE_WORKLOAD &&
	       a->level == a->scope.level;
}

const struct ct_scope *ct_speaker_process(struct ct_core *core, uint32_t tgid)
{
	const struct ct_actor_state *a = ct_actor_get(core, tgid);

	return a && may_speak(a) ? &a->scope : NULL;
}

/*
 * A client that is no actor is heard because it asks an engine, and the event says which. The first
 * recordings did not: there it was the only one there was.
 */
static bool is_old_client(struct ct_core *core, const struct ct_event *e)
{
	core->book->asked |= e->root != 0;
	return !core->book->asked && !ct_actor_get(core, e->tgid);
}

const struct ct_scope *ct_speaker(struct ct_core *core, const struct ct_event *e)
{
	static const struct ct_scope host;
	const struct ct_scope *own = ct_speaker_process(core, e->tgid);
	bool asks =
		(e->kind == CT_KIND_SEND && !(e->flags & CT_F_SERVER)) || e->kind == CT_KIND_ASKER;

	/* Who speaks for himself asks no engine to. */
	if (own || !asks)
		return own;
	if (is_old_client(core, e))
		return &host;
	return e->root ? ct_speaker_process(core, e->root) : NULL;
}

void ct_scope_inherit(struct ct_actor_state *a, const struct ct_actor_state *up)
{
	a->scoped = up && up->scoped;
	a->inside = up ? up->inside : 0;
	if (up)
		a->scope = up->scope;
}

void ct_scope_enclose(struct ct_actor_state *a, uint32_t init_pid)
{
	/* Kata's shim is the process that the engine knows. */
	if (a->role != CT_ROLE_SHIM && a->role != CT_ROLE_RUNTIME)
		a->inside = init_pid;
}

static const struct ct_container *container_of_root(struct ct_core *core, uint32_t root)
{
	const struct ct_actor_state *a = root ? ct_actor_get(core, root) : NULL;

	if (!a)
		return NULL;
	return a->first_of ? a->first_of : a->container;
}

/* All exec sessions of a container are one: a root that works for a container is in it. */
static uint32_t root_of(struct ct_core *core, uint32_t root)
{
	const struct ct_container *c = container_of_root(core, root);

	return c && c->who.init_pid ? c->who.init_pid : root;
}

void ct_party_within(struct ct_core *core, struct ct_party *party, uint32_t root)
{
	const struct ct_container *c = container_of_root(core, root);
	const char *name = c && c->who.name[0] ? c->who.name : c ? c->who.id : "";

	if (root && !*name)
		ct_text_pid(party->within, root);
	else
		ct_text_copy(party->within, sizeof(party->within), ct_text(name, strlen(name)));
}

void ct_scope_owner(struct ct_core *core, const struct ct_scope *scope, struct ct_owner *owner)
{
	const struct ct_container *c = container_of_root(core, scope->root);

	if (ct_scope_is_host(scope))
		return;
	owner->other = true;
	owner->inside = scope->root || scope->level;
	owner->pid = scope->root;
	owner->uid = scope->uid;
	if (c && c->who.id[0])
		ct_text_copy(owner->id, sizeof(owner->id), ct_text(c->who.id, strlen(c->who.id)));
	if (c && c->who.name[0])
		ct_text_copy(owner->name, sizeof(owner->name),
			     ct_text(c->who.name, strlen(c->who.name)));
}

bool ct_actor_serves(struct ct_core *core, const struct ct_actor_state *a)
{
	const struct ct_container *c = a->container;

	for (int up = 0; a && up < ANCESTORS_MAX; up++) {
		/* Kata's shim is the process that the engine knows, and all are its children. */
		if (c && c->who.init_pid == a->tgid)
			return a->role != CT_ROLE_SHIM;
		a = ct_actor_get(core, a->parent);
	}
	return false;
}

/*
 * With the host's pid namespace no level tells what is in a container: whoever descends from the
 * first process of one does, and so does all that it starts.
 */
static uint32_t encloses(struct ct_core *core, const struct ct_actor_state *a,
			 const struct ct_event *e, bool goes_on)
{
	if (goes_on && a->inside == a->tgid)
		return 0;
	if (e->root && !goes_on)
		return root_of(core, e->root);
	if (a->inside || ct_event_level(e))
		return a->inside;
	return a->container && ct_actor_serves(core, a) ? a->container->who.init_pid : 0;
}

void ct_scope_exec(struct ct_core *core, struct ct_actor_state *a, const struct ct_event *e,
		   bool goes_on)
{
	uint32_t root = encloses(core, a, e, goes_on);
	uint8_t role = ct_role_of(e);

	a->level = (uint8_t)ct_event_level(e);
	if (role != CT_ROLE_ENGINE && role != CT_ROLE_SHIM && role != CT_ROLE_RUNTIME) {
		a->inside = role == CT_ROLE_HELPER ? root : a->inside;
		return;
	}
	/* What an engine in a container runs with the same pids is in that container, too. */
	if (!root && a->scoped && a->scope.level == a->level)
		root = a->scope.root;
	a->scope = (struct ct_scope){ root, ct_event_uid(e), a->level };
	a->scoped = true;
	a->inside = 0;
}
