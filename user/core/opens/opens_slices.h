/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens by stretches of time, for what was before the run was ready. Memory is bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ct_opens.h"
#include "util/hist.h"

#define CT_OPENS_SLICES_MAX 256 /* then two neighbours become one */

struct ct_opens_numbers {
	uint64_t count;
	uint64_t failed;
	uint64_t ns;
	uint64_t max_ns;
};

static inline void ct_opens_sum(struct ct_opens_numbers *to, const struct ct_opens_numbers *from)
{
	to->count += from->count;
	to->failed += from->failed;
	to->ns += from->ns;
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
}

struct ct_opens_slice {
	struct ct_opens_numbers n;
	uint64_t first_ns, last_ns;
	struct ct_opens_pair *pairs; /* by what: each once, in order */
	uint32_t pair_count;
};

struct ct_opens_slices {
	struct ct_opens_slice items[CT_OPENS_SLICES_MAX]; /* pairs are owned */
	size_t count;
	bool skips; /* the last that came was after the run was ready: it is none of these */
};

void ct_slices_clear(struct ct_opens_slices *s);

/*
 * Copies it, pairs and all. ready_ns may not be known yet (0): what comes after it needs no slice
 * once it is. 0, or -ENOMEM: then numbers are right and pairs are missing.
 */
int ct_slices_add(struct ct_opens_slices *s, const struct ct_opens_slice *slice, uint64_t ready_ns);

/* Further pairs of what was added last. */
int ct_slices_more(struct ct_opens_slices *s, const struct ct_opens_pair *pairs, size_t count);

/* What there was until then; *blurred: some are perhaps of after it. */
void ct_slices_until(const struct ct_opens_slices *s, uint64_t ns, struct ct_opens_numbers *ret,
		     bool *ret_blurred);

/* Adds latencies and errors of these. */
void ct_slices_each_until(const struct ct_opens_slices *s, uint64_t ns, struct ct_hist *hist,
			  uint64_t errors[CT_OPENS_ERRNOS]);
