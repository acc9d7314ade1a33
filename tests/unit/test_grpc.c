// SPDX-License-Identifier: GPL-2.0-only
/* Clients of containerd and the kubelet, by name: what is asked about whom, and what was refused. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "runs.h"

#define CLIENT     777
#define SOCKET     7000
#define SHIM       8000
#define INIT       8002
#define SHIMS      9000

#define CONTAINERD "/containerd.services."
#define TASKS      CONTAINERD "tasks.v1.Tasks/"
#define CRI        "/runtime.v1.RuntimeService/"

#define END_STREAM 0x01
#define END_BLOCK  0x04

/* A field that is not to be remembered. */
static size_t put_field(char *to, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	to[0] = 0;
	to[1] = (char)n;
	memcpy(to + 2, name, n);
	to[2 + n] = (char)v;
	memcpy(to + 3 + n, value, v);
	return n + v + 3;
}

static size_t put_headers(char *to, uint32_t stream, uint8_t flags, const char *block, size_t len)
{
	size_t n = tape_put_frame(to, CT_H2_HEADERS, stream, block, len);

	to[4] = (char)flags;
	return n;
}

static size_t put_data(char *to, uint32_t stream, const char *msg, size_t len)
{
	char data[512] = "";

	data[3] = (char)(len >> 8);
	data[4] = (char)len;
	memcpy(data + 5, msg, len);
	return tape_put_frame(to, CT_H2_DATA, stream, data, len + 5);
}

static void asks(struct tape *t, uint32_t stream, const char *path, const char *ns, const char *msg,
		 size_t len)
{
	char block[256], message[1024];
	size_t n = put_field(block, ":path", path), m;

	if (ns)
		n += put_field(block + n, "containerd-namespace", ns);
	t->engine = LIFE_CONTAINERD;
	m = put_headers(message, stream, END_BLOCK, block, n);
	m += put_data(message + m, stream, msg, len);
	tape_send(t, CLIENT, SOCKET, message, m);
}

static void says(struct tape *t, const char *message, size_t len)
{
	struct ct_event *e;

	tape_send(t, LIFE_CONTAINERD, SOCKET, message, len);
	/* the tape's own bytes */
	e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
	e->flags = CT_F_SERVER;
	e->root = 0;
	e->obj = SOCKET + 1;
	e->arg = SOCKET;
}

static void answers(struct tape *t, uint32_t stream, const char *msg, size_t len)
{
	char message[1024];
	size_t n = put_headers(message, stream, END_BLOCK, "\x88", 1);

	n += put_data(message + n, stream, msg, len);
	says(t, message, n);
}

static void refuses(struct tape *t, uint32_t stream, const char *why)
{
	char block[256], message[512];
	size_t n = put_field(block, "grpc-status", "6");

	n += put_field(block + n, "grpc-message", why);
	says(t, message, put_headers(message, stream, END_BLOCK | END_STREAM, block, n));
}

static void asks_about(struct tape *t, uint32_t stream, const char *path, const char *ns,
		       const char *id)
{
	char msg[128];

	asks(t, stream, path, ns, msg, tape_put_bytes(msg, 1, id, strlen(id)));
}

static size_t put_text(char *to, uint32_t field, const char *text)
{
	return tape_put_bytes(to, field, text, strlen(text));
}

/* { 1: Container { 1: id, 3: image } } */
static void creates(struct tape *t, uint32_t stream, const char *ns, const char *id,
		    const char *image)
{
	char in[128], msg[160];
	size_t n = put_text(in, 1, id);

	n += put_text(in + n, 3, image);
	asks(t, stream, CONTAINERD "containers.v1.Containers/Create", ns, msg,
	     tape_put_bytes(msg, 1, in, n));
}

static void prepares(struct tape *t, uint32_t stream, const char *ns, const char *key)
{
	char msg[128];
	size_t n = put_text(msg, 1, "overlayfs");

	n += put_text(msg + n, 2, key);
	asks(t, stream, CONTAINERD "snapshots.v1.Snapshots/Prepare", ns, msg, n);
}

/* Pods. */

#define POD "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BOX "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static void runs_pod(struct tape *t, uint32_t stream, const char *name, const char *uid,
		     const char *ns)
{
	char pod[128], config[160], msg[200];
	size_t n = put_text(pod, 1, name);

	n += put_text(pod + n, 2, uid);
	n += put_text(pod + n, 3, ns);
	n = tape_put_bytes(config, 1, pod, n);
	asks(t, stream, CRI "RunPodSandbox", NULL, msg, tape_put_bytes(msg, 1, config, n));
}

static void creates_in_pod(struct tape *t, uint32_t stream, const char *name, const char *image)
{
	char in[128], config[200], msg[300];
	size_t n = put_text(in, 1, name), m;

	m = tape_put_bytes(config, 1, in, n);
	n = put_text(in, 1, image);
	m += tape_put_bytes(config + m, 2, in, n);
	n = put_text(msg, 1, POD);
	n += tape_put_bytes(msg + n, 2, config, m);
	asks(t, stream, CRI "CreateContainer", NULL, msg, n);
}

static void answers_id(struct tape *t, uint32_t stream, const char *id)
{
	char msg[128];

	answers(t, stream, msg, put_text(msg, 1, id));
}

/* A network plugin, with its variables. */
static void plugs(struct tape *t, const char *command, const char *id, const char *args)
{
	char tail[512];
	int n = snprintf(tail, sizeof(tail), "CNI_COMMAND=%s%cCNI_CONTAINERID=%s%cCNI_ARGS=%s",
			 command, 0, id, 0, args);

	tape_fork(t, LIFE_CONTAINERD, 9500, CT_ROLE_ENGINE);
	tape_add(t, CT_KIND_PLUGIN, 9500, tail, (size_t)n + 1)->sub = CT_ROLE_RUNTIME;
}

/* A shim, and what it is asked to run: ready 30 ms later. */
static void runs(struct tape *t, double ms, const char *ns, const char *id)
{
	tape_at(t, ms);
	tape_fork(t, LIFE_CONTAINERD, SHIM, CT_ROLE_ENGINE);
	tape_exec(t, SHIM, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2", "-namespace", ns, "-id", id,
		  TAPE_END);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 1, "Create", id, NULL);
	tape_fork(t, SHIM, INIT, CT_ROLE_SHIM);
	tape_at(t, ms + 10);
	tape_exec(t, INIT, CT_ROLE_INIT, 9, "redis", TAPE_END);
	tape_ttrpc_answer(t, SHIM, SHIMS, 1, INIT, 0);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 3, "Start", id, NULL);
	tape_at(t, ms + 20);
	tape_ttrpc_answer(t, SHIM, SHIMS, 3, INIT, 0);
	tape_at(t, ms + 30);
	tape_output(t, INIT, SHIM);
}

/* containerd will say that it is there already: it stays what it was. */
Test(grpc, a_create_of_an_id_in_use_changes_nothing)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	creates(t, 1, "default", "redis", "redis:1");
	tape_at(t, 12);
	answers(t, 1, "", 0);
	runs(t, 100, "default", "redis");
	tape_at(t, 1000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	tape_at(t, 1005);
	creates(t, 3, "default", "redis", "other:2");
	refuses(t, 3, "exists");
	play_until(run, 90000);
	expect_counts(run, 1, 1, 0);
	cr_expect_str_eq(find(run, CT_RECORD_STOP, "redis", 0)->who.image, "redis:1");
	run_free(run);
}

/* The snapshot is where a create begins: its own, in its own namespace, and no image's layer. */
static void create_begins(const char *ns, const char *key, double ms)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 5);
	prepares(t, 1, ns, key);
	answers(t, 1, "", 0);
	tape_at(t, 10);
	creates(t, 3, "default", "redis", "redis:1");
	tape_at(t, 12);
	answers(t, 3, "", 0);
	play_until(run, 90000);
	expect_span(find(run, CT_RECORD_CREATE, "redis", 0), ms, 12);
	run_free(run);
}

Test(grpc, a_create_begins_with_its_own_snapshot)
{
	create_begins("default", "redis", 5);
	create_begins("other", "redis", 10);
	create_begins("default", "redis2", 10);
	create_begins("default", "extract-1 sha256:00", 10);
}

/* An image of many layers leaves room for what is kept of containers. */
Test(grpc, layers_of_images_take_no_room)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	char key[64];

	tape_at(t, 5);
	prepares(t, 1, "default", "redis");
	for (uint32_t i = 0; i < 300; i++) {
		tape_at(t, 6 + i / 100.0);
		snprintf(key, sizeof(key), "extract-%u sha256:00", i);
		prepares(t, 3 + 2 * i, "default", key);
	}
	tape_at(t, 10);
	creates(t, 1001, "default", "redis", "redis:1");
	tape_at(t, 12);
	answers(t, 1001, "", 0);
	play_until(run, 90000);
	expect_span(find(run, CT_RECORD_CREATE, "redis", 0), 5, 12);
	run_free(run);
}

/* The snapshot of an id that was used is not that of who uses it after. */
Test(grpc, a_snapshot_is_of_one_create)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 5);
	prepares(t, 1, "default", "redis");
	answers(t, 1, "", 0);
	tape_at(t, 10);
	creates(t, 3, "default", "redis", "redis:1");
	tape_at(t, 12);
	answers(t, 3, "", 0);
	tape_at(t, 5000);
	asks_about(t, 5, CONTAINERD "containers.v1.Containers/Delete", "default", "redis");
	answers(t, 5, "", 0);
	tape_at(t, 9000);
	creates(t, 7, "default", "redis", "redis:1");
	tape_at(t, 9002);
	answers(t, 7, "", 0);
	play_until(run, 90000);
	expect_span(find(run, CT_RECORD_CREATE, "redis", 1), 9000, 9002);
	run_free(run);
}

/* HUP has a server read its configuration: its stop begins when it exits. */
static void kill_begins(uint64_t signal, const char *exec_id, double stop_ms)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	char msg[128];
	size_t n = put_text(msg, 1, "redis");

	if (exec_id)
		n += put_text(msg + n, 2, exec_id);
	n += tape_put_number(msg + n, 3, signal);
	runs(t, 100, "default", "redis");
	tape_at(t, 1000);
	asks(t, 5, TASKS "Kill", "default", msg, n);
	answers(t, 5, "", 0);
	tape_at(t, 3000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	play_until(run, 90000);
	expect_phase(find(run, CT_RECORD_STOP, "redis", 0), CT_PHASE_STOP, stop_ms);
	run_free(run);
}

Test(grpc, a_stop_begins_with_a_signal_that_ends)
{
	kill_begins(15, NULL, 2000);
	kill_begins(1, NULL, 0);
	kill_begins(15, "session", 0);
}

/* Only the first piece of a message has its beginning, an id. */
Test(grpc, what_follows_of_a_message_is_no_other_request)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	char msg[128], message[256];
	size_t n = put_text(msg, 1, "nobody");

	runs(t, 100, "default", "redis");
	tape_at(t, 1000);
	asks(t, 5, TASKS "Kill", "default", msg, n);
	n = put_text(msg, 1, "redis");
	n = put_data(message, 5, msg, n);
	tape_send(t, CLIENT, SOCKET, message, n);
	answers(t, 5, "", 0);
	tape_at(t, 3000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	play_until(run, 90000);
	expect_phase(find(run, CT_RECORD_STOP, "redis", 0), CT_PHASE_STOP, 0);
	run_free(run);
}

/* A block of headers as it may be sent; whether the one after it that refers to it is understood. */
static bool understood(uint8_t flags, const char *before, size_t before_len, uint16_t event_flags)
{
	static const char path[] = TASKS "Kill", numbered[] = { (char)(0x80 | 62) };
	struct run *run = run_new();
	struct tape *t = &run->t;
	char block[256], message[512], msg[128];
	size_t n = before_len, m;
	struct ct_event *e;
	bool stops;

	runs(t, 100, "default", "redis");
	tape_at(t, 500);
	if (before_len)
		memcpy(block, before, before_len);
	block[n++] = 0x44; /* :path, to be remembered */
	block[n++] = (char)(sizeof(path) - 1);
	memcpy(block + n, path, sizeof(path) - 1);
	n += sizeof(path) - 1;
	m = put_headers(message, 1, flags, block, n);
	t->engine = LIFE_CONTAINERD;
	tape_send(t, CLIENT, SOCKET, message, m);
	e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
	e->flags |= event_flags;
	tape_at(t, 1000);
	m = put_headers(message, 5, END_BLOCK, numbered, 1);
	n = put_text(msg, 1, "redis");
	n += tape_put_number(msg + n, 3, 15);
	m += put_data(message + m, 5, msg, n);
	tape_send(t, CLIENT, SOCKET, message, m);
	tape_at(t, 3000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	play_until(run, 90000);
	stops = ct_record_phase_ns(&find(run, CT_RECORD_STOP, "redis", 0)->rec, CT_PHASE_STOP);
	run_free(run);
	return stops;
}

/* A block whose end is elsewhere, or that is not all there: what its numbers are nobody knows. */
Test(grpc, numbers_of_a_block_that_is_not_whole_are_not_guessed)
{
	cr_expect(understood(END_BLOCK, NULL, 0, 0));
	cr_expect(understood(END_BLOCK | 0x20, "\0\0\0\0\1", 5, 0), "a priority comes before it");
	cr_expect_not(understood(0x40, NULL, 0, 0), "it goes on in another frame");
	cr_expect_not(understood(END_BLOCK | 0x08, "\0", 1, 0), "it is padded");
	cr_expect_not(understood(END_BLOCK, NULL, 0, CT_F_TRUNCATED), "it was cut");
	cr_expect_not(understood(END_BLOCK, NULL, 0, CT_F_NO_DATA), "it was not read");
}

/* The end of an HTTP/2 block that was heard before its request is read once: else numbers shift. */
Test(grpc, numbers_of_an_answer_that_waited_are_not_read_twice)
{
	static const char other[] = "\x40\1x\1y", status[] = "\x40\x0bgrpc-status\1"
							     "6";
	static const char numbered[] = { (char)(0x80 | 62) };
	struct run *run = run_new();
	struct tape *t = &run->t;
	char message[256], msg[128];
	size_t n;

	runs(t, 100, "default", "redis");
	tape_at(t, 1000);
	n = put_headers(message, 1, END_BLOCK | END_STREAM, other, sizeof(other) - 1);
	says(t, message, n);
	n = put_headers(message, 3, END_BLOCK, status, sizeof(status) - 1);
	says(t, message, n);
	tape_at(t, 1010);
	n = put_text(msg, 1, "redis");
	n += tape_put_number(msg + n, 3, 15);
	asks(t, 1, TASKS "Kill", "default", msg, n);
	tape_at(t, 1500);
	runs_pod(t, 5, "db", "u", "shop");
	tape_at(t, 1600);
	n = put_headers(message, 5, END_BLOCK | END_STREAM, numbered, 1);
	says(t, message, n);
	play_until(run, 90000);
	expect_outcome(find(run, CT_RECORD_START, "db", 0), CT_OUTCOME_FAILED);
	run_free(run);
}

/* A connection that has been silent for so long is closed: it is not missed. */
Test(grpc, connections_that_are_silent_are_no_loss)
{
	for (unsigned late = 0; late < 2; late++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		char block[64], message[128];
		size_t n = put_field(block, ":path", TASKS "Get");

		t->engine = LIFE_CONTAINERD;
		for (uint32_t i = 0; i < 1025; i++) {
			tape_at(t, i < 1024 ? 10 : late ? 20000 : 20);
			tape_send(t, CLIENT, 10000 + 2 * i, message,
				  put_headers(message, 1, END_BLOCK, block, n));
		}
		play_until(run, 90000);
		cr_expect_eq(run->counts.lost[CT_LOSS_TALK], !late);
		run_free(run);
	}
}

/* Without any name a shim's Create is what the engine was asked: the last that waits. */
Test(grpc, a_request_whose_name_was_not_heard_is_the_last_that_waits)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	runs(t, 100, "default", "redis");
	tape_at(t, 900);
	tape_grpc_request(t, CLIENT, SOCKET, 11, "redis", false);
	tape_at(t, 1000);
	tape_grpc_request(t, CLIENT, SOCKET, 13, "redis", false);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 5, "Kill", "redis", NULL);
	tape_at(t, 1001);
	tape_ttrpc_answer(t, SHIM, SHIMS, 5, 0, 0);
	tape_at(t, 3000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	play_until(run, 90000);
	expect_phase(find(run, CT_RECORD_STOP, "redis", 0), CT_PHASE_STOP, 2000);
	run_free(run);
}

/* A shim's own words. */

static void forwards(struct tape *t, uint32_t stream, const char *topic, const char *id,
		     const char *process)
{
	static const char service[] = "containerd.services.events.ttrpc.v1.Events";
	char event[128], any[160], envelope[256], request[300], body[400], message[500];
	size_t n = put_text(event, 1, id), len;
	struct ct_event *e;

	n += put_text(event + n, 2, process);
	n = tape_put_bytes(any, 2, event, n);
	len = put_text(envelope, 2, "default");
	len += put_text(envelope + len, 3, topic);
	len += tape_put_bytes(envelope + len, 4, any, n);
	n = tape_put_bytes(request, 1, envelope, len);
	len = put_text(body, 1, service);
	len += put_text(body + len, 2, "Forward");
	len += tape_put_bytes(body + len, 3, request, n);
	tape_send(t, SHIM, SHIMS + 100, message, tape_put_ttrpc(message, stream, 1, body, len));
	e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
	e->root = 0;
	tape_ttrpc_answer(t, LIFE_CONTAINERD, SHIMS + 100, stream, 0, 0);
}

/* The end of an exec session is none of its container's. */
Test(grpc, an_exit_of_a_session_ends_no_stop)
{
	for (unsigned own = 0; own < 2; own++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		runs(t, 100, "default", "redis");
		tape_at(t, 1000);
		tape_exit(t, INIT, CT_ROLE_INIT, 0);
		tape_at(t, 1002);
		forwards(t, 1, "/tasks/exit", "redis", "5e551");
		tape_at(t, 1010);
		forwards(t, 3, "/tasks/exit", "redis", own ? "redis" : "other");
		play_until(run, 90000);
		expect_phase(find(run, CT_RECORD_STOP, "redis", 0), CT_PHASE_DIE, own ? 10 : 0);
		run_free(run);
	}
}

/* The first reason is the cause; what follows is said while it is cleaned up. */
Test(grpc, the_first_reason_of_a_failure_is_told)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_create(t, &l, 10);
	life_request(t, &l, 30, "start");
	tape_at(t, 50);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 1, "Create", l.id, NULL);
	tape_at(t, 60);
	tape_process(t, l.shim, LIFE_CONTAINERD, CT_ROLE_SHIM, "containerd-shim-runc-v2", "-id",
		     l.id, TAPE_END);
	tape_ttrpc_error(t, l.shim, l.shim_socket, 1, "no such program");
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 3, "Delete", l.id, NULL);
	tape_ttrpc_error(t, l.shim, l.shim_socket, 3, "not found");
	life_answer(t, &l, 100, 500, NULL);
	play_until(run, 60000);
	cr_expect_str_eq(find(run, CT_RECORD_START, l.name, 0)->message, "no such program");
	run_free(run);
}

/* Pods of one name in two namespaces of Kubernetes have nothing to do with each other. */
Test(grpc, a_pod_of_another_namespace_is_no_successor)
{
	for (unsigned same = 0; same < 2; same++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		runs_pod(t, 1, "web", "u1", "shop");
		runs(t, 20, "k8s.io", POD);
		tape_at(t, 15);
		plugs(t, "ADD", POD, "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop");
		tape_at(t, 90);
		answers_id(t, 1, POD);
		tape_at(t, 1000);
		tape_exit(t, INIT, CT_ROLE_INIT, 0);
		tape_at(t, 2000);
		runs_pod(t, 3, "web", "u2", same ? "shop" : "bank");
		tape_at(t, 2100);
		answers_id(t, 3, BOX);
		tape_sort(t);
		play_until(run, 90000);
		cr_expect_eq(count(run, CT_RECORD_RESTART), same, "%u", same);
		run_free(run);
	}
}

/* Names of what the kubelet asks for, and where they come from. */
Test(grpc, a_pod_and_what_is_in_it_have_their_names)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	runs_pod(t, 1, "web", "u1", "shop");
	tape_at(t, 50);
	answers_id(t, 1, POD);
	tape_at(t, 60);
	creates_in_pod(t, 3, "nginx", "nginx:1");
	tape_at(t, 70);
	answers_id(t, 3, BOX);
	tape_at(t, 80);
	runs_pod(t, 5, "db", "u2", "shop"); /* takes what was the call before's */
	tape_at(t, 90);
	answers_id(t, 5, "aa" BOX);
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

/* A plugin is executed for the pod of its own uid and namespace, made anew under an old name too. */
static uint64_t pod_begins(const char *command, const char *args)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	uint64_t begin_ns = 0;

	tape_at(t, 10);
	runs_pod(t, 1, "web", "old", "shop");
	tape_at(t, 20);
	plugs(t, command, POD, args);
	tape_at(t, 30);
	runs(t, 30, "k8s.io", POD);
	play_until(run, 90000);
	for (size_t i = 0; i < run->count; i++) {
		if (run->seen[i].rec.type == CT_RECORD_START)
			begin_ns = run->seen[i].rec.begin_ns;
	}
	run_free(run);
	return begin_ns;
}

Test(grpc, a_plugin_is_of_the_pod_that_it_names)
{
	cr_expect_eq(pod_begins("ADD", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=old"),
		     tape_ns(10));
	cr_expect_eq(pod_begins("ADD", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop"), tape_ns(10));
	cr_expect_neq(pod_begins("ADD", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=new"),
		      tape_ns(10));
	cr_expect_neq(pod_begins("ADD", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=other"), tape_ns(10));
	cr_expect_neq(pod_begins("ADD", "K8S_POD_NAME=db;K8S_POD_NAMESPACE=shop"), tape_ns(10));
	cr_expect_neq(pod_begins("DEL", "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop"), tape_ns(10));
}

/* A pod that was refused is told, with the reason as it was said. */
Test(grpc, a_pod_that_is_refused_says_why)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	runs_pod(t, 1, "web", "u1", "shop");
	tape_at(t, 50);
	refuses(t, 1, "no%20network%3a 100%");
	play_until(run, 90000);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_str_eq(s->message, "no network: 100%");
	run_free(run);
}

/* CRI-O answers the same, and is told by its conmon. */
Test(grpc, an_answer_of_crio_makes_no_pod)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_process(t, LIFE_CONTAINERD, 1, CT_ROLE_ENGINE, "/usr/bin/crio", TAPE_END);
	tape_at(t, 10);
	runs_pod(t, 1, "web", "u1", "shop");
	tape_at(t, 50);
	answers_id(t, 1, POD);
	play_until(run, 90000);
	cr_expect_eq(run->count, 0, "%zu", run->count);
	run_free(run);
}
