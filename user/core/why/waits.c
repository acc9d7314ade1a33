// SPDX-License-Identifier: GPL-2.0-only
#include "core/why/waits.h"

#include "core/base/hash.h"
#include "core/why/acts.h"
#include "core/why/wait_names.h"

#include <stdlib.h>
#include <utlist.h>

#include "util/mem.h"
#include "util/sorted.h"

#define WAITS_MAX  4000000 /* 56 bytes each */
#define STACKS_MAX 65536

struct thread {
	uint32_t tid;
	uint64_t number; /* in the order in which they were first heard of */
	struct ct_wait *waits; /* owned, by end */
	size_t count, room;
	struct process *process; /* borrowed */
	struct thread *prev, *next; /* of its process */
	UT_hash_handle hh;
};

struct process {
	uint32_t tgid;
	struct thread *threads; /* borrowed, by number */
	UT_hash_handle hh;
};

struct stack {
	uint64_t id;
	struct ct_wait_cause cause;
	char *text; /* owned */
	UT_hash_handle hh;
};

struct ct_waits {
	struct thread *threads;
	struct process *processes; /* that have threads */
	struct stack *stacks;
	struct ct_programs *programs; /* owned */
	struct ct_acts *acts; /* owned */
	struct ct_wait_cause
		known[CT_KNOWN_WAITS]; /* that need no stack; others have no function */
	struct ct_wait_names strangers, cgroups;
	size_t count; /* waits */
	uint64_t number; /* of the next thread */
	uint64_t lost;
	bool any;
};

static void know_causes(struct ct_waits *w)
{
	static const char *const functions[CT_KNOWN_WAITS] = {
#define X(number, symbol, function) [number] = function,
		CT_WAITS(X)
#undef X
	};

	for (size_t i = 0; i < CT_KNOWN_WAITS; i++)
		if (functions[i])
			w->known[i] = ct_cause_of(ct_text(functions[i], strlen(functions[i])));
}

struct ct_waits *ct_waits_new(void)
{
	struct ct_waits *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	know_causes(w);
	w->programs = ct_programs_new();
	w->acts = ct_acts_new();
	if (w->programs && w->acts)
		return w;
	ct_waits_free(w);
	return NULL;
}

static struct process *process_find(const struct ct_waits *w, uint32_t tgid)
{
	struct process *p;

	HASH_FIND(hh, w->processes, &tgid, sizeof(tgid), p);
	return p;
}

static void thread_leaves(struct ct_waits *w, struct thread *t)
{
	struct process *p = take_ptr(t->process);

	if (!p)
		return;
	DL_DELETE(p->threads, t);
	if (p->threads)
		return;
	HASH_DEL(w->processes, p);
	free(p);
}

/* Few come from another process: nearly all are the last. */
static void process_gets(struct process *p, struct thread *t)
{
	struct thread *after = p->threads;

	if (after && after->prev->number < t->number)
		after = NULL;
	while (after && after->number < t->number)
		after = after->next;
	if (after)
		DL_PREPEND_ELEM(p->threads, after, t);
	else
		DL_APPEND(p->threads, t);
}

/* Its tid may have been that of another process' thread. False: there is no memory. */
static bool thread_joins(struct ct_waits *w, struct thread *t, uint32_t tgid)
{
	struct process *p = process_find(w, tgid);

	if (p && p == t->process)
		return true;
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return false;
		p->tgid = tgid;
		HASH_ADD(hh, w->processes, tgid, sizeof(p->tgid), p);
	}
	thread_leaves(w, t);
	t->process = p;
	process_gets(p, t);
	return true;
}

static void thread_free(struct ct_waits *w, struct thread *t)
{
	thread_leaves(w, t);
	HASH_DEL(w->threads, t);
	free(t->waits);
	free(t);
}

void ct_waits_free(struct ct_waits *w)
{
	struct thread *t, *next_thread;
	struct stack *s, *next_stack;

	if (!w)
		return;
	HASH_ITER(hh, w->threads, t, next_thread)
	thread_free(w, t);
	HASH_ITER(hh, w->stacks, s, next_stack)
	{
		HASH_DEL(w->stacks, s);
		free(s->text);
		free(s);
	}
	ct_programs_free(w->programs);
	ct_acts_free(w->acts);
	free(w);
}

static struct thread *thread_find(const struct ct_waits *w, uint32_t tid)
{
	struct thread *t;

	HASH_FIND(hh, w->threads, &tid, sizeof(tid), t);
	return t;
}

static struct thread *thread_make(struct ct_waits *w, uint32_t tid)
{
	struct thread *t = thread_find(w, tid);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->tid = tid;
	t->number = w->number++;
	HASH_ADD(hh, w->threads, tid, sizeof(t->tid), t);
	return t;
}

/* Grows an array to hold one more; false without memory. */
static bool room_for(void **items, size_t size, size_t count, size_t *room)
{
	size_t more = *room ? 2 * *room : 16;
	void *bigger;

	if (count < *room)
		return true;
	bigger = realloc(*items, more * size);
	if (!bigger)
		return false;
	*items = bigger;
	*room = more;
	return true;
}

static uint16_t stranger_of(struct ct_waits *w, const char name[CT_COMM_LEN])
{
	return ct_wait_name(&w->strangers, ct_text(name, strnlen(name, CT_COMM_LEN - 1)));
}

/* Keeps a wait behind all others of its thread. */
static void wait_add(struct ct_waits *w, const struct ct_event *e, struct ct_wait wait)
{
	struct thread *t = w->count < WAITS_MAX ? thread_make(w, e->tid) : NULL;

	if (!t || !room_for((void **)&t->waits, sizeof(*t->waits), t->count, &t->room) ||
	    !thread_joins(w, t, e->tgid)) {
		w->lost++;
		return;
	}
	/* Its pid was another thread's before, or an event came late: waits do not overlap. */
	if (t->count && wait.begin_ns < t->waits[t->count - 1].end_ns)
		wait.begin_ns = t->waits[t->count - 1].end_ns;
	if (wait.begin_ns > wait.end_ns)
		return;
	if (wait.runnable_ns < wait.begin_ns)
		wait.runnable_ns = wait.begin_ns;
	if (wait.throttled_ns > wait.end_ns - wait.runnable_ns)
		wait.throttled_ns = wait.end_ns - wait.runnable_ns;
	t->waits[t->count++] = wait;
	w->count++;
}

/* So long before, or 0. */
static uint64_t earlier(uint64_t ns, uint64_t by_ns)
{
	return by_ns < ns ? ns - by_ns : 0;
}

static void feed_wait(struct ct_waits *w, const struct ct_event *e)
{
	struct ct_wait_tail tail = { 0 };
	struct ct_wait wait = {
		.stack = e->obj,
		.waker = e->ret > 0 ? (uint32_t)e->ret : 0,
		.flags = (uint8_t)e->sub,
	};

	w->any = true;
	/* Older recordings have the name only. */
	memcpy(&tail, e->tail, e->tail_len < sizeof(tail) ? e->tail_len : sizeof(tail));
	wait.stranger = stranger_of(w, tail.comm);
	wait.end_ns = earlier(e->ts_ns, tail.ran_ns);
	wait.begin_ns = earlier(wait.end_ns, e->dur_ns);
	wait.runnable_ns =
		e->arg < wait.end_ns - wait.begin_ns ? wait.end_ns - e->arg : wait.begin_ns;
	wait.cgroup = ct_wait_cgroup(&w->cgroups, tail.cgroup);
	wait.reclaim_ns = tail.reclaim_ns;
	wait.throttled_ns = tail.throttled_ns;
	wait_add(w, e, wait);
}

/*
 * Short waits of a busy thread, put together. Which came when is not told: those for the same are taken
 * for one, and those for something else for one behind it. What is left of their time the thread ran.
 */
static void feed_waits(struct ct_waits *w, const struct ct_event *e)
{
	struct ct_waits_tail tail = { 0 };
	const struct thread *t = thread_find(w, e->tid);
	struct ct_wait wait = { .stack = e->obj, .flags = (uint8_t)e->sub };
	uint64_t end_ns;

	w->any = true;
	memcpy(&tail, e->tail, e->tail_len < sizeof(tail) ? e->tail_len : sizeof(tail));
	end_ns = earlier(e->ts_ns, tail.ago_ns);
	wait.begin_ns = earlier(end_ns, e->dur_ns);
	if (t && t->count && t->waits[t->count - 1].end_ns > wait.begin_ns)
		wait.begin_ns = t->waits[t->count - 1].end_ns;
	if (wait.begin_ns >= end_ns)
		return;
	wait.end_ns = e->arg < end_ns - wait.begin_ns ? wait.begin_ns + e->arg : end_ns;
	wait.runnable_ns = earlier(wait.end_ns, tail.queue_ns);
	wait_add(w, e, wait);
}

static void feed_stack(struct ct_waits *w, const struct ct_event *e)
{
	struct stack *s;

	HASH_FIND(hh, w->stacks, &e->obj, sizeof(e->obj), s);
	if (s || HASH_COUNT(w->stacks) >= STACKS_MAX)
		return;
	s = calloc(1, sizeof(*s));
	if (s)
		s->text = malloc(e->tail_len + 1u);
	if (!s || !s->text) {
		free(s);
		w->lost++;
		return;
	}
	memcpy(s->text, e->tail, e->tail_len);
	s->id = e->obj;
	s->cause = ct_cause_of(ct_text(s->text, e->tail_len));
	HASH_ADD(hh, w->stacks, id, sizeof(s->id), s);
}

void ct_waits_feed(struct ct_waits *w, const struct ct_event *e)
{
	switch (e->kind) {
	case CT_KIND_WAIT:
		feed_wait(w, e);
		break;
	case CT_KIND_WAITS:
		feed_waits(w, e);
		break;
	case CT_KIND_STACK:
		feed_stack(w, e);
		break;
	default:
		if (!ct_programs_feed(w->programs, e))
			w->lost++;
		if (e->tid && e->kind < CT_KIND_CLOCK &&
		    !ct_acts_feed(w->acts, e, ct_programs_parent(w->programs, e->tgid, e->ts_ns)))
			w->lost++;
		break;
	}
}

bool ct_waits_any(const struct ct_waits *w)
{
	return w->any;
}

uint64_t ct_waits_lost(struct ct_waits *w)
{
	uint64_t lost = w->lost;

	w->lost = 0;
	return lost;
}

static void thread_forget(struct ct_waits *w, struct thread *t, uint64_t before_ns)
{
	size_t gone = 0;

	while (gone < t->count && t->waits[gone].end_ns < before_ns)
		gone++;
	if (gone && gone < t->count) /* the last one says that it ran ever since */
		gone--;
	if (gone)
		memmove(t->waits, t->waits + gone, (t->count - gone) * sizeof(*t->waits));
	t->count -= gone;
	w->count -= gone;
	if (!t->count)
		thread_free(w, t);
}

void ct_waits_forget(struct ct_waits *w, uint64_t before_ns)
{
	struct thread *t, *next;

	HASH_ITER(hh, w->threads, t, next)
	thread_forget(w, t, before_ns);
	ct_programs_forget(w->programs, before_ns);
	ct_acts_forget(w->acts, before_ns);
}

const struct ct_wait *ct_waits_before(const struct ct_waits *w, uint32_t tid, uint64_t ns,
				      bool *ret_gap)
{
	const struct thread *t = thread_find(w, tid);
	size_t low = t ? CT_SORTED_FIRST(t->waits, 0, t->count, begin_ns, ns) : 0;

	*ret_gap = t && low < t->count && (t->waits[low].flags & CT_W_GAP);
	return low ? &t->waits[low - 1] : NULL;
}

const struct ct_wait *ct_waits_first(const struct ct_waits *w, uint32_t tid)
{
	const struct thread *t = thread_find(w, tid);

	return t && t->count ? t->waits : NULL;
}

bool ct_waits_knows(const struct ct_waits *w, uint32_t tid)
{
	return thread_find(w, tid);
}

struct ct_wait_cause ct_waits_cause(const struct ct_waits *w, const struct ct_wait *wait)
{
	struct ct_wait_cause cause = { .reason = CT_REASON_OTHER, .handed = true };
	const struct stack *s;

	if (wait->stack < CT_KNOWN_WAITS && w->known[wait->stack].function.len)
		return w->known[wait->stack];
	HASH_FIND(hh, w->stacks, &wait->stack, sizeof(wait->stack), s);
	return s ? s->cause : cause;
}

const char *ct_waits_stranger(const struct ct_waits *w, const struct ct_wait *wait)
{
	return w->strangers.names[wait->stranger];
}

const char *ct_waits_cgroup(const struct ct_waits *w, const struct ct_wait *wait)
{
	return w->cgroups.names[wait->cgroup];
}

const struct ct_wait *ct_waits_next(const struct ct_waits *w, uint32_t tid,
				    const struct ct_wait *wait)
{
	const struct thread *t = thread_find(w, tid);

	return t && wait + 1 < t->waits + t->count ? wait + 1 : NULL;
}

bool ct_waits_stopped_next(const struct ct_waits *w, uint32_t tid, const struct ct_wait *wait)
{
	/* No instruction of its own is between them: as much as an interrupt may take. */
	const uint64_t most_ns = 1000000;
	const struct ct_wait *next = ct_waits_next(w, tid, wait);

	while (next && next->begin_ns <= wait->end_ns + most_ns && (next->flags & CT_W_PREEMPTED)) {
		wait = next;
		next = ct_waits_next(w, tid, wait);
	}
	return next && next->begin_ns <= wait->end_ns + most_ns && ct_waits_cause(w, next).stopped;
}

uint32_t ct_waits_tgid(const struct ct_waits *w, uint32_t tid)
{
	const struct thread *t = thread_find(w, tid);

	return t && t->process ? t->process->tgid : 0;
}

const struct ct_programs *ct_waits_programs(const struct ct_waits *w)
{
	return w->programs;
}

uint32_t ct_waits_doer(const struct ct_waits *w, uint64_t ns, uint32_t prefer)
{
	return ct_acts_doer(w->acts, ns, prefer);
}

uint32_t ct_waits_last(const struct ct_waits *w, uint32_t tgid, uint64_t ns)
{
	return ct_acts_last(w->acts, tgid, ns);
}

uint32_t ct_waits_busy(const struct ct_waits *w, uint32_t tgid, uint32_t tid, uint64_t ns,
		       uint64_t since_ns)
{
	const struct ct_wait *best = NULL, *last = NULL;
	const struct process *p = process_find(w, tgid);
	uint32_t found = 0, may = 0;

	for (const struct thread *t = p ? p->threads : NULL; t; t = t->next) {
		const struct ct_wait *wait;
		bool gap;

		if (t->tid == tid)
			continue;
		wait = ct_waits_before(w, t->tid, ns, &gap);
		if (!wait || gap)
			continue;
		if (wait->end_ns <= ns && wait + 1 < t->waits + t->count)
			return t->tid;
		/* One that has not waited since still runs, or waits to this day, or has ended. */
		if (wait->end_ns <= ns && wait->end_ns >= since_ns &&
		    (!last || wait->end_ns > last->end_ns)) {
			last = wait;
			may = t->tid;
		}
		if (wait->end_ns > ns && (!best || wait->begin_ns > best->begin_ns) &&
		    !(wait->flags & CT_W_NEW) && !ct_waits_cause(w, wait).handed) {
			best = wait;
			found = t->tid;
		}
	}
	return found ? found : may;
}

uint32_t ct_waits_reached(const struct ct_waits *w, uint32_t tgid, uint64_t from_ns, uint64_t to_ns,
			  uint64_t *ret_ns)
{
	return ct_acts_reached(w->acts, tgid, from_ns, to_ns, ret_ns);
}

const char *ct_waits_file(const struct ct_waits *w, uint32_t tid, uint64_t begin_ns,
			  uint64_t end_ns)
{
	/* The file system says that it begins, and then waits. */
	const uint64_t look_ns = 2000000000;

	return ct_acts_file(w->acts, tid, earlier(begin_ns, look_ns), end_ns);
}
