/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The times between recordings of one boot in which nobody traced: a recorder was upgraded, or was not there. What
 * the later one found, of which the earlier one knew nothing, had started in between.
 */
#pragma once

#include <stdbool.h>

#include "core/record.h"
#include "sinks/sink.h"
#include "source/recording/recordings.h"

struct ct_gaps;

/* NULL when out of memory. Borrows the recordings. */
struct ct_gaps *ct_gaps_new(const struct ct_recordings *recordings);
void ct_gaps_free(struct ct_gaps *g); /* NULL is fine */

/* What is told from now on is of that one. */
void ct_gaps_turn(struct ct_gaps *g, const struct ct_input *in);
/* False: no memory. */
bool ct_gaps_record(struct ct_gaps *g, const struct ct_record *rec);
bool ct_gaps_left(struct ct_gaps *g, const struct ct_identity *who, bool told, bool open);

/*
 * Once, when all have been replayed: in the order of the recordings behind them, *ret_count of them, which
 * g owns. Returns 0 or -ENOMEM.
 */
int ct_gaps_list(struct ct_gaps *g, const struct ct_session_gap **ret, size_t *ret_count);
