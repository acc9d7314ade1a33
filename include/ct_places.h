/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tables of the kernel side in which something waits for what others do, and of which nobody says that it
 * will not come any more. So each place says when it was last used, and for whom; user space makes room
 * before a table is full, and counts whoever goes although he may still have mattered. Both sides.
 */
#pragma once

#include "ct_types.h"

enum ct_places {
	CT_PLACES_SOCKETS, /* socket files on which engines listen */
	CT_PLACES_SOCKETS_SHARED,
	CT_PLACES_BODIES, /* requests whose body is to come */
	CT_PLACES_BODIES_SHARED,
	CT_PLACES_STREAMS, /* ends at which an engine may answer with a stream of lines */
	CT_PLACES_STREAMS_SHARED,
	CT_PLACES_LISTENERS, /* ports to which nobody has connected yet */
	CT_PLACES_WRITTEN, /* files into which an engine fetches something */
	CT_PLACES_STORED, /* directories in which it has fetched something */
	CT_PLACES_MAX
};

#define CT_PLACES_ROOM 16 /* for their numbers; a power of two */

enum ct_place_flag {
	CT_PLACE_LASTS = 1 << 0, /* it matters, however long it was not used */
	CT_PLACE_DONE = 1 << 1 /* what was to come has come */
};

/* A value of such a table begins with it. */
struct ct_place {
	__u64 used_ns; /* CLOCK_MONOTONIC */
	__u64 share; /* who has it: bpf/shares.bpf.h; 0: the host */
	__u32 owner; /* without this process it is nobody's; 0: of none */
	__u32 flags; /* CT_PLACE_* */
};
