// SPDX-License-Identifier: GPL-2.0-only
#include "core/book/book_table.h"

#include <stdlib.h>

struct ct_book *ct_book_new(void)
{
	return calloc(1, sizeof(struct ct_book));
}

static bool has_id(const struct ct_container *c, struct ct_text id)
{
	return c->who.id[id.len - 1] == id.p[id.len - 1] && !c->who.id[id.len] &&
	       !memcmp(c->who.id, id.p, id.len);
}

/* The place for what was last found of that id. */
static struct ct_container **found(struct ct_book *book, struct ct_text id)
{
	unsigned end = id.len ? (unsigned char)id.p[id.len - 1] : 0;

	if (id.len > 1)
		end = end * 31 + (unsigned char)id.p[id.len - 2];
	return &book->found[end % CT_FOUND];
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
	struct ct_container *c, **last;

	if (!speaker || !id.len || id.len >= sizeof(c->who.id) || !book->id_lengths[id.len])
		return NULL;
	/* What is said about one container comes in runs, and few are spoken of at the same time. */
	last = found(book, id);
	c = *last;
	if (!c || !ct_scope_is(&c->key.scope, speaker) || !has_id(c, id) || !is_in(c, ns)) {
		c = newest(book, speaker, id);
		while (c && !is_in(c, ns))
			c = same_key(book, c);
	}
	if (!c)
		return NULL;
	*last = c;
	ct_share_use(core, &c->held);
	return c;
}

struct ct_container *ct_book_of(struct ct_core *core, uint64_t handle)
{
	struct ct_container *c;

	HASH_FIND(by_handle, core->book->handles, &handle, sizeof(handle), c);
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
	if (c->run.seq)
		HASH_DELETE(by_run, core->book->runs, c);
	c->run.seq = seq;
	HASH_ADD(by_run, core->book->runs, run.seq, sizeof(c->run.seq), c);
}

static enum ct_place place_of(const struct ct_held *held)
{
	const struct ct_container *c = CT_HELD_OF(struct ct_container, held);

	if (c->gone)
		return CT_PLACE_OVER;
	return c->run.stop_reported && !c->moving ? CT_PLACE_IDLE : CT_PLACE_LIVE;
}

uint32_t ct_book_new_run(struct ct_core *core)
{
	return ++core->book->run_seq;
}

void ct_book_touch(struct ct_core *core, struct ct_container *c)
{
	ct_share_touch(core, &c->held);
}

void ct_book_moves(struct ct_core *core, struct ct_container *c)
{
	if (c->moving || c->draft)
		return;
	DL_APPEND(core->book->moving, c);
	c->moving = true;
}

void ct_book_rests(struct ct_core *core, struct ct_container *c)
{
	if (!c->moving)
		return;
	DL_DELETE(core->book->moving, c);
	c->moving = false;
}

struct ct_container *ct_book_moving(const struct ct_core *core)
{
	return core->book->moving;
}

void ct_book_changed(struct ct_core *core, struct ct_container *c)
{
	if (c->changed || c->draft)
		return;
	DL_APPEND2(core->book->changed, c, changed_prev, changed_next);
	c->changed = core->changed = true;
}

static void unchange(struct ct_book *book, struct ct_container *c)
{
	if (c->changed)
		DL_DELETE2(book->changed, c, changed_prev, changed_next);
	c->changed = false;
}

struct ct_container *ct_book_take_changed(struct ct_core *core)
{
	struct ct_container *c = core->book->changed;

	if (c)
		unchange(core->book, c);
	return c;
}

static void forget(struct ct_core *core, struct ct_held *held)
{
	struct ct_container *c = CT_HELD_OF(struct ct_container, held);
	struct ct_book *book = core->book;
	struct ct_container **last;

	ct_book_rests(core, c);
	unchange(book, c);
	core->seams->goes(core, c);
	ct_works_move(c, NULL);
	ct_book_unfile(core, c);
	ct_book_init(core, c, 0);
	ct_share_leave(core, &c->held);
	last = found(book, ct_text(c->who.id, strlen(c->who.id)));
	if (*last == c)
		*last = NULL;
	HASH_DELETE(by_run, book->runs, c);
	HASH_DELETE(by_handle, book->handles, c);
	HASH_DEL(book->containers, c);
	free(c->run.steps);
	free(c->probes);
	free(c);
}

/* Nobody comes after it any more. */
static bool is_past(const struct ct_core *core, const struct ct_held *held)
{
	const struct ct_container *c = CT_HELD_OF(struct ct_container, held);

	return c->gone && c->gone_ns + ct_book_successor_ns < core->now;
}

/*
 * A container whose end was lost is never heard of again: with a full table it gives way. Nobody
 * knows whether it is one, so it is counted.
 */
static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	return held->place == CT_PLACE_LIVE ||
	       ct_book_awaited(core, CT_HELD_OF(struct ct_container, held));
}

const struct ct_share_row ct_containers_row = {
	.full = CT_LOSS_TABLE,
	.place = place_of,
	.over = is_past,
	.matters = matters,
	.give_up = forget,
};

static void enter(struct ct_core *core, struct ct_container *c)
{
	struct ct_book *book = core->book;
	size_t len = strlen(c->who.id);

	memcpy(c->key.id, c->who.id, len);
	HASH_ADD_KEYPTR(hh, book->containers, &c->key, sizeof(c->key.scope) + len, c);
	book->id_lengths[len] = true;
	*found(book, ct_text(c->who.id, len)) = c;
	ct_scope_owner(core, &c->key.scope, &c->who.owner);
	c->handle = ++book->made;
	HASH_ADD(by_handle, book->handles, handle, sizeof(c->handle), c);
	ct_book_run(core, c, ct_book_new_run(core));
	ct_book_name_id(core, c);
	core->counts.containers++;
}

static struct ct_container *make(struct ct_core *core, const struct ct_scope *scope,
				 struct ct_text id)
{
	struct ct_container *c = calloc(1, sizeof(*c));

	if (!c || !ct_share_enter(core, scope, CT_SHARE_CONTAINERS, &c->held)) {
		free(c);
		return NULL;
	}
	c->key.scope = *scope;
	ct_text_copy(c->who.id, sizeof(c->who.id), id);
	enter(core, c);
	return c;
}

/*
 * What runtimes take for one: runc 1.1 (libcontainer/factory_linux.go, validateID), gVisor
 * (runsc/container/state_file.go); containerd and CRI take less. Nobody's begins as options do. What
 * stands for an argument that was not kept is none.
 */
static bool is_id(struct ct_text id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    (!c || !strchr("_+-.", c)))
			return false;
	}
	return id.len && id.p[0] != '-';
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

	if (!c && speaker && is_id(id) && id.len < sizeof(c->who.id) &&
	    !is_made_up(core->book, speaker, id))
		c = make(core, speaker, id);
	return c;
}

void ct_book_free(struct ct_core *core)
{
	struct ct_container *c, *next;

	if (!core->book)
		return;
	HASH_CLEAR(by_run, core->book->runs);
	HASH_CLEAR(by_handle, core->book->handles);
	HASH_ITER(hh, core->book->containers, c, next)
	{
		HASH_DEL(core->book->containers, c);
		free(c->run.steps);
		free(c->probes);
		free(c);
	}
	free(core->book);
	core->book = NULL;
}
