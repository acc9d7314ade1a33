// SPDX-License-Identifier: GPL-2.0-only
/* Evidence whose container is not known yet, kept until it is. */
#include "core/steps/evidence.h"

#include <stdlib.h>

#define ADOPT_GAP_NS (3 * CT_NS_PER_MS)
#define ORPHAN_NS    (1000 * CT_NS_PER_MS)

/* What evidence and a container have in common, if they belong together. */
static uint32_t orphan_key(enum ct_orphan_key by, const char *text, uint64_t netns)
{
	size_t n = strlen(text);

	if (by == CT_BY_NETNS)
		return netns ? (ct_hash(&netns, sizeof(netns)) << 3 | by) + 1 : 0;
	/* A layer's own directories are called by its name and what is behind a dash. */
	if (by == CT_BY_LAYER)
		n = strcspn(text, "-");
	return n ? (ct_hash(text, n) << 3 | by) + 1 : 0;
}
_Static_assert(CT_BY_NETNS < 7, "three bits say what it is by, and 0 is none");

static void orphan_drop(struct ct_core *core, struct ct_orphan *o)
{
	size_t at = (size_t)(o - core->steps->orphans);

	ct_share_leave(core, &o->held);
	core->steps->orphan_keys[at] = 0;
	core->steps->orphan_spare[core->steps->orphan_spares++] = (uint16_t)at;
}

/* Most of it is no container's at all; what is, is adopted soon. */
static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	return held->heard_ns + ORPHAN_NS >= core->now;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	orphan_drop(core, CT_HELD_OF(struct ct_orphan, held));
}

const struct ct_share_row ct_orphans_row = {
	.max = CT_ORPHANS_MAX,
	.full = CT_LOSS_STEPS,
	.matters = matters,
	.give_up = give_up,
};

void ct_orphans_free(struct ct_core *core)
{
	free(core->steps->orphans);
}

/* There always is a place: the shares hold no more than all but the last few. */
static struct ct_orphan *orphan_make(struct ct_core *core, const struct ct_scope *scope)
{
	size_t at = core->steps->orphan_spares
			    ? core->steps->orphan_spare[--core->steps->orphan_spares]
			    : core->steps->orphan_used++;
	struct ct_orphan *o = &core->steps->orphans[at];

	if (ct_share_enter(core, scope, CT_SHARE_ORPHANS, &o->held))
		return o;
	core->steps->orphan_spare[core->steps->orphan_spares++] = (uint16_t)at;
	return NULL;
}

void ct_orphan_add(struct ct_core *core, const struct ct_scope *scope, enum ct_orphan_key by,
		   struct ct_text text, uint64_t netns, const struct ct_step *step)
{
	struct ct_orphan *o;

	if (!core->opts.steps || !scope || text.len >= sizeof(o->text))
		return;
	if (!core->steps->orphans)
		core->steps->orphans = calloc(CT_ORPHANS_PLACES, sizeof(*core->steps->orphans));
	o = core->steps->orphans ? orphan_make(core, scope) : NULL;
	if (!o)
		return;
	o->by = by;
	o->scope = *scope;
	o->netns = netns;
	o->seq = ++core->steps->orphan_seq;
	ct_text_copy(o->text, sizeof(o->text), text);
	o->step = *step;
	core->steps->orphan_keys[o - core->steps->orphans] = orphan_key(by, o->text, netns);
}

static bool is_of(const struct ct_orphan *o, const struct ct_container *c)
{
	if (!ct_scope_is(&o->scope, &c->key.scope))
		return false;
	switch (o->by) {
	case CT_BY_ID:
		return !strcmp(o->text, c->who.id);
	case CT_BY_LAYER:
		return c->layer[0] && !strncmp(o->text, c->layer, strlen(c->layer));
	case CT_BY_SANDBOX:
		return c->sandbox[0] && !strcmp(o->text, c->sandbox);
	case CT_BY_NETNS:
		return c->netns && o->netns == c->netns;
	}
	return false;
}

#define GROUP 16 /* keys that are compared at once */
_Static_assert(CT_ORPHANS_PLACES % GROUP == 0, "the places are of whole groups");

static bool group_has(const uint32_t *keys, const uint32_t wanted[4])
{
	uint32_t hit = 0;

	for (size_t i = 0; i < GROUP; i++)
		hit |= (keys[i] == wanted[0]) | (keys[i] == wanted[1]) | (keys[i] == wanted[2]) |
		       (keys[i] == wanted[3]);
	return hit;
}

static int by_age(const void *a, const void *b)
{
	const struct ct_orphan *x = *(struct ct_orphan *const *)a,
			       *y = *(struct ct_orphan *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Of the places from there on that have a key of these: those that are its own. */
static size_t find_group(struct ct_core *core, const struct ct_container *c, size_t from,
			 struct ct_orphan **found)
{
	size_t n = 0;

	for (size_t i = from; i < from + GROUP; i++) {
		if (core->steps->orphan_keys[i] && is_of(&core->steps->orphans[i], c))
			found[n++] = &core->steps->orphans[i];
	}
	return n;
}

/* The oldest first. */
void ct_orphans_adopt(struct ct_core *core, struct ct_container *c)
{
	/* What is not known of it yet is looked for as something that it is not. */
	const uint32_t id = orphan_key(CT_BY_ID, c->who.id, 0),
		       layer = orphan_key(CT_BY_LAYER, c->layer, 0),
		       sandbox = orphan_key(CT_BY_SANDBOX, c->sandbox, 0),
		       netns = orphan_key(CT_BY_NETNS, "", c->netns);
	const uint32_t wanted[] = { id, layer ? layer : id, sandbox ? sandbox : id,
				    netns ? netns : id };
	struct ct_orphan *found[CT_ORPHANS_PLACES];
	size_t n = 0;

	for (size_t at = 0; at < core->steps->orphan_used; at += GROUP) {
		if (group_has(&core->steps->orphan_keys[at], wanted))
			n += find_group(core, c, at, found + n);
	}
	qsort(found, n, sizeof(struct ct_orphan *), by_age);
	for (size_t i = 0; i < n; i++) {
		ct_step_merge(core, c, &found[i]->step, ADOPT_GAP_NS);
		orphan_drop(core, found[i]);
	}
}
