// SPDX-License-Identifier: GPL-2.0-only
#include "stats/chains.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/tell/group_named.h"
#include "core/tell/group_record.h"
#include "stats/chains_inside.h"
#include "util/mem.h"

bool ct_chains_grow(void **array, size_t size, size_t count, size_t *room)
{
	size_t more = *room ? 2 * *room : 16;
	void *new;

	if (count < *room)
		return true;
	new = reallocarray(*array, more, size);
	if (!new)
		return false;
	*array = new;
	*room = more;
	return true;
}

struct ct_chains *ct_chains_new(const struct ct_chains_how *how)
{
	struct ct_chains *c = calloc(1, sizeof(*c));

	if (c)
		c->how = *how;
	return c;
}

void ct_chains_free(struct ct_chains *c)
{
	struct ct_chain_place *next;

	if (!c)
		return;
	for (size_t i = 0; i < c->made_count; i++) {
		free(c->made[i]->times);
		free(c->made[i]->starts);
		free(c->made[i]);
	}
	for (size_t i = 0; i < c->count; i++) {
		free(c->starts[i].segments);
		free(c->starts[i].who);
	}
	for (struct ct_chain_place *p = c->places; p; p = next) {
		next = p->next;
		free(p);
	}
	free(c->made);
	free(c->starts);
	free(c->exits);
	free(c);
}

void ct_chains_turn(struct ct_chains *c)
{
	c->source++;
}

/* Mostly that of the record before. NULL: no memory. */
static const struct ct_chain_place *place_of(struct ct_chains *c, const struct ct_record *rec)
{
	const char *node = rec->node ? rec->node : "";
	struct ct_chain_place *p = c->places;

	if (p && !strcmp(p->node, node) && p->labelled == (rec->labels != NULL) &&
	    (!rec->labels || (p->labels.len == rec->labels->len &&
			      !memcmp(p->labels.pairs, rec->labels->pairs, p->labels.len))))
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	snprintf(p->node, sizeof(p->node), "%s", node);
	p->labelled = rec->labels;
	if (rec->labels)
		p->labels = *rec->labels;
	p->next = c->places;
	c->places = p;
	return p;
}

static int add_start(struct ct_chains *c, const struct ct_record *rec)
{
	const struct ct_chain_place *place = place_of(c, rec);
	struct ct_identity *who = c->how.records ? malloc(sizeof(*who)) : NULL;
	struct ct_segment *segments = calloc(rec->segment_count + 1, sizeof(*segments));
	struct ct_chain_seen *s;

	if (!place || !segments || (c->how.records && !who) ||
	    !CT_CHAINS_ROOM(c->starts, c->count, c->room)) {
		free(segments);
		free(who);
		return -ENOMEM;
	}
	memcpy(segments, rec->segments, rec->segment_count * sizeof(*segments));
	s = &c->starts[c->count++];
	memset(s, 0, sizeof(*s));
	memcpy(s->id, rec->who->id, sizeof(s->id));
	memcpy(s->name, rec->who->name, sizeof(s->name));
	memcpy(s->image, rec->who->image, sizeof(s->image));
	memcpy(s->runtime, rec->who->runtime, sizeof(s->runtime));
	s->by_itself = rec->cause == CT_CAUSE_POLICY;
	s->args_hash = rec->who->args_hash;
	s->client = rec->who->client;
	s->init_pid = rec->who->init_pid;
	s->at.begin_ns = rec->begin_ns;
	s->at.ready_ns = rec->end_ns;
	s->at.client = rec->who->client.pid;
	s->place = place;
	s->source = c->source;
	s->run = rec->run;
	s->segments = segments;
	s->segment_count = rec->segment_count;
	s->who = who;
	if (who)
		*who = *rec->who;
	return 0;
}

int ct_chains_add(struct ct_chains *c, const struct ct_record *rec)
{
	struct ct_chain_exit *e;

	if (rec->type == CT_RECORD_START && rec->outcome == CT_OUTCOME_OK)
		return add_start(c, rec);
	if (rec->type != CT_RECORD_STOP || !rec->service_end_ns)
		return 0;
	if (!CT_CHAINS_ROOM(c->exits, c->exit_count, c->exit_room))
		return -ENOMEM;
	e = &c->exits[c->exit_count++];
	memcpy(e->id, rec->who->id, sizeof(e->id));
	e->source = c->source;
	e->at_ns = rec->service_end_ns;
	e->gone_ns = rec->end_ns > e->at_ns ? rec->end_ns : e->at_ns;
	e->by_itself = rec->cause == CT_CAUSE_EXIT || rec->cause == CT_CAUSE_OOM;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct ct_chain_seen *const *x = a, *const *y = b;
	int ret = ((*x)->source > (*y)->source) - ((*x)->source < (*y)->source);

	if (!ret)
		ret = strcmp((*x)->id, (*y)->id);
	return ret ? ret : (*x > *y) - (*x < *y);
}

/* The latest start of that id that was asked for no later. NULL: there is none. */
static struct ct_chain_seen *whose(struct ct_chain_seen *const *sorted, size_t count,
				   const struct ct_chain_exit *e)
{
	struct ct_chain_seen *s;
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order;

		s = sorted[mid];
		order = (s->source > e->source) - (s->source < e->source);
		if (!order)
			order = strcmp(s->id, e->id);
		if (order < 0 || (!order && s->at.begin_ns <= e->at_ns))
			low = mid + 1;
		else
			high = mid;
	}
	s = low ? sorted[low - 1] : NULL;
	return s && s->source == e->source && !strcmp(s->id, e->id) ? s : NULL;
}

static int set_exits(struct ct_chains *c)
{
	own_mem struct ct_chain_seen **sorted =
		calloc(c->count + 1, sizeof(struct ct_chain_seen *));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++)
		sorted[i] = &c->starts[i];
	qsort(sorted, c->count, sizeof(struct ct_chain_seen *), by_id);
	for (size_t i = 0; i < c->exit_count; i++) {
		const struct ct_chain_exit *e = &c->exits[i];
		struct ct_chain_seen *s = e->by_itself ? whose(sorted, c->count, e) : NULL;

		if (!s || s->at.exit_ns)
			continue;
		s->at.exit_ns = e->at_ns;
		s->at.gone_ns = e->gone_ns;
		/* It had ended before its start was answered. */
		if (s->at.ready_ns > s->at.exit_ns)
			s->at.ready_ns = s->at.exit_ns;
	}
	return 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct ct_chain_seen *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->at.begin_ns != y->at.begin_ns)
		return x->at.begin_ns < y->at.begin_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

struct ct_chain_made *ct_chains_make(struct ct_chains *c, const char *name)
{
	struct ct_chain_made *made;

	if (!CT_CHAINS_ROOM(c->made, c->made_count, c->made_room))
		return NULL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	snprintf(made->pub.name, sizeof(made->pub.name), "%s", name);
	c->made[c->made_count++] = made;
	return made;
}

int ct_chains_add_time(struct ct_chain_made *made, const struct ct_chain_time *t,
		       const size_t *starts)
{
	size_t room = made->room;

	if (!CT_CHAINS_ROOM(made->times, made->pub.count, made->room) ||
	    !CT_CHAINS_ROOM(made->starts, made->pub.count, room))
		return -ENOMEM;
	memcpy(made->starts[made->pub.count], starts, sizeof(*made->starts));
	made->times[made->pub.count++] = *t;
	return 0;
}

static void name_members(struct ct_chain *chain, const struct ct_group_named *named)
{
	const char *at = named->globs;

	chain->given = true;
	chain->member_count = ct_group_count(named);
	for (size_t i = 0; i < chain->member_count; i++) {
		size_t len = strcspn(at, ",");

		snprintf(chain->members[i], sizeof(chain->members[0]), "%.*s", (int)len, at);
		at += len + (at[len] == ',');
	}
}

/* One that is going on, of what the user has named. */
struct going {
	struct ct_grouped members[CT_CHAIN_MEMBERS];
	size_t starts[CT_CHAIN_MEMBERS];
	uint32_t source, run; /* what began elsewhere does not go on here */
};

static int add_going(struct ct_chains *c, struct ct_chain_made *f, const struct going *g)
{
	struct ct_chain_time t = { .count = f->pub.member_count };

	for (size_t i = 0; i < t.count; i++)
		t.starts[i] = c->starts[g->starts[i]].at;
	return ct_chains_add_time(f, &t, g->starts);
}

/* What the user has named: each time that all of it has started, as its records are told. */
static int add_named(struct ct_chains *c, size_t n)
{
	const struct ct_group_named *named = &c->how.named[n];
	char name[CT_CHAIN_NAME];
	struct going g = { 0 };
	struct ct_chain_made *f;
	int ret = 0;

	snprintf(name, sizeof(name), "%.*s",
		 named->name_len ? (int)named->name_len : (int)strlen(named->globs),
		 named->name_len ? named->name : named->globs);
	f = ct_chains_make(c, name);
	if (!f)
		return -ENOMEM;
	name_members(&f->pub, named);
	for (size_t i = 0; i < c->count && !ret; i++) {
		const struct ct_chain_seen *s = &c->starts[i];
		size_t at;

		for (at = 0; at < f->pub.member_count; at++)
			if (ct_group_has(named, at, s->name, s->image))
				f->pub.matched |= 1u << at;
		if (s->source != g.source || s->run != g.run)
			g = (struct going){ .source = s->source, .run = s->run };
		at = ct_group_member(named, g.members, f->pub.member_count, s->name, s->image);
		if (at == f->pub.member_count)
			continue;
		f->pub.begun += !at;
		g.starts[at] = i;
		g.members[at] = (struct ct_grouped){ .begin_ns = s->at.begin_ns,
						     .ready_ns = s->at.ready_ns };
		if (!ct_group_is_whole(g.members, f->pub.member_count))
			continue;
		ret = add_going(c, f, &g);
		memset(g.members, 0, sizeof(g.members));
	}
	return ret;
}

int ct_chains_run(struct ct_chains *c)
{
	int ret;

	qsort(c->starts, c->count, c->starts ? sizeof(*c->starts) : 1, by_begin);
	ret = set_exits(c);
	if (!ret)
		ret = ct_chains_contend(c);
	for (size_t n = 0; n < c->how.named_count && !ret; n++)
		ret = add_named(c, n);
	if (!ret && c->how.find)
		ret = ct_chains_find(c);
	for (size_t i = 0; i < c->made_count && !ret; i++)
		ret = ct_chains_tell(c, c->made[i]);
	return ret;
}

size_t ct_chains_count(const struct ct_chains *c)
{
	return c->made_count;
}

const struct ct_chain *ct_chains_get(const struct ct_chains *c, size_t i)
{
	return i < c->made_count ? &c->made[i]->pub : NULL;
}

const struct ct_chains_how *ct_chains_how(const struct ct_chains *c)
{
	return &c->how;
}

const struct ct_contention *ct_chains_contention(const struct ct_chains *c)
{
	return &c->contention;
}

/* One time of one. */
struct turn {
	const struct ct_chain_made *made;
	size_t n;
	uint64_t begin_ns;
};

static int by_turn(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

static void tell_turn(const struct ct_chains *c, struct ct_group_told *t, const struct turn *turn,
		      void (*record)(void *ctx, const struct ct_record *rec), void *ctx)
{
	const struct ct_chain *chain = &turn->made->pub;
	const struct ct_chain_seen *first = &c->starts[turn->made->starts[turn->n][0]];
	struct ct_group_member members[CT_GROUP_MEMBERS] = { 0 };
	const struct ct_found found = {
		.time = turn->n + 1,
		.times = chain->count,
		.begun = chain->begun,
		.variation = chain->variation,
	};

	for (size_t i = 0; i < chain->member_count; i++) {
		const struct ct_chain_seen *s = &c->starts[turn->made->starts[turn->n][i]];

		members[i].who = s->who;
		members[i].told = (struct ct_grouped){ .begin_ns = s->at.begin_ns,
						       .ready_ns = s->at.ready_ns,
						       .exit_ns = s->at.exit_ns };
	}
	ct_group_tell(t, members, chain->member_count, ct_text(chain->name, strlen(chain->name)));
	t->rec.node = first->place->node;
	t->rec.labels = first->place->labelled ? &first->place->labels : NULL;
	t->rec.run = first->run;
	t->rec.found = &found;
	if (!c->how.steps)
		t->rec.step_count = 0;
	record(ctx, &t->rec);
}

int ct_chains_records(const struct ct_chains *c,
		      void (*record)(void *ctx, const struct ct_record *rec), void *ctx)
{
	own_mem struct ct_group_told *t = malloc(sizeof(*t));
	own_mem struct turn *turns = NULL;
	size_t count = 0, at = 0;

	for (size_t i = 0; i < c->made_count; i++)
		count += c->made[i]->pub.given ? 0 : c->made[i]->pub.count;
	turns = calloc(count + 1, sizeof(*turns));
	if (!t || !turns || !c->how.records)
		return -ENOMEM;
	for (size_t i = 0; i < c->made_count; i++)
		for (size_t n = 0; n < c->made[i]->pub.count && !c->made[i]->pub.given; n++)
			turns[at++] = (struct turn){ c->made[i], n,
						     c->made[i]->times[n].starts[0].begin_ns };
	qsort(turns, count, sizeof(*turns), by_turn);
	for (size_t i = 0; i < count; i++)
		tell_turn(c, t, &turns[i], record, ctx);
	return 0;
}
