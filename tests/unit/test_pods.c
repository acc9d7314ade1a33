// SPDX-License-Identifier: GPL-2.0-only
/* Pods: what the kubelet asks for has the names that it gave, and those of no other pod. */
#include <criterion/criterion.h>

#include "grpc.h"
#include "late.h"
#include "runs.h"

/* Pods of one name in two namespaces of Kubernetes have nothing to do with each other. */
Test(pods, a_pod_of_another_namespace_is_no_successor)
{
	for (unsigned same = 0; same < 2; same++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		grpc_runs_pod(t, 1, "web", "u1", "shop");
		grpc_runs(t, 20, "k8s.io", POD);
		tape_at(t, 15);
		grpc_plugs(t, "ADD", POD, "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop");
		tape_at(t, 90);
		grpc_answers_id(t, 1, POD);
		tape_at(t, 1000);
		tape_exit(t, INIT, CT_ROLE_INIT, 0);
		tape_at(t, 2000);
		grpc_runs_pod(t, 3, "web", "u2", same ? "shop" : "bank");
		tape_at(t, 2100);
		grpc_answers_id(t, 3, BOX);
		tape_sort(t);
		play_until(run, 90000);
		cr_expect_eq(count(run, CT_RECORD_RESTART), same, "%u", same);
		run_free(run);
	}
}

/* Names of what the kubelet asks for, and where they come from. */
Test(pods, a_pod_and_what_is_in_it_have_their_names)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	grpc_makes_pod(t);
	grpc_makes_box(t);
	tape_at(t, 80);
	grpc_runs_pod(t, 5, "db", "u2", "shop"); /* takes what was the call before's */
	tape_at(t, 90);
	grpc_answers_id(t, 5, "aa" BOX);
	play_until(run, 90000);
	s = find(run, CT_RECORD_CREATE, "web/nginx", 0);
	cr_expect_str_eq(s->who.image, "nginx:1");
	cr_expect_str_eq(s->who.pod, "web");
	cr_expect_str_eq(s->who.pod_uid, "u1");
	cr_expect_str_eq(s->who.pod_ns, "shop");
	cr_expect_str_eq(s->who.pod_container, "nginx");
	expect_span(s, 60, 70);
	s = find(run, CT_RECORD_START, "db", 0);
	cr_expect_str_eq(s->who.pod_uid, "u2");
	expect_span(s, 80, 90);
	run_free(run);
}

/* The image as the user named it, where the kubelet says so; else what the kubelet has made of it. */
Test(pods, an_image_is_called_as_the_user_called_it)
{
	static const struct {
		const char *image, *named, *shown;
	} rows[] = {
		{ "sha256:70aa", "shop/web:1", "shop/web:1" },
		{ "sha256:70aa", NULL, "sha256:70aa" },
		{ "shop/web:1", "", "shop/web:1" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		char in[128], config[200], msg[300];
		size_t n = grpc_put_text(in, 1, "nginx"), m;

		m = tape_put_bytes(config, 1, in, n);
		n = grpc_put_text(in, 1, rows[i].image);
		if (rows[i].named)
			n += grpc_put_text(in + n, 18, rows[i].named);
		m += tape_put_bytes(config + m, 2, in, n);
		n = grpc_put_text(msg, 1, POD);
		n += tape_put_bytes(msg + n, 2, config, m);
		tape_at(t, 10);
		grpc_asks(t, 1, CRI "CreateContainer", NULL, msg, n);
		tape_at(t, 20);
		grpc_answers_id(t, 1, BOX);
		play_until(run, 90000);
		cr_expect_str_eq(find(run, CT_RECORD_CREATE, "0123456789ab/nginx", 0)->who.image,
				 rows[i].shown);
		run_free(run);
	}
}

/* Until somebody says whose sandbox it is in, a container is called by that one's id. */
Test(pods, a_sandbox_is_named_behind_what_is_in_it)
{
	for (unsigned named = 0; named < 2; named++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		char msg[300];
		size_t n = late_put_container(msg, POD, "nginx", "image");

		tape_at(t, 10);
		grpc_asks(t, 1, CRI "CreateContainer", NULL, msg, n);
		tape_at(t, 20);
		grpc_answers_id(t, 1, BOX);
		if (named)
			tape_identity(t, 0, "id", POD, "namespace", "k8s.io", "pod", "web",
				      "pod_namespace", "shop", "pod_uid", "u1", TAPE_END);
		play_until(run, 90000);
		cr_expect_str_eq(run->seen[0].who.name, named ? "web/nginx" : "0123456789ab/nginx");
		cr_expect_str_eq(run->seen[0].who.pod_uid, named ? "u1" : "");
		run_free(run);
	}
}

/* What could not be made is of its pod all the same, whose start has failed with it. */
Test(pods, what_could_not_be_made)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	char msg[300];

	grpc_makes_pod(t);
	tape_at(t, 60);
	grpc_asks(t, 9, CRI "CreateContainer", NULL, msg,
		  late_put_container(msg, POD, "nginx", "image"));
	tape_at(t, 61);
	grpc_refuses(t, 9, "not found");
	tape_at(t, 70);
	grpc_runs_pod(t, 11, "other", "u2", "shop");
	tape_at(t, 72);
	grpc_refuses(t, 11, "no network");
	play_until(run, 90000);
	for (unsigned i = 0; i < 2; i++) {
		const struct seen *s = find(run, CT_RECORD_START, i ? "other" : "web/nginx", 0);

		expect_outcome(s, CT_OUTCOME_FAILED);
		cr_expect_str_eq(s->who.pod, i ? "other" : "web");
		cr_expect_str_eq(s->who.pod_uid, i ? "u2" : "u1");
		cr_expect_str_eq(s->who.pod_ns, "shop");
		cr_expect_str_eq(s->who.pod_container, i ? "" : "nginx");
		s = find(run, CT_RECORD_POD_START, i ? "other" : "web", 0);
		expect_outcome(s, CT_OUTCOME_FAILED);
		cr_expect_str_eq(s->message, i ? "the sandbox: no network" : "nginx: not found");
	}
	run_free(run);
}

/* Who was answered with a sandbox's id has asked for it before anybody listened. */
Test(pods, a_sandbox_that_was_asked_for_before)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 20);
	grpc_plugs(t, "ADD", POD, "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_UID=u1");
	grpc_runs(t, 30, "k8s.io", POD);
	tape_at(t, 80);
	grpc_answers_id(t, 1, POD);
	play_until(run, 200);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 30, 80);
	run_free(run);
}

/* A plugin is executed for the pod of its own uid and namespace, made anew under an old name too. */
static uint64_t pod_begins(bool nested, const char *command, const char *args)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	size_t from = t->count;
	uint64_t begin_ns = 0;

	if (nested)
		tape_exec(t, CLIENT, CT_ROLE_ENGINE, 0xf0000300, "containerd", TAPE_END);
	nest(t, from, 0);
	tape_at(t, 10);
	grpc_runs_pod(t, 1, "web", "old", "shop");
	tape_at(t, 20);
	grpc_plugs(t, command, POD, args);
	tape_at(t, 30);
	grpc_runs(t, 30, "k8s.io", POD);
	play_until(run, 90000);
	for (size_t i = 0; i < run->count; i++) {
		if (run->seen[i].rec.type == CT_RECORD_START)
			begin_ns = run->seen[i].rec.begin_ns;
	}
	run_free(run);
	return begin_ns;
}

Test(pods, a_plugin_is_of_the_pod_that_it_names)
{
	cr_expect_eq(
		pod_begins(false, "ADD", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=old"),
		tape_ns(10));
	cr_expect_eq(pod_begins(false, "ADD", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop"),
		     tape_ns(10));
	cr_expect_neq(
		pod_begins(false, "ADD", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=new"),
		tape_ns(10));
	cr_expect_neq(pod_begins(false, "ADD", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=other"),
		      tape_ns(10));
	cr_expect_neq(pod_begins(false, "ADD", "K8S_POD_NAME=db;K8S_POD_NAMESPACE=shop"),
		      tape_ns(10));
	cr_expect_neq(pod_begins(false, "DEL", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop"),
		      tape_ns(10));
}

/* A kubelet inside a container may ask for one of the same names: that is not the pod of the host. */
Test(pods, who_asks_in_a_pid_namespace_makes_no_pod_of_the_host)
{
	static const char args[] = "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=old";

	cr_expect_eq(pod_begins(false, "ADD", args), tape_ns(10));
	cr_expect_neq(pod_begins(true, "ADD", args), tape_ns(10));
}

/* A pod that was refused is told, with the reason as it was said. */
Test(pods, a_pod_that_is_refused_says_why)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	grpc_runs_pod(t, 1, "web", "u1", "shop");
	tape_at(t, 50);
	grpc_refuses(t, 1, "no%20network%3a 100%");
	play_until(run, 90000);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_str_eq(s->message, "no network: 100%");
	run_free(run);
}
