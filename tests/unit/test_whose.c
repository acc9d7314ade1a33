// SPDX-License-Identifier: GPL-2.0-only
/* Whose successor a container is, whose words count, and what is told of whom. */
#include <criterion/criterion.h>

#include "core/why/waits.h"
#include "runs.h"

#define OTHER_DOCKERD    5248
#define OTHER_CONTAINERD 5268
#define HELPER           6001
#define INIT             8002
#define SHIM             8000

static void starts(struct tape *t, struct life *l, double ms)
{
	life_create(t, l, ms);
	life_start(t, l, ms + 20);
}

static void starts_and_serves(struct tape *t, struct life *l, double ms)
{
	starts(t, l, ms);
	tape_at(t, ms + 200);
	tape_output(t, l->init, l->shim);
}

/* Two of its name have gone, none of them replaced: the service was away since the last exit. */
Test(whose, a_restart_is_of_the_last_of_its_name)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life a = life_of(0), b = life_of(1), c = life_of(2);

	b.name = c.name = a.name;
	run_stop_rm(t, &a, 10);
	starts(t, &b, 3000); /* exits before it serves: it replaces nobody */
	life_exit(t, &b, 3300, 1 << 8);
	life_remove(t, &b, 3400);
	tape_at(t, 10000);
	tape_clock(t);
	starts_and_serves(t, &c, 20000);
	play_until(run, 60000);
	expect_counts(run, 3, 2, 1);
	cr_expect_str_eq(find(run, CT_RECORD_RESTART, "web", 0)->predecessor.id, b.id);
	run_free(run);
}

/* The same image and arguments in another engine of the node: somebody else's. */
Test(whose, a_restart_is_of_the_same_engine)
{
	for (unsigned same = 0; same < 2; same++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life a = life_of(0), b = life_of(1);

		tape_process(t, OTHER_DOCKERD, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
		tape_process(t, OTHER_CONTAINERD, OTHER_DOCKERD, CT_ROLE_ENGINE, "containerd",
			     TAPE_END);
		if (!same) {
			b.engine = OTHER_DOCKERD;
			b.containerd = OTHER_CONTAINERD;
			b.grpc_socket = 1104;
		}
		run->opts.restarts_by_image = true;
		b.args = a.args;
		run_stop_rm(t, &a, 10);
		starts_and_serves(t, &b, 3000);
		play_until(run, 60000);
		expect_counts(run, 2, 1, same);
		run_free(run);
	}
}

/* The one before is removed while the next one is made: that is no part of the restart. */
Test(whose, a_removal_after_the_successor_has_begun_is_not_of_the_restart)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life a = life_of(0), b = life_of(1);
	const struct seen *s;

	b.name = a.name;
	starts_and_serves(t, &a, 10);
	life_request(t, &a, 1000, "stop");
	life_exit(t, &a, 1010, 9);
	life_answer(t, &a, 1076, 204, NULL);
	starts_and_serves(t, &b, 1500);
	life_remove(t, &a, 1505);
	tape_sort(t);
	play_until(run, 60000);
	s = find(run, CT_RECORD_RESTART, "web", 0);
	cr_expect_str_eq(s->predecessor.id, a.id);
	expect_span(s, 1010, 1700);
	expect_phase(s, CT_PHASE_DESTROY, 6);
	expect_phase(s, CT_PHASE_CREATE, 10);
	run_free(run);
}

/* Docker is asked for "redis": containerd has one of that id, and is not asked. */
Test(whose, docker_is_not_asked_for_what_others_run)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	tape_at(t, 10);
	tape_fork(t, LIFE_CONTAINERD, SHIM, CT_ROLE_ENGINE);
	tape_exec(t, SHIM, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2", "-namespace", "default",
		  "-id", "redis", TAPE_END);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 9000, 1, "Create", "redis", NULL);
	tape_fork(t, SHIM, INIT, CT_ROLE_SHIM);
	tape_exec(t, INIT, CT_ROLE_INIT, 9, "redis", TAPE_END);
	tape_ttrpc_answer(t, SHIM, 9000, 1, INIT, 0);
	tape_at(t, 50);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 9000, 3, "Start", "redis", NULL);
	tape_ttrpc_answer(t, SHIM, 9000, 3, INIT, 0);
	tape_output(t, INIT, SHIM);
	tape_at(t, 500);
	tape_exit(t, LIFE_CONTAINERD, CT_ROLE_ENGINE, 0); /* whose it is nobody can ask any more */
	l.id = "redis";
	life_request(t, &l, 1000, "stop");
	life_answer(t, &l, 1001, 404, "{\"message\":\"No such container: redis\"}");
	play_until(run, 60000);
	cr_expect_eq(run->counts.unmatched_requests, 1);
	expect_counts(run, 1, 0, 0);
	run_free(run);
}

/* containerd keeps its namespaces apart: one id in two of them is two containers. */
Test(whose, an_id_is_of_its_namespace)
{
	static const char *const spaces[] = { "default", "other" };
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	for (uint32_t i = 0; i < 2; i++) {
		tape_at(t, 10 + 1000 * i);
		tape_fork(t, LIFE_CONTAINERD, SHIM + 10 * i, CT_ROLE_ENGINE);
		tape_exec(t, SHIM + 10 * i, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2",
			  "-namespace", spaces[i], "-id", l.id, TAPE_END);
	}
	play_until(run, 60000);
	cr_expect_eq(run->counts.containers, 2);
	run_free(run);
}

/* What is one level of pid namespaces deeper than who started it says nothing about the host. */
Test(whose, a_program_in_a_pid_namespace_removes_nothing)
{
	for (unsigned deep = 0; deep < 2; deep++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0), named = l;

		named.id = l.name;
		life_serves(t, &l);
		tape_at(t, 500);
		tape_fork(t, LIFE_DOCKERD, HELPER, CT_ROLE_ENGINE);
		tape_exec(t, HELPER, CT_ROLE_HELPER, LIFE_HOST_NETNS, "worker", TAPE_END);
		((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->arg = deep;
		tape_unlink(t, HELPER, l.id, "config.v2.json");
		life_request(t, &named, 1000, "stop");
		life_exit(t, &l, 1010, 0);
		life_answer(t, &named, 1080, 204, NULL);
		play_until(run, 60000);
		expect_phase(find(run, CT_RECORD_STOP, l.name, 0), CT_PHASE_STOP, deep ? 10 : 0);
		run_free(run);
	}
}

/* An engine in a container knows pids of its own: one that is nobody's here is no first process. */
Test(whose, a_pid_of_another_pid_namespace_is_not_taken_for_one_of_the_host)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life outer = life_of(0), inner = life_of(1);
	size_t from;

	starts_and_serves(t, &outer, 10);
	from = t->count;
	tape_at(t, 400);
	tape_exec(t, OTHER_DOCKERD, CT_ROLE_ENGINE, 0xf0000300 + outer.init, "dockerd", TAPE_END);
	tape_fork(t, OTHER_DOCKERD, OTHER_CONTAINERD, CT_ROLE_ENGINE);
	tape_exec(t, OTHER_CONTAINERD, CT_ROLE_ENGINE, 0xf0000300 + outer.init, "containerd",
		  TAPE_END);
	inner.engine = OTHER_DOCKERD;
	inner.containerd = OTHER_CONTAINERD;
	inner.grpc_socket = 1104;
	inner.told_init = 4711;
	starts_and_serves(t, &inner, 1000);
	life_stop(t, &inner, 2000);
	nest(t, from, inner.init);
	play_until(run, 30000);
	expect_counts(run, 2, 1, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, inner.name, 0)->who.init_pid, inner.init);
	run_free(run);
}

/* A machine whose program is started by a wrapper of the same name ends once. */
Test(whose, a_machine_that_was_executed_twice_ends_with_its_process)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_create(t, &l, 10);
	life_request(t, &l, 30, "start");
	tape_at(t, 50);
	tape_fork(t, LIFE_CONTAINERD, l.shim, CT_ROLE_ENGINE);
	tape_exec(t, l.shim, CT_ROLE_SHIM, LIFE_HOST_NETNS, "/usr/bin/containerd-shim-kata-v2",
		  "-namespace", "moby", "-id", l.id, TAPE_END);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 1, "Create", l.id, NULL);
	tape_fork(t, l.shim, HELPER, CT_ROLE_SHIM);
	for (unsigned i = 0; i < 2; i++) {
		tape_at(t, 60 + i);
		tape_exec(t, HELPER, CT_ROLE_HELPER, 0xf0000900, "/usr/bin/qemu-system-x86_64",
			  "-name", "sandbox", TAPE_END);
	}
	tape_at(t, 100);
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 1, l.shim, 0);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 3, "Start", l.id, NULL);
	tape_at(t, 110);
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 3, l.shim, 0);
	life_answer(t, &l, 120, 204, NULL);
	tape_at(t, 130);
	tape_relay(t, l.shim, l.id, "init-stdout");
	tape_at(t, 1000);
	tape_exit(t, HELPER, CT_ROLE_HELPER, 0);
	play_until(run, 60000);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.service_end_ns, tape_ns(1000));
	run_free(run);
}

/* Who begins to wait before the wait before it ended is not runnable before it waits. */
Test(whose, waits_that_overlap_are_cut)
{
	struct ct_waits *w = ct_waits_new();
	const struct ct_wait *wait;
	struct tape t = { 0 };
	struct ct_event *e;
	bool gap;

	tape_process(&t, 10, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	for (unsigned i = 0; i < 2; i++) {
		tape_at(&t, i ? 150 : 100);
		e = tape_add(&t, CT_KIND_WAIT, 10, "", 0);
		e->dur_ns = 100 * TAPE_MS;
		e->arg = 90 * TAPE_MS;
	}
	for (size_t i = 0; i < t.count; i++)
		ct_waits_feed(w, tape_event(&t, i));
	wait = ct_waits_before(w, 10, tape_ns(160), &gap);
	cr_assert(wait);
	cr_expect_eq(wait->begin_ns, tape_ns(100));
	cr_expect_eq(wait->runnable_ns, tape_ns(100));
	cr_expect_eq(wait->end_ns, tape_ns(150));
	tape_free(&t);
	ct_waits_free(w);
}

/* What a slow start did at first is told with it, however much it did since. */
Test(whose, a_start_that_takes_minutes_keeps_its_first_steps)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	run->opts.steps = true;
	life_create(t, &l, 10);
	life_request(t, &l, 30, "start");
	tape_at(t, 50);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 1, "Create", l.id, NULL);
	for (uint32_t i = 0; i < 60; i++) {
		tape_at(t, 100 + 2000 * i);
		tape_exec(t, 7000 + i, CT_ROLE_RUNTIME, 9, "runc", "create", l.id, TAPE_END);
		tape_at(t, 110 + 2000 * i);
		tape_exit(t, 7000 + i, CT_ROLE_RUNTIME, 0);
	}
	life_answer(t, &l, 130000, 204, NULL);
	tape_at(t, 130001);
	tape_output(t, l.init, l.shim);
	play_until(run, 200000);
	s = find(run, CT_RECORD_START, l.name, 0);
	cr_expect_geq(s->rec.step_count, 60);
	cr_expect_leq(s->steps[0].begin_ns, tape_ns(100));
	run_free(run);
}

/* A sandbox tells of its program: the first exit code is the program's, the host's is the sandbox's. */
Test(whose, an_exit_code_is_the_first_that_is_told)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	struct ct_event *e;

	life_serves(t, &l);
	for (int i = 0; i < 2; i++) {
		tape_at(t, 1000 + i);
		e = tape_add(t, CT_KIND_APP, l.init, l.id, strlen(l.id) + 1);
		e->sub = CT_APP_EXIT;
		e->root = l.init;
		e->ret = (7 + i) << 8;
	}
	play_until(run, 60000);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.exit_code, 7);
	run_free(run);
}
