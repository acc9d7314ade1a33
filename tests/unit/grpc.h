/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients of containerd and the kubelet, for tests: what they ask with the names of what they ask,
 * and what they are answered. All of it on one connection.
 */
#pragma once

#include "tape.h"

#define CLIENT     777
#define SOCKET     7000
#define SHIM       8000
#define INIT       8002
#define SHIMS      9000

#define CONTAINERD "/containerd.services."
#define TASKS      CONTAINERD "tasks.v1.Tasks/"
#define CRI        "/runtime.v1.RuntimeService/"

#define END_STREAM 0x01
#define END_BLOCK  0x04

#define POD        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BOX        "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

/* A field that is not to be remembered. */
size_t grpc_put_field(char *to, const char *name, const char *value);
size_t grpc_put_headers(char *to, uint32_t stream, uint8_t flags, const char *block, size_t len);
size_t grpc_put_data(char *to, uint32_t stream, const char *msg, size_t len);
void grpc_asks(struct tape *t, uint32_t stream, const char *path, const char *ns, const char *msg,
	       size_t len);
void grpc_says(struct tape *t, const char *message, size_t len);
void grpc_answers(struct tape *t, uint32_t stream, const char *msg, size_t len);
void grpc_refuses(struct tape *t, uint32_t stream, const char *why);
void grpc_asks_about(struct tape *t, uint32_t stream, const char *path, const char *ns,
		     const char *id);
size_t grpc_put_text(char *to, uint32_t field, const char *text);
/* { 1: Container { 1: id, 3: image } } */
void grpc_creates(struct tape *t, uint32_t stream, const char *ns, const char *id,
		  const char *image);
void grpc_prepares(struct tape *t, uint32_t stream, const char *ns, const char *key);
void grpc_runs_pod(struct tape *t, uint32_t stream, const char *name, const char *uid,
		   const char *ns);
void grpc_creates_in_pod(struct tape *t, uint32_t stream, const char *name, const char *image);
void grpc_answers_id(struct tape *t, uint32_t stream, const char *id);
/* A network plugin, with its variables. */
void grpc_plugs(struct tape *t, const char *command, const char *id, const char *args);
/* A shim, and what it is asked to run: ready 30 ms later. */
void grpc_runs(struct tape *t, double ms, const char *ns, const char *id);

/* The pod "web" (POD), asked for at 10 and made at 50; "nginx" in it (BOX), at 60 and 70. */
void grpc_makes_pod(struct tape *t);
void grpc_makes_box(struct tape *t);
