/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this station share: who opens files, and whose each of them are. */
#pragma once

#include "core/opens/openers.h"

struct ct_opener {
	struct ct_held held;
	uint32_t root;
	bool stranger; /* nothing else is known of it: it is known again as soon as it opens */
	enum ct_view as; /* what the kernel side calls its opens may be wrong: see below */
	bool known_as;
	bool ended;
	bool kept; /* it ended long ago, and may have heirs */
	bool proved; /* it has: they opened something */
	uint64_t ended_ns;
	uint64_t since_ns; /* it is in its list */
	struct ct_opener *prev, *next; /* of those that have ended, or of those that are kept */
	uint32_t seq; /* of the run, 0: not known */
	struct ct_identity who;
	struct ct_opens *opens; /* borrowed of the list; NULL: nothing since it was taken */
	char *unseen[CT_VIEW_MAX]; /* owned; why it gives no such view */
	UT_hash_handle hh;
};

struct ct_openers {
	struct ct_opener *openers; /* owned, by process */
	struct ct_opener *ended, *kept; /* of them, lists */
	struct ct_opens *runs; /* owned list, a run of a container each */
	struct ct_opens *by_run; /* those of them whose container is known */
};

/* opens_runs.c. In whose share a process is. NULL: nobody knows. */
const struct ct_scope *ct_opener_payer(struct ct_core *core, uint32_t tgid);
/* What was opened in its run: found or made; NULL: no memory, or no room (counted). */
struct ct_opens *ct_opener_opens(struct ct_core *core, const struct ct_opener *op);
/* It is this container's from now on, and so is what was counted before that was known. */
void ct_opener_adopt(struct ct_core *core, struct ct_opener *op, const struct ct_container *c);
/* What is known of a run now. */
void ct_run_learn(struct ct_opens *o, const struct ct_container *c, const struct ct_run *run);
void ct_run_drop(struct ct_core *core, struct ct_opens *o); /* out of the table; it is not freed */
