/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Backwards from the end of something through who woke whom, until its begin: what it waited for,
 * nanosecond by nanosecond.
 */
#pragma once

#include "core/record.h"
#include "core/why/waits.h"

/* A stretch of time of one thread. They come from the latest to the earliest, without a gap. */
struct ct_stretch {
	uint64_t begin_ns;
	uint64_t end_ns;
	enum ct_reason reason;
	uint32_t tid; /* 0: nobody that is known */
	uint32_t tgid;
	char what[40];
};

typedef void (*ct_stretch_fn)(void *ctx, const struct ct_stretch *stretch);

/*
 * From end_ns, at which thread tid had done it, to begin_ns. only: stay in that process, and name
 * the others that it waits for; 0: go where they lead.
 */
void ct_path_walk(const struct ct_waits *w, uint32_t tid, uint64_t begin_ns, uint64_t end_ns,
		  uint32_t only, ct_stretch_fn fn, void *ctx);

/* How the time of a step divides. The sum is its wall time. */
void ct_path_step(const struct ct_waits *w, const struct ct_step *step, struct ct_why *ret);

/*
 * The critical path of a record, in order of time, for the caller to free; NULL when out of
 * memory. steps name what its actors did.
 */
struct ct_piece *ct_path_record(const struct ct_waits *w, const struct ct_record *rec,
				const struct ct_step *steps, size_t step_count, size_t *ret_count);
