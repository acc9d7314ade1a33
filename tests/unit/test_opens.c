// SPDX-License-Identifier: GPL-2.0-only
/* Opened files: what is counted for whom. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/opens/opens.h"
#include "life.h"
#include "opens_play.h"
#include "stats/open_groups.h"
#include "stats/opens_list.h"
#include "stats/opens_totals.h"
#include "tape.h"
#include "util/mem.h"

#define MS      TAPE_MS
#define OVERLAY TAPE_OVERLAY
#define EXT4    CT_OPENS_WHERE(41, 0xef53)

Test(opens, counters_are_the_containers_and_told_after_its_exit)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);
	const struct ct_opens_view *v;
	struct ct_opens_ready *ready;
	struct ct_opens_numbers n;
	bool blurred;

	tape_at(&t, 250);
	tape_exit(&t, life.init, CT_ROLE_INIT, 0);
	tape_at(&t, 300);
	tape_opens(&t, life.init, CT_VIEW_NATIVE, 1009, 188, 180, 199);
	tape_opens(&t, life.init, CT_VIEW_NATIVE, 31, 0, 201, 240);
	tape_opens_path(&t, life.init, "/data/x", "/data", EXT4, 1000, 188);
	cr_expect(!ct_counts_incomplete(&(struct ct_core_counts[]){ play(&t, &l) }[0]));
	v = only(&l, &life, CT_VIEW_NATIVE);
	cr_expect_eq(v->calls[CT_OPEN_OPEN].count, 1040);
	cr_expect_eq(v->calls[CT_OPEN_OPEN].failed, 188);
	cr_expect_eq(v->errors[ENOENT], 188);
	cr_expect_eq(ct_hist_count(v->hist[CT_OPEN_OPEN]), 1040);
	cr_expect_eq(ct_hist_sum(v->hist[CT_OPEN_OPEN]), 1040 * 5000);
	cr_expect_leq(ct_hist_quantile(v->hist[CT_OPEN_OPEN], 0.5), 5040);
	cr_expect_geq(ct_hist_quantile(v->hist[CT_OPEN_OPEN], 0.5), 4960);
	cr_expect(ct_opens_until_ready(l.items[0], v, &n, &blurred));
	cr_expect_eq(n.count, 1009, "%lu", (unsigned long)n.count);
	cr_expect(!blurred);
	ready = ct_opens_ready_new(l.items[0], v);
	cr_assert(ready);
	cr_expect_eq(ct_hist_count(ready->hist), 1009);
	cr_expect_eq(ct_hist_sum(ready->hist), 1009 * 5000);
	cr_expect_eq(ready->errors[ENOENT], 188);
	ct_opens_ready_free(ready);
	cr_expect_gt(ct_opens_ready_share(l.items[0], v), 0);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

Test(opens, what_lies_on_both_sides_of_ready_is_said_to)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);
	struct ct_opens_numbers n;
	bool blurred;

	tape_at(&t, 300);
	tape_opens(&t, life.init, CT_VIEW_NATIVE, 10, 0, 190, 210);
	play(&t, &l);
	cr_expect(ct_opens_until_ready(l.items[0], only(&l, &life, CT_VIEW_NATIVE), &n, &blurred));
	cr_expect_eq(n.count, 10);
	cr_expect(blurred);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

Test(opens, views_are_kept_apart)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	tape_at(&t, 250);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 1000, 3);
	tape_opened(&t, life.init, CT_VIEW_APPLICATION, "/a", 9000, 3);
	tape_opened(&t, life.init, CT_VIEW_APPLICATION, "/b", 9000, -ENOENT);
	tape_opened(&t, life.init, CT_VIEW_SENTRY, "/a", 5000, 3);
	play(&t, &l);
	cr_expect_eq(only(&l, &life, CT_VIEW_NATIVE)->calls[CT_OPEN_OPEN].count, 1);
	cr_expect_eq(only(&l, &life, CT_VIEW_APPLICATION)->calls[CT_OPEN_OPEN].count, 2);
	cr_expect_eq(only(&l, &life, CT_VIEW_APPLICATION)->errors[ENOENT], 1);
	cr_expect_eq(only(&l, &life, CT_VIEW_SENTRY)->calls[CT_OPEN_OPEN].ns, 5000);
	cr_expect_null(l.items[0]->views[CT_VIEW_HOST]);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* A sandbox names containers of its own: it may be made to name others. */
Test(opens, a_sandbox_speaks_for_nobody_elses_container)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);
	char tail[128] = "/forged";
	size_t n = strlen(tail) + 1;
	struct ct_event *e;

	n += (size_t)snprintf(tail + n, sizeof(tail) - n, "%s", life.id);
	tape_at(&t, 250);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 1000, 3);
	e = tape_add(&t, CT_KIND_OPENED, 6005, tail, n);
	e->root = 6005;
	e->sub = CT_OPENS_SUB(CT_VIEW_APPLICATION, CT_OPEN_OPEN);
	e = tape_add(&t, CT_KIND_OPENED, life.init, tail, n);
	e->root = life.init;
	e->sub = CT_OPENS_SUB(CT_VIEW_SENTRY, CT_OPEN_OPEN);
	play(&t, &l);
	for (size_t i = 0; i < l.count; i++) {
		bool its = !strcmp(l.items[i]->who.id, life.id);

		cr_expect_eq(its, !l.items[i]->views[CT_VIEW_APPLICATION]);
		cr_expect_eq(its, l.items[i]->views[CT_VIEW_SENTRY] != NULL);
	}
	cr_expect_eq(l.count, 2);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

struct told {
	const char *id;
	uint64_t opened, runs;
};

static void tell(void *ctx, struct ct_opens *o)
{
	struct told *told = ctx;

	told->runs++;
	cr_expect_str_eq(o->node, "");
	if (!strcmp(o->who.id, told->id))
		told->opened += o->views[CT_VIEW_NATIVE]->calls[CT_OPEN_OPEN].count;
	ct_opens_free(o);
}

/* What was opened before its container is known is the oldest of as many as are kept. */
Test(opens, what_is_adopted_last_is_not_told_meanwhile)
{
	const struct ct_core_options opts = { 0 };
	const struct ct_core_ops ops = { .record = opens_ignore, .opens = tell };
	const uint32_t strangers = 127; /* the share of who is not known, less the first */
	struct life life = life_of(0);
	struct told told = { .id = life.id };
	struct ct_core *core = ct_core_new(&opts, &ops, &told);
	struct tape t = { 0 };

	cr_assert(core);
	tape_at(&t, 0);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/early", 1000, 3);
	for (uint32_t i = 0; i < strangers; i++)
		tape_opened(&t, 100000 + i, CT_VIEW_NATIVE, "/a", 1000, 3);
	life_engines(&t);
	life_create(&t, &life, 1);
	life_start(&t, &life, 20);
	tape_at(&t, 250);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/late", 1000, 3);
	tape_feed(&t, core);
	ct_core_flush(core);
	cr_expect_eq(told.opened, 2, "%lu", (unsigned long)told.opened);
	cr_expect_eq(told.runs, strangers + 1, "%lu", (unsigned long)told.runs);
	ct_core_free(core);
	tape_free(&t);
}

static void expect_missed(const struct ct_opens_list *l, const char *why)
{
	const char *missed = ct_opens_missed(l->items[0], CT_VIEW_APPLICATION);

	cr_expect_eq(!missed, !why, "%s", missed ? missed : "nothing is missed");
	if (missed && why)
		cr_expect_str_eq(missed, why);
	cr_expect_null(ct_opens_missed(l->items[0], CT_VIEW_HOST));
}

/* A stand-in for Kata: its file server is a child of the shim. */
Test(opens, a_file_server_is_the_containers_host_view_and_a_hook_is_nobodys)
{
	static const struct {
		const char *program;
		enum ct_view view;
		const char *missed;
	} servers[] = {
		{ "/usr/libexec/virtiofsd", CT_VIEW_HOST,
		  "the application's opens are inside of a virtual machine" },
		{ "/usr/bin/qemu-system-x86_64", CT_VIEW_MACHINE,
		  "the application's opens are inside of a virtual machine" },
		{ "runsc-gofer", CT_VIEW_HOST, NULL },
		{ "runsc-sandbox", CT_VIEW_HOST,
		  "its sandbox was not asked for them, or did not answer before it ended" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(servers); i++) {
		struct ct_opens_list l = { 0 };
		struct tape t = { 0 };
		struct life life = start(&t);

		tape_at(&t, 210);
		tape_fork(&t, life.shim, 777, CT_ROLE_HELPER);
		tape_exec(&t, 777, CT_ROLE_HELPER, 0, servers[i].program, "--shared-dir=/x",
			  TAPE_END);
		tape_fork(&t, life.shim, 778, CT_ROLE_HELPER);
		tape_exec(&t, 778, CT_ROLE_HELPER, 0, "/usr/bin/some-hook", TAPE_END);
		tape_at(&t, 300);
		tape_opens(&t, 777, CT_VIEW_HOST, 53, 5, 220, 230);
		tape_opens(&t, 778, CT_VIEW_HOST, 1000, 0, 220, 230);
		play(&t, &l);
		cr_expect_eq(only(&l, &life, servers[i].view)->calls[CT_OPEN_OPEN].count, 53, "%s",
			     servers[i].program);
		cr_expect_null(l.items[0]->views[CT_VIEW_NATIVE]);
		expect_missed(&l, servers[i].missed);
		ct_opens_list_clear(&l);
		tape_free(&t);
	}
}

/* A machine that becomes a daemon serves files from then on: what it is made of was opened before. */
Test(opens, what_a_machine_opens_for_itself_is_a_view_of_its_own)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	tape_at(&t, 210);
	tape_fork(&t, life.shim, 777, CT_ROLE_SHIM);
	tape_exec(&t, 777, CT_ROLE_HELPER, 0, "/usr/bin/qemu-system-x86_64", TAPE_END);
	tape_at(&t, 220);
	tape_fork(&t, 777, 778, CT_ROLE_HELPER);
	tape_fork(&t, 778, 779, CT_ROLE_HELPER);
	tape_exit(&t, 778, CT_ROLE_HELPER, 0);
	tape_exit(&t, 777, CT_ROLE_HELPER, 0);
	tape_at(&t, 300);
	tape_opens(&t, 777, CT_VIEW_HOST, 62, 2, 211, 219);
	tape_opens(&t, 779, CT_VIEW_HOST, 621, 0, 220, 290);
	play(&t, &l);
	cr_expect_eq(only(&l, &life, CT_VIEW_MACHINE)->calls[CT_OPEN_OPEN].count, 62);
	cr_expect_eq(only(&l, &life, CT_VIEW_HOST)->calls[CT_OPEN_OPEN].count, 621);
	expect_missed(&l, "the application's opens are inside of a virtual machine");
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* It ran when tracing began: what it is made of was opened long before. */
Test(opens, a_machine_that_ran_before_serves)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	tape_at(&t, 210);
	tape_process(&t, 777, life.shim, CT_ROLE_INIT, "/usr/bin/qemu-system-x86_64", TAPE_END);
	tape_at(&t, 300);
	tape_opens(&t, 777, CT_VIEW_HOST, 53, 5, 220, 230);
	play(&t, &l);
	cr_expect_eq(only(&l, &life, CT_VIEW_HOST)->calls[CT_OPEN_OPEN].count, 53);
	cr_expect_null(l.items[0]->views[CT_VIEW_MACHINE]);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* As many processes as are remembered, of which no exit was seen: the next ones have room. */
Test(opens, exits_that_were_lost_leave_room)
{
	struct life life = life_of(0);
	struct told told = { .id = life.id };
	const struct ct_core_options opts = { 0 };
	const struct ct_core_ops ops = { .record = opens_ignore, .opens = tell };
	struct ct_core *core = ct_core_new(&opts, &ops, &told);
	struct tape t = { 0 };

	cr_assert(core);
	tape_at(&t, 0);
	for (uint32_t i = 0; i < 8192; i++) /* OPENERS_MAX of openers.c */
		tape_opened(&t, 100000 + i, CT_VIEW_NATIVE, "/a", 1000, 3);
	life_engines(&t);
	life_create(&t, &life, 1);
	life_start(&t, &life, 20);
	tape_at(&t, 250);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/b", 1000, 3);
	tape_feed(&t, core);
	ct_core_flush(core);
	cr_expect_eq(told.opened, 1, "%lu", (unsigned long)told.opened);
	cr_expect_eq(ct_core_counts(core).lost[CT_LOSS_OPENS], 0);
	ct_core_free(core);
	tape_free(&t);
}

/* A sandbox says which views it gives: what it said last counts, also for what is counted later. */
Test(opens, a_view_that_a_sandbox_refuses_is_missed_until_it_gives_it)
{
	static const struct {
		const char *name;
		int before, after; /* of its answers, 1: none */
		bool opened;
		const char *missed;
	} cases[] = {
		{ "refused", -EBUSY, 1, false, "held by <somebody>" },
		{ "refused after opens", 1, -EBUSY, false, "held by <somebody>" },
		{ "given", 0, 1, false, NULL },
		{ "given at last", -EBUSY, 0, false, NULL },
		{ "lost again", 0, -EBUSY, false, "held by <somebody>" },
		{ "there nevertheless", 1, 1, true, NULL },
	};
	static const char nothing_else[] = "held by <somebody>";

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		struct ct_opens_list l = { 0 };
		struct tape t = { 0 };
		struct life life = start(&t);

		tape_at(&t, 210);
		tape_exec(&t, life.init, CT_ROLE_INIT, 0, "runsc-sandbox", "boot", TAPE_END);
		if (cases[i].before <= 0)
			tape_watched(&t, life.init, life.id, cases[i].before, "held by <somebody>");
		tape_at(&t, 300);
		tape_opens(&t, life.init, CT_VIEW_HOST, 53, 5, 220, 230);
		if (cases[i].after <= 0)
			tape_watched(&t, life.init, life.id, cases[i].after, "held by <somebody>");
		if (cases[i].opened)
			tape_opened(&t, life.init, CT_VIEW_APPLICATION, "/a", 9000, 3);
		play(&t, &l);
		only(&l, &life, CT_VIEW_HOST);
		cr_log_info("%s", cases[i].name);
		expect_missed(&l, cases[i].missed);
		ct_opens_list_clear(&l);
		tape_free(&t);
	}
	for (int opens = 0; opens < 2; opens++) {
		struct ct_opens_list l = { 0 };
		struct tape t = { 0 };
		struct life life = start(&t);

		tape_at(&t, 210);
		tape_watched(&t, life.init, life.id, -EBUSY, nothing_else)->obj = (uint64_t)opens;
		play(&t, &l);
		cr_expect_eq(l.count, (size_t)opens);
		if (opens)
			expect_missed(&l, nothing_else);
		cr_expect(!opens || !ct_opens_seen(l.items[0]));
		ct_opens_list_clear(&l);
		tape_free(&t);
	}
}

Test(opens, one_event_each_says_the_same_as_counters)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);
	const struct ct_opens_view *v;

	for (int i = 0; i < 1009; i++) {
		tape_at(&t, 201 + i * 0.01);
		tape_opened(&t, life.init, CT_VIEW_NATIVE, i % 2 ? "/odd" : "/even", 5000,
			    i % 2 ? -ENOENT : 3);
	}
	play(&t, &l);
	v = only(&l, &life, CT_VIEW_NATIVE);
	cr_expect_eq(v->calls[CT_OPEN_OPEN].count, 1009);
	cr_expect_eq(v->calls[CT_OPEN_OPEN].failed, 504);
	cr_expect_eq(HASH_COUNT(v->paths), 2);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

Test(opens, a_tail_that_is_none_counts_as_lost_and_nothing_else)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);
	struct ct_core_counts counts;

	tape_at(&t, 250);
	tape_add(&t, CT_KIND_OPENS, life.init, "short", 5)->root = life.init;
	tape_add(&t, CT_KIND_OPENS_PATH, life.init, "short", 5)->root = life.init;
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 1, 3)->sub = 0xffff;
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 1, 3)->sub = CT_OPENS_SUB(0, 7);
	counts = play(&t, &l);
	cr_expect_eq(counts.lost[CT_LOSS_UNKNOWN], 4);
	for (size_t i = 0; i < l.count; i++)
		cr_expect_null(l.items[i]->views[CT_VIEW_NATIVE]
				       ? l.items[i]->views[CT_VIEW_NATIVE]->paths
				       : NULL);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* More paths than there is room for: the one opened often stays, and the error is said. */
Test(opens, paths_are_bounded_and_say_their_error)
{
	struct ct_opens *o = ct_opens_new();
	struct tape t = { 0 };
	const struct ct_open_path *top[1];
	struct ct_opens_view *v;
	uint64_t sum = 0;
	char path[32];

	for (int i = 0; i < 3 * CT_OPENS_PATHS_MAX; i++) {
		snprintf(path, sizeof(path), "/rare/%d", i);
		tape_opens_path(&t, 1, path, "/", OVERLAY, 1, 0);
		if (i % 2)
			tape_opens_path(&t, 1, "/often", "/", OVERLAY, 1, 0);
	}
	for (size_t at = 0; at < t.len;) { /* tape_event() looks from the begin each time */
		const struct ct_event *e = (const void *)(t.bytes + at);

		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, e), 0);
		at += e->len;
	}
	v = o->views[CT_VIEW_NATIVE];
	cr_expect_leq(HASH_COUNT(v->paths), CT_OPENS_PATHS_MAX);
	for (const struct ct_open_path *p = v->paths; p; p = p->hh.next)
		sum += p->n.count;
	cr_expect_eq(sum + v->rest[CT_OPEN_OPEN].count, t.count, "every open is somewhere");
	cr_assert_eq(ct_open_top(v, CT_OPEN_OPEN, true, top, 1), 1);
	cr_expect_str_eq(CT_OPEN_PATH_TEXT(top[0]), "/often");
	cr_expect_gt(v->path_error, 0);
	cr_expect_geq(top[0]->n.count + v->path_error, (uint64_t)(3 * CT_OPENS_PATHS_MAX / 2));
	ct_opens_free(o);
	tape_free(&t);
}

Test(opens, totals_are_by_runtime_and_view)
{
	struct ct_opens_list l = { 0 };
	struct ct_opens_totals totals;

	for (int i = 0; i < 3; i++) {
		struct ct_opens *o = ct_opens_new();
		struct tape t = { 0 };

		snprintf(o->who.runtime, sizeof(o->who.runtime), "%s", i < 2 ? "runc" : "runsc");
		snprintf(o->who.id, sizeof(o->who.id), "%d", i);
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE,
					  tape_opened(&t, 1, CT_VIEW_NATIVE, "/x", 100, -EACCES)),
			     0);
		cr_assert_eq(ct_opens_list_take(&l, o), 0);
		tape_free(&t);
	}
	cr_assert_eq(ct_opens_totals_make(&totals, &l), 0);
	cr_assert_eq(totals.count, 2);
	cr_expect_eq(totals.items[0].calls[CT_OPEN_OPEN].count, 2);
	cr_expect_eq(totals.items[0].errors[EACCES], 2);
	cr_expect_eq(totals.items[1].calls[CT_OPEN_OPEN].count, 1);
	ct_opens_totals_clear(&totals);
	ct_opens_list_clear(&l);
}
