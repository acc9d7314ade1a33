// SPDX-License-Identifier: GPL-2.0-only
/* Groups of what starts one after another: found or not, and how sure that is. */
#include "chains_told.h"

Test(chains, of_five)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct told t = tell(false);
	const struct ct_chain *chain;

	for (uint64_t round = 0; round < 4; round++)
		for (uint64_t i = 0; i < 5; i++)
			start(&t, names[i], 1000 + round * ROUND + i * (START + RUN + 10), RUN,
			      (uint32_t)(100 + round)); /* another gateway each time */
	start(&t, "other", 1500, RUN, 999); /* somebody else's, at the same time */
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	chain = ct_chains_get(t.chains, 0);
	cr_expect_str_eq(chain->name, "a > b > c > d > e");
	cr_expect_eq(chain->count, 4);
	cr_expect_eq(chain->begun, 4);
	cr_expect_float_eq(chain->start[2].median, START * 1e6, 1);
	cr_expect_float_eq(chain->run[2].median, RUN * 1e6, 1);
	cr_expect_float_eq(chain->gap[2].median, 10e6, 1);
	cr_expect_float_eq(chain->total.median, (5 * (START + RUN) + 40) * 1e6, 1);
	cr_expect_float_eq(chain->cold.median, 5 * START * 1e6, 1);
	ct_chains_free(t.chains);
}

/* One process asks for all, again and again. */
Test(chains, fan_out_of_three)
{
	static const char *const orders[][3] = { { "x", "y", "z" },
						 { "z", "x", "y" },
						 { "y", "z", "x" } };
	struct told t = tell(false);

	for (uint64_t round = 0; round < 3; round++) {
		start(&t, "front", 1000 + round * ROUND, 0, 100);
		for (uint64_t i = 0; i < 3; i++)
			start(&t, orders[round][i], 1200 + round * ROUND + i * 5, 0, 100);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "front > x + y + z");
	/* From the first request until the last is ready. */
	cr_expect_float_eq(ct_chains_get(t.chains, 0)->total.median, (200 + 10 + START) * 1e6, 1);
	cr_expect_float_eq(ct_chains_get(t.chains, 0)->cold.median, 2 * START * 1e6, 1);
	ct_chains_free(t.chains);
}

/* Tracing begins in the middle, or the client starts other things too: it is divided where it pauses. */
Test(chains, begun_in_the_middle)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct told t = tell(false);
	const struct ct_chain *chain;

	start(&t, "setup", 500, RUN, 100);
	for (uint64_t round = 0; round < 4; round++)
		for (uint64_t i = round ? 0 : 2; i < 5; i++) {
			start(&t, names[i], 1000 + round * ROUND + i * (START + RUN + 10), RUN,
			      100);
			if (round == 2 && i == 1)
				start(&t, "once", 1000 + round * ROUND + 500, RUN, 100);
		}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	chain = ct_chains_get(t.chains, 0);
	cr_expect_str_eq(chain->name, "a > b > c > d > e");
	cr_expect_eq(chain->count, 3);
	cr_expect_eq(chain->begun, 3);
	ct_chains_free(t.chains);
}

/* A client that waits within a chain, and for nothing between two: what it began with is the first. */
Test(chains, pauses_within)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		start(&t, "a", 1000 + round * 1000, RUN, 100);
		start(&t, "b", 1650 + round * 1000, RUN, 100);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "a > b");
	cr_expect_eq(ct_chains_get(t.chains, 0)->count, 4);
	ct_chains_free(t.chains);
}

/* The same three, each time in an order of chance: no chain, however often. */
Test(chains, a_random_order_is_none)
{
	static const char *const names[] = { "a", "b", "c" };

	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct told t = tell(false);
		struct ct_random random;

		ct_random_seed(&random, seed);
		for (uint64_t round = 0; round < 40; round++) {
			size_t first = ct_random_u64(&random) % 3,
			       second = (first + 1 + ct_random_u64(&random) % 2) % 3;
			const size_t order[] = { first, second, 3 - first - second };

			for (uint64_t i = 0; i < 3; i++)
				start(&t, names[order[i]], 1000 + round * ROUND + i * 400, RUN,
				      100);
		}
		cr_assert_eq(ct_chains_run(t.chains), 0);
		cr_expect_eq(ct_chains_count(t.chains), 0, "seed %llu: %s",
			     (unsigned long long)seed,
			     ct_chains_count(t.chains) ? ct_chains_get(t.chains, 0)->name : "");
		ct_chains_free(t.chains);
	}
}

/* What different clients start has nothing to do with each other; twice is chance. */
Test(chains, others_are_none)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 5; round++) {
		start(&t, "a", 1000 + round * ROUND, RUN, 100);
		start(&t, "b", 1400 + round * ROUND, RUN, 200);
	}
	for (uint64_t round = 0; round < 2; round++) {
		start(&t, "c", 3000 + round * ROUND, RUN, 300);
		start(&t, "d", 3400 + round * ROUND, RUN, 300);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_expect_eq(ct_chains_count(t.chains), 0);
	ct_chains_free(t.chains);
}

/* As the user names it: whoever asks, in his order, however often. */
Test(chains, named)
{
	const struct ct_chains_how how = {
		.named = { { "shop=we?,db", 4, "we?,db" }, { "b,a", 0, "b,a" } },
		.named_count = 2,
	};
	struct told t = { .chains = ct_chains_new(&how) };
	const struct ct_chain *chain;

	start(&t, "web", 1000, RUN, 100);
	start(&t, "noise", 1200, RUN, 100);
	start(&t, "db", 1400, RUN, 200);
	start(&t, "web", 9000, RUN, 100); /* and then nothing */
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 2);
	chain = ct_chains_get(t.chains, 0);
	cr_expect_str_eq(chain->name, "shop");
	cr_expect_eq(chain->count, 1);
	cr_expect_eq(chain->begun, 2);
	cr_expect_eq(ct_chains_get(t.chains, 1)->count, 0);
	ct_chains_free(t.chains);
}

/* As its records are told: those beside each other come in any order, and a start once more is another time. */
Test(chains, named_fan_out)
{
	const struct ct_chains_how how = {
		.named = { { "a,b,c,d", 0, "a,b,c,d" }, { "b,a", 0, "b,a" }, { "x,x", 0, "x,x" } },
		.named_count = 3,
	};
	struct told t = { .chains = ct_chains_new(&how) };
	const struct ct_chain *chain;

	start(&t, "a", 1000, RUN, 100);
	start(&t, "d", 1200, RUN, 100);
	start(&t, "b", 1201, RUN, 100);
	start(&t, "c", 1202, RUN, 100);
	start(&t, "d", 3000, RUN, 100); /* before what it comes behind, and over */
	start(&t, "a", 4000, RUN, 100);
	start(&t, "b", 4200, RUN, 100);
	start(&t, "c", 4400, RUN, 100);
	start(&t, "d", 4600, RUN, 100);
	start(&t, "b", 7000, RUN, 100);
	start(&t, "a", 7010, RUN, 100);
	start(&t, "x", 8000, RUN, 100);
	start(&t, "x", 8500, RUN, 100);
	cr_assert_eq(ct_chains_run(t.chains), 0);
	chain = ct_chains_get(t.chains, 0);
	cr_expect_eq(chain->count, 2);
	cr_expect_eq(chain->begun, 3);
	cr_expect_eq(chain->matched, 0xf);
	cr_expect_float_eq(chain->gap[3].min, -(START + RUN + 2) * (double)MS, 1,
			   "d began before c");
	chain = ct_chains_get(t.chains, 1);
	cr_expect_eq(chain->count, 2);
	cr_expect_float_eq(chain->total.min, (10 + START + RUN) * (double)MS, 1);
	chain = ct_chains_get(t.chains, 2);
	cr_expect_eq(chain->count, 1, "of one image, one after the other");
	cr_expect_eq(chain->begun, 1);
	ct_chains_free(t.chains);
}

/* What an engine starts again by itself nobody has asked for: it divides nothing, and is no begin. */
Test(chains, restarts_by_policy)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		start(&t, "a", 1000 + round * ROUND, RUN, 100);
		again_by_policy(&t, "a", 1310 + round * ROUND, 100);
		start(&t, "b", 1500 + round * ROUND, RUN, 100);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "a > b");
	cr_expect_eq(ct_chains_get(t.chains, 0)->begun, 4);
	ct_chains_free(t.chains);
}

/* Of fewer than 6 times there is no interval at 95 %, however alike they are. */
Test(chains, few_times_have_no_interval)
{
	for (uint64_t times = 3; times <= 6; times++) {
		struct told t = tell(true);
		const struct ct_chain *chain;

		for (uint64_t round = 0; round < times; round++)
			for (uint64_t i = 0; i < 2; i++)
				start(&t, i ? "b" : "a", 1000 + round * (ROUND + 1) + i * 500,
				      RUN + round, 100);
		cr_assert_eq(ct_chains_run(t.chains), 0);
		chain = ct_chains_get(t.chains, 0);
		cr_assert_not_null(chain);
		cr_expect_eq(chain->total.sure, times == 6, "%llu", (unsigned long long)times);
		cr_expect_eq(chain->what_if[0].saved.sure, times == 6);
		if (times == 6) {
			cr_expect_float_eq(chain->total.low, chain->total.min, 1e-3);
			cr_expect_float_eq(chain->total.high, chain->total.max, 1e-3);
		}
		ct_chains_free(t.chains);
	}
}

/* Two nodes have processes of one number, and the same containers: what one starts is not the other's. */
Test(chains, of_another_recording_nobody_is_known)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 4; round++) {
		ct_chains_turn(t.chains);
		start(&t, "a", 1000 + round * ROUND, RUN, 100);
		ct_chains_turn(t.chains);
		start(&t, "b", 1400 + round * ROUND, RUN, 100);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_expect_eq(ct_chains_count(t.chains), 0);
	ct_chains_free(t.chains);
}

/* A round in each of three recordings is three rounds. */
Test(chains, over_recordings)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 3; round++) {
		ct_chains_turn(t.chains);
		start(&t, "a", 1000, RUN, 100);
		start(&t, "b", 1400, RUN, 100);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_eq(ct_chains_get(t.chains, 0)->count, 3);
	ct_chains_free(t.chains);
}

/* Many that are none do not hide one; what there is of them does not take for ever. */
Test(chains, one_among_ten_thousand)
{
	struct told t = tell(false);
	char names[2][32];

	for (uint64_t i = 0; i < 10000; i++) {
		for (unsigned k = 0; k < 2; k++)
			snprintf(names[k], sizeof(names[k]), "job-%llu-%u", (unsigned long long)i,
				 k);
		start(&t, names[0], 1000 + i * ROUND, RUN, (uint32_t)(10000 + i));
		start(&t, names[1], 1400 + i * ROUND, RUN, (uint32_t)(10000 + i));
		if (i < 9996)
			continue;
		start(&t, "last-a", 2000 + i * ROUND, RUN, (uint32_t)(30000 + i));
		start(&t, "last-b", 2400 + i * ROUND, RUN, (uint32_t)(30000 + i));
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_str_eq(ct_chains_get(t.chains, 0)->name, "last-a > last-b");
	cr_expect_eq(ct_chains_get(t.chains, 0)->count, 4);
	ct_chains_free(t.chains);
}

struct records {
	size_t count;
	uint64_t begins[8], totals[8], cold[8];
	struct ct_found found[8];
	char names[8][128], members[8][3][128];
	char node[80];
	size_t steps, labels;
};

static void keep(void *ctx, const struct ct_record *rec)
{
	struct records *r = ctx;
	uint64_t at = rec->begin_ns;

	cr_assert_lt(r->count, 8);
	cr_assert(rec->found);
	cr_expect_eq(rec->type, CT_RECORD_GROUP);
	cr_expect_eq(rec->outcome, CT_OUTCOME_OK);
	for (size_t i = 0; i < rec->segment_count; i++) {
		cr_expect_eq(rec->segments[i].begin_ns, at);
		at = rec->segments[i].end_ns;
	}
	cr_expect_eq(at, rec->end_ns);
	r->begins[r->count] = rec->begin_ns;
	r->totals[r->count] = rec->end_ns - rec->begin_ns;
	r->cold[r->count] = ct_record_phase_ns(rec, CT_PHASE_COLD);
	r->found[r->count] = *rec->found;
	snprintf(r->names[r->count], sizeof(r->names[0]), "%s", rec->who->name);
	for (size_t i = 0; i < rec->member_count && i < 3; i++)
		snprintf(r->members[r->count][i], sizeof(r->members[0][0]), "%s",
			 rec->members[i].name);
	snprintf(r->node, sizeof(r->node), "%s", rec->node);
	r->steps += rec->step_count;
	r->labels += rec->labels != NULL;
	r->count++;
}

static void found_as_records(bool steps, struct records *ret)
{
	const struct ct_chains_how how = { .find = true, .records = true, .steps = steps };
	struct told t = { .chains = ct_chains_new(&how) };

	cr_assert(t.chains);
	for (uint64_t round = 0; round < 3; round++) {
		uint64_t at = 1000 + round * ROUND;

		start(&t, "a", at, RUN, 100);
		start(&t, "b", at + 310, RUN + round * 10, 100);
		start(&t, "c", at + 650, RUN, 100);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_records(t.chains, keep, ret), 0);
	ct_chains_free(t.chains);
}

Test(chains, each_time_is_a_record)
{
	struct records r = { 0 };

	found_as_records(false, &r);
	cr_assert_eq(r.count, 3);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_str_eq(r.names[i], "a > b > c");
		cr_expect_str_eq(r.members[i][0], "a");
		cr_expect_str_eq(r.members[i][2], "c");
		cr_expect_eq(r.begins[i], (1000 + i * ROUND) * MS);
		cr_expect_eq(r.totals[i], 950 * MS);
		cr_expect_eq(r.cold[i], 3 * START * MS);
		cr_expect_eq(r.found[i].time, i + 1);
		cr_expect_eq(r.found[i].times, 3);
		cr_expect_eq(r.found[i].begun, 3);
		cr_expect_float_eq(r.found[i].variation, 0, 1e-9);
	}
	cr_expect_eq(r.steps, 0);
	cr_expect_eq(r.labels, 0);
	cr_expect_str_eq(r.node, "");
	r = (struct records){ 0 };
	found_as_records(true, &r);
	cr_expect_eq(r.steps, 3 * 3 * 3);
}

/* 100, 200, 300 ms apart: mean 1150, standard deviation 100. */
Test(chains, how_sure_it_is)
{
	struct told t = tell(false);

	for (uint64_t round = 0; round < 3; round++) {
		start(&t, "a", 1000 + round * ROUND, RUN, 100);
		start(&t, "b", 1000 + 550 + round * (ROUND + 100), RUN + 100, 100);
	}
	cr_assert_eq(ct_chains_run(t.chains), 0);
	cr_assert_eq(ct_chains_count(t.chains), 1);
	cr_expect_float_eq(ct_chains_get(t.chains, 0)->variation, 100. / 1050, 1e-6, "%f",
			   ct_chains_get(t.chains, 0)->variation);
	ct_chains_free(t.chains);
}
