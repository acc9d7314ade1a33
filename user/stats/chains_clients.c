// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which starts one client has asked for: a process, or what it has forked, however many forks there are between, or what
 * a container has asked for that was itself asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "stats/chains_inside.h"
#include "util/mem.h"

#define LINE (1 + CT_CLIENT_UP) /* who has asked, and all above him */
#define NEAR 3 /* a child of one and a grandchild, and all that are nearer */

/* Of those farther away: how many others there are on the way who are above several. */
enum stage {
	STAGE_NEAREST, /* none */
	STAGE_NEAR,
};

/* Somebody is so many forks above who asked for a start. */
struct above {
	uint32_t source, pid;
	uint32_t forks;
	uint32_t stage; /* in which it is put together with the nearest that he is above */
	size_t start, nearest;
};

/* Somebody: how many starts he is above, and how often there have become more of them on the way to him. */
struct crowd {
	uint32_t starts;
	uint32_t stage;
};

struct ct_chain_clients {
	struct ct_chains *chains; /* borrowed */
	struct above *all; /* owned; of those who are above several, by stage */
	size_t count, at;
	size_t *of; /* owned: of each start another one of the same client, at last itself */
	bool begun;
};

static uint32_t line_of(const struct ct_chain_seen *s, size_t forks)
{
	return forks ? s->client.up[forks - 1] : s->client.pid;
}

/* The latest start of which a process was the first one. */
struct first {
	struct {
		uint32_t source, pid;
	} key;
	size_t start;
	UT_hash_handle hh;
};

/*
 * It is one of a container's own processes that has asked for another. Not if that has exited: the pid is another's.
 * Who asks has been started, whatever its engine has still to answer, and it to say.
 */
static bool asks(struct ct_chain_start *member, const struct ct_chain_start *other)
{
	if (member->exit_ns && member->exit_ns < other->begin_ns)
		return false;
	if (member->ready_ns > other->begin_ns)
		member->ready_ns = other->begin_ns;
	return true;
}

/* Above a container's first process is who asked for it. */
static void splice(struct ct_chain_seen *s, const struct ct_chain_seen *member, size_t forks)
{
	for (size_t i = forks; i < CT_CLIENT_UP; i++)
		s->client.up[i] = line_of(member, i - forks);
}

static int splice_all(struct ct_chains *c)
{
	own_mem struct first *room = calloc(c->count + 1, sizeof(*room));
	struct first *firsts = NULL, *at;

	if (!room)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++) {
		struct ct_chain_seen *s = &c->starts[i];
		struct first key = { .key = { .source = s->source } };

		for (size_t forks = 0; forks < LINE && firsts; forks++) {
			key.key.pid = line_of(s, forks);
			HASH_FIND(hh, firsts, &key.key, sizeof(key.key), at);
			if (!at || !asks(&c->starts[at->start].at, &s->at))
				continue;
			splice(s, &c->starts[at->start], forks);
			break;
		}
		key.key.pid = s->init_pid;
		if (!key.key.pid)
			continue;
		HASH_FIND(hh, firsts, &key.key, sizeof(key.key), at);
		if (!at) {
			at = &room[i];
			at->key = key.key;
			HASH_ADD(hh, firsts, key, sizeof(at->key), at);
		}
		at->start = i;
	}
	HASH_CLEAR(hh, firsts);
	return 0;
}

/* By who is above; the nearest of his first. */
static int by_who(const void *a, const void *b)
{
	const struct above *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->forks != y->forks)
		return x->forks < y->forks ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

static int by_stage(const void *a, const void *b)
{
	const struct above *x = a, *y = b;

	if (x->stage != y->stage)
		return x->stage < y->stage ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* The host's first process is above everybody; what nobody has asked for is of nobody. */
static int list(struct ct_chain_clients *k)
{
	const struct ct_chains *c = k->chains;
	size_t room = 0;

	for (size_t i = 0; i < c->count; i++)
		for (size_t forks = 0; forks < LINE; forks++)
			room += line_of(&c->starts[i], forks) > 1;
	k->all = calloc(room + 1, sizeof(*k->all));
	if (!k->all)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++)
		for (uint32_t forks = 0; forks < LINE; forks++)
			if (line_of(&c->starts[i], forks) > 1 && !c->starts[i].by_itself)
				k->all[k->count++] = (struct above){
					.source = c->starts[i].source,
					.pid = line_of(&c->starts[i], forks),
					.forks = forks,
					.start = i,
				};
	qsort(k->all, k->count, sizeof(*k->all), by_who);
	return 0;
}

/* Where those that the same one is above end. */
static size_t same(const struct ct_chain_clients *k, size_t i)
{
	size_t end = i + 1;

	while (end < k->count && k->all[end].pid == k->all[i].pid &&
	       k->all[end].source == k->all[i].source)
		end++;
	return end;
}

/* Who is above, by number: those of each start, and of all of them what they are above. 0 is nobody. */
struct crowds {
	uint32_t (*lines)[LINE]; /* owned; by start */
	struct crowd *all; /* owned */
};

static void free_crowds(struct crowds *crowds)
{
	free(crowds->lines);
	free(crowds->all);
}

static int list_crowds(const struct ct_chain_clients *k, struct crowds *ret)
{
	uint32_t number = 0;

	ret->lines = calloc(k->chains->count + 1, sizeof(*ret->lines));
	ret->all = calloc(k->count + 1, sizeof(*ret->all));
	if (!ret->lines || !ret->all)
		return -ENOMEM;
	for (size_t i = 0, end; i < k->count; i = end) {
		end = same(k, i);
		ret->all[++number].starts = (uint32_t)(end - i);
		for (size_t n = i; n < end; n++)
			ret->lines[k->all[n].start][k->all[n].forks] = number;
	}
	return 0;
}

/* Whether somebody has come behind one who is below him, of this start. */
static bool climb(const uint32_t line[LINE], struct crowd *all)
{
	struct crowd below = { .starts = 1 };
	bool moved = false;

	for (size_t forks = 0; forks < LINE; forks++) {
		struct crowd *at = &all[line[forks]];
		uint32_t stage = below.stage + (at->starts > below.starts);

		if (!line[forks])
			continue;
		if (at->stage < stage) {
			at->stage = stage;
			moved = true;
		}
		below.stage = at->stage;
		if (at->starts > below.starts)
			below.starts = at->starts;
	}
	return moved;
}

/*
 * Who is above others who are above several comes behind them, however many forks that are: one gateway may be as far
 * above what it asks for as a user's shell above what another one does. Not of all starts the lines are told as far as him.
 */
static void set_stages(struct ct_chain_clients *k, struct crowds *crowds)
{
	bool moved = true;
	size_t kept = 0;

	/* A number that two processes have had may be above itself. */
	for (size_t turns = 0; turns < LINE && moved; turns++) {
		moved = false;
		for (size_t i = 0; i < k->chains->count; i++)
			moved |= climb(crowds->lines[i], crowds->all);
	}
	for (size_t i = 0, end; i < k->count; i = end) {
		const struct above nearest = k->all[i];
		uint32_t stage = crowds->all[crowds->lines[nearest.start][nearest.forks]].stage;

		end = same(k, i);
		for (size_t n = i + 1; n < end; n++) {
			struct above *a = &k->all[kept++];

			*a = k->all[n];
			a->nearest = nearest.start;
			if (stage == 1)
				a->stage = STAGE_NEAREST;
			else
				a->stage = a->forks + nearest.forks <= NEAR ? STAGE_NEAR : stage;
		}
	}
	k->count = kept;
	qsort(k->all, k->count, sizeof(*k->all), by_stage);
}

struct ct_chain_clients *ct_chain_clients_new(struct ct_chains *c)
{
	struct ct_chain_clients *k = calloc(1, sizeof(*k));
	struct crowds crowds = { 0 };

	if (!k)
		return NULL;
	k->chains = c;
	k->of = calloc(c->count + 1, sizeof(*k->of));
	if (!k->of || splice_all(c) || list(k) || list_crowds(k, &crowds)) {
		free_crowds(&crowds);
		ct_chain_clients_free(k);
		return NULL;
	}
	set_stages(k, &crowds);
	free_crowds(&crowds);
	for (size_t i = 0; i < c->count; i++)
		k->of[i] = i;
	return k;
}

void ct_chain_clients_free(struct ct_chain_clients *k)
{
	if (!k)
		return;
	free(k->all);
	free(k->of);
	free(k);
}

static size_t root_of(struct ct_chain_clients *k, size_t start)
{
	while (k->of[start] != start) {
		k->of[start] = k->of[k->of[start]];
		start = k->of[start];
	}
	return start;
}

/* Whether these two were not of one client before. */
static bool join(struct ct_chain_clients *k, size_t a, size_t b)
{
	a = root_of(k, a);
	b = root_of(k, b);
	if (a == b)
		return false;
	k->of[a > b ? a : b] = a > b ? b : a;
	return true;
}

bool ct_chain_clients_farther(struct ct_chain_clients *k, bool *ret_near)
{
	bool more = !k->begun;
	uint32_t stage = STAGE_NEAREST;

	k->begun = true;
	do {
		*ret_near = stage == STAGE_NEAR;
		for (; k->at < k->count && k->all[k->at].stage == stage; k->at++)
			more |= join(k, k->all[k->at].start, k->all[k->at].nearest);
		stage = k->at < k->count ? k->all[k->at].stage : 0;
	} while (!more && k->at < k->count);
	for (size_t i = 0; i < k->chains->count; i++)
		k->chains->starts[i].of = root_of(k, i);
	return more;
}
