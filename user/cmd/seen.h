/* SPDX-License-Identifier: GPL-2.0-only */
/* What there was, of what filters choose by: told when nothing has passed them. */
#pragma once

#include "cmd/options.h"

#define CT_SEEN_DIMENSIONS 11
#define CT_SEEN_VALUES     8

struct ct_seen_values {
	struct {
		char name[64];
		uint64_t count;
	} each[CT_SEEN_VALUES];
	uint64_t others; /* records of values that have no room */
};

struct ct_seen {
	const struct ct_where *where; /* conditions beside the filters, borrowed; NULL: none */
	uint64_t records;
	uint64_t first_ns, last_ns; /* begins of the first and the last, CLOCK_MONOTONIC */
	struct ct_seen_values by[CT_SEEN_DIMENSIONS];
	struct ct_seen_values of[CT_WHERE_MAX]; /* of each condition */
	uint32_t matched
		[CT_CHAIN_NAMED]; /* of each chain that the user has named, bit per member that has started */
	uint64_t of_runs,
		of_others; /* starts in runs of a program; those that it has not asked for */
	struct ct_seen_values names; /* of what has started, where there are such */
};

void ct_seen_count(struct ct_seen_values *values, const char *value);
/* " a (2), b (1)" behind what is in text. */
void ct_seen_list(const struct ct_seen_values *values, char *text, size_t size);

/* A record, whether it passes or not: what the filters that there are choose by is counted. */
void ct_seen_add(struct ct_seen *seen, const struct ct_options *opts, const struct ct_record *rec);

/*
 * Whether there is a filter, and there were records that it kept out, all of them; then a sentence that
 * says what they were. Wall clock times of it are UTC.
 */
bool ct_seen_sentence(const struct ct_seen *seen, const struct ct_options *opts,
		      int64_t wall_minus_mono_ns, char *ret, size_t size);
