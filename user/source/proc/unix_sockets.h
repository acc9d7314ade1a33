/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that somebody listens on, as /proc/PID/net/unix has them. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Tells the paths of listening sockets of these inodes, which are sorted. A path is whatever a
 * process has bound, newlines included, so a line may be forged; the true one is there too: an
 * inode that more than one line claims is not told. Returns 0 or -ENOMEM.
 */
int ct_unix_sockets(FILE *f, const uint64_t *inodes, size_t count,
		    void (*fn)(void *ctx, const char *path), void *ctx);
