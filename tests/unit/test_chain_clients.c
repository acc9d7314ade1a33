// SPDX-License-Identifier: GPL-2.0-only
/* Groups of what starts one after another: whose starts are whose. */
#include "chains_told.h"

/* Each member's command is a grandchild of the gateway; somebody else does so with no order. */
Test(chain_clients, grandchildren)
{
	static const char *const orders[][2] = {
		{ "x", "y" }, { "y", "x" }, { "y", "x" }, { "x", "y" }
	};
	static const char *const names[] = { "a", "b", "c" };
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		for (uint64_t i = 0; i < 3; i++)
			asks(&t, names[i], 1000 + round * ROUND + i * (START + RUN + 10),
			     (struct ct_client){ 5000 + t.ids, { 6000 + t.ids, 100 } }, 0);
		for (uint64_t i = 0; i < 2; i++)
			asks(&t, orders[round][i], 1010 + round * ROUND + i * (START + RUN + 10),
			     (struct ct_client){ 5000 + t.ids, { 6000 + t.ids, 200 } }, 0);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "a > b > c");
	cr_expect_eq(ct_chains_get(t.chains, 0)->count, 4);
	ct_chains_free(t.chains);
}

/*
 * However far the gateway is above: sudo with a terminal forks twice, a script calls a wrapper. Below it is somebody who
 * has no order, and beside it one whose shell has the same parent.
 */
Test(chain_clients, far_below)
{
	static const char *const orders[][2] = {
		{ "x", "y" }, { "y", "x" }, { "y", "x" }, { "x", "y" }
	};
	static const char *const names[] = { "a", "b", "c" };
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < 3; i++) {
			struct ct_client far = { 5000 + t.ids, { 6000 + t.ids } };

			/* the second is asked for through one more */
			far.up[1] = 7000 + t.ids;
			far.up[2] = 8000 + t.ids;
			far.up[2 + (i != 1)] = 8500 + t.ids;
			far.up[3 + (i != 1)] = 100;
			far.up[4 + (i != 1)] = 50;
			asks(&t, names[i], 1000 + round * ROUND + i * (START + RUN + 10), far, 0);
		}
		for (uint32_t i = 0; i < 2; i++)
			asks(&t, orders[round][i], 1010 + round * ROUND + i * (START + RUN + 10),
			     (struct ct_client){
				     5000 + t.ids,
				     { 6000 + t.ids, 7000 + t.ids, 8000 + t.ids, 200, 50 } },
			     0);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "a > b > c");
	cr_expect_eq(ct_chains_get(t.chains, 0)->count, 4);
	ct_chains_free(t.chains);
}

/* The last one above that is told; the first process of the host is above everybody. */
Test(chain_clients, as_far_as_is_told)
{
	for (uint32_t top = 1; top <= 2; top++) {
		struct told t = tell(false);

		for (uint64_t round = 0; round < 4; round++)
			for (uint32_t i = 0; i < 2; i++) {
				struct ct_client far = { .pid = 100000 + t.ids };

				for (uint32_t up = 0; up + 1 < CT_CLIENT_UP; up++)
					far.up[up] = 100000 * (up + 2) + t.ids;
				far.up[CT_CLIENT_UP - 1] = top;
				asks(&t, i ? "b" : "a",
				     1000 + round * ROUND + i * (START + RUN + 10), far, 0);
			}
		cr_assert_eq(ct_chains_run(t.chains), 0);
		cr_expect_eq(ct_chains_count(t.chains), top == 2, "%u", top);
		ct_chains_free(t.chains);
	}
}

/*
 * A shell that asks for this and that itself is no farther above it than a gateway below that shell above what that asks
 * for: the gateway is nearer.
 */
Test(chain_clients, gateway_below_a_shell)
{
	static const char *const orders[][2] = {
		{ "x", "y" }, { "y", "x" }, { "y", "x" }, { "x", "y" }
	};
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++)
		for (uint32_t i = 0; i < 2; i++) {
			uint64_t at_ms = 1000 + round * ROUND + i * (START + RUN + 10);

			asks(&t, i ? "b" : "a", at_ms,
			     (struct ct_client){ 5000 + t.ids,
						 { 6000 + t.ids, 7000 + t.ids, 100, 50, 40 } },
			     0);
			asks(&t, orders[round][i], at_ms + 5,
			     (struct ct_client){ 5000 + t.ids, { 6000 + t.ids, 50, 40 } }, 0);
		}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "a > b");
	ct_chains_free(t.chains);
}

/* Below one shell two gateways do their work at the same time: who is nearer is who asked. */
Test(chain_clients, nearer_before_farther)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++)
		for (uint64_t i = 0; i < 2; i++) {
			uint64_t at_ms = 1000 + round * ROUND + i * (START + RUN + 10);

			asks(&t, i ? "b" : "a", at_ms,
			     (struct ct_client){ 5000 + t.ids, { 101, 50 } }, 0);
			asks(&t, i ? "y" : "x", at_ms + 5 * (round % 2 ? 1 : 0),
			     (struct ct_client){ 5000 + t.ids, { 102, 50 } }, 0);
		}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 2);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "a > b");
	cr_expect_str_eq(ct_chains_get(t.chains, 1)->name, "x > y");
	ct_chains_free(t.chains);
}

/* A container has the engine's socket: its own program, or what that forks, asks for the next one. */
Test(chain_clients, asked_by_a_member)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;
		uint32_t first = (uint32_t)(7000 + 10 * round);

		asks(&t, "a", at_ms,
		     (struct ct_client){ 5000 + t.ids, { (uint32_t)(100 + round), 1 } }, first);
		/* before its engine has answered: who asks has been started */
		asks(&t, "b", at_ms + 50, (struct ct_client){ first, { 1, 0 } }, first + 1);
		asks(&t, "c", at_ms + 200, (struct ct_client){ 5000 + t.ids, { first + 1, 1 } },
		     first + 2);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "a > b > c");
	cr_expect_float_eq(ct_chains_get(t.chains, 0)->start[0].median, 50e6, 1);
	ct_chains_free(t.chains);
}

/* The pid of a member that has exited is somebody else's, who asks for something. */
Test(chain_clients, asked_by_who_has_its_pid)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		uint64_t at_ms = 1000 + round * ROUND;

		asks(&t, "a", at_ms,
		     (struct ct_client){ 5000 + t.ids, { (uint32_t)(100 + round), 1 } }, 7000);
		asks(&t, "b", at_ms + START + RUN + 500, (struct ct_client){ 7000, { 3000, 1 } },
		     0);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_expect_eq(ct_chains_count(t.chains), 0);
	ct_chains_free(t.chains);
}

/*
 * So far above them that it is not told of all: who is above those with the shorter lines seems to be above fewer than a
 * shell below him.
 */
Test(chain_clients, lines_that_are_cut)
{
	static const char *const orders[][2] = {
		{ "x", "y" }, { "y", "x" }, { "y", "x" }, { "x", "y" }
	};
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++)
		for (uint32_t i = 0; i < 4; i++) {
			struct ct_client far = { .pid = 100000 + t.ids };
			uint32_t own = i == 3 ? 3 : i == 2 ? 5 : 7, up = 0; /* lines */

			for (; up < own; up++)
				far.up[up] = 100000 * (up + 2) + t.ids;
			/* the first two are asked for through one who calls himself the same */
			if (i < 2)
				far.up[4] = 90000 + (uint32_t)round;
			if (i != 3)
				far.up[up++] = 100;
			for (uint32_t above = 90; up < CT_CLIENT_UP; up++, above--)
				far.up[up] = above;
			if (i == 3)
				for (uint32_t k = 0; k < 2; k++, far.pid++)
					asks(&t, orders[round][k], 1005 + round * ROUND + k * 300,
					     far, 0);
			else
				asks(&t,
				     i == 2 ? "c"
				     : i    ? "b"
					    : "a",
				     1000 + round * ROUND + i * (START + RUN + 10), far, 0);
		}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "a > b > c");
	ct_chains_free(t.chains);
}
