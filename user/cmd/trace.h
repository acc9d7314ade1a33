/* SPDX-License-Identifier: GPL-2.0-only */
/* A live run, from the probes to the sinks and into a recording. */
#pragma once

#include "cmd/options.h"
#include "core/core.h"
#include "sinks/sink.h"
#include "source/recording/recording_archive.h"
#include "util/err.h"

/* How far it is. */
struct ct_trace_at {
	struct ct_archive_seen kept; /* in recordings */
	const struct ct_core_counts *counts;
	uint64_t run, failed; /* of the program: which one, how many of them have failed */
	bool ended; /* all is written */
};

/* Who else follows a live run. Each may be NULL. */
struct ct_trace_follower {
	/* Once, when nothing is missed any more and privileges are given up; 0, or a negative errno and a sentence. */
	int (*begin)(void *ctx, const struct ct_session *session, struct ct_err *err);
	void (*record)(void *ctx, const struct ct_record *rec); /* that passes the filters */
	/* Called a few times a second, and with `ended` once all is written. */
	void (*look)(void *ctx, const struct ct_trace_at *at);
	void *ctx;
};

/* follower may be NULL. Returns an exit code, or a negative errno and a sentence. */
int ct_trace(const struct ct_options *opts, const struct ct_trace_follower *follower,
	     struct ct_err *err);

/*
 * Whether opts->record is a directory, and what is kept in it if nothing is said. Returns 0, or a negative
 * errno and a sentence about options that contradict each other.
 */
int ct_record_directory(struct ct_options *opts, struct ct_err *err);
