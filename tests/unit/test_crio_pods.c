// SPDX-License-Identifier: GPL-2.0-only
/* What the kubelet asks CRI-O for: pods with a process of their own and without, containers, probes. */
#include <criterion/criterion.h>

#include "crio.h"

/* The kernel side takes the program that was executed last for the first of a container. */
static void tape_root(struct tape *t, uint32_t tgid)
{
	struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);

	e->root = tgid;
}

/* A pod without a process of its own, from 10 to 100, its network from 30 to 60. */
static void runs_pod(struct tape *t)
{
	tape_at(t, 10);
	grpc_runs_pod(t, 1, "one", "u1", "shop");
	crio_plugs(t, "ADD", POD, 30, 50);
	crio_plugs(t, "CHECK", POD, 51, 60);
	tape_at(t, 100);
	grpc_answers_id(t, 1, POD);
}

/* A container in it: created from 110 to 150, started from 160 to 180, ready at 190. */
static void runs_container(struct tape *t, enum ct_role role)
{
	tape_at(t, 110);
	grpc_creates_in_pod(t, 3, "web", "shop/web:1");
	crio_creates(t, BOX, NAMED, 0, 120, 0);
	tape_at(t, 150);
	grpc_answers_id(t, 3, BOX);
	tape_at(t, 160);
	grpc_asks_about(t, 5, CRI "StartContainer", NULL, BOX);
	crio_does(t, "start", BOX, 165, 0);
	tape_at(t, 172);
	tape_exec(t, FIRST, role, NETNS, "/bin/svc", TAPE_END);
	tape_at(t, 180);
	grpc_answers(t, 5, "", 0);
	tape_at(t, 190);
	tape_output(t, FIRST, CONMON);
}

static void asks(struct tape *t, uint32_t stream, const char *what, const char *id, double ms,
		 double until)
{
	char path[64];

	snprintf(path, sizeof(path), CRI "%s", what);
	tape_at(t, ms);
	grpc_asks_about(t, stream, path, NULL, id);
	tape_at(t, until);
	grpc_answers(t, stream, "", 0);
}

/* Stopped from 1000 to 1040 and removed from 1100 to 1130; the pod from 1050 to 1090 and from 1140. */
static void ends_all(struct tape *t)
{
	crio_does(t, "kill", BOX, 1005, 0);
	tape_at(t, 1012);
	tape_exit(t, FIRST, CT_ROLE_INIT, 3 << 8);
	tape_at(t, 1014);
	tape_exit(t, CONMON, CT_ROLE_SHIM, 3 << 8);
	asks(t, 7, "StopContainer", BOX, 1000, 1040);
	crio_plugs(t, "DEL", POD, 1060, 1080);
	asks(t, 9, "StopPodSandbox", POD, 1050, 1090);
	crio_does(t, "delete", BOX, 1105, 0);
	asks(t, 11, "RemoveContainer", BOX, 1100, 1130);
	asks(t, 13, "RemovePodSandbox", POD, 1140, 1150);
	/* Kubelets ask again. */
	asks(t, 15, "StopPodSandbox", POD, 1200, 1201);
}

/* Each boundary is that of the request, whatever the processes did in between. */
Test(crio_pods, one_life)
{
	struct run *run = crio_new();
	const struct seen *s;

	runs_pod(&run->t);
	runs_container(&run->t, CT_ROLE_INIT);
	ends_all(&run->t);
	crio_play(run);
	expect_counts(run, 2, 2, 0);
	s = find(run, CT_RECORD_START, "one", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 100);
	expect_phase(s, CT_PHASE_CREATE, 20 + 40);
	expect_phase(s, CT_PHASE_CONNECT, 30);
	cr_expect_eq(s->rec.missing, 0);
	cr_expect_eq(s->rec.seen, 1u << CT_PHASE_CREATE | 1u << CT_PHASE_CONNECT);
	cr_expect_str_eq(s->who.engine, "crio");
	cr_expect_str_eq(s->who.pod_ns, "shop");
	cr_expect_str_eq(s->who.ns, "");
	s = find(run, CT_RECORD_STOP, "one", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1050, 1150);
	expect_phase(s, CT_PHASE_STOP, 10 + 10);
	expect_phase(s, CT_PHASE_DISCONNECT, 20);
	expect_phase(s, CT_PHASE_DESTROY, 10);
	cr_expect_eq(s->rec.exit_code, CT_NO_EXIT_CODE);
	cr_expect(s->rec.removed);
	s = find(run, CT_RECORD_START, "one/web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 110, 190);
	expect_phase(s, CT_PHASE_CREATE, 40);
	expect_phase(s, CT_PHASE_CLIENT, 10);
	expect_phase(s, CT_PHASE_START, 20);
	cr_expect_str_eq(s->who.engine, "crio");
	cr_expect_str_eq(s->who.runtime, "runc");
	cr_expect_str_eq(s->who.image, "shop/web:1");
	cr_expect_str_eq(s->who.pod_container, "web");
	cr_expect_eq(s->who.init_pid, FIRST);
	s = find(run, CT_RECORD_STOP, "one/web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1000, 1130);
	expect_phase(s, CT_PHASE_STOP, 12);
	expect_phase(s, CT_PHASE_DIE, 28);
	expect_phase(s, CT_PHASE_DESTROY, 30);
	cr_expect_eq(s->rec.exit_code, 3);
	expect_nothing_odd(run);
	run_free(run);
}

/* The pause container is the pod: torn down first, and its process ends last. */
Test(crio_pods, a_process_of_its_own)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	grpc_runs_pod(t, 1, "one", "u1", "shop");
	crio_plugs(t, "ADD", POD, 30, 60);
	crio_creates(t, POD, PAUSED, 10, 70, 0);
	crio_does(t, "start", POD, 92, 0);
	tape_at(t, 96);
	tape_exec(t, FIRST + 10, CT_ROLE_INIT, NETNS, "/pause", TAPE_END);
	tape_at(t, 100);
	grpc_answers_id(t, 1, POD);
	asks(t, 9, "StopPodSandbox", POD, 1050, 1100);
	crio_plugs(t, "DEL", POD, 1060, 1070);
	crio_does(t, "kill", POD, 1075, 0);
	tape_at(t, 1080);
	tape_exit(t, FIRST + 10, CT_ROLE_INIT, 0);
	tape_at(t, 1082);
	tape_exit(t, CONMON + 10, CT_ROLE_SHIM, 0);
	asks(t, 13, "RemovePodSandbox", POD, 1140, 1150);
	crio_play(run);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "one", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 100);
	expect_phase(s, CT_PHASE_CREATE, 20 + 30);
	expect_phase(s, CT_PHASE_CONNECT, 30);
	expect_phase(s, CT_PHASE_START, 10);
	s = find(run, CT_RECORD_STOP, "one", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1050, 1150);
	expect_phase(s, CT_PHASE_STOP, 10 + 10);
	expect_phase(s, CT_PHASE_DISCONNECT, 10);
	expect_phase(s, CT_PHASE_DIE, 20);
	cr_expect_eq(s->rec.exit_code, 0);
	expect_nothing_odd(run);
	run_free(run);
}

/* Nothing but its own end ends a process, whoever says that nothing is left. */
Test(crio_pods, a_process_that_lives_on)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	grpc_runs_pod(t, 1, "one", "u1", "shop");
	crio_creates(t, POD, PAUSED, 10, 70, 0);
	crio_does(t, "start", POD, 92, 0);
	tape_at(t, 96);
	tape_exec(t, FIRST + 10, CT_ROLE_INIT, NETNS, "/pause", TAPE_END);
	tape_at(t, 100);
	grpc_answers_id(t, 1, POD);
	asks(t, 9, "StopPodSandbox", POD, 1050, 1100);
	crio_play(run);
	expect_counts(run, 1, 0, 0);
	run_free(run);
}

/* With the network of the host there are no plugins: conmon's name of it says whose request it is. */
Test(crio_pods, no_network_of_its_own)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	grpc_runs_pod(t, 1, "one", "u1", "shop");
	crio_creates(t, POD, PAUSED, 10, 70, 0);
	crio_does(t, "start", POD, 92, 0);
	tape_at(t, 100);
	grpc_answers_id(t, 1, POD);
	crio_play(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "one", 0);
	expect_span(s, 10, 100);
	expect_phase(s, CT_PHASE_CREATE, 80);
	expect_phase(s, CT_PHASE_START, 10);
	expect_nothing_odd(run);
	run_free(run);
}

/* The id is heard in the answer alone: without plugins and without a process nobody says it before. */
Test(crio_pods, nothing_but_an_answer)
{
	struct run *run = crio_new();
	const struct seen *s;

	tape_at(&run->t, 10);
	grpc_runs_pod(&run->t, 1, "one", "u1", "shop");
	tape_at(&run->t, 50);
	grpc_answers_id(&run->t, 1, POD);
	crio_play(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "one", 0);
	expect_span(s, 10, 50);
	cr_expect_str_eq(s->who.engine, "crio");
	cr_expect_eq(s->rec.seen, 1u << CT_PHASE_CREATE);
	run_free(run);
}

/* conmon has said the id by then: what is refused is that container's start, told once and with why. */
Test(crio_pods, a_create_that_fails_is_told_once)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;
	const struct seen *s;

	runs_pod(t);
	tape_at(t, 110);
	grpc_creates_in_pod(t, 3, "web", "shop/web:1");
	crio_creates(t, BOX, NAMED, 0, 120, 1 << 8);
	crio_does(t, "delete", BOX, 142, 0);
	tape_at(t, 150);
	grpc_refuses(t, 3, "no such file");
	crio_play(run);
	expect_counts(run, 2, 0, 0);
	s = find(run, CT_RECORD_START, "one/web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 110, 150);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_CREATE);
	cr_expect_str_eq(s->message, "no such file");
	cr_expect_str_eq(s->rec.failed_step, "runtime create");
	cr_expect_str_eq(s->who.id, BOX);
	cr_expect_eq(count(run, CT_RECORD_REMOVE), 0);
	run_free(run);
}

/* Names that are alike: a request is that of the container in its own pod. */
Test(crio_pods, whose_request_it_is)
{
	static const struct {
		const char *called;
		double begin;
	} rows[] = {
		{ NAMED, 110 },
		{ "k8s_web_two_shop_u1_0", 120 },
		{ "k8s_web_one_other_u1_0", 120 },
		{ "k8s_webber_one_shop_u1_0", 120 },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = crio_new();
		struct tape *t = &run->t;
		const struct seen *s = NULL;

		runs_pod(t);
		tape_at(t, 110);
		grpc_creates_in_pod(t, 3, "web", "shop/web:1");
		crio_creates(t, BOX, rows[i].called, 0, 120, 0);
		crio_does(t, "start", BOX, 145, 0);
		crio_play(run);
		for (size_t k = 0; k < run->count; k++) {
			if (!strcmp(run->seen[k].who.id, BOX))
				s = &run->seen[k];
		}
		cr_assert(s, "%s", rows[i].called);
		cr_expect_eq(s->rec.begin_ns, tape_ns(rows[i].begin), "%s", rows[i].called);
		run_free(run);
	}
}

/* What is no name of Kubernetes is the name. */
Test(crio_pods, names)
{
	static const char *const rows[] = { "web", "k8s_web_one_shop_u1", "k8s_web_one_shop_u1_0_1",
					    "k8s_web__shop_u1_0", "k9s_web_one_shop_u1_0" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = crio_new();

		crio_creates(&run->t, BOX, rows[i], 0, 120, 0);
		crio_does(&run->t, "start", BOX, 145, 0);
		crio_play(run);
		cr_expect_str_eq(find(run, CT_RECORD_START, rows[i], 0)->who.pod, "", "%s",
				 rows[i]);
		run_free(run);
	}
}

/* With the host's pids its first process is what runc has forked twice. */
Test(crio_pods, pids_of_the_host)
{
	struct run *run = crio_new();
	const struct seen *s;

	runs_pod(&run->t);
	/* A hook: it is executed by what will be the first process, and is not it. */
	tape_at(&run->t, 155);
	tape_fork(&run->t, FIRST, LATER + 1, CT_ROLE_HELPER);
	tape_exec(&run->t, LATER + 1, CT_ROLE_HELPER, NETNS, "/usr/bin/hook", TAPE_END);
	tape_exit(&run->t, LATER + 1, CT_ROLE_HELPER, 0);
	runs_container(&run->t, CT_ROLE_HELPER);
	ends_all(&run->t);
	crio_play(run);
	s = find(run, CT_RECORD_START, "one/web", 0);
	cr_expect_eq(s->who.init_pid, FIRST);
	expect_span(s, 110, 190);
	s = find(run, CT_RECORD_STOP, "one/web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.exit_code, 3);
	run_free(run);
}

/* crun executes nothing in between: what the kernel side takes for a first process is it once it starts. */
Test(crio_pods, pids_of_the_host_under_crun)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_fork(t, CRIO, CONMON, CT_ROLE_ENGINE);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 9, "/usr/bin/conmon", "-b", "/b", "-c", BOX, "-n", NAMED,
		  "-r", "/usr/bin/crun", TAPE_END);
	tape_fork(t, CONMON, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 9, "/usr/bin/crun", "create", "--bundle", "/b", BOX,
		  TAPE_END);
	tape_fork(t, RUNC, FIRST, CT_ROLE_RUNTIME);
	/* A hook in the container before it starts, and one when it does. */
	tape_at(t, 20);
	tape_fork(t, RUNC, STAGE, CT_ROLE_RUNTIME);
	tape_exec(t, STAGE, CT_ROLE_HELPER, NETNS, "/usr/bin/hook", TAPE_END);
	tape_root(t, STAGE);
	tape_at(t, 30);
	tape_exit(t, STAGE, CT_ROLE_HELPER, 0);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	crio_does(t, "start", BOX, 50, 0);
	tape_at(t, 51);
	tape_fork(t, FIRST, STAGE + 1, CT_ROLE_HELPER);
	tape_exec(t, STAGE + 1, CT_ROLE_HELPER, NETNS, "/usr/bin/hook", TAPE_END);
	tape_root(t, STAGE + 1);
	tape_at(t, 52);
	tape_exit(t, STAGE + 1, CT_ROLE_HELPER, 0);
	tape_at(t, 54);
	tape_exec(t, FIRST, CT_ROLE_HELPER, NETNS, "/bin/svc", TAPE_END);
	tape_root(t, FIRST);
	tape_at(t, 60);
	tape_output(t, FIRST, CONMON);
	tape_at(t, 1000);
	tape_exit(t, FIRST, CT_ROLE_HELPER, 5 << 8);
	tape_exit(t, CONMON, CT_ROLE_SHIM, 5 << 8);
	crio_play(run);
	cr_expect_eq(find(run, CT_RECORD_START, "one/web", 0)->who.init_pid, FIRST);
	cr_expect_eq(find(run, CT_RECORD_STOP, "one/web", 0)->rec.exit_code, 5);
	run_free(run);
}

/* conmon for it, runc that joins it, and the program: it ends at once. */
static void probes(struct tape *t, double ms, enum ct_role role)
{
	tape_at(t, ms);
	tape_fork(t, CRIO, CONMON + 20, CT_ROLE_ENGINE);
	tape_exec(t, CONMON + 20, CT_ROLE_SHIM, 9, "/usr/bin/conmon", "-c", BOX, "-n", NAMED, "-r",
		  "/usr/sbin/runc", TAPE_END);
	tape_fork(t, CONMON + 20, RUNC + 20, CT_ROLE_SHIM);
	tape_exec(t, RUNC + 20, CT_ROLE_RUNTIME, 9, "/usr/sbin/runc", "exec", "--detach", BOX,
		  TAPE_END);
	crio_nsexec(t, 20);
	tape_at(t, ms + 5);
	tape_exit(t, RUNC + 20, CT_ROLE_RUNTIME, 0);
	tape_exec(t, FIRST + 20, role, NETNS, "/bin/true", TAPE_END);
	tape_at(t, ms + 6);
	tape_exit(t, FIRST + 20, role, 0);
	tape_exit(t, CONMON + 20, CT_ROLE_SHIM, 0);
}

/* A probe begins nothing and ends nothing, also of what ran before and whose pid nobody has said. */
Test(crio_pods, probes)
{
	static const enum ct_role roles[] = { CT_ROLE_INIT, CT_ROLE_HELPER };

	for (size_t i = 0; i < CT_ARRAY_SIZE(roles); i++) {
		struct run *run = crio_new();
		struct tape *t = &run->t;

		tape_process(t, CONMON, CRIO, CT_ROLE_SHIM, "/usr/bin/conmon", "-b", "/b", "-c",
			     BOX, "-n", NAMED, "-r", "/usr/sbin/runc", TAPE_END);
		for (unsigned k = 0; k < 3; k++)
			probes(t, 1000 + 1000 * k, roles[i]);
		crio_play(run);
		cr_expect_eq(run->counts.containers, 1, "%zu", run->counts.containers);
		cr_expect_eq(run->count, 0, "%zu", run->count);
		run_free(run);
	}
}

/* It ended by itself; who asks for its stop afterwards asks for nothing. */
Test(crio_pods, asked_when_it_is_over)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;
	const struct seen *s;

	runs_pod(t);
	runs_container(t, CT_ROLE_INIT);
	tape_at(t, 500);
	tape_exit(t, FIRST, CT_ROLE_INIT, 0);
	tape_at(t, 502);
	tape_exit(t, CONMON, CT_ROLE_SHIM, 0);
	asks(t, 7, "StopContainer", BOX, 1000, 1040);
	crio_play(run);
	s = find(run, CT_RECORD_STOP, "one/web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 500, 502);
	expect_phase(s, CT_PHASE_DIE, 2);
	run_free(run);
}

/* It has left whom it was called by before tracing began: its name for the container says whose it is. */
Test(crio_pods, found_with_its_monitor)
{
	static const struct {
		const char *called, *name, *engine;
	} rows[] = {
		{ NAMED, "one/web", "crio" },
		{ PAUSED, "one", "crio" },
		{ "k8s_web", "k8s_web", "podman" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = crio_new();
		struct tape *t = &run->t;
		const struct seen *s;

		tape_process(t, CONMON, 1, CT_ROLE_SHIM, "/usr/bin/conmon", "-b", "/b", "-c", BOX,
			     "-n", rows[i].called, "-r", "/usr/sbin/runc", TAPE_END);
		tape_process(t, FIRST, CONMON, CT_ROLE_INIT, "/bin/svc", TAPE_END);
		crio_does(t, "kill", BOX, 1000, 0);
		tape_at(t, 1012);
		tape_exit(t, FIRST, CT_ROLE_INIT, 3 << 8);
		tape_at(t, 1014);
		tape_exit(t, CONMON, CT_ROLE_SHIM, 3 << 8);
		crio_play(run);
		s = find(run, CT_RECORD_STOP, rows[i].name, 0);
		cr_expect_str_eq(s->who.engine, rows[i].engine, "%s", rows[i].called);
		cr_expect_eq(s->rec.exit_code, 3, "%s", rows[i].called);
		run_free(run);
	}
}

/* The bundle says what the image is called, and leaves a pod a pod. */
Test(crio_pods, identity)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;
	const struct seen *s;

	runs_pod(t);
	runs_container(t, CT_ROLE_INIT);
	tape_at(t, 185);
	tape_identity(t, 0, "id", BOX, "engine", "crio", "image", "shop/web:named", TAPE_END);
	tape_identity(t, 0, "id", POD, "engine", "crio", TAPE_END);
	asks(t, 9, "StopPodSandbox", POD, 1050, 1090);
	crio_play(run);
	cr_expect_str_eq(find(run, CT_RECORD_START, "one/web", 0)->who.image, "shop/web:named");
	s = find(run, CT_RECORD_STOP, "one", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1050, 1090);
	run_free(run);
}
