// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/hear/wire.h"
#include "tape.h"
#include "util/mem.h"

#define ID "7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada"

/* A copy of exactly that size: a sanitizer sees the byte behind it. */
static struct ct_text exactly(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);

	cr_assert(copy);
	memcpy(copy, bytes, len);
	return ct_text(copy, len);
}

static void release(struct ct_text t)
{
	free((char *)t.p);
}

static bool same(struct ct_text t, const char *s)
{
	return s ? ct_text_is(t, s) : !t.len;
}

struct request {
	const char *bytes;
	const char *verb, *ref, *query, *body; /* verb NULL: refused; "": about no container */
};

static const struct request requests[] = {
	{ "POST /v1.41/containers/create?name=web HTTP/1.1\r\nHost: x\r\n\r\n{\"a\":1}", "create",
	  "create", "name=web", "{\"a\":1}" },
	{ "POST /v1.41/containers/create HTTP/1.1\r\n\r\n", "create", "create", NULL, NULL },
	{ "POST /containers/create HTTP/1.1\r\n\r\n", "create", "create", NULL, NULL },
	{ "POST /v1.41/containers/" ID "/start HTTP/1.1\r\n\r\n", "start", ID, NULL, NULL },
	{ "POST /v1.41/containers/web/stop?t=0 HTTP/1.1\r\n\r\n", "stop", "web", "t=0", NULL },
	{ "POST /v1.41/containers/web/attach?stderr=1&stdout=1 HTTP/1.1\r\n\r\n", "attach", "web",
	  "stderr=1&stdout=1", NULL },
	{ "DELETE /v1.41/containers/web HTTP/1.1\r\n\r\n", "delete", "web", NULL, NULL },
	{ "DELETE /v1.41/containers/web?force=1&v=1 HTTP/1.1\r\n\r\n", "delete", "web",
	  "force=1&v=1", NULL },
	/* the container of that name, not the request */
	{ "POST /v1.41/containers/create/start HTTP/1.1\r\n\r\n", "start", "create", NULL, NULL },
	/* cut in the middle of a header: what is there counts */
	{ "POST /v1.41/containers/web/kill HTTP/1.1\r\nHost: api.mo", "kill", "web", NULL, NULL },
	{ "POST /v1.41/containers/web/kill", "kill", "web", NULL, NULL },

	{ "GET /v1.41/containers/web/json HTTP/1.1\r\n\r\n", "", NULL, NULL, NULL },
	{ "POST /v1.41/networks/create HTTP/1.1\r\n\r\n", "", NULL, NULL, NULL },
	{ "DELETE /v1.41/images/busybox HTTP/1.1\r\n\r\n", "", NULL, NULL, NULL },
	{ "POST /v1.41/containers/web HTTP/1.1\r\n\r\n", "", "web", NULL, NULL },
	{ "POST /v1.41/containers HTTP/1.1\r\n\r\n", "", NULL, NULL, NULL },
	{ "POST /v1.41/ HTTP/1.1\r\n\r\n", "", NULL, NULL, NULL },
	{ "POST / HTTP/1.1\r\n\r\n", "", NULL, NULL, NULL },
	{ "POST v1.41/containers/create HTTP/1.1\r\n\r\n", NULL, NULL, NULL, NULL },
	{ "POST", NULL, NULL, NULL, NULL },
	{ "POST ", NULL, NULL, NULL, NULL },
	{ "POSTER /v1.41/containers/create HTTP/1.1\r\n\r\n", NULL, NULL, NULL, NULL },
	{ "post /v1.41/containers/create HTTP/1.1\r\n\r\n", NULL, NULL, NULL, NULL },
	{ "{\"Image\":\"busybox\"}", NULL, NULL, NULL, NULL },
	{ "\r\n\r\n", NULL, NULL, NULL, NULL },
	{ "", NULL, NULL, NULL, NULL },
};

Test(wire, http_requests)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(requests); i++) {
		const struct request *r = &requests[i];
		struct ct_text bytes = exactly(r->bytes, strlen(r->bytes));
		struct ct_http http;
		bool ok = ct_http_parse(bytes, &http);

		cr_expect_eq(ok, r->verb != NULL, "'%s'", r->bytes);
		if (ok && r->verb) {
			cr_expect_not(http.answer, "'%s'", r->bytes);
			cr_expect(ct_text_is(http.verb, r->verb), "'%s': verb", r->bytes);
			cr_expect(same(http.ref, r->ref), "'%s': ref", r->bytes);
			cr_expect(same(http.query, r->query), "'%s': query", r->bytes);
			cr_expect(same(http.body, r->body), "'%s': body", r->bytes);
		}
		release(bytes);
	}
}

struct answer {
	const char *bytes;
	int status; /* 0: refused */
	const char *body;
};

static const struct answer answers[] = {
	{ "HTTP/1.1 201 Created\r\nServer: Docker\r\n\r\n{\"Id\":\"1\"}", 201, "{\"Id\":\"1\"}" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", 204, NULL },
	{ "HTTP/1.1 101 UPGRADED\r\nContent-Type: x\r\n\r\n", 101, NULL },
	{ "HTTP/1.0 404 Not Found\r\n\r\n", 404, NULL },
	{ "HTTP/1.1 500", 500, NULL },
	{ "HTTP/1.1 50", 0, NULL },
	{ "HTTP/1.1 ", 0, NULL },
	{ "HTTP/1.", 0, NULL },
	{ "HTTP/1.1 2x4 \r\n\r\n", 0, NULL },
	{ "HTTP/1.1 -04 \r\n\r\n", 0, NULL },
	{ "HTTP/2.0 200 OK\r\n\r\n", 0, NULL },
};

Test(wire, http_answers)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(answers); i++) {
		const struct answer *a = &answers[i];
		struct ct_text bytes = exactly(a->bytes, strlen(a->bytes));
		struct ct_http http;
		bool ok = ct_http_parse(bytes, &http);

		cr_expect_eq(ok, a->status != 0, "'%s'", a->bytes);
		if (ok && a->status) {
			cr_expect(http.answer, "'%s'", a->bytes);
			cr_expect_eq(http.status, a->status, "'%s': %d", a->bytes, http.status);
			cr_expect(same(http.body, a->body), "'%s': body", a->bytes);
		}
		release(bytes);
	}
}

static const struct {
	const char *query, *key, *value;
} queries[] = {
	{ "name=web", "name", "web" },
	{ "platform=&name=web&x=1", "name", "web" },
	{ "platform=&name=web", "platform", NULL },
	{ "surname=web", "name", NULL },
	{ "name", "name", NULL },
	{ "name=a=b", "name", "a=b" },
	{ "&&name=web", "name", "web" },
	{ "name=a&name=b", "name", "a" },
	{ "", "name", NULL },
};

Test(wire, http_query)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(queries); i++) {
		struct ct_text q = exactly(queries[i].query, strlen(queries[i].query));

		cr_expect(same(ct_http_query(q, queries[i].key), queries[i].value), "'%s'",
			  queries[i].query);
		release(q);
	}
}

/* The bytes of the one SEND event that `t` holds; the tape is gone then. */
static struct ct_text sent(struct tape *t)
{
	const struct ct_event *e = tape_event(t, 0);
	struct ct_text bytes = exactly(e->tail, e->tail_len);

	tape_free(t);
	return bytes;
}

static const struct {
	const char *method, *exec_id;
	bool is_exec; /* the second field counts as one */
} methods[] = {
	{ "Create", "/run/bundle", false }, { "Start", NULL, false },  { "Start", "ab12", true },
	{ "Exec", "ab12", true },           { "Delete", NULL, false }, { "Kill", "", false },
};

Test(wire, ttrpc_requests)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(methods); i++) {
		struct ct_text bytes;
		struct ct_ttrpc rpc;
		struct tape t = { 0 };

		tape_ttrpc_request(&t, 1, 2, 0x01020305, methods[i].method, ID, methods[i].exec_id);
		bytes = sent(&t);
		cr_assert(ct_ttrpc_parse(bytes, &rpc), "%s", methods[i].method);
		cr_expect_not(rpc.answer);
		cr_expect_eq(rpc.stream, 0x01020305);
		cr_expect(ct_text_is(rpc.service, "containerd.task.v2.Task"));
		cr_expect(ct_text_is(rpc.method, methods[i].method), "%s", methods[i].method);
		cr_expect(ct_text_is(rpc.id, ID), "%s", methods[i].method);
		cr_expect(same(rpc.exec_id, methods[i].is_exec ? methods[i].exec_id : NULL), "%s",
			  methods[i].method);
		release(bytes);
	}
}

Test(wire, ttrpc_answers)
{
	struct tape t = { 0 };
	struct ct_text bytes;
	struct ct_ttrpc rpc;
	uint64_t value = 0;

	tape_ttrpc_answer(&t, 1, 2, 9, 29344, 137);
	bytes = sent(&t);
	cr_assert(ct_ttrpc_parse(bytes, &rpc));
	cr_expect(rpc.answer);
	cr_expect_not(rpc.failed);
	cr_expect_eq(rpc.stream, 9);
	cr_expect(ct_proto_varint(rpc.payload, 1, &value));
	cr_expect_eq(value, 29344);
	cr_expect(ct_proto_varint(rpc.payload, 2, &value));
	cr_expect_eq(value, 137);
	cr_expect_not(ct_proto_varint(rpc.payload, 3, &value));
	release(bytes);

	tape_ttrpc_answer(&t, 1, 2, 9, 0, 0); /* nothing but a header */
	bytes = sent(&t);
	cr_assert(ct_ttrpc_parse(bytes, &rpc));
	cr_expect_not(rpc.failed);
	cr_expect_eq(rpc.payload.len, 0);
	release(bytes);

	tape_ttrpc_error(&t, 1, 2, 9, "no such task");
	bytes = sent(&t);
	cr_assert(ct_ttrpc_parse(bytes, &rpc));
	cr_expect(rpc.failed);
	cr_expect(ct_text_is(rpc.message, "no such task"));
	release(bytes);
}

/* Whatever is left of a message: no byte behind it is read, and no text lies outside of it. */
Test(wire, ttrpc_cut_anywhere)
{
	struct tape t = { 0 };
	struct ct_text whole;

	tape_ttrpc_request(&t, 1, 2, 3, "Start", ID, "ab12");
	whole = sent(&t);
	for (size_t len = 0; len < whole.len; len++) {
		struct ct_text cut = exactly(whole.p, len);
		struct ct_ttrpc rpc;

		if (ct_ttrpc_parse(cut, &rpc)) {
			const struct ct_text texts[] = { rpc.service, rpc.method, rpc.id,
							 rpc.exec_id };

			for (size_t i = 0; i < CT_ARRAY_SIZE(texts); i++)
				cr_expect(!texts[i].len ||
						  (texts[i].p >= cut.p &&
						   texts[i].p + texts[i].len <= cut.p + cut.len),
					  "cut at %zu: text %zu", len, i);
		} else {
			/* The service and the first letter of the method are enough. */
			cr_expect_lt(len, 10 + 2 + 23 + 2 + 1, "cut at %zu", len);
		}
		release(cut);
	}
	release(whole);
}

/* Columns: what is wrong, bytes, their number, whether it is TTRPC all the same. */
static const struct {
	const char *name, *bytes;
	size_t len;
	bool ok;
} broken[] = {
	{ "empty", "", 0, false },
	{ "header cut", "\0\0\0\0\0\0\0\1\2", 9, false },
	{ "answer without a body", "\0\0\0\0\0\0\0\1\2\0", 10, true },
	{ "request without a body", "\0\0\0\0\0\0\0\1\1\0", 10, false },
	{ "type 0", "\0\0\0\0\0\0\0\1\0\0", 10, false },
	{ "type 3: data", "\0\0\0\0\0\0\0\1\3\0", 10, false },
	{ "flags", "\0\0\0\0\0\0\0\1\2\1", 10, false },
	{ "length field of 4 GiB", "\xff\xff\xff\xff\0\0\0\1\2\0", 10, true },
	{ "field of 2^63 bytes",
	  "\0\0\0\x0b\0\0\0\1\2\0\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x41", 21, true },
	{ "varint without an end",
	  "\0\0\0\x0c\0\0\0\1\1\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 22, false },
	{ "service without a method", "\0\0\0\3\0\0\0\1\1\0\x0a\1s", 13, false },
	{ "field of an unknown wire type", "\0\0\0\2\0\0\0\1\1\0\x0b\1", 12, false },
	{ "fixed fields before it",
	  "\0\0\0\x14\0\0\0\1\1\0\x25\1\2\3\4\x29\1\2\3\4\5\6\7\x08\x0a\1s\x12\1m", 30, true },
};

Test(wire, ttrpc_broken)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(broken); i++) {
		struct ct_text bytes = exactly(broken[i].bytes, broken[i].len);
		struct ct_ttrpc rpc;

		cr_expect_eq(ct_ttrpc_parse(bytes, &rpc), broken[i].ok, "%s", broken[i].name);
		release(bytes);
	}
}

Test(wire, proto_varints)
{
	static const uint64_t values[] = { 0,          1,         127,        128,
					   1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX };

	for (size_t i = 0; i < CT_ARRAY_SIZE(values); i++) {
		char bytes[32];
		size_t len = tape_put_number(bytes, 15, values[i]);
		uint64_t value = 42;

		cr_expect(ct_proto_varint(ct_text(bytes, len), 15, &value));
		cr_expect_eq(value, values[i]);
		value = 42;
		cr_expect_not(ct_proto_varint(ct_text(bytes, len - 1), 15, &value));
		cr_expect_not(ct_proto_varint(ct_text(bytes, len), 14, &value));
		cr_expect_eq(value, 42, "untouched when there is none");
	}
}

static const struct {
	uint8_t type;
	uint32_t stream;
	size_t len;
} frames[] = { { 6, 0, 8 },
	       { CT_H2_HEADERS, 4095, 70 },
	       { CT_H2_DATA, 4095, 200 },
	       { 8, 0, 4 },
	       { CT_H2_DATA, 0x7fffffff, 0 } };

/* A batch, cut at every byte: whole frames first, then what was captured of the last. */
Test(wire, h2_batches)
{
	char payload[256], batch[1024];
	size_t len = 0;

	memset(payload, 'x', sizeof(payload));
	for (size_t i = 0; i < CT_ARRAY_SIZE(frames); i++)
		len += tape_put_frame(batch + len, frames[i].type, frames[i].stream, payload,
				      frames[i].len);
	for (size_t cut = 0; cut <= len; cut++) {
		struct ct_text bytes = exactly(batch, cut), rest = bytes;
		struct ct_h2_frame frame;
		size_t n = 0, at = 0;

		while (ct_h2_next(&rest, &frame)) {
			size_t room = cut - at - 9;

			cr_assert_lt(n, CT_ARRAY_SIZE(frames), "cut at %zu", cut);
			cr_expect_eq(frame.type, frames[n].type, "cut at %zu", cut);
			cr_expect_eq(frame.stream, frames[n].stream, "cut at %zu", cut);
			cr_expect_eq(frame.payload.len, frames[n].len < room ? frames[n].len : room,
				     "cut at %zu: frame %zu", cut, n);
			at += 9 + frame.payload.len;
			n++;
		}
		if (cut == len)
			cr_expect_eq(n, CT_ARRAY_SIZE(frames));
		release(bytes);
	}
}

/* The highest bit of the stream is reserved: a receiver ignores it. */
Test(wire, h2_reserved_bit)
{
	struct ct_text rest = ct_text("\0\0\0\0\0\x80\0\0\5", 9);
	struct ct_h2_frame frame;

	cr_assert(ct_h2_next(&rest, &frame));
	cr_expect_eq(frame.stream, 5);
	cr_expect_eq(rest.len, 0);
}

static size_t grpc_data(char *to, const char *id, bool nested)
{
	char inner[256];
	size_t n = tape_put_bytes(inner, 1, id, strlen(id)), len = 5;

	memset(to, 0, 5);
	if (nested)
		len += tape_put_bytes(to + 5, 1, inner, n);
	else
		memcpy(to + 5, inner, n), len += n;
	return len;
}

Test(wire, grpc_ids_direct_and_nested)
{
	struct ct_text ids[2], bytes;
	char data[512], longest[128];
	size_t n;

	bytes = exactly(data, grpc_data(data, ID, false));
	n = ct_grpc_ids(bytes, ids);
	cr_assert_geq(n, 1);
	cr_expect(ct_text_is(ids[0], ID));
	release(bytes);

	bytes = exactly(data, grpc_data(data, ID, true));
	n = ct_grpc_ids(bytes, ids);
	cr_assert_eq(n, 2);
	cr_expect(ct_text_is(ids[1], ID));
	release(bytes);

	/* longer than any id, and empty */
	memset(longest, 'a', 77);
	longest[77] = '\0';
	cr_expect_eq(ct_grpc_ids(ct_text(data, grpc_data(data, longest, false)), ids), 0);
	cr_expect_eq(ct_grpc_ids(ct_text(data, grpc_data(data, "", false)), ids), 0);
	longest[76] = '\0';
	cr_expect_geq(ct_grpc_ids(ct_text(data, grpc_data(data, longest, false)), ids), 1);

	/* a message of no fields is one */
	cr_expect(ct_grpc_message(ct_text("\0\0\0\0\0", 5), &bytes));
	cr_expect_eq(bytes.len, 0);
	cr_expect_not(ct_grpc_message(ct_text("\0\0\0\0\0", 4), &bytes));

	/* compressed */
	n = grpc_data(data, ID, false);
	data[0] = 1;
	cr_expect_eq(ct_grpc_ids(ct_text(data, n), ids), 0);
	for (size_t cut = 0; cut < 6; cut++)
		cr_expect_eq(ct_grpc_ids(ct_text("\0\0\0\0\1\n", cut), ids), 0, "%zu bytes", cut);
}

/* Bytes without any sense: every decoder stays inside of them. */
Test(wire, garbage)
{
	uint32_t seed = 1;
	char bytes[64];

	for (unsigned round = 0; round < 20000; round++) {
		struct ct_text text, rest, ids[2];
		struct ct_h2_frame frame;
		struct ct_ttrpc rpc;
		struct ct_http http;
		size_t len = round % sizeof(bytes);

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (char)(seed >> 24);
		}
		if (len > 9 && round % 3)
			bytes[8] = 1 + round % 2, bytes[9] = 0;
		text = exactly(bytes, len);
		ct_http_parse(text, &http);
		ct_ttrpc_parse(text, &rpc);
		ct_grpc_ids(text, ids);
		rest = text;
		while (ct_h2_next(&rest, &frame))
			;
		release(text);
	}
}
