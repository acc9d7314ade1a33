/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this station share. */
#pragma once

#include "core/hear/said.h"
#include "core/steps/steps.h"

/* Evidence whose container is not known yet, kept until it is. */
enum ct_orphan_key {
	CT_BY_ID,
	CT_BY_LAYER,
	CT_BY_SANDBOX,
	CT_BY_NETNS
};

struct ct_orphan {
	struct ct_held held;
	struct ct_orphan *prev, *next; /* of those that may belong to the same */
	uint64_t seq; /* the greater, the later */
	uint32_t key; /* what it may belong to; 0: nothing is there */
	enum ct_orphan_key by;
	struct ct_scope scope; /* of who did it */
	uint64_t netns;
	char text[80];
	struct ct_step step;
};

/* A sync whose call has not returned yet. */
struct ct_sync {
	struct ct_held held;
	uint64_t ts_ns;
	uint32_t tid;
	char id[80];
	UT_hash_handle hh;
};

#define CT_SYNCS_MAX      256
#define CT_ORPHANS_MAX    2048
#define CT_ORPHANS_PLACES (CT_ORPHANS_MAX + CT_ORPHANS_MAX / 2 + 16) /* others', one that enters */
#define CT_ORPHAN_LISTS   1024 /* a power of two */
#define CT_CALL_ROWS_MAX  64

struct ct_evidence {
	struct ct_orphan *orphans; /* owned, CT_ORPHANS_PLACES; NULL: there never was one */
	struct ct_orphan *orphan_lists[CT_ORPHAN_LISTS]; /* by their keys, the oldest first */
	uint16_t orphan_spare[CT_ORPHANS_PLACES]; /* places that were taken, and are free again */
	size_t orphan_spares, orphan_used; /* how many of them; places that ever were taken */
	uint64_t orphan_seq; /* of the last */
	struct ct_sync *syncs; /* owned, by thread */
	uint64_t call_rows[CT_CALL_MAX]; /* bit per row of the table of calls */
	struct ct_pattern call_patterns[CT_CALL_ROWS_MAX]; /* of each row */
};

/* steps.c. Number of the step in the run, or -1 when it is not kept. */
int ct_step_add(struct ct_core *core, struct ct_container *c, const struct ct_step *step);
/* Calls of a kind by one process, no further apart than that, are one step that counts. */
void ct_step_merge(struct ct_core *core, struct ct_container *c, const struct ct_step *step,
		   uint64_t gap_ns);
void ct_step_end(struct ct_actor_state *a, uint64_t ts_ns, int status);

/* step_rules.c. What a process did for c: if it waited for the agent of its machine, it does no more. */
void ct_steps_agent(struct ct_core *core, struct ct_container *c, const struct ct_event *e);

/* orphans.c */
void ct_orphan_add(struct ct_core *core, const struct ct_scope *scope, enum ct_orphan_key by,
		   struct ct_text text, uint64_t netns, const struct ct_step *step);
void ct_orphans_free(struct ct_core *core);

/* step_calls.c */
void ct_calls_index(struct ct_evidence *all);
void ct_syncs_free(struct ct_core *core);
struct ct_step ct_step_of(const char *name, const char *actor, const struct ct_event *e);
