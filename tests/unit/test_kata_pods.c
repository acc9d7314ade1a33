// SPDX-License-Identifier: GPL-2.0-only
/* Kata 1.12 by Kubernetes: one machine, one shim, one agent of several containers. */
#include <criterion/criterion.h>

#include "grpc.h"
#include "kata.h"

#define PODMAN 44000
#define SHARED "/run/kata-containers/shared/sandboxes/" POD

/* The sandbox is there at 400 ms, a container in it from 500 to 900, when it has started. */
static void pod_starts(struct tape *t)
{
	char msg[16];
	size_t n = tape_put_number(msg, 1, SHIM);

	tape_at(t, 5);
	grpc_runs_pod(t, 1, "web", "u1", "shop");
	kata_starts(t, "k8s.io", POD);
	tape_at(t, 410);
	grpc_answers_id(t, 1, POD);
	tape_at(t, 500);
	grpc_creates_in_pod(t, 3, "nginx", "nginx:1");
	tape_at(t, 510);
	grpc_answers_id(t, 3, BOX);
	tape_at(t, 520);
	grpc_asks_about(t, 5, CRI "StartContainer", NULL, BOX);
	tape_at(t, 530);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 21, "Create", BOX,
			   "/run/io.containerd.runtime.v2.task/k8s.io/" BOX);
	tape_at(t, 535);
	tape_call(t, SHIM, CT_CALL_MOUNT, 1, "overlay", "/run/task/k8s.io/" BOX "/rootfs",
		  TAPE_END);
	tape_at(t, 538);
	tape_call(t, SHIM, CT_CALL_MOUNT, 1, "/hosts", SHARED "/mounts/" BOX "-1b7c29f8-hosts",
		  TAPE_END);
	tape_at(t, 540);
	kata_asks(t, 21, "AgentService/CreateContainer", BOX);
	tape_at(t, 600);
	kata_asks(t, 23, "Health/Check", NULL); /* whether it is alive, each second */
	tape_at(t, 700);
	kata_asks(t, 25, "AgentService/OnlineCPUMem", NULL);
	tape_at(t, 720);
	kata_answers(t, SHIMS, 21, msg, n);
	tape_at(t, 730);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 23, "Wait", BOX, NULL);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 25, "Start", BOX, NULL);
	tape_at(t, 740);
	kata_asks(t, 27, "AgentService/StartContainer", BOX);
	tape_at(t, 760);
	kata_asks(t, 29, "Health/Check", NULL);
	tape_at(t, 850);
	kata_asks(t, 31, "AgentService/OnlineCPUMem", NULL);
	tape_at(t, 890);
	kata_answers(t, SHIMS, 25, msg, n);
	tape_at(t, 900);
	grpc_answers(t, 5, "", 0);
}

Test(kata_pods, what_is_asked_for_a_container)
{
	struct run *run = kata_run();
	const struct seen *s;

	pod_starts(&run->t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "web", 0);
	kata_expect_step(s, "guest boot", 40, 200);
	kata_expect_step(s, "container created", 220, 290);
	kata_expect_step(s, "workload started", 320, 390);
	s = find(run, CT_RECORD_START, "web/nginx", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	kata_expect_step(s, "rootfs mount", 534, 535);
	kata_expect_step(s, "shared directory", 537, 538);
	kata_expect_step(s, "container created", 540, 700);
	kata_expect_step(s, "workload started", 740, 850);
	kata_expect_step(s, "guest boot", 0, 0);
	run_free(run);
}

/* Killed at 1000 ms, exited at 1100; its shim removes it, and does its own part of that. */
static void ends(struct tape *t, double ms, uint32_t stream, const char *id)
{
	char msg[16];

	tape_at(t, ms);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, stream, "Kill", id, NULL);
	tape_at(t, ms + 10);
	kata_asks(t, stream, "AgentService/SignalProcess", id);
	tape_at(t, ms + 40);
	kata_answers(t, SHIMS, stream, "", 0);
	tape_at(t, ms + 100);
	kata_asks(t, stream + 2, "AgentService/RemoveContainer", id);
	tape_at(t, ms + 120);
	kata_asks(t, stream + 4, "Health/Check", NULL);
	tape_at(t, ms + 150);
	tape_call(t, SHIM, CT_CALL_UMOUNT, 1, "/run/kata-containers/shared/sandboxes/p/rootfs",
		  TAPE_END);
	tape_at(t, ms + 200);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, stream + 2, "Delete", id, NULL);
	tape_at(t, ms + 220);
	kata_answers(t, SHIMS, stream + 2, msg, tape_put_number(msg, 1, SHIM));
}

Test(kata_pods, what_is_asked_for_one_that_ends)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;
	const struct seen *s;

	pod_starts(t);
	tape_at(t, 990);
	grpc_asks_about(t, 31, CRI "StopContainer", NULL, BOX);
	ends(t, 1000, 31, BOX);
	tape_at(t, 1190);
	kata_answers(t, SHIMS, 23, "", 0);
	tape_at(t, 1300);
	grpc_answers(t, 31, "", 0);
	tape_at(t, 1990);
	grpc_asks_about(t, 41, CRI "StopPodSandbox", NULL, POD);
	ends(t, 2000, 41, POD);
	tape_at(t, 2160);
	kata_asks(t, 47, "AgentService/DestroySandbox", NULL);
	tape_at(t, 2180);
	tape_call(t, SHIM, CT_CALL_UNLINK, 1, "/run/vc/vm/p", TAPE_END);
	tape_call(t, SHIM, CT_CALL_UNLINK, 1, "/sys/fs/cgroup/pids/k8s.io/p", TAPE_END);
	tape_at(t, 2190);
	kata_answers(t, SHIMS, 3, "", 0);
	tape_at(t, 2300);
	grpc_answers(t, 41, "", 0);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_STOP, "web/nginx", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	kata_expect_step(s, "process signal", 1010, 1040);
	kata_expect_step(s, "container removed", 1100, 1149);
	kata_expect_step(s, "rootfs unshare", 1149, 1150);
	kata_expect_step(s, "guest boot", 0, 0);
	s = find(run, CT_RECORD_STOP, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	kata_expect_step(s, "container removed", 2100, 2149);
	kata_expect_step(s, "sandbox destroyed", 2160, 2179);
	kata_expect_step(s, "cgroup removal", 2179, 2180);
	run_free(run);
}

/* Two are removed at once: each until what it had is unmounted. */
Test(kata_pods, what_is_done_for_which)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;

	pod_starts(t);
	tape_at(t, 990);
	grpc_asks_about(t, 41, CRI "StopPodSandbox", NULL, POD);
	ends(t, 1000, 31, BOX);
	ends(t, 1010, 41, POD);
	tape_at(t, 1130);
	tape_call(t, SHIM, CT_CALL_UMOUNT, 1, SHARED "/mounts/" BOX "/rootfs", TAPE_END);
	tape_at(t, 1190);
	kata_answers(t, SHIMS, 23, "", 0);
	kata_answers(t, SHIMS, 3, "", 0);
	tape_at(t, 1300);
	grpc_answers(t, 41, "", 0);
	tape_sort(t);
	play_until(run, 90000);
	kata_expect_step(find(run, CT_RECORD_STOP, "web/nginx", 0), "container removed", 1100,
			 1129);
	kata_expect_step(find(run, CT_RECORD_STOP, "web", 0), "container removed", 1110, 1149);
	run_free(run);
}

/* Who is gone, and forgotten, was the last that the agent was asked for. */
Test(kata_pods, what_is_asked_when_a_neighbour_is_forgotten)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;
	const struct seen *s;

	pod_starts(t);
	tape_at(t, 990);
	grpc_asks_about(t, 31, CRI "StopContainer", NULL, BOX);
	ends(t, 1000, 31, BOX);
	tape_at(t, 1190);
	kata_answers(t, SHIMS, 23, "", 0);
	tape_at(t, 1300);
	grpc_answers(t, 31, "", 0);
	grpc_asks_about(t, 35, CRI "RemoveContainer", NULL, BOX);
	tape_at(t, 1310);
	grpc_answers(t, 35, "", 0);
	tape_at(t, 600000);
	tape_clock(t);
	tape_at(t, 999990);
	grpc_asks_about(t, 41, CRI "StopPodSandbox", NULL, POD);
	ends(t, 1000000, 41, POD);
	tape_at(t, 1000160);
	kata_asks(t, 47, "AgentService/DestroySandbox", NULL);
	tape_at(t, 1000180);
	tape_call(t, SHIM, CT_CALL_UNLINK, 1, "/run/vc/vm/p", TAPE_END);
	tape_at(t, 1000190);
	kata_answers(t, SHIMS, 3, "", 0);
	tape_at(t, 1000300);
	grpc_answers(t, 41, "", 0);
	tape_sort(t);
	play_until(run, 2000000);
	s = find(run, CT_RECORD_STOP, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	kata_expect_step(s, "process signal", 1000010, 1000040);
	kata_expect_step(s, "container removed", 1000100, 1000149);
	kata_expect_step(s, "sandbox destroyed", 1000160, 1000179);
	run_free(run);
}

/* An engine that makes a container without an id asks no agent, whatever it sends: it goes on making it. */
Test(kata_pods, who_makes_one_asks_no_agent)
{
	struct run *run = kata_run();
	struct tape *t = &run->t;

	kata_starts(t, "default", "q-01");
	tape_at(t, 500);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, LIFE_HOST_NETNS, "podman", "run", "image", TAPE_END);
	tape_at(t, 510);
	kata_asks_as(t, PODMAN, 1, "AgentService/StartContainer", "q-01");
	tape_at(t, 600);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, 0);
	play_until(run, 90000);
	expect_counts(run, 1, 0, 0);
	run_free(run);
}
