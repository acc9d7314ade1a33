/* SPDX-License-Identifier: GPL-2.0-only */
/* A live run, from the probes to the sinks and into a recording. */
#pragma once

#include "cmd/options.h"
#include "core/core.h"
#include "source/recording/recording_archive.h"
#include "util/err.h"

/* How far it is. */
struct ct_trace_at {
	const struct ct_archive *archive;
	const struct ct_core_counts *counts;
	uint64_t run, failed; /* of the program: which one, how many of them have failed */
	bool ended; /* all is written */
};

/* Called a few times a second, and once at the end. */
typedef void (*ct_trace_look)(void *ctx, const struct ct_trace_at *at);

/* look may be NULL. Returns an exit code, or a negative errno and a sentence. */
int ct_trace(const struct ct_options *opts, ct_trace_look look, void *ctx, struct ct_err *err);
