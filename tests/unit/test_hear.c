// SPDX-License-Identifier: GPL-2.0-only
/* Docker's API: a request is told as what it says itself, and an answer is its own request's. */
#include <criterion/criterion.h>

#include "api.h"
#include "runs.h"

#define SHIM_SOCKET 9000

/* What the one before it was, with --rm, is not what it is. */
Test(hear, a_create_without_a_body_has_nothing_of_the_one_before)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life a = life_of(0), b = life_of(1);
	const struct seen *s;

	asks(t, 10, a.client, "POST /containers/create?name=web",
	     "{\"Image\":\"nginx\",\"HostConfig\":{\"Runtime\":\"runsc\",\"AutoRemove\":true}}");
	made(t, 20, a.client, a.id);
	asks(t, 30, b.client, "POST /containers/create?name=db", NULL);
	made(t, 40, b.client, b.id);
	life_start(t, &b, 50);
	tape_at(t, 300);
	tape_output(t, b.init, b.shim);
	life_request(t, &b, 1000, "stop");
	life_exit(t, &b, 1010, 0);
	life_answer(t, &b, 1080, 204, NULL);
	play_until(run, 60000);
	s = find(run, CT_RECORD_CREATE, "web", 0);
	cr_expect_str_eq(s->who.image, "nginx");
	cr_expect_str_eq(s->who.runtime, "runsc");
	s = find(run, CT_RECORD_STOP, "db", 0);
	cr_expect_str_empty(s->who.image);
	cr_expect_str_empty(s->who.runtime);
	expect_span(s, 1000, 1080);
	expect_phase(s, CT_PHASE_DESTROY, 10);
	run_free(run);
}

/* --rm: what is saved and answered before it is gone is not the end of it. */
Test(hear, with_rm_a_stop_ends_when_it_is_gone)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	asks(t, 10, l.client, "POST /containers/create?name=web",
	     "{\"HostConfig\":{\"AutoRemove\":true}}");
	made(t, 20, l.client, l.id);
	life_start(t, &l, 50);
	tape_at(t, 300);
	tape_output(t, l.init, l.shim);
	life_request(t, &l, 1000, "stop");
	life_exit(t, &l, 1010, 0);
	life_answer(t, &l, 1080, 204, NULL);
	play_until(run, 60000);
	s = find(run, CT_RECORD_STOP, "web", 0);
	expect_phase(s, CT_PHASE_DISCONNECT, 40);
	expect_phase(s, CT_PHASE_DESTROY, 0);
	run_free(run);
}

/* A stop is told when it has been answered; who asks for something else meanwhile changes nothing. */
Test(hear, a_stop_waits_for_its_own_answer)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0), other = l;
	const struct seen *s;

	other.client += 20;
	life_serves(t, &l);
	life_request(t, &other, 900, "top");
	life_request(t, &l, 1000, "stop");
	life_exit(t, &l, 1010, 0);
	life_answer(t, &other, 1100, 200, "{}");
	tape_at(t, 5000);
	tape_clock(t);
	life_answer(t, &l, 8000, 204, NULL);
	play_until(run, 60000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_span(s, 1000, 8000);
	expect_outcome(s, CT_OUTCOME_OK);
	run_free(run);
}

/* To be answered is not to have been answered by an engine that is gone: it is not waited for ever. */
Test(hear, a_stop_that_nobody_answers_is_told_all_the_same)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_serves(&run->t, &l);
	life_request(&run->t, &l, 1000, "stop");
	life_exit(&run->t, &l, 1010, 0);
	tape_at(&run->t, 20000);
	tape_clock(&run->t);
	play_until(run, 60000);
	expect_counts(run, 1, 1, 0);
	run_free(run);
}

/* Of two requests on a line the first is forgotten for want of room: its answer makes no "db". */
Test(hear, an_answer_to_what_was_forgotten_is_not_the_next_requests)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	asks(t, 10, l.client, "POST /containers/create?name=web", NULL);
	asks(t, 11, l.client, "POST /containers/create?name=db", NULL);
	for (unsigned i = 0; i < 16383; i++) {
		tape_at(t, 20 + i / 1000.0);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 100000, 2 * i + 1, "Connect", l.id, NULL);
	}
	made(t, 500, l.client, l.id);
	play_until(run, 90000);
	cr_expect_eq(count(run, CT_RECORD_CREATE), 0);
	run_free(run);
}

/* Requests about a container that is known are missed, however old they are. */
Test(hear, a_request_that_gives_way_is_counted)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	for (unsigned i = 0; i < 16385; i++) {
		tape_at(t, i < 16384 ? 20 + i / 1000.0 : 80000);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 100000, 2 * i + 1, "Connect", l.id, NULL);
	}
	play_until(run, 90000);
	cr_expect_eq(run->counts.lost[CT_LOSS_TALK], 1);
	run_free(run);
}

/* The first was never answered: what follows answers the second, and then nobody. */
Test(hear, a_number_used_again_is_another_request)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_serves(t, &l);
	tape_at(t, 1000);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIM_SOCKET, 1, "Wait", l.id, NULL);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIM_SOCKET, 1, "Connect", l.id, NULL);
	tape_ttrpc_answer(t, l.shim, SHIM_SOCKET, 1, 0, 0);
	tape_at(t, 1001);
	tape_ttrpc_answer(t, l.shim, SHIM_SOCKET, 1, 7, 0);
	play_until(run, 60000);
	expect_counts(run, 1, 0, 0);
	run_free(run);
}

/* Kept for 50 ms, 10 ms apart: there is always room. */
Test(hear, answers_that_nobody_waits_for_are_no_loss)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	tape_process(t, l.shim, 1, CT_ROLE_SHIM, "containerd-shim-runc-v2", "-namespace", "moby",
		     "-id", l.id, TAPE_END);
	for (unsigned i = 0; i < 1200; i++) {
		tape_at(t, 10 + 10 * i);
		tape_ttrpc_answer(t, l.shim, SHIM_SOCKET, 2 * i + 1, 0, 0);
	}
	play_until(run, 60000);
	cr_expect_eq(run->counts.lost[CT_LOSS_TALK], 0);
	run_free(run);
}

/* "Already so" is a success of a start: the answer is none to something unheard. */
Test(hear, not_modified_answers_a_start)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_create(t, &l, 10);
	asks(t, 20, l.client, "GET /_ping", NULL);
	answers(t, 21, l.client, 200, "OK");
	life_request(t, &l, 30, "start");
	life_started_within(t, &l, 30);
	tape_at(t, 30 + LIFE_READY);
	tape_output(t, l.init, l.shim);
	life_answer(t, &l, 300, 304, NULL);
	play_until(run, 60000);
	expect_counts(run, 1, 0, 0);
	expect_span(find(run, CT_RECORD_START, l.name, 0), 10, 300);
	run_free(run);
}

/* After a hole of the kernel's ring, by the socket of who answers: whose the next answer is nobody knows. */
static void hole_then_create(void (*hole)(struct tape *t, uint64_t socket), unsigned creates)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	asks(t, 1, l.client, "GET /_ping", NULL);
	answers(t, 2, l.client, 200, "OK");
	asks(t, 100, l.client, "POST /containers/create?name=web", NULL);
	tape_at(t, 110);
	hole(t, l.client);
	asks(t, 120, l.client, "POST /containers/create?name=db", NULL);
	made(t, 130, l.client, l.id);
	play_until(run, 60000);
	cr_expect_eq(count(run, CT_RECORD_CREATE), creates);
	run_free(run);
}

static void no_hole(struct tape *t, uint64_t socket)
{
	made(t, 110, socket, "7777ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada");
}

static void hole_of_who_asks(struct tape *t, uint64_t socket)
{
	tape_add(t, CT_KIND_HOLE, LIFE_CLIENT, NULL, 0)->obj = socket;
}

static void hole_of_who_answers(struct tape *t, uint64_t socket)
{
	tape_add(t, CT_KIND_HOLE, LIFE_DOCKERD, NULL, 0)->obj = socket + 1;
}

static void ring_is_full(struct tape *t, uint64_t socket)
{
	(void)socket;
	tape_lost(t, CT_LOSS_RING, 1);
}

static void hole_between_both(struct tape *t, uint64_t socket)
{
	struct ct_event *e = tape_add(t, CT_KIND_HOLE, LIFE_DOCKERD, NULL, 0);

	e->obj = socket + 1;
	e->arg = socket;
}

Test(hear, an_answer_after_a_hole_is_not_taken_for_the_next_requests)
{
	hole_then_create(no_hole, 2);
	hole_then_create(hole_of_who_asks, 0);
	hole_then_create(hole_of_who_answers, 0);
	hole_then_create(hole_between_both, 0);
	hole_then_create(ring_is_full, 0);
}

/* Long after the request it is nobody else's. */
Test(hear, an_answer_that_comes_late_after_a_hole_is_its_own)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	asks(t, 100, l.client, "GET /_ping", NULL);
	tape_at(t, 110);
	hole_of_who_asks(t, l.client);
	asks(t, 120, l.client, "POST /containers/create?name=db", NULL);
	made(t, 200, l.client, l.id);
	play_until(run, 60000);
	cr_expect_eq(count(run, CT_RECORD_CREATE), 1);
	run_free(run);
}

/* A stray answer just before a request may be the one to it; one long before is not. */
Test(hear, a_stray_answer_makes_what_follows_at_once_doubtful)
{
	for (unsigned late = 0; late < 2; late++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);

		asks(t, 1, l.client, "GET /_ping", NULL);
		answers(t, 2, l.client, 200, "OK");
		answers(t, 1000, l.client, 201, "{\"Id\":\"b4f6239ac50b\"}");
		asks(t, late ? 3000 : 1500, l.client, "POST /containers/create?name=web", NULL);
		asks(t, 3500, l.client, "GET /_ping", NULL);
		made(t, 3600, l.client, l.id);
		play_until(run, 60000);
		cr_expect_eq(count(run, CT_RECORD_CREATE), late, "%u", late);
		run_free(run);
	}
}

/* What is copied into a container may look like a request. */
Test(hear, files_that_are_sent_are_no_requests)
{
	static const char *const lines[] = { "PUT /v1.41/containers/web/archive",
					     "POST /v1.41/images/load", "POST /v1.41/build",
					     "DELETE /v1.41/images/x" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(lines); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);
		bool streams = i < 3;

		life_serves(t, &l);
		asks(t, 900, l.client, lines[i], NULL);
		life_request(t, &l, 1000, "stop");
		life_exit(t, &l, 5000, 0);
		play_until(run, 90000);
		expect_counts(run, 1, 1, 0);
		expect_phase(find(run, CT_RECORD_STOP, l.name, 0), CT_PHASE_STOP,
			     streams ? 0 : 4000);
		run_free(run);
	}
}

/* 64 at once are more than anybody was seen to ask: nobody knows what such a line is. */
Test(hear, a_line_on_which_too_many_ask_is_forgotten)
{
	for (unsigned many = 62; many <= 63; many++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);

		asks(t, 100, l.client, "POST /containers/create?name=web", NULL);
		for (unsigned i = 0; i <= many; i++)
			asks(t, 101, l.client, "GET /_ping", NULL);
		made(t, 200, l.client, l.id);
		play_until(run, 60000);
		cr_expect_eq(count(run, CT_RECORD_CREATE), many == 62, "%u", many);
		run_free(run);
	}
}

/* A name that was refused is not its name. */
Test(hear, a_rename_that_is_refused_renames_nothing)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	life_request(&run->t, &l, 30, "rename?name=taken");
	life_answer(&run->t, &l, 31, 409, "{\"message\":\"in use\"}");
	play_until(run, 60000);
	find(run, CT_RECORD_CREATE, "web", 0);
	run_free(run);
}

/* The start that was answered is over; one more that fails says nothing about it. */
Test(hear, a_start_that_fails_when_it_runs_already_is_no_failed_start)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	life_request(&run->t, &l, 185, "start");
	life_answer(&run->t, &l, 186, 500, "{\"message\":\"busy\"}");
	tape_at(&run->t, LIFE_READY);
	tape_output(&run->t, l.init, l.shim);
	play_until(run, 60000);
	expect_counts(run, 1, 0, 0);
	expect_outcome(find(run, CT_RECORD_START, l.name, 0), CT_OUTCOME_OK);
	run_free(run);
}

/* "100 Continue": the answer is still to come. */
Test(hear, go_on_is_no_answer)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	asks(&run->t, 10, l.client, "POST /containers/create?name=web", NULL);
	answers(&run->t, 11, l.client, 100, NULL);
	made(&run->t, 20, l.client, l.id);
	play_until(run, 60000);
	cr_expect_eq(count(run, CT_RECORD_CREATE), 1);
	run_free(run);
}

/* An attach that is answered with 200, by old clients: what follows is the container's. */
Test(hear, an_attach_of_an_old_client_is_hijacked_too)
{
	struct run *run = run_new();
	struct life l = life_of(0), attached = l;

	attached.client += 10;
	life_serves(&run->t, &l);
	life_request(&run->t, &attached, 500, "attach");
	life_answer(&run->t, &attached, 501, 200, NULL);
	life_request(&run->t, &attached, 1000, "stop");
	life_answer(&run->t, &attached, 1001, 204, NULL);
	life_exit(&run->t, &l, 5000, 0);
	play_until(run, 60000);
	expect_phase(find(run, CT_RECORD_STOP, l.name, 0), CT_PHASE_STOP, 0);
	run_free(run);
}

/* What is sent behind another request is not what a create was asked with. */
Test(hear, a_request_for_nobody_is_counted)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	asks(&run->t, 10, l.client, "POST /containers/nobody/start", NULL);
	play_until(run, 1000);
	cr_expect_eq(run->counts.unmatched_requests, 1);
	run_free(run);
}

#define NETWORK "POST /v1.41/networks/create"

/* What makes a network is answered with 201: 204 is what the start was answered with. */
Test(hear, an_answer_that_does_not_fit_is_the_next_requests)
{
	for (unsigned reads = 0; reads < 2; reads++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);

		life_create(t, &l, 10);
		if (reads) {
			asks(t, 22, l.client, "GET /_ping", NULL);
			answers(t, 23, l.client, 200, "OK");
		}
		asks(t, 25, l.client, NETWORK, "{}");
		life_request(t, &l, 30, "start");
		life_started_within(t, &l, 30);
		tape_at(t, 190);
		tape_output(t, l.init, l.shim);
		answers(t, 200, l.client, 204, NULL);
		/* Where what only reads is not heard, that was the answer to something else. */
		if (!reads) {
			answers(t, 250, l.client, 201, "{}");
			answers(t, 300, l.client, 204, NULL);
		}
		play_until(run, 60000);
		expect_counts(run, 1, 0, 0);
		expect_span(find(run, CT_RECORD_START, l.name, 0), 10, reads ? 200 : 300);
		run_free(run);
	}
}

/* What cannot be killed does not run: nothing was started, and nothing has failed to. */
Test(hear, a_kill_that_is_refused_is_no_failed_start)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	life_request(&run->t, &l, 30, "kill");
	life_answer(&run->t, &l, 31, 409, "{\"message\":\"is not running\"}");
	play_until(run, 60000);
	expect_counts(run, 0, 0, 0);
	cr_expect_eq(count(run, CT_RECORD_CREATE), 1);
	run_free(run);
}

/*
 * What looks like a request behind an upload is taken for a part of it. It was one if the answer to the upload is heard
 * late: then its answer is not that to the next.
 */
Test(hear, a_request_behind_an_upload_that_is_answered_late)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	asks(t, 10, l.client, "PUT /containers/web/archive", NULL);
	asks(t, 20, l.client, "POST /containers/nobody/start", NULL);
	answers(t, 30, l.client, 200, NULL);
	asks(t, 31, l.client, "POST /containers/create?name=web", "{\"Image\":\"nginx\"}");
	answers(t, 32, l.client, 404, "{\"message\":\"No such container: nobody\"}");
	made(t, 40, l.client, l.id);
	play_until(run, 60000);
	for (size_t i = 0; i < run->count; i++)
		cr_expect_str_empty(run->seen[i].message, "'%s' has another's answer",
				    run->seen[i].who.name);
	run_free(run);
}
