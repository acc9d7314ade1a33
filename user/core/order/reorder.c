// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nearly all events come in order: they lie one behind the other in a ring of bytes. The others
 * wait in a heap. What is handed over next is the older of the two heads. Nothing is allocated
 * for an event that is in order.
 */
#include "core/order/reorder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define HELD_MAX  65536
#define RING_ROOM (256u << 10) /* at first; any event fits */

/* In the heap. */
struct item {
	uint64_t ts_ns;
	uint64_t seq; /* equal times keep their order */
	struct ct_event *e; /* owned */
};

struct ct_reorder {
	ct_reorder_fn fn;
	void *ctx;
	char *ring; /* owned, of ring_room bytes */
	size_t ring_room;
	size_t head, tail; /* offsets: of the first event, and behind the last */
	size_t wrap; /* what begins at head ends here and goes on at 0; 0: it ends at tail */
	size_t end; /* of what is free behind tail, or of a part of it */
	size_t ring_count;
	uint64_t ring_last_ns; /* of the last in the ring */
	struct item *heap; /* owned */
	size_t heap_count, heap_room;
	char *left; /* owned: the ring that was too small, while an event in it is handed over */
	bool handing;
	uint64_t seq, newest, handed, late;
	uint64_t due_ns; /* when something that new has come, the oldest is handed over */
};

struct ct_reorder *ct_reorder_new(ct_reorder_fn fn, void *ctx)
{
	struct ct_reorder *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->fn = fn;
	r->ctx = ctx;
	return r;
}

void ct_reorder_free(struct ct_reorder *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->heap_count; i++)
		free(r->heap[i].e);
	free(r->heap);
	free(r->ring);
	free(r);
}

static int before(const struct item *a, const struct item *b)
{
	return a->ts_ns != b->ts_ns ? a->ts_ns < b->ts_ns : a->seq < b->seq;
}

static void sift_up(struct item *heap, size_t i)
{
	while (i) {
		size_t up = (i - 1) / 2;
		struct item swap = heap[i];

		if (!before(&heap[i], &heap[up]))
			return;
		heap[i] = heap[up];
		heap[up] = swap;
		i = up;
	}
}

static void sift_down(struct item *heap, size_t count)
{
	size_t i = 0;

	for (;;) {
		size_t least = i, left = 2 * i + 1, right = left + 1;
		struct item swap;

		if (left < count && before(&heap[left], &heap[least]))
			least = left;
		if (right < count && before(&heap[right], &heap[least]))
			least = right;
		if (least == i)
			return;
		swap = heap[i];
		heap[i] = heap[least];
		heap[least] = swap;
		i = least;
	}
}

/* There is one in the ring. */
static inline const struct ct_event *ring_head(const struct ct_reorder *r)
{
	return (const struct ct_event *)(r->ring + r->head);
}

/*
 * Whether the oldest is the head of the heap. Of equal times that in the ring came first: the one
 * in the heap came late, and nothing as old can have entered the ring since.
 */
static inline bool heap_is_next(const struct ct_reorder *r)
{
	return r->heap_count && (!r->ring_count || r->heap[0].ts_ns < ring_head(r)->ts_ns);
}

/* There is one. */
static inline uint64_t oldest_ns(const struct ct_reorder *r)
{
	return heap_is_next(r) ? r->heap[0].ts_ns : ring_head(r)->ts_ns;
}

/* There is one. */
static inline void await(struct ct_reorder *r)
{
	r->due_ns = oldest_ns(r) + CT_REORDER_WINDOW_NS + CT_REORDER_SLACK_NS;
}

static void count_late(struct ct_reorder *r, uint64_t ts_ns)
{
	if (ts_ns < r->handed)
		r->late++;
	else
		r->handed = ts_ns;
}

static void hand_over_heap(struct ct_reorder *r)
{
	struct ct_event *e = r->heap[0].e;

	count_late(r, e->ts_ns);
	r->heap[0] = r->heap[--r->heap_count];
	sift_down(r->heap, r->heap_count);
	r->fn(r->ctx, e);
	free(e);
}

/* It leaves the ring when it has been handed over: until then its bytes are its own. */
static inline void hand_over_ring(struct ct_reorder *r, const struct ct_event *e)
{
	count_late(r, e->ts_ns);
	r->fn(r->ctx, e);
	r->head += e->len;
	r->ring_count--;
	if (r->head == r->wrap) {
		r->head = r->wrap = 0;
		r->end = r->ring_room;
	}
	if (r->left)
		free(take_ptr(r->left));
}

/* The oldest, unless it is newer. */
static inline bool hand_over_one(struct ct_reorder *r, uint64_t until_ns)
{
	if (heap_is_next(r)) {
		if (r->heap[0].ts_ns > until_ns)
			return false;
		hand_over_heap(r);
		return true;
	}
	/* without a first event there is no ring yet */
	if (!r->ring_count || ring_head(r)->ts_ns > until_ns)
		return false;
	hand_over_ring(r, ring_head(r));
	return true;
}

/* It is empty: the same bytes are used again. */
static void ring_begin(struct ct_reorder *r)
{
	r->head = r->tail = r->wrap = 0;
	r->end = r->ring_room;
}

/* Until the oldest is newer. What is pushed meanwhile, by fn, is held. */
static void hand_over(struct ct_reorder *r, uint64_t until_ns)
{
	if (r->handing)
		return;
	r->handing = true;
	while (hand_over_one(r, until_ns))
		;
	r->handing = false;
	if (!r->ring_count)
		ring_begin(r);
	if (ct_reorder_held(r))
		await(r);
}

/* At least twice the room, with room for len at its end; false when out of memory. */
static __attribute__((noinline)) bool ring_grow(struct ct_reorder *r, size_t len)
{
	size_t first = (r->wrap ? r->wrap : r->tail) - r->head, second = r->wrap ? r->tail : 0;
	size_t room = r->ring_room ? 2 * r->ring_room : RING_ROOM;
	char *ring;

	while (room < first + second + len)
		room *= 2;
	ring = malloc(room);
	if (!ring)
		return false;
	if (r->ring_count) {
		memcpy(ring, r->ring + r->head, first);
		memcpy(ring + first, r->ring, second);
	}
	if (r->handing && !r->left)
		r->left = r->ring;
	else
		free(r->ring);
	r->ring = ring;
	r->ring_room = r->end = room;
	r->head = r->wrap = 0;
	r->tail = first + second;
	return true;
}

/* Room for an event of that length, where more is free than was known, at the ring's beginning or in a larger one. */
static __attribute__((noinline)) char *ring_again(struct ct_reorder *r, size_t len)
{
	r->end = r->wrap ? r->head : r->ring_room;
	if (r->end - r->tail >= len)
		return r->ring + r->tail;
	if (!r->wrap && r->head >= len) {
		r->wrap = r->tail;
		r->tail = 0;
		r->end = r->head;
	} else if (!ring_grow(r, len)) {
		return NULL;
	}
	return r->ring + r->tail;
}

/* Where an event of that length goes, behind the last; NULL when out of memory. */
static inline char *ring_end(struct ct_reorder *r, size_t len)
{
	return r->end - r->tail >= len ? r->ring + r->tail : ring_again(r, len);
}

static bool heap_grow(struct ct_reorder *r)
{
	size_t room = r->heap_room ? 2 * r->heap_room : 256;
	struct item *heap;

	if (r->heap_count < r->heap_room)
		return true;
	heap = realloc(r->heap, room * sizeof(*heap));
	if (!heap)
		return false;
	r->heap = heap;
	r->heap_room = room;
	return true;
}

static __attribute__((noinline)) bool hold_late(struct ct_reorder *r, const struct ct_event *e)
{
	struct ct_event *copy = heap_grow(r) ? malloc(e->len) : NULL;

	if (!copy)
		return false;
	memcpy(copy, e, e->len);
	r->heap[r->heap_count] = (struct item){ e->ts_ns, r->seq++, copy };
	sift_up(r->heap, r->heap_count++);
	await(r);
	return true;
}

/* False: it must be handled at once. */
static inline bool hold(struct ct_reorder *r, const struct ct_event *e)
{
	char *to;

	if (r->ring_count && e->ts_ns < r->ring_last_ns)
		return hold_late(r, e);
	to = ring_end(r, e->len);
	if (!to)
		return false;
	memcpy(to, e, e->len);
	r->tail += e->len;
	r->ring_last_ns = e->ts_ns;
	if (!r->ring_count++)
		await(r);
	return true;
}

void ct_reorder_push(struct ct_reorder *r, const struct ct_event *e)
{
	if (!hold(r, e)) {
		r->fn(r->ctx, e);
		return;
	}
	if (e->ts_ns > r->newest)
		r->newest = e->ts_ns;
	/* A recording with one time for all: memory is bounded. */
	if (ct_reorder_held(r) > HELD_MAX)
		hand_over(r, oldest_ns(r));
	if (r->newest >= r->due_ns)
		hand_over(r, r->newest - CT_REORDER_WINDOW_NS);
}

void ct_reorder_settle(struct ct_reorder *r)
{
	if (r->newest >= CT_REORDER_WINDOW_NS)
		hand_over(r, r->newest - CT_REORDER_WINDOW_NS);
}

void ct_reorder_flush(struct ct_reorder *r)
{
	hand_over(r, UINT64_MAX);
}

uint64_t ct_reorder_due(const struct ct_reorder *r)
{
	return ct_reorder_held(r) ? oldest_ns(r) + CT_REORDER_WINDOW_NS : 0;
}

size_t ct_reorder_held(const struct ct_reorder *r)
{
	return r->ring_count + r->heap_count;
}

uint64_t ct_reorder_late(const struct ct_reorder *r)
{
	return r->late;
}

uint64_t ct_reorder_newest(const struct ct_reorder *r)
{
	return r->newest;
}
