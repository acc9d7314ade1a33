// SPDX-License-Identifier: GPL-2.0-only
#include "kata.h"

#include "grpc.h"

#define AGENT 7600 /* socket of the shim */

void kata_answers(struct tape *t, uint64_t socket, uint32_t stream, const char *msg, size_t len)
{
	char body[256], message[300];
	size_t n = tape_put_bytes(body, 1, "", 0);

	n += tape_put_bytes(body + n, 2, msg, len);
	tape_send(t, SHIM, socket, message, tape_put_ttrpc(message, stream, 2, body, n));
	((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->flags = CT_F_SERVER;
	((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->obj = socket + 1;
	((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->arg = socket;
}

void kata_asks_as(struct tape *t, uint32_t tgid, uint32_t stream, const char *method,
		  const char *id)
{
	char path[64], block[128], msg[128], message[512];
	size_t n, m;

	snprintf(path, sizeof(path), "/grpc.%s", method);
	n = grpc_put_field(block, ":path", path);
	m = grpc_put_headers(message, stream, END_BLOCK, block, n);
	if (id)
		m += grpc_put_data(message + m, stream, msg, grpc_put_text(msg, 1, id));
	tape_send(t, tgid, AGENT, message, m);
}

void kata_asks(struct tape *t, uint32_t stream, const char *method, const char *id)
{
	kata_asks_as(t, SHIM, stream, method, id);
}

void kata_machine(struct tape *t, uint32_t parent, double ms)
{
	tape_at(t, ms);
	tape_fork(t, parent, QEMU, CT_ROLE_SHIM);
	tape_exec(t, QEMU, CT_ROLE_HELPER, 0xf0000900, "/usr/bin/qemu-system-x86_64", "-name",
		  "sandbox", TAPE_END);
	tape_at(t, ms + 4);
	tape_fork(t, QEMU, BETWEEN, CT_ROLE_HELPER);
	tape_fork(t, BETWEEN, DAEMON, CT_ROLE_HELPER);
	tape_exit(t, BETWEEN, CT_ROLE_HELPER, 0);
	tape_at(t, ms + 6);
	tape_exit(t, QEMU, CT_ROLE_HELPER, 0);
}

void kata_starts(struct tape *t, const char *ns, const char *id)
{
	char msg[16], bundle[200];
	size_t n = tape_put_number(msg, 1, SHIM);

	snprintf(bundle, sizeof(bundle), "/run/io.containerd.runtime.v2.task/%s/%s", ns, id);
	tape_at(t, 10);
	tape_fork(t, LIFE_CONTAINERD, SHIM, CT_ROLE_ENGINE);
	tape_exec(t, SHIM, CT_ROLE_SHIM, LIFE_HOST_NETNS, "/usr/bin/containerd-shim-kata-v2",
		  "-namespace", ns, "-id", id, TAPE_END);
	tape_at(t, 20);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 1, "Create", id, bundle);
	kata_machine(t, SHIM, 30);
	tape_at(t, 40);
	kata_asks(t, 1, "Health/Check", NULL);
	tape_at(t, 200);
	kata_asks(t, 3, "AgentService/CreateSandbox", "q0");
	tape_at(t, 220);
	kata_asks(t, 5, "AgentService/CreateContainer", id);
	tape_at(t, 290);
	kata_asks(t, 7, "AgentService/OnlineCPUMem", NULL);
	tape_at(t, 300);
	kata_answers(t, SHIMS, 1, msg, n);
	tape_at(t, 310);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 3, "Wait", id, NULL);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 5, "Start", id, NULL);
	tape_at(t, 320);
	kata_asks(t, 9, "AgentService/StartContainer", id);
	tape_at(t, 390);
	kata_asks(t, 11, "AgentService/GetOOMEvent", NULL);
	tape_at(t, 400);
	kata_answers(t, SHIMS, 5, msg, n);
}

struct run *kata_run(void)
{
	struct run *run = run_new();

	run->opts.wall_minus_mono_ns = WALL;
	run->opts.steps = true;
	return run;
}

void kata_expect_step(const struct seen *s, const char *name, double begin_ms, double end_ms)
{
	size_t found = 0;

	for (size_t i = 0; i < s->rec.step_count; i++) {
		const struct ct_step *step = &s->steps[i];

		if (strcmp(step->name, name) != 0)
			continue;
		found++;
		cr_expect_eq(step->begin_ns, tape_ns(begin_ms), "%s begins at %.3f ms", name,
			     (double)(step->begin_ns - TAPE_T0_NS) / TAPE_MS);
		cr_expect_eq(step->end_ns, tape_ns(end_ms), "%s ends at %.3f ms", name,
			     (double)(step->end_ns - TAPE_T0_NS) / TAPE_MS);
	}
	cr_expect_eq(found, begin_ms > 0, "%s: %zu", name, found);
}
