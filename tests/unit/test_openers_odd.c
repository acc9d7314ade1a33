// SPDX-License-Identifier: GPL-2.0-only
/* Whose opens are whose when processes are odd: sandboxes that execute again, strangers, views. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "opens_play.h"
#include "util/mem.h"

#define SERVER 777

/* Of all that was told: opens in that view, of that container, or of nobody ("") . */
static uint64_t opened(const struct ct_opens_list *l, const char *id, enum ct_view view)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->items[i]->who.id, id) && l->items[i]->views[view])
			n += l->items[i]->views[view]->calls[CT_OPEN_OPEN].count;
	return n;
}

static void serves(struct tape *t, const struct life *life, uint32_t pid, const char *program)
{
	tape_fork(t, life->shim, pid, CT_ROLE_HELPER);
	tape_exec(t, pid, CT_ROLE_HELPER, 0, program, "boot", TAPE_END);
}

/* gVisor's sandbox executes itself once more: it is one server, and what it opened stays counted. */
Test(openers_odd, a_sandbox_that_executes_itself_again)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	tape_at(&t, 210);
	serves(&t, &life, SERVER, "runsc-sandbox");
	tape_opens(&t, SERVER, CT_VIEW_HOST, 3, 0, 205, 209);
	tape_watched(&t, SERVER, life.id, 0, NULL);
	tape_at(&t, 220);
	tape_exec(&t, SERVER, CT_ROLE_HELPER, 0, "runsc-sandbox", "boot", TAPE_END);
	tape_opens(&t, SERVER, CT_VIEW_HOST, 4, 0, 221, 222);
	play(&t, &l);
	cr_expect_eq(opened(&l, life.id, CT_VIEW_HOST), 7);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* What it executes while it boots is a part of it; what its children execute after it is gone is not. */
Test(openers_odd, what_a_server_executes)
{
	for (int ended = 0; ended < 2; ended++) {
		struct ct_opens_list l = { 0 };
		struct tape t = { 0 };
		struct life life = start(&t);

		tape_at(&t, 210);
		serves(&t, &life, SERVER, "runsc-sandbox");
		tape_fork(&t, SERVER, SERVER + 1, CT_ROLE_HELPER);
		if (ended)
			tape_exit(&t, SERVER, CT_ROLE_HELPER, 0);
		tape_at(&t, 220);
		tape_exec(&t, SERVER + 1, CT_ROLE_HELPER, 0, "umount", "/x", TAPE_END);
		tape_opens(&t, SERVER + 1, CT_VIEW_HOST, 5, 0, 221, 222);
		play(&t, &l);
		cr_expect_eq(opened(&l, life.id, CT_VIEW_HOST), ended ? 0 : 5);
		ct_opens_list_clear(&l);
		tape_free(&t);
	}
}

/* Columns: view that the kernel side takes it for, which it is counted in. */
static const struct {
	const char *name;
	bool init; /* it is the container's own process, with the host's pids; else its server */
	enum ct_view as, in;
} views[] = {
	{ "a server in a pid namespace", false, CT_VIEW_NATIVE, CT_VIEW_HOST },
	{ "a server on the host", false, CT_VIEW_HOST, CT_VIEW_HOST },
	{ "what a sandbox says of its own", false, CT_VIEW_SENTRY, CT_VIEW_SENTRY },
	{ "what a sandbox says of its program", false, CT_VIEW_APPLICATION, CT_VIEW_APPLICATION },
	{ "a process with the host's pids", true, CT_VIEW_HOST, CT_VIEW_NATIVE },
	{ "a process in a pid namespace", true, CT_VIEW_NATIVE, CT_VIEW_NATIVE },
};

/* gVisor's sandbox has pids of its own and serves, --pid=host has none: the role tells, not the pids. */
Test(openers_odd, view_by_what_it_is)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(views); i++) {
		struct ct_opens_list l = { 0 };
		struct tape t = { 0 };
		struct life life = start(&t);
		uint32_t pid = views[i].init ? life.init + 1 : SERVER;

		tape_at(&t, 210);
		if (views[i].init)
			tape_fork(&t, life.init, pid, CT_ROLE_HELPER);
		else
			serves(&t, &life, pid, "runsc-sandbox");
		tape_opened(&t, pid, views[i].as, "/a", 100, 3);
		play(&t, &l);
		for (enum ct_view v = 0; v < CT_VIEW_MAX; v++)
			cr_expect_eq(opened(&l, life.id, v), v == views[i].in, "%s: view %d",
				     views[i].name, (int)v);
		ct_opens_list_clear(&l);
		tape_free(&t);
	}
}

/* A hook, and somebody who is not known at all: neither opens for a container. */
Test(openers_odd, who_serves_nobody)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);
	struct ct_core_counts counts;

	tape_at(&t, 210);
	serves(&t, &life, SERVER, "some-hook");
	tape_opens(&t, SERVER, CT_VIEW_HOST, 3, 0, 205, 209);
	tape_opens(&t, 4711, CT_VIEW_HOST, 3, 0, 205, 209);
	tape_at(&t, 220);
	tape_exit(&t, SERVER, CT_ROLE_HELPER, 0);
	tape_opens(&t, SERVER, CT_VIEW_HOST, 3, 0, 205, 209);
	counts = play(&t, &l);
	cr_expect_eq(l.count, 0);
	cr_expect_eq(counts.lost[CT_LOSS_OPENS], 0, "it is no loss");
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* Whom nobody knows is told by his pid, each by himself. */
Test(openers_odd, strangers_are_told_by_their_pids)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };

	tape_at(&t, 10);
	tape_opened(&t, 4711, CT_VIEW_NATIVE, "/a", 100, 3);
	tape_opened(&t, 4712, CT_VIEW_NATIVE, "/a", 100, 3);
	tape_opened(&t, 4711, CT_VIEW_NATIVE, "/b", 100, 3);
	play(&t, &l);
	cr_assert_eq(l.count, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_str_eq(l.items[i]->who.name, i ? "pid 4712" : "pid 4711");
		cr_expect_eq(l.items[i]->who.init_pid, 4711 + i);
		cr_expect_eq(l.items[i]->views[CT_VIEW_NATIVE]->calls[CT_OPEN_OPEN].count, 2 - i);
	}
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* What is never counted is said, once; also of who opens nothing else, and after it was told. */
Test(openers_odd, opens_that_are_not_counted_are_said_to_be)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = life_of(0);
	const struct ct_opens *o;

	life_engines(&t);
	life_start(&t, &life, 0);
	tape_at(&t, 250);
	tape_opened(&t, life.init, CT_VIEW_RING, "", 0, 0);
	tape_opened(&t, life.init, CT_VIEW_RING, "", 0, 0);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 100, 3);
	tape_opened(&t, 4711, CT_VIEW_COMPAT, "", 0, 0);
	play(&t, &l);
	cr_assert_eq(l.count, 2);
	o = l.items[0];
	cr_expect_str_eq(o->who.id, life.id);
	cr_expect_eq(o->views[CT_VIEW_NATIVE]->calls[CT_OPEN_OPEN].count, 1);
	cr_expect_null(o->views[CT_VIEW_RING]);
	cr_expect_str_eq(ct_opens_missed(o, CT_VIEW_RING),
			 "it uses io_uring, and what it opens by that is not counted");
	cr_expect_null(ct_opens_missed(o, CT_VIEW_COMPAT));
	o = l.items[1];
	cr_expect_str_eq(o->who.name, "pid 4711");
	cr_expect_not(ct_opens_seen(o));
	cr_expect_str_eq(ct_opens_missed(o, CT_VIEW_COMPAT),
			 "a 32-bit program runs in it, whose opens are not counted");
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* A sandbox that ran before, and one that names a view that there is not. */
Test(openers_odd, what_a_sandbox_refuses)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = life_of(0);

	life_engines(&t);
	tape_identity(&t, LIFE_DOCKERD, "id", life.id, "engine", "docker", "name", life.name, "pid",
		      "30000", TAPE_END);
	tape_process(&t, life.init, LIFE_CONTAINERD, CT_ROLE_HELPER, "runsc", "boot", TAPE_END);
	tape_at(&t, 10);
	tape_watched(&t, life.init, life.id, -EBUSY, "held by <somebody>")->arg = CT_VIEW_MAX;
	tape_watched(&t, life.init, life.id, -EBUSY, "held by <somebody>");
	tape_opens(&t, life.init, CT_VIEW_NATIVE, 3, 0, 5, 9);
	play(&t, &l);
	cr_assert_eq(l.count, 1);
	cr_expect_eq(opened(&l, life.id, CT_VIEW_HOST), 3, "a sandbox serves");
	cr_expect_str_eq(ct_opens_missed(l.items[0], CT_VIEW_APPLICATION), "held by <somebody>");
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* A pid that comes again is another container's first process: what it opens is that one's. */
Test(openers_odd, a_pid_of_another_container)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t), other = life_of(1);

	tape_at(&t, 210);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 100, 3);
	life_create(&t, &other, 300);
	other.init = life.init; /* whose exit was lost */
	life_start(&t, &other, 320);
	tape_at(&t, 600);
	tape_opened(&t, other.init, CT_VIEW_NATIVE, "/b", 100, 3);
	tape_opened(&t, other.init, CT_VIEW_NATIVE, "/c", 100, 3);
	play(&t, &l);
	cr_expect_eq(opened(&l, life.id, CT_VIEW_NATIVE), 1);
	cr_expect_eq(opened(&l, other.id, CT_VIEW_NATIVE), 2);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* Nobody takes what was opened: it goes, and nothing else changes. */
Test(openers_odd, nobody_wants_them)
{
	const struct ct_core_options opts = { 0 };
	const struct ct_core_ops ops = { .record = opens_ignore };
	struct ct_core *core = ct_core_new(&opts, &ops, NULL);
	struct tape t = { 0 };
	struct life life = start(&t);

	tape_at(&t, 210);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 100, 3);
	tape_feed(&t, core);
	ct_core_tell_opens(core);
	cr_expect_eq(ct_core_counts(core).lost[CT_LOSS_OPENS], 0);
	ct_core_free(core);
	tape_free(&t);
}

/* Told in between: what follows is counted from zero, and what was said to be missed is said again. */
Test(openers_odd, told_in_between)
{
	const struct ct_core_options opts = { .node = "node-1" };
	const struct ct_core_ops ops = { .record = opens_ignore, .opens = opens_keep };
	struct ct_opens_list first = { 0 }, second = { 0 };
	struct ct_core *core = ct_core_new(&opts, &ops, &first), *again;
	struct tape t = { 0 };
	struct life life = start(&t);

	cr_assert(core);
	tape_at(&t, 210);
	serves(&t, &life, SERVER, "virtiofsd");
	tape_opens(&t, SERVER, CT_VIEW_HOST, 3, 0, 205, 209);
	tape_at(&t, 1000);
	tape_clock(&t);
	tape_feed(&t, core);
	ct_core_tell_opens(core);
	cr_expect_eq(opened(&first, life.id, CT_VIEW_HOST), 3);
	cr_expect(ct_opens_missed(first.items[0], CT_VIEW_APPLICATION));
	ct_opens_list_clear(&first);
	tape_free(&t);
	tape_at(&t, 2000);
	tape_opens(&t, SERVER, CT_VIEW_HOST, 4, 0, 1205, 1209);
	tape_feed(&t, core);
	ct_core_flush(core);
	cr_expect_eq(opened(&first, life.id, CT_VIEW_HOST), 4);
	cr_assert_eq(first.count, 1);
	cr_expect(ct_opens_missed(first.items[0], CT_VIEW_APPLICATION));
	ct_core_free(core);
	ct_opens_list_clear(&first);
	tape_free(&t);
	/* An end without a flush leaves nothing behind. */
	again = ct_core_new(&opts, &ops, &second);
	cr_assert(again);
	life = start(&t);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 100, 3);
	tape_opened(&t, 4711, CT_VIEW_NATIVE, "/a", 100, 3);
	tape_at(&t, 1000);
	tape_clock(&t);
	tape_feed(&t, again);
	ct_core_free(again);
	cr_expect_eq(second.count, 0);
	tape_free(&t);
}

/* A process that was there before tracing began serves like one that was seen to begin. */
Test(openers_odd, a_server_that_was_there_before)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	tape_at(&t, 210);
	tape_process(&t, SERVER, life.shim, CT_ROLE_HELPER, "runsc-sandbox", "boot", TAPE_END);
	tape_opened(&t, SERVER, CT_VIEW_NATIVE, "/a", 100, 3);
	play(&t, &l);
	cr_expect_eq(opened(&l, life.id, CT_VIEW_HOST), 1);
	cr_expect_eq(opened(&l, life.id, CT_VIEW_NATIVE), 0);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* Its pid comes again, for somebody who executes nothing. */
Test(openers_odd, a_pid_that_comes_again)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	tape_at(&t, 210);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/a", 100, 3);
	life_exit(&t, &life, 300, 0);
	tape_at(&t, 500);
	tape_fork(&t, 1, life.init, CT_ROLE_HELPER);
	tape_opened(&t, life.init, CT_VIEW_NATIVE, "/b", 100, 3);
	play(&t, &l);
	cr_expect_eq(opened(&l, life.id, CT_VIEW_NATIVE), 1);
	ct_opens_list_clear(&l);
	tape_free(&t);
}
