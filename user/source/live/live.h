/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live source: loads and attaches the probes of the plan, finds what already runs, and hands
 * every event to one function. What it looks up in user space it hands over as events too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "source/facts.h"
#include "source/live/kept.h"
#include "source/live/laps.h"
#include "source/live/plan.h"
#include "util/err.h"

struct ct_live;

enum ct_opens_mode {
	CT_OPENS_NONE,
	CT_OPENS_COUNTED, /* per container and path, in the kernel */
	CT_OPENS_EACH /* an event per open, for recordings */
};

struct ct_live_options {
	bool steps; /* per-call tracepoints */
	bool why; /* waits */
	enum ct_plan_name plan; /* CT_PLAN_BEST: the strongest that this kernel can host */
	uint32_t ready_mask; /* bit per enum ct_ready, never 0 */
	const char *ready_glob; /* borrowed, for CT_READY_PATH */
	size_t ring_bytes; /* power of two, 0: 4 MiB, 16 MiB for waits */
	size_t processes_max; /* 0: 16384 */
	enum ct_opens_mode opens;
	bool seccheck; /* ask gVisor's sandboxes what their applications do */
	bool seccheck_opens; /* and which files they open */
	bool sentry_probes; /* probes in the sandboxes' own code */
	bool verbose; /* libbpf's own messages on stderr */
	uint32_t mine; /* whose descendants' words are marked with CT_F_MINE; 0: nobody's */
	const struct ct_kept *
		before; /* borrowed until ct_live_open() returns: what another one has left; NULL: nothing */
};

/*
 * Loads, attaches, finds running engines, shims and containers, and emits OPTIONS, ENGINE,
 * PROCESS and IDENTITY events for them, then BEGIN. On failure nothing stays attached and *ret is untouched. Where
 * another one's events go on, these are of when it ended.
 */
int ct_live_open(struct ct_live **ret, const struct ct_live_options *opts, ct_event_fn fn,
		 void *ctx, struct ct_err *err);
void ct_live_close(struct ct_live *live); /* NULL is fine */

/*
 * Loads and attaches the probes as ct_live_open() would, or fails as that would, and looks at nothing
 * else: for ct_live_plan() and ct_live_close() alone.
 */
int ct_live_try(struct ct_live **ret, const struct ct_live_options *opts, struct ct_err *err);

/*
 * Gives up every privilege but those for what is looked up later. A program that is to be traced
 * with the caller's privileges must have been forked before; with_command: there is one.
 */
int ct_live_drop_privileges(struct ct_live *live, bool with_command, struct ct_err *err);

#define CT_LIVE_AWAKE_MS 100

/*
 * Waits at most timeout_ms, and no longer than until the first event if that is more than
 * CT_LIVE_AWAKE_MS; then hands over all events that are there, in ring order, and a LOST event for every loss counter that has grown. Returns the number of events, or negative errno;
 * -EINTR is no failure.
 */
int ct_live_poll(struct ct_live *live, int timeout_ms, struct ct_err *err);

/*
 * What goes on when this process has ended, if somebody keeps it: descriptors that live owns. False: it is nothing
 * that can be kept. Once.
 */
bool ct_live_keep(struct ct_live *live, struct ct_kept *ret);

/* After the first poll: whether it goes on where another one ended; when that was, and how many events it had left. */
bool ct_live_went_on(const struct ct_live *live, uint64_t *ret_since_ns, size_t *ret_events);

/* Tells now what has been counted of opened files; else that comes twice a second, and at the end. */
int ct_live_tell_opens(struct ct_live *live, struct ct_err *err);

/*
 * Until when all events have been handed over, CLOCK_MONOTONIC: now, or a little ago while some
 * wait for what is still to come from inside sandboxes.
 */
uint64_t ct_live_until(const struct ct_live *live);

/*
 * Ends what was set up in others: trace sessions of sandboxes. For the poll that comes last; what
 * they have sent until then is handed over by it. ct_live_close() does it too.
 */
void ct_live_end(struct ct_live *live);

/*
 * Asks for an IDENTITY event for a container, where there is none when it is gone, or for LAYER, UNPACKED and
 * IMAGE events of what an engine has stored. For ct_core_ops.lookup: the event comes when the function that was
 * handed an event has returned, or with the next poll. While ct_live_open() runs it tells all identities by itself.
 */
void ct_live_lookup(struct ct_live *live, enum ct_lookup what, const char *id, uint32_t engine_pid,
		    const char *bundle);

const struct ct_laps *ct_live_laps(const struct ct_live *live); /* of ct_live_open() */
const struct ct_plan *ct_live_plan(const struct ct_live *live);
size_t ct_live_engines(const struct ct_live *live); /* how many engines run */
