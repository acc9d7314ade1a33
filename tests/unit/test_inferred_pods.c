// SPDX-License-Identifier: GPL-2.0-only
/* Pods that are asked for on a connection that is older than the trace: what proves them. */
#include <criterion/criterion.h>

#include "late.h"
#include "runs.h"

/* Nobody executes a plugin for a pod in the host's network: it is one all the same when it is asked for. */
Test(inferred, a_pod_without_a_network_is_started_when_that_is_answered)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	late_runs_pod(t, 1, RUN_POD);
	grpc_runs(t, 20, "k8s.io", POD);
	tape_at(t, 45);
	grpc_answers_id(t, 1, POD);
	tape_sort(t);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_span(s, 10, 45);
	expect_phase(s, CT_PHASE_START, 15);
	cr_expect_str_eq(s->who.pod_uid, "u1");
	run_free(run);
}

/* A plugin that is executed for the pod while it waits proves it before it is answered. */
Test(inferred, a_plugin_proves_a_pod)
{
	for (unsigned other = 0; other < 2; other++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		late_runs_pod(t, 1, RUN_POD);
		tape_at(t, 20);
		grpc_plugs(t, "ADD", POD,
			   other ? "K8S_POD_NAME=web;K8S_POD_NAMESPACE=bank;K8S_POD_UID=u1"
				 : "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=u1");
		tape_at(t, 30);
		grpc_refuses(t, 1, "no");
		play_until(run, 90000);
		cr_expect_eq(count(run, CT_RECORD_START), !other, "%u", other);
		run_free(run);
	}
}
