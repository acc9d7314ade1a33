// SPDX-License-Identifier: GPL-2.0-only
/* What threads did, looked up by an index: the same as if all of it were looked through. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/why/acts.h"
#include "tape.h"
#include "util/clock.h"
#include "util/mem.h"

enum {
	TGID = 100,
	OTHER = 200,
	THIRD = 300
};

static void feed_parent(struct ct_acts *all, const struct tape *t, uint32_t parent)
{
	for (size_t at = 0; at < t->len;) {
		const struct ct_event *e = (const void *)(t->bytes + at);

		cr_assert(ct_acts_feed(all, e, parent));
		at += e->len;
	}
}

static struct ct_acts *fed(struct tape *t)
{
	struct ct_acts *all = ct_acts_new();

	cr_assert(all);
	feed_parent(all, t, 0);
	tape_free(t);
	return all;
}

/* From its socket to that one. */
static void sends(struct tape *t, double ms, uint32_t tgid, uint64_t from, uint64_t to)
{
	struct ct_event *e;

	tape_at(t, ms);
	e = tape_add(t, CT_KIND_SEND, tgid, "x", 1);
	e->tid = tgid;
	e->obj = from;
	e->arg = to;
}

/* When what reached the process last within (from, to] did, ms; 0: nothing did. */
static double reached(const struct ct_acts *all, uint32_t tgid, double from, double to)
{
	uint64_t at = TAPE_T0_NS;
	uint32_t by = ct_acts_reached(all, tgid, tape_ns(from), tape_ns(to), &at);

	cr_assert_eq(!by, at == TAPE_T0_NS);
	return (double)(at - TAPE_T0_NS) / TAPE_MS;
}

Test(acts, of_several_sockets_the_last)
{
	struct tape t = { 0 };
	struct ct_acts *all;

	sends(&t, 1, TGID, 10, 0);
	sends(&t, 2, TGID, 12, 0);
	sends(&t, 10, OTHER, 11, 10);
	sends(&t, 20, OTHER, 13, 12);
	sends(&t, 30, OTHER, 11, 10);
	all = fed(&t);
	cr_expect_eq(reached(all, TGID, 5, 9.9), 0);
	cr_expect_eq(reached(all, TGID, 5, 10), 10);
	cr_expect_eq(reached(all, TGID, 5, 19.9), 10);
	cr_expect_eq(reached(all, TGID, 5, 29.9), 20, "the other socket got its last before that");
	cr_expect_eq(reached(all, TGID, 5, 30), 30);
	cr_expect_eq(reached(all, TGID, 20, 29.9), 0);
	cr_expect_eq(reached(all, OTHER, 5, 40), 0);
	ct_acts_free(all);
}

/* A service is sent its first request before it has sent anything: whose the socket is is known by its answer. */
Test(acts, whose_a_socket_is_may_come_after_what_it_got)
{
	struct tape t = { 0 };
	struct ct_acts *all;

	sends(&t, 10, OTHER, 11, 10);
	sends(&t, 15, OTHER, 21, 20);
	sends(&t, 20, TGID, 20, 21);
	sends(&t, 25, TGID, 10, 11);
	sends(&t, 26, TGID, 10, 10); /* to itself */
	all = fed(&t);
	cr_expect_eq(reached(all, TGID, 5, 12), 10);
	cr_expect_eq(reached(all, TGID, 5, 30), 15);
	cr_expect_eq(reached(all, OTHER, 5, 30), 25);
	ct_acts_free(all);
}

/* It was inherited: what it got is now told of who has it, and not of who had it. */
Test(acts, a_socket_may_change_hands)
{
	struct tape t = { 0 };
	struct ct_acts *all;

	sends(&t, 1, TGID, 10, 11);
	sends(&t, 5, TGID, 12, 13);
	sends(&t, 10, OTHER, 11, 10);
	sends(&t, 12, OTHER, 13, 12);
	sends(&t, 20, THIRD, 10, 11);
	all = fed(&t);
	cr_expect_eq(reached(all, THIRD, 5, 30), 10);
	cr_expect_eq(reached(all, TGID, 5, 30), 12);
	cr_expect_eq(reached(all, TGID, 5, 11), 0);
	ct_acts_free(all);
}

Test(acts, what_is_forgotten_reached_nobody)
{
	struct tape t = { 0 }, later = { 0 };
	struct ct_acts *all;

	sends(&t, 1, TGID, 10, 0);
	sends(&t, 2, TGID, 12, 0);
	sends(&t, 10, OTHER, 11, 10);
	sends(&t, 20, OTHER, 13, 12);
	all = fed(&t);
	ct_acts_forget(all, tape_ns(15));
	cr_expect_eq(reached(all, TGID, 5, 19), 0);
	cr_expect_eq(reached(all, TGID, 5, 30), 20);
	ct_acts_forget(all, tape_ns(25));
	cr_expect_eq(reached(all, TGID, 5, 30), 0);
	cr_expect_eq(ct_acts_last(all, TGID, tape_ns(30)), 0);
	sends(&later, 30, OTHER, 11, 10); /* whose it is is not forgotten */
	feed_parent(all, &later, 0);
	cr_expect_eq(reached(all, TGID, 5, 40), 30);
	tape_free(&later);
	ct_acts_free(all);
}

/* Sockets come and go for months: whose they were is not kept for ever, and whose the last are is. */
Test(acts, owners_of_sockets_are_bounded)
{
	struct tape t = { 0 };
	struct ct_acts *all;

	for (uint64_t i = 0; i <= 16384; i++)
		sends(&t, 1, TGID, 10000 + i, 0);
	all = fed(&t);
	ct_acts_forget(all, tape_ns(5));
	sends(&t, 10, OTHER, 0, 10000); /* to the first, which is forgotten */
	sends(&t, 20, OTHER, 0, 10000 + 16384); /* to the last */
	feed_parent(all, &t, 0);
	cr_expect_eq(reached(all, TGID, 5, 15), 0);
	cr_expect_eq(reached(all, TGID, 5, 25), 20);
	tape_free(&t);
	ct_acts_free(all);
}

/* More at once than there is room for: what is not kept is said. */
Test(acts, sockets_are_bounded)
{
	struct ct_event e = { .kind = CT_KIND_SEND, .tgid = TGID, .tid = TGID, .len = sizeof(e) };
	struct ct_acts *all = ct_acts_new();

	for (uint64_t i = 1; i <= 65536; i++) {
		e.ts_ns = e.arg = i;
		cr_assert(ct_acts_feed(all, &e, 0));
	}
	e.arg = 65537;
	cr_expect_not(ct_acts_feed(all, &e, 0));
	e.arg = 1;
	cr_expect(ct_acts_feed(all, &e, 0), "one that is there goes on");
	ct_acts_forget(all, 2 * 65536);
	e.arg = 65537;
	cr_expect(ct_acts_feed(all, &e, 0), "those that got nothing make room");
	ct_acts_free(all);
}

static struct ct_event *does(struct tape *t, double ms, enum ct_kind kind, const char *file)
{
	struct ct_event *e;

	tape_at(t, ms);
	e = tape_add(t, kind, TGID, file, strlen(file));
	e->tid = TGID;
	return e;
}

static const char *file(const struct ct_acts *all, double from, double to)
{
	return ct_acts_file(all, TGID, tape_ns(from), tape_ns(to));
}

/* A wait is for the file only that was synced right before: a thread that went on waits for something else. */
Test(acts, which_file_was_synced_last)
{
	struct tape t = { 0 };
	struct ct_acts *all;

	does(&t, 5, CT_KIND_UNLINK, "x");
	does(&t, 10, CT_KIND_SYNC, "a/first");
	does(&t, 20, CT_KIND_SYNC, "a/second");
	does(&t, 30, CT_KIND_UNLINK, "x");
	does(&t, 40, CT_KIND_UNLINK, "x");
	does(&t, 50, CT_KIND_SYNC, "a/third");
	all = fed(&t);
	cr_expect_str_eq(file(all, 0, 10), "");
	cr_expect_str_eq(file(all, 0, 20), "first");
	cr_expect_str_eq(file(all, 0, 30), "second");
	cr_expect_str_eq(file(all, 20, 30), "second");
	cr_expect_str_eq(file(all, 21, 30), "", "it is longer ago");
	cr_expect_str_eq(file(all, 0, 31), "");
	cr_expect_str_eq(file(all, 0, 50), "");
	cr_expect_str_eq(file(all, 0, 51), "third");
	ct_acts_forget(all, tape_ns(15));
	cr_expect_str_eq(file(all, 0, 20), "");
	cr_expect_str_eq(file(all, 0, 30), "second");
	ct_acts_forget(all, tape_ns(60));
	cr_expect_str_eq(file(all, 0, 100), "");
	ct_acts_free(all);
}

/* --- beside somebody who looks through all of it */

#define ROUNDS  40
#define ACTS    400
#define SOCKETS 8
#define TGIDS   4

static struct naive {
	struct ct_event acts[ACTS];
	uint32_t parents[ACTS];
	bool unheard[ACTS]; /* said by who had the socket then */
	uint32_t owners[SOCKETS + 1];
	size_t count;
} naive;

static uint32_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void act_any(struct ct_acts *all, uint64_t *now)
{
	static const enum ct_kind kinds[] = { CT_KIND_SEND, CT_KIND_SEND, CT_KIND_EXIT,
					      CT_KIND_UNLINK };
	uint32_t tgid = 1 + any(TGIDS), parent = any(TGIDS + 1);
	struct ct_event e = {
		.kind = (uint8_t)kinds[any(CT_ARRAY_SIZE(kinds))],
		.tgid = tgid,
		.tid = 10 * tgid + any(3),
		.len = sizeof(e),
	};
	size_t at = naive.count;

	*now += any(3);
	e.ts_ns = *now - (any(8) ? 0 : any(5)); /* some come late */
	if (e.kind == CT_KIND_SEND) {
		e.obj = any(SOCKETS + 1);
		e.arg = any(SOCKETS + 1);
		if (e.obj)
			naive.owners[e.obj] = tgid;
	}
	for (; at && naive.acts[at - 1].ts_ns > e.ts_ns; at--) {
		naive.acts[at] = naive.acts[at - 1];
		naive.parents[at] = naive.parents[at - 1];
		naive.unheard[at] = naive.unheard[at - 1];
	}
	naive.acts[at] = e;
	naive.parents[at] = parent;
	naive.unheard[at] = e.kind == CT_KIND_SEND && naive.owners[e.arg] == tgid;
	naive.count++;
	cr_assert(ct_acts_feed(all, &e, parent));
}

static uint64_t naive_reached(uint32_t tgid, uint64_t from, uint64_t to)
{
	for (size_t i = naive.count; i-- > 0;) {
		const struct ct_event *e = &naive.acts[i];

		if (e->ts_ns > to || e->ts_ns <= from || e->tgid == tgid || naive.unheard[i])
			continue;
		if (e->kind == CT_KIND_EXIT && naive.parents[i] == tgid)
			return e->ts_ns;
		if (e->kind == CT_KIND_SEND && e->arg && naive.owners[e->arg] == tgid)
			return e->ts_ns;
	}
	return 0;
}

static uint32_t naive_last(uint32_t tgid, uint64_t ns)
{
	for (size_t i = naive.count; i-- > 0;)
		if (naive.acts[i].ts_ns <= ns && naive.acts[i].tgid == tgid)
			return naive.acts[i].tid;
	return 0;
}

static uint32_t naive_doer(uint64_t ns, uint32_t prefer)
{
	uint32_t first = 0;

	for (size_t i = 0; i < naive.count; i++) {
		if (naive.acts[i].ts_ns != ns)
			continue;
		if (naive.acts[i].tgid == prefer)
			return naive.acts[i].tid;
		first = first ? first : naive.acts[i].tid;
	}
	return first;
}

static void naive_forget(uint64_t before)
{
	size_t gone = 0;

	while (gone < naive.count && naive.acts[gone].ts_ns < before)
		gone++;
	naive.count -= gone;
	memmove(naive.acts, naive.acts + gone, naive.count * sizeof(*naive.acts));
	memmove(naive.parents, naive.parents + gone, naive.count * sizeof(*naive.parents));
	memmove(naive.unheard, naive.unheard + gone, naive.count * sizeof(*naive.unheard));
}

static void ask_all(const struct ct_acts *all, uint64_t now)
{
	for (uint32_t tgid = 1; tgid <= TGIDS + 1; tgid++) {
		for (int i = 0; i < 20; i++) {
			uint64_t to = any((uint32_t)now + 3), from = any((uint32_t)to + 1), at = 0;
			uint32_t by = ct_acts_reached(all, tgid, from, to, &at);

			cr_assert_eq(at, naive_reached(tgid, from, to), "%u in (%u, %u]", tgid,
				     (unsigned)from, (unsigned)to);
			cr_assert_eq(!by, !at);
			cr_assert_eq(ct_acts_last(all, tgid, to), naive_last(tgid, to));
			cr_assert_eq(ct_acts_doer(all, to, tgid), naive_doer(to, tgid));
		}
	}
}

Test(acts, found_as_if_all_were_looked_through)
{
	for (seed = 1; seed < 1000000000 && seed <= ROUNDS;) {
		uint32_t round = seed;
		struct ct_acts *all = ct_acts_new();
		uint64_t now = 10;

		memset(&naive, 0, sizeof(naive));
		while (naive.count < ACTS) {
			uint64_t before = any((uint32_t)now);

			act_any(all, &now);
			if (naive.count % 16 == 0)
				ask_all(all, now);
			if (any(40))
				continue;
			naive_forget(before);
			ct_acts_forget(all, before);
			ask_all(all, now);
		}
		ct_acts_free(all);
		seed = round + 1;
	}
}

/*
 * A service is busy for minutes, and what it waited for is asked of again and again, by the time at which it
 * began to: it took more than a quarter of an hour when what all others did meanwhile was passed over each time.
 */
Test(acts, what_others_do_makes_it_no_longer)
{
	struct ct_event e = { .len = sizeof(e) };
	struct ct_acts *all = ct_acts_new();
	uint64_t begin = ct_clock_ns(CLOCK_PROCESS_CPUTIME_ID), at;

	for (uint64_t i = 1; i <= 400000; i++) {
		e.ts_ns = i;
		e.kind = i % 2 ? CT_KIND_SEND : CT_KIND_UNLINK;
		e.tid = e.tgid = i % 100 ? OTHER + (uint32_t)(i % 7) : TGID;
		e.obj = i % 100 ? 1000 + i % 5000 : 1;
		e.arg = 1000 + i % 3000;
		cr_assert(ct_acts_feed(all, &e, 0));
	}
	for (uint64_t i = 1; i <= 400000; i++) {
		cr_assert_eq(ct_acts_reached(all, TGID, 0, i, &at), 0);
		cr_assert_eq(ct_acts_last(all, TGID, i), i < 100 ? 0 : TGID);
	}
	cr_expect_lt(ct_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin, 20000000000ull);
	ct_acts_free(all);
}
