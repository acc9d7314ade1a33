// SPDX-License-Identifier: GPL-2.0-only
/* What a signal sets, and what follows from it. */
#include "core/life/life.h"

#include <stdlib.h>
#include <string.h>

struct ct_life {
	uint64_t rows[CT_FAMILY_MAX][CT_SIG_MAX]; /* bit per rule of the family */
	struct ct_builds *builds; /* owned */
	struct ct_versions *versions; /* owned */
};

static void index_rows(struct ct_life *life)
{
	for (size_t f = 0; f < CT_FAMILY_MAX; f++) {
		for (size_t i = 0; i < ct_families[f]->rule_count; i++)
			life->rows[f][ct_families[f]->rules[i].signal] |= 1ull << i;
	}
}

struct ct_life *ct_life_new(void)
{
	struct ct_life *life = calloc(1, sizeof(*life));

	if (!life)
		return NULL;
	index_rows(life);
	life->builds = ct_builds_new();
	life->versions = ct_versions_new();
	if (life->builds && life->versions)
		return life;
	ct_life_free(life);
	return NULL;
}

void ct_life_free(struct ct_life *life)
{
	if (life) {
		ct_builds_free(life->builds);
		ct_versions_free(life->versions);
	}
	free(life);
}

struct ct_builds *ct_life_builds(struct ct_core *core)
{
	return core->life->builds;
}

struct ct_versions *ct_life_versions(struct ct_core *core)
{
	return core->life->versions;
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
	core->seams->starts_again(core, c);
	ct_book_next_run(core, c, how->cause);
	if (c->family->again_began)
		c->family->again_began(c, how);
}

/*
 * An engine may answer a stop, and take the next request, before it is done with what has stopped: the
 * request waits for that. So does the next run here, or the stop would lack its end. Where nobody hears
 * what it saves there is nothing to wait for.
 */
static bool is_too_early(const struct ct_core *core, const struct ct_container *c,
			 const struct ct_again *how)
{
	const struct ct_run *run = &c->run;

	return c->family->stops_to && how->cause == CT_CAUSE_REQUEST && !run->again &&
	       !run->stop_reported && run->stop_order != CT_ORDER_FIRST && core->hears_syncs &&
	       run->marks[c->family->stops_from] && !run->marks[c->family->stops_to];
}

void ct_begin_again(struct ct_core *core, struct ct_container *c)
{
	const struct ct_again *how = c->run.again;
	uint64_t asked_ns = c->run.again_ns, last_ns = c->last_ns;

	if (!how)
		return;
	c->run.again = NULL;
	start_again(core, c, how);
	ct_signal(core, c, how->signal, ct_text(how->what, strlen(how->what)), asked_ns);
	c->last_ns = last_ns;
}

/* It has begun all the same: nobody will hear of what it waits for. */
static bool shows_begun(const struct ct_run *run, enum ct_signal signal, struct ct_text what)
{
	switch (signal) {
	case CT_SIG_API_REQUEST:
	case CT_SIG_TASK_REQUEST:
	case CT_SIG_INIT_EXEC:
		return true;
	case CT_SIG_API_ANSWER:
		return ct_text_is(what, run->again->what);
	default:
		return false;
	}
}

bool ct_hears(const struct ct_core *core, const struct ct_container *c, enum ct_signal signal)
{
	return core->life->rows[c->family->number][signal] != 0;
}

/* What asks for a stop, by the end of its name. */
static const struct {
	const char *end;
	enum ct_cause cause;
} stops[] = {
	{ "stop", CT_CAUSE_STOP_REQUEST },           { "StopContainer", CT_CAUSE_STOP_REQUEST },
	{ "StopPodSandbox", CT_CAUSE_STOP_REQUEST }, { "kill", CT_CAUSE_KILL_REQUEST },
	{ "Kill", CT_CAUSE_KILL_REQUEST },           { "restart", CT_CAUSE_RESTART_REQUEST },
	{ "delete", CT_CAUSE_REMOVE_REQUEST },       { " rm", CT_CAUSE_REMOVE_REQUEST },
};

enum ct_cause ct_stop_cause(const char *what)
{
	size_t len = strlen(what);

	for (size_t i = 0; i < CT_ARRAY_SIZE(stops); i++) {
		size_t n = strlen(stops[i].end);

		if (len >= n && !strcmp(what + len - n, stops[i].end))
			return stops[i].cause;
	}
	return CT_CAUSE_REQUEST;
}

static void one_order(uint8_t *run, uint8_t *engine)
{
	if (*run)
		*engine = *run;
	else
		*run = *engine;
}

/* An engine does for all in the order that one has shown; unless another shows another one. */
static void take_order(struct ct_core *core, struct ct_container *c)
{
	struct ct_actor_state *engine = ct_actor_get(core, c->who.engine_pid);

	if (!engine)
		return;
	one_order(&c->run.start_order, &engine->start_order);
	one_order(&c->run.stop_order, &engine->stop_order);
}

void ct_signal(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
	       struct ct_text what, uint64_t ts_ns)
{
	enum ct_effect effect = CT_EFFECT_NONE;
	const struct ct_again *how;
	uint64_t exit_ns, rows;

	if (c->run.again && shows_begun(&c->run, signal, what))
		ct_begin_again(core, c);
	how = c->draft ? NULL : starts_again(c, signal, what);
	if (how && is_too_early(core, c, how)) {
		c->run.again = how;
		c->run.again_ns = ts_ns;
		ct_book_touch(core, c);
		return;
	}
	if (how)
		start_again(core, c, how);
	exit_ns = c->run.marks[CT_MARK_EXIT];
	c->last_ns = ts_ns;
	for (rows = core->life->rows[c->family->number][signal]; rows; rows &= rows - 1) {
		const struct ct_rule *rule = &c->family->rules[__builtin_ctzll(rows)];

		if (!ct_rule_matches(rule, signal, what, c->run.marks))
			continue;
		c->run.marks[rule->mark] = ts_ns;
		if (rule->mark == CT_MARK_STOP_BEGIN)
			c->run.stop_cause = ct_stop_cause(rule->what);
	}
	if (c->family->start_other.count)
		take_order(core, c);
	if (c->family->follow)
		effect = c->family->follow(c, signal, what, ts_ns);
	if (effect & (CT_EFFECT_FAILED | CT_EFFECT_DOUBTED))
		ct_failed(core, c, ct_text("", 0));
	c->run.doubted |= !!(effect & CT_EFFECT_DOUBTED);
	if (c->draft)
		return;
	ct_book_touch(core, c);
	if (c->run.marks[CT_MARK_EXIT] != exit_ns)
		ct_book_file(core, c);
	if (signal == CT_SIG_INIT_EXEC)
		ct_readied(core, c, CT_READY_EXEC, ts_ns);
	ct_book_moves(core, c);
	ct_book_changed(core, c);
	if (c->run.again && c->run.marks[c->family->stops_to])
		ct_begin_again(core, c);
}

void ct_refused(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
		struct ct_text verb, uint64_t asked_ns)
{
	for (size_t i = 0; i < c->family->rule_count; i++) {
		const struct ct_rule *rule = &c->family->rules[i];

		if (rule->signal == signal && rule->what && ct_text_starts(verb, rule->what) &&
		    c->run.marks[rule->mark] == asked_ns)
			c->run.marks[rule->mark] = 0;
	}
	ct_book_changed(core, c);
}

void ct_failed(struct ct_core *core, struct ct_container *c, struct ct_text message)
{
	if (message.len)
		ct_text_copy(c->run.message, sizeof(c->run.message), message);
	c->run.failed_ns = core->now;
	/* It never ran: what follows is the engine cleaning up, not a stop. */
	c->run.stop_reported = true;
	ct_book_moves(core, c);
	ct_book_changed(core, c); /* with --rm it may be gone already: nothing else would ask */
}

void ct_readied(struct ct_core *core, struct ct_container *c, enum ct_ready by, uint64_t ts_ns)
{
	uint32_t mask = core->opts.ready_mask;

	if (!mask)
		mask = 1u << CT_READY_LISTEN | 1u << CT_READY_ACCEPT | 1u << CT_READY_OUTPUT |
		       1u << CT_READY_PROBE;
	if (c->run.ready_at[by] ||
	    (c->run.marks[CT_MARK_EXIT] && ts_ns > c->run.marks[CT_MARK_EXIT]))
		return;
	c->run.ready_at[by] = ts_ns;
	c->last_ns = ts_ns;
	if ((mask & 1u << by) && !c->run.marks[CT_MARK_READY]) {
		c->run.marks[CT_MARK_READY] = ts_ns;
		ct_book_changed(core, c);
	}
}

void ct_engine_exited(struct ct_core *core, uint32_t engine)
{
	struct ct_container *c;

	for (c = ct_book_moving(core); c; c = c->next) {
		if (c->who.engine_pid != engine)
			continue;
		ct_begin_again(core, c);
		c->in_flight = 0;
		if (c->run.marks[c->family->asked] && !c->run.start_reported)
			ct_failed(core, c, ct_text("the engine exited", 17));
	}
}
