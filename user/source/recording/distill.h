/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may be kept of an event. Passwords pass by: in headers, in bodies, in command lines. What is
 * kept is decided by what a mark or an identity is made of, never by what looks like a secret.
 * docs/recording.md lists it.
 *
 * Pure: a live run asks it before an event goes anywhere else, scrub asks it of old recordings.
 */
#pragma once

#include "ct_event.h"

struct ct_distill;

/* Owned by the caller; NULL without memory or without random numbers. */
struct ct_distill *ct_distill_new(void);
void ct_distill_free(struct ct_distill *d); /* NULL is fine */

/*
 * The event itself if all of it may be kept, else a copy that is valid until the next call; never
 * longer, except for an IDENTITY, whose arguments become a number. Events of one source, in the order in
 * which they come: what was said on a connection before decides what is understood.
 */
const struct ct_event *ct_distill(struct ct_distill *d, const struct ct_event *e);
