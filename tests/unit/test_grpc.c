// SPDX-License-Identifier: GPL-2.0-only
/* Clients of containerd: what is asked about whom, what was heard of it, and what was refused. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "grpc.h"
#include "runs.h"

/* containerd will say that it is there already: it stays what it was. */
Test(grpc, a_create_of_an_id_in_use_changes_nothing)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	grpc_creates(t, 1, "default", "redis", "redis:1");
	tape_at(t, 12);
	grpc_answers(t, 1, "", 0);
	grpc_runs(t, 100, "default", "redis");
	tape_at(t, 1000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	tape_at(t, 1005);
	grpc_creates(t, 3, "default", "redis", "other:2");
	grpc_refuses(t, 3, "exists");
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
	grpc_prepares(t, 1, ns, key);
	grpc_answers(t, 1, "", 0);
	tape_at(t, 10);
	grpc_creates(t, 3, "default", "redis", "redis:1");
	tape_at(t, 12);
	grpc_answers(t, 3, "", 0);
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

/* How many steps of that name the record has. */
static size_t steps_of(const struct seen *s, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < s->rec.step_count; i++)
		n += !strcmp(s->steps[i].name, name);
	return n;
}

/* A snapshot is a step, whether its container has been created by then or is after. */
Test(grpc, a_snapshot_before_its_container_and_behind)
{
	for (int behind = 0; behind < 2; behind++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		run->opts.steps = true;
		for (int i = 0; i < 2; i++) {
			tape_at(t, 5 + 10 * i);
			if (behind == i)
				grpc_prepares(t, 1 + 2 * (uint32_t)i, "default", "redis");
			else
				grpc_creates(t, 1 + 2 * (uint32_t)i, "default", "redis", "redis:1");
			tape_at(t, 8 + 10 * i);
			grpc_answers(t, 1 + 2 * (uint32_t)i, "", 0);
		}
		grpc_runs(t, 100, "default", "redis");
		play_until(run, 90000);
		cr_expect_eq(steps_of(find(run, CT_RECORD_START, "redis", 0), "snapshot"), 1,
			     "behind: %d", behind);
		run_free(run);
	}
}

/* An image of many layers leaves room for what is kept of containers. */
Test(grpc, layers_of_images_take_no_room)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	char key[64];

	tape_at(t, 5);
	grpc_prepares(t, 1, "default", "redis");
	for (uint32_t i = 0; i < 300; i++) {
		tape_at(t, 6 + i / 100.0);
		snprintf(key, sizeof(key), "extract-%u sha256:00", i);
		grpc_prepares(t, 3 + 2 * i, "default", key);
	}
	tape_at(t, 10);
	grpc_creates(t, 1001, "default", "redis", "redis:1");
	tape_at(t, 12);
	grpc_answers(t, 1001, "", 0);
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
	grpc_prepares(t, 1, "default", "redis");
	grpc_answers(t, 1, "", 0);
	tape_at(t, 10);
	grpc_creates(t, 3, "default", "redis", "redis:1");
	tape_at(t, 12);
	grpc_answers(t, 3, "", 0);
	tape_at(t, 5000);
	grpc_asks_about(t, 5, CONTAINERD "containers.v1.Containers/Delete", "default", "redis");
	grpc_answers(t, 5, "", 0);
	tape_at(t, 9000);
	grpc_creates(t, 7, "default", "redis", "redis:1");
	tape_at(t, 9002);
	grpc_answers(t, 7, "", 0);
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
	size_t n = grpc_put_text(msg, 1, "redis");

	if (exec_id)
		n += grpc_put_text(msg + n, 2, exec_id);
	n += tape_put_number(msg + n, 3, signal);
	grpc_runs(t, 100, "default", "redis");
	tape_at(t, 1000);
	grpc_asks(t, 5, TASKS "Kill", "default", msg, n);
	grpc_answers(t, 5, "", 0);
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
	size_t n = grpc_put_text(msg, 1, "nobody");

	grpc_runs(t, 100, "default", "redis");
	tape_at(t, 1000);
	grpc_asks(t, 5, TASKS "Kill", "default", msg, n);
	n = grpc_put_text(msg, 1, "redis");
	n = grpc_put_data(message, 5, msg, n);
	tape_send(t, CLIENT, SOCKET, message, n);
	grpc_answers(t, 5, "", 0);
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

	grpc_runs(t, 100, "default", "redis");
	tape_at(t, 500);
	if (before_len)
		memcpy(block, before, before_len);
	block[n++] = 0x44; /* :path, to be remembered */
	block[n++] = (char)(sizeof(path) - 1);
	memcpy(block + n, path, sizeof(path) - 1);
	n += sizeof(path) - 1;
	m = grpc_put_headers(message, 1, flags, block, n);
	t->engine = LIFE_CONTAINERD;
	tape_send(t, CLIENT, SOCKET, message, m);
	e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
	e->flags |= event_flags;
	tape_at(t, 1000);
	m = grpc_put_headers(message, 5, END_BLOCK, numbered, 1);
	n = grpc_put_text(msg, 1, "redis");
	n += tape_put_number(msg + n, 3, 15);
	m += grpc_put_data(message + m, 5, msg, n);
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

/* An answer that was heard before its request has been read: else all numbers shift. */
Test(grpc, numbers_of_an_answer_that_waited_are_not_read_twice)
{
	static const char other[] = "\x40\1x\1y", status[] = "\x40\x0bgrpc-status\1"
							     "0";
	static const char numbered[] = { (char)(0x80 | 62) };
	struct run *run = run_new();
	struct tape *t = &run->t;
	char message[256], msg[128];
	size_t n;

	grpc_runs(t, 100, "default", "redis");
	tape_at(t, 1000);
	n = grpc_put_headers(message, 1, END_BLOCK | END_STREAM, other, sizeof(other) - 1);
	grpc_says(t, message, n);
	n = grpc_put_headers(message, 3, END_BLOCK, status, sizeof(status) - 1);
	grpc_says(t, message, n);
	tape_at(t, 1010);
	n = grpc_put_text(msg, 1, "redis");
	n += tape_put_number(msg + n, 3, 15);
	grpc_asks(t, 1, TASKS "Kill", "default", msg, n);
	tape_at(t, 1500);
	grpc_runs_pod(t, 5, "db", "u", "shop");
	tape_at(t, 1600);
	n = grpc_put_headers(message, 5, END_BLOCK | END_STREAM, numbered, 1);
	grpc_says(t, message, n);
	play_until(run, 90000);
	expect_counts(run, 1, 0, 0); /* it says that it has not failed */
	run_free(run);
}

/* A connection that has been silent for so long is closed: it is not missed. */
Test(grpc, connections_that_are_silent_are_no_loss)
{
	for (unsigned late = 0; late < 2; late++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		char block[64], message[128];
		size_t n = grpc_put_field(block, ":path", TASKS "Get");

		t->engine = LIFE_CONTAINERD;
		for (uint32_t i = 0; i < 1025; i++) {
			tape_at(t, i < 1024 ? 10 : late ? 20000 : 20);
			tape_send(t, CLIENT, 10000 + 2 * i, message,
				  grpc_put_headers(message, 1, END_BLOCK, block, n));
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

	grpc_runs(t, 100, "default", "redis");
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
		     const char *process, bool refused)
{
	static const char service[] = "containerd.services.events.ttrpc.v1.Events";
	char event[128], any[160], envelope[256], request[300], body[400], message[500];
	size_t n = grpc_put_text(event, 1, id), len;
	struct ct_event *e;

	n += grpc_put_text(event + n, 2, process);
	n = tape_put_bytes(any, 2, event, n);
	len = grpc_put_text(envelope, 2, "default");
	len += grpc_put_text(envelope + len, 3, topic);
	len += tape_put_bytes(envelope + len, 4, any, n);
	n = tape_put_bytes(request, 1, envelope, len);
	len = grpc_put_text(body, 1, service);
	len += grpc_put_text(body + len, 2, "Forward");
	len += tape_put_bytes(body + len, 3, request, n);
	tape_send(t, SHIM, SHIMS + 100, message, tape_put_ttrpc(message, stream, 1, body, len));
	e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
	e->root = 0;
	if (refused)
		tape_ttrpc_error(t, LIFE_CONTAINERD, SHIMS + 100, stream, "no such topic");
	else
		tape_ttrpc_answer(t, LIFE_CONTAINERD, SHIMS + 100, stream, 0, 0);
}

/* The end of an exec session is none of its container's; what its shim says is heard, also where it is refused. */
Test(grpc, an_exit_of_a_session_ends_no_stop)
{
	for (unsigned own = 0; own < 3; own++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		grpc_runs(t, 100, "default", "redis");
		tape_at(t, 1000);
		tape_exit(t, INIT, CT_ROLE_INIT, 0);
		tape_at(t, 1002);
		forwards(t, 1, "/tasks/exit", "redis", "5e551", false);
		tape_at(t, 1010);
		forwards(t, 3, "/tasks/exit", "redis", own ? "redis" : "other", own == 2);
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

/* What the other side is told of its window, of a stream or of all, of settings: nothing is asked or answered by it. */
Test(grpc, frames_of_the_connection_say_nothing)
{
	static const struct {
		uint8_t type;
		uint32_t stream;
	} frames[] = { { 8, 1 }, { 8, 0 }, { 4, 0 }, { 6, 0 },
		       { 2, 1 }, { 0, 0 }, { 1, 0 }, { 9, 1 } };

	for (size_t i = 0; i < CT_ARRAY_SIZE(frames); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		char frame[32];
		size_t n = tape_put_frame(frame, frames[i].type, frames[i].stream, "\x88\0\0\0", 4);

		tape_at(t, 10);
		grpc_creates(t, 1, "default", "redis", "redis:1");
		tape_at(t, 11);
		grpc_says(t, frame, n);
		tape_send(t, CLIENT, SOCKET, frame, n);
		tape_at(t, 12);
		grpc_answers(t, 1, "", 0);
		play_until(run, 90000);
		expect_span(find(run, CT_RECORD_CREATE, "redis", 0), 10, 12);
		expect_nothing_odd(run);
		run_free(run);
	}
}
