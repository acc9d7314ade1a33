/* SPDX-License-Identifier: GPL-2.0-only */
/* A comparison, and how it is printed. */
#pragma once

#include "cmd/options.h"
#include "cmd/paths.h"
#include "source/recording/recordings.h"
#include "stats/compare.h"

struct ct_diff {
	const struct ct_options *opts; /* borrowed */
	struct {
		const char *path; /* borrowed: as it was given */
		struct ct_directories files;
		struct ct_recordings recordings;
		struct ct_core_counts counts;
	} side[CT_SIDES];
	struct ct_compare *compare;
	struct ct_causes *causes[CT_SIDES]; /* owned, by key; NULL without waits */
	struct ct_causes *all_causes[CT_SIDES]; /* owned, keys together */
	bool why; /* both have waits */
	bool steps; /* compared too */
	bool failed; /* out of memory */
	bool incomplete; /* something was lost, or a recording cut off */
	bool told; /* some total has enough values on both sides */
	bool untold; /* none has, or one that has them in A has not in B */
	bool slower; /* beyond --fail-if-slower, or 0 % */
};

/* The reason that grew most in what got slower: medians. */
struct ct_growth {
	enum ct_reason reason;
	uint64_t ns[CT_SIDES];
};

/* 0 or negative when out of memory. */
int ct_diff_why_add(struct ct_diff *diff, enum ct_side side, const struct ct_record *rec,
		    const char *key);
bool ct_diff_grew(const struct ct_diff *diff, const struct ct_change *change,
		  struct ct_growth *ret);

bool ct_diff_cut(const struct ct_diff *diff, enum ct_side side); /* some recording of it */
unsigned int ct_diff_depth(const struct ct_diff *diff, enum ct_side side); /* that all of it have */
size_t ct_diff_nodes(const struct ct_diff *diff, enum ct_side side); /* how many there are */

/* 0 and a text for the caller to free, or -ENOMEM. */
int ct_diff_table(const struct ct_diff *diff, char **ret_text, size_t *ret_len);
int ct_diff_json(const struct ct_diff *diff, char **ret_text, size_t *ret_len);
