/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the messages of one sandbox to events: entry and return of an open are paired, times become
 * CLOCK_MONOTONIC, what only repeats is left out. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"
#include "ct_opens.h"
#include "source/sandbox/seccheck_wire.h"

#define CT_SECCHECK_INSIDE 1024 /* threads of one sandbox inside an open at a time */
#define CT_SECCHECK_INITS  64 /* containers of one sandbox */
#define CT_SECCHECK_ID     80 /* with its NUL: containerd allows 76 */

typedef void (*ct_seccheck_fn)(void *ctx, const struct ct_event *e);

/* Zeroed, with the first four set, it is ready. */
struct ct_seccheck_app {
	uint32_t pid; /* of the sandbox, on the host */
	char id[CT_SECCHECK_ID]; /* of the sandbox, and of its first container */
	ct_seccheck_fn fn;
	void *ctx; /* borrowed */
	bool opens; /* these are asked for */
	uint64_t lost; /* not sent by the sandbox, or of no use here: the reader takes them */
	uint32_t dropped; /* as the sandbox counts them */
	struct ct_seccheck_inside {
		int64_t tid; /* 0: unused */
		int64_t time_ns;
	} inside[CT_SECCHECK_INSIDE];
	struct ct_seccheck_init {
		int64_t tgid;
		size_t threads; /* that run; 0: not known */
		bool began;
		bool first_ended; /* its first thread */
	} inits[CT_SECCHECK_INITS];
	size_t init_count;
};

/*
 * wall_minus_mono_ns: CLOCK_REALTIME less CLOCK_MONOTONIC now; now_ns: CLOCK_MONOTONIC. No event
 * is later than now.
 */
void ct_seccheck_app_take(struct ct_seccheck_app *app, struct ct_text bytes,
			  int64_t wall_minus_mono_ns, uint64_t now_ns);

/*
 * How many messages the sandbox could not send, ever; wraps. Its threads write on their own: what
 * is less than was said before is older, and nothing new.
 */
void ct_seccheck_app_dropped(struct ct_seccheck_app *app, uint32_t dropped);

/* Says that a view of the sandbox is seen from now on (ret 0), or why it is not. */
void ct_seccheck_app_say(struct ct_seccheck_app *app, enum ct_view view, int32_t ret,
			 const char *why, uint64_t now_ns);
