// SPDX-License-Identifier: GPL-2.0-only
/* The memory that critical paths are looked up in: what is kept, what is forgotten, what is bounded. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/why/waits.h"
#include "tape.h"
#include "util/mem.h"

enum {
	TGID = 100,
	OTHER = 200,
	FUTEX = CT_WAIT_FUTEX,
	SYNC = 1000 /* id of a stack */
};

/* One wait, in ms from the begin of the tape; seen when it is over. */
static struct ct_event *waits(struct tape *t, uint32_t tgid, uint32_t tid, double from, double to,
			      const char *stranger)
{
	struct ct_wait_tail tail = { .ran_ns = 0 };
	struct ct_event *e;

	snprintf(tail.comm, sizeof(tail.comm), "%s", stranger);
	tape_at(t, to);
	e = tape_add(t, CT_KIND_WAIT, tgid, &tail, sizeof(tail));
	e->tid = tid;
	e->dur_ns = (uint64_t)((to - from) * TAPE_MS);
	e->obj = FUTEX;
	return e;
}

static struct ct_waits *fed(const struct tape *t)
{
	struct ct_waits *w = ct_waits_new();

	cr_assert(w);
	for (size_t at = 0; at < t->len;) { /* tape_event() looks from the begin each time */
		const struct ct_event *e = (const void *)(t->bytes + at);

		ct_waits_feed(w, e);
		at += e->len;
	}
	return w;
}

static const struct ct_wait *before(const struct ct_waits *w, uint32_t tid, double ms)
{
	bool gap;

	return ct_waits_before(w, tid, tape_ns(ms), &gap);
}

/* Columns: ms of waits of one thread, fed one after the other; the times that the last has then. */
static const struct {
	const char *name;
	double from, to, runnable; /* of the second; the first is from 10 to 20 */
	double want_begin, want_runnable, want_end;
} overlaps[] = {
	{ "one after the other", 30, 40, 35, 30, 35, 40 },
	{ "the next begins when the last ends", 20, 40, 35, 20, 35, 40 },
	{ "it begins within the last", 15, 40, 35, 20, 35, 40 },
	{ "and could run within the last", 12, 40, 15, 20, 20, 40 },
	{ "it could run since before it began", 30, 40, 5, 30, 30, 40 },
};

/* Two waits of a thread at once would be counted twice: a phase would have waited longer than it took. */
Test(waits, of_one_thread_do_not_overlap)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(overlaps); i++) {
		struct tape t = { 0 };
		const struct ct_wait *wait;
		struct ct_waits *w;

		waits(&t, TGID, TGID, 10, 20, "");
		waits(&t, TGID, TGID, overlaps[i].from, overlaps[i].to, "")->arg =
			(uint64_t)((overlaps[i].to - overlaps[i].runnable) * TAPE_MS);
		w = fed(&t);
		wait = before(w, TGID, 100);
		cr_assert(wait, "%s", overlaps[i].name);
		cr_expect_eq(wait->begin_ns, tape_ns(overlaps[i].want_begin), "%s",
			     overlaps[i].name);
		cr_expect_eq(wait->runnable_ns, tape_ns(overlaps[i].want_runnable), "%s",
			     overlaps[i].name);
		cr_expect_eq(wait->end_ns, tape_ns(overlaps[i].want_end), "%s", overlaps[i].name);
		ct_waits_free(w);
		tape_free(&t);
	}
}

/* One that was over before the last one was is of a thread that had the number before: it is none. */
Test(waits, one_that_ends_before_the_last_is_not_kept)
{
	struct tape t = { 0 };
	struct ct_waits *w;

	waits(&t, TGID, TGID, 10, 20, "");
	waits(&t, TGID, TGID, 11, 15, "");
	w = fed(&t);
	cr_expect_eq(before(w, TGID, 100)->end_ns, tape_ns(20));
	cr_expect_eq(before(w, TGID, 100), ct_waits_first(w, TGID));
	cr_expect_eq(ct_waits_lost(w), 0, "it is no loss");
	ct_waits_free(w);
	tape_free(&t);
}

/* Times are a recording's: one that is longer than the clock, or seen later than that, begins at 0. */
Test(waits, longer_than_the_clock)
{
	struct ct_wait_tail tail = { .ran_ns = UINT64_MAX };
	struct tape t = { 0 };
	struct ct_waits *w;
	struct ct_event *e;

	e = waits(&t, TGID, TGID, 0, 10, "");
	e->dur_ns = UINT64_MAX;
	e = waits(&t, OTHER, OTHER, 0, 10, "");
	memcpy(e->tail, &tail, sizeof(tail));
	w = fed(&t);
	cr_expect_eq(before(w, TGID, 100)->begin_ns, 0);
	cr_expect_eq(before(w, TGID, 100)->end_ns, tape_ns(10));
	cr_expect_eq(before(w, OTHER, 100)->end_ns, 0);
	ct_waits_free(w);
	tape_free(&t);
}

/* Who is not tracked is told by name: "jbd2/sda1-8" is what a disk sync waits for. */
Test(waits, strangers_are_told_by_their_names)
{
	struct tape t = { 0 };
	struct ct_waits *w;
	char name[CT_COMM_LEN];

	waits(&t, TGID, 1, 1, 2, "");
	waits(&t, TGID, 2, 1, 2, "jbd2/sda1-8");
	waits(&t, TGID, 3, 1, 2, "kworker/0:1");
	waits(&t, TGID, 4, 1, 2, "jbd2/sda1-8");
	for (uint32_t i = 0; i < 2000; i++) { /* many more than are told apart */
		snprintf(name, sizeof(name), "worker%u", i);
		waits(&t, TGID, 5 + i, 1, 2, name);
	}
	w = fed(&t);
	cr_expect_str_eq(ct_waits_stranger(w, before(w, 1, 9)), "");
	cr_expect_str_eq(ct_waits_stranger(w, before(w, 2, 9)), "jbd2/sda1-8");
	cr_expect_str_eq(ct_waits_stranger(w, before(w, 3, 9)), "kworker/0:1");
	cr_expect_str_eq(ct_waits_stranger(w, before(w, 4, 9)), "jbd2/sda1-8");
	cr_expect_str_eq(ct_waits_stranger(w, before(w, 5, 9)), "worker0");
	cr_expect_str_eq(ct_waits_stranger(w, before(w, 5 + 1020, 9)), "worker1020");
	cr_expect_str_eq(ct_waits_stranger(w, before(w, 5 + 1021, 9)), "", "no room is no name");
	ct_waits_free(w);
	tape_free(&t);
}

static void stack(struct tape *t, uint64_t id, const char *functions)
{
	tape_add(t, CT_KIND_STACK, 0, functions, strlen(functions))->obj = id;
}

/* Columns: what a wait says of why, the reason. */
static const struct {
	uint64_t why;
	enum ct_reason reason;
	bool handed;
} causes[] = {
	{ CT_WAIT_FUTEX, CT_REASON_LOCK, true },
	{ CT_WAIT_EPOLL, CT_REASON_PEER, true },
	{ CT_WAIT_SLEEP, CT_REASON_SLEEP, true },
	{ SYNC, CT_REASON_SYNC, false },
	{ SYNC + 1, CT_REASON_OTHER, true }, /* no such stack: who ends it is known all the same */
	{ 0, CT_REASON_OTHER, true },
	{ CT_KNOWN_WAITS - 1, CT_REASON_OTHER, true }, /* a newer coldtrace's */
};

Test(waits, what_they_were_for)
{
	struct tape t = { 0 };
	struct ct_waits *w;

	stack(&t, SYNC, "jbd2_log_wait_commit");
	stack(&t, SYNC, "hrtimer_nanosleep"); /* the first of an id is it */
	w = fed(&t);
	for (size_t i = 0; i < CT_ARRAY_SIZE(causes); i++) {
		const struct ct_wait wait = { .stack = causes[i].why };
		struct ct_wait_cause cause = ct_waits_cause(w, &wait);

		cr_expect_eq(cause.reason, causes[i].reason, "%llu: %s",
			     (unsigned long long)causes[i].why, ct_reason_names[cause.reason]);
		cr_expect_eq(cause.handed, causes[i].handed, "%llu",
			     (unsigned long long)causes[i].why);
	}
	ct_waits_free(w);
	tape_free(&t);
}

/* A recording with ever new stacks: what there is no room for is no reason that is known. */
Test(waits, stacks_are_bounded)
{
	struct tape t = { 0 };
	const struct ct_wait first = { .stack = 100 }, last = { .stack = 100 + 65535 },
			     beyond = { .stack = 100 + 65536 };
	struct ct_waits *w;

	for (uint64_t i = 0; i <= 65536; i++)
		stack(&t, 100 + i, "hrtimer_nanosleep");
	w = fed(&t);
	cr_expect_eq(ct_waits_cause(w, &first).reason, CT_REASON_SLEEP);
	cr_expect_eq(ct_waits_cause(w, &last).reason, CT_REASON_SLEEP);
	cr_expect_eq(ct_waits_cause(w, &beyond).reason, CT_REASON_OTHER);
	ct_waits_free(w);
	tape_free(&t);
}

/* Columns: how the file is called while it is written, what is told. */
static const struct {
	const char *written, *told;
} files[] = {
	{ "config.v2.json", "config.v2.json" },
	{ ".tmp-config.v2.json2567467887", "config.v2.json" },
	{ ".tmp-2567467887", "" },
	{ "local-kv.db", "local-kv.db" },
	{ "log2", "log2" },
};

/* "disk sync of config.v2.json" is what a user looks for, however dockerd calls it meanwhile. */
Test(waits, which_file_was_synced)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(files); i++) {
		struct tape t = { 0 };
		struct ct_waits *w;

		tape_at(&t, 10);
		tape_sync(&t, TGID, "7805ffef97dd", files[i].written);
		w = fed(&t);
		cr_expect_str_eq(ct_waits_file(w, TGID, tape_ns(11), tape_ns(20)), files[i].told);
		cr_expect_str_eq(ct_waits_file(w, OTHER, tape_ns(11), tape_ns(20)), "",
				 "another thread's");
		cr_expect_str_eq(ct_waits_file(w, TGID, tape_ns(1), tape_ns(10)), "",
				 "it had not begun");
		cr_expect_str_eq(ct_waits_file(w, TGID, tape_ns(2010), tape_ns(2020)),
				 files[i].told, "a disk is slow");
		cr_expect_str_eq(ct_waits_file(w, TGID, tape_ns(2011), tape_ns(2020)), "",
				 "but not for so long");
		ct_waits_free(w);
		tape_free(&t);
	}
	{
		struct ct_waits *w = ct_waits_new();

		cr_expect_str_eq(ct_waits_file(w, TGID, 1, 2), "", "near the begin of time");
		ct_waits_free(w);
	}
}

/* A send of one thread: from its socket to that one. */
static void sends(struct tape *t, double ms, uint32_t tgid, uint32_t tid, uint64_t from,
		  uint64_t to)
{
	struct ct_event *e;

	tape_at(t, ms);
	e = tape_add(t, CT_KIND_SEND, tgid, "x", 1);
	e->tid = tid;
	e->obj = from;
	e->arg = to;
}

/* Events that come late are put where they belong: what is asked for is looked up by time. */
Test(waits, acts_that_come_late)
{
	static const double order[] = { 10, 30, 20, 5, 40, 20 };
	struct tape t = { 0 };
	struct ct_waits *w;

	for (uint32_t i = 0; i < CT_ARRAY_SIZE(order); i++)
		sends(&t, order[i], TGID, TGID + 1 + i, 2000, 2001);
	w = fed(&t);
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(4)), 0, "nothing yet");
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(5)), TGID + 4);
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(19)), TGID + 1);
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(20)), TGID + 6, "of one time the last heard");
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(39)), TGID + 2);
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(100)), TGID + 5);
	cr_expect_eq(ct_waits_last(w, OTHER, tape_ns(100)), 0, "another process did nothing");
	ct_waits_free(w);
	tape_free(&t);
}

/* Two processes did something at the very time of a mark: the one that it is about is preferred. */
Test(waits, who_did_it)
{
	struct tape t = { 0 };
	struct ct_waits *w;

	sends(&t, 10, OTHER, OTHER + 1, 2000, 2001);
	sends(&t, 10, TGID, TGID + 1, 2000, 2001);
	sends(&t, 10, TGID, TGID + 2, 2000, 2001);
	sends(&t, 10, OTHER, OTHER + 2, 2000, 2001);
	w = fed(&t);
	cr_expect_eq(ct_waits_doer(w, tape_ns(10), TGID), TGID + 1);
	cr_expect_eq(ct_waits_doer(w, tape_ns(10), OTHER), OTHER + 1);
	cr_expect_eq(ct_waits_doer(w, tape_ns(10), 0), OTHER + 1, "the first, of whom nobody asks");
	cr_expect_eq(ct_waits_doer(w, tape_ns(11), TGID), 0);
	ct_waits_free(w);
	tape_free(&t);
}

/* What comes to a process that is awake already wakes nobody, and is what it went on with. */
Test(waits, what_reached_a_process)
{
	struct tape t = { 0 };
	struct ct_waits *w;
	uint64_t at = 0;

	sends(&t, 1, TGID, TGID, 3000, 3001); /* whose 3000 is */
	tape_at(&t, 2);
	tape_fork(&t, TGID, 300, CT_ROLE_HELPER);
	tape_fork(&t, OTHER, 301, CT_ROLE_HELPER);
	sends(&t, 10, OTHER, OTHER, 3001, 3000); /* to it */
	sends(&t, 20, OTHER, OTHER, 4001, 4000); /* to nobody who is known */
	sends(&t, 21, OTHER, OTHER, 3001, 3001); /* to itself */
	sends(&t, 22, TGID, TGID, 3000, 3000); /* what it says itself */
	tape_at(&t, 25);
	tape_exit(&t, 301, CT_ROLE_HELPER, 0); /* another's child */
	tape_at(&t, 30);
	tape_exit(&t, 300, CT_ROLE_HELPER, 0); /* its child */
	tape_sync(&t, OTHER, "a", "b"); /* no message at all */
	w = fed(&t);
	cr_expect_eq(ct_waits_reached(w, TGID, tape_ns(5), tape_ns(40), &at), 300);
	cr_expect_eq(at, tape_ns(30));
	cr_expect_eq(ct_waits_reached(w, TGID, tape_ns(5), tape_ns(29), &at), OTHER);
	cr_expect_eq(at, tape_ns(10));
	at = 0;
	cr_expect_eq(ct_waits_reached(w, TGID, tape_ns(10), tape_ns(29), &at), 0,
		     "not what was there at the begin");
	cr_expect_eq(at, 0);
	ct_waits_free(w);
	tape_free(&t);
}

/* Columns: what is forgotten is before that; the first wait that is still known then, ms of its end. */
static const struct {
	double before, first; /* first 0: the thread is not known any more */
} forgets[] = {
	{ 10, 20 }, { 20, 20 }, { 25, 20 }, { 35, 20 },
	{ 40, 20 }, { 41, 40 }, { 60, 40 }, { 61, 0 },
};

/* The last wait before says that the thread ran ever since: without it, that would be unexplained. */
Test(waits, what_is_forgotten)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(forgets); i++) {
		struct tape t = { 0 };
		struct ct_waits *w;

		waits(&t, TGID, TGID, 10, 20, "");
		waits(&t, TGID, TGID, 30, 40, "");
		waits(&t, TGID, TGID, 50, 60, "");
		w = fed(&t);
		ct_waits_forget(w, tape_ns(forgets[i].before));
		cr_expect_eq(ct_waits_knows(w, TGID), forgets[i].first > 0, "row %zu", i);
		cr_expect_eq(ct_waits_tgid(w, TGID), forgets[i].first > 0 ? TGID : 0, "row %zu", i);
		if (forgets[i].first > 0)
			cr_expect_eq(ct_waits_first(w, TGID)->end_ns, tape_ns(forgets[i].first),
				     "row %zu: %.0f", i,
				     (double)(ct_waits_first(w, TGID)->end_ns - TAPE_T0_NS) /
					     TAPE_MS);
		else
			cr_expect_null(ct_waits_first(w, TGID), "row %zu", i);
		ct_waits_free(w);
		tape_free(&t);
	}
}

Test(waits, acts_are_forgotten_too)
{
	struct tape t = { 0 };
	struct ct_waits *w;

	sends(&t, 10, TGID, TGID + 1, 2000, 2001);
	sends(&t, 20, TGID, TGID + 2, 2000, 2001);
	w = fed(&t);
	ct_waits_forget(w, tape_ns(10));
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(15)), TGID + 1, "not before that");
	ct_waits_forget(w, tape_ns(20));
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(15)), 0);
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(25)), TGID + 2);
	ct_waits_forget(w, tape_ns(21));
	cr_expect_eq(ct_waits_last(w, TGID, tape_ns(25)), 0);
	ct_waits_free(w);
	tape_free(&t);
}

/* Who held up thread 100 of a process at 50 ms: one of the others, by what is known of each. */
static uint32_t busy(struct tape *t, double since)
{
	struct ct_waits *w = fed(t);
	uint32_t tid = ct_waits_busy(w, TGID, TGID, tape_ns(50), tape_ns(since));

	ct_waits_free(w);
	tape_free(t);
	return tid;
}

Test(waits, which_thread_was_busy)
{
	struct tape t = { 0 };
	struct ct_event *e;

	cr_expect_eq(busy(&t, 0), 0, "nobody is there");
	waits(&t, TGID, TGID, 10, 20, "");
	waits(&t, OTHER, OTHER, 10, 20, "");
	cr_expect_eq(busy(&t, 0), 0, "itself, and a thread of another process");

	/* 101 ran then, for it waited before and after: that is known of nobody else. */
	waits(&t, TGID, 102, 10, 45, "");
	waits(&t, TGID, 101, 10, 20, "");
	waits(&t, TGID, 101, 60, 70, "");
	cr_expect_eq(busy(&t, 0), 101);

	/* Two that began to run and of which no wait is known since: the later, if late enough. */
	waits(&t, TGID, 101, 10, 20, "");
	waits(&t, TGID, 102, 10, 30, "");
	waits(&t, TGID, 103, 10, 25, "");
	cr_expect_eq(busy(&t, 15), 102);
	waits(&t, TGID, 101, 10, 20, "");
	cr_expect_eq(busy(&t, 20), 101);
	waits(&t, TGID, 101, 10, 20, "");
	cr_expect_eq(busy(&t, 21), 0, "it may have ended since");

	/* Between its waits some were left out: nobody knows what it did. */
	waits(&t, TGID, 101, 10, 20, "");
	waits(&t, TGID, 101, 60, 70, "")->sub = CT_W_GAP;
	cr_expect_eq(busy(&t, 0), 0);

	/* Of those that waited for the kernel the one that began last; for work is not for the kernel. */
	stack(&t, SYNC, "jbd2_log_wait_commit");
	waits(&t, TGID, 101, 10, 60, "")->obj = SYNC;
	waits(&t, TGID, 102, 40, 60, "")->obj = SYNC;
	waits(&t, TGID, 103, 30, 60, "")->obj = SYNC;
	waits(&t, TGID, 104, 45, 60, ""); /* a futex */
	cr_expect_eq(busy(&t, 0), 102);

	/* One that has just been made has not done anything yet. */
	stack(&t, SYNC, "jbd2_log_wait_commit");
	e = waits(&t, TGID, 101, 10, 60, "");
	e->obj = SYNC;
	e->sub = CT_W_NEW;
	cr_expect_eq(busy(&t, 0), 0);
}

/* It is told of the process that has it now; of several that ran it is the one that was heard of first. */
Test(waits, a_thread_whose_number_another_process_had)
{
	struct tape t = { 0 };

	waits(&t, OTHER, 101, 5, 8, "");
	waits(&t, TGID, 102, 10, 20, "");
	waits(&t, TGID, 101, 30, 40, "");
	waits(&t, TGID, 101, 60, 70, "");
	waits(&t, TGID, 102, 60, 70, "");
	cr_expect_eq(busy(&t, 0), 101);
}

/* Nothing has been traced: then a record has no critical path, instead of an empty one. */
Test(waits, whether_there_were_any)
{
	struct ct_waits *w = ct_waits_new();
	struct tape t = { 0 };

	cr_expect_not(ct_waits_any(w));
	cr_expect_eq(ct_waits_lost(w), 0);
	tape_fork(&t, 1, TGID, CT_ROLE_HELPER);
	ct_waits_feed(w, tape_event(&t, 0));
	cr_expect_not(ct_waits_any(w));
	tape_free(&t);
	waits(&t, TGID, TGID, 1, 2, "");
	ct_waits_feed(w, tape_event(&t, 0));
	cr_expect(ct_waits_any(w));
	ct_waits_free(w);
	ct_waits_free(NULL);
	tape_free(&t);
}
