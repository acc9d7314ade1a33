// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define WINDOW (256u << 10) /* four pages where they are largest */

struct ct_ring {
	ct_ring_fn fn;
	void *ctx;
	int fd; /* borrowed */
	size_t page, bytes;
	unsigned long *read_to,
		*written_to; /* owned, a page each: what the kernel and we tell each other */
	char *window; /* owned; NULL: not yet */
	size_t window_bytes, window_at; /* in the data */
};

static void *map_page(const struct ct_ring *ring, int prot, size_t page)
{
	void *at = mmap(NULL, ring->page, prot, MAP_SHARED, ring->fd, (off_t)(page * ring->page));

	return at == MAP_FAILED ? NULL : at;
}

int ct_ring_open(struct ct_ring **ret, int fd, size_t bytes, ct_ring_fn fn, void *ctx)
{
	struct ct_ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return -ENOMEM;
	*ring = (struct ct_ring){ .fn = fn, .ctx = ctx, .fd = fd, .bytes = bytes };
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	ring->window_bytes = bytes < WINDOW / 2 ? 2 * bytes : WINDOW;
	ring->read_to = map_page(ring, PROT_READ | PROT_WRITE, 0);
	if (ring->read_to)
		ring->written_to = map_page(ring, PROT_READ, 1);
	if (ring->written_to) {
		*ret = ring;
		return 0;
	}
	r = -errno;
	ct_ring_close(ring);
	return r;
}

void ct_ring_close(struct ct_ring *ring)
{
	if (!ring)
		return;
	if (ring->read_to)
		munmap(ring->read_to, ring->page);
	if (ring->written_to)
		munmap(ring->written_to, ring->page);
	if (ring->window)
		munmap(ring->window, ring->window_bytes);
	free(ring);
}

/*
 * The window is moved to the page of what is read next. Data is in the kernel's mapping twice, one after
 * the other: what goes on at the beginning is there behind the end.
 */
static int move_window(struct ct_ring *ring, size_t at)
{
	size_t begin = at & ~(ring->page - 1), last = 2 * ring->bytes - ring->window_bytes;
	void *window;

	if (begin > last)
		begin = last;
	window = mmap(ring->window, ring->window_bytes, PROT_READ,
		      MAP_SHARED | (ring->window ? MAP_FIXED : 0), ring->fd,
		      (off_t)(2 * ring->page + begin));
	ring->window = NULL; /* it may have gone although it did not come */
	if (window == MAP_FAILED)
		return -errno;
	ring->window = window;
	ring->window_at = begin;
	return 0;
}

/* The size bytes at position at of the data, NULL: errno says why not. */
static const char *look_at(struct ct_ring *ring, size_t at, size_t size)
{
	for (int moved = 0; moved < 2; moved++) {
		/* Where the window is behind the end, what is at the beginning may be in it too. */
		for (size_t place = at; place < 2 * ring->bytes; place += ring->bytes)
			if (ring->window && place >= ring->window_at &&
			    place + size <= ring->window_at + ring->window_bytes)
				return ring->window + (place - ring->window_at);
		if (!moved && move_window(ring, at))
			return NULL;
	}
	errno = E2BIG;
	return NULL;
}

static size_t whole(size_t len)
{
	return (len + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;
}

/* One record, of which *at is the position: 0, or what fn said. -EAGAIN: it is being written. */
static int read_one(struct ct_ring *ring, unsigned long *at, long *count)
{
	size_t place = *at & (ring->bytes - 1), len;
	const char *record = look_at(ring, place, BPF_RINGBUF_HDR_SZ);
	uint32_t header;
	int r = 0;

	if (!record)
		return -errno;
	header = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
	if (header & BPF_RINGBUF_BUSY_BIT)
		return -EAGAIN;
	len = header & ~BPF_RINGBUF_DISCARD_BIT;
	if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
		record = look_at(ring, place, whole(len));
		if (!record)
			return -errno;
		++*count;
		r = ring->fn(ring->ctx, record + BPF_RINGBUF_HDR_SZ, len);
	}
	*at += whole(len);
	__atomic_store_n(ring->read_to, *at, __ATOMIC_RELEASE);
	return r;
}

long ct_ring_read(struct ct_ring *ring)
{
	unsigned long at = *ring->read_to, to; /* nobody else writes the first */
	long count = 0;
	int r = 0;

	do {
		to = __atomic_load_n(ring->written_to, __ATOMIC_ACQUIRE);
		while (!r && at < to)
			r = read_one(ring, &at, &count);
	} while (!r && at < __atomic_load_n(ring->written_to, __ATOMIC_ACQUIRE));
	return r && r != -EAGAIN ? r : count;
}

bool ct_ring_is_read(const struct ct_ring *ring)
{
	return *ring->read_to >= __atomic_load_n(ring->written_to, __ATOMIC_ACQUIRE);
}
