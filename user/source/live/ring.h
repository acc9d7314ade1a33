/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reader of the ring buffer. The kernel counts what a process has mapped of it as resident; libbpf maps
 * all of it, twice, one after the other. Here a window moves along with what is read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Negative: reading ends with it, behind this record. */
typedef int (*ct_ring_fn)(void *ctx, const void *data, size_t size);

struct ct_ring;

/* fd, of the map, is borrowed; bytes is its size, a power of two. Negative errno. */
int ct_ring_open(struct ct_ring **ret, int fd, size_t bytes, ct_ring_fn fn, void *ctx);
void ct_ring_close(struct ct_ring *ring);

/*
 * Hands over all that is there, in order, up to what is still being written. Returns how many, what fn
 * said, or negative errno.
 */
long ct_ring_read(struct ct_ring *ring);
/* Nothing is left in it, nor being written. */
bool ct_ring_is_read(const struct ct_ring *ring);
