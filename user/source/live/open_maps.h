/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side's maps of opened files: takes what has been counted out of them and tells it as
 * events. Counting goes on meanwhile, in the other map of each pair; nothing is counted twice or
 * never.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "source/facts.h"
#include "source/live/live.h"
#include "util/err.h"

struct coldtrace_bpf;
struct ct_open_maps;

/* Before the object is loaded: the maps are made only if they are used; dirs_min: of directories, so many at least. */
int ct_open_maps_prepare(struct coldtrace_bpf *skel, enum ct_opens_mode mode, size_t processes_max,
			 uint32_t dirs_min);

/* After it: the skeleton and facts are borrowed. */
int ct_open_maps_new(struct ct_open_maps **ret, struct coldtrace_bpf *skel, struct ct_facts *facts,
		     struct ct_err *err);
void ct_open_maps_free(struct ct_open_maps *m); /* NULL is fine */

/* Whether there is enough to tell, or it is long enough ago that something was told. */
bool ct_open_maps_due(const struct ct_open_maps *m, uint64_t now_ns);

/*
 * From now on the other maps are counted in, and nobody writes to these any more. What is in them
 * was opened by processes whose own events are in the ring by now: read it before telling.
 */
int ct_open_maps_turn(struct ct_open_maps *m, struct ct_err *err);

/* Tells what is in the maps turned away from, as events of this time, and empties them. */
int ct_open_maps_tell(struct ct_open_maps *m, uint64_t now_ns, struct ct_err *err);

/* Of those that were told since the last call: opens by a path whose directory was forgotten. */
uint64_t ct_open_maps_lost(struct ct_open_maps *m);
