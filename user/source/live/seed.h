/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first facts that user space looks up: what runs already when tracing begins. Every engine,
 * shim, runtime and container process is told to the kernel side and to the reader, as if its start
 * had been seen.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ct_event.h"
#include "source/facts.h"
#include "util/err.h"

/* The value of the kernel side's map of actors. */
struct ct_seed_actor {
	uint8_t role;
	uint8_t level;
	uint8_t flags;
	uint8_t epoch;
	uint32_t root;
	uint32_t uid;
	uint32_t mntns;
	uint64_t share;
	uint64_t woke_ns;
};
_Static_assert(sizeof(struct ct_seed_actor) == 32, "as struct ct_actor of bpf/coldtrace.bpf.h");
#define CT_SHARE_USER (1ull << 32) /* as in bpf/shares.bpf.h */

struct ct_seed_ops {
	/* True and *ret if the process is an actor already: the kernel said so itself. */
	bool (*known)(void *ctx, uint32_t pid, struct ct_seed_actor *ret);
	/* Makes it one; false if it became one meanwhile, or the table is full. */
	bool (*add)(void *ctx, uint32_t pid, const struct ct_seed_actor *actor);
	/* It is gone: it may have ended before the kernel side could know it. */
	void (*remove)(void *ctx, uint32_t pid);
	/* It has a name of the table of roles, and must not. */
	void (*accuse)(void *ctx, uint32_t uid, const char *comm, enum ct_role role);
	/* The pid of a shim's container, 0 if that is not known. */
	uint32_t (*init_pid)(void *ctx, uint32_t shim);
	/* A new actor that is an engine. */
	void (*engine)(void *ctx, uint32_t pid);
};

/*
 * Emits PROCESS events, parents before children, and IDENTITY events for containers whose shim
 * names them and that no Docker engine keeps. Call it when the probes are attached: it looks again
 * until it finds nothing new.
 */
int ct_seed(const struct ct_seed_ops *ops, void *ctx, struct ct_facts *facts, struct ct_err *err);

/* The same of one process that the kernel side knows, now; nothing if it does not, or is gone. */
void ct_seed_tell(const struct ct_seed_ops *ops, void *ctx, struct ct_facts *facts, uint32_t pid);
