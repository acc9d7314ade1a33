// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without root podman executes itself anew in a user namespace, whose store it is: that is looked at at once where it was
 * called to fetch, else when it turns to a registry.
 */
#include "core/book/pulls_command.h"

#include "docker_pulls.h"

#define PODMAN 700
#define WORKER 705

static void is_called(struct tape *t, uint32_t pid, const char *command)
{
	tape_exec(t, pid, CT_ROLE_ENGINE, 1, "podman", command, "-*", "*", "reg.test:5000/web:1",
		  TAPE_END);
}

Test(pulls_worker, whose_store_is_looked_at)
{
	static const char *const commands[] = { "pull", "run" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++) {
		struct run *run = run_new();

		tape_at(&run->t, 100);
		is_called(&run->t, PODMAN, commands[i]);
		tape_at(&run->t, 110);
		tape_fork(&run->t, PODMAN, WORKER, CT_ROLE_ENGINE);
		is_called(&run->t, WORKER, commands[i]);
		play(run);
		cr_expect_eq(run->stores, i ? 0 : WORKER, "%s: %u", commands[i], run->stores);
		run_free(run);
	}
}

/* Commands that may fetch, and have not, are no pulls yet: of too many they make room, and what is under way stays. */
Test(pulls_worker, who_may_fetch_makes_room)
{
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct tape *t = &run->t;

	core->shares->max[CT_SHARE_PULLS] = 4;
	life_engines(t);
	pull_begins(t, 10, 0, PULL_SOCKET, PULL_LINE("web"));
	for (uint32_t i = 0; i < 10; i++) {
		tape_at(t, 100 + i);
		is_called(t, PODMAN + i, "run");
	}
	tape_feed(t, core);
	ct_core_flush(core);
	cr_assert(ct_pull_next(core, NULL));
	cr_expect_not(ct_pull_next(core, NULL)->idle);
	ct_core_free(core);
	run_free(run);
}

/*
 * Who may fetch, and has not, has no room for all that a command may do, and what was told has none any more. Each
 * `podman run` is one that may.
 */
Test(pulls_worker, what_was_told_takes_no_more_than_it_needs)
{
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct tape *t = &run->t;
	const struct ct_pull *p;

	tape_at(t, 100);
	is_called(t, PODMAN, "pull");
	tape_at(t, 400);
	tape_clock(t);
	tape_feed(t, core);
	p = ct_pull_next(core, NULL);
	cr_assert(p && p->command && !p->told);
	cr_expect_null(p->command->room);
	cr_expect_eq(p->room, 0);
	tape_at(t, 450);
	tape_unlink(t, PODMAN, "storage123", "1");
	tape_at(t, 900);
	tape_clock(t);
	tape_feed(t, core);
	cr_assert_not_null(p->command->room);
	cr_expect_eq(p->command->file_count, 1);
	tape_at(t, 950);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 1 << 8);
	tape_at(t, 5000);
	tape_clock(t);
	tape_feed(t, core);
	p = ct_pull_next(core, NULL);
	cr_assert(p && p->command && p->told);
	cr_expect_null(p->command->room);
	cr_expect_null(p->handled);
	ct_core_flush(core);
	ct_core_free(core);
	run_free(run);
}
