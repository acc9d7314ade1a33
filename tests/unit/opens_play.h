/* SPDX-License-Identifier: GPL-2.0-only */
/* Tapes with opened files, and what is told of them. */
#pragma once

#include <criterion/criterion.h>
#include <string.h>

#include "core/opens/opens.h"
#include "life.h"
#include "stats/opens_list.h"
#include "tape.h"

static inline void opens_keep(void *ctx, struct ct_opens *o)
{
	cr_expect_str_eq(o->node, "node-1");
	cr_assert_eq(ct_opens_list_take(ctx, o), 0);
}

static inline void opens_ignore(void *ctx, const struct ct_record *rec)
{
	(void)ctx, (void)rec;
}

static inline struct ct_core_counts play(const struct tape *t, struct ct_opens_list *l)
{
	const struct ct_core_options opts = { .node = "node-1" };
	const struct ct_core_ops ops = { .record = opens_ignore, .opens = opens_keep };
	struct ct_core *core = ct_core_new(&opts, &ops, l);
	struct ct_core_counts counts;

	cr_assert(core);
	tape_feed(t, core);
	ct_core_flush(core);
	counts = ct_core_counts(core);
	ct_core_free(core);
	return counts;
}

/* A start whose container opens files; it listens at 200 ms. */
static inline struct life start(struct tape *t)
{
	struct life l = life_of(0);

	life_engines(t);
	life_create(t, &l, 0);
	life_start(t, &l, 20);
	tape_at(t, 200);
	tape_listen(t, l.init, 80);
	return l;
}

static inline const struct ct_opens_view *only(const struct ct_opens_list *l,
					       const struct life *life, enum ct_view view)
{
	cr_assert_eq(l->count, 1);
	cr_expect_str_eq(l->items[0]->who.id, life->id);
	cr_assert(l->items[0]->views[view]);
	return l->items[0]->views[view];
}
