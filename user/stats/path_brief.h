/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A critical path in few words. Where many processes share few CPUs a path has thousands of pieces, most of
 * them too short to be seen; outputs write what they add up to, and a path of no more pieces than can
 * be told apart.
 */
#pragma once

#include "core/record.h"

/* So many, where an output does not need fewer. */
#define CT_BRIEF_PIECES 48
/* Of fewer than a record has segments nothing could be made. */
#define CT_BRIEF_PIECES_MIN 32

/* One piece, or several short ones that follow each other. */
struct ct_brief_piece {
	/* Of several: from the first to the last; for the rest it is like the longest of its reason. */
	struct ct_piece piece;
	size_t pieces; /* that it stands for */
	struct ct_why why; /* how it divides */
};

/*
 * What the record has of its own of its path (ct_record_own_path()), in `most` pieces or fewer: the
 * shortest that follow each other within a phase are put together, first those of one step of one
 * process. Nothing is left out: pieces tile what they did. The caller frees. Returns 0 or -ENOMEM.
 */
int ct_brief_path(const struct ct_record *rec, size_t most, struct ct_brief_piece **ret,
		  size_t *ret_count);

#define CT_BRIEF_CAUSES 256 /* more are put together by phase and reason */

/* Sum of the pieces that have all in common but their time and thread. */
struct ct_brief_cause {
	const struct ct_piece *like; /* one of them, borrowed from the record */
	bool rest; /* only phase and reason are in common: it is CT_CAUSES_REST */
	uint64_t ns;
};

/* Of all of its path, exact, the longest first. The caller frees. Returns 0 or -ENOMEM. */
int ct_brief_causes(const struct ct_record *rec, struct ct_brief_cause **ret, size_t *ret_count);
