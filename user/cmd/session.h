/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a live run and a replay have in common: the filters, the summary and the sinks. Events go
 * in one by one; what comes out is drawn.
 */
#pragma once

#include <stdbool.h>

#include "cmd/gaps.h"
#include "cmd/options.h"
#include "cmd/seen.h"
#include "core/core.h"
#include "sinks/sink.h"
#include "source/recording/recordings.h"
#include "stats/chains.h"
#include "stats/summary.h"

struct ct_run_session {
	const struct ct_options *opts; /* borrowed */
	struct ct_core *core; /* of a live run */
	struct ct_core_counts counts; /* of the cores of a replay */
	struct ct_summary *summary;
	/* Of the outputs that draw steps and waits that were not asked for; NULL: there are none. */
	struct ct_summary *deep;
	struct ct_chains *chains; /* of a replay that is to find groups; NULL: nobody asks */
	struct ct_gaps *gaps; /* of a replay; NULL: of a live run */
	struct ct_sink sinks[CT_LIST_MAX];
	size_t sink_count;
	struct ct_session head;
	char version[128], kernel[256]; /* of several recordings */
	char node[CT_NODE_LEN]; /* of a live run, for its records: set before the first */
	struct ct_window window; /* --since, --until */
	struct ct_seen seen; /* whether they pass the filters or not */
	uint64_t counted, records; /* reported; of them those that -n counts */
	uint64_t kept_back; /* cut, since it was over */
	uint64_t containers, open; /* that pass the filters, of those that are known */
	uint64_t drawn_ns; /* when ct_session_interval() last drew, 0: never */
	struct ct_err err;
	bool over; /* -n is reached: what goes on is not told as cut */
	bool failed; /* err says why; the outputs that did not fail go on */
	bool full; /* of memory: nothing goes on */
	bool left; /* who read the outputs has gone, from all of them: there is nothing left to do */
};

/*
 * Opens the outputs, all of them or none; ct_session_begin() empties those that are files. ops NULL: no
 * live run, there will be a replay.
 */
int ct_session_open(struct ct_run_session *s, const struct ct_options *opts,
		    const struct ct_core_ops *ops, void *ctx, struct ct_err *err);

/* Tells the first failure of an output; the others have begun all the same. */
int ct_session_begin(struct ct_run_session *s, struct ct_err *err);

/* For ct_core_ops.record. */
void ct_session_record(struct ct_run_session *s, const struct ct_record *rec);

/* For ct_core_ops.opens: takes them. */
void ct_session_opens(struct ct_run_session *s, struct ct_opens *opens);

/* For ct_core_ops.left. */
void ct_session_left(struct ct_run_session *s, const struct ct_identity *who, bool told, bool open);

/*
 * Draws what has been opened since the last time, on every output that has room for that. One that
 * fails is told by ct_session_end().
 */
void ct_session_interval(struct ct_run_session *s, uint64_t now_ns);

/*
 * Flushes the core, draws the summary. Returns 0, 1 when something was lost, or the first error of an
 * output, however early: those that did not fail are complete.
 */
int ct_session_end(struct ct_run_session *s, uint64_t end_ns, struct ct_err *err);
void ct_session_close(struct ct_run_session *s);

/* A sentence if all records were kept out by filters, as ct_seen_sentence(). */
bool ct_session_unmatched(const struct ct_run_session *s, char *ret, size_t size);

/*
 * Instead of begin, records and end: all recordings into the sinks, one after the other. Returns
 * as ct_session_end(), and 1 when one of them was cut off: each says so itself.
 */
int ct_session_replay(struct ct_run_session *s, struct ct_recordings *recordings,
		      struct ct_err *err);
