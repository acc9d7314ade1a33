// SPDX-License-Identifier: GPL-2.0-only
/* What a signal sets, and what follows from it. */
#include "state.h"

static bool docker_starts_again(const struct ct_container *c, enum ct_signal signal,
				struct ct_text what)
{
	if (!c->run.marks[CT_MARK_EXIT])
		return false;
	return (signal == CT_SIG_API_REQUEST && ct_text_is(what, "start")) ||
	       (signal == CT_SIG_TASK_REQUEST && ct_text_is(what, "Create"));
}

/* A stopped container starts again: its stop is complete, whatever is missing of it. */
static void start_again(struct ct_core *core, struct ct_container *c, enum ct_signal signal)
{
	uint64_t connected = c->host_synced > c->config_synced ? c->host_synced : 0;
	enum ct_cause cause = CT_CAUSE_REQUEST;

	if (signal == CT_SIG_TASK_REQUEST)
		cause = c->restart_asked ? CT_CAUSE_RESTART_REQUEST : CT_CAUSE_POLICY;
	if (!c->run.start_reported)
		ct_report_start(core, c, CT_OUTCOME_CUT);
	if (!c->run.stop_reported)
		ct_report_stop(core, c, CT_OUTCOME_OK);
	ct_container_new_run(core, c, cause);
	/* The last sync before the task is created was the host config alone: the endpoint has
	 * joined. When the engine saves a stopped container, both files are synced. */
	if (cause != CT_CAUSE_REQUEST && connected > c->run.base_ns)
		c->run.marks[CT_MARK_CONNECT_END] = connected;
	/* The engine is in the middle of a request: it started as soon as it had stopped. */
	if (cause == CT_CAUSE_RESTART_REQUEST)
		c->run.marks[CT_MARK_START_BEGIN] = c->run.base_ns;
}

void ct_signal(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
	       struct ct_text what, uint64_t ts_ns)
{
	if (docker_starts_again(c, signal, what))
		start_again(core, c, signal);
	c->last_ns = ts_ns;
	for (size_t i = 0; i < ct_rule_count; i++) {
		const struct ct_rule *rule = &ct_rules[i];

		if (rule->signal == signal && ct_rule_matches(rule, signal, what, c->run.marks))
			c->run.marks[rule->mark] = ts_ns;
	}
	switch (signal) {
	case CT_SIG_API_REQUEST:
		if (ct_text_is(what, "restart"))
			c->restart_asked = true;
		break;
	case CT_SIG_API_ANSWER:
		if (ct_text_is(what, "restart"))
			c->restart_asked = false;
		if (ct_text_is(what, "delete"))
			c->removed = true;
		break;
	case CT_SIG_SYNC:
		if (ct_text_starts(what, ".tmp-hostconfig"))
			c->host_synced = ts_ns;
		else if (ct_text_starts(what, ".tmp-config"))
			c->config_synced = ts_ns;
		break;
	case CT_SIG_UNLINK:
		if (ct_text_is(what, "config.v2.json"))
			c->removed = true;
		break;
	case CT_SIG_INIT_EXEC:
		ct_readied(core, c, CT_READY_EXEC, ts_ns);
		break;
	case CT_SIG_ENGINE_REQUEST:
		/* The network store was last synced by us: closer than what follows it. */
		if (c->run.marks[CT_MARK_DISCONNECT_END] == ts_ns && c->run.network_synced &&
		    !c->run.network_crowded)
			c->run.marks[CT_MARK_DISCONNECT_END] = c->run.network_synced;
		break;
	default:
		break;
	}
	ct_attend(core, c);
	ct_evaluate(core, c);
}

/* The engine refused a request: the marks that it set were none. */
void ct_refused(struct ct_core *core, struct ct_container *c, struct ct_text verb,
		uint64_t asked_ns)
{
	for (size_t i = 0; i < ct_rule_count; i++) {
		const struct ct_rule *rule = &ct_rules[i];

		if (rule->signal == CT_SIG_API_REQUEST && ct_text_starts(verb, rule->what) &&
		    c->run.marks[rule->mark] == asked_ns)
			c->run.marks[rule->mark] = 0;
	}
	ct_evaluate(core, c);
}

void ct_failed(struct ct_core *core, struct ct_container *c, struct ct_text message)
{
	if (message.len)
		ct_text_copy(c->run.message, sizeof(c->run.message), message);
	c->run.failed_ns = core->now;
	if (!c->run.start_reported)
		ct_report_start(core, c, CT_OUTCOME_FAILED);
	/* It never ran: what follows is the engine cleaning up, not a stop. */
	c->run.stop_reported = true;
	ct_attend(core, c);
	ct_evaluate(core, c); /* with --rm it may be gone already: nothing else would ask */
}

void ct_readied(struct ct_core *core, struct ct_container *c, enum ct_ready by, uint64_t ts_ns)
{
	uint32_t mask = core->opts.ready_mask;

	if (!mask)
		mask = 1u << CT_READY_LISTEN | 1u << CT_READY_ACCEPT | 1u << CT_READY_OUTPUT;
	if (c->run.ready_at[by] ||
	    (c->run.marks[CT_MARK_EXIT] && ts_ns > c->run.marks[CT_MARK_EXIT]))
		return;
	c->run.ready_at[by] = ts_ns;
	c->last_ns = ts_ns;
	if ((mask & 1u << by) && !c->run.marks[CT_MARK_READY]) {
		c->run.marks[CT_MARK_READY] = ts_ns;
		ct_evaluate(core, c);
	}
}

/*
 * dockerd's network store is one file for all containers. Its syncs tell when the endpoint of a
 * container is gone only while no other container of the engine is between two states.
 */
void ct_network_synced(struct ct_core *core, uint32_t engine, uint64_t ts_ns)
{
	struct ct_container *c, *only = NULL;
	unsigned moving = 0;

	DL_FOREACH(core->attended, c)
	{
		const uint64_t *m = c->run.marks;
		bool starts = m[CT_MARK_START_BEGIN] && !m[CT_MARK_START_END] && !m[CT_MARK_EXIT] &&
			      !c->run.failed_ns;
		bool stops = m[CT_MARK_EXIT] && !m[CT_MARK_DISCONNECT_END];

		if (c->who.engine_pid != engine || (!starts && !stops))
			continue;
		moving++;
		if (stops && m[CT_MARK_DIE_END])
			only = c;
	}
	if (!only)
		return;
	if (moving == 1) {
		only->run.network_synced = ts_ns;
		return;
	}
	DL_FOREACH(core->attended, c)
	{
		if (c->who.engine_pid == engine && c->run.marks[CT_MARK_DIE_END] &&
		    !c->run.marks[CT_MARK_DISCONNECT_END])
			c->run.network_crowded = true;
	}
}

void ct_engine_exited(struct ct_core *core, uint32_t engine)
{
	struct ct_container *c, *next;

	DL_FOREACH_SAFE(core->attended, c, next)
	{
		if (c->who.engine_pid != engine)
			continue;
		c->in_flight = 0;
		if (c->run.marks[CT_MARK_START_BEGIN] && !c->run.start_reported)
			ct_failed(core, c, ct_text("the engine exited", 17));
	}
}
