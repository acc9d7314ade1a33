/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections that engines have asked for, to registries or elsewhere, and what has become of them. */
#pragma once

#include "core/who/who.h"

#define CT_LINKS_MAX 1024

struct ct_link_kept {
	struct ct_held held; /* of the scope of who has asked for it */
	struct ct_link_kept *prev, *next; /* of those that are found alike */
	struct ct_link_kept *of_prev, *of_next; /* of who has asked, as they were heard of */
	uint32_t tgid; /* of who has asked */
	int32_t number; /* by which the kernel's side tells it from others of his */
	struct ct_link link;
};

void ct_link_heard(struct ct_core *core, const struct ct_event *e); /* LINKED */
/* Of that process, one after the other; after NULL: the first. NULL: there is no more. */
const struct ct_link_kept *ct_link_next(const struct ct_core *core, uint32_t tgid,
					const struct ct_link_kept *after);
void ct_links_free(struct ct_core *core);

extern const struct ct_share_row ct_links_row;
