// SPDX-License-Identifier: GPL-2.0-only
/* What is no start, and many lives at once. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "runs.h"

/* docker exec: requests, tasks and processes of a container that is not started again. */
Test(core, exec_is_no_start)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	uint32_t runc = l.init + 30, session = l.init + 31;

	life_serves(t, &l);
	life_request(t, &l, 1000, "exec");
	life_answer(t, &l, 1002, 201, "{\"Id\":\"ab12\"}\n");
	tape_at(t, 1003);
	tape_http_request(t, LIFE_CLIENT, l.client, "POST /v1.41/exec/ab12/start", "{}");
	tape_at(t, 1010);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 101, "Exec", l.id, "ab12");
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 101, 0, 0);
	tape_at(t, 1012);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 103, "Start", l.id, "ab12");
	tape_fork(t, l.shim, runc, CT_ROLE_SHIM);
	tape_exec(t, runc, CT_ROLE_RUNTIME, 1, "runc", "exec", "--process", "p.json", l.id,
		  TAPE_END);
	tape_fork(t, runc, session, CT_ROLE_RUNTIME);
	tape_at(t, 1050);
	tape_exec(t, session, CT_ROLE_INIT, 9, "ls", TAPE_END);
	tape_exit(t, runc, CT_ROLE_RUNTIME, 0);
	tape_at(t, 1052);
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 103, session, 0);
	tape_output(t, session, l.shim);
	tape_at(t, 1060);
	tape_exit(t, session, CT_ROLE_INIT, 1 << 8);
	tape_at(t, 1061);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 105, "Delete", l.id, "ab12");
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 105, session, 1);
	/* pause, unpause, kill -HUP: neither */
	life_request(t, &l, 1100, "pause");
	life_answer(t, &l, 1101, 204, NULL);
	life_request(t, &l, 1200, "unpause");
	life_answer(t, &l, 1201, 204, NULL);
	life_request(t, &l, 1300, "kill?signal=HUP");
	life_answer(t, &l, 1301, 204, NULL);
	play_until(run, 60000);
	expect_counts(run, 1, 0, 0);
	cr_expect_eq(run->count, 1, "%zu records", run->count);
	cr_expect_eq(run->counts.open, 0);
	run_free(run);
}

/* How an exec session ends says nothing about how its container does. */
Test(core, exec_is_not_the_container)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(t, &l);
	tape_at(t, 1000);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 105, "Delete", l.id, "ab12");
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 105, l.init + 31, 1);
	tape_at(t, 2000);
	tape_exit(t, l.init, CT_ROLE_INIT, 9);
	play_until(run, 60000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_outcome(s, CT_OUTCOME_CUT);
	cr_expect_eq(s->rec.exit_code, 137, "%d", s->rec.exit_code);
	run_free(run);
}

/* It ran before tracing began: its stop is reported, its start is not. */
Test(core, already_running)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	tape_process(t, l.shim, 1, CT_ROLE_SHIM, "/usr/bin/containerd-shim-runc-v2", "-namespace",
		     "moby", "-id", l.id, TAPE_END);
	tape_process(t, l.init, l.shim, CT_ROLE_INIT, "serve", TAPE_END);
	tape_identity(t, LIFE_DOCKERD, "id", l.id, "engine", "docker", "name", l.name, "image",
		      l.image, "pid", "30000", "running", "1", "runtime", "runc", TAPE_END);
	tape_at(t, 100);
	tape_output(t, l.init, l.shim);
	life_request(t, &l, 1000, "stop");
	life_exit(t, &l, 1010, 15);
	life_answer(t, &l, 1076, 204, NULL);
	play_until(run, 9000);
	expect_counts(run, 0, 1, 0);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1000, 1076);
	cr_expect_eq(s->who.init_pid, l.init);
	cr_expect_eq(s->rec.exit_code, 143);
	cr_expect_eq(s->rec.run_ns, 0, "since when is not known");
	expect_nothing_odd(run);
	run_free(run);
}

/* dockerd is killed in the middle of a start. */
Test(core, engine_exits)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_request(&run->t, &l, 30, "start");
	tape_at(&run->t, 36);
	tape_sync(&run->t, LIFE_DOCKERD, l.id, ".tmp-hostconfig.json3107050383");
	tape_at(&run->t, 50);
	tape_exit(&run->t, LIFE_DOCKERD, CT_ROLE_ENGINE, 9);
	play_until(run, 60000);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 50);
	cr_expect_str_eq(s->message, "the engine exited");
	run_free(run);
}

/* Tracing ends in the middle of a start, at every event of it. */
Test(core, cut_anywhere)
{
	struct run *whole = run_new();
	struct life l = life_of(0);

	run_stop_rm(&whole->t, &l, 10);
	for (size_t n = 0; n <= whole->t.count; n++) {
		struct run *run = run_new();
		struct ct_core *core = core_of(run);

		for (size_t i = 0; i < n; i++)
			ct_core_feed(core, tape_event(&whole->t, i));
		ct_core_flush(core);
		cr_expect_leq(count(run, CT_RECORD_START), 1, "cut at %zu", n);
		cr_expect_leq(count(run, CT_RECORD_STOP), 1, "cut at %zu", n);
		for (size_t i = 0; i < run->count; i++)
			cr_expect_neq(run->seen[i].rec.outcome, CT_OUTCOME_FAILED, "cut at %zu", n);
		ct_core_free(core);
		run_free(run);
	}
	run_free(whole);
}

/* Two lives, event by event in turns: each as if the other were not. */
ParameterizedTestParameters(core, interleaved)
{
	static const double offsets[] = {
		0, 0.001, 0.5, 1, 3, 5, 6, 10, 15, 20, 60, 125, 500, 1000
	};

	return cr_make_param_array(const double, offsets, CT_ARRAY_SIZE(offsets));
}

ParameterizedTest(const double *offset, core, interleaved)
{
	struct run *run = run_new();
	struct life a = life_of(0), b = life_of(1);

	run_stop_rm(&run->t, &a, 10);
	run_stop_rm(&run->t, &b, 10 + *offset);
	tape_sort(&run->t);
	play(run);
	expect_counts(run, 2, 2, 0);
	cr_expect_eq(run->count, 4, "%zu records", run->count);
	expect_run_stop_rm(run, &a, 10);
	expect_run_stop_rm(run, &b, 10 + *offset);
	expect_nothing_odd(run);
	run_free(run);
}

/* Twenty at once: every start and stop once, none mixed up. */
Test(core, twenty_at_once)
{
	struct run *run = run_new();
	char ids[20][65], names[20][8];
	struct life lives[20];

	for (unsigned i = 0; i < 20; i++) {
		lives[i] = life_of(i);
		snprintf(ids[i], sizeof(ids[i]), "%064u", i + 1);
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		lives[i].id = ids[i];
		lives[i].name = names[i];
		lives[i].args = names[i];
		run_stop_rm(&run->t, &lives[i], 10 + 0.37 * i);
	}
	tape_sort(&run->t);
	play(run);
	expect_counts(run, 20, 20, 0);
	for (unsigned i = 0; i < 20; i++)
		expect_run_stop_rm(run, &lives[i], 10 + 0.37 * i);
	expect_nothing_odd(run);
	run_free(run);
}
