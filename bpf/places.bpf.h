/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables in which something waits: see ct_places.h. What is full takes nothing, and says so: nothing that
 * waits is forgotten here. Nobody who has a share may take more than an eighth of a table before user space
 * has looked at it.
 */
#pragma once

#include "ct_places.h"
#include "shares.bpf.h"

/* As what a place counts in a share, beside the bytes of what is said: 1024 of them a second, */
#define CT_PLACE_BYTES (CT_SHARE_BYTES / 1024)
/* and of those that last, 64. */
#define CT_PLACE_LASTING_BYTES (CT_SHARE_BYTES / 64)

/* Read by user space: how many were taken of each table until now, again or anew. */
__u64 ct_places_taken[CT_PLACES_ROOM] = {};

static __always_inline struct ct_place place_of(__u64 share, __u32 owner)
{
	struct ct_place place = {
		.used_ns = bpf_ktime_get_ns(),
		.share = share,
		.owner = owner,
	};

	return place;
}

/* Global: verified once, by itself. r: of the update. */
__attribute__((noinline)) int ct_place_taken(__u64 which, __u64 share, int r)
{
	which &= CT_PLACES_ROOM - 1;
	barrier_var(which);
	if (!r)
		__sync_fetch_and_add(&ct_places_taken[which], 1);
	else if (share)
		ct_beyond_share(share);
	else
		ct_lose(CT_LOSS_TALK);
	return 0;
}
