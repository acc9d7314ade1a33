// SPDX-License-Identifier: GPL-2.0-only
/* A container in a virtual machine: the engine's pid is the shim, its end is the machine's. */
#include <criterion/criterion.h>

#include "grpc.h"
#include "runs.h"

#define QEMU   41000 /* executed; exits when the machine runs */
#define DAEMON 41001

/* Docker, with Kata as the shim: from the request for a task to its start. */
static void kata_start(struct tape *t, struct life *l, double ms)
{
	life_request(t, l, ms, "start");
	tape_at(t, ms + 6);
	tape_sync(t, LIFE_DOCKERD, l->id, ".tmp-hostconfig.json3107050383");
	tape_at(t, ms + 20);
	tape_fork(t, LIFE_CONTAINERD, l->shim, CT_ROLE_ENGINE);
	tape_exec(t, l->shim, CT_ROLE_SHIM, LIFE_HOST_NETNS, "/usr/bin/containerd-shim-kata-v2",
		  "-namespace", "moby", "-id", l->id, TAPE_END);
	tape_at(t, ms + 30);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l->shim_socket, 1, "Create", l->id, "/run/bundle");
	tape_at(t, ms + 31);
	tape_fork(t, l->shim, QEMU, CT_ROLE_SHIM);
	tape_exec(t, QEMU, CT_ROLE_HELPER, 0xf0000900, "/usr/bin/qemu-system-x86_64", "-name",
		  "sandbox", TAPE_END);
	tape_at(t, ms + 35);
	tape_fork(t, QEMU, DAEMON, CT_ROLE_HELPER);
	tape_at(t, ms + 36);
	tape_exit(t, QEMU, CT_ROLE_HELPER, 0);
	tape_at(t, ms + 120);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, 1, l->shim, 0);
	tape_at(t, ms + 121);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l->shim_socket, 3, "Wait", l->id, NULL);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l->shim_socket, 5, "Start", l->id, NULL);
	tape_at(t, ms + 130);
	tape_relay(t, l->shim, l->id, "init-stdout");
	tape_at(t, ms + 140);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, 5, l->shim, 0);
	life_answer(t, l, ms + 150, 204, NULL);
	l->stream = 7;
}

/* Until dockerd has saved it. The shim exits last. */
static void kata_end(struct tape *t, struct life *l, double ms)
{
	tape_at(t, ms + 5);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, 3, 9, 0);
	tape_at(t, ms + 8);
	tape_grpc_request(t, LIFE_DOCKERD, l->grpc_socket, 11, l->id, false);
	tape_at(t, ms + 9);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l->shim_socket, 13, "Delete", l->id, NULL);
	tape_at(t, ms + 10);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, 13, l->shim, 9);
	tape_at(t, ms + 12);
	tape_exit(t, l->shim, CT_ROLE_SHIM, 0);
	tape_at(t, ms + 20);
	tape_grpc_answer(t, LIFE_CONTAINERD, l->grpc_socket, 11);
	tape_at(t, ms + 60);
	tape_grpc_request(t, LIFE_DOCKERD, l->grpc_socket, 15, l->id, true);
	tape_at(t, ms + 63);
	tape_sync(t, LIFE_DOCKERD, l->id, ".tmp-hostconfig.json2671818141");
	tape_at(t, ms + 64);
	tape_sync(t, LIFE_DOCKERD, l->id, ".tmp-config.v2.json2567467887");
}

static void expect_life(struct run *run, const struct life *l, double exit_ms, double end_ms)
{
	const struct seen *s;

	play_until(run, 60000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, l->name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 180);
	cr_expect_eq(s->who.init_pid, l->shim);
	s = find(run, CT_RECORD_STOP, l->name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.service_end_ns, tape_ns(exit_ms), "ends at %.3f ms",
		     (double)(s->rec.service_end_ns - TAPE_T0_NS) / TAPE_MS);
	cr_expect_eq(s->rec.end_ns, tape_ns(end_ms));
	cr_expect_eq(s->rec.exit_code, 9);
	expect_nothing_odd(run);
}

/* The program that was executed exits early: what it has forked is the machine. */
Test(kata, ends_with_its_machine)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	kata_start(&run->t, &l, 30);
	life_request(&run->t, &l, 1000, "stop");
	tape_at(&run->t, 1010);
	tape_exit(&run->t, DAEMON, CT_ROLE_HELPER, 0);
	kata_end(&run->t, &l, 1010);
	life_answer(&run->t, &l, 1080, 204, NULL);
	expect_life(run, &l, 1010, 1080);
	run_free(run);
}

/* Another container of the same machine, or one whose end was not seen: the shim says so. */
Test(kata, ends_when_the_shim_says_so)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	kata_start(&run->t, &l, 30);
	life_request(&run->t, &l, 1000, "stop");
	kata_end(&run->t, &l, 1010);
	life_answer(&run->t, &l, 1080, 204, NULL);
	expect_life(run, &l, 1015, 1080);
	run_free(run);
}

/* Through a vsock, whose peer is no socket of this kernel: all have the same. */
static void asks_agent(struct tape *t, const struct life *l, double ms, uint32_t stream,
		       const char *method, const char *id)
{
	char request[128], body[256], message[300];
	size_t n = grpc_put_text(request, 1, id), m;
	struct ct_event *e;

	m = grpc_put_text(body, 1, "grpc.AgentService");
	m += grpc_put_text(body + m, 2, method);
	m += tape_put_bytes(body + m, 3, request, n);
	tape_at(t, ms);
	tape_send(t, l->shim, l->shim_socket + 5000, message,
		  tape_put_ttrpc(message, stream, 1, body, m));
	e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
	e->sub = 40; /* AF_VSOCK */
	e->arg = 0;
}

static double step_ms(const struct seen *s, const char *name)
{
	for (size_t i = 0; i < s->rec.step_count; i++) {
		if (!strcmp(s->steps[i].name, name))
			return (double)(s->steps[i].end_ns - s->steps[i].begin_ns) / TAPE_MS;
	}
	return -1;
}

Test(kata, two_agents_behind_vsocks)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l[2] = { life_of(0), life_of(1) };

	run->opts.steps = true;
	for (int i = 0; i < 2; i++) {
		life_create(t, &l[i], 10 + i);
		kata_start(t, &l[i], 30 + i);
		asks_agent(t, &l[i], 71 + i, 1, "Check", "");
		asks_agent(t, &l[i], 80 + 10 * i, 3, "CreateSandbox", "");
		asks_agent(t, &l[i], 100 + i, 5, "CreateContainer", l[i].id);
		asks_agent(t, &l[i], 160 + 5 * i, 7, "StartContainer", l[i].id);
	}
	tape_sort(t);
	play_until(run, 60000);
	for (int i = 0; i < 2; i++) {
		const struct seen *s = find(run, CT_RECORD_START, l[i].name, 0);

		cr_expect_float_eq(step_ms(s, "guest boot"), 10, 1e-6, "%f",
				   step_ms(s, "guest boot"));
		cr_expect_float_eq(step_ms(s, "agent connected"), 9 + 9 * i, 1e-6, "%f",
				   step_ms(s, "agent connected"));
		cr_expect_float_eq(step_ms(s, "sandbox created"), 20 - 9 * i, 1e-6, "%f",
				   step_ms(s, "sandbox created"));
		cr_expect_float_eq(step_ms(s, "workload started"), 10 - 4 * i, 1e-6, "%f",
				   step_ms(s, "workload started"));
	}
	run_free(run);
}
