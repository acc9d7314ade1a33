/* SPDX-License-Identifier: GPL-2.0-only */
/* TTRPC and what of protobuf it takes, for the stand-in of Kata. All of it trusts its peer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define RPC_REQUEST 1
#define RPC_ANSWER  2
#define RPC_MAX     65536

struct bytes {
	char *p;
	size_t len;
};

struct rpc {
	uint32_t stream;
	uint8_t type;
	struct bytes service, method; /* request */
	struct bytes payload;
};

/* Messages are written into a buffer of RPC_MAX bytes. */
struct message {
	char bytes[RPC_MAX];
	size_t len;
};

void put_varint(struct message *m, uint32_t field, uint64_t value);
void put_bytes(struct message *m, uint32_t field, const void *bytes, size_t len);
void put_string(struct message *m, uint32_t field, const char *text);

void put_time(struct message *m, uint32_t field, const struct timespec *when);

/* The n-th of that field; empty and 0 when there is none. */
struct bytes get_bytes(struct bytes message, uint32_t field, int n);
uint64_t get_varint(struct bytes message, uint32_t field);
/* Copies it, with a NUL behind it. */
char *to_string(struct bytes b, char *to, size_t room);
bool is(struct bytes b, const char *text);

/* False: the peer is gone. */
bool read_all(int fd, char *to, size_t len);
extern bool rpc_empty_status; /* answers have the status of a success, too */

/* One message, as a whole; the texts lie in `buffer` of RPC_MAX bytes. False: the peer is gone. */
bool rpc_read(int fd, char *buffer, struct rpc *ret);
void rpc_ask(int fd, uint32_t stream, const char *service, const char *method,
	     const struct message *payload);
void rpc_answer(int fd, uint32_t stream, const struct message *payload);
