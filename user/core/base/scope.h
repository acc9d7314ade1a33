/* SPDX-License-Identifier: GPL-2.0-only */
/* Where somebody speaks from: whose word counts for what (docs/trust.md). A part of keys: no padding. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ct_scope {
	uint32_t root; /* first process of the container that it runs in; 0: the host */
	uint32_t uid; /* owner, as the host numbers users */
	uint32_t level; /* of its pid namespace; 0: the host's */
};

static inline bool ct_scope_is(const struct ct_scope *a, const struct ct_scope *b)
{
	return a->root == b->root && a->uid == b->uid && a->level == b->level;
}

/* Of the host's root, who has the whole of every table. */
static inline bool ct_scope_is_host(const struct ct_scope *s)
{
	return !s->root && !s->uid && !s->level;
}
