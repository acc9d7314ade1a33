// SPDX-License-Identifier: GPL-2.0-only
/* The kinds of subjects that are made of others. */
#include "core/tell/made.h"
#include "core/tell/tell.h"

#include <stdlib.h>
#include <string.h>

static const struct ct_made_kind *const kinds[] = {
	&ct_made_pods,
	&ct_made_projects,
	&ct_made_groups,
};

struct ct_made {
	void *states[CT_ARRAY_SIZE(kinds)]; /* owned */
};

struct ct_made *ct_made_new(void)
{
	struct ct_made *made = calloc(1, sizeof(*made));

	for (size_t i = 0; made && i < CT_ARRAY_SIZE(kinds); i++) {
		made->states[i] = calloc(1, kinds[i]->state_size);
		if (!made->states[i]) {
			ct_made_free(made);
			return NULL;
		}
	}
	return made;
}

void ct_made_free(struct ct_made *made)
{
	for (size_t i = 0; made && i < CT_ARRAY_SIZE(kinds); i++) {
		if (made->states[i])
			kinds[i]->free(made->states[i]);
		free(made->states[i]);
	}
	free(made);
}

void ct_made_told(struct ct_core *core, const struct ct_record *rec, struct ct_container *c)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++)
		kinds[i]->told(core, core->made->states[i], rec, c);
}

void ct_made_due(struct ct_core *core)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++)
		kinds[i]->due(core, core->made->states[i]);
}

void ct_made_prepared(struct ct_core *core, const struct ct_event *e)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++)
		if (kinds[i]->prepared)
			kinds[i]->prepared(core, core->made->states[i], e);
}

void ct_made_exits(struct ct_core *core, uint32_t pid)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++)
		if (kinds[i]->exits)
			kinds[i]->exits(core, core->made->states[i], pid);
}

void ct_made_goes(struct ct_core *core, const struct ct_container *c)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++)
		kinds[i]->goes(core, core->made->states[i], c);
}

void ct_made_flush(struct ct_core *core)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++)
		kinds[i]->flush(core, core->made->states[i]);
}

void ct_tell_where(const struct ct_core *core, struct ct_record *rec)
{
	rec->node = core->opts.node;
	rec->labels = core->labels.len ? &core->labels : NULL;
	rec->run = core->run;
	if (core->run > 1 && rec->begin_ns < core->run_ns) /* told late: of the one before */
		rec->run--;
}

void ct_made_tell(struct ct_core *core, struct ct_record *rec)
{
	if (rec->end_ns < rec->begin_ns)
		return;
	ct_tell_where(core, rec);
	if (!core->opts.steps && !core->opts.parts)
		rec->step_count = 0;
	core->counts.unknown_phases += (unsigned)__builtin_popcount(rec->missing);
	if (core->ops.record)
		core->ops.record(core->ctx, rec);
}

void ct_made_wait(struct ct_core *core, uint64_t when)
{
	if (when && (!core->due_ns || when < core->due_ns))
		core->due_ns = when;
}

struct ct_step *ct_made_into_order(struct ct_step *steps, size_t count)
{
	size_t last = count - 1, at = 0;
	struct ct_step step = steps[last];

	while (at < last && (steps[at].depth || steps[at].begin_ns <= step.begin_ns))
		at++;
	memmove(&steps[at + 1], &steps[at], (last - at) * sizeof(step));
	steps[at] = step;
	for (size_t i = at + 1; i < count; i++)
		steps[i].parent += steps[i].parent > at;
	return &steps[at];
}
