// SPDX-License-Identifier: GPL-2.0-only
/* What is told when something is odd: late output, failures, requests that are refused, the end. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "runs.h"

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

/* Columns: when the shim passes on what the program wrote, when the container was ready. */
static const struct {
	double relayed;
	double ready; /* 0: never */
} relays[] = { { 300, 300 }, { 505, 500 }, { 500, 500 }, { 20000, 0 } };

/* A short life: what was written was written before the exit, whenever the shim passes it on. */
Test(told, output_that_is_passed_on_later)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(relays); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		life_create(&run->t, &l, 10);
		life_start(&run->t, &l, 30);
		tape_at(&run->t, relays[i].relayed);
		tape_relay(&run->t, l.shim, l.id, "init-stdout");
		tape_at(&run->t, 500);
		tape_exit(&run->t, l.init, CT_ROLE_INIT, 0);
		play_sorted(run);
		cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.ready_ns,
			     relays[i].ready > 0 ? tape_ns(relays[i].ready) : 0, "%.0f",
			     relays[i].relayed);
		run_free(run);
	}
}

/* Columns: who passes it on (0: the shim), directory, file; whether it is the container's output. */
static const struct {
	uint32_t tgid;
	const char *dir, *file;
	bool its;
} fifos[] = {
	{ 0, "123", "web-stdout", true },     { 0, "123", "web-stderr", true },
	{ 0, "123", "-stdout", false },       { 0, "123", "web-stdin", false },
	{ 0, "123", "web", false },           { 0, "123", "db-stdout", false },
	{ 0, "123", "ctr.log", true },        { 4711, "123", "ctr.log", false },
	{ 4711, "123", "web-stdout", false }, { LIFE_CONTAINERD, "123", "web-stdout", true },
	{ 0, "web", "init-stdout", true },    { 0, "db", "init-stdout", false },
};

/* Whose fifo it is decides who is ready: not who happens to be the only one. */
Test(told, whose_output_it_is)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(fifos); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		tape_fork(t, LIFE_CONTAINERD, 900, CT_ROLE_ENGINE);
		tape_exec(t, 900, CT_ROLE_SHIM, 1, "containerd-shim-runc-v2", "-namespace",
			  "default", "-id", "web", TAPE_END);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 3000, 1, "Create", "web", "/b");
		tape_at(t, 20);
		tape_ttrpc_answer(t, 900, 3000, 1, 910, 0);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 3000, 3, "Start", "web", NULL);
		tape_at(t, 30);
		tape_ttrpc_answer(t, 900, 3000, 3, 910, 0);
		tape_at(t, 40);
		tape_relay(t, fifos[i].tgid ? fifos[i].tgid : 900, fifos[i].dir, fifos[i].file);
		play_sorted(run);
		cr_expect_eq(find(run, CT_RECORD_START, "web", 0)->rec.ready_ns,
			     fifos[i].its ? tape_ns(40) : 0, "%s of %u", fifos[i].file,
			     fifos[i].tgid);
		run_free(run);
	}
}

/* Columns: of whom root and process are, what is shown; whether the container is ready then. */
static const struct {
	const char *name;
	bool root_known, process_known;
	bool ready;
} signs[] = {
	{ "both", true, true, true },
	{ "its container alone", true, false, true },
	{ "its process alone", false, true, true },
	{ "neither", false, false, false },
};

Test(told, who_shows_that_it_is_ready)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(signs); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		life_create(&run->t, &l, 10);
		life_start(&run->t, &l, 30);
		tape_at(&run->t, 300);
		tape_listen(&run->t, l.init, 80);
		last(&run->t)->root = signs[i].root_known ? l.init : 4712;
		last(&run->t)->tgid = signs[i].process_known ? l.init : 4711;
		play_sorted(run);
		cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.ready_ns,
			     signs[i].ready ? tape_ns(300) : 0, "%s", signs[i].name);
		run_free(run);
	}
}

/* What is asked for now counts, not what was asked for when it was recorded. */
Test(told, ready_is_what_is_asked_for_now)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	run->opts.ready_mask = 1u << CT_READY_ACCEPT;
	tape_options(&run->t, 1u << CT_READY_LISTEN);
	tape_options(&run->t, 1u << CT_READY_OUTPUT);
	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 300);
	tape_listen(&run->t, l.init, 80);
	tape_output(&run->t, l.init, l.shim);
	tape_at(&run->t, 400);
	tape_accept(&run->t, l.init, 80);
	play_sorted(run);
	cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.ready_ns, tape_ns(400));
	run_free(run);
}

/* Columns: how far a start came when the engine says that it failed; the phase that failed. */
static const struct {
	const char *name;
	double until;
	enum ct_phase phase;
} failures[] = {
	{ "asked for", 31, CT_PHASE_CONNECT },
	{ "connected", 37, CT_PHASE_START },
	{ "executed", 175, CT_PHASE_START },
	{ "saved", 185, CT_PHASE_READY },
};

/* Which phase a start failed in is what its user looks at: whatever is over has not failed. */
Test(told, the_phase_in_which_a_start_failed)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(failures); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);
		const struct seen *s;
		size_t from;

		life_create(t, &l, 10);
		life_request(t, &l, 30, "start");
		from = t->count;
		life_started_within(t, &l, 30);
		for (size_t k = from; k < t->count; k++) {
			struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(t, k);

			if (e->ts_ns > tape_ns(failures[i].until))
				e->kind = CT_KIND_ENGINE; /* it did not come to that */
		}
		life_answer(t, &l, 300, 500, "{\"message\":\"no\"}");
		play_sorted(run);
		s = find(run, CT_RECORD_START, l.name, 0);
		expect_outcome(s, CT_OUTCOME_FAILED);
		cr_expect_eq(s->rec.failed_phase, failures[i].phase, "%s: failed in %s",
			     failures[i].name, ct_phase_names[s->rec.failed_phase]);
		cr_expect_str_eq(s->message, "no");
		run_free(run);
	}
}

/* The engine says no when all was done, and seen to be ready: it has failed last. */
Test(told, a_start_that_failed_when_all_was_done)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_request(&run->t, &l, 30, "start");
	life_started_within(&run->t, &l, 30);
	tape_at(&run->t, 185);
	tape_output(&run->t, l.init, l.shim);
	life_answer(&run->t, &l, 300, 500, "{\"message\":\"no\"}");
	play_sorted(run);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_READY, "failed in %s",
		     ct_phase_names[s->rec.failed_phase]);
	run_free(run);
}

/* Columns: request that is refused, what the stop is told to begin with. */
static const struct {
	const char *verb;
	int status;
	double begin;
} refusals[] = {
	{ "stop?t=0", 500, 1000 },
	{ "kill", 500, 1000 },
	{ "stop?t=0", 204, 600 },
};

/* A stop that was refused is not when it stopped, and one that was not is. */
Test(told, what_is_refused_has_not_begun)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(refusals); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		life_serves(&run->t, &l);
		life_request(&run->t, &l, 600, refusals[i].verb);
		life_answer(&run->t, &l, 700, refusals[i].status, "{}");
		life_exit(&run->t, &l, 1000, 0);
		play_sorted(run);
		cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.begin_ns,
			     tape_ns(refusals[i].begin), "%s: %d", refusals[i].verb,
			     refusals[i].status);
		run_free(run);
	}
}

/* Of two stops that are asked for the one that is refused takes nothing from the other. */
Test(told, a_refusal_is_of_its_own_request)
{
	struct run *run = run_new();
	struct life l = life_of(0), other = l;

	other.client += 20;
	life_serves(&run->t, &l);
	life_request(&run->t, &l, 600, "stop?t=0");
	life_request(&run->t, &other, 700, "kill");
	life_request(&run->t, &l, 800, "wait");
	life_answer(&run->t, &l, 850, 204, NULL);
	life_answer(&run->t, &l, 870, 500, "{}");
	life_exit(&run->t, &l, 1000, 0);
	life_answer(&run->t, &other, 1100, 204, NULL);
	play_sorted(run);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.begin_ns, tape_ns(700));
	run_free(run);
}

/* Columns: what had come of the first start when it is started again, how it is told. */
static const struct {
	const char *name;
	int status; /* of the answer; 0: none */
	enum ct_outcome outcome;
} agains[] = {
	{ "not answered", 0, CT_OUTCOME_CUT },
	{ "answered", 204, CT_OUTCOME_OK },
	{ "failed", 500, CT_OUTCOME_FAILED },
};

/* Started again before anybody knew how the first start ended: both are told. */
Test(told, a_start_that_is_overtaken)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(agains); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		const struct seen *s;

		life_create(&run->t, &l, 10);
		life_request(&run->t, &l, 30, "start");
		life_started_within(&run->t, &l, 30);
		if (agains[i].status)
			life_answer(&run->t, &l, 185, agains[i].status, "{}");
		else
			l.client += 20; /* who asked has left */
		life_exit(&run->t, &l, 190, 0);
		l.init += 50;
		l.shim += 50;
		life_start(&run->t, &l, 260);
		tape_at(&run->t, 500);
		tape_output(&run->t, l.init, l.shim);
		play_sorted(run);
		cr_expect_eq(count(run, CT_RECORD_START), 2, "%s: %u", agains[i].name,
			     count(run, CT_RECORD_START));
		s = find(run, CT_RECORD_START, l.name, 0);
		expect_outcome(s, agains[i].outcome);
		cr_expect_eq(s->rec.begin_ns, tape_ns(10));
		expect_outcome(find(run, CT_RECORD_START, l.name, 1), CT_OUTCOME_OK);
		cr_expect_eq(find(run, CT_RECORD_START, l.name, 1)->rec.begin_ns, tape_ns(260));
		run_free(run);
	}
}

/* Columns: how far it came when tracing ends; what is told then. */
static const struct {
	const char *name;
	int exit, remove, answer; /* whether; the answer's status, 0: none */
	enum ct_outcome start, stop;
} ends[] = {
	{ "asked for", 0, 0, 0, CT_OUTCOME_CUT, CT_OUTCOME_MAX },
	{ "started", 0, 0, 204, CT_OUTCOME_OK, CT_OUTCOME_MAX },
	{ "started and exited", 1, 0, 204, CT_OUTCOME_OK, CT_OUTCOME_OK },
	{ "removed", 1, 1, 204, CT_OUTCOME_OK, CT_OUTCOME_OK },
	{ "exited", 2, 0, 204, CT_OUTCOME_OK, CT_OUTCOME_CUT },
};

/* Tracing ends at once, in the middle of whatever there is: each is told, as what it is. */
Test(told, when_tracing_ends)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(ends); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		life_create(&run->t, &l, 10);
		life_request(&run->t, &l, 30, "start");
		life_started_within(&run->t, &l, 30);
		if (ends[i].answer)
			life_answer(&run->t, &l, 185, ends[i].answer, "{}");
		if (ends[i].exit == 1)
			life_exit(&run->t, &l, 190, 0);
		if (ends[i].exit == 2) {
			tape_at(&run->t, 190);
			tape_exit(&run->t, l.init, CT_ROLE_INIT, 0);
		}
		if (ends[i].remove)
			life_remove(&run->t, &l, 300);
		tape_sort(&run->t);
		play(run);
		expect_counts(run, 1, ends[i].exit != 0, 0);
		expect_outcome(find(run, CT_RECORD_START, l.name, 0), ends[i].start);
		if (ends[i].exit)
			expect_outcome(find(run, CT_RECORD_STOP, l.name, 0), ends[i].stop);
		if (ends[i].exit)
			cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.removed,
				     ends[i].remove);
		run_free(run);
	}
}

/* Began before all probes were attached, and failed: it has failed, it is not cut. */
Test(told, a_failure_that_began_early)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	tape_add(&run->t, CT_KIND_BEGIN, 0, NULL, 0)->arg = 20 * TAPE_MS;
	life_create(&run->t, &l, 10);
	life_request(&run->t, &l, 30, "start");
	life_answer(&run->t, &l, 40, 500, "{\"message\":\"no\"}");
	play_sorted(run);
	expect_outcome(find(run, CT_RECORD_START, l.name, 0), CT_OUTCOME_FAILED);
	cr_expect_eq(run->counts.early, 1);
	run_free(run);
}

/* Columns: engine that exits, whether the start of the other's container fails with it. */
static const struct {
	uint32_t engine;
	bool fails;
} deaths[] = { { LIFE_DOCKERD, true }, { 5248, false } };

/* An engine that dies takes its own starts with it, not another's, and none that was done. */
Test(told, an_engine_that_dies)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(deaths); i++) {
		struct run *run = run_new();
		struct life l = life_of(0), done = life_of(1), created = life_of(2);

		tape_process(&run->t, 5248, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
		life_create(&run->t, &done, 10);
		life_start(&run->t, &done, 30);
		tape_at(&run->t, 200);
		tape_output(&run->t, done.init, done.shim);
		life_create(&run->t, &l, 1000);
		life_request(&run->t, &l, 1030, "start");
		life_create(&run->t, &created, 1031);
		tape_at(&run->t, 1050);
		tape_exit(&run->t, deaths[i].engine, CT_ROLE_ENGINE, 9);
		tape_at(&run->t, 1060);
		tape_clock(&run->t);
		play_sorted(run);
		expect_outcome(find(run, CT_RECORD_START, done.name, 0), CT_OUTCOME_OK);
		expect_outcome(find(run, CT_RECORD_START, l.name, 0),
			       deaths[i].fails ? CT_OUTCOME_FAILED : CT_OUTCOME_CUT);
		cr_expect_str_eq(find(run, CT_RECORD_START, l.name, 0)->message,
				 deaths[i].fails ? "the engine exited" : "");
		cr_expect_eq(count(run, CT_RECORD_CREATE), 1);
		run_free(run);
	}
}

/* A create that fails, asked of somebody who is not known: nobody is told to have failed. */
Test(told, a_create_that_fails)
{
	static const bool known[] = { true, false };

	for (size_t i = 0; i < CT_ARRAY_SIZE(known); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		t->engine = known[i] ? LIFE_DOCKERD : 4711;
		tape_http_request(t, LIFE_CLIENT, 2000, "POST /v1.41/containers/create?name=web",
				  "{\"Image\":\"none\"}");
		tape_at(t, 20);
		tape_http_answer(t, t->engine, 2000, 404, "{\"message\":\"No such image\"}");
		play_sorted(run);
		expect_counts(run, known[i], 0, 0);
		if (known[i]) {
			cr_expect_str_eq(run->seen[0].who.engine, "docker");
			cr_expect_str_eq(run->seen[0].who.image, "none");
			cr_expect_str_eq(run->seen[0].message, "No such image");
			cr_expect_eq(run->seen[0].rec.failed_phase, CT_PHASE_CREATE);
			expect_span(&run->seen[0], 10, 20);
		}
		run_free(run);
	}
}
