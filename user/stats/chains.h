/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Groups of starts: what starts one after another because one calls the next, as the user names it or as it
 * is found, over and over in the same order. What pre-warming them would save is computed from their times.
 */
#pragma once

#include "core/tell/chain_path.h"
#include "util/err.h"

#define CT_CHAIN_TIMES 3 /* so often at least it must have happened */
#define CT_CHAIN_SHARE 0.8 /* of all times that the first member was started, in that order */
#define CT_CHAIN_PAUSE 2 /* so many times as long is a pause a longer one */
#define CT_CONTENTION_LEAST \
	3 /* starts beside others, and as many that are not, tell what is lost by that */
#define CT_CHAIN_NAMED 16
#define CT_CHAIN_NAME  512

/* What is asked for. */
struct ct_chains_how {
	bool find;
	bool records; /* ct_chains_records() will be asked for: who members are is kept */
	bool steps; /* of those records */
	bool prewarm; /* what starting members earlier would save */
	uint64_t lead_ns; /* so long before its own request; UINT64_MAX: with the first request */
	struct ct_group_named named[CT_CHAIN_NAMED];
	size_t named_count;
};

/* What would have been. */
struct ct_prewarmed {
	int64_t saved_ns;
	uint64_t idle_ns; /* sum of the times that members are ready and nobody calls them */
	bool overlaps; /* of starts, which did not overlap before */
};

/* What starts lose beside others that start, and beside others that stop: over all that there are. */
struct ct_contention {
	bool told; /* by how much, and of how many; else `overlapping` and `alone` are all that there are */
	double more; /* so much longer for each other one that starts beside it: 1 is twice as long as alone beside one */
	size_t overlapping, alone;
	double lost; /* of each ns that they spend beside a stop, 0..1 */
	size_t beside_stops; /* so many starts tell that; 0: it is not known */
};

/* members: bit per member that is started earlier, by lead_ns, but not before the first request. */
void ct_chain_prewarm(const struct ct_chain_time *t, uint32_t members, uint64_t lead_ns,
		      const struct ct_contention *by, struct ct_prewarmed *ret);

/* Of what is told of all times of a group. */
struct ct_middle {
	double median, min, max;
	bool sure; /* there are enough times for an interval */
	double low, high; /* 95 % interval of the median */
};

struct ct_chain_what_if {
	uint32_t members;
	struct ct_middle saved; /* ns */
	double idle; /* median, ns */
};

struct ct_chain {
	char name[CT_CHAIN_NAME]; /* "a > b > c"; what overlaps is "a > b + c" */
	char members[CT_CHAIN_MEMBERS][80];
	size_t member_count;
	bool given; /* by the user */
	uint32_t matched; /* bit per member that anything was, of what the user has named */
	const struct ct_chain_time *times;
	size_t count, begun; /* how often it was gone through, and begun */
	struct ct_middle start[CT_CHAIN_MEMBERS], run[CT_CHAIN_MEMBERS], gap[CT_CHAIN_MEMBERS];
	size_t runs
		[CT_CHAIN_MEMBERS]; /* how many values of run there are; gap: before the member */
	struct ct_middle total, cold, share; /* of the path; share: 0..1 */
	double variation; /* of the path: standard deviation by mean */
	struct ct_chain_what_if what_if[CT_CHAIN_MEMBERS]; /* each later member, then all of them */
	size_t what_if_count;
};

struct ct_chains;

struct ct_chains *ct_chains_new(const struct ct_chains_how *how); /* NULL: no memory */
void ct_chains_free(struct ct_chains *c); /* NULL is fine */
int ct_chains_add(struct ct_chains *c, const struct ct_record *rec); /* 0 or -ENOMEM */
/* What is added from now on is of another recording: nobody's pid there is known here. */
void ct_chains_turn(struct ct_chains *c);
/* Once, behind the last record. 0 or -ENOMEM. */
int ct_chains_run(struct ct_chains *c);
size_t ct_chains_count(const struct ct_chains *c);
const struct ct_chain *ct_chains_get(const struct ct_chains *c, size_t i);
const struct ct_chains_how *ct_chains_how(const struct ct_chains *c);
/* Of all starts and stops, once they are run. */
const struct ct_contention *ct_chains_contention(const struct ct_chains *c);
/* Each time of those that were found, as a record, in order of begin. 0 or -ENOMEM. */
int ct_chains_records(const struct ct_chains *c,
		      void (*record)(void *ctx, const struct ct_record *rec), void *ctx);
