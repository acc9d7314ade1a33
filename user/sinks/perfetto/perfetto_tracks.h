/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which track a slice goes to. Slices of one track nest; what overlaps without nesting goes to a
 * further track beside it. A container has a track, its processes have tracks below it.
 */
#pragma once

#include "core/record.h"
#include "sinks/perfetto/perfetto_write.h"

struct ct_tracks;
struct ct_tracks_container;

struct ct_tracks *ct_tracks_new(void); /* NULL when out of memory */
void ct_tracks_free(struct ct_tracks *tracks); /* NULL is fine */

/*
 * Finds or makes it, for slices that begin at now_ns or later. NULL when out of memory, which t
 * says too.
 */
struct ct_tracks_container *ct_tracks_container(struct ct_tracks *tracks, struct ct_trace *t,
						const struct ct_identity *who, uint64_t now_ns);

/* It will not be seen again. */
void ct_tracks_forget(struct ct_tracks *tracks, struct ct_tracks_container *c);

uint64_t ct_tracks_uuid(const struct ct_tracks_container *c);

/*
 * Whose slice it is: the container itself (group NULL), its restarts ("restart"), or a process.
 * On each such row, slices are opened in order of begin; open ones that have ended by then are
 * ended first, and all of them by ct_tracks_settle().
 */
struct ct_tracks_row {
	const char *group; /* static */
	uint32_t pid;
	unsigned inside; /* of so many open slices for sure, even where it begins as they end */
};

void ct_tracks_open(struct ct_tracks_container *c, struct ct_trace *t, struct ct_tracks_row row,
		    uint64_t begin_ns, uint64_t end_ns, struct ct_slice *slice);
void ct_tracks_settle(struct ct_tracks_container *c, struct ct_trace *t);

/* That there is such a thread, and its process, is written once. name: of its program. */
void ct_tracks_thread(struct ct_tracks *tracks, struct ct_trace *t, uint32_t pid, uint32_t tid,
		      const char *name);
