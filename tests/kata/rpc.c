// SPDX-License-Identifier: GPL-2.0-only
#include "rpc.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool rpc_empty_status;

static void put_number(struct message *m, uint64_t value)
{
	do {
		m->bytes[m->len++] = (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
}

void put_varint(struct message *m, uint32_t field, uint64_t value)
{
	put_number(m, field << 3);
	put_number(m, value);
}

void put_bytes(struct message *m, uint32_t field, const void *bytes, size_t len)
{
	if (len > sizeof(m->bytes) - m->len - 32)
		return;
	put_number(m, field << 3 | 2);
	put_number(m, len);
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

void put_string(struct message *m, uint32_t field, const char *text)
{
	put_bytes(m, field, text, strlen(text));
}

static uint64_t take_number(struct bytes *b)
{
	uint64_t value = 0;

	for (int shift = 0; b->len; shift += 7) {
		unsigned char byte = (unsigned char)*b->p++;

		b->len--;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

/* The next field; true when it is there. */
static bool take(struct bytes *b, uint32_t *field, struct bytes *data, uint64_t *value)
{
	uint64_t key;

	if (!b->len)
		return false;
	key = take_number(b);
	*field = (uint32_t)(key >> 3);
	*data = (struct bytes){ b->p, 0 };
	*value = take_number(b);
	if ((key & 7) == 2) {
		if (*value > b->len)
			return false;
		*data = (struct bytes){ b->p, *value };
		b->p += *value;
		b->len -= *value;
	}
	return true;
}

struct bytes get_bytes(struct bytes message, uint32_t wanted, int n)
{
	struct bytes data;
	uint32_t field;
	uint64_t value;

	while (take(&message, &field, &data, &value)) {
		if (field == wanted && n-- == 0)
			return data;
	}
	return (struct bytes){ "", 0 };
}

uint64_t get_varint(struct bytes message, uint32_t wanted)
{
	struct bytes data;
	uint32_t field;
	uint64_t value;

	while (take(&message, &field, &data, &value)) {
		if (field == wanted)
			return value;
	}
	return 0;
}

char *to_string(struct bytes b, char *to, size_t room)
{
	size_t n = b.len < room ? b.len : room - 1;

	memcpy(to, b.p, n);
	to[n] = '\0';
	return to;
}

bool is(struct bytes b, const char *text)
{
	return b.len == strlen(text) && !memcmp(b.p, text, b.len);
}

void put_time(struct message *m, uint32_t field, const struct timespec *when)
{
	struct message time = { .len = 0 };

	put_varint(&time, 1, (uint64_t)when->tv_sec);
	put_varint(&time, 2, (uint64_t)when->tv_nsec);
	put_bytes(m, field, time.bytes, time.len);
}

bool read_all(int fd, char *to, size_t len)
{
	while (len) {
		ssize_t n = read(fd, to, len);

		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

bool rpc_read(int fd, char *buffer, struct rpc *ret)
{
	unsigned char h[10];
	struct bytes body;
	uint32_t len;

	if (!read_all(fd, (char *)h, sizeof(h)))
		return false;
	len = (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3];
	if (len > RPC_MAX || !read_all(fd, buffer, len))
		return false;
	body = (struct bytes){ buffer, len };
	ret->stream = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
	ret->type = h[8];
	ret->service = get_bytes(body, 1, 0);
	ret->method = get_bytes(body, 2, 0);
	ret->payload = ret->type == RPC_REQUEST ? get_bytes(body, 3, 0) : get_bytes(body, 2, 0);
	return true;
}

/* In one send, as ttrpc's Go and Rust do. */
static void send_message(int fd, uint32_t stream, uint8_t type, const struct message *body)
{
	static struct message whole;
	uint32_t len = htonl((uint32_t)body->len), number = htonl(stream);

	memcpy(whole.bytes, &len, 4);
	memcpy(whole.bytes + 4, &number, 4);
	whole.bytes[8] = (char)type;
	whole.bytes[9] = 0;
	if (body->len > sizeof(whole.bytes) - 10)
		return;
	memcpy(whole.bytes + 10, body->bytes, body->len);
	if (send(fd, whole.bytes, body->len + 10, MSG_NOSIGNAL) < 0)
		return; /* the peer is gone: what waits for it sees that */
}

void rpc_ask(int fd, uint32_t stream, const char *service, const char *method,
	     const struct message *payload)
{
	static struct message body;

	body.len = 0;
	put_string(&body, 1, service);
	put_string(&body, 2, method);
	put_bytes(&body, 3, payload->bytes, payload->len);
	send_message(fd, stream, RPC_REQUEST, &body);
}

void rpc_answer(int fd, uint32_t stream, const struct message *payload)
{
	static struct message body;

	body.len = 0;
	if (rpc_empty_status)
		put_bytes(&body, 1, "", 0);
	if (payload->len)
		put_bytes(&body, 2, payload->bytes, payload->len);
	send_message(fd, stream, RPC_ANSWER, &body);
}
