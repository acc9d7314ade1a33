/* SPDX-License-Identifier: GPL-2.0-only */
/* Who wanted more than his share, or took a name that is not his: few are told one by one. */
#pragma once

#include <stdint.h>

#include "ct_event.h"

#define CT_PARTIES_MAX 8
#define CT_UID_UNKNOWN UINT32_MAX /* of whoever was not seen to begin */

struct ct_party {
	uint64_t count;
	uint32_t uid; /* as the host numbers users */
	char within[80]; /* name or id of the container that it runs in, "pid N"; "": the host */
	char comm[CT_COMM_LEN]; /* of a forger: the name that it took */
};

struct ct_parties {
	struct ct_party each[CT_PARTIES_MAX]; /* the first that were seen; count 0: no more */
	uint64_t others; /* of those that found no place */
};

/* So many more of this one; count of `party` is not read. */
void ct_parties_add(struct ct_parties *to, const struct ct_party *party, uint64_t count);
void ct_parties_merge(struct ct_parties *to, const struct ct_parties *from);
uint64_t ct_parties_sum(const struct ct_parties *p);

/* Requests to an engine that nobody understood and that may hide something; see hear/inferred.c. */
struct ct_unheard {
	struct ct_unheard_of {
		uint64_t requests; /* 0: no more */
		uint64_t connections; /* that they came on */
		uint32_t pid; /* of the engine; 0: not known */
		char engine[32]; /* docker, containerd, ...; empty: not known */
	} each[CT_PARTIES_MAX];
	struct ct_unheard_of others; /* of those that found no place */
};

/* Engines whose API is on TCP as well: what is asked there is heard by nobody. */
struct ct_deaf {
	struct ct_deaf_of {
		uint32_t pid; /* 0: no more */
		char engine[32];
	} each[CT_PARTIES_MAX];
	uint64_t others; /* that found no place */
};

/* Engines that do things in an order that no row of their family has (life/family.h). */
struct ct_strange {
	struct ct_strange_of {
		uint64_t starts, stops; /* that were so; both 0: no more */
		uint32_t pid;
		char engine[32], version[32]; /* empty: not known */
	} each[CT_PARTIES_MAX];
	struct ct_strange_of others; /* of those that found no place */
};

#define CT_PULLING_MAX 8

/* Images that are being fetched, by the registries that their names name. */
struct ct_pulling {
	struct {
		uint64_t count; /* 0: no more */
		char registry[128];
	} each[CT_PULLING_MAX];
};

void ct_strange_add(struct ct_strange *to, const struct ct_strange_of *of);
void ct_strange_merge(struct ct_strange *to, const struct ct_strange *from);

void ct_deaf_add(struct ct_deaf *to, const struct ct_deaf_of *of); /* once each */
void ct_deaf_merge(struct ct_deaf *to, const struct ct_deaf *from);

void ct_unheard_add(struct ct_unheard *to, const struct ct_unheard_of *of);
void ct_unheard_merge(struct ct_unheard *to, const struct ct_unheard *from);
uint64_t ct_unheard_sum(const struct ct_unheard *u); /* of requests */
