// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generations of an engine do the same in another order, and its family has rows for those that were watched
 * (life/family.h). What is seen whole and fits none of them is of one that nobody knows here: when it joined a
 * network, or let go of it, is not guessed.
 */
#include "core/tell/tell.h"

/* After the exit; those that are known are done in a tenth of that. */
#define DONE_NS (10000 * CT_NS_PER_MS)

static bool is_strange_start(const struct ct_container *c, const struct ct_record *rec,
			     const struct ct_actor_state *engine)
{
	const uint64_t *m = c->run.marks;

	/* Of what nobody asks for it is not always seen. */
	return rec->missing & 1u << CT_PHASE_CONNECT && rec->outcome == CT_OUTCOME_OK &&
	       m[c->family->asked] && m[CT_MARK_START_END] && !engine->start_order;
}

/* All of it is over: it has been saved, or is gone. */
static bool is_strange_stop(const struct ct_core *core, const struct ct_container *c,
			    const struct ct_record *rec, const struct ct_actor_state *engine)
{
	const uint64_t *m = c->run.marks;
	bool done = c->removed || c->config_synced > m[CT_MARK_DIE_END] ||
		    core->now > m[CT_MARK_EXIT] + DONE_NS;

	return rec->missing & 1u << CT_PHASE_DISCONNECT && m[CT_MARK_DIE_END] && done &&
	       !c->run.network_crowded && !engine->stop_order;
}

void ct_tell_strange(struct ct_core *core, const struct ct_record *rec,
		     const struct ct_container *c)
{
	const struct ct_actor_state *engine = ct_actor_get(core, c->who.engine_pid);
	struct ct_strange_of of = { .pid = c->who.engine_pid };

	if (!c->family || !c->family->start_other.count || !engine || !core->hears_syncs ||
	    rec->begin_ns < core->begin_ns || core->lost_ns >= rec->begin_ns ||
	    core->hole_ns >= rec->begin_ns)
		return;
	of.starts = rec->type == CT_RECORD_START && is_strange_start(c, rec, engine);
	of.stops = rec->type == CT_RECORD_STOP && is_strange_stop(core, c, rec, engine);
	if (engine->engine_name)
		ct_text_copy(of.engine, sizeof(of.engine),
			     ct_text(engine->engine_name, strlen(engine->engine_name)));
	if (engine->version)
		ct_text_copy(of.version, sizeof(of.version),
			     ct_text(engine->version, strlen(engine->version)));
	ct_strange_add(&core->counts.strange, &of);
}
