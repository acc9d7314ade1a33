// SPDX-License-Identifier: GPL-2.0-only
#include "core/who/who.h"
#include "util/mem.h"

#include <stdlib.h>

#define RECENT 256 /* a power of two */

struct ct_who {
	struct ct_actor_state *actors; /* owned, a uthash */
	struct ct_actor_state *spare; /* owned, list by next */
	struct ct_actor_state *recent[RECENT]; /* by the end of its number; borrowed, NULL: none */
};

struct ct_who *ct_who_new(void)
{
	return calloc(1, sizeof(struct ct_who));
}

static struct ct_actor_state **recent(const struct ct_core *core, uint32_t tgid)
{
	return &core->who->recent[tgid % RECENT];
}

static struct ct_actor_state *find(const struct ct_core *core, uint32_t tgid)
{
	struct ct_actor_state *a;

	HASH_FIND(hh, core->who->actors, &tgid, sizeof(tgid), a);
	if (a)
		*recent(core, tgid) = a;
	return a;
}

struct ct_actor_state *ct_actor_get(const struct ct_core *core, uint32_t tgid)
{
	struct ct_actor_state *a = *recent(core, tgid);

	/* Every station asks for who did it, and for who runs that. */
	if (!a || a->tgid != tgid)
		a = find(core, tgid);
	if (a)
		ct_share_use(core, &a->held);
	return a;
}

static struct ct_actor_state *actor_alloc(struct ct_core *core)
{
	struct ct_actor_state *a = core->who->spare;

	if (!a)
		return calloc(1, sizeof(*a));
	core->who->spare = a->next;
	*a = (struct ct_actor_state){ 0 };
	return a;
}

static void actor_spare(struct ct_core *core, struct ct_actor_state *a)
{
	a->next = core->who->spare;
	core->who->spare = a;
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
	HASH_ADD(hh, core->who->actors, tgid, sizeof(a->tgid), a);
	return a;
}

void ct_actor_drop(struct ct_core *core, struct ct_actor_state *a)
{
	if (*recent(core, a->tgid) == a)
		*recent(core, a->tgid) = NULL;
	ct_share_leave(core, &a->held);
	HASH_DEL(core->who->actors, a);
	actor_spare(core, a);
}

struct ct_actor_state *ct_actor_any(const struct ct_core *core)
{
	return core->who->actors;
}

/* Engines and what they run live long; the end of what does not may have been lost. */
enum ct_place ct_actor_place(const struct ct_held *held)
{
	const struct ct_actor_state *a = CT_HELD_OF(struct ct_actor_state, held);

	return a->execed && (a->role == CT_ROLE_ENGINE || a->role == CT_ROLE_SHIM ||
			     a->role == CT_ROLE_INIT)
		       ? CT_PLACE_LIVE
		       : CT_PLACE_IDLE;
}

bool ct_actor_is_named(const struct ct_actor_state *a)
{
	return a->role == CT_ROLE_ENGINE || a->role == CT_ROLE_SHIM || a->role == CT_ROLE_RUNTIME;
}

void ct_actor_descends(struct ct_actor_state *a, const struct ct_actor_state *up)
{
	const size_t kept = CT_ARRAY_SIZE(a->above) - 1;

	if (!up) {
		memset(a->above, 0, sizeof(a->above));
		return;
	}
	memmove(&a->above[1], up->above, kept * sizeof(a->above[0]));
	a->above[0] = up->parent;
}

uint8_t ct_role_of(const struct ct_event *e)
{
	return e->sub < CT_ROLE_MAX ? (uint8_t)e->sub : 0;
}

const char *ct_role_name(uint8_t role)
{
	static const char *const names[CT_ROLE_MAX] = {
#define X(number, symbol, name) [number] = name,
		CT_ROLES(X)
#undef X
	};

	return role < CT_ROLE_MAX && names[role] ? names[role] : "";
}

const struct ct_role_row *ct_role_of_program(struct ct_text program)
{
	struct ct_text base = ct_text_base(program);
	const struct ct_role_row *found = NULL;

	for (const struct ct_role_row *row = ct_roles; row->comm; row++) {
		if (ct_text_starts(base, row->comm) &&
		    (!found || strlen(row->comm) > strlen(found->comm)))
			found = row;
	}
	return found;
}

int ct_exit_code(int status)
{
	return status & 0x7f ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
}

void ct_who_free(struct ct_who *who)
{
	struct ct_actor_state *a;

	if (!who)
		return;
	while (who->spare) {
		a = who->spare;
		who->spare = a->next;
		free(a);
	}
	free(who);
}
