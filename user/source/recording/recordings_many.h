/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many recordings, several at once, told as if they were replayed one after another. The unit of work is a
 * recording, or a series of files that follow one another: nothing within it is divided. What is told
 * waits for its turn; there is a limit to that, and who is ahead by so much waits himself.
 */
#pragma once

#include <stdbool.h>

#include "source/recording/recordings.h"

/* Of what is told while an earlier recording is still read, bytes, in all. */
#define CT_MANY_AHEAD (160u << 20)
/* More threads than that would have nothing to do: the one that draws could not keep up. */
#define CT_MANY_JOBS_MAX 16

struct ct_many {
	unsigned jobs; /* how many are read at once; 0: one for each CPU that may be used */
	const struct ct_core_options *core;
	const struct ct_core_ops *ops; /* called from the caller's thread alone, in order */
	void *ctx; /* of the ops */
	/* What is told from now on is of that one, and of what follows it. NULL: nobody asks. */
	void (*turn)(void *ctx, const struct ct_input *in);
	/* Asked after each that was told: false, and the rest is neither read nor told. NULL: all is. */
	bool (*goes_on)(void *ctx);
};

/*
 * All of them, until one fails or nobody wants more. Returns as ct_recordings_replay() of the last of
 * them; what would not have been read one by one is left as if it had not been.
 */
int ct_recordings_replay_many(struct ct_recordings *r, const struct ct_many *how,
			      struct ct_core_counts *counts, struct ct_err *err);

/* Recordings that are told together, and where what their cores could not use is counted. */
struct ct_many_set {
	struct ct_recordings *recordings;
	struct ct_core_counts *counts;
};

/* Likewise of several sets, one after another: clocks of two have nothing to do with each other. */
int ct_recordings_replay_sets(const struct ct_many_set *sets, size_t count,
			      const struct ct_many *how, struct ct_err *err);
