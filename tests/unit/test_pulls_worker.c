// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without root podman executes itself anew in a user namespace, whose store it is: that is looked at at once where it was
 * called to fetch, else when it turns to a registry.
 */
#include "runs.h"

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
