/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gVisor's own view of what its applications do: one seccheck trace session in every sandbox that
 * runs, made over the sandbox's control socket as `runsc trace create` does, received over a
 * socket pair of which the sandbox gets one end. Nothing of a container's configuration changes,
 * and nothing has a name that could be left behind. A session that somebody else holds is left
 * alone, and that is said.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"
#include "source/sandbox/seccheck_app.h"

struct ct_seccheck;

/* fn gets the events, those of one sandbox in its order. NULL when out of memory. */
struct ct_seccheck *ct_seccheck_new(bool opens, ct_seccheck_fn fn, void *ctx);

/* A sandbox runs, or is gone; whoever is none does not matter. */
void ct_seccheck_add(struct ct_seccheck *s, uint32_t pid);
void ct_seccheck_exited(struct ct_seccheck *s, uint32_t pid);

/* When there is something to do before the next event, CLOCK_MONOTONIC; 0 if there is not. */
uint64_t ct_seccheck_due(const struct ct_seccheck *s);

/* Reads what the sandboxes have sent, and asks those that are being born. */
void ct_seccheck_read(struct ct_seccheck *s);

/* Whether there was more than could be read: a maximum for all sandboxes, a share of it for each. */
bool ct_seccheck_behind(const struct ct_seccheck *s);

/* How many messages were lost since the last call. */
uint64_t ct_seccheck_lost(struct ct_seccheck *s);

/* Deletes the sessions and reads what was sent until then. A dead sandbox is no error. */
void ct_seccheck_end(struct ct_seccheck *s);
void ct_seccheck_free(struct ct_seccheck *s); /* NULL is fine; ends them if need be */
