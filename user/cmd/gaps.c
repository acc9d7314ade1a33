// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/gaps.h"

#include "core/base/hash.h"

#include <errno.h>
#include <stdlib.h>

#include "util/mem.h"

/* A container of a boot: what the earliest recording that knows it says of it. */
struct known {
	struct {
		uint64_t boot, node;
		char id[sizeof(((struct ct_identity *)0)->id)];
	} key;
	const struct ct_input *by;
	bool found; /* it ran already */
	UT_hash_handle hh;
};

struct ct_gaps {
	const struct ct_recordings *recordings;
	const struct ct_input *now; /* whose turn it is; NULL: it is the only one of its boot */
	struct known *known; /* owned */
	struct ct_session_gap *list; /* owned */
};

struct ct_gaps *ct_gaps_new(const struct ct_recordings *recordings)
{
	struct ct_gaps *g = calloc(1, sizeof(*g));

	if (g)
		g->recordings = recordings;
	return g;
}

void ct_gaps_free(struct ct_gaps *g)
{
	struct known *k, *next;

	if (!g)
		return;
	HASH_ITER(hh, g->known, k, next)
	{
		HASH_DEL(g->known, k);
		free(k);
	}
	free(g->list);
	free(g);
}

/* Of recorders that go on, one after another: of what somebody recorded by hand nobody asks what was in between. */
static bool same_boot(const struct ct_input *a, const struct ct_input *b)
{
	return a->header->series && b->header->series && a->header->boot &&
	       a->header->boot == b->header->boot && a->header->node == b->header->node;
}

/* All probes were attached then. */
static uint64_t begin_of(const struct ct_input *in)
{
	return in->header->begin_ns + in->shift_ns;
}

static uint64_t end_of(const struct ct_input *in)
{
	uint64_t end = 0;

	for (; in; in = in->next)
		if (in->last_ns > end)
			end = in->last_ns;
	return end;
}

void ct_gaps_turn(struct ct_gaps *g, const struct ct_input *in)
{
	g->now = NULL;
	for (size_t i = 0; i < g->recordings->count && !g->now; i++) {
		const struct ct_input *other = &g->recordings->items[i];

		if (other != in && !other->follows && same_boot(other, in))
			g->now = in;
	}
}

static bool note(struct ct_gaps *g, const struct ct_identity *who, bool found)
{
	struct known *k, *add;

	if (!g->now || !who->id[0])
		return true;
	add = calloc(1, sizeof(*add));
	if (!add)
		return false;
	add->key.boot = g->now->header->boot;
	add->key.node = g->now->header->node;
	memcpy(add->key.id, who->id, strnlen(who->id, sizeof(add->key.id) - 1));
	add->by = g->now;
	add->found = found;
	HASH_FIND(hh, g->known, &add->key, sizeof(add->key), k);
	if (!k) {
		HASH_ADD(hh, g->known, key, sizeof(add->key), add);
		return true;
	}
	if (begin_of(g->now) < begin_of(k->by)) {
		k->by = g->now;
		k->found = found;
	}
	free(add);
	return true;
}

/* The first that is told of a container says whether it was there: then that is no start. */
bool ct_gaps_record(struct ct_gaps *g, const struct ct_record *rec)
{
	if (!rec->first || (rec->type != CT_RECORD_START && rec->type != CT_RECORD_STOP))
		return true;
	return note(g, rec->who, rec->type == CT_RECORD_STOP);
}

bool ct_gaps_left(struct ct_gaps *g, const struct ct_identity *who, bool told, bool open)
{
	return told || note(g, who, !open);
}

/* The recording of that boot that ended last before this one began; NULL: there is none, or one goes on meanwhile. */
static const struct ct_input *before(const struct ct_gaps *g, const struct ct_input *in)
{
	const struct ct_input *best = NULL;

	for (size_t i = 0; i < g->recordings->count; i++) {
		const struct ct_input *other = &g->recordings->items[i];

		if (other == in || other->follows || !same_boot(other, in) ||
		    begin_of(other) >= begin_of(in))
			continue;
		if (!best || end_of(other) > end_of(best))
			best = other;
	}
	return best && end_of(best) < begin_of(in) ? best : NULL;
}

int ct_gaps_list(struct ct_gaps *g, const struct ct_session_gap **ret, size_t *ret_count)
{
	size_t count = 0;

	g->list = calloc(g->recordings->count + 1, sizeof(*g->list));
	if (!g->list)
		return -ENOMEM;
	for (size_t i = 0; i < g->recordings->count; i++) {
		const struct ct_input *after = &g->recordings->items[i], *last;
		struct ct_session_gap *gap = &g->list[count];

		last = after->follows ? NULL : before(g, after);
		if (!last)
			continue;
		*gap = (struct ct_session_gap){
			.before = last->path,
			.after = after->path,
			.begin_ns = end_of(last),
			.end_ns = begin_of(after),
		};
		for (const struct known *k = g->known; k; k = k->hh.next)
			gap->found += k->by == after && k->found;
		count++;
	}
	*ret = g->list;
	*ret_count = count;
	return 0;
}
