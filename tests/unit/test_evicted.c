// SPDX-License-Identifier: GPL-2.0-only
/* Tables that forget: what is neither there nor taken was forgotten, whenever one looks. */
#include <criterion/criterion.h>

#include "source/sandbox/evicted.h"

#define PLACES 16

Test(evicted, what_is_there_or_taken_was_not_forgotten)
{
	struct ct_evicted e = { 0 };

	cr_expect_not(ct_evicted_due(&e, 0, 0));
	cr_expect_not(ct_evicted_due(&e, 10, 10), "all are taken: the table need not be read");
	cr_expect(ct_evicted_due(&e, 10, 9));
	cr_expect_eq(ct_evicted_more(&e, 10, 1, 9), 0);
	cr_expect_eq(ct_evicted_more(&e, 20, 3, 10), 7);
	cr_expect_eq(ct_evicted_more(&e, 20, 3, 10), 0, "once");
	cr_expect_eq(ct_evicted_more(&e, 23, 3, 10), 3);
	cr_expect_not(ct_evicted_due(&e, 23, 13), "those that are told are not asked for again");
	cr_expect(ct_evicted_due(&e, 24, 13));
}

/* Never fewer than none, and what seemed too few is not told a second time. */
Test(evicted, more_may_be_there_than_were_made_when_that_was_read)
{
	struct ct_evicted e = { 0 };

	cr_expect_not(ct_evicted_due(&e, 10, 12));
	cr_expect_eq(ct_evicted_more(&e, 10, 5, 12), 0);
	cr_expect_eq(ct_evicted_more(&e, 20, 2, 13), 5);
	cr_expect_eq(ct_evicted_more(&e, 21, 4, 15), 0);
	cr_expect_eq(ct_evicted_more(&e, 30, 4, 20), 1);
	cr_expect_eq(e.told, 6);
}

/* A table that takes what is new at the expense of what is oldest, as the kernel's side uses it. */
struct table {
	bool there[PLACES];
	unsigned oldest;
	uint64_t made, taken, forgotten;
	bool is_made, is_taking; /* between two steps of one of its users */
	unsigned taking;
	uint32_t dice;
};

static uint32_t roll(struct table *t, uint32_t n)
{
	t->dice = t->dice * 1664525u + 1013904223u;
	return (t->dice >> 8) % n;
}

/* One step of whoever makes, and one of whoever takes: it is there before it is counted, and counted before it goes. */
static void step(struct table *t)
{
	if (t->is_made) {
		t->made++;
		t->is_made = false;
	} else if (roll(t, 2)) {
		/* not what is being taken: that may be forgotten too, and then is both, which makes it too few */
		unsigned at = t->oldest++ % PLACES;

		if (!t->is_taking || at != t->taking) {
			t->forgotten += t->there[at];
			t->there[at] = t->is_made = true;
		}
	}
	if (t->is_taking) {
		t->there[t->taking] = t->is_taking = false;
	} else if (roll(t, 2)) {
		t->taking = roll(t, PLACES);
		t->is_taking = t->there[t->taking];
		t->taken += t->is_taking;
	}
}

static void steps(struct table *t)
{
	for (uint32_t n = roll(t, 6); n; n--)
		step(t);
}

/* As it is read while it is used: each place by itself, in the order that evicted.h says. */
static uint64_t look(struct table *t, struct ct_evicted *e, void (*meanwhile)(struct table *t))
{
	uint64_t made = t->made, present = 0;

	meanwhile(t);
	for (size_t i = 0; i < PLACES; i++) {
		present += t->there[i];
		meanwhile(t);
	}
	return ct_evicted_more(e, made, present, t->taken);
}

static void nothing(struct table *t)
{
	(void)t;
}

Test(evicted, no_more_are_told_than_were_forgotten_while_the_table_is_used)
{
	for (uint32_t seed = 1; seed <= 200; seed++) {
		struct table t = { .dice = seed };
		struct ct_evicted e = { 0 };
		uint64_t told = 0;

		for (int i = 0; i < 50; i++) {
			steps(&t);
			told += look(&t, &e, steps);
			cr_assert_leq(told, t.forgotten, "seed %u: %llu told of %llu", seed,
				      (unsigned long long)told, (unsigned long long)t.forgotten);
		}
		while (t.is_made || t.is_taking)
			step(&t);
		told += look(&t, &e, nothing);
		cr_expect_eq(told, t.forgotten, "seed %u: %llu told of %llu in the end", seed,
			     (unsigned long long)told, (unsigned long long)t.forgotten);
		cr_expect_gt(told, 0);
	}
}
