// SPDX-License-Identifier: GPL-2.0-only
/* What was said before and was not heard: names of requests, the order of answers, whose is whose. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/hear/talk.h"
#include "runs.h"

#define TASKS  "/containerd.services.tasks.v1.Tasks/"
#define CLIENT 777
#define SOCKET 7000
#define SHIM   8000
#define INIT   8002

/* A container of a client of containerd that runs. */
static void redis_runs(struct tape *t)
{
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
	tape_at(t, 60);
	tape_ttrpc_answer(t, SHIM, 9000, 3, INIT, 0);
	tape_output(t, INIT, SHIM);
}

/* A block of headers of which nothing but the path is said, and is to be remembered. */
static size_t remembered(char *to, const char *path)
{
	size_t n = strlen(path);

	to[0] = 0x44;
	to[1] = (char)n;
	memcpy(to + 2, path, n);
	return n + 2;
}

static void headers(struct tape *t, uint32_t stream, uint8_t flags, const char *block, size_t len)
{
	char message[256];
	size_t n = tape_put_frame(message, CT_H2_HEADERS, stream, block, len);

	if (flags)
		message[4] = (char)flags;
	tape_send(t, CLIENT, SOCKET, message, n);
}

/* A request by the number of its path: 62 is what was said last. */
static void asks_by_number(struct tape *t, uint32_t stream, const char *id)
{
	static const char numbered[] = { (char)(0x80 | 62) };
	char field[64], data[64] = "", message[128];
	size_t n = tape_put_bytes(field, 1, id, strlen(id));

	data[4] = (char)n;
	memcpy(data + 5, field, n);
	headers(t, stream, 0, numbered, 1);
	n = tape_put_frame(message, CT_H2_DATA, stream, data, n + 5);
	tape_send(t, CLIENT, SOCKET, message, n);
}

/* It asks for a kill once, then something happens, then it asks by number. */
static uint64_t stop_begins(void (*happens)(struct tape *t))
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;
	char block[128];
	uint64_t stop_ns;

	redis_runs(t);
	tape_at(t, 500);
	headers(t, 1, 0, block, remembered(block, TASKS "Kill"));
	tape_at(t, 600);
	happens(t);
	tape_at(t, 1000);
	asks_by_number(t, 5, "redis");
	tape_at(t, 20000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	play_until(run, 90000);
	s = find(run, CT_RECORD_STOP, "redis", 0);
	stop_ns = ct_record_phase_ns(&s->rec, CT_PHASE_STOP);
	run_free(run);
	return stop_ns;
}

static void nothing(struct tape *t)
{
	(void)t;
}

static void ring_is_full(struct tape *t)
{
	tape_lost(t, CT_LOSS_RING, 1);
}

static void something_is_not_read(struct tape *t)
{
	tape_lost(t, CT_LOSS_READ, 1);
}

static void disk_stalls(struct tape *t)
{
	tape_lost(t, CT_LOSS_DISK, 1);
}

static void hole(struct tape *t)
{
	tape_add(t, CT_KIND_HOLE, CLIENT, NULL, 0)->obj = SOCKET;
}

static void hole_elsewhere(struct tape *t)
{
	tape_add(t, CT_KIND_HOLE, CLIENT, NULL, 0)->obj = SOCKET + 100;
}

static void of_unknown(struct tape *t, uint64_t socket)
{
	struct ct_event *e = tape_add(t, CT_KIND_HOLE, CLIENT, NULL, 0);

	e->obj = socket;
	e->sub = CT_HOLE_UNKNOWN;
}

/* The kernel side has forgotten it, or never knew it. */
static void unknown(struct tape *t)
{
	of_unknown(t, SOCKET);
}

static void unknown_elsewhere(struct tape *t)
{
	of_unknown(t, SOCKET + 100);
}

/* It says "Tasks/Start", in a block whose end is not heard, or that is padded. */
static void block_goes_on(struct tape *t)
{
	char block[128];

	headers(t, 3, 0x01, block, remembered(block, TASKS "Start"));
}

static void block_is_padded(struct tape *t)
{
	char block[130] = "";

	headers(t, 3, 0x0c, block, remembered(block + 1, TASKS "Start") + 1);
}

/* What was remembered in the hole has taken the number: nobody asked for a kill. */
Test(holes, a_number_is_not_what_it_was)
{
	cr_expect_eq(stop_begins(nothing), 19000 * TAPE_MS, "else it is a kill");
	cr_expect_eq(stop_begins(hole_elsewhere), 19000 * TAPE_MS, "else it is a kill");
	cr_expect_eq(stop_begins(ring_is_full), 0);
	cr_expect_eq(stop_begins(something_is_not_read), 0);
	cr_expect_eq(stop_begins(disk_stalls), 0);
	cr_expect_eq(stop_begins(hole), 0);
	cr_expect_eq(stop_begins(unknown), 0);
	cr_expect_eq(stop_begins(unknown_elsewhere), 19000 * TAPE_MS, "else it is a kill");
	cr_expect_eq(stop_begins(block_goes_on), 0);
	cr_expect_eq(stop_begins(block_is_padded), 0);
}

/* Of a connection that is older than tracing nothing is lost: nothing of it was known. */
Test(holes, who_is_forgotten_was_known)
{
	for (int known = 0; known < 2; known++) {
		struct run *run = run_new();
		char block[128];

		redis_runs(&run->t);
		tape_at(&run->t, 500);
		if (known)
			headers(&run->t, 1, 0, block, remembered(block, TASKS "Kill"));
		unknown(&run->t);
		play_until(run, 90000);
		cr_expect_eq(run->counts.lost[CT_LOSS_TALK], (unsigned)known);
		run_free(run);
	}
}

/* Of too many requests the oldest is forgotten, with its line: its answer is nobody's. */
Test(holes, too_many_requests)
{
	for (unsigned many = 16383; many <= 16384; many++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);
		char body[128];

		t->engine = LIFE_DOCKERD;
		tape_at(t, 10);
		tape_http_request(t, LIFE_CLIENT, l.client, "POST /containers/create?name=web",
				  NULL);
		for (unsigned i = 0; i < many; i++) {
			tape_at(t, 20 + i / 1000.0);
			tape_ttrpc_request(t, LIFE_CONTAINERD, 100000, 2 * i + 1, "Connect", l.id,
					   NULL);
		}
		snprintf(body, sizeof(body), "{\"Id\":\"%s\",\"Warnings\":[]}", l.id);
		life_answer(t, &l, 500, 201, body);
		play_until(run, 90000);
		cr_expect_eq(count(run, CT_RECORD_CREATE), many < 16384, "%u", many);
		run_free(run);
	}
}

/* Who was asked refuses: the record says whose it was. */
Test(holes, failed_create_has_an_engine)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	run->t.engine = LIFE_DOCKERD;
	tape_at(&run->t, 10);
	tape_http_request(&run->t, LIFE_CLIENT, l.client, "POST /containers/create?name=web",
			  "{\"Image\":\"none\"}");
	life_answer(&run->t, &l, 20, 404, "{\"message\":\"No such image: none\"}");
	play_until(run, 1000);
	expect_counts(run, 1, 0, 0);
	cr_expect_str_eq(find(run, CT_RECORD_START, "web", 0)->who.engine, "docker");
	run_free(run);
}

/* The network, the volume and the containers of a project, on one connection. */
Test(holes, project_on_one_connection)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life a = life_of(0), b = life_of(1), c = life_of(2);
	struct life *lives[] = { &a, &b, &c };

	t->engine = LIFE_DOCKERD;
	tape_at(t, 1);
	tape_http_request(t, LIFE_CLIENT, a.client, "POST /v1.41/networks/create",
			  "{\"Name\":\"n\"}");
	life_answer(t, &a, 4, 201, "{\"Id\":\"b4f6239ac50b\",\"Warning\":\"\"}");
	tape_at(t, 5);
	tape_http_request(t, LIFE_CLIENT, a.client, "POST /v1.41/volumes/create",
			  "{\"Name\":\"v\"}");
	life_answer(t, &a, 6, 201, "{\"Name\":\"v\"}");
	for (unsigned i = 0; i < 3; i++) {
		lives[i]->client = a.client;
		life_create(t, lives[i], 10 + 12 * i);
	}
	for (unsigned i = 0; i < 3; i++)
		life_start(t, lives[i], 100 + 200 * i);
	play_until(run, 30000);
	for (unsigned i = 0; i < 3; i++) {
		const struct seen *s = find(run, CT_RECORD_START, lives[i]->name, 0);

		cr_expect_str_eq(s->who.id, lives[i]->id);
		cr_expect_str_eq(s->who.engine, "docker");
		expect_phase(s, CT_PHASE_CREATE, LIFE_CREATE);
	}
	run_free(run);
}

/* What a container says through a connection that it was given is no answer, and no request. */
Test(holes, hijacked)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	struct life attached = l;

	attached.client += 10;
	life_create(t, &l, 10);
	life_attach(t, &l, 25);
	life_start(t, &l, 30);
	tape_at(t, LIFE_READY);
	tape_output(t, l.init, l.shim);
	life_request(t, &attached, 1000, "stop");
	life_answer(t, &attached, 1001, 204, NULL);
	life_exit(t, &l, 5000, 0);
	play_until(run, 60000);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(ct_record_phase_ns(&find(run, CT_RECORD_STOP, l.name, 0)->rec, CT_PHASE_STOP),
		     0, "nobody asked");
	run_free(run);
}

/* CRI-O's conmon is not podman's; one for a process that is executed is no start. */
Test(holes, crio)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	tape_process(t, 700, 1, CT_ROLE_ENGINE, "/usr/bin/crio", TAPE_END);
	tape_at(t, 10);
	tape_fork(t, 700, 701, CT_ROLE_ENGINE);
	tape_exec(t, 701, CT_ROLE_SHIM, 9, "/usr/bin/conmon", "-b", "/run/x", "-c", l.id, "-n",
		  "k8s_web_pod_ns_uid_0", "-r", "/usr/bin/crun", TAPE_END);
	tape_fork(t, 701, 702, CT_ROLE_SHIM);
	tape_exec(t, 702, CT_ROLE_RUNTIME, 9, "/usr/bin/crun", "create", "--bundle", "/x", l.id,
		  TAPE_END);
	tape_fork(t, 702, 703, CT_ROLE_RUNTIME);
	tape_at(t, 100);
	tape_exit(t, 702, CT_ROLE_RUNTIME, 0);
	tape_at(t, 120);
	tape_fork(t, 700, 704, CT_ROLE_ENGINE);
	tape_exec(t, 704, CT_ROLE_RUNTIME, 9, "/usr/bin/crun", "start", l.id, TAPE_END);
	tape_exec(t, 703, CT_ROLE_INIT, 10, "app", TAPE_END);
	tape_at(t, 130);
	tape_exit(t, 704, CT_ROLE_RUNTIME, 0);
	tape_at(t, 150);
	tape_output(t, 703, 701);
	for (unsigned i = 0; i < 3; i++) {
		tape_at(t, 1000 + 1000 * i);
		tape_fork(t, 700, 710 + i, CT_ROLE_ENGINE);
		tape_exec(t, 710 + i, CT_ROLE_SHIM, 9, "/usr/bin/conmon", "-c", l.id, "-n",
			  "k8s_web_pod_ns_uid_0", "-r", "/usr/bin/crun", "-e",
			  "--exec-process-spec", "/tmp/p", TAPE_END);
		tape_exit(t, 710 + i, CT_ROLE_SHIM, 0);
	}
	tape_at(t, 9000);
	tape_exit(t, 703, CT_ROLE_INIT, 0);
	tape_exit(t, 701, CT_ROLE_SHIM, 0);
	play_until(run, 90000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "pod/web", 0);
	cr_expect_str_eq(s->who.engine, "crio");
	cr_expect_str_eq(s->who.runtime, "crun");
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 150);
	expect_outcome(find(run, CT_RECORD_STOP, "pod/web", 0), CT_OUTCOME_OK);
	run_free(run);
}

/*
 * A shim that is asked to shut down exits, and may not answer. That it was asked is forgotten with its
 * container; what is asked on a line is not, for the sake of who asks next there.
 */
Test(holes, what_nobody_answers_goes_with_its_container)
{
	static char ids[40][65];
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	struct ct_core *core;

	run->opts.containers_max = 8;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%064x", i + 1);
		l.id = l.name = ids[i];
		l.client += 20;
		life_create(t, &l, 10 + 2000.0 * i);
		tape_ttrpc_request(t, l.containerd, l.shim_socket, l.stream += 2, "Shutdown", l.id,
				   NULL);
		life_request(t, &l, 100 + 2000.0 * i, "stop");
	}
	tape_at(t, 100000);
	tape_clock(t);
	core = core_of(run);
	tape_feed(t, core);
	cr_expect_eq(HASH_COUNT(core->hear->calls), 8 + 40, "%u wait",
		     HASH_COUNT(core->hear->calls));
	for (unsigned i = 0; i < CT_ABOUT_LISTS; i++) {
		struct ct_pending_call *call;

		DL_FOREACH(core->hear->about[i], call)
		{
			cr_expect(call->about, "who is forgotten is on no list");
		}
	}
	ct_core_free(core);
	run_free(run);
}
