// SPDX-License-Identifier: GPL-2.0-only
/* The steps of a run. */
#include "core/steps/evidence.h"

#include <stdlib.h>

#define MERGE_LOOK 12
#define STEPS_ROOM 32 /* at first */
/* A stop is heard of before what happens in it, and told not much later: this is plenty. */
#define KEEP_NS (60000 * CT_NS_PER_MS)

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

void ct_step_end(struct ct_actor_state *a, uint64_t ts_ns, int status)
{
	struct ct_container *c = a->container;
	size_t number = (size_t)a->step, forgotten;
	bool kept = a->step >= 0;

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
