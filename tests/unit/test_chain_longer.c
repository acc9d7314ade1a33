// SPDX-License-Identifier: GPL-2.0-only
/* Groups of what starts one after another: what is found near is a part of what is found farther away, or is not. */
#include "chains_told.h"

#define STEP (START + RUN + 10) /* one after another, ms */

/* Somebody asks through so many processes of his own (forks), which are new ones each time; above them are these. */
static void below(struct told *t, const char *name, uint64_t at_ms, uint32_t forks,
		  struct ct_client above)
{
	struct ct_client far = { .pid = 5000 + t->ids };
	const uint32_t line[] = { above.pid, above.up[0], above.up[1], above.up[2] };

	for (uint32_t up = 0; up < forks; up++)
		far.up[up] = 10000 * (up + 1) + t->ids;
	for (uint32_t i = 0; i < CT_ARRAY_SIZE(line); i++)
		far.up[forks + i] = line[i];
	asks(t, name, at_ms, far, 0);
}

/* A script that is called each time, by this one through one of its own, and asks for a and for b. */
static void wrapper(struct told *t, const char *a, const char *b, uint64_t at_ms, uint32_t by)
{
	uint32_t pid = 20000 + t->ids;

	below(t, a, at_ms, 1, (struct ct_client){ pid, { 30000 + pid, by, 50 } });
	below(t, b, at_ms + STEP, 1, (struct ct_client){ pid, { 30000 + pid, by, 50 } });
}

/* This one asks for it, through others. */
static void by(struct told *t, const char *name, uint64_t at_ms, uint32_t pid)
{
	below(t, name, at_ms, 3, (struct ct_client){ pid, { 50 } });
}

/* What is found, in this order: names, and how many times. */
static void are(struct told *t, const char *const wanted[])
{
	size_t i = 0;

	cr_assert_eq(ct_chains_run(t->chains), 0);
	for (; i < ct_chains_count(t->chains) && wanted[i]; i++) {
		const struct ct_chain *chain = ct_chains_get(t->chains, i);
		char name[CT_CHAIN_NAME + 32];

		snprintf(name, sizeof(name), "%s, %zu", chain->name, chain->count);
		cr_expect_str_eq(name, wanted[i]);
	}
	cr_expect_null(wanted[i], "%s is not found", wanted[i]);
	cr_expect_eq(i, ct_chains_count(t->chains), "%s is found",
		     i < ct_chains_count(t->chains) ? ct_chains_get(t->chains, i)->name : "");
	ct_chains_free(t->chains);
}
#define ARE(t, ...) are(t, (const char *const[]){ __VA_ARGS__, NULL })

static const char *const random_orders[][2] = { { "x", "y" }, { "y", "x" }, { "y", "x" },
						{ "x", "y" }, { "y", "x" }, { "x", "y" } };

/* A wrapper asks for a and b, who calls it for c. Beside it is somebody as far away who has no order. */
Test(chain_longer, behind_a_wrapper)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		wrapper(&t, "a", "b", at_ms, 100);
		by(&t, "c", at_ms + 2 * STEP, 100);
		for (uint64_t i = 0; i < 2; i++)
			by(&t, random_orders[round][i], at_ms + 5 + i * STEP, 200);
	}
	ARE(&t, "a > b > c, 4");
}

/* Before it, behind it, and another wrapper. */
Test(chain_longer, around_wrappers)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		by(&t, "a", at_ms, 100);
		wrapper(&t, "b", "c", at_ms + STEP, 100);
		wrapper(&t, "d", "e", at_ms + 3 * STEP, 100);
		by(&t, "f", at_ms + 5 * STEP, 100);
	}
	ARE(&t, "a > b > c > d > e > f, 4");
}

/* Each time by another one: nobody is above two of these times but who has nothing to do with them. */
Test(chain_longer, another_caller_each_time)
{
	struct told t = tell(false);

	for (uint32_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		wrapper(&t, "a", "b", at_ms, 100 + round);
		by(&t, "c", at_ms + 2 * STEP + 5000, 100 + round);
	}
	ARE(&t, "a > b > c, 4");
}

/* What a wrapper is called among has no order: what the wrapper does has. */
Test(chain_longer, among_this_and_that)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 6; round++) {
		uint64_t at_ms = 1000 + round * ROUND;
		unsigned place = round % 3; /* of the wrapper */

		if (!place)
			wrapper(&t, "a", "b", at_ms, 100);
		by(&t, random_orders[round][0], at_ms + 3 * STEP, 100);
		if (place == 1)
			wrapper(&t, "a", "b", at_ms + 4 * STEP, 100);
		by(&t, random_orders[round][1], at_ms + 6 * STEP, 100);
		if (place == 2)
			wrapper(&t, "a", "b", at_ms + 7 * STEP, 100);
	}
	ARE(&t, "a > b, 6");
}

/* It is called for something else, too: c comes behind it 3 times of 6. */
Test(chain_longer, half_the_times)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 6; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		wrapper(&t, "a", "b", at_ms, 100);
		if (round % 2)
			by(&t, "c", at_ms + 2 * STEP, 100);
	}
	ARE(&t, "a > b, 6");
}

/* Before each c, but not only there: others call it, too, and more often. */
Test(chain_longer, most_is_not_of_it)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 9; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		if (round % 3 == 0)
			by(&t, "c", at_ms, 100);
		wrapper(&t, "a", "b", at_ms + STEP, round % 3 == 0 ? 100 : 200);
	}
	ARE(&t, "a > b, 9");
}

/* Each minute, by one who has two things to do then. */
Test(chain_longer, at_the_same_time)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		wrapper(&t, "a", "b", 1000 + round * ROUND, 100);
		by(&t, "c", 1005 + round * ROUND, 100);
	}
	ARE(&t, "a > b, 4");
}

/* Twice an hour somebody starts something, in turns: that c is behind it is as true as that it is behind c. */
Test(chain_longer, as_far_before_as_behind)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 6; round++) {
		wrapper(&t, "a", "b", 1000 + round * ROUND, 100);
		by(&t, "c", 1000 + round * ROUND + ROUND / 2, 100);
	}
	ARE(&t, "a > b, 6");
}

/* It pauses within it, and longer before it begins again. */
Test(chain_longer, pauses_within)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		wrapper(&t, "a", "b", 1000 + round * ROUND, 100);
		by(&t, "c", 1000 + round * ROUND + 2 * STEP + 2000, 100);
	}
	ARE(&t, "a > b > c, 4");
}

/* At the same time, in the same shell: neither is a part of the other, even if they keep step. */
Test(chain_longer, beside_each_other)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		wrapper(&t, "a", "b", 1000 + round * ROUND, 100);
		wrapper(&t, "x", "y", 1005 + round * ROUND, 100);
		by(&t, "z", 1010 + round * ROUND, 100);
	}
	ARE(&t, "a > b, 4", "x > y, 4");
}

/* A user's shell has a gateway as its child, and starts this and that by itself. */
Test(chain_longer, right_below_a_shell)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		for (uint64_t i = 0; i < 4; i++)
			asks(&t, i % 2 ? "b" : "a", at_ms + i * STEP,
			     (struct ct_client){ 5000 + t.ids, { 100, 60, 50 } }, 0);
		for (uint64_t i = 0; i < 2; i++)
			asks(&t, random_orders[round][i], at_ms + (2 + i) * 2000,
			     (struct ct_client){ 5000 + t.ids, { 60, 50 } }, 0);
	}
	ARE(&t, "a > b, 8");
}

/* What a script asks for beside what the one does that it has called. */
Test(chain_longer, beside_a_child)
{
	struct told t = tell(false);

	for (uint32_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;
		struct ct_client child = { .up = { 600 + round, 100, 50 } };

		child.pid = 4000 + t.ids;
		asks(&t, "a", at_ms, child, 0);
		start(&t, "c", at_ms + 5, RUN, 100);
		child.pid = 4000 + t.ids;
		asks(&t, "b", at_ms + STEP, child, 0);
	}
	ARE(&t, "a + c > b, 4");
}

/* Two children of a shell that is asked for something by itself, too: neither is a part of the other. */
Test(chain_longer, near_beside_each_other)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		asks(&t, "z", at_ms, (struct ct_client){ 5000 + t.ids, { 60, 50 } }, 0);
		for (uint64_t i = 0; i < 2; i++) {
			asks(&t, i ? "b" : "a", at_ms + (i + 1) * STEP,
			     (struct ct_client){ 5000 + t.ids, { 100, 60, 50 } }, 0);
			asks(&t, i ? "y" : "x", at_ms + (i + 1) * STEP + 5,
			     (struct ct_client){ 5000 + t.ids, { 200, 60, 50 } }, 0);
		}
	}
	ARE(&t, "a > b, 4", "x > y, 4");
}

/* Of who is so near that nobody else can have asked, a pause says nothing. */
Test(chain_longer, near_and_a_pause)
{
	struct told t = tell(false);

	for (uint32_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		asks(&t, "c", at_ms, (struct ct_client){ 5000 + t.ids, { 100, 50 } }, 0);
		for (uint64_t i = 0; i < 2; i++)
			asks(&t, i ? "b" : "a", at_ms + ROUND / 2 + i * STEP,
			     (struct ct_client){ 5000 + t.ids, { 600 + round, 100, 50 } }, 0);
	}
	ARE(&t, "c > a > b, 4");
}

/* Over and over, with no pause before it begins again. */
Test(chain_longer, without_a_pause)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		wrapper(&t, "a", "b", 1000 + round * 3 * STEP, 100);
		by(&t, "c", 1000 + (round * 3 + 2) * STEP, 100);
	}
	ARE(&t, "a > b > c, 4");
}

/* Likewise twice an hour, by somebody who lives for two hours. */
Test(chain_longer, as_far_before_as_behind_twice)
{
	struct told t = tell(false);

	for (uint32_t round = 0; round < 6; round++) {
		wrapper(&t, "a", "b", 1000 + round * ROUND, 100 + round / 2);
		by(&t, "c", 1000 + round * ROUND + ROUND / 2, 100 + round / 2);
	}
	ARE(&t, "a > b, 6");
}

/* Something else now and then: it is no less often what it is. */
Test(chain_longer, now_and_then)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 20; round++) {
		wrapper(&t, "a", "b", 1000 + round * ROUND, 100);
		if (round % 7 == 3)
			by(&t, "x", 1000 + round * ROUND + 2 * STEP, 100);
	}
	ARE(&t, "a > b, 20");
}

/* Once it is not called for; and whoever is above all of them does something else. */
Test(chain_longer, nearly_all)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 10; round++) {
		wrapper(&t, "a", "b", 1000 + round * ROUND, 100);
		if (round != 4)
			by(&t, "c", 1000 + round * ROUND + 2 * STEP, 100);
		if (round % 3 == 0)
			below(&t, "x", 1005 + round * ROUND + round * 100, 3,
			      (struct ct_client){ 50, { 0 } });
	}
	ARE(&t, "a > b > c, 9");
}
