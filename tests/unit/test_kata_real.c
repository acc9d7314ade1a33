// SPDX-License-Identifier: GPL-2.0-only
/* What a stand-in did not show: ways of Kata 1.12 under containerd, Kubernetes and by hand. */
#include <criterion/criterion.h>

#include "grpc.h"
#include "kata.h"

#define PUBLISH 42000
#define RUNTIME 43000
#define PROXY   43010 /* kata-shim */

/* { 1: seconds, 2: nanoseconds } of the tape's time */
static size_t put_time(char *to, uint32_t field, double ms)
{
	uint64_t ns = tape_ns(ms) + (uint64_t)WALL;
	char time[32];
	size_t n = tape_put_number(time, 1, ns / 1000000000u);

	n += tape_put_number(time + n, 2, ns % 1000000000u);
	return tape_put_bytes(to, field, time, n);
}

/* exit_ms: when it says that it was; 0: it does not. */
static void waited(struct tape *t, uint32_t stream, int status, double exit_ms)
{
	char msg[64];
	size_t n = tape_put_number(msg, 1, (uint64_t)status);

	if (exit_ms > 0)
		n += put_time(msg + n, 2, exit_ms);
	kata_answers(t, SHIMS, stream, msg, n);
}

/* It exits at 1000 ms; the machine is gone at 1200, if that is seen, and then those who wait are told. */
static void ends_with(struct tape *t, const char *id, double said_ms, bool seen)
{
	char msg[64];
	size_t n;

	tape_at(t, 1001);
	kata_asks(t, 13, "AgentService/RemoveContainer", id);
	tape_at(t, 1100);
	kata_asks(t, 15, "AgentService/DestroySandbox", NULL);
	tape_at(t, 1200);
	if (seen)
		tape_exit(t, DAEMON, CT_ROLE_HELPER, 0);
	tape_at(t, 1210);
	waited(t, 3, 7, said_ms);
	tape_at(t, 1220);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 13, "Delete", id, NULL);
	tape_at(t, 1230);
	n = tape_put_number(msg, 1, SHIM);
	n += tape_put_number(msg + n, 2, 7);
	kata_answers(t, SHIMS, 13, msg, n);
}

static void ends(struct tape *t, const char *id, double said_ms)
{
	ends_with(t, id, said_ms, true);
}

Test(kata_real, a_life_under_containerd)
{
	struct run *run = kata_run();
	const struct seen *s;

	kata_starts(&run->t, "default", "q-01");
	ends(&run->t, "q-01", 1000);
	play_until(run, 90000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "q-01", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->who.init_pid, SHIM);
	cr_expect_str_eq(s->who.runtime, "kata");
	kata_expect_step(s, "agent connected", 30, 40);
	kata_expect_step(s, "guest boot", 40, 200);
	kata_expect_step(s, "sandbox created", 200, 220);
	kata_expect_step(s, "container created", 220, 290);
	kata_expect_step(s, "cpu and memory online", 290, 300);
	kata_expect_step(s, "workload started", 320, 390);
	s = find(run, CT_RECORD_STOP, "q-01", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1000, 1230);
	expect_phase(s, CT_PHASE_DIE, 230);
	cr_expect_eq(s->rec.exit_code, 7);
	kata_expect_step(s, "container removed", 1001, 1100);
	kata_expect_step(s, "sandbox destroyed", 1100, 1200);
	expect_nothing_odd(run);
	run_free(run);
}

/*
 * What the shim does itself once it has an answer: until then it waited, and not until it asks again.
 * What others do meanwhile, or the shim does while it waits for something else, says nothing.
 */
Test(kata_real, what_is_done_behind_an_answer)
{
	struct run *run = kata_run();
	const struct seen *s;

	kata_starts(&run->t, "default", "q-01");
	tape_at(&run->t, 210);
	tape_add(&run->t, CT_KIND_CGROUP, SHIM, "/default/early", 14);
	tape_at(&run->t, 230);
	tape_add(&run->t, CT_KIND_CGROUP, LIFE_CONTAINERD, "/default/other", 14);
	tape_call(&run->t, SHIM, CT_CALL_UNLINK, 1, "/run/vc/other", TAPE_END);
	tape_at(&run->t, 280);
	tape_add(&run->t, CT_KIND_CGROUP, SHIM, "/default/q-01", 13);
	tape_at(&run->t, 285);
	tape_add(&run->t, CT_KIND_CGROUP, SHIM, "/default/q-01", 13);
	ends(&run->t, "q-01", 1000);
	tape_at(&run->t, 1050);
	tape_call(&run->t, SHIM, CT_CALL_UNLINK, 1, "/run/vc/other", TAPE_END);
	tape_at(&run->t, 1110);
	tape_call(&run->t, SHIM, CT_CALL_MKDIR, 1, "/run/vc/other", TAPE_END);
	tape_at(&run->t, 1130);
	tape_call(&run->t, SHIM, CT_CALL_UNLINK, 10, "/run/vc/vm/q-01", TAPE_END);
	tape_sort(&run->t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "q-01", 0);
	kata_expect_step(s, "sandbox created", 200, 220);
	kata_expect_step(s, "container created", 220, 280);
	kata_expect_step(s, "cpu and memory online", 290, 300);
	s = find(run, CT_RECORD_STOP, "q-01", 0);
	kata_expect_step(s, "container removed", 1001, 1100);
	kata_expect_step(s, "sandbox destroyed", 1100, 1120);
	run_free(run);
}

/* Through a vsock of the kernel nobody hears the agent: nothing is said of it. */
Test(kata_real, an_agent_that_is_not_heard)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;
	const struct seen *s;
	char msg[16];
	size_t n = tape_put_number(msg, 1, SHIM);

	tape_at(t, 10);
	tape_fork(t, LIFE_CONTAINERD, SHIM, CT_ROLE_ENGINE);
	tape_exec(t, SHIM, CT_ROLE_SHIM, LIFE_HOST_NETNS, "/usr/bin/containerd-shim-kata-v2",
		  "-namespace", "default", "-id", "q-01", TAPE_END);
	tape_at(t, 20);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 1, "Create", "q-01", "/run/bundle");
	kata_machine(t, SHIM, 30);
	tape_at(t, 300);
	kata_answers(t, SHIMS, 1, msg, n);
	tape_at(t, 310);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 5, "Start", "q-01", NULL);
	tape_at(t, 400);
	kata_answers(t, SHIMS, 5, msg, n);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "q-01", 0);
	kata_expect_step(s, "agent connected", 0, 0);
	kata_expect_step(s, "workload started", 0, 0);
	kata_expect_step(s, "vmm", 30, 36);
	run_free(run);
}

/* Times that cannot be are not believed: the machine's end is the next that is known, then the answer. */
Test(kata_real, a_clock_that_was_set_says_nothing)
{
	static const double said[] = { 0, 300, 1211, 1e9 };

	for (size_t i = 0; i < 2 * CT_ARRAY_SIZE(said); i++) {
		struct run *run = kata_run();

		kata_starts(&run->t, "default", "q-01");
		ends_with(&run->t, "q-01", said[i / 2], i % 2);
		play_until(run, 90000);
		expect_counts(run, 1, 1, 0);
		expect_span(find(run, CT_RECORD_STOP, "q-01", 0), i % 2 ? 1200 : 1210, 1230);
		run_free(run);
	}
}

/* A kill that came when it had exited, and nobody knew, has stopped nothing. */
Test(kata_real, a_kill_behind_the_exit)
{
	struct run *run = kata_run();
	const struct seen *s;

	kata_starts(&run->t, "default", "q-01");
	tape_at(&run->t, 1100);
	tape_ttrpc_request(&run->t, LIFE_CONTAINERD, SHIMS, 11, "Kill", "q-01", NULL);
	ends(&run->t, "q-01", 1000);
	tape_sort(&run->t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_STOP, "q-01", 0);
	expect_span(s, 1000, 1230);
	cr_expect_not(s->rec.seen & 1u << CT_PHASE_STOP);
	run_free(run);
}

/* Kubernetes: what runs a machine is told of by its shim there, too. */
Test(kata_real, a_pod_stops)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 5);
	grpc_runs_pod(t, 1, "web", "u1", "shop");
	kata_starts(t, "k8s.io", POD);
	tape_at(t, 410);
	grpc_answers_id(t, 1, POD);
	ends(t, POD, 1000);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_str_eq(s->who.runtime, "kata");
	s = find(run, CT_RECORD_STOP, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1000, 1230);
	cr_expect_eq(s->rec.exit_code, 7);
	run_free(run);
}

/* Without that there is the machine's end. */
Test(kata_real, a_pod_ends_with_its_machine)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;

	tape_at(t, 5);
	grpc_runs_pod(t, 1, "web", "u1", "shop");
	kata_starts(t, "k8s.io", POD);
	tape_at(t, 410);
	grpc_answers_id(t, 1, POD);
	ends(t, POD, 0);
	play_until(run, 90000);
	expect_span(find(run, CT_RECORD_STOP, "web", 0), 1200, 1230);
	run_free(run);
}

/* `containerd publish --topic /tasks/exit`: { 1: topic, 2: Any { 2: TaskExit } } */
static void publishes(struct tape *t, const char *id, const char *process, double exit_ms)
{
	char event[160], any[200], msg[256];
	size_t n = grpc_put_text(event, 1, id), m;

	n += grpc_put_text(event + n, 2, process);
	n += tape_put_number(event + n, 4, 137);
	n += put_time(event + n, 5, exit_ms);
	n = tape_put_bytes(any, 2, event, n);
	m = grpc_put_text(msg, 1, "/tasks/exit");
	m += tape_put_bytes(msg + m, 2, any, n);
	grpc_asks(t, 1, CONTAINERD "events.v1.Events/Publish", "default", msg, m);
	grpc_answers(t, 1, "", 0);
}

/* It ran when tracing began: nobody is heard who waits for it, but its shim tells the engine. */
Test(kata_real, one_that_ran_before)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 1);
	tape_process(t, SHIM, 1, CT_ROLE_SHIM, "/usr/bin/containerd-shim-kata-v2", "-namespace",
		     "default", "-id", "r1", TAPE_END);
	tape_at(t, 900);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 11, "Kill", "r1", NULL);
	tape_at(t, 1300);
	publishes(t, "r1", "another", 1100); /* a process that was executed in it */
	tape_at(t, 1400);
	publishes(t, "r1", "r1", 1200);
	play_until(run, 90000);
	expect_counts(run, 0, 1, 0);
	s = find(run, CT_RECORD_STOP, "r1", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 900, 1400);
	expect_phase(s, CT_PHASE_STOP, 300);
	expect_phase(s, CT_PHASE_DIE, 200);
	cr_expect_eq(s->rec.exit_code, 137);
	run_free(run);
}

/* Asked to delete before anybody had said that it had exited: that is how it dies all the same. */
Test(kata_real, deleted_before_its_exit_is_told)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;

	tape_at(t, 1);
	tape_process(t, SHIM, 1, CT_ROLE_SHIM, "/usr/bin/containerd-shim-kata-v2", "-namespace",
		     "default", "-id", "r1", TAPE_END);
	tape_at(t, 1220);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 13, "Delete", "r1", NULL);
	tape_at(t, 1250);
	publishes(t, "r1", "r1", 1200);
	tape_at(t, 1300);
	kata_answers(t, SHIMS, 13, "", 0);
	play_until(run, 90000);
	expect_counts(run, 0, 1, 0);
	expect_span(find(run, CT_RECORD_STOP, "r1", 0), 1200, 1300);
	expect_phase(find(run, CT_RECORD_STOP, "r1", 0), CT_PHASE_DIE, 100);
	run_free(run);
}

/* What had exited before tracing began does not stop now that its shim says when it did. */
Test(kata_real, one_that_exited_before)
{
	for (int before = 0; before < 2; before++) {
		struct run *run = kata_run();
		struct tape *t = &run->t;
		char msg[64];
		size_t n = tape_put_number(msg, 1, SHIM);

		n += put_time(msg + n, 3, before ? 499 : 501);
		tape_at(t, 500);
		tape_options(t, 0);
		tape_process(t, SHIM, 1, CT_ROLE_SHIM, "/usr/bin/containerd-shim-kata-v2",
			     "-namespace", "default", "-id", "r1", TAPE_END);
		tape_at(t, 1220);
		tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 13, "Delete", "r1", NULL);
		tape_at(t, 1300);
		kata_answers(t, SHIMS, 13, msg, n);
		play_until(run, 90000);
		expect_counts(run, 0, !before, 0);
		run_free(run);
	}
}

/* What the machine does for its guest, or tries, are no steps of the container. */
Test(kata_real, work_of_the_machine)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;
	const struct seen *s;

	kata_starts(t, "default", "q-01");
	tape_at(t, 31);
	tape_call(t, QEMU, CT_CALL_MEMFD, 0.01, "test", TAPE_END);
	tape_at(t, 250);
	tape_call(t, DAEMON, CT_CALL_MKDIR, 0.01, "proc", TAPE_END);
	tape_call(t, SHIM, CT_CALL_MKDIR, 0.01, "/run/kata-containers/shared/sandboxes/q-01",
		  TAPE_END);
	ends(t, "q-01", 1000);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "q-01", 0);
	kata_expect_step(s, "memfd", 0, 0);
	kata_expect_step(s, "mounts", 0, 0);
	kata_expect_step(s, "shared directory", 249.99, 250);
	run_free(run);
}

static void runtime(struct tape *t, double ms, uint32_t pid, const char *command)
{
	tape_at(t, ms);
	tape_exec(t, pid, CT_ROLE_RUNTIME, 1, "kata-runtime", command, "c-1", TAPE_END);
}

static void proxy_begins(struct tape *t, double ms)
{
	tape_at(t, ms);
	tape_fork(t, RUNTIME, PROXY, CT_ROLE_RUNTIME);
	tape_exec(t, PROXY, CT_ROLE_INIT, 0xf0000900, "/usr/bin/kata-shim", "-container", "c-1",
		  TAPE_END);
}

/* By hand: its process on the host is there before it starts, and goes before the machine does. */
Test(kata_real, step_by_step)
{
	for (int killed = 0; killed < 2; killed++) {
		struct run *run = kata_run();
		struct tape *t = &run->t;
		const struct seen *s;

		runtime(t, 10, RUNTIME, "create");
		kata_machine(t, RUNTIME, 30);
		proxy_begins(t, 500);
		tape_at(t, 505);
		kata_asks_as(t, RUNTIME, 1, "AgentService/CreateContainer", "c-1");
		tape_at(t, 510);
		tape_exit(t, RUNTIME, CT_ROLE_RUNTIME, 0);
		runtime(t, 600, RUNTIME + 1, "start");
		tape_at(t, 610);
		kata_asks_as(t, RUNTIME + 1, 3, "AgentService/StartContainer", "c-1");
		tape_at(t, 650);
		tape_exit(t, RUNTIME + 1, CT_ROLE_RUNTIME, 0);
		if (killed)
			runtime(t, 900, RUNTIME + 2, "kill");
		tape_at(t, 1000);
		tape_exit(t, PROXY, CT_ROLE_INIT, 7 << 8);
		if (!killed)
			runtime(t, 1500, RUNTIME + 3, "delete");
		tape_at(t, 1700);
		tape_exit(t, DAEMON, CT_ROLE_HELPER, 0);
		tape_at(t, 1710);
		if (killed) {
			tape_exit(t, RUNTIME + 2, CT_ROLE_RUNTIME, 0);
			runtime(t, 1800, RUNTIME + 3, "delete");
			tape_at(t, 1850);
		}
		tape_exit(t, RUNTIME + 3, CT_ROLE_RUNTIME, 0);
		play_until(run, 90000);
		expect_counts(run, 1, 1, 0);
		s = find(run, CT_RECORD_START, "c-1", 0);
		expect_outcome(s, CT_OUTCOME_OK);
		cr_expect_eq(s->who.init_pid, PROXY);
		expect_phase(s, CT_PHASE_CREATE, 500);
		expect_phase(s, CT_PHASE_START, 50);
		kata_expect_step(s, "container created", 505, 510);
		kata_expect_step(s, "workload started", 610, 650);
		s = find(run, CT_RECORD_STOP, "c-1", 0);
		expect_outcome(s, CT_OUTCOME_OK);
		cr_expect_eq(s->rec.exit_code, 7);
		if (killed) {
			expect_phase(s, CT_PHASE_STOP, 100);
			expect_phase(s, CT_PHASE_DIE, 710);
			expect_phase(s, CT_PHASE_DESTROY, 50);
		} else {
			cr_expect_not(s->rec.seen & 1u << CT_PHASE_DIE);
			expect_phase(s, CT_PHASE_DESTROY, 210);
		}
		run_free(run);
	}
}

/* `run` in the foreground: the fork by which its machine becomes a daemon is no start of it. */
Test(kata_real, run_in_the_foreground_unheard)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;

	runtime(t, 10, RUNTIME, "run");
	tape_at(t, 30);
	tape_fork(t, RUNTIME, QEMU, CT_ROLE_HELPER); /* what it executes is lost */
	tape_fork(t, QEMU, BETWEEN, CT_ROLE_HELPER);
	tape_at(t, 31);
	tape_lost(t, CT_LOSS_RING, 1);
	proxy_begins(t, 500);
	play_until(run, 90000);
	expect_phase(find(run, CT_RECORD_START, "c-1", 0), CT_PHASE_START, 490);
	run_free(run);
}

Test(kata_real, run_in_the_foreground)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;
	const struct seen *s;

	runtime(t, 10, RUNTIME, "run");
	kata_machine(t, RUNTIME, 30);
	proxy_begins(t, 500);
	tape_at(t, 510);
	kata_asks_as(t, RUNTIME, 1, "AgentService/OnlineCPUMem", NULL);
	tape_at(t, 520);
	kata_asks_as(t, RUNTIME, 3, "AgentService/StartContainer", "c-1");
	tape_at(t, 550);
	tape_call(t, RUNTIME, CT_CALL_SETNS, 1, TAPE_END); /* what nobody does before it has */
	tape_at(t, 560);
	tape_output(t, PROXY, 0);
	tape_at(t, 1000);
	tape_exit(t, PROXY, CT_ROLE_INIT, 7 << 8);
	tape_at(t, 1200);
	tape_exit(t, DAEMON, CT_ROLE_HELPER, 0);
	tape_at(t, 1250);
	tape_exit(t, RUNTIME, CT_ROLE_RUNTIME, 7 << 8);
	play_until(run, 90000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "c-1", 0);
	expect_phase(s, CT_PHASE_START, 490);
	kata_expect_step(s, "workload started", 520, 549);
	s = find(run, CT_RECORD_STOP, "c-1", 0);
	expect_phase(s, CT_PHASE_DIE, 250);
	cr_expect_eq(s->rec.exit_code, 7);
	run_free(run);
}
