/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of several sandboxes that wait to be put, by time, between those of the kernel. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/sandbox/seccheck_app.h"

#define CT_SECCHECK_QUEUE_BYTES (256u << 20) /* at most, of events */

/* Zeroed, it is ready. */
struct ct_seccheck_queue {
	char *bytes; /* owned */
	size_t len, room;
	struct ct_seccheck_kept *kept; /* owned */
	size_t count, kept_room, handed;
	bool disorder;
};

/* False when there is no room. */
bool ct_seccheck_keep(struct ct_seccheck_queue *q, const struct ct_event *e);

/* Hands over those until then, by time; those of one time in the order in which they came. */
void ct_seccheck_release(struct ct_seccheck_queue *q, uint64_t until_ns, ct_seccheck_fn fn,
			 void *ctx);
void ct_seccheck_queue_free(struct ct_seccheck_queue *q);
