/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes in the code of gVisor's Sentry, one sandbox at a time. They may hang a sandbox that is
 * still being born (docs/gvisor.md), so a sandbox gets them only when it is past that, every
 * instruction is looked at first, and none is ever attached to more than that one process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/sandbox/seccheck_app.h"
#include "util/err.h"

struct ct_sentry;

struct ct_sentry_options {
	int events, losses; /* maps of the kernel side */
	uint32_t opens_max; /* under way at a time */
};

/* Loads the programs. fn is told about sandboxes. */
int ct_sentry_open(struct ct_sentry **ret, const struct ct_sentry_options *opts, ct_seccheck_fn fn,
		   void *ctx, struct ct_err *err);

/* A sandbox runs, or is gone; whoever is none does not matter. */
void ct_sentry_add(struct ct_sentry *s, uint32_t pid);
void ct_sentry_exited(struct ct_sentry *s, uint32_t pid);

/* When to look again, CLOCK_MONOTONIC; 0: never. */
uint64_t ct_sentry_due(const struct ct_sentry *s);
void ct_sentry_look(struct ct_sentry *s);

/* Opens that were seen to begin and forgotten, for there were too many; since the last call. */
uint64_t ct_sentry_lost(struct ct_sentry *s);

void ct_sentry_close(struct ct_sentry *s); /* detaches all; NULL is fine */
