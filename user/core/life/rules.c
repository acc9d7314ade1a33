// SPDX-License-Identifier: GPL-2.0-only
/* What a signal sets, and what follows from it. */
#include "core/state.h"

/* Both lists end with NONE, or are full. */
bool ct_run_any(const struct ct_run *run, const enum ct_mark *marks)
{
	return ct_run_first(run, marks) != 0;
}

uint64_t ct_run_first(const struct ct_run *run, const enum ct_mark *marks)
{
	for (int i = 0; i < CT_MARK_LIST && marks[i]; i++) {
		if (run->marks[marks[i]])
			return run->marks[marks[i]];
	}
	return 0;
}

static const struct ct_again *starts_again(const struct ct_container *c, enum ct_signal signal,
					   struct ct_text what)
{
	if (!c->run.marks[CT_MARK_EXIT] && !c->removed && !c->run.failed_ns)
		return NULL;
	for (size_t i = 0; i < c->family->again_count; i++) {
		const struct ct_again *row = &c->family->again[i];

		if (row->signal == signal && ct_text_is(what, row->what))
			return row;
	}
	return NULL;
}

/* A stopped container starts again: its stop is complete, whatever is missing of it. */
static void start_again(struct ct_core *core, struct ct_container *c, const struct ct_again *how)
{
	if (c->family->again_begins)
		c->family->again_begins(c);
	if (!c->run.start_reported)
		ct_report_start(core, c, c->run.failed_ns ? CT_OUTCOME_FAILED : CT_OUTCOME_CUT);
	if (!c->run.stop_reported)
		ct_report_stop(core, c, CT_OUTCOME_OK);
	ct_container_new_run(core, c, how->cause);
	if (c->family->again_began)
		c->family->again_began(c, how);
}

void ct_rules_index(struct ct_core *core)
{
	for (size_t f = 0; f < CT_FAMILY_MAX; f++) {
		for (size_t i = 0; i < ct_families[f]->rule_count; i++)
			core->rule_rows[f][ct_families[f]->rules[i].signal] |= 1ull << i;
	}
}

bool ct_hears(const struct ct_core *core, const struct ct_container *c, enum ct_signal signal)
{
	return core->rule_rows[c->family->number][signal] != 0;
}

void ct_signal(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
	       struct ct_text what, uint64_t ts_ns)
{
	const struct ct_again *how = c->draft ? NULL : starts_again(c, signal, what);
	uint64_t exit_ns, rows;

	if (how)
		start_again(core, c, how);
	exit_ns = c->run.marks[CT_MARK_EXIT];
	c->last_ns = ts_ns;
	for (rows = core->rule_rows[c->family->number][signal]; rows; rows &= rows - 1) {
		const struct ct_rule *rule = &c->family->rules[__builtin_ctzll(rows)];

		if (ct_rule_matches(rule, signal, what, c->run.marks))
			c->run.marks[rule->mark] = ts_ns;
	}
	if (c->family->follow)
		c->family->follow(core, c, signal, what, ts_ns);
	if (c->draft)
		return;
	ct_book_touch(core, c);
	if (c->run.marks[CT_MARK_EXIT] != exit_ns)
		ct_book_file(core, c);
	if (signal == CT_SIG_INIT_EXEC)
		ct_readied(core, c, CT_READY_EXEC, ts_ns);
	ct_attend(core, c);
	ct_evaluate(core, c);
}

/* The engine refused a request: the marks that it set were none. */
void ct_refused(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
		struct ct_text verb, uint64_t asked_ns)
{
	for (size_t i = 0; i < c->family->rule_count; i++) {
		const struct ct_rule *rule = &c->family->rules[i];

		if (rule->signal == signal && rule->what && ct_text_starts(verb, rule->what) &&
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
	/* Who it is may still be being looked up; what nobody has begun is not waited for. */
	if (!c->run.start_reported && (!c->looked_up_ns || !ct_run_any(&c->run, c->family->opens)))
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

void ct_engine_exited(struct ct_core *core, uint32_t engine)
{
	struct ct_container *c, *next;

	DL_FOREACH_SAFE(core->attended, c, next)
	{
		if (c->who.engine_pid != engine)
			continue;
		c->in_flight = 0;
		if (c->run.marks[c->family->asked] && !c->run.start_reported)
			ct_failed(core, c, ct_text("the engine exited", 17));
	}
}
