/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mann-Whitney U, two-sided: whether values of b tend to be larger, or smaller, than those of a.
 * It needs no particular distribution. Equal values count half and are corrected for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to so many values together the distribution is computed exactly, ties included. */
#define CT_MANN_WHITNEY_EXACT 40

struct ct_mann_whitney {
	double u; /* pairs in which b is larger, equal pairs half */
	double superiority; /* the share of those: 0.5 is no difference */
	double p;
	bool exact;
};

/* Both sorted, neither empty. Returns 0 or -ENOMEM. */
int ct_mann_whitney(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
		    struct ct_mann_whitney *ret);

/* The same by the normal approximation, with continuity correction, however few there are. */
void ct_mann_whitney_normal(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
			    struct ct_mann_whitney *ret);

/*
 * Holm: adjusts p values of tests that are looked at together, so that the chance of one or more
 * false alarms among all of them stays what one test's would be. In place; -ENOMEM or 0.
 */
int ct_holm(double *p, size_t count);
