// SPDX-License-Identifier: GPL-2.0-only
/* Which process does what for which container: command lines, pids, who was there before. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "runs.h"

#define PODMAN  500
#define CONMON  520
#define MONITOR 521
#define RUNC    700
#define INIT    710
#define NETNS   4026532001
#define ID      "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"

/* The last event, which may still be changed. */
static struct ct_event *last(struct tape *t)
{
	return (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
}

static void play_sorted(struct run *run)
{
	tape_at(&run->t, 90000);
	tape_clock(&run->t);
	tape_sort(&run->t);
	play(run);
}

/* One that podman runs, from its conmon on. Its pids are from there on, ready 40 ms later. */
static void podman_runs(struct tape *t, const char *id, const char *name, uint32_t pid, double ms)
{
	tape_at(t, ms);
	tape_exec(t, pid, CT_ROLE_ENGINE, 1, "podman", "run", "--name", name, "image", TAPE_END);
	tape_at(t, ms + 10);
	tape_fork(t, pid, pid + 1, CT_ROLE_ENGINE);
	if (*name)
		tape_exec(t, pid + 1, CT_ROLE_SHIM, 1, "/usr/bin/conmon", "-c", id, "-r",
			  "/usr/bin/crun", "-n", name, TAPE_END);
	else
		tape_exec(t, pid + 1, CT_ROLE_SHIM, 1, "/usr/bin/conmon", "-c", id, "-r",
			  "/usr/bin/crun", TAPE_END);
	tape_fork(t, pid + 1, pid + 2, CT_ROLE_SHIM);
	tape_exec(t, pid + 2, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "create", id, TAPE_END);
	tape_fork(t, pid + 2, pid + 3, CT_ROLE_RUNTIME);
	tape_at(t, ms + 20);
	tape_exit(t, pid + 2, CT_ROLE_RUNTIME, 0);
	tape_fork(t, pid, pid + 4, CT_ROLE_ENGINE);
	tape_exec(t, pid + 4, CT_ROLE_RUNTIME, 1, "/usr/bin/crun", "start", id, TAPE_END);
	tape_at(t, ms + 25);
	tape_exec(t, pid + 3, CT_ROLE_INIT, NETNS, "app", TAPE_END);
	tape_at(t, ms + 30);
	tape_exit(t, pid + 4, CT_ROLE_RUNTIME, 0);
	tape_at(t, ms + 40);
	tape_output(t, pid + 3, pid + 1);
	tape_at(t, ms + 50);
	tape_exit(t, pid, CT_ROLE_ENGINE, 0);
}

#define OTHER "b4f6239ac50baeb6c144da06c4533ff5a5327f2a6e1c3a6f9918d8102ae56636"

/* `podman stop web db`: one command, and the stop of each begins with it. */
Test(processes, a_command_about_several)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	podman_runs(t, ID, "web", 500, 10);
	podman_runs(t, OTHER, "db", 600, 100);
	tape_at(t, 1000);
	tape_exec(t, 800, CT_ROLE_ENGINE, 1, "podman", "stop", "web", "web", "db", TAPE_END);
	tape_at(t, 1050);
	tape_exit(t, 503, CT_ROLE_INIT, 0);
	tape_at(t, 1100);
	tape_exit(t, 603, CT_ROLE_INIT, 0);
	tape_at(t, 1150);
	tape_exit(t, 800, CT_ROLE_ENGINE, 0);
	play_sorted(run);
	expect_counts(run, 2, 2, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.begin_ns, tape_ns(1000));
	cr_expect_eq(find(run, CT_RECORD_STOP, "db", 0)->rec.begin_ns, tape_ns(1000));
	expect_phase(find(run, CT_RECORD_STOP, "web", 0), CT_PHASE_STOP, 50);
	expect_phase(find(run, CT_RECORD_STOP, "db", 0), CT_PHASE_STOP, 100);
	run_free(run);
}

/* Columns: a command that names an image, or a pod, as a container is named. */
static const char *const others_commands[][3] = {
	{ "run", "-d", "web" },
	{ "create", "--name", "web" },
	{ "ps", "--filter", "web" },
};

/* An image may have the name of a container: who runs it stops nobody, and makes nobody anew. */
Test(processes, a_command_about_nobody_who_is_named)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(others_commands); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		podman_runs(t, ID, "web", 500, 10);
		tape_at(t, 500);
		tape_exec(t, 800, CT_ROLE_ENGINE, 1, "podman", others_commands[i][0],
			  others_commands[i][1], others_commands[i][2], TAPE_END);
		tape_at(t, 550);
		tape_exit(t, 800, CT_ROLE_ENGINE, 125 << 8);
		tape_at(t, 1000);
		tape_exit(t, 503, CT_ROLE_INIT, 0);
		play_sorted(run);
		expect_counts(run, 1, 1, 0);
		cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.begin_ns, tape_ns(1000), "%s",
			     others_commands[i][0]);
		cr_expect_eq(run->counts.containers, 1);
		run_free(run);
	}
}

/* A conmon that is told no name: the container has its id, and is told. */
Test(processes, a_container_without_a_name)
{
	struct run *run = run_new();

	podman_runs(&run->t, ID, "", 500, 10);
	play_sorted(run);
	expect_counts(run, 1, 0, 0);
	cr_expect_str_eq(find(run, CT_RECORD_START, "", 0)->who.id, ID);
	expect_outcome(find(run, CT_RECORD_START, "", 0), CT_OUTCOME_OK);
	run_free(run);
}

/* Podman 5 keeps its state in another database. */
Test(processes, either_database_of_podman)
{
	static const char *const files[] = { "bolt_state.db", "db.sql" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(files); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		podman_runs(t, ID, "web", PODMAN, 10);
		tape_at(t, 14);
		tape_sync(t, PODMAN, "libpod", files[i]);
		tape_at(t, 12);
		tape_unlink(t, PODMAN, "libpod", files[i]); /* no sync */
		tape_sync(t, 4711, "libpod", files[i]); /* somebody else's */
		tape_sync(t, LIFE_DOCKERD, "libpod", files[i]); /* who works on nothing */
		tape_at(t, 16);
		tape_sync(t, PODMAN, "libpod", files[i]);
		play_sorted(run);
		expect_phase(find(run, CT_RECORD_START, "web", 0), CT_PHASE_CREATE, 4);
		run_free(run);
	}
}

/* Columns: words behind a runtime's name, whether they make a container. */
static const struct {
	const char *words[3];
	unsigned containers;
} bare[] = {
	{ { "create", "web", NULL }, 1 },   { { "run", "web", NULL }, 1 },
	{ { "run", "--help", NULL }, 0 },   { { "create", NULL, NULL }, 0 },
	{ { "list", "web", NULL }, 0 },     { { "state", "web", NULL }, 0 },
	{ { "start", "web", NULL }, 0 },    { { NULL, NULL, NULL }, 0 },
	{ { "--debug", "run", "web" }, 1 },
};

/* A runtime that is asked for help, or about what is unknown, makes no container that never ends. */
Test(processes, what_a_runtime_is_called_with)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(bare); i++) {
		struct run *run = run_new();

		tape_at(&run->t, 10);
		tape_exec(&run->t, RUNC, CT_ROLE_RUNTIME, 1, "runc", bare[i].words[0],
			  bare[i].words[1], bare[i].words[2], TAPE_END);
		play_until(run, 1000);
		cr_expect_eq(run->counts.containers, bare[i].containers, "row %zu", i);
		run_free(run);
	}
}

/* What could not be read of a process is not guessed: it is nobody's, and the next one is told. */
Test(processes, arguments_that_could_not_be_read)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	tape_at(t, 5);
	tape_add(t, CT_KIND_EXEC, RUNC, NULL, 0)->sub = CT_ROLE_RUNTIME;
	tape_add(t, CT_KIND_EXEC, RUNC + 1, NULL, 0)->sub = CT_ROLE_ENGINE;
	tape_add(t, CT_KIND_EXEC, RUNC + 2, NULL, 0)->sub = CT_ROLE_SHIM;
	tape_add(t, CT_KIND_PROCESS, RUNC + 3, NULL, 0)->sub = CT_ROLE_HELPER;
	tape_add(t, CT_KIND_PLUGIN, RUNC + 4, NULL, 0);
	run_stop_rm(t, &l, 10);
	play(run);
	expect_run_stop_rm(run, &l, 10);
	cr_expect_eq(run->counts.containers, 1);
	run_free(run);
}

/* Columns: program of the shim; the runtime that it calls, NULL none; what is told. */
static const struct {
	const char *shim, *runtime, *told;
} shims[] = {
	{ "/usr/bin/containerd-shim-kata-v2", NULL, "kata" },
	{ "/usr/bin/containerd-shim-runsc-v1", "runsc", "runsc" },
	{ "/usr/bin/containerd-shim-runc-v2", "runc", "runc" },
	{ "/usr/bin/containerd-shim-runc-v2", "/usr/bin/crun", "crun" },
	{ "/usr/bin/containerd-shim-runc-v2", "my-runtime", "" },
};

/* ctr and nerdctl name a shim, users a runtime: comparisons are by that. */
Test(processes, the_runtime_of_a_client_of_containerd)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(shims); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		tape_fork(t, LIFE_CONTAINERD, 900, CT_ROLE_ENGINE);
		tape_exec(t, 900, CT_ROLE_SHIM, 1, shims[i].shim, "-namespace", "default", "-id",
			  "web", TAPE_END);
		if (shims[i].runtime) {
			tape_fork(t, 900, 901, CT_ROLE_SHIM);
			tape_exec(t, 901, CT_ROLE_RUNTIME, 1, shims[i].runtime, "create", "web",
				  TAPE_END);
			tape_exit(t, 901, CT_ROLE_RUNTIME, 0);
		}
		tape_ttrpc_request(t, LIFE_CONTAINERD, 3000, 1, "Create", "web", "/b");
		tape_at(t, 20);
		tape_ttrpc_answer(t, 900, 3000, 1, 910, 0);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 3000, 3, "Start", "web", NULL);
		tape_at(t, 30);
		tape_ttrpc_answer(t, 900, 3000, 3, 910, 0);
		play_sorted(run);
		cr_expect_str_eq(find(run, CT_RECORD_START, "web", 0)->who.runtime, shims[i].told,
				 "%s, %s", shims[i].shim,
				 shims[i].runtime ? shims[i].runtime : "none");
		run_free(run);
	}
}

/* A machine that nobody's container runs in, and one that a wrapper becomes: one end each. */
Test(processes, machines)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, 4000, CT_ROLE_HELPER, 1, "qemu-system-x86_64", TAPE_END);
	tape_fork(t, LIFE_CONTAINERD, 900, CT_ROLE_ENGINE);
	tape_exec(t, 900, CT_ROLE_SHIM, 1, "/usr/bin/containerd-shim-kata-v2", "-namespace",
		  "default", "-id", "web", TAPE_END);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 3000, 1, "Create", "web", "/b");
	tape_fork(t, 900, 901, CT_ROLE_SHIM);
	tape_exec(t, 901, CT_ROLE_HELPER, 1, "jailer", "--id", "x", TAPE_END);
	tape_exec(t, 901, CT_ROLE_HELPER, 1, "firecracker", TAPE_END);
	tape_at(t, 20);
	tape_ttrpc_answer(t, 900, 3000, 1, 900, 0);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 3000, 3, "Start", "web", NULL);
	tape_at(t, 30);
	tape_ttrpc_answer(t, 900, 3000, 3, 900, 0);
	tape_at(t, 500);
	tape_exit(t, 4000, CT_ROLE_HELPER, 0);
	tape_at(t, 1000);
	tape_exit(t, 901, CT_ROLE_HELPER, 0);
	play_sorted(run);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.service_end_ns, tape_ns(1000));
	run_free(run);
}

/* Columns: role that its first process has by its name; what is told first, its files or processes. */
static const struct {
	enum ct_role role;
	const char *program;
	bool facts_first;
} seeded[] = {
	{ CT_ROLE_INIT, "serve", false },          { CT_ROLE_INIT, "serve", true },
	{ CT_ROLE_ENGINE, "dockerd", false },      { CT_ROLE_ENGINE, "dockerd", true },
	{ CT_ROLE_HELPER, "runsc-sandbox", true },
};

/* It ran before tracing began, whatever its program is called: its stop is told, with its status. */
Test(processes, that_were_there_before)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(seeded); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);

		for (int k = 0; k < 2; k++) {
			if (seeded[i].facts_first == (k == 0)) {
				tape_identity(t, LIFE_DOCKERD, "id", l.id, "engine", "docker",
					      "name", l.name, "pid", "30000", TAPE_END);
				continue;
			}
			tape_process(t, l.shim, 1, CT_ROLE_SHIM, "containerd-shim-runc-v2",
				     "-namespace", "moby", "-id", "other", TAPE_END);
			tape_process(t, l.init, l.shim, seeded[i].role, seeded[i].program,
				     TAPE_END);
		}
		tape_at(t, 1000);
		tape_exit(t, l.init, seeded[i].role, 3 << 8);
		play_sorted(run);
		cr_expect_eq(count(run, CT_RECORD_STOP), 1, "row %zu", i);
		cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.exit_code, 3, "row %zu", i);
		run_free(run);
	}
}

/* A gofer has a pid namespace of its own, as a first process has; it ends before its sandbox, and with 0. */
Test(processes, that_were_there_before_with_a_gofer)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_process(t, 5000, 1, CT_ROLE_RUNTIME, "runsc", "run", "web", TAPE_END);
	tape_process(t, 5001, 5000, CT_ROLE_INIT, "runsc-gofer", "gofer", TAPE_END);
	last(t)->ret = 1;
	tape_process(t, 5002, 5000, CT_ROLE_HELPER, "runsc-sandbox", "boot", "web", TAPE_END);
	tape_at(t, 1000);
	tape_exit(t, 5001, CT_ROLE_INIT, 0);
	tape_at(t, 1003);
	tape_exit(t, 5002, CT_ROLE_HELPER, 7 << 8);
	tape_at(t, 1010); /* it deletes the container, and is gone */
	tape_exit(t, 5000, CT_ROLE_RUNTIME, 7 << 8);
	play_sorted(run);
	cr_expect_eq(count(run, CT_RECORD_STOP), 1);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.exit_code, 7);
	cr_expect(find(run, CT_RECORD_STOP, "web", 0)->rec.removed);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.end_ns, tape_ns(1010));
	cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.service_end_ns, tape_ns(1003));
	run_free(run);
}

/* Nobody's first process is another user's: who has made that up is not told its end. */
Test(processes, that_were_there_before_and_are_anothers)
{
	for (uint32_t uid = 0; uid < 1001; uid += 1000) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		/* A user's engine says that root's process is its container's. */
		tape_process(t, 6000, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
		last(t)->arg |= (uint64_t)uid << CT_UID_SHIFT;
		tape_identity(t, 6000, "id", ID, "engine", "docker", "name", "web", "pid", "30000",
			      TAPE_END);
		tape_process(t, 30000, LIFE_CONTAINERD, CT_ROLE_INIT, "serve", TAPE_END);
		tape_at(t, 1000);
		tape_exit(t, 30000, CT_ROLE_INIT, 0);
		play_sorted(run);
		cr_expect_eq(count(run, CT_RECORD_STOP), uid ? 0 : 1, "uid %u", uid);
		run_free(run);
	}
}

/* Podman's and a bare runtime's say no pid: it is the first that is found below them. */
Test(processes, of_podman_that_were_there_before)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_process(t, CONMON, 1, CT_ROLE_SHIM, "/usr/bin/conmon", "-c", ID, "-n", "web", "-r",
		     "/usr/bin/crun", TAPE_END);
	tape_process(t, INIT, CONMON, CT_ROLE_INIT, "serve", TAPE_END);
	tape_process(t, INIT + 1, INIT, CT_ROLE_INIT, "worker", TAPE_END); /* an exec session */
	tape_at(t, 900);
	tape_exit(t, INIT + 1, CT_ROLE_INIT, 1 << 8);
	tape_at(t, 1000);
	tape_exit(t, INIT, CT_ROLE_INIT, 3 << 8);
	play_sorted(run);
	cr_expect_eq(count(run, CT_RECORD_STOP), 1);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.exit_code, 3);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.service_end_ns, tape_ns(1000));
	run_free(run);
}

/* An engine inside a container, there before: its containers' first processes are found likewise. */
Test(processes, of_an_engine_inside_a_container_that_were_there_before)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	size_t from = t->count;
	struct life l = life_of(0);

	tape_process(t, 6000, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	tape_process(t, 6001, 6000, CT_ROLE_ENGINE, "containerd", TAPE_END);
	tape_process(t, 6002, 6000, CT_ROLE_SHIM, "containerd-shim-runc-v2", "-namespace", "moby",
		     "-id", l.id, TAPE_END);
	tape_process(t, 6003, 6002, CT_ROLE_INIT, "serve", TAPE_END);
	nest(t, from, 6003);
	tape_at(t, 1000);
	tape_exit(t, 6003, CT_ROLE_INIT, 3 << 8);
	play_sorted(run);
	cr_expect_eq(count(run, CT_RECORD_STOP), 1);
	cr_expect_eq(run->seen[0].who.init_pid, 6003);
	cr_expect_eq(run->seen[0].rec.exit_code, 3);
	run_free(run);
}

/* A recording may make anybody his own ancestor: that ends, and says nothing. */
Test(processes, that_are_their_own_ancestors)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "run", "web", TAPE_END);
	tape_fork(t, RUNC, 4000, CT_ROLE_WORKLOAD);
	tape_fork(t, 4000, 4001, CT_ROLE_WORKLOAD);
	tape_fork(t, 4001, 4000, CT_ROLE_WORKLOAD);
	tape_listen(t, 4001, 80);
	tape_listen(t, 4000, 80);
	play_until(run, 1000);
	cr_expect_eq(run->counts.containers, 1);
	expect_outcome(find(run, CT_RECORD_START, "web", 0), CT_OUTCOME_CUT);
	run_free(run);
}

/* With the host's pids the kernel side does not say whose a process is: who its ancestors are does. */
Test(processes, that_serve)
{
	static const unsigned deep[] = { 1, 2, 30 };

	for (size_t i = 0; i < CT_ARRAY_SIZE(deep); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);

		life_create(t, &l, 10);
		life_start(t, &l, 30);
		tape_at(t, 200);
		for (unsigned k = 0; k < deep[i]; k++)
			tape_fork(t, k ? 50000 + k - 1 : l.init, 50000 + k, CT_ROLE_WORKLOAD);
		tape_fork(t, l.shim, 60000, CT_ROLE_HELPER); /* beside it, not in it */
		tape_at(t, 250);
		tape_listen(t, 60000, 81);
		last(t)->root = 0;
		tape_at(t, 300);
		tape_listen(t, 50000 + deep[i] - 1, 80);
		last(t)->root = 0;
		play_until(run, 30000);
		cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.ready_ns, tape_ns(300),
			     "%u deep", deep[i]);
		run_free(run);
	}
}

/* Whose what was lost is: by the name of the container, else by its id, else by a pid. */
Test(processes, whose_a_loss_is)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_serves(t, &l);
	tape_at(t, 300);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 1, "conmon", "-c", ID, TAPE_END);
	tape_fork(t, CONMON, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "crun", "create", ID, TAPE_END);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_exec(t, INIT, CT_ROLE_INIT, 9, "app", TAPE_END);
	for (int i = 0; i < 4; i++) {
		tape_lost(t, CT_LOSS_SHARE, 1 + (uint64_t)i);
		last(t)->root = (const uint32_t[]){ l.init, INIT, 4711, 0 }[i];
	}
	play_until(run, 1000);
	cr_expect_str_eq(run->counts.beyond.each[0].within, l.name);
	cr_expect_str_eq(run->counts.beyond.each[1].within, ID);
	cr_expect_str_eq(run->counts.beyond.each[2].within, "pid 4711");
	cr_expect_str_eq(run->counts.beyond.each[3].within, "");
	for (unsigned i = 0; i < 4; i++)
		cr_expect_eq(run->counts.beyond.each[i].count, 1 + i);
	run_free(run);
}

/* As when tracing began: the engines, and who works for this container. */
static void told_again(struct tape *t, const struct life *l, double ms)
{
	tape_at(t, ms);
	life_engines(t);
	tape_process(t, l->shim, 1, CT_ROLE_SHIM, "/usr/bin/containerd-shim-runc-v2", "-namespace",
		     "moby", "-id", l->id, TAPE_END);
	tape_process(t, l->init, l->shim, CT_ROLE_INIT, "/service", TAPE_END);
}

/* After events were lost all that run are told once more: those that are known stay as they are. */
Test(processes, told_once_more)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_engines(t);
	life_create(t, &l, 10);
	life_attach(t, &l, 22);
	life_start(t, &l, 25);
	tape_at(t, 210);
	tape_output(t, l.init, l.shim);
	told_again(t, &l, 300);
	life_request(t, &l, 1010, "stop?t=0");
	told_again(t, &l, 1015);
	life_exit(t, &l, 1020, 9);
	life_answer(t, &l, 1086, 204, NULL);
	life_remove(t, &l, 1100);
	tape_at(t, 1410);
	tape_clock(t);
	play(run);
	expect_run_stop_rm(run, &l, 10);
	run_free(run);
}
