// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which starts one client has asked for: a process, or what it has forked, or what a container has asked for that was
 * itself asked for.
 */
#include <errno.h>
#include <string.h>

#include "core/base/hash.h"
#include "stats/chains_inside.h"
#include "util/mem.h"

/* The latest start whose client, or who forked that, or who forked him, or whose own first process, was a process. */
enum part {
	PID,
	PARENT,
	ABOVE,
	FIRST,
	PARTS
};

struct latest {
	struct {
		uint32_t source, part, pid;
	} key;
	size_t start;
	UT_hash_handle hh;
};

struct clients {
	struct latest *all, *room; /* a uthash of what is owned */
	size_t used;
};

/* Which of a start is looked for among which of those before it. */
static const struct {
	enum part of, among;
	enum ct_chain_kin kin; /* from there on */
} looks[] = {
	{ PID, PID, CT_CHAIN_NEAR },      { PARENT, PARENT, CT_CHAIN_NEAR },
	{ PARENT, ABOVE, CT_CHAIN_NEAR }, { ABOVE, PARENT, CT_CHAIN_NEAR },
	{ PID, PARENT, CT_CHAIN_NEAR },   { PARENT, PID, CT_CHAIN_NEAR },
	{ PID, FIRST, CT_CHAIN_NEAR },    { PARENT, FIRST, CT_CHAIN_NEAR },
	{ ABOVE, FIRST, CT_CHAIN_NEAR },  { ABOVE, ABOVE, CT_CHAIN_FAR },
};

static uint32_t part_of(const struct ct_chain_seen *s, enum part part)
{
	const uint32_t parts[PARTS] = {
		[PID] = s->client.pid,
		[PARENT] = s->client.parent,
		[ABOVE] = s->client.above,
		[FIRST] = s->init_pid,
	};

	return parts[part];
}

/* NULL: there is none yet; its key is in *ret all the same. */
static struct latest *find(const struct clients *t, uint32_t source, enum part part, uint32_t pid,
			   struct latest *ret)
{
	struct latest *at;

	memset(ret, 0, sizeof(*ret));
	ret->key.source = source;
	ret->key.part = part;
	ret->key.pid = pid;
	HASH_FIND(hh, t->all, &ret->key, sizeof(ret->key), at);
	return at;
}

static void note(struct clients *t, uint32_t source, enum part part, uint32_t pid, size_t start)
{
	struct latest *at, key;

	if (pid <= 1)
		return;
	at = find(t, source, part, pid, &key);
	if (!at) {
		at = &t->room[t->used++];
		*at = key;
		HASH_ADD(hh, t->all, key, sizeof(at->key), at);
	}
	at->start = start;
}

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

/* SIZE_MAX: there is none. */
static size_t look(struct ct_chains *c, const struct clients *t, const struct ct_chain_seen *s,
		   enum ct_chain_kin kin)
{
	size_t latest = SIZE_MAX;

	for (size_t i = 0; i < CT_ARRAY_SIZE(looks); i++) {
		uint32_t pid = part_of(s, looks[i].of);
		struct latest key;
		const struct latest *at = pid > 1 && looks[i].kin <= kin
						  ? find(t, s->source, looks[i].among, pid, &key)
						  : NULL;

		if (at && looks[i].among == FIRST && !asks(&c->starts[at->start].at, &s->at))
			continue;
		if (at && (latest == SIZE_MAX || at->start > latest))
			latest = at->start;
	}
	return latest;
}

int ct_chains_clients(struct ct_chains *c, enum ct_chain_kin kin)
{
	own_mem struct latest *room = calloc(PARTS * c->count + 1, sizeof(*room));
	struct clients t = { .room = room };

	if (!room)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++) {
		struct ct_chain_seen *s = &c->starts[i];
		size_t latest;

		if (s->found || s->by_itself)
			continue;
		latest = look(c, &t, s, kin);
		s->of = latest == SIZE_MAX ? i : c->starts[latest].of;
		for (int part = 0; part < PARTS; part++)
			note(&t, s->source, (enum part)part, part_of(s, (enum part)part), i);
	}
	HASH_CLEAR(hh, t.all);
	return 0;
}
