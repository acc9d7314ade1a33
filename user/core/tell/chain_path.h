/* SPDX-License-Identifier: GPL-2.0-only */
/* One time that a group of containers was started, and the way through its members that took longest. */
#pragma once

#include "core/record.h"

#define CT_CHAIN_MEMBERS 16 /* of a group */
#define CT_CHAIN_NOBODY  SIZE_MAX

/* A member, once. Times are absolute. */
struct ct_chain_start {
	uint64_t begin_ns; /* it is asked for */
	uint64_t ready_ns; /* its start is over */
	uint64_t exit_ns; /* 0: it goes on, or was told to stop */
	uint32_t client; /* pid of who asked for it; 0: not known */
	uint64_t gone_ns; /* what its engine does after that is over; 0: not known */
};

/* One time that the group was gone through: nobody follows one behind him; beside each other there is no order. */
struct ct_chain_time {
	struct ct_chain_start starts[CT_CHAIN_MEMBERS];
	size_t count;
};

/* A stretch of the path: a member starts, runs, or is asked for (its gap). */
struct ct_chain_stretch {
	enum ct_phase phase; /* COLD, RUN, CLIENT */
	size_t member;
	uint64_t begin_ns, end_ns;
};

/* Of one time: from the first request until the last member is ready, or has exited if all do. */
struct ct_chain_path {
	uint64_t total_ns, cold_ns, run_ns, gap_ns; /* the last three add up to the first */
	uint64_t member_cold_ns[CT_CHAIN_MEMBERS]; /* of cold_ns */
	struct ct_chain_stretch stretches[3 * CT_CHAIN_MEMBERS]; /* in order; they tile it */
	size_t stretch_count;
};

/* The first request; of at least one member. */
uint64_t ct_chain_begin(const struct ct_chain_time *t);
void ct_chain_walk(const struct ct_chain_time *t, struct ct_chain_path *ret);
/* Whether all of them are functions: they end by themselves. */
bool ct_chain_all_exit(const struct ct_chain_time *t);
/*
 * What a member's request followed: the last of what happened before, that another one exited or was
 * ready. CT_CHAIN_NOBODY: all others were only starting.
 */
size_t ct_chain_follows(const struct ct_chain_time *t, size_t i, uint64_t *ret_ns, bool *ret_exit);
