// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nearly all events come in order: they wait in a ring. The others wait in a heap. What is handed
 * over next is the older of the two heads. Their bytes lie in slabs, which are reused when all of
 * a slab's events are gone: nothing is allocated for an event.
 */
#include "reorder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX  65536
#define SLAB_ROOM (64u << 10)

struct slab {
	uint32_t used; /* bytes */
	struct slab *next; /* of the free ones */
	uint32_t held; /* events in it that wait */
	_Alignas(CT_EVENT_ALIGN) char bytes[SLAB_ROOM];
};
_Static_assert(SLAB_ROOM >= UINT16_MAX + 1, "any event fits");

struct item {
	uint64_t ts_ns;
	uint64_t seq; /* equal times keep their order */
	struct ct_event *e; /* in the slab */
	struct slab *slab;
};

struct ct_reorder {
	ct_reorder_fn fn;
	void *ctx;
	struct item *ring; /* by time, of ring_room, a power of two */
	size_t ring_at, ring_count, ring_room;
	struct item *heap;
	size_t heap_count, heap_room;
	struct slab *slab; /* the one that is filled, NULL: none */
	struct slab *spare; /* free ones */
	uint64_t seq, newest, handed, late;
	uint64_t ring_last_ns; /* of the last in the ring */
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

static void release(struct ct_reorder *r, struct slab *slab)
{
	if (--slab->held)
		return;
	slab->used = 0;
	if (slab == r->slab)
		return;
	slab->next = r->spare;
	r->spare = slab;
}

static struct item *ring_item(const struct ct_reorder *r, size_t i)
{
	return &r->ring[(r->ring_at + i) & (r->ring_room - 1)];
}

void ct_reorder_free(struct ct_reorder *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->heap_count; i++)
		release(r, r->heap[i].slab);
	for (size_t i = 0; i < r->ring_count; i++)
		release(r, ring_item(r, i)->slab);
	free(r->slab);
	while (r->spare) {
		struct slab *slab = r->spare;

		r->spare = slab->next;
		free(slab);
	}
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

/* The oldest, NULL when there is none. */
static inline const struct item *oldest(const struct ct_reorder *r)
{
	const struct item *ring = r->ring_count ? ring_item(r, 0) : NULL;

	if (!r->heap_count)
		return ring;
	return ring && before(ring, &r->heap[0]) ? ring : &r->heap[0];
}

static void hand_over(struct ct_reorder *r, uint64_t until_ns)
{
	const struct item *head;

	while ((head = oldest(r)) && head->ts_ns <= until_ns) {
		struct slab *slab = head->slab;
		struct ct_event *e = head->e;

		if (head->ts_ns < r->handed)
			r->late++;
		else
			r->handed = head->ts_ns;
		if (head == r->heap) {
			r->heap[0] = r->heap[--r->heap_count];
			sift_down(r->heap, r->heap_count);
		} else {
			r->ring_at = (r->ring_at + 1) & (r->ring_room - 1);
			r->ring_count--;
		}
		r->fn(r->ctx, e);
		release(r, slab);
	}
}

/* Twice the room; false when out of memory. */
static bool ring_grow(struct ct_reorder *r)
{
	size_t room = r->ring_room ? 2 * r->ring_room : 256;
	struct item *ring;

	ring = malloc(room * sizeof(*ring));
	if (!ring)
		return false;
	for (size_t i = 0; i < r->ring_count; i++)
		ring[i] = *ring_item(r, i);
	free(r->ring);
	r->ring = ring;
	r->ring_room = room;
	r->ring_at = 0;
	return true;
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

/* The one to be filled is full: an empty one; NULL when out of memory. */
static struct slab *slab_next(struct ct_reorder *r)
{
	struct slab *slab = r->spare;

	if (slab) {
		r->spare = slab->next;
	} else {
		slab = malloc(sizeof(*slab));
		if (!slab)
			return NULL;
	}
	slab->used = slab->held = 0;
	r->slab = slab;
	return slab;
}

static bool hold(struct ct_reorder *r, const struct ct_event *e)
{
	bool in_order = !r->ring_count || e->ts_ns >= r->ring_last_ns;
	struct slab *slab = r->slab;
	struct item *item;

	if (in_order ? r->ring_count == r->ring_room && !ring_grow(r) : !heap_grow(r))
		return false;
	if (!slab || slab->used + e->len > SLAB_ROOM)
		slab = slab_next(r);
	if (!slab)
		return false;
	if (in_order) {
		item = ring_item(r, r->ring_count++);
		r->ring_last_ns = e->ts_ns;
	} else {
		item = &r->heap[r->heap_count++];
	}
	item->ts_ns = e->ts_ns;
	item->seq = r->seq++;
	item->slab = slab;
	item->e = (struct ct_event *)(slab->bytes + slab->used);
	memcpy(item->e, e, e->len);
	slab->used += e->len;
	slab->held++;
	if (!in_order)
		sift_up(r->heap, r->heap_count - 1);
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
	if (ct_reorder_held(r) >
	    HELD_MAX) /* a recording with one time for all: memory is bounded */
		hand_over(r, oldest(r)->ts_ns);
	if (r->newest > CT_REORDER_WINDOW_NS)
		hand_over(r, r->newest - CT_REORDER_WINDOW_NS);
}

void ct_reorder_flush(struct ct_reorder *r)
{
	hand_over(r, UINT64_MAX);
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
