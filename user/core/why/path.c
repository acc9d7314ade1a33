// SPDX-License-Identifier: GPL-2.0-only
#include "core/why/path.h"

#include <stdlib.h>

#define HELD_MAX  64
#define SIGNAL_OF "signal of "
#define RECLAIM   "reclaim"
#define HOPS_MAX  4096 /* without time passing: evidence that contradicts itself */

/* A thread that waits for the one that is walked through: since ns. */
struct held {
	uint64_t ns;
	uint32_t tid, tgid;
};

struct walk {
	const struct ct_waits *w;
	ct_stretch_fn fn;
	void *ctx;
	uint64_t begin_ns;
	uint64_t ns; /* how far it has come */
	uint64_t came_ns; /* when it came to this thread */
	uint32_t tid, tgid;
	uint32_t only;
	bool woke; /* the thread has been come to because it woke another one */
	struct held held[HELD_MAX];
	size_t depth;
	struct held
		asked[HELD_MAX]; /* of other processes, also when it led back to who asked first */
	size_t asked_count;
};

/* Charges the time down to ns. */
static void charge(struct walk *k, uint64_t ns, enum ct_reason reason, const char *what,
		   size_t what_len)
{
	struct ct_stretch s = {
		.begin_ns = ns > k->begin_ns ? ns : k->begin_ns,
		.end_ns = k->ns,
		.reason = reason,
		.tid = k->tid,
		.tgid = k->tgid,
	};

	if (s.begin_ns >= s.end_ns)
		return;
	ct_text_copy(s.what, sizeof(s.what), ct_text(what, what_len));
	k->fn(k->ctx, &s);
	k->ns = s.begin_ns;
}

static void go_to(struct walk *k, uint32_t tid)
{
	k->tid = tid;
	k->tgid = ct_waits_tgid(k->w, tid);
	k->came_ns = k->ns;
}

/* Goes on with the thread that was woken last, of those that waited for this one. */
static void resume(struct walk *k)
{
	const struct held *h = &k->held[--k->depth];

	k->tid = h->tid;
	k->tgid = h->tgid;
	k->came_ns = k->ns;
	k->woke = false;
}

/* Who waits for another process is remembered: should that be stopped, nothing says who woke it. */
static void remember_asked(struct walk *k, const struct held *who)
{
	if (k->asked_count == HELD_MAX) {
		memmove(k->asked, k->asked + 1, (HELD_MAX - 1) * sizeof(k->asked[0]));
		k->asked_count--;
	}
	k->asked[k->asked_count++] = *who;
}

/* Who began to wait last of those in other processes, after from_ns and before now; NULL: nobody. */
static const struct held *last_asked(const struct walk *k, uint64_t from_ns)
{
	const struct held *last = NULL;

	for (size_t i = 0; i < k->asked_count; i++) {
		const struct held *h = &k->asked[i];

		if (h->tgid != k->tgid && h->ns > from_ns && h->ns < k->ns &&
		    (!last || h->ns > last->ns))
			last = h;
	}
	return last;
}

/*
 * Follows a wake-up to its waker. When that leads back into a process that waits already, what lay
 * between was done for it, and is over.
 */
static void follow(struct walk *k, uint32_t waker, uint64_t since_ns)
{
	const struct held here = { since_ns, k->tid, k->tgid };
	uint32_t from = k->tgid;

	go_to(k, waker);
	k->woke = true;
	if (k->tgid != from) {
		remember_asked(k, &here);
		for (size_t i = 0; i < k->depth; i++) {
			if (k->held[i].tgid == k->tgid) {
				k->depth = i;
				return;
			}
		}
	}
	if (k->depth == HELD_MAX) {
		memmove(k->held, k->held + 1, (HELD_MAX - 1) * sizeof(k->held[0]));
		k->depth--;
	}
	k->held[k->depth++] = here;
}

/* In these a thread has nothing to do: before somebody waited for it, it held up nobody. */
static bool is_idle(const struct ct_wait_cause *cause)
{
	return cause->stopped || cause->handed || cause->reason == CT_REASON_SLEEP;
}

/* A stopped process does nothing: the time is that of who waits for it. */
static void charge_stopped(struct walk *k, uint64_t ns, uint32_t waiter)
{
	const char *program = ct_programs_name(ct_waits_programs(k->w), k->tgid, k->ns);
	uint32_t tid = k->tid, tgid = k->tgid;

	for (size_t i = k->depth; !waiter && i-- > 0;)
		if (k->held[i].tgid != k->tgid)
			waiter = k->held[i].tid;
	if (!waiter && last_asked(k, 0))
		waiter = last_asked(k, 0)->tid;
	if (waiter) {
		k->tid = waiter;
		k->tgid = ct_waits_tgid(k->w, waiter);
		charge(k, ns, CT_REASON_PEER, program, strlen(program));
		k->tid = tid;
		k->tgid = tgid;
	} else {
		charge(k, ns, CT_REASON_OTHER, "stopped", 7);
	}
}

/* signalled: who woke it sent a signal: it is named, and had nothing to do with what was waited for. */
static void charge_cause(struct walk *k, uint64_t ns, const struct ct_wait *wait,
			 const struct ct_wait_cause *cause, bool signalled)
{
	const char *stranger = signalled ? "" : ct_waits_stranger(k->w, wait);
	const char *what = cause->what ? cause->what : "";
	size_t len = strlen(what);
	enum ct_reason reason = cause->reason;
	char sender[sizeof(SIGNAL_OF) + CT_COMM_LEN] = SIGNAL_OF;

	if (cause->stopped) {
		charge_stopped(k, ns, 0);
		return;
	}
	if (reason == CT_REASON_SYNC && !len) {
		what = ct_waits_file(k->w, k->tid, ns, wait->end_ns);
		len = strlen(what);
	} else if (signalled && *ct_waits_stranger(k->w, wait)) {
		const char *name = ct_waits_stranger(k->w, wait);

		ct_text_copy(sender + strlen(SIGNAL_OF), CT_COMM_LEN, ct_text(name, strlen(name)));
		what = sender;
		len = strlen(what);
	} else if (cause->handed && *stranger && reason != CT_REASON_CHILD) {
		reason = CT_REASON_PEER;
		what = stranger;
		len = strlen(what);
	} else if (cause->handed && (wait->flags & CT_W_IRQ) &&
		   (reason == CT_REASON_PEER || reason == CT_REASON_LOCK)) {
		reason = CT_REASON_SLEEP;
		what = "timer";
		len = strlen(what);
	}
	if (!len && (reason == CT_REASON_OTHER || reason == CT_REASON_LOCK)) {
		what = cause->function.p;
		len = cause->function.len;
	}
	charge(k, ns, reason, what, len);
}

/*
 * Go's runtime has a thread that does nothing but look, after ever longer sleeps, whether another
 * one is stuck in a system call, and then lets a third one work on (runtime.sysmon). What the third
 * one waited for is not that sleep but who was stuck, since two sleeps ago at most.
 */
static bool leave_monitor(struct walk *k, const struct ct_wait *wait,
			  const struct ct_wait_cause *cause)
{
	uint32_t busy = 0;

	if (cause->reason == CT_REASON_SLEEP && cause->handed)
		busy = ct_waits_busy(k->w, k->tgid, k->tid, k->ns,
				     k->ns - 2 * (wait->end_ns - wait->begin_ns));
	if (!busy)
		return false;
	go_to(k, busy);
	k->woke = false;
	return true;
}

/*
 * A thread that idles until a timer, or is stopped, may have been sent something before it ran: it
 * was awake for another reason, and nobody had to wake it. The path is that of who sent it, or, if
 * what it sent was not heard (a helper's request), that of who began to wait for it meanwhile.
 */
static bool leave_for_sender(struct walk *k, const struct ct_wait *wait,
			     const struct ct_wait_cause *cause, bool signalled)
{
	const struct held *asked = NULL;
	uint64_t at = 0;
	uint32_t sender;

	if (k->only || !is_idle(cause) ||
	    (!cause->stopped && !signalled && !(wait->flags & CT_W_IRQ)))
		return false;
	sender = ct_waits_reached(k->w, k->tgid, wait->begin_ns, k->came_ns, &at);
	if (!sender && (cause->stopped || signalled))
		asked = last_asked(k, wait->begin_ns);
	if (asked) {
		sender = asked->tid;
		at = asked->ns;
	}
	if (!sender || !ct_waits_knows(k->w, sender))
		return false;
	if (at < k->ns && cause->stopped)
		charge_stopped(k, at, sender);
	else if (at < k->ns)
		charge_cause(k, at, wait, cause, signalled);
	if (k->ns > k->begin_ns)
		follow(k, sender, wait->begin_ns);
	return true;
}

/* The time in which the thread could not run, back from k->ns. */
static void walk_blocked(struct walk *k, const struct ct_wait *wait)
{
	struct ct_wait_cause cause = ct_waits_cause(k->w, wait);
	bool signalled = ct_waits_stopped_next(k->w, k->tid, wait);
	uint64_t from = wait->begin_ns;
	uint32_t waker = signalled || wait->flags & CT_W_IRQ ? 0 : wait->waker;

	if (waker && !wait->stranger && cause.handed && !cause.stopped &&
	    ct_waits_knows(k->w, waker)) {
		uint32_t tgid = ct_waits_tgid(k->w, waker);

		if (!k->only || tgid == k->only) {
			follow(k, waker, from);
		} else {
			const char *program =
				ct_programs_name(ct_waits_programs(k->w), tgid, k->ns);
			bool child =
				cause.reason == CT_REASON_CHILD ||
				ct_programs_descends(ct_waits_programs(k->w), tgid, k->only, k->ns);

			charge(k, from, child ? CT_REASON_CHILD : CT_REASON_PEER, program,
			       strlen(program));
		}
		return;
	}
	if (leave_for_sender(k, wait, &cause, signalled) ||
	    (k->woke && leave_monitor(k, wait, &cause)))
		return;
	if (k->depth && is_idle(&cause)) {
		uint64_t since = k->held[k->depth - 1].ns;

		if (since > from) {
			if (since < k->ns)
				charge_cause(k, since, wait, &cause, signalled);
			resume(k);
			return;
		}
	}
	charge_cause(k, from, wait, &cause, signalled);
}

/*
 * In the middle of reclaiming, or of what the kernel itself counts as a stall for memory: whatever it waited
 * for, a CPU too, it would not have had to with more memory.
 */
static void walk_stalled(struct walk *k, const struct ct_wait *wait)
{
	struct ct_wait_cause cause = ct_waits_cause(k->w, wait);
	const char *what = "";

	if (wait->flags & CT_W_RECLAIM)
		what = RECLAIM;
	else if (cause.reason == CT_REASON_MEMORY && cause.what)
		what = cause.what;
	else if (cause.reason == CT_REASON_FAULT || cause.reason == CT_REASON_DISK)
		what = "refault";
	charge(k, wait->begin_ns, CT_REASON_MEMORY, what, strlen(what));
}

static void walk_wait(struct walk *k, const struct ct_wait *wait)
{
	const char *cgroup = ct_waits_cgroup(k->w, wait);

	if (wait->flags & (CT_W_RECLAIM | CT_W_STALL)) {
		walk_stalled(k, wait);
		return;
	}
	if (k->ns > wait->runnable_ns + wait->throttled_ns)
		charge(k, wait->runnable_ns + wait->throttled_ns, CT_REASON_RUNQUEUE, "", 0);
	if (k->ns > wait->runnable_ns)
		charge(k, wait->runnable_ns, CT_REASON_THROTTLED, cgroup, strlen(cgroup));
	if (k->ns <= k->begin_ns || k->ns <= wait->begin_ns)
		; /* the thread ran before, or did not exist */
	else
		walk_blocked(k, wait);
	if ((wait->flags & CT_W_NEW) && k->ns <= wait->begin_ns &&
	    (!k->only || ct_waits_tgid(k->w, wait->waker) == k->only) &&
	    ct_waits_knows(k->w, wait->waker)) {
		go_to(k, wait->waker);
		k->woke = true;
	}
}

/*
 * Behind the wait it ran. How long of that it reclaimed memory is known, when is not: it counts as the
 * last that it did.
 */
static void walk_running(struct walk *k, const struct ct_wait *wait, bool gap)
{
	const struct ct_wait *next = ct_waits_next(k->w, k->tid, wait);
	uint64_t from =
		next && next->begin_ns > next->reclaim_ns ? next->begin_ns - next->reclaim_ns : 0;

	if (!gap && from > wait->end_ns && from < k->ns)
		charge(k, from, CT_REASON_MEMORY, RECLAIM, strlen(RECLAIM));
	if (!gap && next && from <= wait->end_ns && next->reclaim_ns)
		charge(k, wait->end_ns, CT_REASON_MEMORY, RECLAIM, strlen(RECLAIM));
	charge(k, wait->end_ns, gap ? CT_REASON_UNKNOWN : CT_REASON_CPU, "", 0);
}

/* Before the first wait that is known of the thread: it ran, unless it was not yet born. */
static void walk_early(struct walk *k, bool gap)
{
	const struct ct_wait *first = ct_waits_first(k->w, k->tid);
	uint64_t born_ns = 0;
	uint32_t by = 0;

	if (first && (first->flags & CT_W_NEW) && ct_waits_knows(k->w, first->waker)) {
		go_to(k, first->waker);
		return;
	}
	if (!k->only)
		ct_programs_born(ct_waits_programs(k->w), k->tgid, k->ns, &born_ns, &by);
	if (born_ns < k->begin_ns || !ct_waits_knows(k->w, by))
		born_ns = k->begin_ns;
	charge(k, born_ns, gap ? CT_REASON_UNKNOWN : CT_REASON_CPU, "", 0);
	if (k->ns > k->begin_ns)
		go_to(k, by);
}

/* Nothing is known of the thread at this time. */
static void walk_unknown(struct walk *k)
{
	if (k->depth) {
		charge(k, k->held[k->depth - 1].ns, CT_REASON_UNKNOWN, "", 0);
		resume(k);
	} else {
		charge(k, k->begin_ns, CT_REASON_UNKNOWN, "", 0);
	}
}

void ct_path_walk(const struct ct_waits *w, uint32_t tid, uint64_t begin_ns, uint64_t end_ns,
		  uint32_t only, ct_stretch_fn fn, void *ctx)
{
	struct walk k = {
		.w = w,
		.fn = fn,
		.ctx = ctx,
		.begin_ns = begin_ns,
		.ns = end_ns,
		.only = only,
	};
	unsigned hops = 0;

	go_to(&k, tid);
	while (k.ns > begin_ns) {
		uint64_t before = k.ns;
		bool gap;
		const struct ct_wait *wait = ct_waits_before(w, k.tid, k.ns, &gap);

		if (hops > HOPS_MAX || !ct_waits_knows(w, k.tid)) {
			walk_unknown(&k);
		} else if (!wait) {
			walk_early(&k, gap);
		} else if (wait->end_ns < k.ns) {
			walk_running(&k, wait, gap);
		} else {
			walk_wait(&k, wait);
		}
		hops = k.ns < before ? 0 : hops + 1;
		if (hops > HOPS_MAX && !k.depth)
			charge(&k, begin_ns, CT_REASON_UNKNOWN, "", 0);
	}
}

static void add_reason(void *ctx, const struct ct_stretch *s)
{
	struct ct_why *why = ctx;

	why->ns[s->reason] += s->end_ns - s->begin_ns;
}

void ct_path_step(const struct ct_waits *w, const struct ct_step *step, struct ct_why *ret)
{
	uint32_t tid = ct_waits_doer(w, step->end_ns, step->pid);

	memset(ret, 0, sizeof(*ret));
	if (!tid || ct_waits_tgid(w, tid) != step->pid)
		tid = ct_waits_last(w, step->pid, step->end_ns);
	if (!tid)
		tid = step->pid;
	ct_path_walk(w, tid, step->begin_ns, step->end_ns, step->pid, add_reason, ret);
}

struct builder {
	const struct ct_waits *w;
	const struct ct_step *steps;
	size_t step_count;
	enum ct_phase phase;
	struct ct_piece *pieces; /* from the latest to the earliest */
	size_t count, room;
	bool failed;
};

static bool same(const struct ct_piece *a, const struct ct_piece *b)
{
	return a->phase == b->phase && a->reason == b->reason && a->step == b->step &&
	       a->pid == b->pid && !strcmp(a->what, b->what) && !strcmp(a->actor, b->actor);
}

static void add_piece(struct builder *b, const struct ct_piece *piece)
{
	struct ct_piece *last = b->count ? &b->pieces[b->count - 1] : NULL;

	if (last && last->begin_ns == piece->end_ns && same(last, piece)) {
		last->begin_ns = piece->begin_ns;
		return;
	}
	if (!b->pieces || b->count == b->room) {
		size_t room = b->room ? 2 * b->room : 64;
		struct ct_piece *pieces = realloc(b->pieces, room * sizeof(*pieces));

		if (!pieces) {
			b->failed = true;
			return;
		}
		b->pieces = pieces;
		b->room = room;
	}
	b->pieces[b->count++] = *piece;
}

/* The innermost step of a process that was going on just before ns, and where it changes. */
static const char *step_before(const struct builder *b, uint32_t pid, uint64_t ns,
			       uint64_t *lower_ns)
{
	const struct ct_step *best = NULL;
	uint64_t lower = *lower_ns;

	for (size_t i = 0; i < b->step_count; i++) {
		const struct ct_step *s = &b->steps[i];

		if (s->pid != pid || s->begin_ns >= ns)
			continue;
		if (s->end_ns < ns) {
			if (s->end_ns > lower)
				lower = s->end_ns;
		} else if (!best || s->begin_ns > best->begin_ns ||
			   (s->begin_ns == best->begin_ns && s->end_ns <= best->end_ns)) {
			best = s;
		}
	}
	if (best && best->begin_ns > lower)
		lower = best->begin_ns;
	*lower_ns = lower;
	return best ? best->name : NULL;
}

/* A process without a step of its own works for the step of who started it. */
static const char *step_of(const struct builder *b, uint32_t pid, uint64_t ns, uint64_t *lower_ns)
{
	uint64_t first = *lower_ns;

	for (int up = 0; pid && up < 3; up++) {
		uint64_t lower = first;
		const char *name = step_before(b, pid, ns, &lower);

		if (lower > *lower_ns)
			*lower_ns = lower;
		if (name)
			return name;
		pid = ct_programs_parent(ct_waits_programs(b->w), pid, ns);
	}
	return "";
}

static void add_stretch(void *ctx, const struct ct_stretch *s)
{
	struct builder *b = ctx;
	struct ct_piece piece = {
		.end_ns = s->end_ns,
		.phase = b->phase,
		.reason = s->reason,
		.pid = s->tgid,
		.tid = s->tid,
	};

	const char *program = ct_programs_name(ct_waits_programs(b->w), s->tgid, s->end_ns);

	ct_text_copy(piece.actor, sizeof(piece.actor), ct_text(program, strlen(program)));
	memcpy(piece.what, s->what, sizeof(piece.what));
	while (piece.end_ns > s->begin_ns) {
		piece.begin_ns = s->begin_ns;
		piece.step = step_of(b, s->tgid, piece.end_ns, &piece.begin_ns);
		add_piece(b, &piece);
		piece.end_ns = piece.begin_ns;
	}
}

static void walk_segment(struct builder *b, const struct ct_record *rec,
			 const struct ct_segment *segment)
{
	struct ct_stretch all = {
		.begin_ns = segment->begin_ns,
		.end_ns = segment->end_ns,
		.reason = CT_REASON_UNKNOWN,
	};
	uint32_t tid;

	b->phase = segment->phase;
	if (segment->phase == CT_PHASE_CLIENT) {
		all.reason = CT_REASON_PEER;
		ct_text_copy(all.what, sizeof(all.what), ct_text("client", 6));
		add_stretch(b, &all);
		return;
	}
	tid = ct_waits_doer(b->w, segment->end_ns, rec->who->engine_pid);
	if (!tid && segment->phase != CT_PHASE_UNKNOWN)
		tid = ct_waits_last(b->w, rec->who->engine_pid, segment->end_ns);
	if (tid)
		ct_path_walk(b->w, tid, segment->begin_ns, segment->end_ns, 0, add_stretch, b);
	else
		add_stretch(b, &all);
}

struct ct_piece *ct_path_record(const struct ct_waits *w, const struct ct_record *rec,
				const struct ct_step *steps, size_t step_count, size_t *ret_count)
{
	struct builder b = { .w = w, .steps = steps, .step_count = step_count };

	for (size_t i = rec->segment_count; i-- > 0;)
		if (rec->segments[i].begin_ns < rec->segments[i].end_ns)
			walk_segment(&b, rec, &rec->segments[i]);
	if (b.failed) {
		free(b.pieces);
		return NULL;
	}
	for (size_t i = 0; i < b.count / 2; i++) {
		struct ct_piece piece = b.pieces[i];

		b.pieces[i] = b.pieces[b.count - 1 - i];
		b.pieces[b.count - 1 - i] = piece;
	}
	*ret_count = b.count;
	return b.pieces;
}
