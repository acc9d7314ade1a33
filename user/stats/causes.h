/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time of records went: pieces of critical paths summed up by what they have in common,
 * for one record and over many. Medians are exact up to CT_CAUSES_EXACT records, and then off by at most
 * CT_HIST_ERROR: memory does not grow with the number of records.
 */
#pragma once

#include "core/record.h"

/* Further ones of a group go into those called CT_CAUSES_REST, one per phase and reason. */
#define CT_CAUSES_MAX  512
#define CT_CAUSES_REST "(other)"
/* So many values are kept one by one. */
#define CT_CAUSES_EXACT 512

/* What pieces have in common. */
struct ct_cause_key {
	enum ct_phase phase;
	enum ct_reason reason;
	const char *step; /* static */
	char actor[24];
	char what[40];
};

struct ct_cause_sum {
	struct ct_cause_key key;
	uint64_t ns; /* of all records */
	uint64_t median_ns; /* over all records of the group, those without it being 0 */
	size_t records; /* that have it */
};

struct ct_causes;

struct ct_causes *ct_causes_new(void); /* NULL when out of memory */
void ct_causes_free(struct ct_causes *c); /* NULL is fine */

/* Only records with a path are counted. key tells groups of a type apart. 0 or -ENOMEM. */
int ct_causes_add(struct ct_causes *c, const struct ct_record *rec, const char *key);

struct ct_cause_group {
	enum ct_record_type type;
	const char *key; /* borrowed */
	size_t records;
	uint64_t ns; /* of all records */
	uint64_t unknown_ns; /* of it unexplained */
};

size_t ct_causes_groups(const struct ct_causes *c);
const struct ct_cause_group *ct_causes_group(const struct ct_causes *c, size_t i);

/*
 * The causes of a group, the one with the greatest median first, then the greatest sum. Borrowed,
 * until something is added. NULL and 0 when out of memory.
 */
const struct ct_cause_sum *ct_causes_ranked(struct ct_causes *c, size_t group, size_t *ret_count);

/*
 * Medians per phase and reason over the records of a group. A phase's do not add up to its own
 * median: each is a median by itself.
 */
uint64_t ct_causes_phase(const struct ct_causes *c, size_t group, enum ct_phase phase,
			 enum ct_reason reason);
