// SPDX-License-Identifier: GPL-2.0-only
#include "tape.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX CT_TAIL_MAX

uint64_t tape_ns(double ms)
{
	return TAPE_T0_NS + (uint64_t)(ms * (double)TAPE_MS + 0.5);
}

void tape_at(struct tape *t, double ms)
{
	t->now_ns = tape_ns(ms);
}

void tape_free(struct tape *t)
{
	free(t->bytes);
	*t = (struct tape){ 0 };
}

struct ct_event *tape_add(struct tape *t, enum ct_kind kind, uint32_t tgid, const void *tail,
			  size_t len)
{
	size_t whole = (sizeof(struct ct_event) + len + CT_EVENT_ALIGN - 1) / CT_EVENT_ALIGN *
		       CT_EVENT_ALIGN;
	struct ct_event *e;

	if (t->len + whole > t->room) {
		t->room = 2 * t->room + whole + 4096;
		t->bytes = realloc(t->bytes, t->room);
		if (!t->bytes)
			abort();
	}
	if (!t->now_ns)
		t->now_ns = TAPE_T0_NS;
	e = (struct ct_event *)(t->bytes + t->len);
	memset(e, 0, whole);
	e->len = (uint16_t)whole;
	e->kind = (uint8_t)kind;
	e->flags = kind >= CT_KIND_CLOCK ? CT_F_SEEDED : 0;
	e->tail_len = (uint16_t)len;
	e->ts_ns = t->now_ns;
	e->tgid = tgid;
	e->tid = tgid;
	if (len)
		memcpy(e->tail, tail, len);
	t->len += whole;
	t->count++;
	return e;
}

/* Strings up to the end of the list, each with its NUL. */
static size_t put_strings(char *to, va_list args)
{
	const char *s;
	size_t len = 0;

	while ((s = va_arg(args, const char *))) {
		size_t n = strlen(s) + 1;

		if (len + n > MESSAGE_MAX)
			abort();
		memcpy(to + len, s, n);
		len += n;
	}
	return len;
}

void tape_fork(struct tape *t, uint32_t parent, uint32_t child, enum ct_role role)
{
	struct ct_event *e = tape_add(t, CT_KIND_FORK, parent, NULL, 0);

	e->obj = child;
	e->sub = (uint16_t)role;
}

void tape_exec(struct tape *t, uint32_t tgid, enum ct_role role, uint64_t netns, ...)
{
	char tail[MESSAGE_MAX];
	struct ct_event *e;
	va_list args;
	size_t len;

	va_start(args, netns);
	len = put_strings(tail, args);
	va_end(args);
	e = tape_add(t, CT_KIND_EXEC, tgid, tail, len);
	e->sub = (uint16_t)role;
	e->obj = netns;
	if (role == CT_ROLE_INIT) {
		e->root = tgid;
		e->arg = 1;
	}
}

void tape_forked_by(struct tape *t, uint32_t parent, uint32_t above)
{
	struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);

	e->dur_ns = parent | (uint64_t)above << 32;
}

void tape_exit(struct tape *t, uint32_t tgid, enum ct_role role, int status)
{
	struct ct_event *e = tape_add(t, CT_KIND_EXIT, tgid, NULL, 0);

	e->sub = (uint16_t)role;
	e->ret = status;
}

void tape_process(struct tape *t, uint32_t tgid, uint32_t parent, enum ct_role role, ...)
{
	char tail[MESSAGE_MAX];
	struct ct_event *e;
	va_list args;
	size_t len;

	va_start(args, role);
	len = put_strings(tail, args);
	va_end(args);
	e = tape_add(t, CT_KIND_PROCESS, tgid, tail, len);
	e->sub = (uint16_t)role;
	e->arg = parent;
	if (role == CT_ROLE_INIT)
		e->root = tgid;
}

void tape_identity(struct tape *t, uint32_t engine, ...)
{
	char tail[MESSAGE_MAX];
	va_list args;
	size_t len;

	va_start(args, engine);
	len = put_strings(tail, args);
	va_end(args);
	tape_add(t, CT_KIND_IDENTITY, engine, tail, len);
}

static void send_bytes(struct tape *t, uint32_t tgid, uint64_t socket, bool answer,
		       const char *bytes, size_t len)
{
	struct ct_event *e = tape_add(t, CT_KIND_SEND, tgid, bytes, len);

	e->sub = AF_UNIX;
	e->ret = (int)len;
	e->flags = answer ? CT_F_SERVER : 0;
	e->root = answer ? 0 : t->engine;
	e->obj = answer ? socket + 1 : socket;
	e->arg = answer ? socket : socket + 1;
}

void tape_send(struct tape *t, uint32_t tgid, uint64_t socket, const char *bytes, size_t len)
{
	send_bytes(t, tgid, socket, false, bytes, len);
}

void tape_http_request(struct tape *t, uint32_t tgid, uint64_t socket, const char *line,
		       const char *body)
{
	char text[MESSAGE_MAX];
	int len = snprintf(
		text, sizeof(text),
		"%s HTTP/1.1\r\nHost: api.moby.localhost\r\n%s%s%sContent-Length: %zu\r\n\r\n",
		line, t->agent ? "User-Agent: " : "", t->agent ? t->agent : "",
		t->agent ? "\r\n" : "", body ? strlen(body) : 0);

	send_bytes(t, tgid, socket, false, text, (size_t)len);
	/* The Go client writes the body with a call of its own. */
	if (body)
		send_bytes(t, tgid, socket, false, body, strlen(body));
}

void tape_http_answer(struct tape *t, uint32_t tgid, uint64_t socket, int status, const char *body)
{
	char text[MESSAGE_MAX];
	int len = snprintf(
		text, sizeof(text),
		"HTTP/1.1 %d Whatever\r\nApi-Version: 1.41\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
		status, t->server ? "Server: " : "", t->server ? t->server : "",
		t->server ? "\r\n" : "", body ? strlen(body) : 0, body ? body : "");

	send_bytes(t, tgid, socket, true, text, (size_t)len);
}

void tape_http_chunk(struct tape *t, uint32_t tgid, uint64_t socket, const char *body)
{
	char text[MESSAGE_MAX];
	int len = snprintf(text, sizeof(text), "%zx\r\n%s\r\n", strlen(body) + 2, body);

	send_bytes(t, tgid, socket, true, text, (size_t)len);
}

size_t tape_put_varint(char *to, uint64_t value)
{
	size_t n = 0;

	for (; value > 0x7f; value >>= 7)
		to[n++] = (char)(value | 0x80);
	to[n++] = (char)value;
	return n;
}

size_t tape_put_number(char *to, uint32_t field, uint64_t value)
{
	size_t n = tape_put_varint(to, (uint64_t)field << 3);

	return n + tape_put_varint(to + n, value);
}

size_t tape_put_bytes(char *to, uint32_t field, const char *data, size_t len)
{
	size_t n = tape_put_varint(to, (uint64_t)field << 3 | 2);

	n += tape_put_varint(to + n, len);
	memcpy(to + n, data, len);
	return n + len;
}

static size_t put_big_endian(char *to, size_t bytes, uint32_t value)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (char)(value >> (8 * (bytes - 1 - i)));
	return bytes;
}

size_t tape_put_ttrpc(char *to, uint32_t stream, uint8_t type, const char *body, size_t len)
{
	put_big_endian(to, 4, (uint32_t)len);
	put_big_endian(to + 4, 4, stream);
	to[8] = (char)type;
	to[9] = 0;
	memcpy(to + 10, body, len);
	return len + 10;
}

size_t tape_put_frame(char *to, uint8_t type, uint32_t stream, const char *body, size_t len)
{
	put_big_endian(to, 3, (uint32_t)len);
	to[3] = (char)type;
	to[4] = type == CT_H2_HEADERS ? 4 : 0;
	put_big_endian(to + 5, 4, stream);
	memcpy(to + 9, body, len);
	return len + 9;
}

void tape_ttrpc_request(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
			const char *method, const char *id, const char *exec_id)
{
	static const char service[] = "containerd.task.v2.Task";
	char payload[512], body[1024], message[1100];
	size_t n, len;

	n = tape_put_bytes(payload, 1, id, strlen(id));
	if (exec_id)
		n += tape_put_bytes(payload + n, 2, exec_id, strlen(exec_id));
	len = tape_put_bytes(body, 1, service, sizeof(service) - 1);
	len += tape_put_bytes(body + len, 2, method, strlen(method));
	len += tape_put_bytes(body + len, 3, payload, n);
	len = tape_put_ttrpc(message, stream, 1, body, len);
	send_bytes(t, tgid, socket, false, message, len);
}

void tape_ttrpc_answer(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
		       uint64_t field1, uint64_t field2)
{
	char payload[64], body[128], message[256];
	size_t n = 0, len;

	if (field1)
		n += tape_put_number(payload + n, 1, field1);
	if (field2)
		n += tape_put_number(payload + n, 2, field2);
	len = n ? tape_put_bytes(body, 2, payload, n) : 0;
	len = tape_put_ttrpc(message, stream, 2, body, len);
	send_bytes(t, tgid, socket, true, message, len);
}

void tape_ttrpc_error(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
		      const char *why)
{
	char status[600], body[700], message[800];
	size_t n, len;

	n = tape_put_number(status, 1, 2);
	n += tape_put_bytes(status + n, 2, why, strlen(why));
	len = tape_put_bytes(body, 1, status, n);
	len = tape_put_ttrpc(message, stream, 2, body, len);
	send_bytes(t, tgid, socket, true, message, len);
}

void tape_grpc_request(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
		       const char *id, bool nested)
{
	static const char headers[] = "\x83\x86\xd0\xec\xeb\xea\xe9\xe7";
	char field[256], inner[256], data[512], message[1024];
	size_t n, len;

	n = tape_put_bytes(field, 1, id, strlen(id));
	if (nested) {
		memcpy(inner, field, n);
		n = tape_put_bytes(field, 1, inner, n);
	}
	memset(data, 0, 5);
	put_big_endian(data + 1, 4, (uint32_t)n);
	memcpy(data + 5, field, n);
	len = tape_put_frame(message, CT_H2_HEADERS, stream, headers, sizeof(headers) - 1);
	len += tape_put_frame(message + len, CT_H2_DATA, stream, data, n + 5);
	send_bytes(t, tgid, socket, false, message, len);
}

void tape_grpc_answer(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream)
{
	static const char pong[] = "\x02\x04\x10\x10\x09\x0e\x07\x07";
	char message[128];
	size_t len;

	len = tape_put_frame(message, 6 /* PING */, 0, pong, 8);
	len += tape_put_frame(message + len, CT_H2_HEADERS, stream, "\x88\xce", 2);
	len += tape_put_frame(message + len, CT_H2_DATA, stream, "\0\0\0\0\0", 5);
	send_bytes(t, tgid, socket, true, message, len);
}

static void state_file(struct tape *t, enum ct_kind kind, uint32_t tgid, const char *dir,
		       const char *file)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "%s/%s", dir, file);

	tape_add(t, kind, tgid, text, (size_t)len);
}

void tape_sync(struct tape *t, uint32_t tgid, const char *dir, const char *file)
{
	state_file(t, CT_KIND_SYNC, tgid, dir, file);
}

void tape_unlink(struct tape *t, uint32_t tgid, const char *dir, const char *file)
{
	state_file(t, CT_KIND_UNLINK, tgid, dir, file);
}

void tape_output(struct tape *t, uint32_t root, uint32_t shim)
{
	struct ct_event *e = tape_add(t, CT_KIND_OUTPUT, root, NULL, 0);

	e->root = root;
	e->obj = shim;
	e->arg = 1;
}

void tape_relay(struct tape *t, uint32_t shim, const char *dir, const char *fifo)
{
	state_file(t, CT_KIND_RELAY, shim, dir, fifo);
}

static void tcp(struct tape *t, enum ct_kind kind, uint32_t root, uint16_t port)
{
	struct ct_event *e = tape_add(t, kind, root, NULL, 0);

	e->root = root;
	e->arg = port;
}

void tape_listen(struct tape *t, uint32_t root, uint16_t port)
{
	tcp(t, CT_KIND_LISTEN, root, port);
}

void tape_accept(struct tape *t, uint32_t root, uint16_t port)
{
	tcp(t, CT_KIND_ACCEPT, root, port);
}

void tape_open(struct tape *t, uint32_t root, const char *path)
{
	struct ct_event *e = tape_add(t, CT_KIND_OPEN, root, path, strlen(path));

	e->root = root;
}

void tape_netlink(struct tape *t, uint32_t tgid, uint64_t netns, double ms)
{
	struct ct_event *e = tape_add(t, CT_KIND_NETLINK, tgid, "\x28\0\0\0", 4);

	e->obj = netns;
	e->dur_ns = tape_ns(ms) - TAPE_T0_NS;
}

void tape_cgroup(struct tape *t, uint32_t tgid, const char *path)
{
	tape_add(t, CT_KIND_CGROUP, tgid, path, strlen(path))->obj = 77;
}

void tape_call(struct tape *t, uint32_t tgid, enum ct_call call, double ms, ...)
{
	char tail[MESSAGE_MAX];
	struct ct_event *e;
	va_list args;
	size_t len;

	va_start(args, ms);
	len = put_strings(tail, args);
	va_end(args);
	e = tape_add(t, CT_KIND_CALL, tgid, tail, len ? len - 1 : 0);
	e->sub = (uint16_t)call;
	e->dur_ns = tape_ns(ms) - TAPE_T0_NS;
}

void tape_clock(struct tape *t)
{
	tape_add(t, CT_KIND_CLOCK, 0, NULL, 0);
}

void tape_lost(struct tape *t, uint16_t loss, uint64_t count)
{
	struct ct_event *e = tape_add(t, CT_KIND_LOST, 0, NULL, 0);

	e->sub = loss;
	e->obj = count;
}

void tape_options(struct tape *t, uint32_t ready_mask)
{
	tape_add(t, CT_KIND_OPTIONS, 0, NULL, 0)->obj = ready_mask;
}

const struct ct_event *tape_event(const struct tape *t, size_t i)
{
	const char *at = t->bytes;

	while (i--)
		at += ((const struct ct_event *)at)->len;
	return (const struct ct_event *)at;
}

void tape_feed(const struct tape *t, struct ct_core *core)
{
	size_t at = 0;

	while (at < t->len) {
		const struct ct_event *e = (const struct ct_event *)(t->bytes + at);

		ct_core_feed(core, e);
		at += e->len;
	}
}

static int by_time(const void *a, const void *b)
{
	const struct ct_event *x = *(const struct ct_event *const *)a;
	const struct ct_event *y = *(const struct ct_event *const *)b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

void tape_sort(struct tape *t)
{
	const struct ct_event **order = calloc(t->count + 1, sizeof(*order));
	char *sorted = malloc(t->room + 1);
	size_t at = 0;

	if (!order || !sorted)
		abort();
	for (size_t i = 0; i < t->count; i++) {
		order[i] = (const struct ct_event *)(t->bytes + at);
		at += order[i]->len;
	}
	qsort(order, t->count, sizeof(*order), by_time);
	at = 0;
	for (size_t i = 0; i < t->count; i++) {
		memcpy(sorted + at, order[i], order[i]->len);
		at += order[i]->len;
	}
	free(order);
	free(t->bytes);
	t->bytes = sorted;
	t->room++;
}
