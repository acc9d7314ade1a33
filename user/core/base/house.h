/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The house that the stations are in: what all of them know, and a pointer to each, whose inside only
 * it has seen. A station asks those to its left by including their header, and is told by them
 * through the seams, which core.c ties. tests/lint proves that it is so.
 */
#pragma once

#include "core/base/shares.h"
#include "core/core.h"

#define CT_NS_PER_MS 1000000ull

#define CT_LATE_NS   (50 * CT_NS_PER_MS) /* nobody is heard later than that */
#define CT_WAIT_NS   (60000 * CT_NS_PER_MS) /* nobody waits longer for what is soon done */
#define CT_OPEN_NS   (10000 * CT_NS_PER_MS) /* who is silent for longer may have left */

struct ct_asker;
struct ct_container;
struct ct_fact;

/* What a station tells those to its right. */
struct ct_seams {
	/* hear: somebody said something (hear/hear.h). */
	void (*heard)(struct ct_core *core, struct ct_fact *fact);
	/* book: something is known of it now by which evidence may be found to be its own. */
	void (*learned)(struct ct_core *core, struct ct_container *c);
	/* life: it starts again, and its run is about to be replaced. */
	void (*starts_again)(struct ct_core *core, struct ct_container *c);
	/* book: its run is over for good, and will be the one before. */
	void (*run_ends)(struct ct_core *core, struct ct_container *c);
	/* book: it is forgotten. */
	void (*goes)(struct ct_core *core, struct ct_container *c);
	/* shares: by which name people know the container that has this first process. */
	void (*within)(struct ct_core *core, struct ct_party *party, uint32_t root);
};

struct ct_core {
	struct ct_core_options opts;
	struct ct_core_ops ops;
	void *ctx;
	struct ct_core_counts counts;
	const struct ct_seams *seams; /* static */

	uint64_t now; /* of the event that is being handled */
	uint64_t newest; /* of those fed, CLOCKs aside */
	uint32_t turn; /* number of the event that is being handled */
	uint64_t begin_ns; /* from when on nothing is missed; 0: not known */
	uint64_t lost_ns; /* when something was lost, the last time */
	uint64_t due_ns; /* when tell is to look at something again; 0: never */
	bool hears_syncs; /* of files: not every plan does */
	bool changed; /* something has, that tell is to look at behind this event */
	bool fetched; /* likewise of images: one is over */
	uint64_t hole_ns; /* when events were, whatever they would have said; 0: never */
	struct ct_labels labels; /* what the user has said */
	uint32_t run; /* the latest one, and when it began */
	uint64_t run_ns;
	uint64_t why_forgot_ns; /* when old waits were last forgotten */

	/* Owned. */
	struct ct_shares *shares;
	struct ct_reorder *order;
	struct ct_hear *hear;
	struct ct_who *who;
	struct ct_book *book;
	struct ct_pulls *pulls; /* of book; NULL before the first */
	struct ct_store *stores; /* likewise, a list */
	struct ct_links *links; /* likewise */
	struct ct_asker *askers; /* likewise, a uthash */
	struct ct_life *life;
	struct ct_evidence *steps;
	struct ct_openers *opens;
	struct ct_waits *why;
	struct ct_made *made; /* of tell */
};
