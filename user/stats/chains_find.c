// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains that nobody has named: what one client has started is divided each time that the first member
 * starts again, and what was so often enough, of all times that it began, is one. The first is the one before which
 * the client pauses.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stats/chains_inside.h"
#include "util/mem.h"

static int by_name(const void *a, const void *b)
{
	const struct ct_chain_seen *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int by_args(const void *a, const void *b)
{
	const struct ct_chain_seen *const *x = a, *const *y = b;

	return ((*x)->args_hash > (*y)->args_hash) - ((*x)->args_hash < (*y)->args_hash);
}

/* A name, if there are several of it; else what it does; else the image. */
static int set_keys(struct ct_chains *c)
{
	own_mem struct ct_chain_seen **sorted =
		calloc(c->count + 1, sizeof(struct ct_chain_seen *));
	size_t end;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++) {
		sorted[i] = &c->starts[i];
		snprintf(sorted[i]->key, sizeof(sorted[i]->key), "%.79s", sorted[i]->image);
	}
	qsort(sorted, c->count, sizeof(struct ct_chain_seen *), by_args);
	for (size_t i = 0; i < c->count; i = end) {
		for (end = i + 1; end < c->count && !by_args(&sorted[i], &sorted[end]); end++)
			;
		for (size_t k = i; k < end && end - i >= CT_CHAIN_TIMES && end - i < c->count; k++)
			if (sorted[k]->args_hash)
				snprintf(sorted[k]->key, sizeof(sorted[k]->key), "%.70s/%06x",
					 sorted[k]->image,
					 (unsigned)(sorted[k]->args_hash & 0xffffff));
	}
	qsort(sorted, c->count, sizeof(struct ct_chain_seen *), by_name);
	for (size_t i = 0; i < c->count; i = end) {
		for (end = i + 1; end < c->count && !by_name(&sorted[i], &sorted[end]); end++)
			;
		for (size_t k = i; k < end && end - i >= CT_CHAIN_TIMES; k++)
			if (*sorted[k]->name)
				snprintf(sorted[k]->key, sizeof(sorted[k]->key), "%.79s",
					 sorted[k]->name);
	}
	return 0;
}

/* Starts as one client asked for them, in order of their begins. */
static int by_client(const void *a, const void *b)
{
	const struct ct_chain_seen *const *x = a, *const *y = b;

	if ((*x)->of != (*y)->of)
		return (*x)->of < (*y)->of ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

/* Those that were asked for before the one before them was ready are beside each other: by name. */
static int by_key(const void *a, const void *b)
{
	const struct ct_chain_seen *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static bool is_beside(const struct ct_chain_seen *before, const struct ct_chain_seen *s)
{
	return s->at.begin_ns < before->at.ready_ns;
}

/* One time that a client has gone through something, from the first member on. */
struct passage {
	const struct ct_chain_seen **members; /* borrowed */
	size_t count;
	uint64_t hash; /* of its name */
};

struct passages {
	struct passage *all; /* owned */
	size_t count, room;
};

/* Its members are put in the order in which it is named. "a > b + c". */
static void name_of(const struct passage *p, char name[CT_CHAIN_NAME])
{
	size_t len = 0;

	name[0] = '\0';
	for (size_t i = 0; i < p->count && len < CT_CHAIN_NAME; i++)
		len += (size_t)snprintf(name + len, CT_CHAIN_NAME - len, "%s%s",
					!i                                            ? ""
					: is_beside(p->members[i - 1], p->members[i]) ? " + "
										      : " > ",
					p->members[i]->key);
}

static void order(const struct ct_chain_seen **members, size_t count)
{
	for (size_t i = 1, end; i < count; i = end) {
		for (end = i + 1; end < count && is_beside(members[end - 1], members[end]); end++)
			;
		qsort(&members[i], end - i, sizeof(*members), by_key);
	}
}

static int add_passage(struct passages *all, const struct ct_chain_seen **members, size_t count)
{
	struct passage *p;
	char name[CT_CHAIN_NAME];

	if (count < 2 || count > CT_CHAIN_MEMBERS)
		return 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(members[k]->key, members[i]->key))
				return 0;
	if (!CT_CHAINS_ROOM(all->all, all->count, all->room))
		return -ENOMEM;
	order(members, count);
	p = &all->all[all->count++];
	*p = (struct passage){ .members = members, .count = count };
	name_of(p, name);
	p->hash = 14695981039346656037ull;
	for (const char *at = name; *at; at++)
		p->hash = (p->hash ^ (uint8_t)*at) * 1099511628211ull;
	return 0;
}

/* How often it was started. keys: of all starts, sorted. */
static size_t begun(const char *const *keys, size_t count, const char *key)
{
	size_t edges[2];

	for (unsigned upper = 0; upper < 2; upper++) {
		size_t low = 0, high = count;

		while (low < high) {
			size_t mid = low + (high - low) / 2;
			int order = strcmp(keys[mid], key);

			if (order < 0 || (upper && !order))
				low = mid + 1;
			else
				high = mid;
		}
		edges[upper] = low;
	}
	return edges[1] - edges[0];
}

/* How long a client had asked for nothing before it asked for this one, since the one before ended. */
struct pause {
	const char *key;
	uint64_t ns;
};

static int by_pause(const void *a, const void *b)
{
	const struct pause *x = a, *y = b;
	int ret = strcmp(x->key, y->key);

	return ret ? ret : (x->ns > y->ns) - (x->ns < y->ns);
}

static uint64_t pause_before(const struct ct_chain_seen *before, const struct ct_chain_seen *s)
{
	uint64_t end = before->at.exit_ns ? before->at.exit_ns : before->at.ready_ns;

	return s->at.begin_ns > end ? s->at.begin_ns - end : 0;
}

/* Whether what follows the last of them is as much as what followed the one before. */
static bool ends_before(const struct ct_chain_seen *const *starts, size_t count, const char *key)
{
	size_t at[3] = { count }, n = 1;

	for (size_t i = count; i-- && n < CT_ARRAY_SIZE(at);)
		if (!strcmp(starts[i]->key, key))
			at[n++] = i;
	return n == CT_ARRAY_SIZE(at) && at[0] - at[1] == at[1] - at[2];
}

/*
 * Which member of what one client starts is the first: the one that it started first, unless it pauses before
 * another, and did not end before the first: it was in the middle when tracing began. pauses: room for as many.
 */
static const char *first_of(const struct ct_chain_seen *const *starts, size_t count,
			    struct pause *pauses)
{
	const char *first = starts[0]->key, *longest = first;
	uint64_t first_ns = 0, longest_ns = 0;
	bool again = false; /* the first */

	for (size_t i = 1; i < count; i++)
		pauses[i - 1] =
			(struct pause){ starts[i]->key, pause_before(starts[i - 1], starts[i]) };
	qsort(pauses, count - 1, sizeof(*pauses), by_pause);
	for (size_t i = 0, end; i + 1 < count; i = end) {
		uint64_t median;

		for (end = i + 1; end + 1 < count && !strcmp(pauses[end].key, pauses[i].key); end++)
			;
		median = pauses[i + (end - i) / 2].ns;
		if (!strcmp(pauses[i].key, first)) {
			first_ns = median;
			again = true;
		}
		if (end - i > 1 && median > longest_ns) {
			longest = pauses[i].key;
			longest_ns = median;
		}
	}
	if (again && (longest_ns <= CT_CHAIN_PAUSE * first_ns || ends_before(starts, count, first)))
		return first;
	return longest;
}

/* sorted: by client, of what is started often enough to be of a chain. */
static int divide(const struct ct_chain_seen **sorted, size_t count, struct passages *all)
{
	own_mem struct pause *pauses = calloc(count + 1, sizeof(*pauses));
	int ret = pauses ? 0 : -ENOMEM;

	for (size_t i = 0, end; i < count && !ret; i = end) {
		const char *first;

		for (end = i + 1; end < count && sorted[end]->of == sorted[i]->of; end++)
			;
		first = first_of(&sorted[i], end - i, pauses);
		for (size_t from = i, to; from < end && !ret; from = to) {
			for (to = from + 1; to < end && strcmp(sorted[to]->key, first) != 0; to++)
				;
			ret = add_passage(all, &sorted[from], to - from);
		}
	}
	return ret;
}

static int by_kind(const void *a, const void *b)
{
	const struct passage *x = a, *y = b;
	int ret = (x->hash > y->hash) - (x->hash < y->hash);

	if (!ret)
		ret = (x->count > y->count) - (x->count < y->count);
	for (size_t i = 0; i < x->count && !ret; i++)
		ret = strcmp(x->members[i]->key, y->members[i]->key);
	return ret;
}

static int by_time(const void *a, const void *b)
{
	const struct passage *x = a, *y = b;

	return (x->members[0] > y->members[0]) - (x->members[0] < y->members[0]);
}

static int make(struct ct_chains *c, struct passage *all, size_t count, size_t begun)
{
	char name[CT_CHAIN_NAME];
	struct ct_chain_made *made;

	/* Too rare, or one order among others: chance. */
	if (count < CT_CHAIN_TIMES || (double)count < CT_CHAIN_SHARE * (double)begun)
		return 0;
	qsort(all, count, sizeof(*all), by_time);
	name_of(all, name);
	made = ct_chains_make(c, name);
	if (!made)
		return -ENOMEM;
	made->pub.begun = begun;
	made->pub.member_count = all->count;
	for (size_t i = 0; i < all->count; i++)
		memcpy(made->pub.members[i], all->members[i]->key, sizeof(made->pub.members[i]));
	for (size_t n = 0; n < count; n++) {
		struct ct_chain_time t = { .count = all->count };
		size_t starts[CT_CHAIN_MEMBERS] = { 0 };

		for (size_t i = 0; i < all->count; i++) {
			t.starts[i] = all[n].members[i]->at;
			starts[i] = (size_t)(all[n].members[i] - c->starts);
		}
		if (ct_chains_add_time(made, &t, starts))
			return -ENOMEM;
	}
	return 0;
}

static int by_first(const void *a, const void *b)
{
	const struct ct_chain_made *const *x = a, *const *y = b;
	size_t m = (*x)->starts[0][0], n = (*y)->starts[0][0];

	return (m > n) - (m < n);
}

static int judge(struct ct_chains *c, struct passages *all, const char *const *keys, size_t asked)
{
	int ret = 0;

	if (all->count)
		qsort(all->all, all->count, sizeof(*all->all), by_kind);
	for (size_t i = 0, end; i < all->count && !ret; i = end) {
		for (end = i + 1; end < all->count && !by_kind(&all->all[i], &all->all[end]); end++)
			;
		ret = make(c, &all->all[i], end - i,
			   begun(keys, asked, all->all[i].members[0]->key));
	}
	return ret;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of what one client has asked for, and no nearer one. keys: of all that was, sorted. */
static int find_of(struct ct_chains *c, const char *const *keys, size_t asked)
{
	own_mem const struct ct_chain_seen **sorted =
		calloc(c->count + 1, sizeof(const struct ct_chain_seen *));
	size_t often = 0, known = c->made_count;
	struct passages all = { 0 };
	int ret;

	if (!sorted)
		return -ENOMEM;
	/* What is too rare is of no chain, and divides none. */
	for (size_t i = 0; i < c->count; i++)
		if (!c->starts[i].found && !c->starts[i].by_itself &&
		    begun(keys, asked, c->starts[i].key) >= CT_CHAIN_TIMES)
			sorted[often++] = &c->starts[i];
	qsort(sorted, often, sizeof(const struct ct_chain_seen *), by_client);
	ret = divide(sorted, often, &all);
	if (!ret)
		ret = judge(c, &all, keys, asked);
	free(all.all);
	for (; known < c->made_count; known++)
		for (size_t n = 0; n < c->made[known]->pub.count; n++)
			for (size_t m = 0; m < c->made[known]->pub.member_count; m++)
				c->starts[c->made[known]->starts[n][m]].found = true;
	return ret;
}

int ct_chains_find(struct ct_chains *c)
{
	own_mem const char **keys = calloc(c->count + 1, sizeof(const char *));
	struct ct_chain_clients *clients = ct_chain_clients_new(c);
	size_t named = c->made_count, asked = 0;
	int ret = keys && clients ? set_keys(c) : -ENOMEM;

	for (size_t i = 0; i < c->count && !ret; i++)
		if (!c->starts[i].by_itself)
			keys[asked++] = c->starts[i].key;
	if (!ret)
		qsort(keys, asked, sizeof(const char *), by_text);
	while (!ret && ct_chain_clients_farther(clients))
		ret = find_of(c, keys, asked);
	ct_chain_clients_free(clients);
	if (!ret && c->made_count > named)
		qsort(&c->made[named], c->made_count - named, sizeof(struct ct_chain_made *),
		      by_first);
	return ret;
}
