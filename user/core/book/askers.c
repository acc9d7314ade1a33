// SPDX-License-Identifier: GPL-2.0-only
#include "core/book/askers.h"
#include "core/book/speaker.h"

#include <stdlib.h>

static void drop(struct ct_core *core, struct ct_asker *a)
{
	HASH_DEL(core->askers, a);
	ct_share_leave(core, &a->held);
	free(a->wants);
	free(a);
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	drop(core, CT_HELD_OF(struct ct_asker, held));
}

const struct ct_share_row ct_askers_row = {
	.max = CT_ASKERS_MAX,
	.full = CT_LOSS_TALK,
	.give_up = give_up,
};

static struct ct_asker *find(const struct ct_core *core, uint32_t tgid)
{
	struct ct_asker *a;

	HASH_FIND(hh, core->askers, &tgid, sizeof(tgid), a);
	return a;
}

/* NULL: no room, or no memory, which is counted. */
static struct ct_asker *make(struct ct_core *core, const struct ct_event *e)
{
	struct ct_asker *a = find(core, e->tgid);

	if (a) /* its pid was another's, whose exit was not seen */
		drop(core, a);
	a = calloc(1, sizeof(*a));
	if (!a) {
		core->counts.lost[CT_LOSS_TALK]++;
		return NULL;
	}
	if (!ct_share_enter(core, ct_speaker(core, e), CT_SHARE_ASKERS, &a->held)) {
		free(a);
		return NULL;
	}
	a->tgid = e->tgid;
	HASH_ADD(hh, core->askers, tgid, sizeof(a->tgid), a);
	return a;
}

void ct_asker_heard(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), image;
	struct ct_asker *a = e->tail_len >= CT_COMM_LEN ? make(core, e) : NULL;

	if (!a)
		return;
	ct_text_copy(a->name, sizeof(a->name), ct_text(e->tail, strnlen(e->tail, CT_COMM_LEN)));
	if (e->sub != CT_ASKER_IMAGE)
		return;
	image = ct_text(rest.p + CT_COMM_LEN, rest.len - CT_COMM_LEN);
	image = ct_text_cut(&image, '\0');
	a->wants = image.len ? calloc(1, sizeof(*a->wants)) : NULL;
	if (image.len && !a->wants)
		core->counts.lost[CT_LOSS_TALK]++;
	if (a->wants)
		ct_text_copy(a->wants->image, sizeof(a->wants->image), image);
}

struct ct_asker *ct_asker_of(struct ct_core *core, uint32_t tgid)
{
	struct ct_asker *a = find(core, tgid);

	if (a)
		ct_share_touch(core, &a->held);
	return a;
}

void ct_asker_exits(struct ct_core *core, uint32_t tgid)
{
	struct ct_asker *a = find(core, tgid);

	if (a)
		drop(core, a);
}

void ct_askers_free(struct ct_core *core)
{
	struct ct_asker *a, *next;

	HASH_ITER(hh, core->askers, a, next)
	{
		drop(core, a);
	}
}
