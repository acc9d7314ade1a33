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

struct passages {
	struct ct_chain_passage *all; /* owned */
	size_t count, room;
};

/* What is looked for now. */
struct looked {
	bool longer; /* what holds what was found nearer */
	bool near; /* by those who are near each other */
};

/* Its members are put in the order in which it is named. "a > b + c". */
static void name_of(const struct ct_chain_passage *p, char name[CT_CHAIN_NAME])
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

/* Each member once, and not too many of them. */
static bool may_be_one(const struct ct_chain_passage *p)
{
	if (p->count < 2 || p->count > CT_CHAIN_MEMBERS)
		return false;
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(p->members[k]->key, p->members[i]->key))
				return false;
	return true;
}

static int add_passage(struct passages *all, const struct ct_chain_passage *passage)
{
	struct ct_chain_passage *p;
	char name[CT_CHAIN_NAME];

	if (!CT_CHAINS_ROOM(all->all, all->count, all->room))
		return -ENOMEM;
	order(passage->members, passage->count);
	p = &all->all[all->count++];
	*p = *passage;
	name_of(p, name);
	p->hash = 14695981039346656037ull;
	for (const char *at = name; *at; at++)
		p->hash = (p->hash ^ (uint8_t)*at) * 1099511628211ull;
	return 0;
}

/* What was asked for, sorted. */
struct asked {
	const char **keys; /* owned */
	size_t count;
};

/* How often it was started. */
static size_t begun(const struct asked *asked, const char *key)
{
	size_t edges[2];

	for (unsigned upper = 0; upper < 2; upper++) {
		size_t low = 0, high = asked->count;

		while (low < high) {
			size_t mid = low + (high - low) / 2;
			int order = strcmp(asked->keys[mid], key);

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

static uint64_t pause_since(uint64_t end_ns, const struct ct_chain_seen *s)
{
	return s->at.begin_ns > end_ns ? s->at.begin_ns - end_ns : 0;
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
			(struct pause){ starts[i]->key,
					pause_since(ct_chain_over(starts[i - 1]), starts[i]) };
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

/* starts: what one client has started, from this member on each time. */
static int divide(const struct ct_chain_seen **starts, size_t count, const char *first,
		  const struct looked *how, struct passages *all)
{
	uint64_t rest_ns, end_ns = 0; /* of the one before */
	int ret = 0;

	for (size_t i = 0, end; i < count && !ret; i = end) {
		struct ct_chain_passage p = { .members = &starts[i] };

		for (end = i + 1; end < count && strcmp(starts[end]->key, first) != 0; end++)
			;
		p.count = end - i;
		rest_ns = !i ? UINT64_MAX : pause_since(end_ns, starts[i]);
		end_ns = ct_chain_passage_over(&p);
		if (!i && end < count)
			rest_ns = pause_since(end_ns, starts[end]);
		if (!may_be_one(&p) || (how->longer && !ct_chain_is_longer(&p, how->near)))
			continue;
		p.apart = how->longer && !how->near && ct_chain_is_apart(&p, rest_ns);
		ret = add_passage(all, &p);
	}
	return ret;
}

/* sorted: by client, of what is started often enough to be of a chain. */
static int divide_all(const struct ct_chain_seen **sorted, size_t count, const struct looked *how,
		      struct passages *all)
{
	own_mem struct pause *pauses = calloc(count + 1, sizeof(*pauses));
	int ret = pauses ? 0 : -ENOMEM;

	for (size_t i = 0, end; i < count && !ret; i = end) {
		for (end = i + 1; end < count && sorted[end]->of == sorted[i]->of; end++)
			;
		ret = divide(&sorted[i], end - i, first_of(&sorted[i], end - i, pauses), how, all);
	}
	return ret;
}

static int by_kind(const void *a, const void *b)
{
	const struct ct_chain_passage *x = a, *y = b;
	int ret = (x->hash > y->hash) - (x->hash < y->hash);

	if (!ret)
		ret = (x->count > y->count) - (x->count < y->count);
	for (size_t i = 0; i < x->count && !ret; i++)
		ret = strcmp(x->members[i]->key, y->members[i]->key);
	return ret;
}

static int by_time(const void *a, const void *b)
{
	const struct ct_chain_passage *x = a, *y = b;

	return (x->members[0] > y->members[0]) - (x->members[0] < y->members[0]);
}

static int make(struct ct_chains *c, struct ct_chain_passage *all, size_t count, size_t begun,
		const struct looked *how)
{
	char name[CT_CHAIN_NAME];
	struct ct_chain_made *made;

	/* Too rare, or one order among others: chance. */
	if (count < CT_CHAIN_TIMES || (double)count < CT_CHAIN_SHARE * (double)begun)
		return 0;
	if (how->longer && !ct_chains_take(c, all, count))
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
			c->starts[starts[i]].in = made;
			c->starts[starts[i]].in_time = n;
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

static int judge(struct ct_chains *c, struct passages *all, const struct asked *asked,
		 const struct looked *how)
{
	int ret = 0;

	if (all->count)
		qsort(all->all, all->count, sizeof(*all->all), by_kind);
	for (size_t i = 0, end; i < all->count && !ret; i = end) {
		for (end = i + 1; end < all->count && !by_kind(&all->all[i], &all->all[end]); end++)
			;
		ret = make(c, &all->all[i], end - i, begun(asked, all->all[i].members[0]->key),
			   how);
	}
	return ret;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of what one client has asked for, and no nearer one; or what holds something that a nearer one has. */
static int find_of(struct ct_chains *c, const struct asked *asked, const struct looked *how)
{
	own_mem const struct ct_chain_seen **sorted =
		calloc(c->count + 1, sizeof(const struct ct_chain_seen *));
	struct passages all = { 0 };
	size_t often = 0;
	int ret;

	if (!sorted)
		return -ENOMEM;
	/* What is too rare is of no chain, and divides none. */
	for (size_t i = 0; i < c->count; i++)
		if ((how->longer || !c->starts[i].in) && !c->starts[i].by_itself &&
		    begun(asked, c->starts[i].key) >= CT_CHAIN_TIMES)
			sorted[often++] = &c->starts[i];
	qsort(sorted, often, sizeof(const struct ct_chain_seen *), by_client);
	ret = divide_all(sorted, often, how, &all);
	if (!ret)
		ret = judge(c, &all, asked, how);
	free(all.all);
	return ret;
}

static int set_asked(struct ct_chains *c, struct asked *ret)
{
	*ret = (struct asked){ .keys = calloc(c->count + 1, sizeof(const char *)) };
	if (!ret->keys || set_keys(c))
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++)
		if (!c->starts[i].by_itself)
			ret->keys[ret->count++] = c->starts[i].key;
	qsort(ret->keys, ret->count, sizeof(const char *), by_text);
	return 0;
}

int ct_chains_find(struct ct_chains *c)
{
	struct ct_chain_clients *clients = ct_chain_clients_new(c);
	size_t named = c->made_count;
	struct asked asked;
	struct looked how;
	int ret = set_asked(c, &asked);

	if (!clients)
		ret = -ENOMEM;
	while (!ret && ct_chain_clients_farther(clients, &how.near)) {
		how.longer = true;
		if (c->made_count > named)
			ret = find_of(c, &asked, &how);
		how.longer = false;
		if (!ret)
			ret = find_of(c, &asked, &how);
	}
	ct_chain_clients_free(clients);
	free(asked.keys);
	if (!ret && c->made_count > named)
		qsort(&c->made[named], c->made_count - named, sizeof(struct ct_chain_made *),
		      by_first);
	return ret;
}
