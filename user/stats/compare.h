/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two sets of records, A and B, and whether B is slower. Every measured value is kept: medians are
 * exact, and so is what is computed from them.
 */
#pragma once

#include "stats/measure.h"
#include "stats/summary.h"

#define CT_COMPARE_FEW       10 /* fewer values than this, on a side, tell nothing */
#define CT_COMPARE_ALPHA     0.05
#define CT_COMPARE_LEVEL     0.95
#define CT_COMPARE_RESAMPLES 10000
#define CT_COMPARE_SEED      1
#define CT_COMPARE_KEYS      64 /* further keys of a type go into CT_SUMMARY_REST */
/* A phase that is less of the total than this, percent, fails nothing by itself. */
#define CT_COMPARE_MATTERS_PCT 1

enum ct_side {
	CT_SIDE_A,
	CT_SIDE_B,
	CT_SIDES
};

/* Columns: symbol, name. */
#define CT_VERDICTS(X) \
	X(SLOWER, "slower") \
	X(FASTER, "faster") \
	X(SAME, "no difference told") \
	X(TOO_FEW, "too few to tell") \
	X(ONLY_A, "only in A") \
	X(ONLY_B, "only in B")

/* SLOWER and FASTER: p is below CT_COMPARE_ALPHA, and 0 is not in the interval. */
enum ct_verdict {
#define X(symbol, name) CT_VERDICT_##symbol,
	CT_VERDICTS(X)
#undef X
	CT_VERDICT_MAX
};

extern const char *const ct_verdict_names[CT_VERDICT_MAX];

struct ct_values {
	size_t n;
	uint64_t min, median, p99, max; /* ns, nearest rank; 0 if n is */
};

/* One total, phase or step of one type and key, on both sides. */
struct ct_change {
	enum ct_record_type type;
	const char *key; /* "" if keys are not told apart; borrowed */
	unsigned phase; /* or CT_MEASURE_TOTAL */
	const char *step; /* static; NULL for the total or the phase itself */
	struct ct_values side[CT_SIDES];
	double change_ns; /* of the median */
	/* From here on only if tested. */
	bool tested;
	double low_ns, high_ns;
	double superiority; /* chance that one of B takes longer than one of A */
	double p; /* as tested */
	double p_holm; /* corrected for totals and phases together, or for steps together */
	bool exact;
	enum ct_verdict verdict;
};

/* How many records there are, good and bad, of one type and key. */
struct ct_change_group {
	enum ct_record_type type;
	const char *key;
	uint64_t count[CT_SIDES][CT_OUTCOME_MAX];
	size_t first, end; /* its changes: the total, then phases, then steps */
};

enum ct_split {
	CT_SPLIT_AUTO, /* keys are told apart if A and B have one in common */
	CT_SPLIT_ALWAYS
};

struct ct_compare;

struct ct_compare *ct_compare_new(enum ct_by by); /* NULL when out of memory */
void ct_compare_free(struct ct_compare *c); /* NULL is fine */

/* 0 or -ENOMEM. */
int ct_compare_add(struct ct_compare *c, enum ct_side side, const struct ct_record *rec);

/* Once, after all are added; what is told stays until free. 0 or -ENOMEM. */
int ct_compare_run(struct ct_compare *c, enum ct_split split);

bool ct_compare_is_split(const struct ct_compare *c);
size_t ct_compare_tests(const struct ct_compare *c, bool steps); /* corrected for together */

/* What matters first: differences that were told before others, large ones before small ones. */
size_t ct_compare_groups(const struct ct_compare *c);
const struct ct_change_group *ct_compare_group(const struct ct_compare *c, size_t i);
const struct ct_change *ct_compare_change(const struct ct_compare *c, size_t i);

/* In percent of the median of A; NaN if that is 0. */
double ct_change_percent(const struct ct_change *change);

/*
 * Whether a change fails a build that may not get slower by more than this: totals, and phases
 * that the engine and the runtime answer for and that matter beside the total.
 */
bool ct_change_fails(const struct ct_change *change, const struct ct_change *total, double percent);
