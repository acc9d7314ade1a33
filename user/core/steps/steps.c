// SPDX-License-Identifier: GPL-2.0-only
#include "core/state.h"

#include <stdlib.h>

#define ADOPT_GAP_NS (3 * CT_NS_PER_MS)
#define MERGE_LOOK   12
#define STEPS_ROOM   32 /* at first */
/* A stop is heard of before what happens in it, and told not much later: this is plenty. */
#define KEEP_NS   (60000 * CT_NS_PER_MS)
#define ORPHAN_NS (1000 * CT_NS_PER_MS)

static void descend(struct ct_core *core, struct ct_step *step)
{
	const struct ct_actor_state *a = ct_actor_get(core, step->pid);

	if (!a)
		return;
	step->up[0] = a->parent;
	memcpy(&step->up[1], a->above, sizeof(a->above));
}

void ct_steps_drop(struct ct_run *run)
{
	free(run->steps);
	run->steps = NULL;
	run->steps_forgotten += run->step_count;
	run->step_count = run->step_room = 0;
}

/*
 * Nobody will tell what began between the start, which has been told, and the stop: of a container
 * whose health is checked that is a step or more every few seconds.
 */
static void forget_between(const struct ct_core *core, struct ct_run *run)
{
	static const enum ct_mark stop[] = { CT_MARK_STOP_BEGIN, CT_MARK_EXIT };
	uint64_t from = core->now > KEEP_NS ? core->now - KEEP_NS : 0;
	size_t n = 0;

	if (!run->start_reported)
		return;
	for (size_t i = 0; i < CT_ARRAY_SIZE(stop); i++) {
		if (run->marks[stop[i]] && run->marks[stop[i]] < from)
			from = run->marks[stop[i]];
	}
	while (n < run->step_count && run->steps[n].begin_ns < from)
		n++;
	if (!n)
		return;
	run->step_count -= n;
	run->steps_forgotten += n;
	memmove(run->steps, run->steps + n, run->step_count * sizeof(*run->steps));
}

/* False: there is none. */
static bool make_room(const struct ct_core *core, struct ct_run *run)
{
	size_t room = run->step_room ? 2 * run->step_room : STEPS_ROOM;
	struct ct_step *steps;

	if (run->step_count < run->step_room)
		return true;
	forget_between(core, run);
	if (run->step_count < run->step_room / 2 || room > CT_STEPS_MAX)
		return run->step_count < run->step_room;
	steps = realloc(run->steps, room * sizeof(*steps));
	if (!steps)
		return run->step_count < run->step_room;
	run->steps = steps;
	run->step_room = room;
	return true;
}

/* Number of the step in the run, or -1 when it is not kept. */
int ct_step_add(struct ct_core *core, struct ct_container *c, const struct ct_step *step)
{
	struct ct_run *run = &c->run;

	if (!core->opts.steps)
		return -1;
	if (!make_room(core, run)) {
		core->counts.lost[CT_LOSS_STEPS]++;
		return -1;
	}
	run->steps[run->step_count] = *step;
	descend(core, &run->steps[run->step_count]);
	return (int)(run->steps_forgotten + run->step_count++);
}

/*
 * Calls of the same kind by the same process, close to each other, are one step that counts. What
 * it did before it executed something else is another program's.
 */
void ct_step_merge(struct ct_core *core, struct ct_container *c, const struct ct_step *step,
		   uint64_t gap_ns)
{
	struct ct_run *run = &c->run;
	size_t look = run->step_count < MERGE_LOOK ? run->step_count : MERGE_LOOK;

	for (size_t i = 0; i < look; i++) {
		struct ct_step *s = &run->steps[run->step_count - 1 - i];

		if (s->pid != step->pid)
			continue;
		if (s->kind == CT_STEP_PROGRAM && step->begin_ns >= s->begin_ns)
			break;
		if (s->name != step->name || s->open || step->begin_ns > s->end_ns + gap_ns)
			continue;
		if (step->end_ns > s->end_ns)
			s->end_ns = step->end_ns;
		if (step->begin_ns < s->begin_ns)
			s->begin_ns = step->begin_ns;
		s->count += step->count;
		return;
	}
	ct_step_add(core, c, step);
}

void ct_step_end(struct ct_core *core, struct ct_actor_state *a, uint64_t ts_ns, int status)
{
	struct ct_container *c = a->container;
	size_t number = (size_t)a->step, forgotten;
	bool kept = a->step >= 0;

	(void)core;
	a->step = -1;
	if (!c || c->run.seq != a->run_seq)
		return;
	forgotten = c->run.steps_forgotten;
	if (kept && number >= forgotten && number - forgotten < c->run.step_count) {
		c->run.steps[number - forgotten].end_ns = ts_ns;
		c->run.steps[number - forgotten].open = false;
	}
	/* Of the processes that fail one inside the other, the innermost exits first. */
	if (status && a->role == CT_ROLE_RUNTIME && a->execed && !c->run.failed_step &&
	    !c->run.marks[CT_MARK_EXIT])
		c->run.failed_step =
			a->op == CT_OP_CREATE || a->op == CT_OP_RUN || a->op == CT_OP_START
				? a->program
				: NULL;
}

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
	size_t at = (size_t)(o - core->orphans);

	ct_share_leave(core, &o->held);
	core->orphan_keys[at] = 0;
	core->orphan_spare[core->orphan_spares++] = (uint16_t)at;
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
	for (size_t i = 0; i < core->orphan_used; i++) {
		if (core->orphans[i].held.share)
			orphan_drop(core, &core->orphans[i]);
	}
	free(core->orphans);
}

/* There always is a place: the shares hold no more than all but the last few. */
static struct ct_orphan *orphan_make(struct ct_core *core, const struct ct_scope *scope)
{
	size_t at = core->orphan_spares ? core->orphan_spare[--core->orphan_spares]
					: core->orphan_used++;
	struct ct_orphan *o = &core->orphans[at];

	if (ct_share_enter(core, scope, CT_SHARE_ORPHANS, &o->held))
		return o;
	core->orphan_spare[core->orphan_spares++] = (uint16_t)at;
	return NULL;
}

void ct_orphan_add(struct ct_core *core, const struct ct_scope *scope, enum ct_orphan_key by,
		   struct ct_text text, uint64_t netns, const struct ct_step *step)
{
	struct ct_orphan *o;

	if (!core->opts.steps || !scope || text.len >= sizeof(o->text))
		return;
	if (!core->orphans)
		core->orphans = calloc(CT_ORPHANS_PLACES, sizeof(*core->orphans));
	o = core->orphans ? orphan_make(core, scope) : NULL;
	if (!o)
		return;
	o->by = by;
	o->scope = *scope;
	o->netns = netns;
	o->seq = ++core->orphan_seq;
	ct_text_copy(o->text, sizeof(o->text), text);
	o->step = *step;
	core->orphan_keys[o - core->orphans] = orphan_key(by, o->text, netns);
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
		if (core->orphan_keys[i] && is_of(&core->orphans[i], c))
			found[n++] = &core->orphans[i];
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

	for (size_t at = 0; at < core->orphan_used; at += GROUP) {
		if (group_has(&core->orphan_keys[at], wanted))
			n += find_group(core, c, at, found + n);
	}
	qsort(found, n, sizeof(struct ct_orphan *), by_age);
	for (size_t i = 0; i < n; i++) {
		ct_step_merge(core, c, &found[i]->step, ADOPT_GAP_NS);
		orphan_drop(core, found[i]);
	}
}
