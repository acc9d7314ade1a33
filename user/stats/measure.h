/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a finished record is measured: its total, each phase, and the steps of one name. */
#pragma once

#include "core/record.h"

#define CT_MEASURE_TOTAL CT_PHASE_MAX

struct ct_measure {
	unsigned phase; /* enum ct_phase, or CT_MEASURE_TOTAL */
	const char *step; /* static; NULL for the phase itself */
	uint64_t ns; /* the steps of one name in one phase add up */
	uint64_t calls; /* of the steps */
	bool timed; /* false: a step of which no end was seen, ns is 0 */
};

/* Ends at the first that is not 0. */
typedef int (*ct_measure_fn)(void *ctx, const struct ct_measure *m);

/* A phase that is missing is not measured: never guessed, never zero. */
int ct_measure(const struct ct_record *rec, ct_measure_fn fn, void *ctx);
