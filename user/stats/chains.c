// SPDX-License-Identifier: GPL-2.0-only
#include "stats/chains.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/compare.h"
#include "util/mem.h"

#define CHAINS_MAX               256
#define FEW                      3
#define ROOM(array, count, room) grow((void **)&(array), sizeof(*(array)), count, &(room))

struct start {
	char id[80], name[128], image[256];
	uint64_t args_hash;
	struct ct_client client;
	struct ct_chain_start at;
	char key[80]; /* what it is, over all times */
	size_t of; /* number of a start that the same client asked for, itself if none */
};

/* A group, and what it owns. */
struct found {
	struct ct_chain pub; /* first */
	struct ct_chain_time *times; /* owned */
	size_t room;
};

struct ct_chains {
	struct ct_chains_how how;
	struct start *starts; /* owned */
	size_t count, room;
	struct found *chains[CHAINS_MAX]; /* owned */
	size_t chain_count;
	double slower;
	size_t overlapping, alone;
};

static bool grow(void **array, size_t size, size_t count, size_t *room)
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
	if (!c)
		return;
	for (size_t i = 0; i < c->chain_count; i++) {
		free(c->chains[i]->times);
		free(c->chains[i]);
	}
	free(c->starts);
	free(c);
}

static int add_start(struct ct_chains *c, const struct ct_record *rec)
{
	struct start *s;

	if (!ROOM(c->starts, c->count, c->room) || !c->starts)
		return -ENOMEM;
	s = &c->starts[c->count++];
	memset(s, 0, sizeof(*s));
	memcpy(s->id, rec->who->id, sizeof(s->id));
	memcpy(s->name, rec->who->name, sizeof(s->name));
	memcpy(s->image, rec->who->image, sizeof(s->image));
	s->args_hash = rec->who->args_hash;
	s->client = rec->who->client;
	s->at.begin_ns = rec->begin_ns;
	s->at.ready_ns = rec->end_ns;
	s->at.client = rec->who->client.pid;
	return 0;
}

int ct_chains_add(struct ct_chains *c, const struct ct_record *rec)
{
	if (rec->type == CT_RECORD_START && rec->outcome == CT_OUTCOME_OK)
		return add_start(c, rec);
	if (rec->type != CT_RECORD_STOP ||
	    (rec->cause != CT_CAUSE_EXIT && rec->cause != CT_CAUSE_OOM))
		return 0;
	for (size_t i = c->count; i-- > 0;) {
		struct start *s = &c->starts[i];

		if (strcmp(s->id, rec->who->id) != 0)
			continue;
		if (!s->at.exit_ns && rec->service_end_ns >= s->at.begin_ns) {
			s->at.exit_ns = rec->service_end_ns;
			/* It had ended before its start was answered. */
			if (s->at.ready_ns > s->at.exit_ns)
				s->at.ready_ns = s->at.exit_ns;
		}
		break;
	}
	return 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	if (x->at.begin_ns != y->at.begin_ns)
		return x->at.begin_ns < y->at.begin_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* A name, if there are several of it; else what it does; else the image. */
static void set_keys(struct ct_chains *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct start *s = &c->starts[i];
		size_t names = 0, same = 0;

		for (size_t k = 0; k < c->count; k++) {
			names += *s->name && !strcmp(s->name, c->starts[k].name);
			same += s->args_hash && s->args_hash == c->starts[k].args_hash;
		}
		if (names >= CT_CHAIN_TIMES)
			snprintf(s->key, sizeof(s->key), "%.79s", s->name);
		else if (same >= CT_CHAIN_TIMES && same < c->count)
			snprintf(s->key, sizeof(s->key), "%.70s/%06x", s->image,
				 (unsigned)(s->args_hash & 0xffffff));
		else
			snprintf(s->key, sizeof(s->key), "%.79s", s->image);
	}
}

static bool same_process(uint32_t a, uint32_t b)
{
	return a > 1 && a == b;
}

/* The same process has asked for both, or one that the others descend from. */
static bool same_client(const struct ct_client *a, const struct ct_client *b)
{
	return same_process(a->pid, b->pid) || same_process(a->parent, b->parent) ||
	       same_process(a->parent, b->above) || same_process(a->above, b->parent) ||
	       same_process(a->pid, b->parent) || same_process(a->parent, b->pid);
}

static void set_clients(struct ct_chains *c)
{
	for (size_t i = 0; i < c->count; i++) {
		c->starts[i].of = i;
		for (size_t k = i; k-- > 0;)
			if (same_client(&c->starts[i].client, &c->starts[k].client)) {
				c->starts[i].of = c->starts[k].of;
				break;
			}
	}
}

/* By its name; what is new is made. NULL: no memory, or too many. */
static struct found *chain_of(struct ct_chains *c, const char *name)
{
	struct found *f;

	for (size_t i = 0; i < c->chain_count; i++)
		if (!strcmp(c->chains[i]->pub.name, name))
			return c->chains[i];
	f = c->chain_count < CHAINS_MAX ? calloc(1, sizeof(*f)) : NULL;
	if (!f)
		return NULL;
	snprintf(f->pub.name, sizeof(f->pub.name), "%s", name);
	c->chains[c->chain_count++] = f;
	return f;
}

static int add_time(struct found *f, const struct ct_chain_time *t)
{
	if (!ROOM(f->times, f->pub.count, f->room) || !f->times)
		return -ENOMEM;
	f->times[f->pub.count++] = *t;
	return 0;
}

/* Those that were asked for before the one before them was ready are beside each other: by name. */
static int by_key(const void *a, const void *b)
{
	const struct start *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* One time that a client has gone through something, from the first member on. 0 or -ENOMEM. */
static int add_found(struct ct_chains *c, const struct start **members, size_t count)
{
	struct ct_chain_time t = { .count = count };
	char name[CT_CHAIN_NAME] = "";
	struct found *f;

	if (count < 2 || count > CT_CHAIN_MEMBERS)
		return 0;
	for (size_t i = 1, end; i < count; i = end) {
		for (end = i + 1;
		     end < count && members[end]->at.begin_ns < members[end - 1]->at.ready_ns;
		     end++)
			;
		qsort(&members[i], end - i, sizeof(*members), by_key);
	}
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(name);
		bool beside = i && members[i]->at.begin_ns < members[i - 1]->at.ready_ns;

		snprintf(name + len, sizeof(name) - len, "%s%s",
			 !i       ? ""
			 : beside ? " + "
				  : " > ",
			 members[i]->key);
		t.starts[i] = members[i]->at;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(members[k]->key, members[i]->key))
				return 0;
	}
	f = chain_of(c, name);
	if (!f)
		return 0;
	f->pub.member_count = count;
	for (size_t i = 0; i < count; i++)
		memcpy(f->pub.members[i], members[i]->key, sizeof(f->pub.members[i]));
	return add_time(f, &t);
}

/* How often each first member began something, whatever followed. */
static void count_begun(struct ct_chains *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->starts[i].key, key))
			for (size_t k = 0; k < c->chain_count; k++)
				c->chains[k]->pub.begun +=
					!c->chains[k]->pub.given &&
					!strcmp(c->chains[k]->pub.members[0], key);
}

static int find(struct ct_chains *c)
{
	int ret = 0;

	set_clients(c);
	for (size_t root = 0; root < c->count && !ret; root++) {
		const struct start *members[CT_CHAIN_MEMBERS + 1];
		size_t count = 0;

		if (c->starts[root].of != root)
			continue;
		for (size_t i = root; i < c->count && !ret; i++) {
			const struct start *s = &c->starts[i];

			if (s->of != root)
				continue;
			if (count && !strcmp(s->key, members[0]->key)) {
				ret = add_found(c, members, count);
				count = 0;
			}
			if (count <= CT_CHAIN_MEMBERS)
				members[count++] = s;
		}
		if (!ret)
			ret = add_found(c, members, count);
	}
	for (size_t i = 0; i < c->count; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = !strcmp(c->starts[k].key, c->starts[i].key);
		if (!seen)
			count_begun(c, c->starts[i].key);
	}
	return ret;
}

/* Too rare, or one order among others: chance. */
static bool is_chance(const struct ct_chain *chain)
{
	return !chain->given && (chain->count < CT_CHAIN_TIMES ||
				 (double)chain->count < CT_CHAIN_SHARE * (double)chain->begun);
}

static void drop_chance(struct ct_chains *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->chain_count; i++) {
		struct found *f = c->chains[i];

		if (!is_chance(&f->pub)) {
			c->chains[kept++] = f;
			continue;
		}
		free(f->times);
		free(f);
	}
	c->chain_count = kept;
}

static bool is_member(const struct start *s, const char *glob, size_t len)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", (int)len, glob);
	return !fnmatch(text, s->name, 0) || !fnmatch(text, s->image, 0);
}

/* What the user has named, in his order: each time that its first member starts. */
static int add_named(struct ct_chains *c, size_t n)
{
	const char *globs = c->how.named[n].globs, *globs_at[CT_CHAIN_MEMBERS];
	size_t lens[CT_CHAIN_MEMBERS], members = 0, next = 0;
	char name[CT_CHAIN_NAME];
	struct ct_chain_time t = { 0 };
	struct found *f;
	int ret = 0;

	snprintf(name, sizeof(name), "%.*s",
		 c->how.named[n].name_len ? (int)c->how.named[n].name_len : (int)strlen(globs),
		 c->how.named[n].name_len ? c->how.named[n].name : globs);
	f = chain_of(c, name);
	if (!f)
		return -ENOMEM;
	f->pub.given = true;
	for (const char *at = globs; *at && members < CT_CHAIN_MEMBERS; members++) {
		lens[members] = strcspn(at, ",");
		globs_at[members] = at;
		snprintf(f->pub.members[members], sizeof(f->pub.members[0]), "%.*s",
			 (int)lens[members], at);
		at += lens[members] + (at[lens[members]] == ',');
	}
	f->pub.member_count = members;
	for (size_t i = 0; i < c->count && !ret; i++) {
		const struct start *s = &c->starts[i];

		if (members && is_member(s, globs_at[0], lens[0])) {
			f->pub.begun++;
			next = 0;
		}
		if (next >= members || !is_member(s, globs_at[next], lens[next]))
			continue;
		t.starts[next++] = s->at;
		t.count = next;
		if (next == members)
			ret = add_time(f, &t);
	}
	return ret;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Differences may be below 0: the bootstrap is told of them from here on. */
#define ZERO (1ull << 62)

static int middle(int64_t *values, size_t n, double unit, struct ct_middle *ret)
{
	own_mem uint64_t *sorted = calloc(n + 1, sizeof(*sorted));
	struct ct_interval interval;

	*ret = (struct ct_middle){ 0 };
	if (!n)
		return 0;
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = ZERO + (uint64_t)values[i];
	qsort(sorted, n, sizeof(*sorted), ascending);
	if (ct_bootstrap_median(sorted, n, CT_COMPARE_RESAMPLES, CT_COMPARE_SEED, CT_COMPARE_LEVEL,
				&interval))
		return -ENOMEM;
	ret->median = (double)(int64_t)(ct_sorted_quantile(sorted, n, 0.5) - ZERO) * unit;
	ret->min = (double)(int64_t)(sorted[0] - ZERO) * unit;
	ret->max = (double)(int64_t)(sorted[n - 1] - ZERO) * unit;
	/* What the interval has is exact only for differences below 2^53 ns. */
	ret->low = (interval.low - (double)ZERO) * unit;
	ret->high = (interval.high - (double)ZERO) * unit;
	return 0;
}

/* Starts, runs and gaps of a member, over all times. */
static int tell_member(struct ct_chain *chain, size_t m, int64_t *values)
{
	size_t n = 0;
	int ret;

	for (size_t i = 0; i < chain->count; i++)
		values[i] = (int64_t)(chain->times[i].starts[m].ready_ns -
				      chain->times[i].starts[m].begin_ns);
	ret = middle(values, chain->count, 1, &chain->start[m]);
	for (size_t i = 0; i < chain->count; i++) {
		const struct ct_chain_start *s = &chain->times[i].starts[m];

		if (s->exit_ns)
			values[n++] = (int64_t)(s->exit_ns - s->ready_ns);
	}
	chain->runs[m] = n;
	if (!ret)
		ret = middle(values, n, 1, &chain->run[m]);
	/* From the end of the one before: below 0, they overlap. */
	for (size_t i = 0; i < chain->count && m; i++) {
		const struct ct_chain_start *s = &chain->times[i].starts[m], *before = s - 1;
		uint64_t end = before->exit_ns ? before->exit_ns : before->ready_ns;

		values[i] = (int64_t)(s->begin_ns - end);
	}
	if (!ret && m)
		ret = middle(values, chain->count, 1, &chain->gap[m]);
	return ret;
}

static int tell_path(struct ct_chain *chain, int64_t *values)
{
	struct ct_chain_path path;
	int ret;

	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_walk(&chain->times[i], &path);
		values[i] = (int64_t)path.total_ns;
	}
	ret = middle(values, chain->count, 1, &chain->total);
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_walk(&chain->times[i], &path);
		values[i] = (int64_t)path.cold_ns;
	}
	if (!ret)
		ret = middle(values, chain->count, 1, &chain->cold);
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_walk(&chain->times[i], &path);
		values[i] = path.total_ns ? (int64_t)(path.cold_ns * 1000000 / path.total_ns) : 0;
	}
	return ret ? ret : middle(values, chain->count, 1e-6, &chain->share);
}

static int tell_what_if(const struct ct_chains *c, struct ct_chain *chain, uint32_t members,
			int64_t *values)
{
	struct ct_chain_what_if *w = &chain->what_if[chain->what_if_count++];
	struct ct_prewarmed p;
	struct ct_middle idle;
	int ret;

	w->members = members;
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_prewarm(&chain->times[i], members, c->how.lead_ns, c->slower, &p);
		values[i] = p.saved_ns;
	}
	ret = middle(values, chain->count, 1, &w->saved);
	for (size_t i = 0; i < chain->count; i++) {
		ct_chain_prewarm(&chain->times[i], members, c->how.lead_ns, c->slower, &p);
		values[i] = (int64_t)p.idle_ns;
	}
	if (!ret)
		ret = middle(values, chain->count, 1, &idle);
	w->idle = ret ? 0 : idle.median;
	return ret;
}

static int tell(const struct ct_chains *c, struct found *f)
{
	struct ct_chain *chain = &f->pub;
	own_mem int64_t *values = calloc(chain->count + 1, sizeof(*values));
	int ret = 0;

	if (!values)
		return -ENOMEM;
	chain->times = f->times;
	for (size_t m = 0; m < chain->member_count && !ret; m++)
		ret = tell_member(chain, m, values);
	if (!ret)
		ret = tell_path(chain, values);
	for (size_t m = 1; m < chain->member_count && !ret && c->how.prewarm; m++)
		if (chain->member_count > 2)
			ret = tell_what_if(c, chain, 1u << m, values);
	if (!ret && c->how.prewarm && chain->member_count > 1)
		ret = tell_what_if(c, chain, (1u << chain->member_count) - 2, values);
	return ret;
}

/* Starts that overlap others, against those of the same kind that do not. */
static int measure_contention(struct ct_chains *c)
{
	own_mem uint64_t *alone = calloc(c->count + 1, sizeof(*alone));
	own_mem uint64_t *beside = calloc(c->count + 1, sizeof(*beside));

	if (!alone || !beside)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++) {
		const struct ct_chain_start *s = &c->starts[i].at;
		uint64_t ns = s->ready_ns - s->begin_ns;
		bool overlaps = false;

		for (size_t k = 0; k < c->count && !overlaps; k++)
			overlaps = k != i && c->starts[k].at.begin_ns < s->ready_ns &&
				   s->begin_ns < c->starts[k].at.ready_ns;
		if (overlaps)
			beside[c->overlapping++] = ns;
		else
			alone[c->alone++] = ns;
	}
	if (c->alone < FEW || c->overlapping < FEW)
		return 0;
	qsort(alone, c->alone, sizeof(*alone), ascending);
	qsort(beside, c->overlapping, sizeof(*beside), ascending);
	c->slower = (double)ct_sorted_quantile(beside, c->overlapping, 0.5) /
		    (double)(ct_sorted_quantile(alone, c->alone, 0.5) + 1);
	if (c->slower < 1) /* nothing gets faster by that */
		c->slower = 1;
	return 0;
}

int ct_chains_run(struct ct_chains *c)
{
	int ret;

	qsort(c->starts, c->count, c->starts ? sizeof(*c->starts) : 1, by_begin);
	set_keys(c);
	ret = measure_contention(c);
	for (size_t n = 0; n < c->how.named_count && !ret; n++)
		ret = add_named(c, n);
	if (!ret && c->how.find)
		ret = find(c);
	drop_chance(c);
	for (size_t i = 0; i < c->chain_count && !ret; i++)
		ret = tell(c, c->chains[i]);
	return ret;
}

size_t ct_chains_count(const struct ct_chains *c)
{
	return c->chain_count;
}

const struct ct_chain *ct_chains_get(const struct ct_chains *c, size_t i)
{
	return i < c->chain_count ? &c->chains[i]->pub : NULL;
}

const struct ct_chains_how *ct_chains_how(const struct ct_chains *c)
{
	return &c->how;
}

double ct_chains_slower(const struct ct_chains *c, size_t *ret_overlapping, size_t *ret_alone)
{
	*ret_overlapping = c->overlapping;
	*ret_alone = c->alone;
	return c->slower;
}
