/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When each tracked thread did not run and who let it run again: the memory that the critical path
 * is looked up in. It owns copies of what it needs of the events, and forgets what is older than
 * anybody will ask for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"
#include "core/why/programs.h"
#include "core/why/reasons.h"

struct ct_waits;

/* A time off its CPU. It ran, or did not exist, around it. */
struct ct_wait {
	uint64_t begin_ns;
	uint64_t end_ns;
	uint64_t runnable_ns; /* from here on it waited for a CPU */
	uint64_t throttled_ns; /* so long of that, first, a quota forbade it one */
	uint64_t reclaim_ns; /* before the wait it ran, and reclaimed memory so long */
	uint64_t stack; /* as WAIT's obj */
	uint32_t waker; /* tid, 0: not known */
	uint16_t stranger; /* who woke it and is not tracked: number of its name, 0: none */
	uint16_t cgroup; /* whose quota it was: number of its name, 0: none */
	uint8_t flags; /* enum ct_wait_flag */
};

/* NULL when out of memory. */
struct ct_waits *ct_waits_new(void);
void ct_waits_free(struct ct_waits *w); /* NULL is fine */

/* Every event, by time. Those that are of no use here are ignored. */
void ct_waits_feed(struct ct_waits *w, const struct ct_event *e);

/* Whether there has been any wait: whether they were traced. */
bool ct_waits_any(const struct ct_waits *w);

/* Waits that were not kept for want of memory, since the last call. */
uint64_t ct_waits_lost(struct ct_waits *w);

/* Forgets what ended before. */
void ct_waits_forget(struct ct_waits *w, uint64_t before_ns);

/*
 * The last wait of the thread that began before ns; NULL: none is known. Valid until fed.
 * *ret_gap: waits between it and ns were left out.
 */
const struct ct_wait *ct_waits_before(const struct ct_waits *w, uint32_t tid, uint64_t ns,
				      bool *ret_gap);

/* The earliest that is kept of the thread, NULL if there is none. Valid until fed. */
const struct ct_wait *ct_waits_first(const struct ct_waits *w, uint32_t tid);

/* Whether anything is known about the thread. */
bool ct_waits_knows(const struct ct_waits *w, uint32_t tid);

/* What the wait was for. Borrows from w. */
struct ct_wait_cause ct_waits_cause(const struct ct_waits *w, const struct ct_wait *wait);
const char *ct_waits_stranger(const struct ct_waits *w, const struct ct_wait *wait); /* or "" */

/* Whose quota it was, long numbers in it cut as those of containers are; or "". */
const char *ct_waits_cgroup(const struct ct_waits *w, const struct ct_wait *wait);

/* The wait behind this one of that thread, NULL if none is known. */
const struct ct_wait *ct_waits_next(const struct ct_waits *w, uint32_t tid,
				    const struct ct_wait *wait);

/*
 * Whether a signal stopped the thread right when the wait ended: then that is what ended it, and who
 * woke it is who sent the signal. wait: of tid, as ct_waits_before() returned it.
 */
bool ct_waits_stopped_next(const struct ct_waits *w, uint32_t tid, const struct ct_wait *wait);

/* The process of a thread, 0 if it is not known. */
uint32_t ct_waits_tgid(const struct ct_waits *w, uint32_t tid);

/* Which processes there were. Borrowed. */
const struct ct_programs *ct_waits_programs(const struct ct_waits *w);

/*
 * Which thread did what happened at that very time; prefer says of which process, should there be
 * several. 0: nothing of the kind is known.
 */
uint32_t ct_waits_doer(const struct ct_waits *w, uint64_t ns, uint32_t prefer);

/* The last thread of the process that did anything until then, 0 if there is none. */
uint32_t ct_waits_last(const struct ct_waits *w, uint32_t tgid, uint64_t ns);

/*
 * A thread of the process that had something to do at that time, 0 if there is none: one that ran,
 * else one that waited for the kernel and not for work, else one that began to run after since_ns
 * and of which no wait is known yet. Not tid itself.
 */
uint32_t ct_waits_busy(const struct ct_waits *w, uint32_t tgid, uint32_t tid, uint64_t ns,
		       uint64_t since_ns);

/*
 * What reached the process in (from_ns, to_ns], last: something that another one sent to a socket
 * of it, or a child's exit. A thread that is awake already is not woken for it. 0: nothing; else
 * the thread that did it, and when.
 */
uint32_t ct_waits_reached(const struct ct_waits *w, uint32_t tgid, uint64_t from_ns, uint64_t to_ns,
			  uint64_t *ret_ns);

/* Name of the file that the thread was syncing at that time; "" if none. */
const char *ct_waits_file(const struct ct_waits *w, uint32_t tid, uint64_t begin_ns,
			  uint64_t end_ns);
