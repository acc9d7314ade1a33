/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of one ring come in the order in which their room was reserved, on several CPUs: not
 * quite in the order of their times. A small window puts them right.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"

#define CT_REORDER_WINDOW_NS (20 * 1000 * 1000ull)
/* How much longer the oldest may be held: events are handed over by dozens, which is faster. */
#define CT_REORDER_SLACK_NS (CT_REORDER_WINDOW_NS / 8)

struct ct_reorder;

typedef void (*ct_reorder_fn)(void *ctx, const struct ct_event *e);

/* NULL when out of memory. fn gets every event once, by time. */
struct ct_reorder *ct_reorder_new(ct_reorder_fn fn, void *ctx);
void ct_reorder_free(struct ct_reorder *r); /* NULL is fine */

/*
 * Copies the event; when the oldest is older than window and slack, hands over those that are
 * older than the window. Out of memory: hands it over at once. An event older than the last one handed over is handed over all the same, late.
 */
void ct_reorder_push(struct ct_reorder *r, const struct ct_event *e);
void ct_reorder_settle(struct ct_reorder *r); /* what is older than the window, without slack */
uint64_t
ct_reorder_due(const struct ct_reorder *r); /* from when on that hands over one; 0: never */
void ct_reorder_flush(struct ct_reorder *r);

size_t ct_reorder_held(const struct ct_reorder *r);
uint64_t ct_reorder_late(const struct ct_reorder *r);
uint64_t ct_reorder_newest(const struct ct_reorder *r);
