// SPDX-License-Identifier: GPL-2.0-only
#include "stats/causes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/hist.h"
#include "util/sorted.h"

#define KEY_LEN    256
#define KEYS_MAX   128
#define GROUPS_MAX (KEYS_MAX + CT_RECORD_MAX) /* one more per type, for all other keys */

/* How many values are in a bucket of a histogram. */
struct tally {
	uint32_t bucket, count;
};

/*
 * One value per record that has it. The first CT_CAUSES_EXACT are kept as they are; then how many are
 * in each bucket of a histogram of which most are empty.
 */
struct values {
	uint64_t *items; /* owned */
	struct tally *tallies; /* owned, by bucket; NULL: items has them all */
	size_t item_count, item_room, tally_count, tally_room;
	size_t count; /* with the current one */
	uint64_t ns; /* of all */
	uint64_t current; /* of the last record, which may get more */
	size_t last; /* its number */
};

struct cause {
	struct ct_cause_key key;
	struct values values;
};

struct group {
	struct ct_cause_group is;
	char key[KEY_LEN];
	struct cause *causes; /* owned */
	size_t cause_count, cause_room;
	struct values phases[CT_PHASE_MAX][CT_REASON_MAX];
	struct ct_cause_sum *ranked; /* owned */
};

struct ct_causes {
	struct group *groups[GROUPS_MAX]; /* owned */
	size_t group_count;
};

struct ct_causes *ct_causes_new(void)
{
	return calloc(1, sizeof(struct ct_causes));
}

static void values_free(struct values *v)
{
	free(v->items);
	free(v->tallies);
}

static void group_free(struct group *g)
{
	for (size_t i = 0; i < g->cause_count; i++)
		values_free(&g->causes[i].values);
	for (size_t p = 0; p < CT_PHASE_MAX; p++)
		for (size_t r = 0; r < CT_REASON_MAX; r++)
			values_free(&g->phases[p][r]);
	free(g->causes);
	free(g->ranked);
	free(g);
}

void ct_causes_free(struct ct_causes *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->group_count; i++)
		group_free(c->groups[i]);
	free(c);
}

static struct group *group_of(struct ct_causes *c, const struct ct_record *rec, const char *key)
{
	struct group *g;

	for (size_t i = 0; i < c->group_count; i++)
		if (c->groups[i]->is.type == rec->type &&
		    !strncmp(c->groups[i]->key, key, KEY_LEN - 1))
			return c->groups[i];
	if (c->group_count >= KEYS_MAX && strcmp(key, CT_CAUSES_REST) != 0)
		return group_of(c, rec, CT_CAUSES_REST);
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	strncpy(g->key, key, KEY_LEN - 1);
	g->is.type = rec->type;
	g->is.key = g->key;
	c->groups[c->group_count++] = g;
	return g;
}

/* Room for one more. The array may be moved. */
static int make_room(void *array, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 4;
	void *bigger;

	if (count < *room)
		return 0;
	bigger = reallocarray(*(void **)array, more, size);
	if (!bigger)
		return -ENOMEM;
	*(void **)array = bigger;
	*room = more;
	return 0;
}

static int tally_add(struct values *v, uint64_t ns)
{
	uint32_t bucket = ct_hist_bucket(ns);
	size_t low =
		v->tallies ? CT_SORTED_FIRST(v->tallies, 0, v->tally_count, bucket, bucket) : 0;

	if (v->tallies && low < v->tally_count && v->tallies[low].bucket == bucket) {
		v->tallies[low].count += v->tallies[low].count != UINT32_MAX;
		return 0;
	}
	if (make_room(&v->tallies, v->tally_count, &v->tally_room, sizeof(*v->tallies)))
		return -ENOMEM;
	memmove(&v->tallies[low + 1], &v->tallies[low],
		(v->tally_count++ - low) * sizeof(*v->tallies));
	v->tallies[low] = (struct tally){ bucket, 1 };
	return 0;
}

/* Too many to keep each. */
static int sum_up(struct values *v)
{
	for (size_t i = 0; i < v->item_count; i++)
		if (tally_add(v, v->items[i]))
			return -ENOMEM;
	free(v->items);
	v->items = NULL;
	v->item_count = v->item_room = 0;
	return 0;
}

/* The current value gets no more. */
static int keep(struct values *v)
{
	if (!v->tallies && v->item_count == CT_CAUSES_EXACT && sum_up(v))
		return -ENOMEM;
	if (v->tallies)
		return tally_add(v, v->current);
	if (make_room(&v->items, v->item_count, &v->item_room, sizeof(*v->items)))
		return -ENOMEM;
	v->items[v->item_count++] = v->current;
	return 0;
}

/* Adds to the record's value; the first time it has one, a value is made. */
static int value_add(struct values *v, size_t record, uint64_t ns)
{
	v->ns += ns;
	if (v->count && v->last == record) {
		v->current += ns;
		return 0;
	}
	if (v->count && keep(v))
		return -ENOMEM;
	v->count++;
	v->current = ns;
	v->last = record;
	return 0;
}

static bool is_same(const struct ct_cause_key *key, const struct ct_piece *piece)
{
	return key->phase == piece->phase && key->reason == piece->reason &&
	       !strcmp(key->step, piece->step) && !strcmp(key->actor, piece->actor) &&
	       !strcmp(key->what, piece->what);
}

static struct cause *cause_of(struct group *g, const struct ct_piece *piece)
{
	struct cause *cause;

	for (size_t i = 0; i < g->cause_count; i++)
		if (is_same(&g->causes[i].key, piece))
			return &g->causes[i];
	if (g->cause_count >= CT_CAUSES_MAX && strcmp(piece->step, CT_CAUSES_REST) != 0) {
		const struct ct_piece rest = {
			.phase = piece->phase,
			.reason = piece->reason,
			.step = CT_CAUSES_REST,
		};

		return cause_of(g, &rest);
	}
	if (make_room(&g->causes, g->cause_count, &g->cause_room, sizeof(*g->causes)))
		return NULL;
	cause = &g->causes[g->cause_count++];
	*cause = (struct cause){
		.key = { .phase = piece->phase, .reason = piece->reason, .step = piece->step },
	};
	memcpy(cause->key.actor, piece->actor, sizeof(cause->key.actor));
	memcpy(cause->key.what, piece->what, sizeof(cause->key.what));
	return cause;
}

int ct_causes_add(struct ct_causes *c, const struct ct_record *rec, const char *key)
{
	struct group *g = rec->path ? group_of(c, rec, key) : NULL;
	size_t record;

	if (!rec->path)
		return 0;
	if (!g)
		return -ENOMEM;
	record = ++g->is.records;
	for (size_t i = 0; i < rec->piece_count; i++) {
		const struct ct_piece *piece = &rec->path[i];
		uint64_t ns = piece->end_ns - piece->begin_ns;
		struct cause *cause = cause_of(g, piece);

		if (!cause || value_add(&cause->values, record, ns) ||
		    value_add(&g->phases[piece->phase][piece->reason], record, ns))
			return -ENOMEM;
		g->is.ns += ns;
		if (piece->reason == CT_REASON_UNKNOWN)
			g->is.unknown_ns += ns;
	}
	return 0;
}

size_t ct_causes_groups(const struct ct_causes *c)
{
	return c->group_count;
}

const struct ct_cause_group *ct_causes_group(const struct ct_causes *c, size_t i)
{
	return &c->groups[i]->is;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The one that `rank` others are not above, of the values that are kept one by one. */
static uint64_t exact_at(const struct values *v, size_t rank)
{
	uint64_t *sorted = malloc((v->item_count + 1) * sizeof(*sorted)), at;

	if (!sorted)
		return 0;
	if (v->item_count)
		memcpy(sorted, v->items, v->item_count * sizeof(*sorted));
	sorted[v->item_count] = v->current;
	qsort(sorted, v->item_count + 1, sizeof(*sorted), by_value);
	at = sorted[rank];
	free(sorted);
	return at;
}

static uint64_t tallied_at(const struct values *v, size_t rank)
{
	struct ct_hist *h = ct_hist_new();
	uint64_t at;

	if (!h)
		return 0;
	for (size_t i = 0; i < v->tally_count; i++)
		ct_hist_add_bucket(h, v->tallies[i].bucket, v->tallies[i].count);
	ct_hist_add(h, v->current);
	at = ct_hist_quantile(h, ((double)rank + 0.5) / (double)ct_hist_count(h));
	ct_hist_free(h);
	return at;
}

/* The middle one, the lower of two; records without a value have 0. */
static uint64_t median_of(const struct values *v, size_t records)
{
	size_t zeros = records - v->count, middle = records ? (records - 1) / 2 : 0;

	if (!v->count || middle < zeros)
		return 0;
	return v->tallies ? tallied_at(v, middle - zeros) : exact_at(v, middle - zeros);
}

static int by_rank(const void *a, const void *b)
{
	const struct ct_cause_sum *x = a, *y = b;

	if (x->median_ns != y->median_ns)
		return x->median_ns < y->median_ns ? 1 : -1;
	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return memcmp(&x->key.actor, &y->key.actor, sizeof(x->key.actor));
}

const struct ct_cause_sum *ct_causes_ranked(struct ct_causes *c, size_t group, size_t *ret_count)
{
	struct group *g = c->groups[group];

	*ret_count = 0;
	free(g->ranked);
	g->ranked = calloc(g->cause_count ? g->cause_count : 1, sizeof(*g->ranked));
	if (!g->ranked)
		return NULL;
	for (size_t i = 0; i < g->cause_count; i++) {
		struct ct_cause_sum *sum = &g->ranked[i];
		const struct values *v = &g->causes[i].values;

		sum->key = g->causes[i].key;
		sum->records = v->count;
		sum->median_ns = median_of(v, g->is.records);
		sum->ns = v->ns;
	}
	qsort(g->ranked, g->cause_count, sizeof(*g->ranked), by_rank);
	*ret_count = g->cause_count;
	return g->ranked;
}

uint64_t ct_causes_phase(const struct ct_causes *c, size_t group, enum ct_phase phase,
			 enum ct_reason reason)
{
	const struct group *g = c->groups[group];

	return median_of(&g->phases[phase][reason], g->is.records);
}
