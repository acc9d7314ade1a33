/* SPDX-License-Identifier: GPL-2.0-only */
/* How the agent is spoken to: by gRPC in 1.x, by TTRPC since. */
#pragma once

#include "rpc.h"

/* "grpc.AgentService", "grpc.Health" */
void agent_ask(int fd, uint32_t stream, const char *service, const char *method,
	       const struct message *payload);
/* A request, or an answer; its texts lie in `buffer` of RPC_MAX bytes. False: the peer is gone. */
bool agent_read(int fd, char *buffer, struct rpc *ret);
void agent_answer(int fd, uint32_t stream, const struct message *payload);
extern bool
	agent_serial; /* gRPC goes through a serial port: each write is behind a header of yamux */
