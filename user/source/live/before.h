/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is found when tracing begins, and what the programs of the tracer before had seen until then, are put into one
 * order: what ran when that one ended, then what happened since. Who was born in between is told by that alone. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/facts.h"

struct ct_before;

struct ct_before *ct_before_new(void); /* NULL when out of memory */
void ct_before_free(struct ct_before *b); /* NULL is fine */

/* Copies. The first is a ct_event_fn; out of memory: ct_before_whole() is false from then on. */
void ct_before_found(void *b, const struct ct_event *e);
void ct_before_seen(struct ct_before *b, const struct ct_event *e);
bool ct_before_whole(const struct ct_before *b);

/*
 * Of what both tracers' programs see, the old ones tell what came before that time, and the new ones the rest. Theirs
 * differ by some us for the same event, so it is between from_ns and to_ns where least happened. What was seen later is
 * left out.
 */
uint64_t ct_before_cut(struct ct_before *b, uint64_t from_ns, uint64_t to_ns);

/* After the cut. When the first of it happened, end_ns or earlier; how much of it there is. */
uint64_t ct_before_first(const struct ct_before *b, uint64_t end_ns);
size_t ct_before_count(const struct ct_before *b);

/* After the cut, one after the other: what ran then, at that time; what happened since; what is known since. */
void ct_before_tell_found(struct ct_before *b, uint64_t ns, ct_event_fn fn, void *ctx);
void ct_before_tell_seen(const struct ct_before *b, ct_event_fn fn, void *ctx);
void ct_before_tell_known(struct ct_before *b, uint64_t ns, ct_event_fn fn, void *ctx);
