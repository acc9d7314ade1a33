// SPDX-License-Identifier: GPL-2.0-only
#include "core/why/acts.h"

#include "core/base/hash.h"
#include "core/base/text.h"
#include "util/sorted.h"

#include <ctype.h>
#include <stdlib.h>
#include <utlist.h>

#define ACTS_MAX    1000000 /* 16 bytes each, at most three times */
#define INBOXES_MAX 65536
#define IDLE_MAX    16384 /* of those that got nothing, and are kept for whose they are */
#define NAME_LEN    24

struct act {
	uint64_t ts_ns;
	union {
		struct {
			uint32_t tid, tgid;
		};
		char *file; /* of a syncer: owned, NULL: it did something else */
	};
};

/* By time; those of one time as they came. */
struct timeline {
	struct act *items; /* owned */
	size_t count, room;
};

/* What was sent to a socket, or the exits of a process' children. */
struct inbox {
	uint64_t cookie; /* 0: exits */
	struct process *owner; /* borrowed, NULL: nobody has sent from it */
	struct timeline got; /* from others */
	struct inbox *prev, *next; /* of the same owner */
	UT_hash_handle hh;
};

struct process {
	uint32_t tgid;
	struct timeline did;
	struct inbox *inboxes; /* borrowed: that got something, and what did last comes first */
	struct inbox exits;
	size_t sockets; /* that are its own */
	UT_hash_handle hh;
};

/* A thread that has synced a file. */
struct syncer {
	uint32_t tid;
	struct timeline did; /* of what it did between two syncs the first */
	UT_hash_handle hh;
};

struct ct_acts {
	struct timeline all;
	struct process *processes; /* owned */
	struct inbox *sockets; /* owned, by cookie */
	struct syncer *syncers; /* owned */
};

struct ct_acts *ct_acts_new(void)
{
	return calloc(1, sizeof(struct ct_acts));
}

/* Index of the first at or after ns. */
static size_t from(const struct timeline *t, uint64_t ns)
{
	return CT_SORTED_FIRST(t->items, 0, t->count, ts_ns, ns);
}

static bool add(struct timeline *t, struct act act)
{
	size_t at = t->count;

	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 4;
		struct act *items = realloc(t->items, room * sizeof(*items));

		if (!items)
			return false;
		t->items = items;
		t->room = room;
	}
	/* Late ones are few and not very late. */
	for (; at && t->items[at - 1].ts_ns > act.ts_ns; at--)
		t->items[at] = t->items[at - 1];
	t->items[at] = act;
	t->count++;
	return true;
}

static void forget(struct timeline *t, uint64_t before_ns)
{
	size_t gone = from(t, before_ns);

	if (!gone)
		return;
	memmove(t->items, t->items + gone, (t->count - gone) * sizeof(*t->items));
	t->count -= gone;
	if (t->count)
		return;
	free(t->items);
	*t = (struct timeline){ 0 };
}

static uint64_t last_ns(const struct timeline *t)
{
	return t->count ? t->items[t->count - 1].ts_ns : 0;
}

static struct process *process_find(const struct ct_acts *all, uint32_t tgid)
{
	struct process *p;

	HASH_FIND(hh, all->processes, &tgid, sizeof(tgid), p);
	return p;
}

/* Among its owner's are those that got something: in front of what got its last before, behind what is later. */
static void inbox_place(struct inbox *inbox)
{
	struct inbox *after = inbox->owner ? inbox->owner->inboxes : NULL;

	if (!inbox->owner || !inbox->got.count)
		return;
	while (after && last_ns(&after->got) > last_ns(&inbox->got))
		after = after->next;
	DL_PREPEND_ELEM(inbox->owner->inboxes, after, inbox);
}

static void inbox_take(struct inbox *inbox)
{
	if (inbox->owner && inbox->got.count)
		DL_DELETE(inbox->owner->inboxes, inbox);
}

static struct process *process_make(struct ct_acts *all, uint32_t tgid)
{
	struct process *p = process_find(all, tgid);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->tgid = tgid;
	p->exits.owner = p;
	HASH_ADD(hh, all->processes, tgid, sizeof(p->tgid), p);
	return p;
}

static void process_free(struct ct_acts *all, struct process *p)
{
	HASH_DEL(all->processes, p);
	free(p->did.items);
	free(p->exits.got.items);
	free(p);
}

static struct inbox *socket_make(struct ct_acts *all, uint64_t cookie)
{
	struct inbox *inbox;

	HASH_FIND(hh, all->sockets, &cookie, sizeof(cookie), inbox);
	if (inbox || HASH_COUNT(all->sockets) >= INBOXES_MAX)
		return inbox;
	inbox = calloc(1, sizeof(*inbox));
	if (!inbox)
		return NULL;
	inbox->cookie = cookie;
	HASH_ADD(hh, all->sockets, cookie, sizeof(inbox->cookie), inbox);
	return inbox;
}

/* owner may be NULL. */
static void socket_is_of(struct inbox *inbox, struct process *owner)
{
	if (inbox->owner == owner)
		return;
	inbox_take(inbox);
	if (inbox->owner)
		inbox->owner->sockets--;
	if (owner)
		owner->sockets++;
	inbox->owner = owner;
	inbox_place(inbox);
}

static void socket_free(struct ct_acts *all, struct inbox *inbox)
{
	socket_is_of(inbox, NULL);
	HASH_DEL(all->sockets, inbox);
	free(inbox->got.items);
	free(inbox);
}

static void syncer_free(struct ct_acts *all, struct syncer *s)
{
	HASH_DEL(all->syncers, s);
	for (size_t i = 0; i < s->did.count; i++)
		free(s->did.items[i].file);
	free(s->did.items);
	free(s);
}

void ct_acts_free(struct ct_acts *all)
{
	struct inbox *inbox, *next_inbox;
	struct process *p, *next_process;
	struct syncer *s, *next_syncer;

	if (!all)
		return;
	HASH_ITER(hh, all->sockets, inbox, next_inbox)
	socket_free(all, inbox);
	HASH_ITER(hh, all->processes, p, next_process)
	process_free(all, p);
	HASH_ITER(hh, all->syncers, s, next_syncer)
	syncer_free(all, s);
	free(all->all.items);
	free(all);
}

/* ".tmp-config.v2.json123456" is written to become config.v2.json. */
static struct ct_text plain_name(struct ct_text file)
{
	static const char tmp[] = ".tmp-";

	if (!ct_text_starts(file, tmp))
		return file;
	file.p += sizeof(tmp) - 1;
	file.len -= sizeof(tmp) - 1;
	while (file.len && isdigit((unsigned char)file.p[file.len - 1]))
		file.len--;
	return file;
}

static char *file_of(const struct ct_event *e)
{
	char name[NAME_LEN];

	ct_text_copy(name, sizeof(name), plain_name(ct_text_base(ct_text(e->tail, e->tail_len))));
	return strdup(name);
}

/* Of what a thread does no more is kept than says which of its syncs was last, and that something came after. */
static bool feed_syncer(struct ct_acts *all, const struct ct_event *e)
{
	struct act act = { .ts_ns = e->ts_ns };
	struct syncer *s;

	HASH_FIND(hh, all->syncers, &e->tid, sizeof(e->tid), s);
	if (e->kind != CT_KIND_SYNC &&
	    (!s || !s->did.count || !s->did.items[s->did.count - 1].file))
		return true;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return false;
		s->tid = e->tid;
		HASH_ADD(hh, all->syncers, tid, sizeof(s->tid), s);
	}
	if (e->kind == CT_KIND_SYNC)
		act.file = file_of(e);
	if ((e->kind != CT_KIND_SYNC || act.file) && add(&s->did, act))
		return true;
	free(act.file);
	return false;
}

/* What a process says to itself reaches nobody. */
static bool inbox_got(struct inbox *inbox, const struct ct_event *e)
{
	const struct act act = { .ts_ns = e->ts_ns, .tid = e->tid, .tgid = e->tgid };
	bool kept;

	if (inbox->owner && inbox->owner->tgid == e->tgid)
		return true;
	inbox_take(inbox);
	kept = add(&inbox->got, act);
	inbox_place(inbox);
	return kept;
}

/* Whose a socket is is known by who sends from it. */
static bool feed_send(struct ct_acts *all, const struct ct_event *e, struct process *sender)
{
	struct inbox *own = e->obj ? socket_make(all, e->obj) : NULL;
	struct inbox *to = e->arg ? socket_make(all, e->arg) : NULL;

	if (own)
		socket_is_of(own, sender);
	return (own || !e->obj) && (to ? inbox_got(to, e) : !e->arg);
}

static bool feed_exit(struct ct_acts *all, const struct ct_event *e, uint32_t parent)
{
	struct process *p = parent ? process_make(all, parent) : NULL;

	return p ? inbox_got(&p->exits, e) : !parent;
}

bool ct_acts_feed(struct ct_acts *all, const struct ct_event *e, uint32_t parent)
{
	const struct act act = { .ts_ns = e->ts_ns, .tid = e->tid, .tgid = e->tgid };
	struct process *p;

	if (all->all.count >= ACTS_MAX)
		return false;
	p = process_make(all, e->tgid);
	if (!p || !add(&all->all, act) || !add(&p->did, act) || !feed_syncer(all, e))
		return false;
	if (e->kind == CT_KIND_SEND)
		return feed_send(all, e, p);
	return e->kind != CT_KIND_EXIT || feed_exit(all, e, parent);
}

static void forget_inbox(struct inbox *inbox, uint64_t before_ns)
{
	/* Where it is among the others stays as it is, unless nothing is left. */
	if (last_ns(&inbox->got) < before_ns)
		inbox_take(inbox);
	forget(&inbox->got, before_ns);
}

static void forget_syncer(struct ct_acts *all, struct syncer *s, uint64_t before_ns)
{
	size_t gone = from(&s->did, before_ns);

	for (size_t i = 0; i < gone; i++)
		free(s->did.items[i].file);
	forget(&s->did, before_ns);
	if (!s->did.count)
		syncer_free(all, s);
}

void ct_acts_forget(struct ct_acts *all, uint64_t before_ns)
{
	struct inbox *inbox, *next_inbox;
	struct process *p, *next_process;
	struct syncer *s, *next_syncer;

	forget(&all->all, before_ns);
	HASH_ITER(hh, all->sockets, inbox, next_inbox)
	{
		forget_inbox(inbox, before_ns);
		if (!inbox->got.count && (!inbox->owner || HASH_COUNT(all->sockets) > IDLE_MAX))
			socket_free(all, inbox);
	}
	HASH_ITER(hh, all->processes, p, next_process)
	{
		forget(&p->did, before_ns);
		forget_inbox(&p->exits, before_ns);
		if (!p->did.count && !p->exits.got.count && !p->sockets)
			process_free(all, p);
	}
	HASH_ITER(hh, all->syncers, s, next_syncer)
	forget_syncer(all, s, before_ns);
}

uint32_t ct_acts_doer(const struct ct_acts *all, uint64_t ns, uint32_t prefer)
{
	const struct timeline *t = &all->all;
	uint32_t found = 0;

	for (size_t i = from(t, ns); i < t->count && t->items[i].ts_ns == ns; i++) {
		if (!found || t->items[i].tgid == prefer)
			found = t->items[i].tid;
		if (t->items[i].tgid == prefer)
			break;
	}
	return found;
}

/* The last until then; NULL: none. */
static const struct act *until(const struct timeline *t, uint64_t ns)
{
	size_t after = from(t, ns + 1);

	return after ? &t->items[after - 1] : NULL;
}

uint32_t ct_acts_last(const struct ct_acts *all, uint32_t tgid, uint64_t ns)
{
	const struct process *p = process_find(all, tgid);
	const struct act *act = p ? until(&p->did, ns) : NULL;

	return act ? act->tid : 0;
}

/* What it said before the socket was its own is passed over. */
static const struct act *got_from_others(const struct inbox *inbox, uint64_t ns)
{
	const struct act *act = until(&inbox->got, ns);

	while (act && act->tgid == inbox->owner->tgid)
		act = act > inbox->got.items ? act - 1 : NULL;
	return act;
}

uint32_t ct_acts_reached(const struct ct_acts *all, uint32_t tgid, uint64_t from_ns, uint64_t to_ns,
			 uint64_t *ret_ns)
{
	const struct process *p = process_find(all, tgid);
	uint64_t best_ns = from_ns;
	uint32_t found = 0;

	for (const struct inbox *inbox = p ? p->inboxes : NULL; inbox; inbox = inbox->next) {
		const struct act *act;

		if (last_ns(&inbox->got) <= best_ns) /* so are all that follow */
			break;
		act = got_from_others(inbox, to_ns);
		if (!act || act->ts_ns <= best_ns)
			continue;
		best_ns = *ret_ns = act->ts_ns;
		found = act->tid;
	}
	return found;
}

const char *ct_acts_file(const struct ct_acts *all, uint32_t tid, uint64_t from_ns, uint64_t to_ns)
{
	const struct act *act;
	struct syncer *s;

	HASH_FIND(hh, all->syncers, &tid, sizeof(tid), s);
	act = s && to_ns ? until(&s->did, to_ns - 1) : NULL;
	return act && act->ts_ns >= from_ns && act->file ? act->file : "";
}
