/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations sorted into series, one per engine, runtime, type of record and phase, for sinks that
 * need the exact values (ct_summary keeps log-linear histograms). As there, only records with
 * outcome OK are measured, the others are counted. What a cell holds is up to the sink.
 */
#pragma once

#include <stddef.h>

#include "core/record.h"
#include "sinks/sink.h"
#include "stats/summary.h"

/*
 * Series of one type beyond so many go into one of their engine and runtime of which what else it is by is
 * CT_SERIES_REST; beyond twice as many, into one of which all is.
 */
#define CT_SERIES_MAX   64
#define CT_SERIES_REST  "(other)"
#define CT_SERIES_TOTAL CT_PHASE_MAX /* the cell of whole records */

/* By what else than engine and runtime they are told apart. */
#define CT_SERIES_BY_MAX 2
struct ct_series_by {
	enum ct_by by[CT_SERIES_BY_MAX];
	size_t count;
};

struct ct_series_ops {
	size_t cell_size; /* cells begin as zeros */
	/* ctx is the set's. Returns 0 or -ENOMEM. */
	int (*add)(void *cell, const void *ctx, uint64_t ns, const struct ct_session *session,
		   const struct ct_record *rec);
	void (*drop)(void *cell); /* frees what a cell owns; may be NULL */
	bool any_engine; /* engines are not told apart: engine is "" */
};

struct ct_series {
	enum ct_record_type type;
	char engine[32];
	char runtime[64];
	char *by[CT_SERIES_BY_MAX]; /* owned; NULL: it is not asked for */
	uint64_t created_ns; /* CLOCK_MONOTONIC: before its first record was told */
	uint64_t number; /* how manieth of its set it was, from 1; cells are counted with them */
	uint64_t count[CT_OUTCOME_MAX];
	uint64_t unknown[CT_PHASE_MAX]; /* the phase happened and could not be measured */
	void *cells[CT_PHASE_MAX + 1]; /* NULL where nothing was added */
	uint64_t numbers[CT_PHASE_MAX + 1]; /* of these, the same */
};

/* All zeros is an empty one. */
struct ct_series_set {
	const struct ct_series_ops *ops; /* of its first record */
	const void *ctx; /* borrowed: what its cells need to know */
	const struct ct_series_by *by; /* borrowed; NULL: nothing else */
	struct ct_series **items; /* in order: type, engine, runtime, by */
	size_t count, room;
	uint64_t numbers; /* how many there have been */
};

/* Returns 0 or -ENOMEM. The ops are the same for all records of a set. */
int ct_series_add(struct ct_series_set *set, const struct ct_series_ops *ops,
		  const struct ct_session *session, const struct ct_record *rec);
/* Frees what a struct ct_series_set owns: the free of a sink whose state is one. */
void ct_series_free(void *set);

/* "total" for CT_SERIES_TOTAL. */
const char *ct_series_cell_name(unsigned cell);

/* The ns as a decimal number of seconds, exact: "0.0025", "3.0". Returns buf. */
#define CT_SECONDS_LEN 32
const char *ct_seconds(char *buf, uint64_t ns);
