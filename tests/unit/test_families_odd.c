// SPDX-License-Identifier: GPL-2.0-only
/* Ways of living: what is told when a part of one fails, comes twice, or is not asked for. */
#include <criterion/criterion.h>

#include "core/life/family.h"
#include "runs.h"

#define PODMAN  500
#define MONITOR 521
#define RUNC    530
#define INIT    540
#define CLEANUP 550
#define NETNS   4026532001
#define ID      "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"

static void play_sorted(struct run *run)
{
	tape_at(&run->t, 90000);
	tape_clock(&run->t);
	tape_sort(&run->t);
	play(run);
}

static void runtime(struct tape *t, uint32_t parent, uint32_t pid, const char *op, double ms,
		    double until, int status)
{
	tape_at(t, ms);
	if (parent)
		tape_fork(t, parent, pid, CT_ROLE_SHIM);
	tape_exec(t, pid, CT_ROLE_RUNTIME, 1, "crun", op, ID, TAPE_END);
	tape_at(t, until);
	tape_exit(t, pid, CT_ROLE_RUNTIME, status);
}

static void app(struct tape *t, double ms, double ready)
{
	tape_at(t, ms);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "app", TAPE_END);
	tape_at(t, ready);
	tape_output(t, INIT, MONITOR);
}

/* Columns: command of a bare runtime that fails, in which phase the start failed. */
static const struct {
	const char *op;
	enum ct_phase phase;
} bare_fails[] = {
	{ "create", CT_PHASE_CREATE },
	{ "start", CT_PHASE_START },
	{ "run", CT_PHASE_START },
};

/* Nobody answers but the exit of the runtime: that has to be enough. */
Test(families_odd, a_bare_runtime_that_fails)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(bare_fails); i++) {
		struct run *run = run_new();
		const struct seen *s;

		if (bare_fails[i].phase == CT_PHASE_START && strcmp(bare_fails[i].op, "run") != 0)
			runtime(&run->t, 0, RUNC, "create", 5, 10, 0);
		runtime(&run->t, 0, RUNC + 1, bare_fails[i].op, 20, 30, 1 << 8);
		runtime(&run->t, 0, RUNC + 2, "list", 40, 50, 1 << 8);
		play_sorted(run);
		expect_counts(run, 1, 0, 0);
		s = find(run, CT_RECORD_START, ID, 0);
		expect_outcome(s, CT_OUTCOME_FAILED);
		cr_expect_eq(s->rec.failed_phase, bare_fails[i].phase, "%s", bare_fails[i].op);
		cr_expect_eq(s->rec.end_ns, tape_ns(30), "%s", bare_fails[i].op);
		run_free(run);
	}
}

/* Columns: status of `kill`, when it returns; when the stop is told to begin. */
static const struct {
	int status;
	double returns, begin;
} kills[] = {
	{ 0, 601, 600 },
	{ 1 << 8, 601, 700 }, /* it was refused before the exit: nobody stopped it */
	{ 1 << 8, 701, 600 }, /* it had gone meanwhile */
};

Test(families_odd, a_bare_kill_that_is_refused)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(kills); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 5);
		tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "crun", "create", ID, TAPE_END);
		tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
		tape_at(t, 10);
		tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
		runtime(t, 0, RUNC + 1, "start", 20, 30, 0);
		app(t, 25, 40);
		runtime(t, 0, RUNC + 2, "kill", 600, kills[i].returns, kills[i].status);
		tape_at(t, 700);
		tape_exit(t, INIT, CT_ROLE_INIT, 9);
		play_sorted(run);
		expect_counts(run, 1, 1, 0);
		cr_expect_eq(find(run, CT_RECORD_STOP, ID, 0)->rec.begin_ns,
			     tape_ns(kills[i].begin), "row %zu", i);
		run_free(run);
	}
}

/* A network plugin's program, on behalf of podman. */
static void netavark(struct tape *t, uint32_t parent, const char *what, double ms, double until)
{
	tape_at(t, ms);
	tape_fork(t, parent, 510, CT_ROLE_ENGINE);
	tape_exec(t, 510, CT_ROLE_HELPER, 1, "/usr/lib/podman/netavark", what, "/n", TAPE_END);
	tape_at(t, until);
	tape_exit(t, 510, CT_ROLE_HELPER, 0);
}

/* conmon, create, start: from ms to ms + 40. */
static void monitored(struct tape *t, uint32_t caller, double ms, int start_status)
{
	tape_at(t, ms);
	tape_fork(t, caller, 520, CT_ROLE_ENGINE);
	tape_exec(t, 520, CT_ROLE_SHIM, 1, "/usr/bin/conmon", "-c", ID, "-r", "/usr/bin/crun", "-n",
		  "web", TAPE_END);
	tape_fork(t, 520, MONITOR, CT_ROLE_SHIM);
	tape_exit(t, 520, CT_ROLE_SHIM, 0);
	tape_at(t, ms + 5);
	tape_fork(t, MONITOR, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "crun", "create", ID, TAPE_END);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_at(t, ms + 20);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	runtime(t, caller, RUNC + 1, "start", ms + 22, ms + 30, start_status);
	if (!start_status)
		app(t, ms + 27, ms + 40);
}

static void created(struct tape *t)
{
	tape_at(t, 10);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	tape_at(t, 30);
	tape_sync(t, PODMAN, "libpod", "db.sql");
	tape_at(t, 31);
	tape_sync(t, PODMAN, "libpod", "db.sql");
}

static void cleanup(struct tape *t, double ms)
{
	tape_at(t, ms);
	tape_fork(t, MONITOR, CLEANUP, CT_ROLE_SHIM);
	tape_exec(t, CLEANUP, CT_ROLE_ENGINE, 1, "/usr/bin/podman", "container", "cleanup", ID,
		  TAPE_END);
}

/* Podman's runtime makes the container, and cannot start it. */
Test(families_odd, podman_cannot_start)
{
	struct run *run = run_new();
	const struct seen *s;

	created(&run->t);
	monitored(&run->t, PODMAN, 60, 1 << 8);
	play_sorted(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 90);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_START);
	cr_expect_str_eq(s->rec.failed_step, "runtime start");
	run_free(run);
}

/* Two networks: the phase lasts from the first plugin to the last. */
Test(families_odd, podman_with_two_networks)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	created(t);
	netavark(t, PODMAN, "setup", 35, 40);
	netavark(t, PODMAN, "setup", 42, 50);
	monitored(t, PODMAN, 60, 0);
	tape_at(t, 300);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	cleanup(t, 305);
	netavark(t, CLEANUP, "teardown", 310, 315);
	netavark(t, CLEANUP, "teardown", 317, 330);
	tape_at(t, 340);
	tape_exit(t, CLEANUP, CT_ROLE_ENGINE, 0);
	play_sorted(run);
	expect_counts(run, 1, 1, 0);
	/* The namespace is made while the network is: from the begin of the start. */
	expect_phase(find(run, CT_RECORD_START, "web", 0), CT_PHASE_CONNECT, 50 - 30);
	expect_phase(find(run, CT_RECORD_STOP, "web", 0), CT_PHASE_DISCONNECT, 330 - 305);
	expect_phase(find(run, CT_RECORD_STOP, "web", 0), CT_PHASE_DESTROY, 10);
	run_free(run);
}

/* No database was seen: the network is all there is to begin with. */
Test(families_odd, podman_whose_database_is_not_seen)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	netavark(t, PODMAN, "setup", 35, 50);
	monitored(t, PODMAN, 60, 0);
	play_sorted(run);
	expect_counts(run, 1, 0, 0);
	expect_phase(find(run, CT_RECORD_START, "web", 0), CT_PHASE_CONNECT, 15);
	run_free(run);
}

/* Columns: whether a network is torn down first, when the stop ended. */
static const struct {
	bool network;
	double stopped;
} policies[] = { { false, 305 }, { true, 320 } };

/* --restart=always: cleanup starts it again by itself; nobody has asked for that. */
Test(families_odd, podman_restarts_by_policy)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(policies); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		created(t);
		monitored(t, PODMAN, 60, 0);
		tape_at(t, 300);
		tape_exit(t, INIT, CT_ROLE_INIT, 0);
		cleanup(t, 305);
		if (policies[i].network) {
			netavark(t, CLEANUP, "teardown", 310, 320);
			netavark(t, CLEANUP, "setup", 330, 340);
		}
		monitored(t, CLEANUP, 400, 0);
		play_sorted(run);
		expect_counts(run, 2, 1, 1);
		cr_expect_eq(find(run, CT_RECORD_START, "web", 1)->rec.cause, CT_CAUSE_POLICY);
		cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.end_ns,
			     tape_ns(policies[i].stopped));
		cr_expect_eq(find(run, CT_RECORD_START, "web", 1)->rec.begin_ns,
			     tape_ns(policies[i].stopped), "it goes on where the stop ends");
		expect_span(find(run, CT_RECORD_RESTART, "web", 0), 300, 440);
		run_free(run);
	}
}

/* The network store of dockerd is of all containers: of whom its last sync is, with others in motion. */
static double disconnected(void (*other)(struct tape *t, struct life *l))
{
	struct run *run = run_new();
	struct life l = life_of(0), b = life_of(1);
	double at;

	life_serves(&run->t, &l);
	other(&run->t, &b);
	life_exit(&run->t, &l, 1000, 0); /* known at 1020, disconnected at 1060 at the latest */
	tape_at(&run->t, 1040);
	tape_sync(&run->t, LIFE_DOCKERD, "files", "local-kv.db");
	tape_unlink(&run->t, LIFE_DOCKERD, "files", "local-kv.db"); /* no sync */
	play_sorted(run);
	at = (double)ct_record_phase_ns(&find(run, CT_RECORD_STOP, l.name, 0)->rec,
					CT_PHASE_DISCONNECT) /
	     TAPE_MS;
	run_free(run);
	return at;
}

static void nobody(struct tape *t, struct life *l)
{
	(void)t, (void)l;
}

static void is_served(struct tape *t, struct life *l)
{
	life_create(t, l, 300);
	life_start(t, l, 330);
}

static void starts(struct tape *t, struct life *l)
{
	life_create(t, l, 900);
	life_start(t, l, 930);
}

static void anothers_starts(struct tape *t, struct life *l)
{
	tape_process(t, 5248, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	l->engine = 5248;
	starts(t, l);
}

static void is_created(struct tape *t, struct life *l)
{
	life_create(t, l, 1030);
}

static void has_failed(struct tape *t, struct life *l)
{
	life_create(t, l, 1010);
	life_request(t, l, 1025, "start");
	life_answer(t, l, 1030, 500, "{}");
}

static void stops_too(struct tape *t, struct life *l)
{
	is_served(t, l);
	life_exit(t, l, 1005, 0);
}

static void stopped_before(struct tape *t, struct life *l)
{
	is_served(t, l);
	life_exit(t, l, 950, 0);
}

Test(families_odd, whose_sync_the_network_stores_is)
{
	cr_expect_eq(disconnected(nobody), 20);
	cr_expect_eq(disconnected(is_served), 20);
	cr_expect_eq(disconnected(anothers_starts), 20);
	cr_expect_eq(disconnected(is_created), 20);
	cr_expect_eq(disconnected(has_failed), 20);
	cr_expect_eq(disconnected(stopped_before), 20, "that one is disconnected");
	cr_expect_eq(disconnected(starts), 40, "it may be the other's");
	cr_expect_eq(disconnected(stops_too), 40);
}

/* By the namespace of containerd, else by what the engine is called. */
Test(families_odd, which_way_of_living)
{
	cr_expect_eq(ct_family_of_namespace(ct_text("moby", 4)), &ct_family_docker);
	cr_expect_eq(ct_family_of_namespace(ct_text("k8s.io", 6)), &ct_family_cri);
	cr_expect_eq(ct_family_of_namespace(ct_text("mob", 3)), &ct_family_containerd);
	cr_expect_eq(ct_family_of_namespace(ct_text("", 0)), &ct_family_containerd);
	cr_expect_eq(ct_family_of_engine(ct_text("docker", 6)), &ct_family_docker);
	cr_expect_eq(ct_family_of_engine(ct_text("podman", 6)), &ct_family_podman);
	cr_expect_eq(ct_family_of_engine(ct_text("crio", 4)), &ct_family_crio);
	cr_expect_null(ct_family_of_engine(ct_text("dock", 4)));
	cr_expect_null(ct_family_of_engine(ct_text("", 0)));
	cr_expect(ct_family_fails(&ct_family_containerd, ct_text("Tasks/Create", 12)));
	cr_expect(ct_family_fails(&ct_family_containerd, ct_text("Tasks/Start", 11)));
	cr_expect_not(ct_family_fails(&ct_family_containerd, ct_text("Tasks/Kill", 10)));
	cr_expect_str_eq(ct_family_cause(&ct_family_containerd, ct_text("Kill", 4)), "Tasks/Kill");
	cr_expect_null(ct_family_cause(&ct_family_containerd, ct_text("State", 5)));
}
