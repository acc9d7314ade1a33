/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the table sink: lines as they come, steps under them, the summary. */
#pragma once

#include "sinks/pen.h"
#include "sinks/sink.h"
#include "stats/causes.h"

/* The steps of a record as an indented tree, a heading per phase. */
void ct_table_steps(struct ct_pen *pen, const struct ct_record *rec);

/* What the record waited for, ranked; nothing without a path. Negative when out of memory. */
int ct_table_why(struct ct_pen *pen, const struct ct_record *rec);

/* The same as medians, of groups with more than one record. */
void ct_table_causes(struct ct_pen *pen, struct ct_causes *causes);

/* opens: draw opened files too, else only say that there are some. Returns 0 or -ENOMEM. */
int ct_table_summary(struct ct_pen *pen, const struct ct_session *session,
		     const struct ct_summary *summary, const struct ct_core_counts *counts,
		     bool opens);

/* Which runtime is how fast, and where its time goes: the types that have at least one record. */
void ct_table_compare(struct ct_pen *pen, const struct ct_summary *summary,
		      enum ct_record_type type);

/* What was drawn from histograms, whose values are not exact. */
enum ct_estimates {
	CT_ESTIMATES_NONE,
	CT_ESTIMATES_PERCENTILES,
	CT_ESTIMATES_BINS
};

/*
 * What is lost, unmatched or unknown, each with its cause; and how exact the estimates are that
 * were drawn above.
 */
void ct_table_honesty(struct ct_pen *pen, const struct ct_summary *summary,
		      const struct ct_core_counts *counts, enum ct_estimates estimates);
/* Of that, why not all is there; "" if it is. */
void ct_table_missing(char *text, size_t room, const struct ct_core_counts *counts);

/*
 * What the record consists of, in words, or if it is to be short as a sum without names. Returns its
 * columns. flags: enum ct_duration_flag.
 */
/* What came of the probes of a record: empty if there were none. */
void ct_table_probes(char *text, size_t size, const struct ct_record *rec, unsigned flags);
size_t ct_table_words(char *text, size_t size, const struct ct_record *rec, bool named,
		      unsigned flags);

/* The i-th phase in the order in which a record of this type lives; i below CT_PHASE_MAX. */
enum ct_phase ct_table_phase(enum ct_record_type type, unsigned i);

#define CT_RUNTIME_COLUMNS 16
/* Other keys than runtimes are longer: images, nodes. */
#define CT_KEY_COLUMNS 32
/* Columns that the runtimes of a type take, at most CT_RUNTIME_COLUMNS, or other keys. */
size_t ct_table_runtime_columns(const struct ct_pen *pen, const struct ct_summary *summary);
const char *ct_table_runtime(const struct ct_group *g);
