/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients that have asked an engine for something and are no actors: what their programs are called. */
#pragma once

#include "core/who/who.h"

#define CT_ASKERS_MAX 4096 /* as many as the kernel's side knows (bpf/shares.bpf.h) */

/* An image that a client is to fetch itself, as its command line says. */
struct ct_asker_wants {
	char image[256];
	char ns[80]; /* of who it asks, as the first request that is about it says */
	uint32_t engine;
	bool mine;
	uint64_t leased_ns; /* when it took a lease for it; 0: not yet */
	bool told; /* there is a pull: nothing more is to be told of it by itself */
};

struct ct_asker {
	struct ct_held held; /* of the scope of who is asked */
	uint32_t tgid;
	char name[CT_COMM_LEN]; /* of its program; empty: the kernel has not said */
	struct ct_asker_wants *wants; /* owned, NULL: nothing that is known */
	UT_hash_handle hh;
};

/* ASKER. No room for it is counted. */
void ct_asker_heard(struct ct_core *core, const struct ct_event *e);
/* NULL: it has not been heard, or is forgotten. */
struct ct_asker *ct_asker_of(struct ct_core *core, uint32_t tgid);
void ct_asker_exits(struct ct_core *core, uint32_t tgid);
void ct_askers_free(struct ct_core *core);

extern const struct ct_share_row ct_askers_row;
