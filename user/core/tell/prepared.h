/* SPDX-License-Identifier: GPL-2.0-only */
/* What was done for pods before they were asked for, and while their containers are: by the pod's uid. */
#pragma once

#include "core/hear/kubelet.h"
#include "core/tell/crew.h"

#include <uthash.h>

#define CT_PREPARED_MOUNTS_MAX 24

struct ct_prepared {
	char uid[CT_POD_UID_LEN];
	uint64_t first_ns; /* the first that was seen of it */
	uint64_t heard_ns; /* the last */
	struct ct_between mounts[CT_PREPARED_MOUNTS_MAX]; /* in order of begin */
	size_t count;
	UT_hash_handle hh;
};

struct ct_preparations {
	struct ct_prepared *all; /* owned; in the order in which they were first seen */
	size_t open; /* mounts that go on */
};

void ct_preparations_seen(struct ct_core *core, struct ct_preparations *all,
			  const struct ct_event *e);
/* A mount may have ended with it. */
void ct_preparations_exits(struct ct_core *core, struct ct_preparations *all, uint32_t pid);
/* NULL: nothing was seen of it. */
const struct ct_prepared *ct_preparations_of(const struct ct_preparations *all, const char *uid);
/* It was told, or is gone. */
void ct_preparations_forget(struct ct_preparations *all, const char *uid);
void ct_preparations_free(struct ct_preparations *all); /* what it owns */
