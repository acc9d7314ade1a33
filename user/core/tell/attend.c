// SPDX-License-Identifier: GPL-2.0-only
/*
 * A container between two states is attended to: every piece of evidence, and every passing of
 * its deadline, asks whether its start or its stop is now complete.
 */
#include "core/tell/made.h"
#include "core/tell/tell.h"

#include <stdlib.h>

#define READY_TIMEOUT_NS (10000 * CT_NS_PER_MS)
/* After an exit, how long the shim may take to pass on what was written before it. */
#define RELAY_WAIT_NS (20 * CT_NS_PER_MS)
/* After a create, how long the start may take to be asked for and still be told with it. */
#define CREATE_WAIT_NS (2000 * CT_NS_PER_MS)
/* After the last file was seen going, how long until the removal is over. */
#define SETTLE_NS (150 * CT_NS_PER_MS)
/*
 * How long the answer to who it is may take: as long as events wait in the ring (CT_LIVE_AWAKE_MS of
 * source/live/live.h) and to be put in order, and as long again.
 */
#define IDENTITY_WAIT_NS (250 * CT_NS_PER_MS)
/* That events were lost is heard when those have been that were not, and who listens may be late. */
#define LOSS_WAIT_NS (2000 * CT_NS_PER_MS)
/* After the exit, how long until a stop whose evidence does not come is given up. */
#define STOP_TIMEOUT_NS (30000 * CT_NS_PER_MS)

static void unattend(struct ct_core *core, struct ct_container *c)
{
	if (!c->moving)
		return;
	ct_book_rests(core, c);
	if (c->removed && !c->gone) {
		c->gone = true;
		c->gone_ns = core->now;
		ct_steps_drop(&c->run);
		ct_book_file(core, c);
	}
	ct_book_touch(core, c);
}

static void wait_until(struct ct_core *core, struct ct_container *c, uint64_t when)
{
	c->deadline = when;
	if (!core->due_ns || when < core->due_ns)
		core->due_ns = when;
}

static bool start_is_open(const struct ct_container *c)
{
	return !c->run.start_reported && ct_run_any(&c->run, c->family->opens);
}

/* When the engine was done starting, 0 if it is not. */
static uint64_t started_at(const struct ct_container *c)
{
	const uint64_t *m = c->run.marks;

	if (m[CT_MARK_START_END])
		return m[CT_MARK_START_END];
	if (ct_start_unasked(c))
		return m[CT_MARK_START_SAVED];
	return 0;
}

static uint64_t ready_timeout(const struct ct_core *core)
{
	uint64_t asked = core->opts.ready_timeout_ns;

	return asked ? asked : READY_TIMEOUT_NS;
}

bool ct_start_signless(const struct ct_core *core, const struct ct_container *c)
{
	uint64_t started = started_at(c);

	return started && !c->run.marks[CT_MARK_READY] &&
	       core->lost_ns < ct_run_first(&c->run, c->family->opens) &&
	       core->now >= started + ready_timeout(core);
}

/* What looks like a failure may be the status of what has run unseen. */
static enum ct_outcome failure(const struct ct_core *core, const struct ct_container *c)
{
	return c->run.doubted && core->hole_ns >= ct_run_first(&c->run, c->family->opens)
		       ? CT_OUTCOME_CUT
		       : CT_OUTCOME_FAILED;
}

/* From when on the start can be told, and as what; 0: not yet. */
static uint64_t start_due(const struct ct_core *core, const struct ct_container *c,
			  enum ct_outcome *outcome)
{
	uint64_t started = started_at(c);
	const uint64_t *m = c->run.marks;

	*outcome = CT_OUTCOME_OK;
	if (c->run.cause == CT_CAUSE_REQUEST && !ct_run_any(&c->run, c->family->begins))
		*outcome = CT_OUTCOME_CUT; /* it was asked for before tracing began */
	if (c->run.failed_ns) {
		*outcome = failure(core, c);
		return c->run.failed_ns +
		       (c->run.doubted && *outcome == CT_OUTCOME_FAILED ? LOSS_WAIT_NS : 0);
	}
	if (started && m[CT_MARK_READY])
		return m[CT_MARK_READY];
	/* A short life: its output may still be on its way through the shim. */
	if (started && m[CT_MARK_EXIT])
		return c->last_ns + RELAY_WAIT_NS;
	if (started)
		return started + ready_timeout(core);
	*outcome = CT_OUTCOME_CUT;
	if (m[CT_MARK_EXIT])
		return c->last_ns + STOP_TIMEOUT_NS;
	/* What is waited for may have been among what was lost, and never come. */
	return core->hole_ns >= ct_run_first(&c->run, c->family->opens) ? c->last_ns + CT_WAIT_NS
									: 0;
}

static void evaluate_start(struct ct_core *core, struct ct_container *c)
{
	enum ct_outcome outcome;
	uint64_t due = start_due(core, c, &outcome);

	if (due && c->looked_up_ns && due < c->looked_up_ns + IDENTITY_WAIT_NS)
		due = c->looked_up_ns + IDENTITY_WAIT_NS;
	if (due && core->now >= due)
		ct_report_start(core, c, outcome);
	else if (due)
		wait_until(core, c, due);
}

/* How long after the last sign of what has exited nothing more is to be expected. */
static uint64_t stop_wait(const struct ct_container *c)
{
	if (c->removed)
		return SETTLE_NS;
	return c->run.marks[c->family->stopped] ? c->family->remove_wait_ns : STOP_TIMEOUT_NS;
}

static void evaluate_stop(struct ct_core *core, struct ct_container *c)
{
	uint64_t wait = stop_wait(c);

	if (start_is_open(c))
		return; /* a short life: the start is reported first */
	if (c->in_flight && core->now < c->last_ns + STOP_TIMEOUT_NS) {
		wait_until(core, c, c->last_ns + STOP_TIMEOUT_NS);
		return;
	}
	if (core->now >= c->last_ns + wait) {
		c->in_flight = 0; /* who asked has left without his answer */
		ct_report_stop(core, c, CT_OUTCOME_OK);
	} else {
		wait_until(core, c, c->last_ns + wait);
	}
}

/* A step of a build is told when all of it is over. */
static void evaluate_build(struct ct_core *core, struct ct_container *c)
{
	enum ct_outcome outcome = CT_OUTCOME_OK;
	uint64_t due = 0;

	if (c->run.failed_ns) {
		outcome = failure(core, c);
		due = c->run.failed_ns +
		      (c->run.doubted && outcome == CT_OUTCOME_FAILED ? LOSS_WAIT_NS : 0);
	} else if (c->run.marks[CT_MARK_EXIT]) {
		due = c->last_ns + stop_wait(c);
	} else if (core->hole_ns >= ct_run_first(&c->run, c->family->opens)) {
		outcome = CT_OUTCOME_CUT;
		due = c->last_ns + CT_WAIT_NS;
	}
	if (due && core->now >= due)
		ct_report_build(core, c, outcome);
	else if (due)
		wait_until(core, c, due);
}

/* Created, and nobody starts it: that is all there is to say for now. */
static void evaluate_create(struct ct_core *core, struct ct_container *c)
{
	uint64_t until = c->last_ns + CREATE_WAIT_NS;

	if (core->now >= until || c->removed)
		ct_report_create(core, c);
	else
		wait_until(core, c, until);
}

static void evaluate(struct ct_core *core, struct ct_container *c)
{
	bool opened = ct_run_any(&c->run, c->family->opens);

	c->deadline = 0;
	if (c->run.marks[CT_MARK_CREATE_END] && !opened)
		evaluate_create(core, c);
	/* What nobody has begun is not waited for. */
	if (!opened && c->run.failed_ns && !c->run.start_reported)
		ct_report_start(core, c, CT_OUTCOME_FAILED);
	if (opened && !c->run.start_reported && c->family->build)
		evaluate_build(core, c);
	else if (opened && !c->run.start_reported)
		evaluate_start(core, c);
	if (c->run.marks[CT_MARK_EXIT] && !c->run.stop_reported && !c->family->build)
		evaluate_stop(core, c);
	else if ((c->run.marks[CT_MARK_REMOVE_BEGIN] || c->removed) && !c->run.remove_told &&
		 !c->deadline && !c->in_flight) {
		/* Removed long after its stop, or without ever having run. */
		if (core->now >= c->last_ns + SETTLE_NS)
			ct_report_remove(core, c);
		else
			wait_until(core, c, c->last_ns + SETTLE_NS);
	}
	if (!c->deadline && (!opened || c->run.start_reported) &&
	    (!c->run.marks[CT_MARK_EXIT] || c->run.stop_reported) && !c->in_flight)
		unattend(core, c);
}

void ct_tell_due(struct ct_core *core)
{
	struct ct_container *c, *next;

	core->due_ns = 0;
	for (c = ct_book_moving(core); c; c = next) {
		uint64_t due = c->deadline;

		next = c->next;
		if (due && core->now >= due)
			evaluate(core, c);
		else if (due && (!core->due_ns || due < core->due_ns))
			core->due_ns = due;
	}
	ct_tell_images_due(core);
	ct_made_due(core);
}

void ct_tell_changed(struct ct_core *core)
{
	struct ct_container *c;

	while ((c = ct_book_take_changed(core)))
		evaluate(core, c);
	core->changed = false;
}

void ct_tell_lost(struct ct_core *core)
{
	for (struct ct_container *c = ct_book_moving(core); c; c = c->next)
		ct_book_changed(core, c);
}

/* Its stop is complete, whatever is missing of it. */
void ct_tell_again(struct ct_core *core, struct ct_container *c)
{
	if (!c->run.start_reported)
		ct_report_start(core, c, c->run.failed_ns ? failure(core, c) : CT_OUTCOME_CUT);
	if (!c->run.stop_reported)
		ct_report_stop(core, c, CT_OUTCOME_OK);
}

static void cut(struct ct_core *core, struct ct_container *c)
{
	const uint64_t *m = c->run.marks;

	/* What is complete but for its waiting times is complete. */
	if (c->family->build) {
		if (!c->run.start_reported && ct_run_any(&c->run, c->family->opens))
			ct_report_build(core, c,
					c->run.failed_ns        ? failure(core, c)
					: m[c->family->stopped] ? CT_OUTCOME_OK
								: CT_OUTCOME_CUT);
		return;
	}
	if (m[CT_MARK_CREATE_END] && !ct_run_any(&c->run, c->family->opens))
		ct_report_create(core, c);
	if (!c->run.start_reported && ct_run_any(&c->run, c->family->opens))
		ct_report_start(core, c,
				c->run.failed_ns       ? failure(core, c)
				: m[CT_MARK_START_END] ? CT_OUTCOME_OK
						       : CT_OUTCOME_CUT);
	if (m[CT_MARK_EXIT] && !c->run.stop_reported)
		ct_report_stop(core, c, m[c->family->stopped] ? CT_OUTCOME_OK : CT_OUTCOME_CUT);
	else if (m[CT_MARK_REMOVE_END] && !c->run.remove_told)
		ct_report_remove(core, c);
}

void ct_tell_flush(struct ct_core *core)
{
	struct ct_container *c, *next;

	for (c = ct_book_moving(core); c; c = next) {
		next = c->next;
		ct_begin_again(core, c);
		cut(core, c);
	}
	ct_tell_images_left(core);
	ct_made_flush(core);
}
