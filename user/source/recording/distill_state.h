/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the distiller share. Each takes the copy of an event and leaves less in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"
#include "core/hear/wire_hpack.h"
#include "ct_event.h"

/* What stands for what was left out. */
#define CT_DISTILL_FILLER     '*'

#define CT_DISTILL_SETS       1024 /* of each of these tables; a power of two */
#define CT_DISTILL_CONN_SETS  128
#define CT_DISTILL_KNOWN_WAYS 16
#define CT_DISTILL_WAYS       4

struct ct_distill_method; /* distill_rpc.c */

/* A request that waits for its message or its answer. */
struct ct_distill_call {
	uint64_t socket; /* of the client, 0: this place is free */
	uint32_t stream;
	bool spoken; /* its message was heard */
	bool status; /* its answer is the status of a command */
	bool other; /* HTTP/1: it is about no container */
	bool answered; /* HTTP/1: what comes now is no answer, but a stream */
	bool pull; /* of an image: why it failed is kept */
	bool creates; /* what the container is to be is in its body */
	const struct ct_distill_method *method; /* NULL: one that nobody reads */
};

struct ct_distill_conn {
	uint64_t socket; /* of the sender, 0: this place is free */
	struct ct_hpack *hpack; /* owned */
};

struct ct_distill {
	uint64_t key[2]; /* random: what is hashed with it cannot be guessed at */
	/* Ids and names of containers, hashed; the newest first. A collision keeps what is none. */
	uint64_t known[CT_DISTILL_SETS][CT_DISTILL_KNOWN_WAYS];
	struct ct_distill_call calls[CT_DISTILL_SETS][CT_DISTILL_WAYS]; /* the newest first */
	struct ct_distill_conn conns[CT_DISTILL_CONN_SETS][CT_DISTILL_WAYS];
	struct ct_text_out {
		char bytes[CT_TAIL_MAX];
		size_t len, room;
	} text;
	const char *filled, *filled_end; /* what was left out last, in the copy of the event */
	union {
		struct ct_event e;
		char bytes[CT_EVENT_LEN_MAX];
	} out;
};

/* SipHash-2-4. */
uint64_t ct_distill_hash(const struct ct_distill *d, const void *bytes, size_t len);

/* What is neither an id nor a name of a container is not known, and not learned. */
void ct_distill_learn(struct ct_distill *d, struct ct_text name);
bool ct_distill_knows(const struct ct_distill *d, struct ct_text name);

/* NULL: not heard of. A call that is made is as new, whatever was there. */
struct ct_distill_call *ct_distill_call(struct ct_distill *d, uint64_t socket, uint32_t stream);
struct ct_distill_call *ct_distill_call_made(struct ct_distill *d, uint64_t socket,
					     uint32_t stream);
/* NULL: no memory. */
struct ct_hpack *ct_distill_hpack(struct ct_distill *d, uint64_t socket);

/* A tail that is written anew: what does not fit into the old one is left out. */
void ct_distill_begin(struct ct_distill *d, size_t room);
void ct_distill_put(struct ct_distill *d, struct ct_text text);
void ct_distill_word(struct ct_distill *d, const char *word);
void ct_distill_end(struct ct_distill *d, struct ct_event *e);

/* Of a request that only reads stays that it was made. */
void ct_distill_http(struct ct_distill *d, struct ct_event *e, bool reads);
void ct_distill_body(struct ct_distill *d, struct ct_event *e);
bool ct_distill_progress(struct ct_distill *d, struct ct_event *e); /* false: it is none */
/* What an image is called for a registry, without who asks. */
bool ct_distill_is_image(struct ct_text t);
/* Of a container or image, as engines allow them. */
bool ct_distill_is_name(struct ct_text t);
/* False: it is none. */
bool ct_distill_ttrpc(struct ct_distill *d, struct ct_event *e);
void ct_distill_frames(struct ct_distill *d, struct ct_event *e);
/* In place of an argument, and of an option, that is left out. What belonged to an option is not kept without it. */
#define CT_LEFT_OUT        "*"
#define CT_LEFT_OUT_OPTION "-*"
void ct_distill_args(struct ct_distill *d, struct ct_event *e);
/* Marks the images that a command is to fetch; op_at: of its word, 0: it has none. */
void ct_distill_images(const struct ct_text *args, size_t n, size_t op_at, bool *kept);
/* distill_asker.c: of a client's command line the image that it is to fetch. */
void ct_distill_asker(struct ct_distill *d, struct ct_event *e);
/* Whether it is one of the words between spaces. */
bool ct_distill_is_word(const char *words, struct ct_text word);
