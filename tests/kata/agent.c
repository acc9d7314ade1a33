// SPDX-License-Identifier: GPL-2.0-only
/*
 * gRPC as far as an agent of 1.x is asked by it: a header block and a message for each request, the same
 * for its answer. Header blocks are literals, or from the static table of HPACK.
 */
#include "agent.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "standin.h"

#define PREFACE    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_HEADER  9
#define DATA       0
#define HEADERS    1
#define SETTINGS   4
#define END_STREAM 1
#define END_BLOCK  4
#define MAX_FDS    64

bool agent_serial;

static bool grpc(void)
{
	return standin_version() == 1;
}

static size_t put_frame(char *to, uint8_t type, uint8_t flags, uint32_t stream, const char *bytes,
			size_t len)
{
	const unsigned char h[H2_HEADER] = {
		(unsigned char)(len >> 16),
		(unsigned char)(len >> 8),
		(unsigned char)len,
		type,
		flags,
		(unsigned char)(stream >> 24),
		(unsigned char)(stream >> 16),
		(unsigned char)(stream >> 8),
		(unsigned char)stream,
	};

	memcpy(to, h, sizeof(h));
	memcpy(to + sizeof(h), bytes, len);
	return len + sizeof(h);
}

static size_t put_data(char *to, uint32_t stream, uint8_t flags, const struct message *payload)
{
	static char message[RPC_MAX];
	size_t len = payload->len;
	const unsigned char prefix[5] = { 0, (unsigned char)(len >> 24), (unsigned char)(len >> 16),
					  (unsigned char)(len >> 8), (unsigned char)len };

	if (len > sizeof(message) - sizeof(prefix) - 64)
		return 0;
	memcpy(message, prefix, sizeof(prefix));
	memcpy(message + sizeof(prefix), payload->bytes, len);
	return put_frame(to, DATA, flags, stream, message, len + sizeof(prefix));
}

/* yamux writes its header by itself: version, type, flags, stream, length. */
static void send_frames(int fd, const char *bytes, size_t len)
{
	const unsigned char yamux[12] = { 0,
					  0,
					  0,
					  0,
					  0,
					  0,
					  0,
					  1,
					  (unsigned char)(len >> 24),
					  (unsigned char)(len >> 16),
					  (unsigned char)(len >> 8),
					  (unsigned char)len };

	if (agent_serial && send(fd, yamux, sizeof(yamux), MSG_NOSIGNAL) < 0)
		return;
	if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
		return; /* the peer is gone: what waits for it sees that */
}

void agent_ask(int fd, uint32_t stream, const char *service, const char *method,
	       const struct message *payload)
{
	static char bytes[2 * RPC_MAX];
	static bool begun[MAX_FDS];
	char block[128];
	size_t n = 0, len;

	if (!grpc()) {
		rpc_ask(fd, stream, service, method, payload);
		return;
	}
	if (fd < MAX_FDS && !begun[fd]) {
		begun[fd] = true;
		memcpy(bytes, PREFACE, strlen(PREFACE));
		n = strlen(PREFACE);
		n += put_frame(bytes + n, SETTINGS, 0, 0, "", 0);
	}
	/* :method POST, :scheme http, :path and its text */
	len = 4;
	len += (size_t)snprintf(block + len, sizeof(block) - len, "/%s/%s", service, method);
	memcpy(block, "\x83\x86\x44", 3);
	block[3] = (char)(len - 4);
	n += put_frame(bytes + n, HEADERS, END_BLOCK, stream, block, len);
	n += put_data(bytes + n, stream, END_STREAM, payload);
	send_frames(fd, bytes, n);
}

void agent_answer(int fd, uint32_t stream, const struct message *payload)
{
	static char bytes[2 * RPC_MAX];
	size_t n;

	if (!grpc()) {
		rpc_answer(fd, stream, payload);
		return;
	}
	n = put_frame(bytes, HEADERS, END_BLOCK, stream, "\x88", 1);
	n += put_data(bytes + n, stream, 0, payload);
	n += put_frame(bytes + n, HEADERS, END_BLOCK | END_STREAM, stream,
		       "\x40\x0bgrpc-status\x01"
		       "0",
		       15);
	send_frames(fd, bytes, n);
}

/* What has come and was not read yet, by descriptor: one write holds several frames. */
static bool read_frame(int fd, unsigned char *h, char *to)
{
	static uint32_t left[MAX_FDS]; /* of what is behind a header of yamux */
	unsigned char yamux[12];
	uint32_t len;

	if (agent_serial && !left[fd]) {
		if (!read_all(fd, (char *)yamux, sizeof(yamux)))
			return false;
		left[fd] = (uint32_t)yamux[8] << 24 | (uint32_t)yamux[9] << 16 |
			   (uint32_t)yamux[10] << 8 | yamux[11];
	}
	if (!read_all(fd, (char *)h, H2_HEADER))
		return false;
	if (!memcmp(h, "PRI * HTT", H2_HEADER)) {
		if (!read_all(fd, to, strlen(PREFACE) - H2_HEADER) ||
		    !read_all(fd, (char *)h, H2_HEADER))
			return false;
		left[fd] -= agent_serial ? (uint32_t)strlen(PREFACE) : 0;
	}
	len = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
	left[fd] -= agent_serial ? len + H2_HEADER : 0;
	return len < RPC_MAX && read_all(fd, to, len);
}

/* A request ends with its stream; an answer with its status. */
bool agent_read(int fd, char *buffer, struct rpc *ret)
{
	static char path[128], frame[RPC_MAX];
	unsigned char h[H2_HEADER];
	uint32_t len;

	if (!grpc())
		return rpc_read(fd, buffer, ret);
	if (fd >= MAX_FDS)
		return false;
	*ret = (struct rpc){ .payload = { buffer, 0 } };
	do {
		if (!read_frame(fd, h, frame))
			return false;
		len = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
		ret->stream =
			(uint32_t)h[5] << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8];
		if (h[3] == HEADERS && len > 4 && frame[0] == '\x83') {
			memcpy(path, frame + 4, len - 4);
			path[len - 4] = '\0';
			ret->method.p = strrchr(path, '/') + 1;
			ret->method.len = strlen(ret->method.p);
		} else if (h[3] == DATA && len >= 5) {
			ret->payload.len = len - 5;
			memcpy(buffer, frame + 5, len - 5);
		}
	} while (!ret->stream || !(h[4] & END_STREAM));
	return true;
}
