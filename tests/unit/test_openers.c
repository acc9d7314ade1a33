// SPDX-License-Identifier: GPL-2.0-only
/* Opened files: for how long who opened them is known. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/book/book.h"
#include "opens_play.h"
#include "util/mem.h"

static void reuse_a_pid(bool ended)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	tape_at(&t, 210);
	tape_fork(&t, life.shim, 777, CT_ROLE_HELPER);
	tape_exec(&t, 777, CT_ROLE_HELPER, 0, "runsc-gofer", TAPE_END);
	tape_at(&t, 300);
	tape_opens(&t, 777, CT_VIEW_HOST, 53, 5, 220, 230);
	tape_at(&t, 310);
	if (ended)
		tape_exit(&t, 777, CT_ROLE_HELPER, 0);
	tape_at(&t, 400);
	/* The same pid is a runtime's now, and its child a hook of it. */
	tape_fork(&t, life.shim, 777, CT_ROLE_RUNTIME);
	tape_exec(&t, 777, CT_ROLE_RUNTIME, 0, "/usr/bin/runc", "kill", life.id, TAPE_END);
	tape_fork(&t, 777, 778, CT_ROLE_HELPER);
	tape_exec(&t, 778, CT_ROLE_HELPER, 0, "/usr/bin/some-hook", TAPE_END);
	tape_at(&t, 500);
	tape_opens(&t, 777, CT_VIEW_HOST, 100, 0, 420, 430);
	tape_opens(&t, 778, CT_VIEW_HOST, 1000, 0, 420, 430);
	play(&t, &l);
	cr_expect_eq(only(&l, &life, CT_VIEW_HOST)->calls[CT_OPEN_OPEN].count, 53);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* Pids come again: what was known of a process that has ended says nothing of the next. */
Test(openers, a_pid_that_comes_again_is_another_process)
{
	reuse_a_pid(true);
}

Test(openers, a_pid_that_comes_again_is_another_process_though_its_exit_was_lost)
{
	reuse_a_pid(false);
}

/* What is told of a process late is its container's; who it was is not remembered for ever. */
Test(openers, a_process_is_remembered_for_a_minute)
{
	static const struct {
		double next_ms; /* when another one ends */
		uint64_t opens;
	} cases[] = { { 30000, 53 }, { 60310, 0 }, { 90000, 0 } };

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		struct ct_opens_list l = { 0 };
		struct tape t = { 0 };
		struct life life = start(&t);

		tape_at(&t, 210);
		for (uint32_t pid = 777; pid < 779; pid++) {
			tape_fork(&t, life.shim, pid, CT_ROLE_HELPER);
			tape_exec(&t, pid, CT_ROLE_HELPER, 0, "runsc-gofer", TAPE_END);
		}
		tape_at(&t, 310);
		tape_exit(&t, 777, CT_ROLE_HELPER, 0);
		life_exit(&t, &life, 320, 0);
		tape_at(&t, cases[i].next_ms);
		tape_exit(&t, 778, CT_ROLE_HELPER, 0);
		tape_opens(&t, 777, CT_VIEW_HOST, 53, 5, 220, 230);
		play(&t, &l);
		if (cases[i].opens)
			cr_expect_eq(only(&l, &life, CT_VIEW_HOST)->calls[CT_OPEN_OPEN].count,
				     cases[i].opens);
		else
			cr_expect_eq(l.count, 0);
		ct_opens_list_clear(&l);
		tape_free(&t);
	}
}

/* An exec session of the container, and its end. */
static void session(struct tape *t, const struct life *life, uint32_t pid, double from, double to)
{
	tape_at(t, from);
	tape_fork(t, life->shim, pid, CT_ROLE_INIT);
	tape_exec(t, pid, CT_ROLE_INIT, 1, "/bin/sh", TAPE_END);
	tape_at(t, to);
	tape_exit(t, pid, CT_ROLE_INIT, 0);
}

/* Of its processes and of what they left behind. */
static uint64_t opened_by(const struct ct_opens_list *l, const struct life *life)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->items[i]->who.id, life->id) && l->items[i]->views[CT_VIEW_NATIVE])
			n += l->items[i]->views[CT_VIEW_NATIVE]->calls[CT_OPEN_OPEN].count;
	return n;
}

static void restarts(struct tape *t, struct life *life)
{
	life_exit(t, life, 100000, 0);
	life_start(t, life, 110000);
}

static void goes_unseen(struct tape *t, struct life *life)
{
	life_remove(t, life, 100000);
}

/* What is known of a run is told with its opens, also when the container has begun twice since. */
Test(openers, what_is_known_of_a_run_stays_so)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = life_of(0);
	const struct ct_opens *first = NULL;

	life_engines(&t);
	life_create(&t, &life, 0);
	life_start(&t, &life, 20);
	tape_at(&t, 190);
	tape_opens(&t, life.init, CT_VIEW_NATIVE, 7, 0, 150, 180);
	tape_at(&t, 200);
	tape_listen(&t, life.init, 80); /* nothing is opened from here on */
	for (double ms = 1000; ms < 3000; ms += 1000) {
		life_exit(&t, &life, ms, 0);
		life_start(&t, &life, ms + 100);
	}
	play(&t, &l);
	for (size_t i = 0; i < l.count; i++) {
		if (l.items[i]->views[CT_VIEW_NATIVE])
			first = l.items[i];
	}
	cr_assert(first);
	cr_expect_eq(first->ready_ns, tape_ns(200), "%lu", (unsigned long)first->ready_ns);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* So when its container is forgotten to make room for others, before they are told. */
Test(openers, what_is_known_of_a_run_outlives_its_container)
{
	const struct ct_core_options opts = { .node = "node-1", .containers_max = 1 };
	const struct ct_core_ops ops = { .record = opens_ignore, .opens = opens_keep };
	struct ct_opens_list l = { 0 };
	struct ct_core *core = ct_core_new(&opts, &ops, &l);
	struct tape t = { 0 };
	struct life life = life_of(0), other = life_of(1);

	cr_assert(core);
	life_engines(&t);
	life_create(&t, &life, 0);
	life_start(&t, &life, 20);
	tape_at(&t, 190);
	tape_opens(&t, life.init, CT_VIEW_NATIVE, 7, 0, 150, 180);
	tape_at(&t, 200);
	tape_listen(&t, life.init, 80);
	life_exit(&t, &life, 1000, 0);
	life_remove(&t, &life, 1100);
	life_create(&t, &other, 900000);
	tape_at(&t, 1000000);
	tape_clock(&t);
	tape_feed(&t, core);
	for (const struct ct_container *c = NULL; (c = ct_book_next(core, c));)
		cr_expect_str_neq(c->who.id, life.id, "it is forgotten");
	ct_core_tell_opens(core);
	cr_assert_eq(l.count, 1);
	cr_expect_eq(l.items[0]->ready_ns, tape_ns(200), "%lu",
		     (unsigned long)l.items[0]->ready_ns);
	ct_opens_list_clear(&l);
	ct_core_free(core);
	tape_free(&t);
}

/* A daemon that an exec session left behind opens in the name of the session, while the run lasts. */
Test(openers, what_an_exec_session_leaves_behind_is_the_runs)
{
	static const struct {
		void (*between)(struct tape *t, struct life *life);
		uint64_t opens;
	} cases[] = { { NULL, 60 }, { restarts, 7 }, { goes_unseen, 7 } };

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		struct ct_opens_list l = { 0 };
		struct tape t = { 0 };
		struct life life = start(&t);

		session(&t, &life, 901, 210, 300);
		tape_opens(&t, 901, CT_VIEW_NATIVE, 7, 0, 220, 230);
		session(&t, &life, 902, 89000, 90000); /* asks whether 901 may have heirs */
		if (cases[i].between)
			cases[i].between(&t, &life);
		session(&t, &life, 903, 199000, 200000); /* asks again */
		tape_opens(&t, 901, CT_VIEW_NATIVE, 53, 5, 195000, 200000);
		play(&t, &l);
		cr_expect_eq(opened_by(&l, &life), cases[i].opens, "case %zu: %lu", i,
			     (unsigned long)opened_by(&l, &life));
		ct_opens_list_clear(&l);
		tape_free(&t);
	}
}

/* More health checks than are remembered: those who left nobody behind go first. */
Test(openers, who_has_heirs_is_remembered_longest)
{
	static const unsigned checks[] = { 8000, 8191, 8300, 20000 };

	for (size_t i = 0; i < CT_ARRAY_SIZE(checks); i++) {
		struct ct_opens_list l = { 0 };
		struct tape t = { 0 };
		struct life life = start(&t);
		double ms = 1000;

		session(&t, &life, 901, 210, 300);
		tape_at(&t, 20000);
		tape_opens(&t, 901, CT_VIEW_NATIVE, 7, 0, 15000, 20000);
		for (unsigned n = 0; n < checks[i]; n++, ms += 1000)
			session(&t, &life, 10000 + n, 20000 + ms, 20100 + ms);
		tape_opens(&t, 901, CT_VIEW_NATIVE, 53, 0, 20000 + ms - 500, 20000 + ms - 400);
		tape_opens(&t, 10000 + checks[i] - 2, CT_VIEW_NATIVE, 11, 0, 20000 + ms - 2000,
			   20000 + ms - 1950);
		play(&t, &l);
		cr_expect_eq(opened_by(&l, &life), 71, "%u checks: %lu", checks[i],
			     (unsigned long)opened_by(&l, &life));
		ct_opens_list_clear(&l);
		tape_free(&t);
	}
}

/* The next process of its pid, of which the fork was lost. */
Test(openers, who_has_ended_executes_nothing)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	session(&t, &life, 901, 210, 300);
	tape_at(&t, 400);
	tape_exec(&t, 901, CT_ROLE_RUNTIME, 0, "/usr/bin/runc", "list", TAPE_END);
	tape_opens(&t, 901, CT_VIEW_HOST, 53, 0, 410, 420);
	play(&t, &l);
	cr_expect_eq(l.count, 0);
	ct_opens_list_clear(&l);
	tape_free(&t);
}

/* Times are a recording's. */
Test(openers, the_end_of_time_is_no_end_of_a_minute)
{
	struct ct_opens_list l = { 0 };
	struct tape t = { 0 };
	struct life life = start(&t);

	for (uint32_t pid = 901; pid < 904; pid++) {
		tape_at(&t, 210);
		tape_fork(&t, life.shim, pid, CT_ROLE_INIT);
		tape_exec(&t, pid, CT_ROLE_INIT, 1, "/bin/sh", TAPE_END);
	}
	for (uint32_t pid = 901; pid < 904; pid++) {
		t.now_ns = UINT64_MAX - 4000 + (pid - 901) * 1000;
		tape_exit(&t, pid, CT_ROLE_INIT, 0);
	}
	tape_opens(&t, 901, CT_VIEW_NATIVE, 7, 0, 220, 230);
	play(&t, &l);
	cr_expect_eq(opened_by(&l, &life), 7);
	ct_opens_list_clear(&l);
	tape_free(&t);
}
