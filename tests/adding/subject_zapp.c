// SPDX-License-Identifier: GPL-2.0-only
/* A subject that nobody has: the visit of a container, from its start until it has stopped. */
#include "core/tell/made.h"
#include "core/tell/segments.h"

struct visits {
	uint64_t begin_ns, ready_ns;
};

static void told(struct ct_core *core, void *state, const struct ct_record *rec,
		 struct ct_container *c)
{
	struct visits *v = state;
	struct ct_record visit = {
		.type = CT_RECORD_VISIT,
		.who = &c->who,
		.begin_ns = v->begin_ns,
		.end_ns = rec->end_ns,
		.ready = -1,
		.exit_code = rec->exit_code,
		.message = "",
	};

	if (rec->type == CT_RECORD_START) {
		v->begin_ns = rec->begin_ns;
		v->ready_ns = rec->end_ns;
	}
	if (rec->type != CT_RECORD_STOP)
		return;
	ct_segments_fill(&visit, CT_PHASE_ARRIVE, v->begin_ns, v->ready_ns);
	ct_segments_fill(&visit, CT_PHASE_UNKNOWN, v->ready_ns, rec->end_ns);
	ct_made_tell(core, &visit);
}

static void nothing(struct ct_core *core, void *state)
{
	(void)core, (void)state;
}

static void goes(struct ct_core *core, void *state, const struct ct_container *c)
{
	(void)core, (void)state, (void)c;
}

static void owns_nothing(void *state)
{
	(void)state;
}

const struct ct_made_kind ct_made_visits = {
	.subject = CT_SUBJECT_VISIT,
	.state_size = sizeof(struct visits),
	.told = told,
	.due = nothing,
	.goes = goes,
	.flush = nothing,
	.free = owns_nothing,
};
