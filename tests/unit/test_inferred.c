// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that are older than the trace: what is asked on them has a number and no name. It is
 * told as soon as it is proved, and not before; what looks alike proves nothing.
 */
#include <criterion/criterion.h>

#include "core/hear/conns.h"
#include "core/hear/talk.h"
#include "late.h"
#include "runs.h"

static void creates(struct tape *t, uint32_t stream, enum late_path path)
{
	char msg[400];

	late_asks(t, stream, path, msg, late_put_container(msg, POD, "nginx", "nginx:1"));
}

static void succeeds(struct tape *t, uint32_t stream)
{
	grpc_answers(t, stream, "", 0);
}

static void refuses(struct tape *t, uint32_t stream)
{
	grpc_refuses(t, stream, "no");
}

/* Both are asked for and made, until 70. */
static void pod_and_box(struct tape *t)
{
	tape_at(t, 10);
	late_runs_pod(t, 1, RUN_POD);
	tape_at(t, 50);
	grpc_answers_id(t, 1, POD);
	tape_at(t, 60);
	creates(t, 3, CREATE);
	tape_at(t, 70);
	grpc_answers_id(t, 3, BOX);
}

/* What became of the pod and its container is the same as if all had been heard from the first. */
Test(inferred, what_is_proved_is_told_from_its_request_on)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	pod_and_box(t);
	tape_at(t, 80);
	late_asks_about(t, 5, START, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 104);
	succeeds(t, 5);
	tape_at(t, 1000);
	late_asks_about(t, 7, STOP, BOX);
	tape_at(t, 1001);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 5, "Kill", BOX, NULL);
	tape_at(t, 1010);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 7, "Delete", BOX, NULL);
	tape_at(t, 1020);
	tape_ttrpc_answer(t, SHIM, SHIMS, 7, INIT, 0);
	tape_at(t, 1030);
	succeeds(t, 7);
	tape_at(t, 1100);
	late_asks_about(t, 9, REMOVE, BOX);
	tape_at(t, 1105);
	tape_unlink(t, LIFE_CONTAINERD, "containers", BOX ".del-status");
	tape_at(t, 1110);
	succeeds(t, 9);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "web/nginx", 0);
	expect_span(s, 60, 111);
	expect_phase(s, CT_PHASE_CREATE, 10);
	expect_phase(s, CT_PHASE_START, 24);
	cr_expect_str_eq(s->who.pod, "web");
	cr_expect_str_eq(s->who.image, "nginx:1");
	s = find(run, CT_RECORD_STOP, "web/nginx", 0);
	expect_phase(s, CT_PHASE_STOP, 10);
	expect_phase(s, CT_PHASE_DESTROY, 10);
	run_free(run);
}

/* containerd executes the shim for the container before it asks that for anything: nothing else leads to it. */
Test(inferred, the_first_start_begins_with_its_request_and_not_with_its_shim)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	pod_and_box(t);
	tape_at(t, 80);
	late_asks_about(t, 5, START, BOX);
	tape_at(t, 87);
	tape_fork(t, LIFE_CONTAINERD, SHIM + 1, CT_ROLE_ENGINE);
	tape_exec(t, SHIM + 1, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2", "-namespace", "k8s.io",
		  "-id", BOX, "start", TAPE_END);
	grpc_runs(t, 88, "k8s.io", BOX);
	tape_at(t, 124);
	succeeds(t, 5);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "web/nginx", 0);
	expect_phase(s, CT_PHASE_CREATE, 10);
	expect_phase(s, CT_PHASE_CLIENT, 10);
	expect_phase(s, CT_PHASE_START, 44);
	run_free(run);
}

/* A start that is refused is one if its task was asked for meanwhile: then it has failed, and says why. */
Test(inferred, a_start_that_is_refused)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	pod_and_box(t);
	tape_at(t, 80);
	late_asks_about(t, 5, START, BOX);
	tape_at(t, 90);
	tape_fork(t, LIFE_CONTAINERD, SHIM, CT_ROLE_ENGINE);
	tape_exec(t, SHIM, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2", "-namespace", "k8s.io",
		  "-id", BOX, TAPE_END);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 1, "Create", BOX, NULL);
	tape_at(t, 100);
	refuses(t, 5);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "web/nginx", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_str_eq(s->message, "no");
	expect_phase(s, CT_PHASE_START, 20);
	run_free(run);
}

/* Answered with anything but an id, or refused, it was no such request; its path is no such path. */
Test(inferred, a_message_that_looks_alike_makes_no_container)
{
	for (unsigned i = 0; i < 3; i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		if (i < 2)
			late_runs_pod(t, 1, RUN_POD);
		else
			creates(t, 1, CREATE);
		tape_at(t, 20);
		if (i == 0)
			grpc_answers_id(t, 1, "sha256:" POD);
		else if (i == 1)
			refuses(t, 1);
		else
			succeeds(t, 1);
		tape_at(t, 30);
		late_runs_pod(t, 3, RUN_POD);
		tape_at(t, 40);
		refuses(t, 3);
		play_until(run, 90000);
		cr_expect_eq(run->count, 0, "%u: %zu", i, run->count);
		cr_expect_eq(run->counts.containers, 0, "%u", i);
		run_free(run);
	}
}

static void made(struct tape *t)
{
	tape_at(t, 60);
	creates(t, 3, CREATE);
	tape_at(t, 70);
	grpc_answers_id(t, 3, BOX);
}

/* When `start` of two ways to ask is proved, what is asked by `path` afterwards begins a start or not. */
static uint64_t begins(void (*before)(struct tape *t), enum late_path path)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	uint64_t begin_ns = 0;

	if (before)
		before(t);
	tape_at(t, 1060);
	creates(t, 31, CREATE);
	tape_at(t, 1070);
	grpc_answers_id(t, 31, POD);
	tape_at(t, 1080);
	late_asks_about(t, 33, path, POD);
	tape_at(t, 1090);
	/* Without a shim that is asked for anything only who knows the path knows a failed start. */
	refuses(t, 33);
	play_until(run, 90000);
	for (size_t i = 0; i < run->count; i++) {
		if (run->seen[i].rec.type == CT_RECORD_START &&
		    run->seen[i].rec.outcome == CT_OUTCOME_FAILED)
			begin_ns = run->seen[i].rec.begin_ns;
	}
	run_free(run);
	return begin_ns;
}

static void starts(struct tape *t, uint32_t stream)
{
	tape_at(t, 80);
	late_asks_about(t, stream, START, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 104);
	succeeds(t, stream);
}

/* A request that waits while the container is made and started, and is answered then. */
static void one_start(struct tape *t)
{
	made(t);
	starts(t, 5);
}

static void start_and_status_wait(struct tape *t)
{
	made(t);
	tape_at(t, 80);
	late_asks_about(t, 5, START, BOX);
	late_asks_about(t, 7, STATUS, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 95);
	succeeds(t, 7); /* before the task was started */
	tape_at(t, 104);
	succeeds(t, 5);
}

static void start_and_slow_status_wait(struct tape *t)
{
	made(t);
	tape_at(t, 80);
	late_asks_about(t, 5, START, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 83);
	late_asks_about(t, 7, STATUS, BOX);
	tape_at(t, 104);
	succeeds(t, 5);
	tape_at(t, 105);
	succeeds(t, 7);
	tape_sort(t);
}

static void status_then_start(struct tape *t)
{
	made(t);
	tape_at(t, 75);
	late_asks_about(t, 5, STATUS, BOX);
	tape_at(t, 76);
	succeeds(t, 5); /* it started nothing: it is no start for ever */
	tape_at(t, 80);
	late_asks_about(t, 7, STATUS, BOX); /* and is so slow that it looks like one */
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 104);
	succeeds(t, 7);
}

/* More paths than are kept of a connection, before an answer that could tell what its path is not. */
static void forgotten_before_its_answer(struct tape *t)
{
	char block[16], message[64];

	made(t);
	tape_at(t, 75);
	late_asks_about(t, 5, STATUS, BOX);
	for (uint32_t i = 0; i < CT_PATHS_MAX; i++) {
		size_t n = late_block(block, (enum late_path)(REMOVE + 1 + i % 48));

		block[3] = (char)(i < 48 ? 0xbe : 0xbf); /* asked of another authority */
		tape_send(t, CLIENT, SOCKET, message,
			  grpc_put_headers(message, 101 + 2 * i, END_BLOCK, block, n));
	}
	tape_at(t, 76);
	succeeds(t, 5);
	starts(t, 7);
}

static void hole(struct tape *t)
{
	char block[16], message[64];

	one_start(t);
	tape_at(t, 110);
	/* A block that is not whole: all numbers of before have moved. */
	tape_send(t, CLIENT, SOCKET, message,
		  grpc_put_headers(message, 9, 0, block, late_block(block, STATUS)));
}

static const struct {
	const char *name;
	void (*before)(struct tape *t);
	enum late_path path;
	bool known;
} proofs[] = {
	{ "nothing", NULL, START, false },
	{ "one start", one_start, START, true },
	{ "one start, another path", one_start, STATUS, false },
	{ "two that wait: who waited until the start was done", start_and_status_wait, START,
	  true },
	{ "two that wait: who did not", start_and_status_wait, STATUS, false },
	{ "two that wait until it is done", start_and_slow_status_wait, START, false },
	{ "two that wait until it is done: the later", start_and_slow_status_wait, STATUS, false },
	{ "who was refuted", status_then_start, STATUS, false },
	{ "a path that was forgotten before its answer", forgotten_before_its_answer, START, true },
	{ "numbers of before a hole", hole, START, false },
};

Test(inferred, a_path_is_named_by_what_was_proved_of_it)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(proofs); i++) {
		uint64_t begin_ns = begins(proofs[i].before, proofs[i].path);

		cr_expect_eq(begin_ns != 0, proofs[i].known, "%s", proofs[i].name);
	}
}

/* While two wait nobody knows whose the start is; the start itself is told, without its request. */
Test(inferred, of_two_that_wait_none_begins_the_start)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	made(t);
	tape_at(t, 75);
	late_asks_about(t, 5, STATUS, BOX);
	tape_at(t, 80);
	late_asks_about(t, 7, START, BOX);
	grpc_runs(t, 90, "k8s.io", BOX);
	tape_at(t, 400);
	play_until(run, 90000);
	expect_phase(find(run, CT_RECORD_START, "0123456789ab/nginx", 0), CT_PHASE_START, 20);
	run_free(run);
}

/* What nobody understood is said as long as it may hide something, and by whom it was asked. */
static void pod_refused(struct tape *t)
{
	tape_at(t, 10);
	late_runs_pod(t, 1, RUN_POD);
	tape_at(t, 20);
	refuses(t, 1);
}

static void pod_refused_then_run(struct tape *t)
{
	pod_refused(t);
	tape_at(t, 30);
	late_runs_pod(t, 3, RUN_POD);
	tape_at(t, 40);
	grpc_answers_id(t, 3, POD);
}

/* More connections have been heard of since than are remembered. */
static void pod_refused_long_ago(struct tape *t)
{
	pod_refused(t);
	for (unsigned i = 0; i <= CT_CONNS_MAX; i++) {
		tape_at(t, 1000 + i);
		tape_grpc_request(t, LIFE_DOCKERD, 50000 + i, 1, "x", true);
	}
}

static void status_of_known(struct tape *t)
{
	made(t);
	tape_at(t, 75);
	late_asks_about(t, 5, STATUS, BOX);
	tape_at(t, 76);
	succeeds(t, 5);
}

static void status_of_unknown(struct tape *t)
{
	tape_at(t, 75);
	late_asks_about(t, 5, STATUS, BOX);
	tape_at(t, 76);
	succeeds(t, 5);
}

static void unknown_refused(struct tape *t)
{
	tape_at(t, 75);
	late_asks_about(t, 5, START, BOX);
	tape_at(t, 76);
	refuses(t, 5);
}

/* What succeeds about nobody who is known does not say that the path only reads. */
static void unknown_refused_and_not(struct tape *t)
{
	unknown_refused(t);
	tape_at(t, 80);
	late_asks_about(t, 7, START, POD);
	tape_at(t, 81);
	succeeds(t, 7);
}

/* An engine whose containers are told without these requests. */
static void docker_refused(struct tape *t)
{
	grpc_runs(t, 10, "moby", BOX);
	tape_at(t, 75);
	late_asks_about(t, 5, START, BOX);
	tape_at(t, 76);
	refuses(t, 5);
}

static void lists(struct tape *t)
{
	tape_at(t, 10);
	late_asks(t, 1, STATUS, "", 0);
	tape_at(t, 11);
	succeeds(t, 1);
}

static const struct {
	const char *name;
	void (*ask)(struct tape *t);
	unsigned unheard;
} unheards[] = {
	{ "a pod that could not be", pod_refused, 1 },
	{ "nor when its connection is forgotten", pod_refused_long_ago, 1 },
	{ "it is known later what was asked", pod_refused_then_run, 0 },
	{ "a status", status_of_known, 0 },
	{ "a container that nobody knows", status_of_unknown, 0 },
	{ "what may be a start that failed", unknown_refused, 1 },
	{ "nor is it a status behind that", unknown_refused_and_not, 1 },
	{ "what is refused to Docker", docker_refused, 0 },
	{ "a list", lists, 0 },
	{ "a start", one_start, 0 },
};

Test(inferred, what_is_not_understood_is_said)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(unheards); i++) {
		struct run *run = run_new();

		unheards[i].ask(&run->t);
		play_until(run, 90000);
		cr_expect_eq(ct_unheard_sum(&run->counts.unheard), unheards[i].unheard, "%s",
			     unheards[i].name);
		cr_expect_eq(ct_counts_incomplete(&run->counts), unheards[i].unheard != 0, "%s",
			     unheards[i].name);
		if (unheards[i].unheard)
			cr_expect_eq(run->counts.unheard.each[0].pid, LIFE_CONTAINERD);
		run_free(run);
	}
}

#define SANDBOX 9100 /* first process of the pod */

static void says_to_shim(struct tape *t, uint32_t stream, const char *method, const char *container)
{
	static const char service[] = "containerd.task.v2.Task";
	char pair[80], body[400], message[420], in[80];
	size_t n = tape_put_bytes(body, 1, service, sizeof(service) - 1), m;

	n += grpc_put_text(body + n, 2, method);
	n += tape_put_bytes(body + n, 3, in, grpc_put_text(in, 1, container));
	m = grpc_put_text(pair, 1, CT_TTRPC_NAMESPACE);
	m += grpc_put_text(pair + m, 2, "k8s.io");
	n += tape_put_bytes(body + n, 5, pair, m);
	tape_send(t, LIFE_CONTAINERD, SHIMS, message, tape_put_ttrpc(message, stream, 1, body, n));
}

/* { 2: { 3: pid, 4: state } } */
static void shim_says(struct tape *t, uint32_t stream, uint64_t pid, uint64_t state)
{
	char in[40], body[80], message[100];
	size_t n = tape_put_number(in, 3, pid);
	struct ct_event *e;

	n += tape_put_number(in + n, 4, state);
	n = tape_put_bytes(body, 2, in, n);
	tape_send(t, SHIM, SHIMS, message, tape_put_ttrpc(message, stream, 2, body, n));
	/* the tape's own bytes */
	e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
	e->flags = CT_F_SERVER;
	e->obj = SHIMS + 1;
	e->arg = SHIMS;
}

/* What ran before anybody listened: the shim says its pid, and whose shim it is says its pod. */
static const struct {
	uint64_t state;
	bool told;
} states[] = {
	{ 2, true }, { 3, false }, /* it does not run: whoever has that pid is another */
};

Test(inferred, a_stop_of_what_ran_before_is_known)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(states); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		const struct seen *s;

		tape_at(t, 1);
		tape_process(t, SHIM, 1, CT_ROLE_SHIM, "containerd-shim-runc-v2", "-namespace",
			     "k8s.io", "-id", POD, TAPE_END);
		tape_identity(t, SHIM, "id", POD, "engine", "containerd", "namespace", "k8s.io",
			      "pid", "9100", TAPE_END);
		tape_process(t, SANDBOX, SHIM, CT_ROLE_INIT, "/pause", TAPE_END);
		tape_process(t, INIT, SHIM, CT_ROLE_INIT, "redis", TAPE_END);
		tape_at(t, 10);
		says_to_shim(t, 1, "State", BOX);
		tape_at(t, 11);
		shim_says(t, 1, INIT, states[i].state);
		tape_at(t, 100);
		says_to_shim(t, 3, "Kill", BOX);
		tape_at(t, 110);
		tape_exit(t, INIT, CT_ROLE_INIT, 0);
		says_to_shim(t, 5, "Delete", BOX);
		tape_at(t, 120);
		shim_says(t, 5, INIT, 0);
		tape_at(t, 300);
		grpc_plugs(t, "DEL", POD, "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=u1");
		play_until(run, 90000);
		cr_assert_eq(count(run, CT_RECORD_STOP), states[i].told, "%zu", i);
		if (!states[i].told) {
			run_free(run);
			continue;
		}
		s = find(run, CT_RECORD_STOP, "web/fedcba987654", 0);
		expect_outcome(s, CT_OUTCOME_OK);
		cr_expect_str_eq(s->who.pod, "web");
		cr_expect_str_eq(s->who.pod_ns, "shop");
		cr_expect_str_eq(s->who.pod_container, "");
		run_free(run);
	}
}

/* What the bundle of it says is who it is, from the first. */
Test(inferred, a_bundle_says_who_a_container_is)
{
	static const struct {
		const char *key, *name;
	} rows[] = {
		{ "pod_container", "web/nginx" },
		{ "other", "web" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		const struct seen *s;

		tape_at(t, 1);
		tape_process(t, INIT, 1, CT_ROLE_INIT, "redis", TAPE_END);
		tape_identity(t, LIFE_CONTAINERD, "id", BOX, "engine", "containerd", "namespace",
			      "k8s.io", "pod", "web", "pod_namespace", "shop", "pod_uid", "u1",
			      rows[i].key, "nginx", "image", "shop/web:1", "pid", "8002", TAPE_END);
		tape_at(t, 100);
		says_to_shim(t, 3, "Kill", BOX);
		tape_at(t, 110);
		tape_exit(t, INIT, CT_ROLE_INIT, 0);
		says_to_shim(t, 5, "Delete", BOX);
		tape_at(t, 120);
		shim_says(t, 5, INIT, 0);
		play_until(run, 90000);
		s = find(run, CT_RECORD_STOP, rows[i].name, 0);
		expect_outcome(s, CT_OUTCOME_OK);
		cr_expect_str_eq(s->who.image, "shop/web:1");
		cr_expect_str_eq(s->who.pod_ns, "shop");
		run_free(run);
	}
}
