/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process of our own that goes where one may not come back from: it opens files that others have
 * chosen, of file systems that others serve, and never keeps whoever sent it from anything else. Not
 * a thread: while one thread waits for a file system that never answers, its process cannot end.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CT_SCOUT_STUCK_MAX 4 /* that did not come back; after them nobody is sent any more */

/* Memory that both see: how far it is. */
struct ct_scout_sign {
	_Atomic uint64_t beats; /* grows as it works */
	_Atomic uint32_t seq; /* what it is working at, as its work says */
	_Atomic uint32_t pid; /* whose files it is reading; 0: nobody's */
};

/* Runs in the new process until its end of the socket is closed, that is, until it returns. */
typedef void (*ct_scout_fn)(int fd, struct ct_scout_sign *sign);

/* Zeroed, with fd -1, it is ready. */
struct ct_scout {
	pid_t pid; /* 0: none */
	int fd; /* our end: datagrams in their order; -1: none */
	struct ct_scout_sign *sign; /* owned */
	uint64_t beats; /* when it was last looked at */
	uint64_t beat_ns;
	pid_t stuck[CT_SCOUT_STUCK_MAX];
	size_t stuck_count;
	bool stopped;
};

/* Sends one out. Negative errno: there is none, and nothing has changed. */
int ct_scout_start(struct ct_scout *s, ct_scout_fn work);

/* False when it takes no more for now. */
bool ct_scout_send(struct ct_scout *s, const void *message, size_t len);

/* Bytes of the next message; 0 when there is none, negative errno when it has ended. */
ssize_t ct_scout_take(struct ct_scout *s, void *message, size_t room);

/* A CPU or a disk that is busy is waited for, too. */
struct ct_patience {
	uint64_t idle_ns; /* for who sleeps: nobody may ever wake it */
	uint64_t busy_ns; /* for who could run, or waits as one waits for a disk */
};

/* Whether it could run, or waits as one waits for a disk (proc_pid_stat(5): R, D). */
bool ct_scout_busy(const struct ct_scout *s);

/* Whether it has work and has not moved for so long. Ask it again and again: it compares. */
bool ct_scout_hangs(struct ct_scout *s, bool has_work, uint64_t now_ns,
		    const struct ct_patience *patience);

/* In which function of the kernel it sleeps; empty: it does not, or nobody may know. */
void ct_scout_where(const struct ct_scout *s, char *buf, size_t room);

void ct_scout_moved(struct ct_scout *s, uint64_t now_ns); /* it has said something */

/* Gives it up, without waiting for its end. */
void ct_scout_leave(struct ct_scout *s);
void ct_scout_stop(struct ct_scout *s); /* and no other will follow */
