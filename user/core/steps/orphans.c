// SPDX-License-Identifier: GPL-2.0-only
/* Evidence whose container is not known yet, kept until it is. */
#include "core/steps/evidence.h"

#include <stdlib.h>
#include <utlist.h>

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

static struct ct_orphan **list_of(const struct ct_core *core, uint32_t key)
{
	return &core->steps->orphan_lists[key & (CT_ORPHAN_LISTS - 1)];
}

static void orphan_drop(struct ct_core *core, struct ct_orphan *o)
{
	size_t at = (size_t)(o - core->steps->orphans);

	ct_share_leave(core, &o->held);
	DL_DELETE(*list_of(core, o->key), o);
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
	o->key = orphan_key(by, o->text, netns);
	DL_APPEND(*list_of(core, o->key), o);
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

static int by_age(const void *a, const void *b)
{
	const struct ct_orphan *x = *(struct ct_orphan *const *)a,
			       *y = *(struct ct_orphan *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Those of that key that are its own; what is not known of it yet is no key. */
static size_t find(struct ct_core *core, const struct ct_container *c, uint32_t key,
		   struct ct_orphan **found)
{
	size_t n = 0;

	for (struct ct_orphan *o = key ? *list_of(core, key) : NULL; o; o = o->next)
		if (o->key == key && is_of(o, c))
			found[n++] = o;
	return n;
}

/* The oldest first. */
void ct_orphans_adopt(struct ct_core *core, struct ct_container *c)
{
	const uint32_t keys[] = {
		orphan_key(CT_BY_ID, c->who.id, 0),
		orphan_key(CT_BY_LAYER, c->layer, 0),
		orphan_key(CT_BY_SANDBOX, c->sandbox, 0),
		orphan_key(CT_BY_NETNS, "", c->netns),
	};
	struct ct_orphan *found[CT_ORPHANS_PLACES];
	size_t n = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(keys); i++)
		n += find(core, c, keys[i], found + n);
	qsort(found, n, sizeof(struct ct_orphan *), by_age);
	for (size_t i = 0; i < n; i++) {
		ct_step_merge(core, c, &found[i]->step, ADOPT_GAP_NS);
		orphan_drop(core, found[i]);
	}
}
