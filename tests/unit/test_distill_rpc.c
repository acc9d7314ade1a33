// SPDX-License-Identifier: GPL-2.0-only
/* What is kept of gRPC and TTRPC: of every way in which a password was seen to travel, not the password. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>

#include "core/hear/wire_hpack.h"
#include "distill_play.h"

TestSuite(distill_rpc, .init = setup, .fini = teardown);

static size_t grpc(char *to, uint32_t stream, const char *msg, size_t len)
{
	char data[512] = { 0, 0, 0, 0, (char)len };

	memcpy(data + 5, msg, len);
	return tape_put_frame(to, CT_H2_DATA, stream, data, len + 5);
}

/* A header block of raw strings, to be remembered: names[i], values[i]. */
static size_t block(char *to, const char *path, const char *name, const char *value)
{
	size_t n = 0;

	to[n++] = 0x44; /* :path */
	to[n++] = (char)strlen(path);
	memcpy(to + n, path, strlen(path));
	n += strlen(path);
	to[n++] = 0x40;
	to[n++] = (char)strlen(name);
	memcpy(to + n, name, strlen(name));
	n += strlen(name);
	to[n++] = (char)strlen(value);
	memcpy(to + n, value, strlen(value));
	return n + strlen(value);
}

static void say_headers(uint32_t stream, const char *path, const char *name, const char *value)
{
	char bytes[512], frame[600];
	size_t n = block(bytes, path, name, value);

	n = tape_put_frame(frame, CT_H2_HEADERS, stream, bytes, n);
	frame[4] = 0x04; /* END_HEADERS */
	tape_send(&tape, 7, CLIENT, frame, n);
}

static void say_data(uint32_t stream, const char *msg, size_t len)
{
	char frame[600];

	tape_send(&tape, 7, CLIENT, frame, grpc(frame, stream, msg, len));
}

static void answer_data(uint32_t stream, const char *msg, size_t len)
{
	char frame[600];
	size_t n = grpc(frame, stream, msg, len);
	struct ct_event *e = tape_add(&tape, CT_KIND_SEND, 9, frame, n);

	e->sub = AF_UNIX;
	e->ret = (int)n;
	e->flags = CT_F_SERVER;
	e->obj = CLIENT + 1;
	e->arg = CLIENT;
}

Test(distill_rpc, grpc_headers)
{
	say_headers(1, "/runtime.v1.ImageService/PullImage", "authorization", "Bearer " CANARY);
	cr_expect(has(kept(), "/runtime.v1.ImageService/PullImage"));
	cr_expect_not(has(kept(), "authorization"));
	cr_expect_not(has(kept(), CANARY));
	cr_expect_eq(kept()->tail_len, tape_event(&tape, 0)->tail_len, "a block is whole");
	/* What has a number of its own from now on: authorization again, a path again. */
	tape_send(&tape, 7, CLIENT, "\0\0\x10\x01\x04\0\0\0\x03\x7e\x0e" CANARY "", 25);
	cr_expect_not(has(kept(), CANARY));
	/* Not a path, whatever its number says. */
	say_headers(5, CANARY "?x", "containerd-namespace", "default");
	cr_expect_not(has(kept(), CANARY));
	cr_expect(has(kept(), "default"));
}

Test(distill_rpc, grpc_pull)
{
	char spec[64], auth[64], msg[128];
	size_t n = tape_put_bytes(spec, 1, "reg/img:1", 9), m;

	m = tape_put_bytes(msg, 1, spec, n);
	n = tape_put_bytes(auth, 1, "me", 2);
	n += tape_put_bytes(auth + n, 2, CANARY, strlen(CANARY));
	m += tape_put_bytes(msg + m, 2, auth, n);
	say_headers(1, "/runtime.v1.ImageService/PullImage", "a", "b");
	kept();
	say_data(1, msg, m);
	cr_expect(has(kept(), "reg/img:1"));
	cr_expect_not(has(kept(), CANARY));
}

/* A method that nobody reads: ids that are known, and nothing else; the second message: nothing. */
Test(distill_rpc, grpc_of_no_interest)
{
	char msg[128];
	size_t n = tape_put_bytes(msg, 1, ID, 64);

	n += tape_put_bytes(msg + n, 2, CANARY, strlen(CANARY));
	say_headers(1, "/moby.buildkit.v1.Control/Solve", "a", "b");
	kept();
	say_data(1, msg, n);
	cr_expect_not(has(kept(), ID));
	cr_expect_not(has(kept(), CANARY));
	say_data(3, msg, n); /* its headers were not heard */
	cr_expect_not(has(kept(), ID));
	tape_identity(&tape, 0, "id", ID, TAPE_END);
	kept();
	say_data(5, msg, n);
	cr_expect(has(kept(), ID));
	cr_expect_not(has(kept(), CANARY));
	say_headers(7, "/containerd.services.tasks.v1.Tasks/Delete", "a", "b");
	kept();
	say_data(7, msg, n);
	cr_expect(has(kept(), ID));
	cr_expect_not(has(kept(), CANARY));
	tape_send(&tape, 7, CLIENT, tape_event(&tape, tape.count - 1)->tail,
		  tape_event(&tape, tape.count - 1)->tail_len);
	cr_expect_not(has(kept(), ID));
}

/* containerd's Containers/Create on a connection that is older: { 1: { 1: id, 4: what is executed... } }. */
Test(distill_rpc, grpc_of_no_interest_with_an_id_within)
{
	static const char args[] = "{\"args\":[\"" CANARY "\"],\"env\":[\"A=" CANARY "\"]}";
	char inner[256], msg[300];
	size_t n = tape_put_bytes(inner, 1, ID, 64);

	n += tape_put_bytes(inner + n, 5, args, sizeof(args) - 1);
	n = tape_put_bytes(msg, 1, inner, n);
	tape_identity(&tape, 0, "id", ID, TAPE_END);
	kept();
	say_data(3, msg, n);
	cr_expect(has(kept(), ID));
	cr_expect_not(has(kept(), CANARY));
	answer_data(3, msg, n);
	cr_expect_not(has(kept(), CANARY));
}

/* When a container exited is read of answers and events; what has its place is not. */
Test(distill_rpc, when_it_exited)
{
	char time[32], msg[256], event[160], any[200], whole[300];
	size_t t = tape_put_number(time, 1, 1795406224), n, m;
	const struct ct_event *e;

	t += tape_put_number(time + t, 2, 955821100);
	for (int secret = 0; secret < 2; secret++) {
		n = tape_put_number(msg, 1, 7);
		n += tape_put_bytes(msg + n, 2, secret ? CANARY : time,
				    secret ? strlen(CANARY) : t);
		m = tape_put_bytes(event, 2, msg, n);
		tape_send(&tape, 7, CLIENT, whole, tape_put_ttrpc(whole, 1, 2, event, m));
		e = kept();
		cr_expect_eq(memmem(e->tail, e->tail_len, time, t) != NULL, !secret);
		cr_expect_not(has(e, CANARY));

		n = tape_put_bytes(event, 1, ID, 64);
		n += tape_put_bytes(event + n, 2, ID, 64);
		n += tape_put_bytes(event + n, 5, secret ? CANARY : time,
				    secret ? strlen(CANARY) : t);
		m = tape_put_bytes(any, 1, CANARY, strlen(CANARY));
		m += tape_put_bytes(any + m, 2, event, n);
		n = tape_put_bytes(msg, 1, "/tasks/exit", 11);
		n += tape_put_bytes(msg + n, 2, any, m);
		say_headers(1 + 2 * (uint32_t)secret,
			    "/containerd.services.events.v1.Events/Publish", "a", "b");
		kept();
		say_data(1 + 2 * (uint32_t)secret, msg, n);
		e = kept();
		cr_expect(has(e, "/tasks/exit"));
		cr_expect(has(e, ID));
		cr_expect_eq(memmem(e->tail, e->tail_len, time, t) != NULL, !secret);
		cr_expect_not(has(e, CANARY));
	}
}

/* An agent is told which container it is about, and much that is nobody else's. */
Test(distill_rpc, what_an_agent_is_asked)
{
	char msg[128];
	size_t n = tape_put_bytes(msg, 1, ID, 64);
	const struct ct_event *e;

	n += tape_put_bytes(msg + n, 6, CANARY, strlen(CANARY));
	say_headers(1, "/grpc.AgentService/CreateContainer", "a", "b");
	cr_expect(has(kept(), "/grpc.AgentService/CreateContainer"));
	say_data(1, msg, n);
	e = kept();
	cr_expect(has(e, ID));
	cr_expect_not(has(e, CANARY));
	n = tape_put_bytes(msg, 1, CANARY, strlen(CANARY)); /* a host's name */
	say_headers(3, "/grpc.AgentService/CreateSandbox", "a", "b");
	kept();
	say_data(3, msg, n);
	cr_expect_not(has(kept(), CANARY));
}

/* Its method was named before anybody listened: what has the shape of a pod has names there. */
Test(distill_rpc, grpc_of_a_connection_that_is_older)
{
	static const struct {
		const char *uid, *what;
		bool kept;
	} rows[] = {
		{ "u1", "a pod", true },
		{ "u1 " CANARY, "no name", false },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		char pod[80], config[160], msg[200];
		size_t n = tape_put_bytes(pod, 1, "web-1", 5);

		n += tape_put_bytes(pod + n, 2, rows[i].uid, strlen(rows[i].uid));
		n += tape_put_bytes(pod + n, 3, "shop", 4);
		n = tape_put_bytes(config, 1, pod, n);
		n += tape_put_bytes(config + n, 2, CANARY, strlen(CANARY));
		n = tape_put_bytes(msg, 1, config, n);
		say_data(21 + 2 * (uint32_t)i, msg, n);
		cr_expect_eq(has(kept(), "web-1"), rows[i].kept, "%s", rows[i].what);
		cr_expect_eq(has(kept(), "shop"), rows[i].kept, "%s", rows[i].what);
		cr_expect_not(has(kept(), CANARY), "%s", rows[i].what);
	}
}

/* Of what accompanies a request the namespace, and none of the tokens beside it. */
/* What a command writes may look like an id, and be all of the answer. */
Test(distill_rpc, output_of_a_command_on_a_connection_that_is_older)
{
	static const char key[] =
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
	char msg[200];
	size_t n = tape_put_bytes(msg, 1, ID, 64);

	n += tape_put_bytes(msg + n, 2, "cat", 3);
	n += tape_put_bytes(msg + n, 2, "/key", 4);
	n += tape_put_number(msg + n, 3, 1);
	say_data(21, msg, n);
	kept();
	n = tape_put_bytes(msg, 1, key, 64);
	n += tape_put_number(msg + n, 3, 7);
	answer_data(21, msg, n);
	cr_expect_not(has(kept(), key));
	answer_data(21, msg, 66); /* a number that is 0 is not sent */
	cr_expect_not(has(kept(), key));
	answer_data(23, msg, 66);
	cr_expect(has(kept(), key), "that of who makes a pod is an id");
}

Test(distill_rpc, ttrpc_namespace)
{
	static const char *const keys[] = { CT_TTRPC_NAMESPACE, "authorization" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(keys); i++) {
		char pair[80], body[200], message[240];
		size_t n = tape_put_bytes(pair, 1, keys[i], strlen(keys[i])), m;

		n += tape_put_bytes(pair + n, 2, CANARY, strlen(CANARY));
		m = tape_put_bytes(body, 1, "containerd.task.v2.Task", 23);
		m += tape_put_bytes(body + m, 2, "State", 5);
		m += tape_put_bytes(body + m, 5, pair, n);
		tape_send(&tape, 7, CLIENT, message, tape_put_ttrpc(message, 1, 1, body, m));
		cr_expect_eq(has(kept(), CANARY), i == 0, "%s", keys[i]);
	}
}

Test(distill_rpc, sends_that_are_nothing_known)
{
	tape_send(&tape, 7, CLIENT, CANARY " and more of it", 29);
	cr_expect_eq(kept()->tail_len, 0);
	tape_send(&tape, 7, CLIENT, "\0\0\x0e\x09\x04\0\0\0\x01" CANARY, 23); /* CONTINUATION */
	cr_expect_not(has(kept(), CANARY));
}

Test(distill_rpc, what_says_nothing_of_others_is_as_it_was)
{
	tape_sync(&tape, 7, ID, "config.v2.json");
	cr_expect_eq(kept(), tape_event(&tape, 0));
	tape_exec(&tape, 7, CT_ROLE_RUNTIME, 1, "runc", "init", TAPE_END);
	cr_expect_eq(kept(), tape_event(&tape, 1));
}
