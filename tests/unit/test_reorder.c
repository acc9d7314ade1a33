// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/order/reorder.h"
#include "util/mem.h"

#define WINDOW CT_REORDER_WINDOW_NS
#define SLACK  CT_REORDER_SLACK_NS

struct got {
	uint64_t ts_ns[512];
	uint32_t tgid[512];
	size_t count;
	uint64_t total;
};

static void take(void *ctx, const struct ct_event *e)
{
	struct got *got = ctx;

	if (got->count < CT_ARRAY_SIZE(got->ts_ns)) {
		got->ts_ns[got->count] = e->ts_ns;
		got->tgid[got->count++] = e->tgid;
	}
	got->total++;
}

static void push(struct ct_reorder *r, uint64_t ts_ns, uint32_t tgid)
{
	const struct ct_event e = { .len = sizeof(e), .ts_ns = ts_ns, .tgid = tgid };

	ct_reorder_push(r, &e);
}

/* Columns: name, times in ms as they come, the order they leave in, how many were too late. */
static const struct {
	const char *name;
	unsigned in[8], out[8];
	size_t count;
	uint64_t late;
} orders[] = {
	{ "in order", { 1, 2, 3, 4 }, { 1, 2, 3, 4 }, 4, 0 },
	{ "backwards", { 14, 13, 12, 11 }, { 11, 12, 13, 14 }, 4, 0 },
	{ "one behind", { 100, 300, 290, 310 }, { 100, 290, 300, 310 }, 4, 0 },
	{ "at the edge of the window", { 100, 300, 280, 310 }, { 100, 280, 300, 310 }, 4, 0 },
	{ "held for the slack", { 280, 302, 270, 310 }, { 270, 280, 302, 310 }, 4, 0 },
	{ "as old as one in order",
	  { 100, 110, 105, 110, 105 },
	  { 100, 105, 105, 110, 110 },
	  5,
	  0 },
	/* 280 left when 303 came; 270 is handed over all the same */
	{ "too late", { 280, 303, 270, 310 }, { 280, 270, 303, 310 }, 4, 1 },
	{ "twice too late", { 400, 500, 380, 370, 510 }, { 400, 380, 370, 500, 510 }, 5, 2 },
};

/* The oldest counts, wherever it is held, and not the one that came last. */
Test(reorder, due)
{
	struct got got = { 0 };
	struct ct_reorder *r = ct_reorder_new(take, &got);

	cr_expect_eq(ct_reorder_due(r), 0, "nothing is held");
	push(r, 2 * WINDOW, 1);
	push(r, 2 * WINDOW + WINDOW / 2, 2);
	cr_expect_eq(ct_reorder_due(r), 3 * WINDOW);
	push(r, 2 * WINDOW - 1, 3); /* late */
	cr_expect_eq(ct_reorder_due(r), 3 * WINDOW - 1);
	push(r, 3 * WINDOW, 4); /* within the slack: nothing is handed over for it */
	cr_expect_eq(got.count, 0);
	ct_reorder_settle(r);
	cr_expect_eq(got.count, 2);
	cr_expect_eq(ct_reorder_due(r), 3 * WINDOW + WINDOW / 2);
	ct_reorder_flush(r);
	cr_expect_eq(ct_reorder_due(r), 0);
	ct_reorder_free(r);
}

Test(reorder, order)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(orders); i++) {
		struct got got = { 0 };
		struct ct_reorder *r = ct_reorder_new(take, &got);

		cr_assert(r);
		for (size_t k = 0; k < orders[i].count; k++)
			push(r, orders[i].in[k] * 1000000ull, (uint32_t)k);
		ct_reorder_flush(r);
		cr_expect_eq(got.count, orders[i].count, "%s", orders[i].name);
		for (size_t k = 0; k < got.count; k++)
			cr_expect_eq(got.ts_ns[k], orders[i].out[k] * 1000000ull, "%s: %zu",
				     orders[i].name, k);
		cr_expect_eq(ct_reorder_late(r), orders[i].late, "%s: %llu late", orders[i].name,
			     (unsigned long long)ct_reorder_late(r));
		cr_expect_eq(ct_reorder_held(r), 0, "%s", orders[i].name);
		ct_reorder_free(r);
	}
}

#define LATE 16

/* Events of several CPUs, in a thousand orders: each comes after a newer one. */
Test(reorder, late_ones_in_any_order)
{
	struct got got = { 0 };
	struct ct_reorder *r = ct_reorder_new(take, &got);
	uint32_t order[LATE], seed = 1;
	uint64_t newest_ns = 0;

	for (uint32_t i = 0; i < LATE; i++)
		order[i] = i;
	for (int round = 0; round < 1000; round++) {
		newest_ns += 300000000;
		got.count = 0;
		push(r, newest_ns, LATE);
		for (uint32_t i = 0; i < LATE; i++) {
			uint32_t k, other;

			seed = seed * 1103515245 + 12345;
			k = i + (seed >> 16) % (LATE - i);
			other = order[k];
			order[k] = order[i];
			order[i] = other;
			push(r, newest_ns - LATE + order[i], order[i]);
		}
		ct_reorder_flush(r);
		cr_assert_eq(got.count, LATE + 1);
		for (uint32_t i = 0; i < got.count; i++)
			cr_assert_eq(got.tgid[i], i, "%u comes %u.", got.tgid[i], i);
	}
	cr_expect_eq(ct_reorder_late(r), 0);
	ct_reorder_free(r);
}

Test(reorder, equal_times_keep_their_order)
{
	struct got got = { 0 };
	struct ct_reorder *r = ct_reorder_new(take, &got);

	cr_assert(r);
	for (uint32_t i = 0; i < 300; i++)
		push(r, 1000 + i / 100, i); /* three times, a hundred each */
	ct_reorder_flush(r);
	cr_expect_eq(got.count, 300);
	for (uint32_t i = 0; i < 300; i++)
		cr_expect_eq(got.tgid[i], i, "%u: %u", i, got.tgid[i]);
	cr_expect_eq(ct_reorder_late(r), 0);
	ct_reorder_free(r);
}

/* One that came late goes behind those as old as it that did not. */
Test(reorder, equal_times_of_late_ones)
{
	static const uint32_t order[] = { 1, 2, 4, 5, 3 };
	struct got got = { 0 };
	struct ct_reorder *r = ct_reorder_new(take, &got);

	cr_assert(r);
	push(r, 1000, 1);
	push(r, 1001, 2);
	push(r, 1002, 3);
	push(r, 1001, 4);
	push(r, 1001, 5);
	ct_reorder_flush(r);
	cr_expect_eq(got.count, CT_ARRAY_SIZE(order));
	for (size_t i = 0; i < got.count; i++)
		cr_expect_eq(got.tgid[i], order[i], "%zu: %u", i, got.tgid[i]);
	ct_reorder_free(r);
}

/*
 * What is younger than the window is kept; once something is older by the slack, all that is older
 * is handed over.
 */
Test(reorder, window)
{
	struct got got = { 0 };
	struct ct_reorder *r = ct_reorder_new(take, &got);

	cr_assert(r);
	push(r, WINDOW * 10, 1);
	push(r, WINDOW * 10 + SLACK, 2);
	push(r, WINDOW * 11 + SLACK - 1, 3);
	cr_expect_eq(got.count, 0);
	cr_expect_eq(ct_reorder_held(r), 3);
	cr_expect_eq(ct_reorder_newest(r), WINDOW * 11 + SLACK - 1);
	push(r, WINDOW * 11 + SLACK, 4);
	cr_expect_eq(got.count, 2);
	cr_expect_eq(got.tgid[0], 1);
	cr_expect_eq(got.tgid[1], 2);
	cr_expect_eq(ct_reorder_held(r), 2);
	push(r, WINDOW * 12 + SLACK - 1, 5);
	cr_expect_eq(got.count, 2);
	ct_reorder_settle(r); /* the slack is no part of what has to wait */
	cr_expect_eq(got.count, 3);
	cr_expect_eq(got.tgid[2], 3);
	ct_reorder_free(r); /* frees what is held */
	ct_reorder_free(NULL);
}

/* Events of all lengths, each with bytes of its own, now and then one that is out of order. */
struct lengths {
	struct ct_reorder *r;
	uint64_t last_ns, taken, wrong, disordered;
	unsigned pushes; /* that are still to be made while one is handed over */
};

static void push_long(struct ct_reorder *r, uint64_t ts_ns, uint32_t number)
{
	_Alignas(8) char room[sizeof(struct ct_event) + CT_TAIL_MAX];
	struct ct_event *e = (struct ct_event *)room;

	memset(e, 0, sizeof(*e));
	e->tail_len = (uint16_t)(number * 7919 % (CT_TAIL_MAX / 8) * 8);
	e->len = (uint16_t)(sizeof(*e) + e->tail_len);
	e->ts_ns = ts_ns;
	e->obj = number;
	memset(e->tail, (int)(number & 0xff), e->tail_len);
	ct_reorder_push(r, e);
}

static void take_long(void *ctx, const struct ct_event *e)
{
	struct lengths *got = ctx;

	got->taken++;
	if (e->ts_ns < got->last_ns)
		got->disordered++;
	got->last_ns = e->ts_ns;
	/* The ring grows, and what is being read stays where it is. */
	for (; got->pushes; got->pushes--)
		push_long(got->r, e->ts_ns + 2 * WINDOW, 511);
	for (size_t i = 0; i < e->tail_len; i++)
		got->wrong += (unsigned char)e->tail[i] != (e->obj & 0xff);
	got->wrong += e->len != sizeof(*e) + e->obj * 7919 % (CT_TAIL_MAX / 8) * 8;
}

Test(reorder, lengths)
{
	struct lengths got = { 0 };
	uint64_t ts_ns = WINDOW;

	got.r = ct_reorder_new(take_long, &got);
	cr_assert(got.r);
	for (uint32_t i = 0; i < 20000; i++) {
		/* It empties, it fills, and it goes round many times. */
		ts_ns += i % 1000 == 0     ? 2 * WINDOW
			 : i % 4000 < 2000 ? WINDOW / 100
					   : WINDOW / 1000;
		push_long(got.r, i % 5 == 3 ? ts_ns - WINDOW / 50 : ts_ns, i);
	}
	ct_reorder_flush(got.r);
	cr_expect_eq(got.taken, 20000);
	cr_expect_eq(got.wrong, 0, "%llu wrong bytes", (unsigned long long)got.wrong);
	cr_expect_eq(got.disordered, 0);
	ct_reorder_free(got.r);
}

Test(reorder, pushed_while_handed_over)
{
	struct lengths got = { .pushes = 1000 };

	got.r = ct_reorder_new(take_long, &got);
	cr_assert(got.r);
	push_long(got.r, WINDOW, 1);
	push_long(got.r, WINDOW, 511);
	push_long(got.r, 3 * WINDOW, 3);
	cr_expect_eq(got.taken, 2);
	ct_reorder_flush(got.r);
	cr_expect_eq(got.taken, 3 + 1000);
	cr_expect_eq(got.wrong, 0);
	cr_expect_eq(got.disordered, 0);
	ct_reorder_free(got.r);
}

/* A recording may claim one time for all of its events: what is held stays bounded. */
Test(reorder, bounded)
{
	struct got got = { 0 };
	struct ct_reorder *r = ct_reorder_new(take, &got);
	size_t most = 0;

	cr_assert(r);
	for (uint32_t i = 0; i < 200000; i++) {
		push(r, 5, i);
		if (ct_reorder_held(r) > most)
			most = ct_reorder_held(r);
	}
	cr_expect_leq(most, 65537, "%zu held", most);
	/* Pushed back in time, each before the last. */
	for (uint32_t i = 0; i < 200000; i++) {
		push(r, 10000000 - i, i);
		if (ct_reorder_held(r) > most)
			most = ct_reorder_held(r);
	}
	cr_expect_leq(most, 65537, "%zu held", most);
	ct_reorder_flush(r);
	cr_expect_eq(got.total, 400000, "every event once");
	ct_reorder_free(r);
}

/* Times up to the last nanosecond of the clock. */
Test(reorder, extreme_times)
{
	struct got got = { 0 };
	struct ct_reorder *r = ct_reorder_new(take, &got);

	cr_assert(r);
	push(r, 0, 1);
	push(r, UINT64_MAX, 2);
	push(r, 1, 3);
	ct_reorder_flush(r);
	cr_expect_eq(got.count, 3);
	ct_reorder_free(r);
}
