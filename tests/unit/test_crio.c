// SPDX-License-Identifier: GPL-2.0-only
/* CRI-O: conmon for each container, and a runtime for every step of its life. */
#include <criterion/criterion.h>

#include "runs.h"

#define CRIO   700
#define CONMON 701
#define RUNC   702
#define INIT   703
#define LATER  704
#define NETNS  4026532001
#define CALLED "k8s_web_pod_ns_uid_0" /* by conmon */
#define NAME   "pod/web"
#define ID     "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"

/* conmon at ms, and the runtime that it calls to create, until 90 ms later. */
static void created(struct tape *t, double ms, int status)
{
	tape_at(t, ms);
	tape_fork(t, CRIO, CONMON, CT_ROLE_ENGINE);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 9, "/usr/bin/conmon", "-b", "/run/x", "-c", ID, "-n",
		  CALLED, "-r", "/usr/bin/crun", TAPE_END);
	tape_at(t, ms + 10);
	tape_fork(t, CONMON, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 9, "/usr/bin/crun", "create", "--bundle", "/x", ID,
		  TAPE_END);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_at(t, ms + 90);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, status);
}

/* What crio itself has a runtime do, for that long. */
static void does(struct tape *t, const char *what, double ms, double until, int status)
{
	tape_at(t, ms);
	tape_fork(t, CRIO, LATER, CT_ROLE_ENGINE);
	tape_exec(t, LATER, CT_ROLE_RUNTIME, 9, "/usr/bin/crun", what, ID, TAPE_END);
	tape_at(t, until);
	tape_exit(t, LATER, CT_ROLE_RUNTIME, status);
}

static void started(struct tape *t)
{
	created(t, 10, 0);
	does(t, "start", 120, 130, 0);
	tape_at(t, 125);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "app", TAPE_END);
	tape_at(t, 150);
	tape_output(t, INIT, CONMON);
}

/* Its first process ends, conmon writes down how, and ends with the same. */
static void exits(struct tape *t, double ms, int status)
{
	tape_at(t, ms);
	tape_exit(t, INIT, CT_ROLE_INIT, status);
	tape_at(t, ms + 2);
	tape_exit(t, CONMON, CT_ROLE_SHIM, status);
}

static struct run *crio(void)
{
	struct run *run = run_new();

	tape_process(&run->t, CRIO, 1, CT_ROLE_ENGINE, "/usr/bin/crio", TAPE_END);
	return run;
}

static void play_sorted(struct run *run)
{
	tape_at(&run->t, 60000);
	tape_clock(&run->t);
	tape_sort(&run->t);
	play(run);
}

/* From its first process to the last: each phase is the time of the process that did it. */
Test(crio, one_life)
{
	struct run *run = crio();
	struct tape *t = &run->t;
	const struct seen *s;

	started(t);
	does(t, "kill", 1000, 1005, 0);
	exits(t, 1020, 15);
	does(t, "delete", 1100, 1130, 0);
	play_sorted(run);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 150);
	expect_phase(s, CT_PHASE_CREATE, 90);
	expect_phase(s, CT_PHASE_START, 10);
	expect_phase(s, CT_PHASE_READY, 20);
	expect_phase(s, CT_PHASE_CLIENT, 20);
	cr_expect_str_eq(s->who.engine, "crio");
	s = find(run, CT_RECORD_STOP, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1000, 1130);
	expect_phase(s, CT_PHASE_STOP, 20);
	expect_phase(s, CT_PHASE_DIE, 2);
	expect_phase(s, CT_PHASE_DESTROY, 30);
	expect_phase(s, CT_PHASE_CLIENT, 78);
	cr_expect_eq(s->rec.exit_code, 143);
	cr_expect(s->rec.removed);
	expect_nothing_odd(run);
	run_free(run);
}

/* A delete that is refused deletes nothing: the container is removed when that is done. */
Test(crio, delete_is_refused)
{
	struct run *run = crio();
	struct tape *t = &run->t;
	const struct seen *s;

	started(t);
	exits(t, 1020, 0);
	does(t, "delete", 1100, 1130, 1 << 8);
	play_sorted(run);
	s = find(run, CT_RECORD_STOP, NAME, 0);
	cr_expect_not(s->rec.removed);
	expect_counts(run, 1, 1, 0);
	expect_outcome(find(run, CT_RECORD_START, NAME, 0), CT_OUTCOME_OK);
	run_free(run);
}

/* Columns: what is done, the status of each, the phase that failed. */
static const struct {
	const char *name;
	int create, start;
	enum ct_phase phase;
	const char *step;
	double end;
} fails[] = {
	{ "create", 1 << 8, -1, CT_PHASE_CREATE, "runtime create", 100 },
	{ "start", 0, 1 << 8, CT_PHASE_START, "runtime start", 130 },
};

/* A pod that does not come up: its container's start failed, where and when is told. */
Test(crio, runtime_fails)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(fails); i++) {
		struct run *run = crio();
		const struct seen *s;

		created(&run->t, 10, fails[i].create);
		if (fails[i].start >= 0)
			does(&run->t, "start", 120, 130, fails[i].start);
		does(&run->t, "delete", 200, 210, 0);
		play_sorted(run);
		expect_counts(run, 1, 0, 0);
		s = find(run, CT_RECORD_START, NAME, 0);
		expect_outcome(s, CT_OUTCOME_FAILED);
		expect_span(s, 10, fails[i].end);
		cr_expect_eq(s->rec.failed_phase, fails[i].phase, "%s", fails[i].name);
		cr_assert(s->rec.failed_step, "%s", fails[i].name);
		cr_expect_str_eq(s->rec.failed_step, fails[i].step);
		run_free(run);
	}
}

/* What fails later, or is none of the two, is not the start's failure. */
Test(crio, what_fails_later_is_no_failed_start)
{
	struct run *run = crio();

	created(&run->t, 10, 0);
	does(&run->t, "state", 101, 102, 1 << 8); /* before it is started */
	does(&run->t, "kill", 105, 110, 1 << 8);
	does(&run->t, "start", 120, 130, 0);
	tape_at(&run->t, 125);
	tape_exec(&run->t, INIT, CT_ROLE_INIT, NETNS, "app", TAPE_END);
	tape_at(&run->t, 150);
	tape_output(&run->t, INIT, CONMON);
	does(&run->t, "start", 200, 205, 1 << 8); /* it runs already */
	does(&run->t, "kill", 1000, 1005, 1 << 8);
	play_sorted(run);
	expect_counts(run, 1, 0, 0);
	expect_outcome(find(run, CT_RECORD_START, NAME, 0), CT_OUTCOME_OK);
	expect_span(find(run, CT_RECORD_START, NAME, 0), 10, 150);
	run_free(run);
}

/* Probes of a kubelet: no container begins with them. Columns: where the bundle is, an option. */
static const struct {
	const char *bundle_at, *option;
} probes[] = {
	{ "-b", "-e" },
	{ "-b", "--exec-process-spec" },
	{ "-l", "-*" }, /* as old versions scrubbed it: what is made has a bundle */
};

Test(crio, a_probe_is_no_start)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(probes); i++) {
		struct run *run = crio();

		tape_at(&run->t, 10);
		tape_fork(&run->t, CRIO, CONMON, CT_ROLE_ENGINE);
		tape_exec(&run->t, CONMON, CT_ROLE_SHIM, 9, "/usr/bin/conmon", probes[i].bundle_at,
			  "/run/x", "-c", ID, "-n", CALLED, "-r", "/usr/bin/crun", probes[i].option,
			  TAPE_END);
		tape_exit(&run->t, CONMON, CT_ROLE_SHIM, 0);
		play_sorted(run);
		cr_expect_eq(run->counts.containers, 0, "%zu", i);
		cr_expect_eq(run->count, 0, "%zu", i);
		run_free(run);
	}
}

/* crio is gone and its pid is another's when conmon is executed: it is taken for podman's. */
Test(crio, the_pid_of_the_engine_is_another_now)
{
	struct run *run = crio();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_fork(t, CRIO, CONMON, CT_ROLE_ENGINE);
	tape_at(t, 11);
	tape_exit(t, CRIO, CT_ROLE_ENGINE, 9);
	tape_at(t, 12);
	tape_fork(t, 4711, CRIO, CT_ROLE_HELPER);
	tape_at(t, 13);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 9, "/usr/bin/conmon", "-c", ID, "-n", "web", "-r",
		  "/usr/bin/crun", TAPE_END);
	tape_at(t, 20);
	tape_fork(t, CONMON, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 9, "/usr/bin/crun", "create", ID, TAPE_END);
	tape_at(t, 40);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 1 << 8);
	play_sorted(run);
	cr_expect_eq(run->counts.containers, 1);
	cr_expect_str_eq(find(run, CT_RECORD_START, "web", 0)->who.engine, "podman");
	run_free(run);
}
