/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several groups of records beside each other: of each type its total and its phases, whether the groups
 * differ, and which of them. Every value is kept: medians are exact, and so is what is computed from them.
 */
#pragma once

#include "stats/kruskal.h"
#include "stats/measure.h"

#define CT_CONTRAST_FEW    5 /* groups of fewer values are told, and not tested */
#define CT_CONTRAST_GROUPS 64 /* what comes after goes into CT_SUMMARY_REST */
#define CT_CONTRAST_ALL    6 /* so many groups are all compared with each other, else with the first */
#define CT_CONTRAST_NAME   256

/* One group's total, or one of its phases. */
struct ct_contrast_cell {
	size_t n;
	uint64_t median, min, max; /* ns; 0 if n is */
	bool sure; /* there are enough for an interval */
	uint64_t low, high; /* 95 % interval of the median */
};

/* The total, or a phase, in all groups. */
struct ct_contrast_row {
	unsigned phase; /* or CT_MEASURE_TOTAL */
	struct ct_contrast_cell *cells; /* one per group */
	bool tested;
	struct ct_kruskal test;
	double p_holm; /* corrected for all rows of all types */
};

/* Two groups' totals. */
struct ct_contrast_pair {
	size_t a, b; /* groups; b less a: */
	double change_ns, low_ns, high_ns; /* of the medians, and its 95 % interval */
	double delta; /* effect size, Cliff's: -1 all of b are below a, 0 as often as not, 1 all above */
	double p, p_holm; /* corrected for all pairs of the type */
};

struct ct_contrast_type {
	enum ct_record_type type;
	size_t *ok, *bad; /* per group: records that are in it, and those that failed or were cut */
	struct ct_contrast_row
		*rows; /* the total first, of no values too, then phases in order of life */
	size_t row_count;
	struct ct_contrast_pair *pairs;
	size_t pair_count;
};

struct ct_contrast;

struct ct_contrast *ct_contrast_new(void); /* NULL: no memory */
void ct_contrast_free(struct ct_contrast *c); /* NULL is fine */

/* 0 or -ENOMEM. Groups are in the order in which they were first named. */
int ct_contrast_add(struct ct_contrast *c, const char *group, const struct ct_record *rec);
/* Once, when all are added; what is told stays until free. 0 or -ENOMEM. */
int ct_contrast_run(struct ct_contrast *c);

size_t ct_contrast_groups(const struct ct_contrast *c);
const char *ct_contrast_name(const struct ct_contrast *c, size_t group);
size_t ct_contrast_types(const struct ct_contrast *c);
const struct ct_contrast_type *ct_contrast_type(const struct ct_contrast *c, size_t i);
size_t ct_contrast_tests(const struct ct_contrast *c); /* rows that were corrected for together */

/* In words: "large", "medium", "small", "negligible" (Romano et al. 2006: 0.474, 0.33, 0.147). */
const char *ct_delta_word(double delta);
