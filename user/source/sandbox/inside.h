/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is seen inside sandboxes, by their own telling (seccheck) or by probes (sentry), put by time
 * between the events of the kernel side.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"
#include "source/sandbox/seccheck_app.h"
#include "source/sandbox/sentry.h"
#include "util/err.h"

struct ct_inside;

struct ct_inside_options {
	bool seccheck; /* what the application does */
	bool opens; /* and which files it opens */
	bool probes; /* --sentry-probes */
	struct ct_sentry_options sentry; /* for the probes */
};

/* fn gets the events. Looks for sandboxes that run already. */
int ct_inside_open(struct ct_inside **ret, const struct ct_inside_options *opts, ct_seccheck_fn fn,
		   void *ctx, struct ct_err *err);

/* An event of the kernel side: it waits for its turn, too. Tells of begins and ends of sandboxes. */
void ct_inside_take(struct ct_inside *in, const struct ct_event *e);

/* When there is something to do before the next event, CLOCK_MONOTONIC; 0 if there is not. */
uint64_t ct_inside_due(const struct ct_inside *in);

/*
 * Before the ring is read: all that was sent from inside until now is read. After it: hands over
 * what is not later than that, or all that is left after the end.
 */
void ct_inside_read(struct ct_inside *in);
void ct_inside_hand_over(struct ct_inside *in);

/* Until when everything has been handed over, CLOCK_MONOTONIC. */
uint64_t ct_inside_until(const struct ct_inside *in);

uint64_t ct_inside_lost(struct ct_inside *in); /* messages, since the last call */

/* Opens that probes have seen to begin and that were forgotten: likewise. */
uint64_t ct_inside_opens_lost(struct ct_inside *in);

/* Deletes the sessions and detaches the probes, when what was said until then has been read. */
void ct_inside_end(struct ct_inside *in);
void ct_inside_close(struct ct_inside *in); /* NULL is fine */
