// SPDX-License-Identifier: GPL-2.0-only
#include "serve/push_queue.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "util/mem.h"

#define LEVEL 4

struct block {
	struct block *next;
	enum ct_otlp_signal signal;
	uint64_t at_ns; /* the first of them came */
	size_t count, len; /* len: of the messages */
	struct ct_pb pb; /* owned: the messages, while it is the last block; then it is empty */
	void *packed; /* owned, NULL while they are in pb */
	size_t packed_len;
};

struct ct_push_queue {
	struct block *first, *last; /* owned; the last one is not packed */
	size_t bytes;
	struct libdeflate_compressor *deflate; /* owned */
	struct libdeflate_decompressor *inflate; /* owned */
};

struct ct_push_queue *ct_push_queue_new(void)
{
	struct ct_push_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->deflate = libdeflate_alloc_compressor(LEVEL);
	q->inflate = libdeflate_alloc_decompressor();
	if (q->deflate && q->inflate)
		return q;
	ct_push_queue_free(q);
	return NULL;
}

static size_t kept(const struct block *b)
{
	return sizeof(*b) + b->pb.room + b->packed_len;
}

static struct block *pop(struct ct_push_queue *q)
{
	struct block *b = q->first;

	q->first = b->next;
	if (!q->first)
		q->last = NULL;
	q->bytes -= kept(b);
	return b;
}

static void block_free(struct block *b)
{
	ct_pb_free(&b->pb);
	free(b->packed);
	free(b);
}

void ct_push_queue_free(struct ct_push_queue *q)
{
	if (!q)
		return;
	while (q->first)
		block_free(pop(q));
	libdeflate_free_compressor(q->deflate);
	libdeflate_free_decompressor(q->inflate);
	free(q);
}

/* What does not get smaller by that, and what there is no memory for, stays as it is. */
static void pack(struct ct_push_queue *q, struct block *b)
{
	own_mem void *room = malloc(b->len);
	size_t len =
		room ? libdeflate_deflate_compress(q->deflate, b->pb.bytes, b->len, room, b->len)
		     : 0;
	void *fitted = len ? realloc(room, len) : NULL;

	if (!fitted)
		return;
	room = NULL;
	q->bytes -= kept(b);
	b->packed = fitted;
	b->packed_len = len;
	ct_pb_free(&b->pb);
	q->bytes += kept(b);
}

static bool takes(const struct block *b, enum ct_otlp_signal signal, size_t len)
{
	return b && b->signal == signal && b->count < CT_PUSH_BATCH_MAX &&
	       b->len + len <= CT_PUSH_BLOCK_BYTES;
}

/* Behind the others, and nothing is in it yet. NULL: no memory. */
static struct block *begin(struct ct_push_queue *q, enum ct_otlp_signal signal, uint64_t now_ns)
{
	struct block *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->signal = signal;
	b->at_ns = now_ns;
	if (q->last) {
		pack(q, q->last);
		q->last->next = b;
	} else {
		q->first = b;
	}
	q->last = b;
	q->bytes += kept(b);
	return b;
}

bool ct_push_queue_put(struct ct_push_queue *q, enum ct_otlp_signal signal, const struct ct_pb *pb,
		       uint64_t now_ns)
{
	struct block *b = takes(q->last, signal, pb->len) ? q->last : NULL;

	if (pb->failed || q->bytes + pb->len > CT_PUSH_QUEUE_BYTES)
		return false;
	if (!b)
		b = begin(q, signal, now_ns);
	if (!b)
		return false;
	q->bytes -= kept(b);
	ct_pb_append(&b->pb, pb->bytes, pb->len);
	q->bytes += kept(b);
	if (b->pb.failed) { /* what was there before is still there */
		b->pb.failed = false;
		return false;
	}
	b->len += pb->len;
	b->count++;
	return true;
}

uint64_t ct_push_queue_since(const struct ct_push_queue *q)
{
	return q->first ? q->first->at_ns : 0;
}

size_t ct_push_queue_bytes(const struct ct_push_queue *q)
{
	return q->bytes;
}

/* Behind what is in pb. */
static bool unpack(struct ct_push_queue *q, const struct block *b, struct ct_pb *pb)
{
	own_mem void *room = NULL;

	if (b->packed) {
		room = malloc(b->len);
		if (!room || libdeflate_deflate_decompress(q->inflate, b->packed, b->packed_len,
							   room, b->len, NULL))
			return false;
	}
	ct_pb_append(pb, b->packed ? room : b->pb.bytes, b->len);
	return !pb->failed;
}

bool ct_push_queue_take(struct ct_push_queue *q, struct ct_push_batch *ret)
{
	*ret = (struct ct_push_batch){ .signal = q->first ? q->first->signal : 0 };
	while (q->first && q->first->signal == ret->signal &&
	       (!ret->count || (ret->count + q->first->count <= CT_PUSH_BATCH_MAX &&
				ret->pb.len + q->first->len <= CT_PUSH_BATCH_BYTES))) {
		struct block *b = pop(q);
		bool whole = unpack(q, b, &ret->pb);

		if (whole)
			ret->count += b->count;
		else
			ret->spoilt = b->count;
		ret->pb.failed = false;
		block_free(b);
		if (!whole)
			break;
	}
	return ret->count;
}
