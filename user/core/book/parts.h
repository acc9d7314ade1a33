/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What clients that fetch images themselves have asked their engine for: leases, for which what they fetch is
 * kept as long as they have them, and layers to be unpacked.
 */
#pragma once

#include "core/who/who.h"

enum ct_part_kind {
	CT_PART_LEASE, /* id: what the client calls it */
	CT_PART_UNPACK /* id: the layer's digest */
};

struct ct_part {
	struct ct_held held; /* of the scope of who was asked */
	enum ct_part_kind kind;
	uint32_t client; /* tgid */
	char id[80];
	uint64_t begin_ns, end_ns; /* asked, answered; 0: not yet */
	bool refused;
};

/* Like that. NULL: no room, or no memory, which is counted. */
struct ct_part *ct_part_make(struct ct_core *core, const struct ct_scope *scope,
			     const struct ct_part *of);
/*
 * Those of its kind, client and id, one after the other in no order: a client that has two of its own clients may ask
 * for one layer twice. NULL: there is no more.
 */
struct ct_part *ct_part_next(const struct ct_core *core, const struct ct_scope *scope,
			     const struct ct_part *of, const struct ct_part *after);
void ct_parts_free(struct ct_core *core);

extern const struct ct_share_row ct_parts_row;
