// SPDX-License-Identifier: GPL-2.0-only
#include "book_table.h"

#include <stdlib.h>

#define CONTAINERS_MAX_DEFAULT 4096

struct ct_book *ct_book_new(size_t max)
{
	struct ct_book *book = calloc(1, sizeof(*book));

	if (book)
		book->max = max ? max : CONTAINERS_MAX_DEFAULT;
	return book;
}

void ct_book_event(struct ct_core *core)
{
	core->book->turn++;
}

static bool has_id(const struct ct_container *c, struct ct_text id)
{
	return c->who.id[id.len - 1] == id.p[id.len - 1] && !c->who.id[id.len] &&
	       !memcmp(c->who.id, id.p, id.len);
}

/* The last that was made of that id in the scope. */
static struct ct_container *newest(const struct ct_book *book, const struct ct_scope *scope,
				   struct ct_text id)
{
	struct ct_book_key key;
	struct ct_container *c;

	key.scope = *scope;
	memcpy(key.id, id.p, id.len);
	HASH_FIND(hh, book->containers, &key, sizeof(key.scope) + id.len, c);
	return c;
}

/* Elements of one key are in one bucket: the one behind `c`, NULL at its end. */
static struct ct_container *same_key(const struct ct_book *book, const struct ct_container *c)
{
	UT_hash_handle *hh;

	for (hh = c->hh.hh_next; hh; hh = hh->hh_next) {
		struct ct_container *other = ELMT_FROM_HH(book->containers->hh.tbl, hh);

		if (hh->keylen == c->hh.keylen && !memcmp(hh->key, c->hh.key, hh->keylen))
			return other;
	}
	return NULL;
}

static bool is_in(const struct ct_container *c, struct ct_text ns)
{
	return !ns.len || !c->ns[0] || ct_text_is(ns, c->ns);
}

struct ct_container *ct_book_find(struct ct_core *core, const struct ct_scope *speaker,
				  struct ct_text ns, struct ct_text id)
{
	struct ct_book *book = core->book;
	struct ct_container *c = book->last_found;

	if (!speaker || !id.len || id.len >= sizeof(c->who.id) || !book->id_lengths[id.len])
		return NULL;
	/* What is said about one container comes in runs. */
	if (!c || !ct_scope_is(&c->key.scope, speaker) || !has_id(c, id) || !is_in(c, ns)) {
		c = newest(book, speaker, id);
		while (c && !is_in(c, ns))
			c = same_key(book, c);
	}
	if (!c)
		return NULL;
	book->last_found = c;
	c->turn = book->turn;
	return c;
}

struct ct_container *ct_book_of_run(struct ct_core *core, uint32_t seq)
{
	struct ct_container *c;

	HASH_FIND(by_run, core->book->runs, &seq, sizeof(seq), c);
	return c;
}

bool ct_book_is_of(struct ct_core *core, const struct ct_container *c, uint32_t engine)
{
	return !engine || !c->who.engine_pid || c->who.engine_pid == engine ||
	       !ct_actor_get(core, c->who.engine_pid);
}

struct ct_container *ct_book_by_pid(struct ct_core *core, uint32_t init_pid)
{
	struct ct_actor_state *a = init_pid ? ct_actor_get(core, init_pid) : NULL;

	return a && a->container && a->container->who.init_pid == init_pid ? a->container : NULL;
}

static struct ct_container **inits(struct ct_core *core, uint32_t pid)
{
	return &core->book->inits[ct_hash(&pid, sizeof(pid)) & (CT_LISTS - 1)];
}

struct ct_container *ct_book_of_init(struct ct_core *core, uint32_t init_pid,
				     const struct ct_container *after)
{
	struct ct_container *c = after ? after->init_next : *inits(core, init_pid);

	while (c && c->who.init_pid != init_pid)
		c = c->init_next;
	return c;
}

struct ct_container *ct_book_inside(struct ct_core *core, struct ct_text id, uint32_t sandbox)
{
	const struct ct_actor_state *a = ct_actor_get(core, sandbox);
	struct ct_container *c = NULL;

	if (!sandbox || !id.len || id.len >= sizeof(c->who.id))
		return NULL;
	if (a && a->container && has_id(a->container, id))
		return a->container;
	while ((c = ct_book_of_init(core, sandbox, c)) && !has_id(c, id))
		;
	return c;
}

struct ct_container *ct_book_next(const struct ct_core *core, const struct ct_container *c)
{
	return c ? c->hh.next : core->book->containers;
}

bool ct_book_init(struct ct_core *core, struct ct_container *c, uint32_t pid)
{
	const struct ct_actor_state *a = pid ? ct_actor_get(core, pid) : NULL;

	if (a && a->scoped && a->scope.root != pid && !ct_scope_is(&a->scope, &c->key.scope))
		return false;
	if (c->draft || c->who.init_pid == pid)
		return true;
	if (c->who.init_pid)
		DL_DELETE2(*inits(core, c->who.init_pid), c, init_prev, init_next);
	c->who.init_pid = pid;
	if (pid)
		DL_PREPEND2(*inits(core, pid), c, init_prev, init_next);
	return true;
}

void ct_book_run(struct ct_core *core, struct ct_container *c, uint32_t seq)
{
	if (c->run.seq && !c->draft)
		HASH_DELETE(by_run, core->book->runs, c);
	c->run.seq = seq;
	if (!c->draft)
		HASH_ADD(by_run, core->book->runs, run.seq, sizeof(c->run.seq), c);
}

static enum ct_place place_of(const struct ct_container *c)
{
	if (c->gone)
		return CT_PLACE_GONE;
	return c->run.stop_reported && !c->attended ? CT_PLACE_STOPPED : CT_PLACE_LIVE;
}

static void unplace(struct ct_container *c)
{
	DL_DELETE2(c->share->containers[c->place], c, silent_prev, silent_next);
}

/* Behind those that have been silent for longer. */
static void place(struct ct_container *c)
{
	c->place = place_of(c);
	DL_APPEND2(c->share->containers[c->place], c, silent_prev, silent_next);
}

void ct_book_touch(struct ct_core *core, struct ct_container *c)
{
	if (c->draft)
		return;
	c->turn = core->book->turn;
	unplace(c);
	place(c);
}

static void forget(struct ct_core *core, struct ct_container *c)
{
	struct ct_book *book = core->book;

	if (c->attended)
		DL_DELETE(core->attended, c);
	ct_openers_learn(core, c);
	ct_actors_move(c, NULL);
	ct_calls_forget(c);
	ct_book_unfile(core, c);
	ct_book_init(core, c, 0);
	unplace(c);
	book->others -= !ct_scope_is_host(&c->key.scope);
	ct_share_leave(core, c->share, CT_SHARE_CONTAINERS);
	if (book->last_found == c)
		book->last_found = NULL;
	HASH_DELETE(by_run, book->runs, c);
	HASH_DEL(book->containers, c);
	free(c->run.steps);
	free(c);
}

/* Of a share: what is over first, then what has been silent for longest. What is being handled stays. */
static struct ct_container *least(const struct ct_book *book, const struct ct_share *share)
{
	for (int i = 0; share && i < CT_PLACES; i++) {
		struct ct_container *c = share->containers[i];

		while (c && c->turn == book->turn)
			c = c->silent_next;
		if (c)
			return c;
	}
	return NULL;
}

/*
 * A container whose end was lost is never heard of again: with a full table it gives way. Nobody
 * knows whether it is one, so it is counted.
 */
static bool gives_way(struct ct_core *core, const struct ct_share *share)
{
	struct ct_container *c = least(core->book, share);

	if (!c || c->place == CT_PLACE_LIVE || ct_book_awaited(core, c))
		ct_share_lose(core, &share->scope);
	if (c)
		forget(core, c);
	return c;
}

/* Nobody comes after these any more. */
static void forget_past(struct ct_core *core, const struct ct_share *share)
{
	struct ct_container *c = share->containers[CT_PLACE_GONE], *next;

	for (; c && c->gone_ns + ct_book_successor_ns < core->now; c = next) {
		next = c->silent_next;
		if (c->turn != core->book->turn)
			forget(core, c);
	}
}

/* The others together have half as much as the host: none of them pays for what the host has. */
static bool make_room(struct ct_core *core, struct ct_share *share)
{
	struct ct_book *book = core->book;

	ct_share_take(share, CT_SHARE_CONTAINERS); /* first: it may lose its last */
	forget_past(core, share);
	if (ct_share_beyond(share, CT_SHARE_CONTAINERS, book->max))
		return gives_way(core, share);
	if (!ct_scope_is_host(&share->scope) && book->others && book->others >= book->max / 2)
		return gives_way(core, ct_share_greatest(core));
	return true;
}

static void enter(struct ct_core *core, struct ct_container *c, struct ct_share *share)
{
	struct ct_book *book = core->book;
	size_t len = strlen(c->who.id);

	c->share = share;
	c->turn = book->turn;
	memcpy(c->key.id, c->who.id, len);
	HASH_ADD_KEYPTR(hh, book->containers, &c->key, sizeof(c->key.scope) + len, c);
	book->id_lengths[len] = true;
	book->others += !ct_scope_is_host(&share->scope);
	place(c);
	ct_book_run(core, c, ++core->run_seq);
	ct_book_name_id(core, c);
	core->counts.containers++;
}

static struct ct_container *make(struct ct_core *core, const struct ct_scope *scope,
				 struct ct_text id)
{
	struct ct_share *share = ct_share_of(core, scope);
	struct ct_container *c = NULL;

	if (!share)
		return NULL;
	if (make_room(core, share))
		c = calloc(1, sizeof(*c));
	if (!c) {
		ct_share_leave(core, share, CT_SHARE_CONTAINERS);
		return NULL;
	}
	c->key.scope = *scope;
	ct_text_copy(c->who.id, sizeof(c->who.id), id);
	enter(core, c, share);
	return c;
}

#define DIGITS 64 /* of an id that nobody has chosen */

/* Such an id is there once in the world: who has the host's in another scope has made it up. */
static bool is_made_up(const struct ct_book *book, const struct ct_scope *scope, struct ct_text id)
{
	static const struct ct_scope host;

	if (id.len != DIGITS || ct_scope_is_host(scope) || !newest(book, &host, id))
		return false;
	for (size_t i = 0; i < id.len; i++) {
		if (!strchr("0123456789abcdef", id.p[i]))
			return false;
	}
	return true;
}

struct ct_container *ct_book_make(struct ct_core *core, const struct ct_scope *speaker,
				  struct ct_text ns, struct ct_text id)
{
	struct ct_container *c = ct_book_find(core, speaker, ns, id);

	if (!c && speaker && id.len && id.len < sizeof(c->who.id) &&
	    !is_made_up(core->book, speaker, id))
		c = make(core, speaker, id);
	else if (c)
		ct_container_namespace(core, c, ns);
	if (!c || c->family)
		return c;
	ct_container_begin(core, c, ns);
	return c;
}

void ct_book_free(struct ct_core *core)
{
	struct ct_container *c, *next;

	if (!core->book)
		return;
	HASH_CLEAR(by_run, core->book->runs);
	HASH_ITER(hh, core->book->containers, c, next)
	{
		HASH_DEL(core->book->containers, c);
		free(c->run.steps);
		free(c);
	}
	free(core->book);
	core->book = NULL;
}
