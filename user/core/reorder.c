// SPDX-License-Identifier: GPL-2.0-only
#include "reorder.h"

#include <stdlib.h>
#include <string.h>

#define HELD_MAX 65536

struct item {
	uint64_t ts_ns;
	uint64_t seq; /* equal times keep their order */
	struct ct_event *e;
};

struct ct_reorder {
	ct_reorder_fn fn;
	void *ctx;
	struct item *heap;
	size_t count, room;
	uint64_t seq, newest, handed, late;
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
	for (size_t i = 0; i < r->count; i++)
		free(r->heap[i].e);
	free(r->heap);
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

static void hand_over(struct ct_reorder *r, uint64_t until_ns)
{
	while (r->count && r->heap[0].ts_ns <= until_ns) {
		struct item first = r->heap[0];

		r->heap[0] = r->heap[--r->count];
		sift_down(r->heap, r->count);
		if (first.ts_ns < r->handed)
			r->late++;
		else
			r->handed = first.ts_ns;
		r->fn(r->ctx, first.e);
		free(first.e);
	}
}

void ct_reorder_push(struct ct_reorder *r, const struct ct_event *e)
{
	struct ct_event *copy;

	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 256;
		struct item *heap = realloc(r->heap, room * sizeof(*heap));

		if (!heap) {
			r->fn(r->ctx, e);
			return;
		}
		r->heap = heap;
		r->room = room;
	}
	copy = malloc(e->len);
	if (!copy) {
		r->fn(r->ctx, e);
		return;
	}
	memcpy(copy, e, e->len);
	r->heap[r->count] = (struct item){ e->ts_ns, r->seq++, copy };
	sift_up(r->heap, r->count++);
	if (e->ts_ns > r->newest)
		r->newest = e->ts_ns;
	if (r->count > HELD_MAX) /* a recording with one time for all: memory stays bounded */
		hand_over(r, r->heap[0].ts_ns);
	if (r->newest > CT_REORDER_WINDOW_NS)
		hand_over(r, r->newest - CT_REORDER_WINDOW_NS);
}

void ct_reorder_flush(struct ct_reorder *r)
{
	hand_over(r, UINT64_MAX);
}

size_t ct_reorder_held(const struct ct_reorder *r)
{
	return r->count;
}

uint64_t ct_reorder_late(const struct ct_reorder *r)
{
	return r->late;
}

uint64_t ct_reorder_newest(const struct ct_reorder *r)
{
	return r->newest;
}
