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

enum ct_phase_is {
	CT_PHASE_ABSENT, /* the record has no such phase: nothing is said of it */
	CT_PHASE_UNMEASURED, /* it happened, its begin or end was not seen: null, "?", an empty cell */
	CT_PHASE_MEASURED /* in value.ns, however short */
};

/* CLIENT and UNKNOWN are no phases of the engine but gaps between them. */
enum ct_gaps {
	CT_GAPS_WITH_TIME, /* a gap of 0 ns is none: records as they are written */
	CT_GAPS_ALL /* a gap of 0 ns is one: what is counted and summed up */
};

struct ct_phase_value {
	enum ct_phase_is is;
	uint64_t ns;
};

/* The one place that decides what a phase of a record is. */
struct ct_phase_value ct_phase_value(const struct ct_record *rec, enum ct_phase phase,
				     enum ct_gaps gaps);

/* A phase that is missing is not measured: never guessed, never zero. */
int ct_measure(const struct ct_record *rec, ct_measure_fn fn, void *ctx);
