// SPDX-License-Identifier: GPL-2.0-only
/* Who asked for a container where no engine is asked: a command that makes it itself, which says who forked it. */
#include <criterion/criterion.h>

#include "runs.h"

#define PODMAN  500
#define CONMON  520
#define RUNC    530
#define INIT    540
#define SANDBOX 550
#define SHELL   400
#define ABOVE   300
#define ID      "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"

static void expect_client(const struct seen *s, uint32_t pid, uint32_t parent)
{
	cr_assert_not_null(s);
	cr_expect_eq(s->who.client.pid, pid, "%u", s->who.client.pid);
	cr_expect_eq(s->who.client.up[0], parent, "%u", s->who.client.up[0]);
	cr_expect_eq(s->who.client.up[1], parent ? ABOVE : 0, "%u", s->who.client.up[1]);
}

/* What podman's conmon and runtime do: forked by what is known, they say of nobody who forked them. */
static void runs(struct tape *t, uint32_t podman, const char *name, double ms)
{
	tape_at(t, ms);
	tape_fork(t, podman, CONMON, CT_ROLE_ENGINE);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 1, "/usr/bin/conmon", "-c", ID, "-r", "/usr/bin/crun",
		  "-n", name, TAPE_END);
	tape_fork(t, CONMON, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "create", "--bundle", "/b", ID,
		  TAPE_END);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_at(t, ms + 20);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_fork(t, podman, RUNC, CT_ROLE_ENGINE);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "start", ID, TAPE_END);
	tape_exec(t, INIT, CT_ROLE_INIT, 9, "service", TAPE_END);
	tape_at(t, ms + 30);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_output(t, INIT, CONMON);
	tape_at(t, ms + 100);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	tape_exit(t, podman, CT_ROLE_ENGINE, 0);
}

Test(askers, podman)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	tape_forked_by(t, SHELL, ABOVE);
	runs(t, PODMAN, "web", 60);
	tape_at(t, 5000);
	tape_exec(t, PODMAN + 1, CT_ROLE_ENGINE, 1, "podman", "start", "other", "web", TAPE_END);
	tape_forked_by(t, SHELL + 1, ABOVE);
	runs(t, PODMAN + 1, "web", 5010);
	play_until(run, 30000);
	expect_client(find(run, CT_RECORD_START, "web", 0), PODMAN, SHELL);
	expect_client(find(run, CT_RECORD_START, "web", 1), PODMAN + 1, SHELL + 1);
	run_free(run);
}

/* Recordings of before say nothing of it: nobody is guessed. */
Test(askers, podman_of_old_recordings)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	runs(t, PODMAN, "web", 60);
	play_until(run, 30000);
	expect_client(find(run, CT_RECORD_START, "web", 0), 0, 0);
	run_free(run);
}

/* Whoever says `start` wants it to run, not who made it; who stops it does not. */
Test(askers, bare)
{
	static const char *const words[] = { "create", "start", "kill" };
	struct run *run = run_new();
	struct tape *t = &run->t;

	for (uint32_t i = 0; i < CT_ARRAY_SIZE(words); i++) {
		tape_at(t, 10 + 100 * i);
		tape_exec(t, RUNC + i, CT_ROLE_RUNTIME, 1, "runc", words[i], "one", TAPE_END);
		tape_forked_by(t, SHELL + i, ABOVE);
		if (i == 0)
			tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
		if (i == 1)
			tape_exec(t, INIT, CT_ROLE_INIT, 9, "sh", TAPE_END);
		if (i == 2)
			tape_exit(t, INIT, CT_ROLE_INIT, 9);
		tape_at(t, 50 + 100 * i);
		tape_exit(t, RUNC + i, CT_ROLE_RUNTIME, 0);
	}
	play_until(run, 30000);
	expect_client(find(run, CT_RECORD_START, "one", 0), RUNC + 1, SHELL + 1);
	expect_client(find(run, CT_RECORD_STOP, "one", 0), RUNC + 1, SHELL + 1);
	run_free(run);
}

/* `runsc do` chooses the name, which its sandbox is the first to say. */
Test(askers, sandbox_by_itself)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runsc", "do", "true", TAPE_END);
	tape_forked_by(t, SHELL, ABOVE);
	tape_at(t, 40);
	tape_fork(t, RUNC, SANDBOX, CT_ROLE_RUNTIME);
	tape_exec(t, SANDBOX, CT_ROLE_HELPER, 9, "runsc-sandbox", "boot", "runsc-1", TAPE_END);
	tape_at(t, 200);
	tape_fork(t, SANDBOX, INIT, CT_ROLE_HELPER);
	tape_at(t, 300);
	tape_exit(t, INIT, CT_ROLE_HELPER, 0);
	tape_exit(t, SANDBOX, CT_ROLE_HELPER, 0);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	play_until(run, 30000);
	cr_assert_geq(run->count, 1);
	expect_client(&run->seen[0], RUNC, SHELL);
	run_free(run);
}

/* Once of each client, before what it asks for: who is above it, as far as that is told. */
static void tape_above(struct tape *t, uint32_t client, uint32_t parent, uint32_t n)
{
	uint32_t up[CT_CLIENT_UP + 3];

	for (uint32_t i = 0; i < n; i++)
		up[i] = i ? ABOVE - 1 + i : parent;
	tape_add(t, CT_KIND_ABOVE, client, up, n * sizeof(*up));
}

static void expect_line(const struct seen *s, uint32_t client, uint32_t parent, size_t n)
{
	expect_client(s, client, parent);
	for (uint32_t i = 1; i < CT_CLIENT_UP; i++)
		cr_expect_eq(s->who.client.up[i], i < n ? ABOVE - 1 + i : 0, "%u: %u", i,
			     s->who.client.up[i]);
}

Test(askers, all_above)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 9);
	tape_above(t, PODMAN, SHELL, 5);
	tape_at(t, 10);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	tape_forked_by(t, SHELL, ABOVE);
	runs(t, PODMAN, "web", 60);
	/* More than is kept, of one that was told before and has not exited. */
	tape_at(t, 4000);
	tape_above(t, PODMAN + 1, SHELL, 3);
	tape_above(t, PODMAN + 1, SHELL + 1, CT_CLIENT_UP + 3);
	tape_exec(t, PODMAN + 1, CT_ROLE_ENGINE, 1, "podman", "start", "other", "web", TAPE_END);
	tape_forked_by(t, SHELL + 1, ABOVE);
	runs(t, PODMAN + 1, "web", 4010);
	/* Somebody is still there when all ends. */
	tape_above(t, PODMAN + 2, SHELL, 4);
	/* It has exited: the pid is another's, and of him no more is told than by his own event. */
	tape_at(t, 8000);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "start", "other", "web", TAPE_END);
	tape_forked_by(t, SHELL + 2, ABOVE);
	runs(t, PODMAN, "web", 8010);
	play_until(run, 30000);
	expect_line(find(run, CT_RECORD_START, "web", 0), PODMAN, SHELL, 5);
	expect_line(find(run, CT_RECORD_START, "web", 1), PODMAN + 1, SHELL + 1, CT_CLIENT_UP);
	expect_line(find(run, CT_RECORD_START, "web", 2), PODMAN, SHELL + 2, 2);
	run_free(run);
}

/* Whose exit was lost may have left his pid to another. */
Test(askers, lost)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 9);
	tape_above(t, PODMAN, SHELL, 5);
	tape_at(t, 10);
	tape_lost(t, CT_LOSS_RING, 1);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	tape_forked_by(t, SHELL + 1, ABOVE);
	runs(t, PODMAN, "web", 60);
	play_until(run, 30000);
	expect_line(find(run, CT_RECORD_START, "web", 0), PODMAN, SHELL + 1, 2);
	run_free(run);
}
