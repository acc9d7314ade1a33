// SPDX-License-Identifier: GPL-2.0-only
/* Who asks for something, and who forked him, and that one, and so on, as the kernel side says once of each. */
#include <stdlib.h>
#include <string.h>

#include "core/hear/above.h"
#include "core/hear/talk.h"

/* As many as the kernel side tells of at once: those that have ended are in it no more. */
#define ABOVE_MAX 4096

struct ct_ancestry {
	struct ct_held held;
	struct ct_client client;
	UT_hash_handle hh;
};

static struct ct_ancestry *find(struct ct_core *core, uint32_t tgid)
{
	struct ct_ancestry *asker;

	HASH_FIND(hh, core->hear->above, &tgid, sizeof(tgid), asker);
	return asker;
}

static void drop(struct ct_core *core, struct ct_ancestry *asker)
{
	ct_share_leave(core, &asker->held);
	HASH_DEL(core->hear->above, asker);
	free(asker);
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	drop(core, CT_HELD_OF(struct ct_ancestry, held));
}

const struct ct_share_row ct_above_row = {
	.max = ABOVE_MAX,
	.full = CT_LOSS_TALK,
	.give_up = give_up,
};

void ct_hear_above(struct ct_core *core, const struct ct_event *e, const struct ct_scope *speaker)
{
	struct ct_ancestry *asker = find(core, e->tgid);
	size_t n = e->tail_len / sizeof(uint32_t);

	if (asker)
		drop(core, asker);
	asker = calloc(1, sizeof(*asker));
	if (!asker) {
		core->counts.lost[CT_LOSS_TALK]++;
		return;
	}
	if (!ct_share_enter(core, speaker, CT_SHARE_ABOVE, &asker->held)) {
		free(asker);
		return;
	}
	if (n > CT_CLIENT_UP)
		n = CT_CLIENT_UP;
	asker->client.pid = e->tgid;
	memcpy(asker->client.up, e->tail, n * sizeof(uint32_t));
	HASH_ADD(hh, core->hear->above, client.pid, sizeof(asker->client.pid), asker);
}

/* What one says later of who forked him is not so of whom has been left by that one. */
struct ct_client ct_hear_client(struct ct_core *core, const struct ct_event *e)
{
	const struct ct_client own = { e->tgid,
				       { (uint32_t)e->dur_ns, (uint32_t)(e->dur_ns >> 32) } };
	const struct ct_ancestry *asker = find(core, e->tgid);

	return asker ? asker->client : own;
}

void ct_hear_exits(struct ct_core *core, uint32_t tgid)
{
	struct ct_ancestry *asker = find(core, tgid);

	if (asker)
		drop(core, asker);
}

void ct_hear_above_forget(struct ct_core *core)
{
	struct ct_ancestry *asker, *next;

	HASH_ITER(hh, core->hear->above, asker, next)
	{
		drop(core, asker);
	}
}
