/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opened files of one run of a container, each view apart. The core fills it from events of kind
 * OPENED, OPENS and OPENS_PATH and hands it over when the run is over; sinks read it. Memory is
 * bounded: what finds no room is counted, and that count is the error of the numbers of a path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/hash.h"

#include "core/opens/opens_slices.h"
#include "core/record.h"
#include "core/base/shares.h"
#include "ct_event.h"
#include "ct_opens.h"
#include "util/hist.h"

extern const char *const ct_view_names[CT_VIEW_MAX];
extern const char *const ct_view_docs[CT_VIEW_MAX];
extern const char *const ct_open_call_names[CT_OPEN_CALL_MAX];

#define CT_OPENS_PATHS_MAX  16384 /* per view of a run */
#define CT_OPENS_MOUNTS_MAX 64

struct ct_opens_mount {
	uint64_t where;
	char dir[CT_OPENS_PATH_LEN]; /* as the container sees it; "" if not known */
};

struct ct_open_path {
	struct ct_opens_numbers n;
	const struct ct_opens_mount *mount; /* borrowed of the view; NULL: it was never opened */
	uint32_t error; /* of the last that failed */
	uint32_t flags; /* CT_OPENS_F_* */
	uint8_t call; /* enum ct_open_call */
	UT_hash_handle hh;
	char key[]; /* '0' + call, then the path */
};
#define CT_OPEN_PATH_TEXT(p) ((p)->key + 1)

struct ct_opens_view {
	struct ct_opens_numbers calls[CT_OPEN_CALL_MAX];
	struct ct_hist *hist[CT_OPEN_CALL_MAX]; /* owned; NULL: none */
	uint64_t errors[CT_OPENS_ERRNOS]; /* of both calls */
	struct ct_open_path *paths; /* owned, a uthash */
	struct ct_opens_mount mounts[CT_OPENS_MOUNTS_MAX];
	size_t mount_count;
	struct ct_opens_numbers rest[CT_OPEN_CALL_MAX]; /* whose path is not among the paths */
	uint64_t path_error; /* by how many opens the count of a path may be too low */
	struct ct_opens_slices slices; /* opens, not executed programs */
};

struct ct_opens {
	struct ct_held held; /* of the core, as long as it is the core's */
	struct ct_identity who;
	const char *node; /* borrowed, as of a record */
	uint32_t seq; /* of the run, 0: no container is known */
	uint64_t exec_ns; /* the container's program was executed, 0: not seen */
	uint64_t ready_ns; /* 0: not seen */
	uint64_t first_ns, last_ns;
	struct ct_opens_view *views[CT_VIEW_MAX]; /* owned, NULL: nothing seen */
	char *unseen[CT_VIEW_MAX]; /* owned; why there is no such view, NULL: none is missed */
	struct ct_opens *prev, *next;
	UT_hash_handle hh; /* of the core: by seq */
};

struct ct_opens *ct_opens_new(void); /* NULL when out of memory */
void ct_opens_free(struct ct_opens *o); /* NULL is fine */

/* Says why there is no such view. False when out of memory; then it is not said. */
bool ct_opens_miss(struct ct_opens *o, enum ct_view view, const char *why);

/* Whether there is any view; if not, it is there for what is missed. */
static inline bool ct_opens_seen(const struct ct_opens *o)
{
	bool seen = false;

	for (int i = 0; i < CT_VIEW_MAX; i++)
		seen |= o->views[i] != NULL;
	return seen;
}

/* What is to be said of a view: NULL if it is there, or nobody misses it. */
static inline const char *ct_opens_missed(const struct ct_opens *o, enum ct_view view)
{
	return o->views[view] ? NULL : o->unseen[view];
}

/*
 * Counts what an event says. Returns 0, -ENOMEM, or -EBADMSG if the tail is no tail of its kind:
 * then nothing of it was counted.
 */
int ct_opens_add(struct ct_opens *o, enum ct_view view, const struct ct_event *e);

/* Adds what was counted in another of the same container; paths beyond the bound are counted. */
int ct_opens_merge(struct ct_opens *to, const struct ct_opens *from);

/* Until the run was ready; false if that was not seen. *blurred: some are perhaps of after it. */
bool ct_opens_until_ready(const struct ct_opens *o, const struct ct_opens_view *v,
			  struct ct_opens_numbers *ret, bool *ret_blurred);

/* Latencies and errors of the same; NULL: it was not seen to be ready, or no memory. */
struct ct_opens_ready {
	struct ct_hist *hist; /* owned */
	uint64_t errors[CT_OPENS_ERRNOS];
};
struct ct_opens_ready *ct_opens_ready_new(const struct ct_opens *o, const struct ct_opens_view *v);
void ct_opens_ready_free(struct ct_opens_ready *ready); /* NULL is fine */

/* The mount that a path lies on: its own, else the deepest one known that its path is below. */
const struct ct_opens_mount *ct_opens_mount_of(const struct ct_opens_view *v,
					       const struct ct_open_path *p);
