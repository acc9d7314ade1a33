// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that are older than the trace: what is asked on them has a number and no name. It is
 * told as soon as it is proved, and not before; what looks alike proves nothing.
 */
#include <criterion/criterion.h>

#include "core/hear/cri.h"
#include "core/hear/wire_hpack.h"
#include "grpc.h"
#include "runs.h"

/* Paths of the kubelet, by their numbers in its table of headers, filled before anybody listened. */
enum path {
	RUN_POD = 70,
	CREATE,
	START,
	STATUS,
	STOP,
	REMOVE
};

#define TRACE_PATH(path) ((char)(0x80 | (path)))

static size_t block_of(char *block, enum path path)
{
	static const char rest[] = "\xbe\xbf\xc0\xc1"; /* authority, content-type, user-agent, te */

	block[0] = '\x83'; /* :method POST */
	block[1] = '\x86'; /* :scheme http */
	block[2] = TRACE_PATH(path);
	memcpy(block + 3, rest, sizeof(rest) - 1);
	return sizeof(rest) + 2;
}

static void asks(struct tape *t, uint32_t stream, enum path path, const char *msg, size_t len)
{
	char block[16], message[1024];
	size_t m = grpc_put_headers(message, stream, END_BLOCK, block, block_of(block, path));

	t->engine = LIFE_CONTAINERD;
	m += grpc_put_data(message + m, stream, msg, len);
	tape_send(t, CLIENT, SOCKET, message, m);
}

static void asks_about(struct tape *t, uint32_t stream, enum path path, const char *id)
{
	char msg[128];

	asks(t, stream, path, msg, grpc_put_text(msg, 1, id));
}

static size_t put_pod(char *msg, const char *name, const char *uid, const char *ns)
{
	char pod[128], config[200];
	size_t n = grpc_put_text(pod, 1, name);

	n += grpc_put_text(pod + n, 2, uid);
	n += grpc_put_text(pod + n, 3, ns);
	n = tape_put_bytes(config, 1, pod, n);
	n += grpc_put_text(config + n, 2, "host");
	return tape_put_bytes(msg, 1, config, n);
}

static size_t put_container(char *msg, const char *pod, const char *name, const char *image)
{
	char in[128], config[200];
	size_t n = grpc_put_text(in, 1, name), m;

	m = tape_put_bytes(config, 1, in, n);
	n = grpc_put_text(in, 1, image);
	m += tape_put_bytes(config + m, 2, in, n);
	n = grpc_put_text(msg, 1, pod);
	return n + tape_put_bytes(msg + n, 2, config, m);
}

static void runs_pod(struct tape *t, uint32_t stream, enum path path)
{
	char msg[300];

	asks(t, stream, path, msg, put_pod(msg, "web", "u1", "shop"));
}

static void creates(struct tape *t, uint32_t stream, enum path path)
{
	char msg[400];

	asks(t, stream, path, msg, put_container(msg, POD, "nginx", "nginx:1"));
}

static void succeeds(struct tape *t, uint32_t stream)
{
	grpc_answers(t, stream, "", 0);
}

static void refuses(struct tape *t, uint32_t stream)
{
	grpc_refuses(t, stream, "no");
}

/* What became of the pod and its container is the same as if all had been heard from the first. */
Test(inferred, what_is_proved_is_told_from_its_request_on)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	runs_pod(t, 1, RUN_POD);
	tape_at(t, 50);
	grpc_answers_id(t, 1, POD);
	tape_at(t, 60);
	creates(t, 3, CREATE);
	tape_at(t, 70);
	grpc_answers_id(t, 3, BOX);
	tape_at(t, 80);
	asks_about(t, 5, START, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 104);
	succeeds(t, 5);
	tape_at(t, 1000);
	asks_about(t, 7, STOP, BOX);
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
	asks_about(t, 9, REMOVE, BOX);
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

/* Answered with anything but an id, or refused, it was no such request; its path is no such path. */
Test(inferred, a_message_that_looks_alike_makes_no_container)
{
	for (unsigned i = 0; i < 3; i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		if (i < 2)
			runs_pod(t, 1, RUN_POD);
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
		runs_pod(t, 3, RUN_POD);
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
static uint64_t begins(void (*before)(struct tape *t), enum path path)
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
	asks_about(t, 33, path, POD);
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

/* A request that waits while the container is made and started, and is answered then. */
static void one_start(struct tape *t)
{
	made(t);
	tape_at(t, 80);
	asks_about(t, 5, START, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 104);
	succeeds(t, 5);
}

static void start_and_status_wait(struct tape *t)
{
	made(t);
	tape_at(t, 80);
	asks_about(t, 5, START, BOX);
	asks_about(t, 7, STATUS, BOX);
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
	asks_about(t, 5, START, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 83);
	asks_about(t, 7, STATUS, BOX);
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
	asks_about(t, 5, STATUS, BOX);
	tape_at(t, 76);
	succeeds(t, 5); /* it started nothing: it is no start for ever */
	tape_at(t, 80);
	asks_about(t, 7, STATUS, BOX); /* and is so slow that it looks like one */
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 104);
	succeeds(t, 7);
}

static void hole(struct tape *t)
{
	char block[16], message[64];

	one_start(t);
	tape_at(t, 110);
	/* A block that is not whole: all numbers of before have moved. */
	tape_send(t, CLIENT, SOCKET, message,
		  grpc_put_headers(message, 9, 0, block, block_of(block, STATUS)));
}

static const struct {
	const char *name;
	void (*before)(struct tape *t);
	enum path path;
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
	asks_about(t, 5, STATUS, BOX);
	tape_at(t, 80);
	asks_about(t, 7, START, BOX);
	grpc_runs(t, 90, "k8s.io", BOX);
	tape_at(t, 400);
	play_until(run, 90000);
	expect_phase(find(run, CT_RECORD_START, "/nginx", 0), CT_PHASE_START, 20);
	run_free(run);
}

/* Whatever it is called: two blocks have one key only if they have the same path. */
Test(inferred, a_key_is_of_one_path)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers a, b;
	char block[16];
	size_t n = block_of(block, START);

	cr_assert(ct_hpack_read(h, ct_text(block, n), &a));
	cr_expect_eq(a.key.fields, CT_PATH_FIELDS);
	/* What is remembered afterwards moves the numbers, and not the key. */
	cr_assert(ct_hpack_read(h, ct_text("\x40\x01x\x01y", 5), &b));
	cr_expect_eq(b.key.fields, 1);
	for (size_t i = 2; i < n; i++)
		block[i]++;
	cr_assert(ct_hpack_read(h, ct_text(block, n), &b));
	cr_expect_arr_eq(a.key.field, b.key.field, sizeof(a.key.field));
	block[2]++;
	cr_assert(ct_hpack_read(h, ct_text(block, n), &b));
	cr_expect_arr_neq(a.key.field, b.key.field, sizeof(a.key.field));
	block[2]--;
	ct_hpack_forget(h);
	cr_assert(ct_hpack_read(h, ct_text(block, n), &b));
	cr_expect_arr_neq(a.key.field, b.key.field, sizeof(a.key.field));
	/* A value that is not to be remembered has no number: it may be the path. */
	cr_assert(ct_hpack_read(h, ct_text("\x83\x86\x04\x01/\xbe\xbf\xc0", 8), &b));
	cr_expect_lt(b.key.fields, CT_PATH_FIELDS);
	/* Older than any table. */
	cr_assert(ct_hpack_read(h, ct_text("\x83\x86\xff\xff\x7f\xbe\xbf", 7), &b));
	cr_expect_lt(b.key.fields, CT_PATH_FIELDS);
	ct_hpack_free(h);
}

static size_t pod(char *to)
{
	return put_pod(to, "web", "u1", "shop");
}

static size_t pod_and_handler(char *to)
{
	size_t n = pod(to);

	return n + grpc_put_text(to + n, 2, "runc");
}

static size_t pod_of_two(char *to)
{
	char pod[64], config[80];
	size_t n = grpc_put_text(pod, 1, "web");

	n += grpc_put_text(pod + n, 2, "u1");
	n = tape_put_bytes(config, 1, pod, n);
	return tape_put_bytes(to, 1, config, n);
}

static size_t pod_of_secrets(char *to)
{
	return put_pod(to, "web", "user:pass word", "shop");
}

static size_t pull(char *to)
{
	char in[80];
	size_t n = grpc_put_text(in, 1, "docker.io/shop/web:1");

	n = tape_put_bytes(to, 1, in, n);
	return n + tape_put_bytes(to + n, 2, in, grpc_put_text(in, 1, "user"));
}

static size_t container(char *to)
{
	return put_container(to, POD, "nginx", "nginx:1");
}

static size_t container_of_name(char *to)
{
	return put_container(to, "web", "nginx", "nginx:1");
}

static size_t execs(char *to)
{
	size_t n = grpc_put_text(to, 1, POD);

	n += grpc_put_text(to + n, 2, "/bin/true");
	return n + tape_put_number(to + n, 3, 1);
}

static size_t id(char *to)
{
	return grpc_put_text(to, 1, POD);
}

static size_t id_and_number(char *to)
{
	size_t n = id(to);

	return n + tape_put_number(to + n, 2, 30);
}

static size_t version(char *to)
{
	return grpc_put_text(to, 1, "0.1.0");
}

static size_t nothing(char *to)
{
	(void)to;
	return 0;
}

static const struct {
	const char *name;
	size_t (*put)(char *to);
	enum ct_cri_shape shape;
} shapes[] = {
	{ "RunPodSandbox", pod, CT_CRI_POD },
	{ "RunPodSandbox with a handler", pod_and_handler, CT_CRI_POD },
	{ "a pod of two names", pod_of_two, CT_CRI_OTHER },
	{ "a pod with a password", pod_of_secrets, CT_CRI_OTHER },
	{ "PullImage", pull, CT_CRI_OTHER },
	{ "CreateContainer", container, CT_CRI_CONTAINER },
	{ "a container of no id", container_of_name, CT_CRI_OTHER },
	{ "ExecSync", execs, CT_CRI_OTHER },
	{ "StartContainer", id, CT_CRI_ID },
	{ "StopContainer", id_and_number, CT_CRI_ID_AND_NUMBER },
	{ "Version", version, CT_CRI_OTHER },
	{ "List", nothing, CT_CRI_OTHER },
};

Test(inferred, messages_have_shapes)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(shapes); i++) {
		char msg[512];
		size_t n = shapes[i].put(msg);

		cr_expect_eq(ct_cri_shape(ct_text(msg, n)), shapes[i].shape, "%s", shapes[i].name);
		/* Nothing is read behind what was captured (the sanitizer sees it). */
		for (size_t cut = 0; cut < n; cut++) {
			char *exact = malloc(cut ? cut : 1);

			memcpy(exact, msg, cut);
			ct_cri_shape(ct_text(exact, cut));
			free(exact);
		}
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

/* Nobody executes a plugin for a pod in the host's network: it is one all the same when it is asked for. */
Test(inferred, a_pod_without_a_network_is_started_when_that_is_answered)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	runs_pod(t, 1, RUN_POD);
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
		runs_pod(t, 1, RUN_POD);
		tape_at(t, 20);
		grpc_plugs(t, "ADD", POD,
			   other ? "K8S_POD_NAME=web;K8S_POD_NAMESPACE=bank;K8S_POD_UID=u1"
				 : "K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop;K8S_POD_UID=u1");
		tape_at(t, 30);
		refuses(t, 1);
		play_until(run, 90000);
		cr_expect_eq(count(run, CT_RECORD_START), !other, "%u", other);
		run_free(run);
	}
}
