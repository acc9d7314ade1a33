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
			     enum ct_part_kind kind, uint32_t client, const char *id)
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
	p->kind = kind;
	p->client = client;
	ct_text_copy(p->id, sizeof(p->id), ct_text(id, strlen(id)));
	return p;
}

struct ct_part *ct_part_find(const struct ct_core *core, const struct ct_scope *scope,
			     enum ct_part_kind kind, uint32_t client, const char *id)
{
	struct ct_held *held = ct_share_first(core, scope, CT_SHARE_PARTS);
	struct ct_part *found = NULL;

	for (; held; held = held->next) {
		struct ct_part *p = part_of(held);

		if (p->kind == kind && p->client == client && !strcmp(p->id, id) &&
		    (!found || p->begin_ns >= found->begin_ns))
			found = p;
	}
	return found;
}

void ct_parts_free(struct ct_core *core)
{
	ct_share_empty(core, CT_SHARE_PARTS);
}
