// SPDX-License-Identifier: GPL-2.0-only
#include "core/book/parts.h"

#include <stdlib.h>

#define PARTS_MAX 1024

static struct ct_part *part_of(struct ct_held *held)
{
	return CT_HELD_OF(struct ct_part, held);
}

/* What is answered is needed until its image is there, which is soon. */
static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	return held->heard_ns + CT_OPEN_NS >= core->now;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	ct_share_leave(core, held);
	free(part_of(held));
}

const struct ct_share_row ct_parts_row = {
	.max = PARTS_MAX,
	.full = CT_LOSS_TABLE,
	.matters = matters,
	.give_up = give_up,
};

struct ct_part *ct_part_make(struct ct_core *core, const struct ct_scope *scope,
			     const struct ct_part *of)
{
	struct ct_part *p = calloc(1, sizeof(*p));

	if (!p) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	if (!ct_share_enter(core, scope, CT_SHARE_PARTS, &p->held)) {
		free(p);
		return NULL;
	}
	p->kind = of->kind;
	p->client = of->client;
	p->begin_ns = of->begin_ns;
	memcpy(p->id, of->id, sizeof(p->id));
	return p;
}

struct ct_part *ct_part_next(const struct ct_core *core, const struct ct_scope *scope,
			     const struct ct_part *of, const struct ct_part *after)
{
	struct ct_held *held =
		after ? after->held.next : ct_share_first(core, scope, CT_SHARE_PARTS);

	for (; held; held = held->next) {
		struct ct_part *p = part_of(held);

		if (p->kind == of->kind && p->client == of->client && !strcmp(p->id, of->id))
			return p;
	}
	return NULL;
}

void ct_parts_free(struct ct_core *core)
{
	ct_share_empty(core, CT_SHARE_PARTS);
}
