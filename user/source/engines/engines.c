// SPDX-License-Identifier: GPL-2.0-only
#include "source/engines/rescans.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "source/proc/procfs.h"
#include "util/mem.h"

#define NS_PER_MS    1000000ull
#define HANDED_MAX   4096 /* of what scouts bring, in one turn */
#define PATIENCE_NS  (500 * NS_PER_MS) /* for what runs already, in all */
#define SETTLE_MS    20 /* how often those that do not move are looked at, while they are waited for */
#define RESTART_NS   (250 * NS_PER_MS)
#define LOOKUP_NS    (10000 * NS_PER_MS) /* after it nobody waits for the answer any more */
#define WORD_UNREAD  "its files keep whoever reads them waiting"
#define WORD_TOO_BIG "it keeps more than is read of one engine"

/*
 * How long a scout may be away from its parent without moving, and for the answer of a shim that runs already.
 * Files of the host's own engines are on disks, and those may be busy; in others' they may be whatever those made.
 */
static const struct ct_patience hang[CT_ENGINES_SIDES] = {
	[CT_ENGINES_OWN] = { 3000 * NS_PER_MS, 12000 * NS_PER_MS },
	[CT_ENGINES_FOREIGN] = { 1000 * NS_PER_MS, 1000 * NS_PER_MS },
};
static const struct ct_patience text_patience[CT_ENGINES_SIDES] = {
	[CT_ENGINES_OWN] = { 300 * NS_PER_MS, 3000 * NS_PER_MS },
	[CT_ENGINES_FOREIGN] = { 300 * NS_PER_MS, 300 * NS_PER_MS },
};

static enum ct_engines_side side_of(bool foreign)
{
	return foreign ? CT_ENGINES_FOREIGN : CT_ENGINES_OWN;
}

struct ct_engine_kept *ct_engines_kept(struct ct_engines *engines, uint32_t pid)
{
	for (size_t i = 0; i < engines->count; i++) {
		if (engines->list[i].engine.pid == pid)
			return &engines->list[i];
	}
	return NULL;
}

/* Counted, by cause and by whom. */
static void unread(struct ct_engines *engines, enum ct_engines_side side, uint32_t pid,
		   uint64_t more, const char *why)
{
	struct ct_event *e = ct_fact_begin(engines->facts, CT_KIND_LOST, pid);

	e->sub = side == CT_ENGINES_OWN ? CT_LOSS_READ : CT_LOSS_SHARE;
	e->obj = more;
	ct_fact_emit(engines->facts, why, strlen(why));
}

/* What was read is copied. NULL when the table is full, which is counted. */
static struct ct_engine_kept *found(struct ct_engines *engines, const struct ct_engine *engine)
{
	struct ct_engine_kept *slot = ct_engines_kept(engines, engine->pid);

	if (!slot && engines->count < CT_ENGINES_MAX) {
		slot = &engines->list[engines->count++];
		memset(slot, 0, sizeof(*slot));
	}
	if (!slot) {
		engines->dropped++;
		return NULL;
	}
	slot->engine = *engine;
	for (size_t i = 0; i < engine->socket_count; i++)
		engines->fn(engines->ctx, engine, &engine->sockets[i]);
	ct_engine_tail(engine, &engines->facts->tail);
	ct_fact_emit_tail(engines->facts, CT_KIND_ENGINE, engine->pid);
	return slot;
}

static void watch(struct ct_engines *engines, enum ct_engines_side side)
{
	struct epoll_event want = { .events = EPOLLIN };

	if (engines->epoll >= 0 && engines->scouts[side].scout.fd >= 0)
		epoll_ctl(engines->epoll, EPOLL_CTL_ADD, engines->scouts[side].scout.fd, &want);
}

static int start(struct ct_engines *engines, enum ct_engines_side side, uint64_t now)
{
	struct ct_engines_scout *s = &engines->scouts[side];
	int r = 0;

	if (s->scout.fd >= 0 || (s->begun_ns && now - s->begun_ns < RESTART_NS))
		return s->scout.fd >= 0 ? 0 : -EAGAIN;
	s->begun_ns = now;
	r = ct_scout_start(&s->scout, ct_errands_run);
	if (!r)
		watch(engines, side);
	return r;
}

int ct_engines_open(struct ct_engines *engines, struct ct_err *err)
{
	engines->epoll = -1;
	engines->patience_ns = PATIENCE_NS;
	for (int side = 0; side < CT_ENGINES_SIDES; side++)
		engines->scouts[side].scout.fd = -1;
	for (int side = 0; side < CT_ENGINES_SIDES; side++) {
		int r = start(engines, (enum ct_engines_side)side, ct_now_ns());

		if (r)
			return ct_fail(err, r, "start the process that reads what engines keep: %s",
				       strerror(-r));
	}
	return 0;
}

void ct_engines_close(struct ct_engines *engines)
{
	for (int side = 0; side < CT_ENGINES_SIDES; side++)
		ct_scout_stop(&engines->scouts[side].scout);
}

void ct_engines_watch(struct ct_engines *engines, int epoll)
{
	engines->epoll = epoll;
	for (int side = 0; side < CT_ENGINES_SIDES; side++)
		watch(engines, (enum ct_engines_side)side);
}

/* Sends engines->errand; its number, 0 when the scout takes no more for now. */
static uint32_t send_errand(struct ct_engines *engines, enum ct_engines_side side)
{
	struct ct_engines_scout *s = &engines->scouts[side];

	if (!++engines->seq)
		engines->seq++;
	engines->errand.seq = engines->seq;
	engines->errand.foreign = side == CT_ENGINES_FOREIGN;
	if (!ct_scout_send(&s->scout, &engines->errand, ct_errand_len(&engines->errand)))
		return 0;
	s->out++;
	return engines->seq;
}

static void add_engine(struct ct_errand *errand, const struct ct_engine_kept *kept)
{
	bool keeps = errand->kind >= CT_ERRAND_MANIFEST || ct_engine_keeps(&kept->engine);

	if (!kept->silent && keeps && errand->count < CT_ERRAND_ENGINES_MAX)
		errand->engines[errand->count++] = kept->engine;
}

/* The engine that was named first, then all others of its side. */
static bool send_lookup(struct ct_engines *engines, struct ct_lookup_asked *asked)
{
	struct ct_errand *errand = &engines->errand;
	const struct ct_engine_kept *named = ct_engines_kept(engines, asked->engine_pid);

	if (asked->kind >= CT_ERRAND_MANIFEST && asked->kind <= CT_ERRAND_IMAGE && !named &&
	    ct_rescan_hastens(engines, asked->engine_pid))
		return false; /* it stores something, and is not known yet */
	errand->kind = asked->kind;
	errand->pid = asked->engine_pid;
	memcpy(errand->id, asked->id, sizeof(errand->id));
	memcpy(errand->bundle, asked->bundle, sizeof(errand->bundle));
	errand->count = 0;
	if (named)
		add_engine(errand, named);
	for (size_t i = 0; i < engines->count && asked->kind == CT_ERRAND_WHO; i++) {
		const struct ct_engine_kept *kept = &engines->list[i];

		if (kept != named && kept->engine.foreign == asked->foreign)
			add_engine(errand, kept);
	}
	asked->seq = send_errand(engines, side_of(asked->foreign));
	return asked->seq;
}

static bool send_rescan(struct ct_engines *engines, struct ct_rescan *r)
{
	engines->errand.kind = CT_ERRAND_ENGINE;
	engines->errand.pid = r->pid;
	engines->errand.count = 0;
	r->seq = send_errand(engines, side_of(r->foreign));
	r->waiting = !r->seq;
	return r->seq;
}

/* One list at a time of a side: what it answers in between is short. */
static bool send_listing(struct ct_engines *engines, struct ct_engine_kept *kept)
{
	struct ct_engines_scout *s = &engines->scouts[side_of(kept->engine.foreign)];

	if (s->listing_seq)
		return true;
	engines->errand.kind = CT_ERRAND_ALL;
	engines->errand.pid = kept->engine.pid;
	engines->errand.count = 1;
	engines->errand.engines[0] = kept->engine;
	s->listing_seq = send_errand(engines, side_of(kept->engine.foreign));
	if (!s->listing_seq)
		return false;
	s->listing_pid = kept->engine.pid;
	kept->wanted = false;
	return true;
}

void ct_engines_send(struct ct_engines *engines)
{
	bool all = true;

	if (!engines->to_send)
		return;
	for (size_t i = 0; i < CT_LOOKUPS_MAX; i++) {
		if (*engines->lookups[i].id && !engines->lookups[i].seq)
			all &= send_lookup(engines, &engines->lookups[i]);
	}
	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		if (engines->rescans[i].pid && engines->rescans[i].waiting)
			all &= send_rescan(engines, &engines->rescans[i]);
	}
	for (size_t i = 0; i < engines->count; i++) {
		if (engines->list[i].wanted && !engines->list[i].silent)
			all &= send_listing(engines, &engines->list[i]);
	}
	engines->to_send = false;
	engines->refused = !all;
}

static void want_listing(struct ct_engines *engines, struct ct_engine_kept *kept)
{
	kept->wanted = ct_engine_is_daemon(&kept->engine);
	engines->to_send |= kept->wanted;
}

static struct ct_lookup_asked *lookup_of(struct ct_engines *engines, uint32_t seq)
{
	for (size_t i = 0; i < CT_LOOKUPS_MAX; i++) {
		if (*engines->lookups[i].id && engines->lookups[i].seq == seq)
			return &engines->lookups[i];
	}
	return NULL;
}

/* Looked at as it begins it may not listen yet: then it is looked at again, up to the last time. */
static void engine_seen(struct ct_engines *engines, struct ct_finding *f)
{
	struct ct_rescan *r = ct_rescan_of(engines, f->seq);
	struct ct_engine_kept *slot;
	bool runs_already;

	if (!r || r->pid != f->engine.pid)
		return; /* it has ended meanwhile */
	if (!f->engine.socket_count && r->attempt < CT_RESCANS)
		return;
	runs_already = !r->exec_ns;
	r->pid = 0;
	slot = found(engines, &f->engine);
	if (slot && !runs_already)
		want_listing(engines, slot);
}

static void identity_seen(struct ct_engines *engines, struct ct_finding *f)
{
	engines->facts->tail = f->tail;
	ct_fact_emit_tail(engines->facts, CT_KIND_IDENTITY, f->pid);
}

static void text_seen(struct ct_engines_text *text, const struct ct_finding *f)
{
	if (f->seq != text->seq)
		return;
	snprintf(text->buf, text->room, "%.*s", (int)f->tail.len, f->tail.bytes);
}

static void ended(struct ct_engines *engines, enum ct_engines_side side, struct ct_finding *f)
{
	struct ct_engines_scout *s = &engines->scouts[side];
	struct ct_lookup_asked *asked = lookup_of(engines, f->seq);
	struct ct_rescan *r = ct_rescan_of(engines, f->seq);

	if (s->out)
		s->out--;
	if (engines->text.seq == f->seq)
		engines->text.seq = 0;
	if (asked)
		asked->id[0] = '\0';
	if (r && !f->found)
		r->pid = 0;
	else if (r)
		r->seq = 0;
	if (s->listing_seq != f->seq)
		return;
	if (f->beyond)
		unread(engines, side, s->listing_pid, f->beyond, WORD_TOO_BIG);
	s->listing_seq = 0;
	engines->to_send = true;
}

static void take_finding(struct ct_engines *engines, enum ct_engines_side side)
{
	struct ct_finding *f = &engines->finding;

	switch (f->kind) {
	case CT_FINDING_ENGINE:
		engine_seen(engines, f);
		break;
	case CT_FINDING_IDENTITY:
		identity_seen(engines, f);
		break;
	case CT_FINDING_LAYER:
		ct_finding_layer(f, engines->facts);
		break;
	case CT_FINDING_TEXT:
		text_seen(&engines->text, f);
		break;
	case CT_FINDING_END:
		ended(engines, side, f);
		break;
	}
}

/*
 * It does not come back. What it was at is not asked again, nor the engine whose files it was
 * reading; all else that it was sent for is.
 */
static void give_up(struct ct_engines *engines, enum ct_engines_side side)
{
	struct ct_engines_scout *s = &engines->scouts[side];
	uint32_t seq = atomic_load(&s->scout.sign->seq), pid = atomic_load(&s->scout.sign->pid);
	struct ct_engine_kept *kept = ct_engines_kept(engines, pid);
	char where[64], why[128];

	ct_scout_where(&s->scout, where, sizeof(where));
	snprintf(why, sizeof(why), *where ? WORD_UNREAD ", in %s" : WORD_UNREAD, where);
	ct_scout_leave(&s->scout);
	unread(engines, side, pid, 1, why);
	if (engines->text.seq == seq)
		engines->text.seq = 0;
	if (kept)
		kept->silent = true;
	for (size_t i = 0; i < CT_LOOKUPS_MAX; i++) {
		struct ct_lookup_asked *asked = &engines->lookups[i];

		if (side_of(asked->foreign) != side)
			continue;
		if (asked->seq == seq && !kept)
			asked->id[0] = '\0';
		asked->seq = 0;
	}
	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		struct ct_rescan *r = &engines->rescans[i];

		if (side_of(r->foreign) != side || !r->seq)
			continue;
		if (r->seq == seq)
			r->pid = 0;
		r->seq = 0;
		r->waiting = true;
	}
	kept = s->listing_seq && s->listing_seq != seq ? ct_engines_kept(engines, s->listing_pid)
						       : NULL;
	if (kept)
		kept->wanted = true;
	s->listing_seq = 0;
	s->out = 0;
	engines->to_send = true;
}

static void take(struct ct_engines *engines, enum ct_engines_side side, uint64_t now)
{
	struct ct_engines_scout *s = &engines->scouts[side];

	for (int i = 0; i < HANDED_MAX; i++) {
		ssize_t n = ct_scout_take(&s->scout, &engines->finding, sizeof(engines->finding));

		if (!n)
			return;
		if (n < 0) {
			give_up(engines, side);
			return;
		}
		ct_scout_moved(&s->scout, now);
		if ((size_t)n >= ct_finding_len(&engines->finding))
			take_finding(engines, side);
	}
}

/* There is nobody to send for them, and nobody waits for them any more. */
static void drop_old(struct ct_engines *engines, enum ct_engines_side side, uint64_t now)
{
	for (size_t i = 0; i < CT_LOOKUPS_MAX; i++) {
		struct ct_lookup_asked *asked = &engines->lookups[i];

		if (!*asked->id || side_of(asked->foreign) != side ||
		    now - asked->since_ns < LOOKUP_NS)
			continue;
		asked->id[0] = '\0';
		unread(engines, side, asked->engine_pid, 1, WORD_UNREAD);
	}
}

void ct_engines_turn(struct ct_engines *engines, uint64_t now_ns, bool spoke)
{
	ct_rescans_due(engines, now_ns);
	engines->to_send |= engines->refused;
	for (int i = 0; i < CT_ENGINES_SIDES; i++) {
		enum ct_engines_side side = (enum ct_engines_side)i;
		struct ct_engines_scout *s = &engines->scouts[i];

		if (spoke)
			take(engines, side, now_ns);
		if (ct_scout_hangs(&s->scout, s->out, now_ns, &hang[i]))
			give_up(engines, side);
		if (s->scout.fd < 0 && start(engines, side, now_ns))
			drop_old(engines, side, now_ns);
	}
	ct_engines_send(engines);
}

void ct_engines_exited(struct ct_engines *engines, uint32_t pid)
{
	struct ct_engine_kept *kept = ct_engines_kept(engines, pid);

	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		if (engines->rescans[i].pid == pid)
			engines->rescans[i].pid = 0;
	}
	if (kept)
		*kept = engines->list[--engines->count];
}

static bool is_out(const struct ct_engines *engines)
{
	bool out = engines->to_send || engines->refused;

	for (int side = 0; side < CT_ENGINES_SIDES; side++)
		out |= engines->scouts[side].out != 0;
	return out;
}

static void await(struct ct_engines *engines)
{
	struct pollfd fds[CT_ENGINES_SIDES];

	for (int side = 0; side < CT_ENGINES_SIDES; side++)
		fds[side] =
			(struct pollfd){ .fd = engines->scouts[side].scout.fd, .events = POLLIN };
	poll(fds, CT_ENGINES_SIDES, SETTLE_MS);
	ct_engines_turn(engines, ct_now_ns(), true);
}

void ct_engines_settle(struct ct_engines *engines, uint64_t until_ns)
{
	ct_engines_send(engines);
	while (is_out(engines) && ct_now_ns() < until_ns)
		await(engines);
}

static void used_patience(struct ct_engines *engines, uint64_t begun)
{
	uint64_t used = ct_now_ns() - begun;

	engines->patience_ns -= used < engines->patience_ns ? used : engines->patience_ns;
}

/* As long as patience lasts: who hangs a scout delays the beginning by that, and only once. */
static void settle_within_patience(struct ct_engines *engines)
{
	uint64_t begun = ct_now_ns();

	ct_engines_settle(engines, begun + engines->patience_ns);
	used_patience(engines, begun);
}

static bool is_waited_for(const struct ct_scout *s, const struct ct_patience *patience,
			  uint64_t begun)
{
	uint64_t waited = ct_now_ns() - begun;

	return waited < patience->idle_ns || (waited < patience->busy_ns && ct_scout_busy(s));
}

void ct_engines_init_of(struct ct_engines *engines, uint32_t shim, bool foreign, char *buf,
			size_t room)
{
	enum ct_engines_side side = side_of(foreign);
	struct ct_engines_scout *s = &engines->scouts[side];
	uint64_t begun = ct_now_ns();
	bool asks;

	engines->text = (struct ct_engines_text){ .buf = buf, .room = room };
	engines->errand.kind = CT_ERRAND_INIT;
	engines->errand.pid = shim;
	engines->errand.count = 0;
	buf[0] = '\0';
	/* Who has nothing to do, or is busy on the host's own disk, is kept waiting by nobody. */
	asks = engines->patience_ns ||
	       (side == CT_ENGINES_OWN && (!s->out || ct_scout_busy(&s->scout)));
	if (asks)
		engines->text.seq = send_errand(engines, side);
	while (engines->text.seq && is_waited_for(&s->scout, &text_patience[side], begun))
		await(engines);
	if (engines->text.seq) /* it may have come back when it was looked at last */
		ct_engines_turn(engines, ct_now_ns(), true);
	if (engines->text.seq && s->scout.sign) {
		give_up(engines, side);
		s->begun_ns = 0; /* the next one asks at once */
		start(engines, side, begun);
		used_patience(engines, begun);
	} else if (!asks) {
		unread(engines, side, shim, 1, ""); /* who did it is told already */
	}
	engines->text.seq = 0;
}

void ct_engines_add(struct ct_engines *engines, uint32_t pid, bool foreign)
{
	struct ct_rescan *r = ct_rescan_slot(engines, pid);

	*r = (struct ct_rescan){
		.pid = pid, .foreign = foreign, .waiting = true, .attempt = CT_RESCANS
	};
	engines->to_send = true;
	settle_within_patience(engines);
}

void ct_engines_identities(struct ct_engines *engines)
{
	for (size_t i = 0; i < engines->count; i++)
		want_listing(engines, &engines->list[i]);
	settle_within_patience(engines);
}
