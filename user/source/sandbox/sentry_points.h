/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in runsc's own code an open can be seen: found by name, and each place checked to hold the
 * very instruction that is expected there. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"
#include "util/err.h"

/*
 * Columns: symbol, BPF program, what it is. All are instructions that the kernel emulates: others
 * would be single-stepped, at twenty times the cost (docs/gvisor.md).
 */
#define CT_SENTRY_POINTS(X) \
	X(ENTER, ct_sentry_enter, "'push %rbp' of linux.openat") \
	X(CALL, ct_sentry_call, "the call of VirtualFilesystem.OpenAt in it") \
	X(LEAVE, ct_sentry_leave, "the branch on its error")

enum ct_sentry_point {
#define X(symbol, program, what) CT_SENTRY_##symbol,
	CT_SENTRY_POINTS(X)
#undef X
	CT_SENTRY_POINT_MAX
};

struct ct_sentry_points {
	uint64_t offset[CT_SENTRY_POINT_MAX]; /* in the file */
};

/* Fails with a sentence without a subject, about the first thing that is not as expected. */
int ct_sentry_points(struct ct_sentry_points *ret, struct ct_text file, struct ct_err *err);
