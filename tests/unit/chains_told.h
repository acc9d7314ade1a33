/* SPDX-License-Identifier: GPL-2.0-only */
/* Starts and exits that are told to whoever looks for groups. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "starts.h"
#include "stats/bootstrap.h"
#include "stats/chains.h"
#include "util/mem.h"

#define RUN   200
#define ROUND 10000

struct told {
	struct ct_chains *chains;
	unsigned ids;
};

static inline struct told tell(bool prewarm)
{
	const struct ct_chains_how how = { .find = true,
					   .prewarm = prewarm,
					   .lead_ns = UINT64_MAX };
	struct told t = { .chains = ct_chains_new(&how) };

	cr_assert(t.chains);
	return t;
}

static inline void tell_start(struct told *t, const char *name, uint64_t at_ms, uint64_t run_ms,
			      struct ct_client client, uint32_t first)
{
	struct ct_identity who = { 0 };
	struct ct_record rec = start_of(&who, at_ms, START);

	snprintf(who.name, sizeof(who.name), "%s", name);
	snprintf(who.id, sizeof(who.id), "%u", t->ids++);
	who.client = client;
	who.init_pid = first;
	cr_assert_eq(ct_chains_add(t->chains, &rec), 0);
	if (!run_ms)
		return;
	rec.type = CT_RECORD_STOP;
	rec.cause = CT_CAUSE_EXIT;
	rec.service_end_ns = rec.begin_ns = rec.end_ns + run_ms * MS;
	rec.end_ns = rec.begin_ns + MS;
	cr_assert_eq(ct_chains_add(t->chains, &rec), 0);
}

/* It is still who had asked for the first start that is said to have. */
static inline void again_by_policy(struct told *t, const char *name, uint64_t at_ms,
				   uint32_t client)
{
	struct ct_identity who = { .client = { 5001 + t->ids, { client, 1 } } };
	struct ct_record rec = start_of(&who, at_ms, START);

	rec.cause = CT_CAUSE_POLICY;
	snprintf(who.name, sizeof(who.name), "%s", name);
	snprintf(who.id, sizeof(who.id), "%u", t->ids++);
	cr_assert_eq(ct_chains_add(t->chains, &rec), 0);
}

/* A function: it is started, runs, and exits. client: who asks, below the same gateway. 0 ms: it goes on. */
static inline void start(struct told *t, const char *name, uint64_t at_ms, uint64_t run_ms,
			 uint32_t gateway)
{
	tell_start(t, name, at_ms, run_ms, (struct ct_client){ 5001 + t->ids, { gateway, 1 } }, 0);
}

/* Likewise, by anybody; first: its own first process. */
static inline void asks(struct told *t, const char *name, uint64_t at_ms, struct ct_client client,
			uint32_t first)
{
	tell_start(t, name, at_ms, RUN, client, first);
}
