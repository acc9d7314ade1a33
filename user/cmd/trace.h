/* SPDX-License-Identifier: GPL-2.0-only */
/* A live run, from the probes to the sinks and into a recording. */
#pragma once

#include "cmd/options.h"
#include "core/core.h"
#include "source/recording/recording_archive.h"
#include "util/err.h"

/* Called a few times a second, and with `ended` once all is written. */
typedef void (*ct_trace_look)(void *ctx, const struct ct_archive *archive,
			      const struct ct_core_counts *counts, bool ended);

/* look may be NULL. Returns an exit code, or a negative errno and a sentence. */
int ct_trace(const struct ct_options *opts, ct_trace_look look, void *ctx, struct ct_err *err);
