/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a container under dockerd 20.10, containerd 1.6 and runc, as it was watched: each
 * function adds the evidence of one phase, from a given millisecond on. What the core must make
 * of it is written in the constants beside it.
 */
#pragma once

#include "tape.h"

#define LIFE_DOCKERD    3248
#define LIFE_CONTAINERD 3268
#define LIFE_CLIENT     29269
#define LIFE_HOST_NETNS 0xf0000152

struct life {
	const char *id, *name, *image, *runtime, *args;
	const char *labels; /* of the create request, JSON; NULL: none */
	uint32_t init, shim; /* pids */
	uint32_t told_init; /* what the shim says its pid is, inside a pid namespace; 0: init */
	uint32_t engine, containerd;
	uint64_t client; /* socket of the client, even */
	uint64_t shim_socket, grpc_socket;
	uint32_t stream; /* of the last request on either */
};

/* The n-th of a number of lives that have nothing in common but image and engine. */
struct life life_of(unsigned n);

/* The engines run already. */
void life_engines(struct tape *t);

/* How long after its begin, in ms, a part ends. */
#define LIFE_CREATE  10.0
#define LIFE_ATTACH  1.0
#define LIFE_CONNECT 6.0 /* after the start request */
#define LIFE_TASK    30.0 /* the task is asked for */
#define LIFE_EXEC    140.0 /* the program is executed */
#define LIFE_SAVED   150.0
#define LIFE_START   151.0 /* the start request is answered */

void life_create(struct tape *t, struct life *l, double ms);
void life_attach(struct tape *t, struct life *l, double ms);
void life_start(struct tape *t, struct life *l, double ms);
/* What lies between the request and its answer: a restart policy has neither. */
void life_started_within(struct tape *t, struct life *l, double ms);

/* Created at 10 ms, started at 30, ready at 200. */
#define LIFE_READY 200.0

void life_serves(struct tape *t, struct life *l);

#define LIFE_DIE        20.0 /* after the exit: the engine knows */
#define LIFE_DISCONNECT 60.0
#define LIFE_STOPPED    64.0 /* state saved */

void life_exit(struct tape *t, struct life *l, double ms, int status);

#define LIFE_REMOVE_UNLINKED 5.0
#define LIFE_REMOVE          7.0

void life_remove(struct tape *t, struct life *l, double ms);
/* --rm: nobody asks. Ends with the last file, after LIFE_REMOVE_UNLINKED. */
void life_vanish(struct tape *t, struct life *l, double ms);

/* Asked for, with the exit and the answer so long after it. */
#define LIFE_STOP_EXIT   10.0
#define LIFE_STOP_ANSWER 80.0

void life_stop(struct tape *t, struct life *l, double ms);

/* Any request on this container, and its answer: "POST /containers/%s/stop?t=0". */
void life_request(struct tape *t, const struct life *l, double ms, const char *verb);
void life_answer(struct tape *t, const struct life *l, double ms, int status, const char *body);
