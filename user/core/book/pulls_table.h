/* SPDX-License-Identifier: GPL-2.0-only */
/* The inside of the pulls: the lists that they are found by. Of pulls.c and pulls_command.c alone. */
#pragma once

#include "core/book/pulls_command.h"

#define CT_PULL_LISTS 256 /* a power of two */

struct ct_pulls {
	struct ct_pull *all; /* owned */
	struct ct_pull *untold;
	struct ct_pull *handles[CT_PULL_LISTS];
	struct ct_pull *clients[CT_PULL_LISTS];
	struct ct_pull *workers[CT_PULL_LISTS];
	size_t due; /* of the untold, whose due_ns is not 0 */
	uint64_t made;
};

/* It is found by no worker any more, if it was. */
void ct_command_rests(struct ct_core *core, struct ct_pull *p);
