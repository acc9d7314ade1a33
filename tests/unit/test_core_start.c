// SPDX-License-Identifier: GPL-2.0-only
/* Starts, event by event, and what the core says about them. */
#include <criterion/criterion.h>

#include "runs.h"

Test(core, one_life)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	run_stop_rm(&run->t, &l, 10);
	play(run);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(run->count, 2, "%zu records", run->count);
	expect_run_stop_rm(run, &l, 10);
	expect_nothing_odd(run);
	cr_expect_eq(run->lookups, 1);
	cr_expect_eq(run->asked, LIFE_DOCKERD);
	cr_expect_eq(run->counts.containers, 1);
	cr_expect_eq(run->counts.events, run->t.count);
	cr_expect_eq(run->counts.open, 0);
	run_free(run);
}

/* The records come while time passes, not at the end. */
Test(core, records_are_not_held_back)
{
	struct run *run = run_new();
	struct ct_core *core;
	struct life l = life_of(0);

	run_stop_rm(&run->t, &l, 10);
	tape_at(&run->t, 1500);
	tape_clock(&run->t);
	core = core_of(run);
	tape_feed(&run->t, core);
	cr_expect_eq(run->count, 2, "%zu records before the end", run->count);
	ct_core_free(core);
	run_free(run);
}

/* docker run -d: nobody attaches. */
Test(core, detached)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 300);
	tape_listen(&run->t, l.init, 80);
	play(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_span(s, 10, 300);
	cr_expect_not(s->rec.seen & 1u << CT_PHASE_ATTACH);
	cr_expect_not(s->rec.missing & 1u << CT_PHASE_ATTACH);
	expect_phase(s, CT_PHASE_CLIENT, 10);
	expect_nothing_odd(run);
	run_free(run);
}

/* docker run true: it has exited before the start is answered. */
Test(core, exits_before_the_answer)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	life_exit(&run->t, &l, 30 + LIFE_EXEC + 1, 3 << 8);
	tape_sort(&run->t);
	play_until(run, 5000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 30 + LIFE_START);
	cr_expect_eq(s->rec.ready, -1);
	cr_expect_eq(s->rec.missing, 0, "what has exited is not awaited");
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.exit_code, 3);
	cr_expect_eq(s->rec.service_end_ns, tape_ns(30 + LIFE_EXEC + 1));
	/* It began to stop once it was started: the two records do not overlap. */
	cr_expect_geq(s->rec.begin_ns, find(run, CT_RECORD_START, l.name, 0)->rec.end_ns);
	run_free(run);
}

/* An interrupt while a sandbox writes wakes anybody: only its shim is told what its program writes. */
Test(core, a_sandbox_wakes_somebody_else)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	life_engines(t);
	life_create(t, &l, 0);
	life_start(t, &l, 20);
	tape_at(t, 200);
	tape_exec(t, l.init, CT_ROLE_HELPER, 1, "runsc-sandbox", "boot", l.id, TAPE_END);
	tape_at(t, 210);
	tape_output(t, l.init, 999);
	tape_at(t, 230);
	tape_output(t, l.init, l.shim);
	play(run);
	s = find(run, CT_RECORD_START, l.name, 0);
	cr_expect_eq(s->rec.ready, CT_READY_OUTPUT);
	cr_expect_eq(s->rec.ready_ns, tape_ns(230));
	run_free(run);
}

#define NO_IMAGE "No such image: nothing:1"

Test(core, create_fails)
{
	struct run *run = run_new();
	const struct seen *s;

	tape_at(&run->t, 10);
	tape_http_request(&run->t, LIFE_CLIENT, 2000, "POST /v1.41/containers/create?name=web",
			  "{\"Image\":\"nothing:1\",\"HostConfig\":{\"Runtime\":\"runsc\"}}");
	tape_at(&run->t, 13);
	tape_http_answer(&run->t, LIFE_DOCKERD, 2000, 404, "{\"message\":\"" NO_IMAGE "\"}\n");
	play(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 13);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_CREATE);
	cr_expect_str_eq(s->message, NO_IMAGE);
	cr_expect_str_eq(s->who.image, "nothing:1");
	cr_expect_str_eq(s->who.runtime, "runsc");
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_eq(run->counts.containers, 0);
	expect_nothing_odd(run);
	run_free(run);
}

#define NO_COMMAND "OCI runtime create failed: exec: \\\"nothing\\\": not found"

/* docker run busybox nothing: runc create fails, dockerd answers 400. */
Test(core, start_fails)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	uint32_t runc = l.init + 10;
	const struct seen *s;

	life_create(t, &l, 10);
	life_request(t, &l, 30, "start");
	tape_at(t, 36);
	tape_sync(t, LIFE_DOCKERD, l.id, ".tmp-hostconfig.json3107050383");
	tape_at(t, 50);
	tape_fork(t, LIFE_CONTAINERD, l.shim, CT_ROLE_ENGINE);
	tape_exec(t, l.shim, CT_ROLE_SHIM, 1, "containerd-shim-runc-v2", "-id", l.id, TAPE_END);
	tape_at(t, 60);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 3, "Create", l.id, "/bundle");
	tape_fork(t, l.shim, runc, CT_ROLE_SHIM);
	tape_exec(t, runc, CT_ROLE_RUNTIME, 1, "runc", "create", l.id, TAPE_END);
	tape_at(t, 100);
	tape_exit(t, runc, CT_ROLE_RUNTIME, 1 << 8);
	tape_at(t, 101);
	tape_ttrpc_error(t, l.shim, l.shim_socket, 3, "OCI runtime create failed");
	life_answer(t, &l, 120, 400, "{\"message\":\"" NO_COMMAND "\"}\n");
	life_remove(t, &l, 130);
	play_until(run, 5000);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 120);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_START, "%s",
		     ct_phase_names[s->rec.failed_phase]);
	cr_assert(s->rec.failed_step);
	cr_expect_str_eq(s->rec.failed_step, "runtime create");
	cr_expect_str_eq(s->message, "OCI runtime create failed: exec: \"nothing\": not found");
	expect_phase(s, CT_PHASE_CONNECT, 6);
	expect_phase(s, CT_PHASE_START, 84);
	cr_expect_eq(s->rec.missing, 0);
	run_free(run);
}

/* With --rm the engine has removed it when it says that it failed: nothing is left to wait for. */
Test(core, start_fails_and_vanishes)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_create(t, &l, 10);
	life_request(t, &l, 30, "start");
	tape_at(t, 36);
	tape_sync(t, LIFE_DOCKERD, l.id, ".tmp-hostconfig.json3107050383");
	tape_at(t, 60);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 3, "Create", l.id, "/bundle");
	tape_at(t, 101);
	tape_ttrpc_error(t, l.shim, l.shim_socket, 3, "OCI runtime create failed");
	life_vanish(t, &l, 110);
	life_answer(t, &l, 120, 400, "{\"message\":\"" NO_COMMAND "\"}\n");
	play_until(run, 5000);
	cr_expect_eq(run->count, 1, "%zu records", run->count);
	expect_outcome(find(run, CT_RECORD_START, l.name, 0), CT_OUTCOME_FAILED);
	cr_expect_eq(run->counts.open, 0);
	run_free(run);
}

/* The network cannot be had: it fails before any task is asked for. */
Test(core, start_fails_in_connect)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_request(&run->t, &l, 30, "start");
	life_answer(&run->t, &l, 35, 500, "{\"message\":\"port is already allocated\"}\n");
	play(run);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_CONNECT);
	cr_expect_null(s->rec.failed_step);
	cr_expect_str_eq(s->message, "port is already allocated");
	expect_span(s, 10, 35);
	run_free(run);
}

/* It runs already: whatever is answered to a second request, it was started once. */
static const int refusals[] = { 304, 404, 409, 500 };

Test(core, start_is_refused)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(refusals); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		unsigned failed = 0;

		life_serves(&run->t, &l);
		life_request(&run->t, &l, 300, "start");
		life_answer(&run->t, &l, 301, refusals[i], NULL);
		play(run);
		for (size_t k = 0; k < run->count; k++)
			failed += run->seen[k].rec.outcome == CT_OUTCOME_FAILED;
		cr_expect_eq(failed, 0, "status %d", refusals[i]);
		expect_counts(run, 1, 0, 0);
		run_free(run);
	}
}

/* Found by the fuzzer: an answer so late that it lies before its request. Nobody lives backwards. */
Test(core, answered_before_asked)
{
	for (int refused = 0; refused < 2; refused++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		tape_at(&run->t, 2000);
		tape_http_request(&run->t, LIFE_CLIENT, l.client,
				  "POST /v1.41/containers/create?name=web",
				  "{\"Image\":\"busybox:1\"}");
		tape_at(&run->t, 2030);
		tape_clock(&run->t);
		tape_at(&run->t, 1000);
		life_answer(
			&run->t, &l, 1000, refused ? 404 : 201,
			refused ? "{\"message\":\"" NO_IMAGE "\"}\n"
				: "{\"Id\":\"7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d"
				  "56a002ed3ada\"}");
		tape_at(&run->t, 15000);
		tape_clock(&run->t);
		play(run);
		cr_expect_eq(run->count, 0);
		cr_expect_eq(run->counts.lost[CT_LOSS_LATE], 1);
		run_free(run);
	}
}

/* Created, never started: a record of its own, and its removal another. */
Test(core, created_only)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	tape_at(&run->t, 9000);
	tape_clock(&run->t);
	life_remove(&run->t, &l, 9010);
	play_until(run, 15000);
	expect_counts(run, 0, 0, 0);
	expect_span(find(run, CT_RECORD_CREATE, l.name, 0), 10, 20);
	expect_span(find(run, CT_RECORD_REMOVE, l.name, 0), 9010, 9010 + LIFE_REMOVE);
	cr_expect_eq(run->count, 2);
	run_free(run);
}

/* Tracing ends before it is sure that nobody starts it, or removes more of it: it is told all the same. */
Test(core, created_last)
{
	for (int removed = 0; removed < 2; removed++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		life_create(&run->t, &l, 10);
		if (removed)
			life_remove(&run->t, &l, 100);
		play(run);
		cr_expect_eq(run->count, 1 + removed);
		expect_span(find(run, CT_RECORD_CREATE, l.name, 0), 10, 20);
		if (removed)
			expect_span(find(run, CT_RECORD_REMOVE, l.name, 0), 100, 100 + LIFE_REMOVE);
		run_free(run);
	}
}

/* The engine is gone before it is sure that nobody starts it. */
Test(core, created_by_one_who_left)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	tape_at(&run->t, 21);
	tape_exit(&run->t, LIFE_DOCKERD, CT_ROLE_ENGINE, 0);
	tape_at(&run->t, 9000);
	tape_clock(&run->t);
	play(run);
	expect_span(find(run, CT_RECORD_CREATE, l.name, 0), 10, 20);
	run_free(run);
}

/* docker create, and the start long after: what lies between is the client's. */
Test(core, created_long_before)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	tape_at(&run->t, 9000);
	tape_clock(&run->t);
	life_start(&run->t, &l, 9010);
	tape_at(&run->t, 9300);
	tape_output(&run->t, l.init, l.shim);
	play(run);
	expect_counts(run, 1, 0, 0);
	expect_span(find(run, CT_RECORD_CREATE, l.name, 0), 10, 20);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_span(s, 9010, 9300);
	cr_expect_eq(s->rec.missing, 0);
	run_free(run);
}
