/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many entries a table of the kernel side has forgotten, which forgets what is oldest and tells nobody: those that
 * were made, and were neither taken nor are there. Pure.
 *
 * The three cannot be read at one instant. Read in this order, they never say more than is true:
 *
 * 1. how many were made; the kernel side counts one when it is there;
 * 2. how many are there, each part of the table under its lock: what was there all the time is among them;
 * 3. how many were taken; the kernel side counts one before it takes it away, and user space does likewise.
 *
 * Whatever is made after 1 can only be too many in 2 and 3. Whatever was made before it is among those of 2 if it
 * was there all the time, among those of 3 if it was taken until then, or it was forgotten. What is too little
 * at one time is made up for later: the numbers go on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ct_evicted {
	uint64_t told; /* until now */
};

/* Whether the table has to be read: more were made than were taken or told, and may be there or not. */
bool ct_evicted_due(const struct ct_evicted *e, uint64_t made, uint64_t taken);

/* How many more. */
uint64_t ct_evicted_more(struct ct_evicted *e, uint64_t made, uint64_t present, uint64_t taken);
