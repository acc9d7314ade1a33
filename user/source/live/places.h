/* SPDX-License-Identifier: GPL-2.0-only */
/* Which places of a table of ct_places.h are given up, and which of them are counted. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ct_places.h"

/* What is true of all places of a table. */
struct ct_places_rule {
	bool owned; /* each is somebody's: nobody's is given up */
	uint64_t idle_ns; /* unused for that long it matters no more, 0: it always does */
};

#define CT_PLACES_DONE_NS  (10 * 1000000000ull) /* what is done may go on for a while */
#define CT_PLACES_LASTS_NS (600 * 1000000000ull) /* the same of what lasts */

struct ct_place_seen {
	struct ct_place place;
	size_t at; /* in the table, as it was read */
	bool dead; /* its owner has ended */
	bool goes;
	bool counted; /* it may have mattered */
};

/* Whether a table of max places, of which so many were not free, has to be looked at when `taken` more were taken. */
bool ct_places_due(size_t max, size_t left, uint64_t taken);

/*
 * Judges all that are in a table of max places. What matters no more goes, the oldest first, until a quarter of
 * the table is left; then, if more than half of it is, what is beyond an eighth of it of one share; then
 * whatever is oldest, until three quarters are left. Sorts them by share. Returns how many stay.
 */
size_t ct_places_judge(const struct ct_places_rule *rule, uint64_t now_ns, size_t max,
		       struct ct_place_seen *seen, size_t count);
