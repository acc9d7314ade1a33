/* SPDX-License-Identifier: GPL-2.0-only */
/* The opened files of a session: one entry per run of a container, for the sinks. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "stats/open_groups.h"

#define CT_OPENS_RUNS_MAX 1024 /* more are put together in one that has no name */

struct ct_opens_list {
	struct ct_opens **items; /* owned, and what they point to */
	size_t count, room;
	struct ct_open_how how;
};

/* Takes what it is given, also when it fails: 0 or -ENOMEM. Same run, same entry. */
int ct_opens_list_take(struct ct_opens_list *l, struct ct_opens *o);
void ct_opens_list_clear(struct ct_opens_list *l);

/* The share of the time from the first instruction to ready that opens took; negative: not known. */
double ct_opens_ready_share(const struct ct_opens *o, const struct ct_opens_view *v);
