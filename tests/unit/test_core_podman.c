// SPDX-License-Identifier: GPL-2.0-only
/* Podman: commands, drafts and conmon. */
#include <criterion/criterion.h>

#include "runs.h"

#define OUTER    490 /* without root */
#define PODMAN   500
#define NETAVARK 510
#define CONMON   520
#define MONITOR  521
#define RUNC     530
#define INIT     540
#define CLEANUP  550
#define CHECK    560
#define NETNS    4026532001
#define ID       "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"

static void netavark(struct tape *t, uint32_t parent, const char *what, double ms, double until)
{
	tape_at(t, ms);
	tape_fork(t, parent, NETAVARK, CT_ROLE_ENGINE);
	tape_exec(t, NETAVARK, CT_ROLE_HELPER, 1, "/usr/lib/podman/netavark", "--config", "/r",
		  what, "/run/netns/n", TAPE_END);
	tape_at(t, until);
	tape_exit(t, NETAVARK, CT_ROLE_HELPER, 0);
}

/* From conmon on: it is attached, created, started and ready, 35 ms later. */
static void monitored(struct tape *t, const char *name, double ms)
{
	tape_at(t, ms);
	tape_fork(t, PODMAN, CONMON, CT_ROLE_ENGINE);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 1, "/usr/bin/conmon", "-c", ID, "-r", "/usr/bin/crun",
		  "-n", name, TAPE_END);
	tape_at(t, ms + 2);
	tape_fork(t, CONMON, MONITOR, CT_ROLE_SHIM);
	tape_exit(t, CONMON, CT_ROLE_SHIM, 0);
	tape_at(t, ms + 3);
	tape_fork(t, MONITOR, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "create", "--bundle", "/b", ID,
		  TAPE_END);
	tape_at(t, ms + 5);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_at(t, ms + 20);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_at(t, ms + 22);
	tape_fork(t, PODMAN, RUNC, CT_ROLE_ENGINE);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "start", ID, TAPE_END);
	tape_at(t, ms + 27);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "service", TAPE_END);
	tape_at(t, ms + 30);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_at(t, ms + 35);
	tape_output(t, INIT, MONITOR);
}

static void cleaned(struct tape *t, const char *rm, bool network, double ms, double until)
{
	tape_at(t, ms);
	tape_fork(t, MONITOR, CLEANUP, CT_ROLE_SHIM);
	tape_exec(t, CLEANUP, CT_ROLE_ENGINE, 1, "/usr/bin/podman", "container", "cleanup", rm, ID,
		  TAPE_END);
	if (network)
		netavark(t, CLEANUP, "teardown", ms + 5, ms + 15);
	tape_at(t, until);
	tape_exit(t, CLEANUP, CT_ROLE_ENGINE, 0);
}

/* What `podman run` does before anybody knows an id, from 10 to 60 ms. */
static void created(struct tape *t, bool network)
{
	tape_at(t, 10);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "--root", "/s", "run", "--name", "web",
		  "image", TAPE_END);
	tape_at(t, 30);
	tape_sync(t, PODMAN, "libpod", "bolt_state.db");
	tape_at(t, 31);
	tape_sync(t, PODMAN, "libpod", "bolt_state.db");
	if (network)
		netavark(t, PODMAN, "setup", 35, 50);
	tape_at(t, 52);
	tape_sync(t, PODMAN, "libpod", "bolt_state.db");
}

/* All that run are told once more, after events were lost: what podman was about is not forgotten. */
Test(podman, told_once_more)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	created(t, false);
	tape_at(t, 55);
	tape_process(t, PODMAN, 1, CT_ROLE_ENGINE, "podman", "--root", "/s", "run", "--name", "web",
		     "image", TAPE_END);
	monitored(t, "web", 60);
	play_until(run, 9000);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 95);
	expect_phase(s, CT_PHASE_CREATE, 20);
	run_free(run);
}

Test(podman, one_life)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	created(t, true);
	monitored(t, "web", 60);
	tape_at(t, 400);
	tape_exit(t, INIT, CT_ROLE_INIT, 7 << 8);
	cleaned(t, "--rm", true, 402, 450);
	tape_at(t, 451);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 7 << 8);
	play_until(run, 9000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 95);
	expect_phase(s, CT_PHASE_CREATE, 20);
	expect_phase(s, CT_PHASE_CONNECT, 20);
	expect_phase(s, CT_PHASE_ATTACH, 3);
	expect_phase(s, CT_PHASE_START, 10 + 27);
	expect_phase(s, CT_PHASE_READY, 5);
	cr_expect_str_eq(s->who.id, ID);
	cr_expect_str_eq(s->who.engine, "podman");
	cr_expect_str_eq(s->who.runtime, "crun");
	cr_expect_eq(s->who.init_pid, INIT);
	s = find(run, CT_RECORD_STOP, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 400, 450);
	expect_phase(s, CT_PHASE_DIE, 2);
	expect_phase(s, CT_PHASE_DISCONNECT, 15);
	expect_phase(s, CT_PHASE_DESTROY, 33);
	cr_expect_eq(s->rec.exit_code, 7);
	cr_expect(s->rec.removed);
	expect_nothing_odd(run);
	cr_expect_eq(run->lookups, 2, "of podman, which may leave first, and of who stays");
	cr_expect_eq(run->asked, MONITOR);
	run_free(run);
}

/* `podman healthcheck run NAME` runs nothing; of what it finds ill it ends what is asked for with it. */
Test(podman, a_health_check_stops_it)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	created(t, false);
	monitored(t, "web", 60);
	for (int ill = 0; ill < 2; ill++) {
		double ms = 300 + 100 * ill;

		tape_at(t, ms);
		tape_exec(t, CHECK, CT_ROLE_ENGINE, 1, "podman", "--root", "/s", "healthcheck",
			  "run", "web", TAPE_END);
		tape_at(t, ms + 10);
		tape_fork(t, CHECK, RUNC, CT_ROLE_ENGINE);
		tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", ill ? "kill" : "exec", ID,
			  "15", TAPE_END);
		tape_at(t, ms + 12);
		tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
		if (ill) {
			tape_at(t, ms + 20);
			tape_exit(t, INIT, CT_ROLE_INIT, 15);
			cleaned(t, "--quiet", false, ms + 22, ms + 50);
		}
		tape_at(t, ms + 60);
		tape_exit(t, CHECK, CT_ROLE_ENGINE, 0);
	}
	play_until(run, 9000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, "web", 0);
	cr_expect_eq(s->rec.cause, CT_CAUSE_PROBE);
	expect_span(s, 410, 450);
	expect_phase(s, CT_PHASE_STOP, 10);
	run_free(run);
}

/* Who kills it behind a check that has ended does not do so for its health. */
Test(podman, a_kill_behind_a_health_check_is_somebodys)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	created(t, false);
	monitored(t, "web", 60);
	tape_at(t, 300);
	tape_exec(t, CHECK, CT_ROLE_ENGINE, 1, "podman", "--root", "/s", "healthcheck", "run",
		  "web", TAPE_END);
	tape_at(t, 360);
	tape_exit(t, CHECK, CT_ROLE_ENGINE, 0);
	tape_at(t, 410);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "kill", ID, "15", TAPE_END);
	tape_at(t, 412);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_at(t, 420);
	tape_exit(t, INIT, CT_ROLE_INIT, 15);
	cleaned(t, "--quiet", false, 422, 450);
	play_until(run, 9000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, "web", 0);
	cr_expect_neq(s->rec.cause, CT_CAUSE_PROBE);
	expect_span(s, 420, 450);
	run_free(run);
}

/* Podman in a container: what its files say is looked up from outside and takes nobody's word away. */
Test(podman, in_a_container)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	created(t, true);
	monitored(t, "web", 60);
	tape_identity(t, 0, "id", ID, "engine", "podman", "name", "web", "image", "busybox:1",
		      TAPE_END);
	tape_at(t, 100);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 0);
	tape_at(t, 300);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	cleaned(t, "--quiet", true, 302, 350);
	tape_at(t, 5000);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "start", "web", TAPE_END);
	monitored(t, "web", 5020);
	nest(t, 0, INIT);
	play_until(run, 9000);
	expect_counts(run, 2, 1, 1);
	expect_outcome(find(run, CT_RECORD_START, "web", 0), CT_OUTCOME_OK);
	expect_span(find(run, CT_RECORD_STOP, "web", 0), 300, 350);
	expect_span(find(run, CT_RECORD_START, "web", 1), 5000, 5055);
	cr_expect_str_eq(find(run, CT_RECORD_STOP, "web", 0)->who.image, "busybox:1");
	run_free(run);
}

/* With the host's network there is nothing to connect: it is absent, not unknown. */
Test(podman, without_a_network)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	created(t, false);
	monitored(t, "web", 60);
	tape_at(t, 100);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 0);
	tape_at(t, 300);
	tape_exec(t, PODMAN + 1, CT_ROLE_ENGINE, 1, "podman", "--root", "/s", "kill", "web",
		  TAPE_END);
	tape_at(t, 320);
	tape_exit(t, INIT, CT_ROLE_INIT, 9);
	cleaned(t, "x", false, 322, 350);
	tape_at(t, 351);
	tape_exit(t, PODMAN + 1, CT_ROLE_ENGINE, 0);
	tape_at(t, 500);
	tape_exec(t, PODMAN + 1, CT_ROLE_ENGINE, 1, "podman", "--root", "/s", "rm", "web",
		  TAPE_END);
	tape_at(t, 540);
	tape_exit(t, PODMAN + 1, CT_ROLE_ENGINE, 0);
	play_until(run, 9000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_phase(s, CT_PHASE_START, 30 + 27);
	cr_expect_not((s->rec.seen | s->rec.missing) & 1u << CT_PHASE_CONNECT);
	s = find(run, CT_RECORD_STOP, "web", 0);
	expect_span(s, 300, 540);
	expect_phase(s, CT_PHASE_STOP, 20);
	expect_phase(s, CT_PHASE_DESTROY, 28 + 40);
	expect_phase(s, CT_PHASE_CLIENT, 150);
	cr_expect_not((s->rec.seen | s->rec.missing) & 1u << CT_PHASE_DISCONNECT);
	cr_expect(s->rec.removed);
	expect_nothing_odd(run);
	run_free(run);
}

/* What is called like it and is no container is nothing of it. */
Test(podman, a_volume_of_its_name)
{
	static const char *const about[][2] = {
		{ "volume", "rm" },  { "network", "rm" },  { "secret", "rm" },
		{ "pod", "stop" },   { "image", "rm" },    { "manifest", "create" },
		{ "machine", "rm" }, { "artifact", "rm" }, { "volume", "create" },
	};
	struct run *run = run_new();
	struct tape *t = &run->t;

	created(t, false);
	monitored(t, "web", 60);
	tape_at(t, 100);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 0);
	for (uint32_t i = 0; i < CT_ARRAY_SIZE(about); i++) {
		tape_at(t, 300 + 20 * i);
		tape_exec(t, PODMAN + 2 + i, CT_ROLE_ENGINE, 1, "podman", "--root", "/s",
			  about[i][0], about[i][1], "web", TAPE_END);
		tape_at(t, 310 + 20 * i);
		tape_exit(t, PODMAN + 2 + i, CT_ROLE_ENGINE, 0);
	}
	tape_at(t, 900);
	tape_exec(t, PODMAN + 1, CT_ROLE_ENGINE, 1, "podman", "--root", "/s", "container", "stop",
		  "web", TAPE_END);
	tape_at(t, 910);
	tape_exit(t, INIT, CT_ROLE_INIT, 15);
	cleaned(t, "x", false, 912, 930);
	tape_at(t, 935);
	tape_exit(t, PODMAN + 1, CT_ROLE_ENGINE, 0);
	play_until(run, 9000);
	expect_counts(run, 1, 1, 0);
	expect_span(find(run, CT_RECORD_STOP, "web", 0), 900, 930);
	cr_expect_eq(count(run, CT_RECORD_REMOVE), 0);
	expect_nothing_odd(run);
	run_free(run);
}

/* `podman restart`: the same process stops it and starts it, and nothing is cleaned up between. */
Test(podman, restarted)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	created(t, true);
	monitored(t, "web", 60);
	tape_at(t, 100);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 0);
	tape_at(t, 300);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "--root", "/s", "restart", "web",
		  TAPE_END);
	tape_at(t, 310);
	tape_exit(t, INIT, CT_ROLE_INIT, 15);
	tape_at(t, 312);
	tape_fork(t, MONITOR, CLEANUP, CT_ROLE_SHIM);
	tape_exec(t, CLEANUP, CT_ROLE_ENGINE, 1, "/usr/bin/podman", "container", "cleanup", ID,
		  TAPE_END);
	monitored(t, "web", 320);
	play_until(run, 9000);
	expect_counts(run, 2, 1, 1);
	s = find(run, CT_RECORD_RESTART, "web", 0);
	expect_span(s, 310, 355);
	cr_expect_eq(s->rec.cause, CT_CAUSE_RESTART_REQUEST);
	s = find(run, CT_RECORD_STOP, "web", 0);
	expect_phase(s, CT_PHASE_DIE, 2);
	expect_phase(s, CT_PHASE_DESTROY, 0);
	s = find(run, CT_RECORD_START, "web", 1);
	expect_span(s, 312, 355);
	expect_phase(s, CT_PHASE_START, 8 + 27);
	expect_nothing_odd(run);
	run_free(run);
}

/* A command that fails before conmon leaves nothing behind: no record, no container. */
Test(podman, draft_goes_with_its_process)
{
	struct run *run = run_new();

	created(&run->t, true);
	tape_at(&run->t, 60);
	tape_exit(&run->t, PODMAN, CT_ROLE_ENGINE, 125 << 8);
	play_until(run, 9000);
	cr_expect_eq(run->count, 0);
	cr_expect_eq(run->counts.containers, 0);
	cr_expect_eq(run->counts.open, 0);
	run_free(run);
}

/* `podman run` whose runtime fails 20 ms after conmon began. */
static void runtime_failed(struct tape *t, double ms)
{
	created(t, true);
	tape_at(t, ms);
	tape_fork(t, PODMAN, CONMON, CT_ROLE_ENGINE);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 1, "/usr/bin/conmon", "-c", ID, "-n", "web", TAPE_END);
	tape_fork(t, CONMON, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "create", ID, TAPE_END);
	tape_at(t, ms + 20);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 1 << 8);
	tape_exit(t, CONMON, CT_ROLE_SHIM, 1 << 8);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 127 << 8);
}

Test(podman, runtime_fails)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	runtime_failed(t, 60);
	cleaned(t, "x", false, 82, 100);
	play_until(run, 9000);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 80);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_START);
	cr_assert(s->rec.failed_step);
	cr_expect_str_eq(s->rec.failed_step, "runtime create");
	run_free(run);
}

/* It fails sooner than user space can look up who it is: it is told with its image all the same. */
Test(podman, fails_before_it_is_known)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	runtime_failed(t, 60);
	tape_at(t, 100);
	tape_identity(t, 0, "id", ID, "engine", "podman", "name", "web", "image", "busybox:1",
		      TAPE_END);
	play_until(run, 9000);
	expect_counts(run, 1, 0, 0);
	expect_outcome(find(run, CT_RECORD_START, "web", 0), CT_OUTCOME_FAILED);
	expect_span(find(run, CT_RECORD_START, "web", 0), 10, 80);
	cr_expect_str_eq(find(run, CT_RECORD_START, "web", 0)->who.image, "busybox:1");
	run_free(run);
}

/* Nobody answers: it is told, also when it is started again before that. */
Test(podman, fails_and_is_never_known)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	runtime_failed(t, 60);
	tape_at(t, 120);
	tape_fork(t, 1, PODMAN, CT_ROLE_ENGINE);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "start", "web", TAPE_END);
	monitored(t, "web", 130);
	play_until(run, 9000);
	expect_counts(run, 2, 0, 0);
	expect_outcome(find(run, CT_RECORD_START, "web", 0), CT_OUTCOME_FAILED);
	expect_span(find(run, CT_RECORD_START, "web", 0), 10, 80);
	expect_outcome(find(run, CT_RECORD_START, "web", 1), CT_OUTCOME_OK);
	run_free(run);
}

/* The words of its command are its own: one that is called like a container is about none. */
Test(podman, a_word_that_is_anothers_name)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct run *run = run_new();
	struct tape *t = &run->t;

	created(t, false);
	monitored(t, "web", 60);
	tape_at(t, 1000);
	tape_fork(t, 1, 600, CT_ROLE_ENGINE);
	tape_exec(t, 600, CT_ROLE_ENGINE, 1, "podman", "run", "curl", "web", TAPE_END);
	tape_at(t, 1010);
	tape_fork(t, 600, 620, CT_ROLE_ENGINE);
	tape_exec(t, 620, CT_ROLE_SHIM, 1, "/usr/bin/conmon", "-c", id, "-r", "/usr/bin/crun", "-n",
		  "other", TAPE_END);
	tape_fork(t, 620, 630, CT_ROLE_SHIM);
	tape_exec(t, 630, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "create", "--bundle", "/b", id,
		  TAPE_END);
	tape_fork(t, 630, 640, CT_ROLE_RUNTIME);
	tape_exit(t, 630, CT_ROLE_RUNTIME, 0);
	tape_at(t, 1020);
	tape_fork(t, 600, 650, CT_ROLE_ENGINE);
	tape_exec(t, 650, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "start", id, TAPE_END);
	tape_exec(t, 640, CT_ROLE_INIT, NETNS + 1, "curl", "web", TAPE_END);
	tape_exit(t, 650, CT_ROLE_RUNTIME, 0);
	tape_at(t, 1035);
	tape_output(t, 640, 620);
	play_until(run, 30000);
	expect_counts(run, 2, 0, 0);
	expect_span(find(run, CT_RECORD_START, "other", 0), 1000, 1035);
	run_free(run);
}

/* On a file system whose syncs are not seen nobody knows when it was created, but it started. */
Test(podman, database_is_not_seen)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	monitored(t, "web", 60);
	play_until(run, 9000);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 95);
	expect_phase(s, CT_PHASE_UNKNOWN, 50);
	expect_phase(s, CT_PHASE_ATTACH, 3);
	expect_phase(s, CT_PHASE_START, 27);
	expect_phase(s, CT_PHASE_READY, 5);
	run_free(run);
}

/* Without root podman executes itself again in a user namespace: one command, from its begin. */
Test(podman, rootless)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	tape_exec(t, OUTER, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image", TAPE_END);
	tape_at(t, 25);
	tape_fork(t, OUTER, PODMAN, CT_ROLE_ENGINE);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	tape_at(t, 30);
	tape_sync(t, PODMAN, "libpod", "bolt_state.db");
	monitored(t, "web", 60);
	tape_at(t, 96);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 0);
	tape_exit(t, OUTER, CT_ROLE_ENGINE, 0);
	tape_at(t, 300);
	tape_fork(t, 1, OUTER, CT_ROLE_ENGINE);
	tape_exec(t, OUTER, CT_ROLE_ENGINE, 1, "podman", "stop", "web", TAPE_END);
	tape_at(t, 320);
	tape_fork(t, OUTER, PODMAN, CT_ROLE_ENGINE);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "stop", "web", TAPE_END);
	tape_at(t, 400);
	tape_exit(t, INIT, CT_ROLE_INIT, 7 << 8);
	cleaned(t, "--rm", false, 402, 450);
	play_until(run, 9000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 95);
	expect_phase(s, CT_PHASE_CREATE, 20);
	s = find(run, CT_RECORD_STOP, "web", 0);
	expect_span(s, 300, 450);
	expect_phase(s, CT_PHASE_STOP, 100);
	run_free(run);
}

/* What it executes again may fail before there is a container: nothing of either is left. */
Test(podman, rootless_fails_early)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, OUTER, CT_ROLE_ENGINE, 1, "podman", "run", "image", TAPE_END);
	tape_fork(t, OUTER, PODMAN, CT_ROLE_ENGINE);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "image", TAPE_END);
	tape_at(t, 40);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 125 << 8);
	tape_at(t, 41);
	tape_exit(t, OUTER, CT_ROLE_ENGINE, 125 << 8);
	play_until(run, 9000);
	cr_expect_eq(run->count, 0);
	cr_expect_eq(run->counts.containers, 0);
	run_free(run);
}
