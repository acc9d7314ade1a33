// SPDX-License-Identifier: GPL-2.0-only
/* Opened files, a run of a container each, until they are told. */
#include "core/opens/openers_table.h"

#include <stdlib.h>

#define RUNS_MAX 1024

/* In whose share a process is. NULL: nobody knows. */
const struct ct_scope *ct_opener_payer(struct ct_core *core, uint32_t tgid)
{
	const struct ct_actor_state *a = ct_actor_get(core, tgid);

	return a && a->held.share ? &a->held.share->scope : NULL;
}

void ct_run_learn(struct ct_opens *o, const struct ct_container *c, const struct ct_run *run)
{
	o->who = c->who;
	o->exec_ns = run->ready_at[CT_READY_EXEC];
	o->ready_ns = run->marks[CT_MARK_READY];
}

/* By the number of a run; NULL: nothing was opened in it since it was told. */
struct ct_opens *ct_openers_run(struct ct_core *core, uint32_t seq)
{
	struct ct_opens *o;

	HASH_FIND(hh, core->opens->by_run, &seq, sizeof(seq), o);
	return o;
}

static void opens_add(struct ct_core *core, struct ct_opens *o)
{
	DL_APPEND(core->opens->runs, o);
	if (o->seq)
		HASH_ADD(hh, core->opens->by_run, seq, sizeof(o->seq), o);
}

void ct_run_drop(struct ct_core *core, struct ct_opens *o)
{
	ct_share_leave(core, &o->held);
	DL_DELETE(core->opens->runs, o);
	if (o->seq)
		HASH_DEL(core->opens->by_run, o);
}

void ct_openers_learn(struct ct_core *core, const struct ct_container *c)
{
	struct ct_opens *o = ct_openers_run(core, c->run.seq);

	if (o)
		ct_run_learn(o, c, &c->run);
	o = c->has_old ? ct_openers_run(core, c->old.seq) : NULL;
	if (o)
		ct_run_learn(o, c, &c->old);
}

static void learn_all(struct ct_core *core)
{
	const struct ct_container *c = NULL;

	while (core->opens->runs && (c = ct_book_next(core, c)))
		ct_openers_learn(core, c);
}

static void hand_over(struct ct_core *core, struct ct_opens *o)
{
	struct ct_opener *op, *next;

	ct_run_drop(core, o);
	HASH_ITER(hh, core->opens->openers, op, next)
	{
		if (op->opens == o)
			op->opens = NULL;
	}
	if (core->ops.opens)
		core->ops.opens(core->ctx, o);
	else
		ct_opens_free(o);
}

/* It is told, and once more when there is more to tell. */
static bool loses_nothing(const struct ct_core *core, const struct ct_held *held)
{
	(void)core, (void)held;
	return false;
}

static void tell_early(struct ct_core *core, struct ct_held *held)
{
	hand_over(core, CT_HELD_OF(struct ct_opens, held));
}

const struct ct_share_row ct_runs_row = {
	.max = RUNS_MAX,
	.full = CT_LOSS_OPENS,
	.matters = loses_nothing,
	.give_up = tell_early,
};

/* The run's, or a new one. */
struct ct_opens *ct_opener_opens(struct ct_core *core, const struct ct_opener *op)
{
	struct ct_opens *o = op->seq ? ct_openers_run(core, op->seq) : NULL;
	const struct ct_container *c;

	if (o)
		return o;
	for (o = op->seq ? NULL : core->opens->runs; o; o = o->next) {
		if (!o->seq && o->who.init_pid == op->root)
			return o;
	}
	o = ct_opens_new();
	if (!o)
		return NULL;
	c = ct_book_of_run(core, op->seq);
	if (!ct_share_enter(core, c ? &c->key.scope : ct_opener_payer(core, op->root),
			    CT_SHARE_RUNS, &o->held)) {
		ct_opens_free(o);
		return NULL;
	}
	o->who = op->who;
	o->node = core->opts.node;
	o->seq = op->seq;
	opens_add(core, o);
	return o;
}

/* Puts what was counted before the container was known where it belongs. */
void ct_opener_adopt(struct ct_core *core, struct ct_opener *op, const struct ct_container *c)
{
	struct ct_opens *before = op->opens, *o;

	op->who = c->who;
	op->seq = c->run.seq;
	op->opens = NULL;
	if (!before)
		return;
	ct_run_drop(core, before); /* first: with no room the oldest is told, and gone */
	o = ct_opener_opens(core, op);
	if (!o || ct_opens_merge(o, before))
		core->counts.lost[CT_LOSS_OPENS]++;
	op->opens = o;
	ct_opens_free(before);
}

void ct_openers_tell(struct ct_core *core)
{
	learn_all(core);
	while (core->opens->runs)
		hand_over(core, core->opens->runs);
}
