// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two images of one engine that are fetched at once, each with one layer, the same: whose the transfer is, what was
 * said to which of them, and which connections are whose. Here all is known, and told at the end.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "core/base/house.h"
#include "core/base/scope.h"
#include "core/book/links.h"
#include "core/book/pulls.h"
#include "core/tell/tell.h"
#include "tape.h"

#define ENGINE 9

static struct told {
	struct ct_layer layer;
	uint32_t asked; /* connections */
} told;

static void on_record(void *ctx, const struct ct_record *rec)
{
	(void)ctx;
	if (strcmp(rec->who->image, "one") != 0)
		return;
	told.layer = rec->fetched->layers[0];
	for (size_t i = 0; i < rec->fetched->peer_count; i++)
		told.asked += rec->fetched->peers[i].asked;
}

static struct ct_core *new_core(void)
{
	static const struct ct_core_options opts = { .node = "n" };
	static const struct ct_core_ops ops = { .record = on_record };
	struct ct_core *core = ct_core_new(&opts, &ops, NULL);

	cr_assert(core);
	memset(&told, 0, sizeof(told));
	return core;
}

/* From 100 until 200: its layer is known at 110, fetched at 150, unpacked at 180. */
static struct ct_pull *pull(struct ct_core *core, const char *image)
{
	static const struct ct_scope host = { .uid = 0 };
	struct ct_pull *p = ct_pull_make(core, &host, image, 5);
	struct ct_layer *l;

	cr_assert(p);
	p->who.engine_pid = ENGINE;
	p->begin_ns = p->heard_ns = 100;
	p->end_ns = 200;
	l = ct_pull_layer(p, "aaa");
	l->known_ns = 110;
	l->fetched_ns = 150;
	l->unpacked_ns = 180;
	l->fetched_by = l->unpacked_by = CT_PROVED_LINE;
	return p;
}

/* It is fetched by one of them: by who has been told to have done so. Columns: of the other one; whether it is shared. */
static const struct {
	bool told, there, stored, shared, is;
	uint32_t engine;
	uint64_t begin_ns, end_ns;
} others[] = {
	{ true, false, false, false, true, ENGINE, 100, 200 },
	{ false, false, false, false, false, ENGINE, 100, 200 }, /* nobody knows yet */
	{ true, true, false, false, false, ENGINE, 100, 200 },
	{ true, false, true, false, false, ENGINE, 100, 200 }, /* its bytes were there before */
	{ true, false, false, true, false, ENGINE, 100, 200 }, /* a third one's */
	{ true, false, false, false, false, 8, 100, 200 },
	{ true, false, false, false, false, ENGINE, 50, 100 },
	{ true, false, false, false, false, ENGINE, 200, 300 },
};

Test(pulls_beside, it_comes_once)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(others); i++) {
		struct ct_core *core = new_core();
		struct ct_pull *o;

		pull(core, "one");
		o = pull(core, "two");
		if (others[i].told)
			ct_pull_told(core, o);
		o->who.engine_pid = others[i].engine;
		o->begin_ns = others[i].begin_ns;
		o->end_ns = others[i].end_ns;
		o->fetched->layers[0].there = others[i].there;
		o->fetched->layers[0].stored = others[i].stored;
		o->fetched->layers[0].shared = others[i].shared;
		ct_tell_images_left(core);
		cr_expect_eq(told.layer.shared, others[i].is, "%zu", i);
		ct_core_free(core);
	}
}

/* Of many at once each is found by its number and by who asked for it; what is told of is not waited for. */
Test(pulls_beside, of_many_each_is_found)
{
	static const struct ct_scope host = { .uid = 0 };
	struct ct_core *core = new_core();
	struct ct_pull *all[200];
	size_t n = 0;

	for (uint32_t i = 0; i < CT_ARRAY_SIZE(all); i++) {
		all[i] = ct_pull_make(core, &host, "a:1", 1000 + i);
		cr_assert(all[i]);
		ct_pull_due(core, all[i], 5);
	}
	for (uint32_t i = 0; i < CT_ARRAY_SIZE(all); i++) {
		cr_expect_eq(ct_pull_of(core, all[i]->handle), all[i], "%u", i);
		cr_expect_eq(ct_pull_of_client(core, 1000 + i, NULL), all[i], "%u", i);
		cr_expect_null(ct_pull_of_client(core, 1000 + i, all[i]), "%u", i);
	}
	for (uint32_t i = 0; i < CT_ARRAY_SIZE(all); i += 2)
		ct_pull_told(core, all[i]);
	for (struct ct_pull *p = NULL; (p = ct_pull_untold(core, p)); n++)
		cr_expect_eq(p, all[2 * n + 1]);
	cr_expect_eq(n, CT_ARRAY_SIZE(all) / 2);
	cr_expect(ct_pulls_due(core));
	for (uint32_t i = 1; i < CT_ARRAY_SIZE(all); i += 2)
		ct_pull_drop(core, all[i]);
	cr_expect_not(ct_pulls_due(core));
	cr_expect_null(ct_pull_of(core, all[0]->handle + 256));
	ct_core_free(core);
}

/* What was said to another one sooner is taken for what was said to this one, and for nothing that is known better. */
static const struct {
	enum ct_layer_proof by, other_by;
	uint64_t other_ns, is_ns;
} saids[] = {
	{ CT_PROVED_LINE, CT_PROVED_LINE, 140, 140 }, { CT_PROVED_BOUND, CT_PROVED_LINE, 140, 140 },
	{ CT_PROVED_LINE, CT_PROVED_LINE, 150, 150 }, { CT_PROVED_LINE, CT_PROVED_LINE, 160, 150 },
	{ CT_PROVED_LINE, CT_PROVED_LINE, 109, 150 }, /* of a transfer before it */
	{ CT_PROVED_FILE, CT_PROVED_LINE, 140, 150 }, { CT_PROVED_LINE, CT_PROVED_FILE, 140, 150 },
};

Test(pulls_beside, what_was_said_sooner)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(saids); i++) {
		struct ct_core *core = new_core();
		struct ct_pull *p = pull(core, "one"), *o = pull(core, "two");

		p->fetched->layers[0].fetched_by = saids[i].by;
		o->fetched->layers[0].fetched_ns = saids[i].other_ns;
		o->fetched->layers[0].fetched_by = saids[i].other_by;
		ct_tell_images_left(core);
		cr_expect_eq(told.layer.fetched_ns, saids[i].is_ns, "%zu: %lu", i,
			     (unsigned long)told.layer.fetched_ns);
		ct_core_free(core);
	}
}

/* Its connections are those that its engine asked for while it went on, however late it is told. */
Test(pulls_beside, what_is_asked_for_meanwhile)
{
	static const uint64_t asked[] = { 99, 100, 150, 200, 201 };
	struct ct_core *core = new_core();
	struct ct_linked_tail tail = { .address = { 192, 0, 2, 1 } };
	struct tape t = { 0 };

	pull(core, "one");
	for (size_t i = 0; i < CT_ARRAY_SIZE(asked); i++) {
		struct ct_event *e = tape_add(&t, CT_KIND_LINKED, ENGINE, &tail, sizeof(tail));

		e->sub = CT_LINKED_MADE | 2 << 8;
		e->ret = (int32_t)i;
		e->ts_ns = asked[i] + 10;
		e->dur_ns = 10;
		e->arg = 443;
		ct_link_heard(core, e);
	}
	ct_tell_images_left(core);
	cr_expect_eq(told.asked, 3, "%u", told.asked);
	tape_free(&t);
	ct_core_free(core);
}
