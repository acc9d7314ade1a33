/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files about chains share: starts as they are kept, and groups while they are made. */
#pragma once

#include "stats/chains.h"

/* Where starts have happened, and what they are called by: the same for many. */
struct ct_chain_place {
	struct ct_chain_place *next;
	char node[80];
	bool labelled;
	struct ct_labels labels;
};

struct ct_chain_made;

struct ct_chain_seen {
	char id[80], name[128], image[256], runtime[64];
	uint64_t args_hash;
	struct ct_client client;
	struct ct_chain_start at;
	const struct ct_chain_place *place; /* borrowed */
	struct ct_identity *who; /* owned, only for records */
	uint32_t source, run;
	uint32_t init_pid; /* its own first process */
	char key[80]; /* what it is, over all times */
	struct ct_segment *segments; /* owned: what its time was */
	size_t segment_count;
	size_t of; /* number of a start that the same client asked for, itself if none */
	struct ct_chain_made *in; /* what was found that it is a member of; NULL: nothing */
	size_t in_time; /* at which time */
	bool by_itself; /* its engine has started it again: nobody has asked for that */
};

/* It has exited: of a start that may not have been told yet. */
struct ct_chain_exit {
	char id[80];
	uint32_t source;
	uint64_t at_ns;
	uint64_t gone_ns; /* what its engine does after that is over */
	bool by_itself;
};

/* A group, and what it owns. */
struct ct_chain_made {
	struct ct_chain pub; /* first */
	struct ct_chain_time *times; /* owned */
	size_t (*starts)[CT_CHAIN_MEMBERS]; /* owned, as many: numbers of the members' starts */
	size_t room;
	size_t held; /* starts of it that are in something longer, while that is looked at */
};

struct ct_chains {
	struct ct_chains_how how;
	uint32_t source;
	struct ct_chain_place *places; /* owned */
	struct ct_chain_seen *starts; /* owned; once it is run, by source and begin */
	size_t count, room;
	struct ct_chain_exit *exits; /* owned */
	size_t exit_count, exit_room;
	struct ct_chain_made **made; /* owned, and each of them */
	size_t made_count, made_room;
	struct ct_contention contention;
};

/* For one more: the array may move. False: no memory. */
bool ct_chains_grow(void **array, size_t size, size_t count, size_t *room);
#define CT_CHAINS_ROOM(array, count, room) \
	ct_chains_grow((void **)&(array), sizeof(*(array)), count, &(room))

/* A new one behind the others; NULL: no memory. */
struct ct_chain_made *ct_chains_make(struct ct_chains *c, const char *name);
int ct_chains_add_time(struct ct_chain_made *made, const struct ct_chain_time *t,
		       const size_t *starts);

/*
 * chains_clients.c: whose starts are whose. Who is nearest is looked at first, then those who are near each other: a process
 * and its children, a child and the other's grandchild.
 */
struct ct_chain_clients;
struct ct_chain_clients *ct_chain_clients_new(struct ct_chains *c); /* NULL: no memory */
void ct_chain_clients_free(struct ct_chain_clients *k); /* NULL is fine */
/* Sets `of` of all starts: at first as the nearest has asked, then those farther away. False: nobody is. */
bool ct_chain_clients_farther(struct ct_chain_clients *k, bool *ret_near);

/* One time that a client has gone through something, from the first member on. */
struct ct_chain_passage {
	const struct ct_chain_seen *
		*members; /* borrowed; in order of begin, and then in that of its name */
	size_t count;
	uint64_t hash; /* of its name */
	bool apart; /* it pauses so long within it that it may be two */
};

/* chains_find.c: what a client has started one after another, often enough and in one order. 0 or -ENOMEM. */
int ct_chains_find(struct ct_chains *c);
/* chains_longer.c: whether it holds what was found nearer, as a whole, and more. near: of those who are near each other. */
bool ct_chain_is_longer(const struct ct_chain_passage *p, bool near);
/* rest_ns: how long the client pauses before it begins again. */
bool ct_chain_is_apart(const struct ct_chain_passage *p, uint64_t rest_ns);
/* When it has ended, or is ready, if it goes on. */
uint64_t ct_chain_over(const struct ct_chain_seen *s);
/* When the last of it has. */
uint64_t ct_chain_passage_over(const struct ct_chain_passage *p);
/* What was found nearer is found no more if these hold it: false if they hold too little of it, or are apart. */
bool ct_chains_take(struct ct_chains *c, const struct ct_chain_passage *all, size_t count);
/* chain_numbers.c: of all times of one. 0 or -ENOMEM. */
int ct_chains_tell(const struct ct_chains *c, struct ct_chain_made *made);
/* chain_contention.c: sets what starts lose beside others. 0 or -ENOMEM. */
int ct_chains_contend(struct ct_chains *c);
