/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gVisor's sandboxes as the host sees them: which process is one, and its control socket, on which
 * `runsc` tells it what to do (runsc/sandbox/sandbox.go, pkg/urpc/urpc.go).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"

#define CT_SANDBOX_ARG       "runsc-sandbox" /* what it calls itself, its first argument */
#define CT_SANDBOX_REPLY_MAX 16384

/* False when the process is none. The id is that of its first container. */
bool ct_sandbox_id(uint32_t pid, char *id, size_t room);

/*
 * The process as a descriptor, which no other of its pid is taken for; -1 when there is none. Close
 * it. Whether it has ended: of -1 that is not known.
 */
int ct_sandbox_process(uint32_t pid);
bool ct_sandbox_gone(int process);

/* All that run now. */
void ct_sandboxes(void (*fn)(void *ctx, uint32_t pid), void *ctx);

/* Its control socket, a descriptor that only names it; -1 when there is none yet. Close it. */
int ct_sandbox_control(uint32_t pid, const char *id);

/*
 * Connects to it. flags: SOCK_NONBLOCK or 0: then this and what is asked over it gives up after a
 * second. -1 while nobody listens. Close it.
 */
int ct_sandbox_connect(int control, int flags);

/* Sends a request, and with it a descriptor unless that is -1. */
bool ct_sandbox_send(int rpc, const char *request, int fd);

struct ct_sandbox_reply {
	size_t len;
	char bytes[CT_SANDBOX_REPLY_MAX];
};

/* Appends what has come of the answer. False when no more will come. flags: MSG_DONTWAIT or 0. */
bool ct_sandbox_receive(int rpc, struct ct_sandbox_reply *reply, int flags);

/*
 * Whether the first process that it forks for its application, from which all others come, has let
 * go of runsc's own code. Until then a probe in that code hangs it: docs/gvisor.md. What it has forked to
 * execute something proves nothing.
 */
bool ct_sandbox_born(uint32_t pid);
