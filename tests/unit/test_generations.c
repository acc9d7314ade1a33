// SPDX-License-Identifier: GPL-2.0-only
/* dockerd 26 and 28 do what dockerd 20.10 does in another order. */
#include "core/life/life.h"
#include "runs.h"

static void store(struct tape *t, const struct life *l, double ms)
{
	tape_at(t, ms);
	tape_sync(t, l->engine, "files", "local-kv.db");
}

static void ask(struct tape *t, struct life *l, double ms, double answered)
{
	tape_at(t, ms);
	tape_grpc_request(t, l->engine, l->grpc_socket, l->stream += 2, l->id, true);
	tape_at(t, answered);
	tape_grpc_answer(t, l->containerd, l->grpc_socket, l->stream);
}

static void save(struct tape *t, const struct life *l, double host, double config)
{
	tape_at(t, host);
	tape_sync(t, l->engine, l->id, ".tmp-hostconfig.json2671818141");
	tape_at(t, config);
	tape_sync(t, l->engine, l->id, ".tmp-config.v2.json2567467887");
}

/* Until the engine knows, 20 ms later. */
static void exits(struct tape *t, struct life *l, double ms)
{
	uint32_t gone = l->stream += 2, deleted = l->stream += 2;

	tape_at(t, ms);
	tape_exit(t, l->init, CT_ROLE_INIT, 0);
	tape_at(t, ms + 5);
	tape_grpc_request(t, l->engine, l->grpc_socket, deleted, l->id, false);
	tape_at(t, ms + 6);
	tape_ttrpc_request(t, l->containerd, l->shim_socket, gone, "Delete", l->id, NULL);
	tape_at(t, ms + 14);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, gone, l->init, 0);
	tape_at(t, ms + 20);
	tape_grpc_answer(t, l->containerd, l->grpc_socket, deleted);
}

/* As 26 and 28 do: 90 ms after the exit the network is gone, 97 ms after it the state is saved. */
static void stops_late(struct tape *t, struct life *l, double ms)
{
	exits(t, l, ms);
	ask(t, l, ms + 21, ms + 22);
	ask(t, l, ms + 23, ms + 25);
	store(t, l, ms + 60);
	store(t, l, ms + 90);
	save(t, l, ms + 96, ms + 97);
}

static void stops_first(struct tape *t, struct life *l, double ms)
{
	exits(t, l, ms);
	store(t, l, ms + 58);
	ask(t, l, ms + 60, ms + 61);
	save(t, l, ms + 63, ms + 64);
}

Test(generations, lets_go_after_containerd_did)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(&run->t, &l);
	stops_late(&run->t, &l, 500);
	play(run);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 500, 597);
	expect_phase(s, CT_PHASE_DIE, 25 + 7);
	expect_phase(s, CT_PHASE_DISCONNECT, 65);
	expect_phase(s, CT_PHASE_DESTROY, 0);
	cr_expect_eq(s->rec.segments[s->rec.segment_count - 1].end_ns, tape_ns(597));
	expect_nothing_odd(run);
	run_free(run);
}

Test(generations, lets_go_before_containerd_did)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(&run->t, &l);
	stops_first(&run->t, &l, 500);
	play(run);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_span(s, 500, 564);
	expect_phase(s, CT_PHASE_DIE, 20);
	expect_phase(s, CT_PHASE_DISCONNECT, 38);
	expect_phase(s, CT_PHASE_DESTROY, 6);
	run_free(run);
}

/*
 * Another lets go at the very times that would tell: then it is as this engine has shown it to be with
 * the one before, and not known with the first.
 */
static void expect_in_crowd(bool shown, bool late)
{
	struct run *run = run_new();
	struct life a = life_of(0), b = life_of(1), c = life_of(2);
	const struct seen *s;
	double at = 500;

	life_serves(&run->t, &a);
	b.stream += 400;
	c.stream += 800;
	life_create(&run->t, &b, 210);
	life_start(&run->t, &b, 230);
	life_create(&run->t, &c, 401);
	life_start(&run->t, &c, 420);
	tape_at(&run->t, 590);
	tape_output(&run->t, b.init, b.shim);
	tape_output(&run->t, c.init, c.shim);
	if (shown && late)
		stops_late(&run->t, &c, 700);
	else if (shown)
		stops_first(&run->t, &c, 700);
	at = 1000;
	exits(&run->t, &a, at);
	exits(&run->t, &b, at + 0.1);
	store(&run->t, &a, at + 21);
	ask(&run->t, &a, at + 22, at + 23);
	store(&run->t, &b, at + 24);
	save(&run->t, &a, at + 30, at + 31);
	tape_sort(&run->t);
	play(run);
	s = find(run, CT_RECORD_STOP, a.name, 0);
	if (!shown) {
		cr_expect(s->rec.missing & 1u << CT_PHASE_DISCONNECT, "it is not guessed");
		expect_outcome(s, CT_OUTCOME_CUT);
	} else {
		expect_phase(s, CT_PHASE_DISCONNECT, late ? 7 : 2);
		expect_phase(s, CT_PHASE_DIE, late ? 23 + 1 : 20);
	}
	run_free(run);
}

Test(generations, in_a_crowd_as_the_engine_has_shown)
{
	expect_in_crowd(true, true);
	expect_in_crowd(true, false);
	expect_in_crowd(false, false);
}

/*
 * dockerd 26 answers the stop, and takes the next request, before it saves: the start waits for that. When it
 * begins to save, and has saved: 0, nobody hears of it.
 */
static void expect_start_waits(double host, double config, bool shown)
{
	struct run *run = run_new();
	struct life l = life_of(0), one = life_of(1);
	bool saved = host > 0 && config > 0;
	const struct seen *s;

	life_serves(&run->t, &one);
	if (shown) /* how this engine does it */
		stops_late(&run->t, &one, 300);
	l.stream += 400;
	life_create(&run->t, &l, 4010);
	life_start(&run->t, &l, 4030);
	exits(&run->t, &l, 5000);
	ask(&run->t, &l, 5021, 5022);
	store(&run->t, &l, 5090);
	life_request(&run->t, &l, 5094, "start");
	if (saved)
		save(&run->t, &l, host, config);
	l.init += 50;
	l.shim += 50;
	life_started_within(&run->t, &l, 5110);
	life_answer(&run->t, &l, 5110 + LIFE_START, 204, NULL);
	tape_sort(&run->t);
	play_until(run, 60000);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	if (saved) {
		cr_expect_eq(s->rec.missing, 0, "missing %x", s->rec.missing);
		expect_span(s, 5000, config);
		expect_phase(s, CT_PHASE_DISCONNECT, 68);
		expect_phase(s, CT_PHASE_DIE, 22 + config - 5090);
	} else {
		cr_expect(s->rec.missing & 1u << CT_PHASE_DIE, "missing %x", s->rec.missing);
		expect_outcome(s, CT_OUTCOME_CUT);
		expect_phase(s, CT_PHASE_DIE, 0);
	}
	s = find(run, CT_RECORD_START, l.name, 1);
	cr_expect_eq(s->rec.begin_ns, tape_ns(5094), "it was asked for then");
	if (saved)
		expect_phase(s, CT_PHASE_CONNECT, 16 + LIFE_CONNECT);
	else
		cr_expect(s->rec.missing & 1u << CT_PHASE_CONNECT,
			  "whose sync it was is not known");
	s = find(run, CT_RECORD_RESTART, l.name, 0);
	expect_tiled(s);
	run_free(run);
}

Test(generations, asked_to_start_before_the_stop_is_saved)
{
	expect_start_waits(5096, 5097, true);
	expect_start_waits(5096, 5097, false);
}

Test(generations, asked_to_start_while_the_stop_is_saved)
{
	expect_start_waits(5092, 5097, true);
	expect_start_waits(5092, 5097, false);
}

Test(generations, asked_to_start_and_nobody_hears_that_the_stop_is_saved)
{
	expect_start_waits(0, 0, true);
}

Test(generations, asked_to_start_before_the_stop_is_saved_and_refused)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(&run->t, &l);
	exits(&run->t, &l, 500);
	ask(&run->t, &l, 521, 522);
	store(&run->t, &l, 590);
	life_request(&run->t, &l, 594, "start");
	life_answer(&run->t, &l, 595, 500, "{\"message\":\"no\"}");
	save(&run->t, &l, 596, 597);
	play_until(run, 60000);
	s = find(run, CT_RECORD_START, l.name, 1);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.begin_ns, tape_ns(594));
	run_free(run);
}

Test(generations, asked_to_start_before_the_stop_is_saved_and_tracing_ends)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_serves(&run->t, &l);
	exits(&run->t, &l, 500);
	ask(&run->t, &l, 521, 522);
	store(&run->t, &l, 590);
	life_request(&run->t, &l, 594, "start");
	play(run);
	expect_outcome(find(run, CT_RECORD_STOP, l.name, 0), CT_OUTCOME_CUT);
	expect_outcome(find(run, CT_RECORD_START, l.name, 1), CT_OUTCOME_CUT);
	run_free(run);
}

/* The network is joined when there is a task, and before that is started. */
static void starts_late(struct tape *t, struct life *l, double ms, bool joins)
{
	uint32_t made = l->stream += 2, ran;

	life_request(t, l, ms, "start");
	tape_at(t, ms + 20);
	tape_fork(t, l->containerd, l->shim, CT_ROLE_ENGINE);
	tape_exec(t, l->shim, CT_ROLE_SHIM, LIFE_HOST_NETNS, "/usr/bin/containerd-shim-runc-v2",
		  "-namespace", "moby", "-id", l->id, TAPE_END);
	tape_at(t, ms + 30);
	tape_ttrpc_request(t, l->containerd, l->shim_socket, made, "Create", l->id, "/run/bundle");
	tape_at(t, ms + 100);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, made, l->init, 0);
	store(t, l, ms + 105);
	if (joins) {
		tape_at(t, ms + 120);
		tape_sync(t, l->engine, l->id, ".tmp-hostconfig.json3107050383");
	}
	ran = l->stream += 2;
	tape_at(t, ms + 126);
	tape_ttrpc_request(t, l->containerd, l->shim_socket, ran, "Start", l->id, NULL);
	tape_at(t, ms + 135);
	tape_fork(t, l->shim, l->init, CT_ROLE_SHIM);
	tape_exec(t, l->init, CT_ROLE_INIT, 0xf0000300 + l->init, l->args, TAPE_END);
	tape_at(t, ms + 140);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, ran, l->init, 0);
	save(t, l, ms + 149, ms + 150);
	life_answer(t, l, ms + 151, 204, NULL);
}

Test(generations, joins_after_the_task_is_made)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	starts_late(&run->t, &l, 30, true);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	play(run);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 200);
	expect_phase(s, CT_PHASE_CONNECT, 20);
	expect_phase(s, CT_PHASE_START, 131);
	expect_nothing_odd(run);
	run_free(run);
}

static void expect_strange(const struct run *run, uint64_t starts, uint64_t stops,
			   const char *version)
{
	const struct ct_strange_of *of = &run->counts.strange.each[0];

	cr_expect_eq(of->starts, starts);
	cr_expect_eq(of->stops, stops);
	cr_expect_eq(ct_counts_incomplete(&run->counts), starts || stops);
	if (!starts && !stops)
		return;
	cr_expect_eq(of->pid, LIFE_DOCKERD);
	cr_expect_str_eq(of->engine, "docker");
	cr_expect_str_eq(of->version, version);
}

/* An order that no row knows: nothing is said of it but that, and whose it is. */
Test(generations, joins_nobody_knows_when)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	run->t.server = "Docker/31.0.0~rc.1 (linux)";
	life_create(&run->t, &l, 10);
	starts_late(&run->t, &l, 30, false);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	play(run);
	s = find(run, CT_RECORD_START, l.name, 0);
	cr_expect(s->rec.missing & 1u << CT_PHASE_CONNECT);
	cr_expect_not(s->rec.seen & 1u << CT_PHASE_CONNECT);
	cr_expect_gt(run->counts.unknown_phases, 0);
	expect_strange(run, 1, 0, "31.0.0~rc.1");
	run_free(run);
}

/* Saved, and then let go of its network. */
Test(generations, lets_go_nobody_knows_when)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(&run->t, &l);
	exits(&run->t, &l, 500);
	ask(&run->t, &l, 521, 522);
	save(&run->t, &l, 530, 531);
	store(&run->t, &l, 590);
	play_until(run, 40000);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	cr_expect(s->rec.missing & 1u << CT_PHASE_DISCONNECT);
	cr_expect_not(s->rec.seen & 1u << CT_PHASE_DISCONNECT);
	expect_strange(run, 0, 1, "");
	run_free(run);
}

/* What is not seen for another reason is no order. */
Test(generations, what_was_lost_is_no_order)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	starts_late(&run->t, &l, 30, false);
	tape_at(&run->t, 100);
	tape_lost(&run->t, CT_LOSS_RING, 1);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	tape_sort(&run->t);
	play(run);
	cr_expect_eq(run->counts.strange.each[0].starts, 0);
	run_free(run);
}

/* It has no network yet when its start fails at the task, where the engine joins late. */
Test(generations, fails_before_it_joins)
{
	struct run *run = run_new();
	struct life l = life_of(0), m = life_of(1);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	starts_late(&run->t, &l, 30, true);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	m.stream += 400;
	life_create(&run->t, &m, 300);
	life_request(&run->t, &m, 320, "start");
	tape_at(&run->t, 350);
	tape_ttrpc_request(&run->t, m.containerd, m.shim_socket, m.stream, "Create", m.id,
			   "/run/bundle");
	life_answer(&run->t, &m, 400, 400, "{\"message\":\"no such file\"}\n");
	play(run);
	s = find(run, CT_RECORD_START, m.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_START);
	cr_expect_eq(s->rec.missing, 0);
	expect_phase(s, CT_PHASE_START, 80);
	run_free(run);
}

static void answers(struct ct_core *core, struct tape *t, uint32_t engine, const char *server)
{
	struct tape answer = { .now_ns = t->now_ns, .engine = engine, .server = server };

	tape_http_answer(&answer, engine, 4000, 200, NULL);
	ct_life_version(core, tape_event(&answer, 0));
	tape_free(&answer);
}

/* What an engine says first counts; each version is kept once, so many of them, and none is cut. */
Test(generations, versions_that_are_kept)
{
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	const struct ct_actor_state *other;
	char server[64];

	for (uint32_t pid = 5000; pid < 5080; pid++)
		tape_process(&run->t, pid, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	tape_at(&run->t, 1000);
	tape_clock(&run->t);
	tape_feed(&run->t, core);
	answers(core, &run->t, 4999, "Docker/1.0 (linux)"); /* who is not known */
	answers(core, &run->t, 5000, "Docker/20.10.24 (linux)");
	answers(core, &run->t, 5000, "Docker/28.0.0 (linux)");
	answers(core, &run->t, 5001, "Docker/20.10.24 (linux)");
	answers(core, &run->t, 5002, "Docker/20.10.24-of-a-distribution-with-a-long-name (linux)");
	cr_expect_str_eq(ct_actor_get(core, 5000)->version, "20.10.24");
	cr_expect_eq(ct_actor_get(core, 5001)->version, ct_actor_get(core, 5000)->version);
	cr_expect_null(ct_actor_get(core, 5002)->version);
	for (uint32_t pid = 5003; pid < 5080; pid++) {
		snprintf(server, sizeof(server), "Docker/%u.0 (linux)", pid);
		answers(core, &run->t, pid, server);
		snprintf(server, sizeof(server), "%u.0", pid);
		other = ct_actor_get(core, pid);
		if (pid < 5003 + 63)
			cr_expect_str_eq(other->version, server);
		else
			cr_expect_null(other->version);
	}
	ct_core_free(core);
	run_free(run);
}
