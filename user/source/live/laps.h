/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the time goes until tracing begins, a row each, in their order; `-v` shows it. */
#pragma once

#include <stdint.h>

#include "util/clock.h"

/* X(name, what it is spent on) */
#define CT_LAPS(X) \
	X(ENGINES, "look for engines") \
	X(KERNEL, "look at the kernel and its types") \
	X(PREPARE, "prepare the programs") \
	X(LOAD, "load and verify them") \
	X(ATTACH, "attach them") \
	X(RUNNING, "find what runs already") \
	X(INSIDE, "look into sandboxes")

enum ct_lap {
#define X(name, what) CT_LAP_##name,
	CT_LAPS(X)
#undef X
	CT_LAP_MAX
};

struct ct_laps {
	uint64_t since_ns; /* the end of the lap before, CLOCK_MONOTONIC */
	uint64_t ns[CT_LAP_MAX];
};

static inline void ct_laps_begin(struct ct_laps *laps)
{
	laps->since_ns = ct_mono_ns();
}

/* What has passed since the last call was this. A plan that is made again adds to its own. */
static inline void ct_lap(struct ct_laps *laps, enum ct_lap lap)
{
	uint64_t now = ct_mono_ns();

	laps->ns[lap] += now - laps->since_ns;
	laps->since_ns = now;
}
