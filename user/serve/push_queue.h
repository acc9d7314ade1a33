/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages that wait for a collector, in the order in which they came. Those of one signal that follow one another are
 * put together, and deflated as soon as they are a block: of a day without a collector little memory is
 * taken, and how little is bounded. Not locked: whoever has it does that.
 */
#pragma once

#include "sinks/otlp/otlp_proto.h"

#define CT_PUSH_QUEUE_BYTES (8u << 20) /* no more memory than that, of blocks as they are kept */
#define CT_PUSH_BLOCK_BYTES (64u << 10) /* of messages before they are deflated */
#define CT_PUSH_BATCH_BYTES (256u << 10) /* of one request: no more is put together */
#define CT_PUSH_BATCH_MAX   512

struct ct_push_queue;

struct ct_push_queue *ct_push_queue_new(void); /* NULL: no memory */
void ct_push_queue_free(struct ct_push_queue *q); /* NULL is fine */

/* False: there is no room for it. */
bool ct_push_queue_put(struct ct_push_queue *q, enum ct_otlp_signal signal, const struct ct_pb *pb,
		       uint64_t now_ns);

/* When the first of those that wait came, 0: none waits. */
uint64_t ct_push_queue_since(const struct ct_push_queue *q);
size_t ct_push_queue_bytes(const struct ct_push_queue *q); /* as they are kept */

/* As many of one signal as there are, of those that waited, as one message. */
struct ct_push_batch {
	enum ct_otlp_signal signal;
	struct ct_pb pb; /* owned by who has taken it */
	size_t count;
	size_t spoilt; /* of one more block: there was no memory for it, it is gone */
};

/* False: none waits, or what was next is spoilt. */
bool ct_push_queue_take(struct ct_push_queue *q, struct ct_push_batch *ret);
