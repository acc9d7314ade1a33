/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What threads were seen doing, found by when, by who did it and by whom it reached: a path asks at every
 * turn, of any time that is kept, and what others did meanwhile may not make that longer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ct_event.h"

struct ct_acts;

struct ct_acts *ct_acts_new(void); /* NULL when out of memory */
void ct_acts_free(struct ct_acts *all); /* NULL is fine */

/* An event of a thread, by time. parent: the process that it is told to, of an EXIT. False: there is no room. */
bool ct_acts_feed(struct ct_acts *all, const struct ct_event *e, uint32_t parent);

/* Forgets what was before. */
void ct_acts_forget(struct ct_acts *all, uint64_t before_ns);

/* As ct_waits_doer(), _last(), _reached() and _file(). */
uint32_t ct_acts_doer(const struct ct_acts *all, uint64_t ns, uint32_t prefer);
uint32_t ct_acts_last(const struct ct_acts *all, uint32_t tgid, uint64_t ns);
uint32_t ct_acts_reached(const struct ct_acts *all, uint32_t tgid, uint64_t from_ns, uint64_t to_ns,
			 uint64_t *ret_ns);
const char *ct_acts_file(const struct ct_acts *all, uint32_t tid, uint64_t from_ns, uint64_t to_ns);
