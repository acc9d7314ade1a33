// SPDX-License-Identifier: GPL-2.0-only
/* The path through a group's members, what starting some of them earlier saves, and what starts lose beside others. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "starts.h"
#include "stats/chains.h"
#include "util/mem.h"

static const struct ct_contention none, fourfold = { .more = 3 }, threefold = { .more = 2 };

/* a 0..100 starts, ..300 runs; b 310..410, ..610; c 620..720, ..920. One process asks for all. */
static const struct ct_chain_time three = {
	.starts = { { 0, 100 * MS, 300 * MS, 7, 0 },
		    { 310 * MS, 410 * MS, 610 * MS, 7, 0 },
		    { 620 * MS, 720 * MS, 920 * MS, 7, 0 } },
	.count = 3,
};

Test(prewarm, path_of_three)
{
	struct ct_chain_path path;

	ct_chain_walk(&three, &path);
	cr_expect_eq(path.total_ns, 920 * MS);
	cr_expect_eq(path.cold_ns, 300 * MS);
	cr_expect_eq(path.run_ns, 600 * MS);
	cr_expect_eq(path.gap_ns, 20 * MS);
	cr_expect_eq(path.member_cold_ns[1], 100 * MS);
}

Test(prewarm, what_prewarming_saves)
{
	static const struct {
		uint32_t members;
		uint64_t lead_ms, saved_ms, idle_ms;
	} rows[] = {
		{ 0, 1000, 0, 0 },
		{ 1, 1000, 0, 0 }, /* the first cannot be earlier */
		{ 2, 50, 50, 0 }, /* half of its start */
		{ 2, 100, 100, 0 },
		{ 2, 150, 100, 50 }, /* there is no more to save, and it idles */
		{ 6, 50, 100, 0 },
		{ 6, 100, 200, 0 },
		{ 6, 1000, 200, 310 - 100 + 520 - 100 }, /* both with the first request */
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_prewarmed p;

		ct_chain_prewarm(&three, rows[i].members, rows[i].lead_ms * MS, &none, &p);
		cr_expect_eq(p.saved_ns, (int64_t)(rows[i].saved_ms * MS), "%zu: %lld", i,
			     (long long)p.saved_ns);
		cr_expect_eq(p.idle_ns, rows[i].idle_ms * MS, "%zu: %llu", i,
			     (unsigned long long)p.idle_ns);
		cr_expect_not(p.overlaps);
	}
}

/* A client is started for each request: the time for that is saved too. */
Test(prewarm, who_asks_anew_saves_the_asking)
{
	struct ct_chain_time t = three;
	struct ct_prewarmed p;

	t.starts[1].client = 8;
	t.starts[2].client = 9;
	ct_chain_prewarm(&t, 6, 1000 * MS, &none, &p);
	cr_expect_eq(p.saved_ns, (int64_t)(220 * MS), "%lld", (long long)p.saved_ns);
}

/* Starts that would overlap are as slow as such starts are: the first, too. */
Test(prewarm, contention_is_said)
{
	struct ct_prewarmed p;

	ct_chain_prewarm(&three, 2, UINT64_MAX, &fourfold, &p);
	cr_expect(p.overlaps);
	/* The first takes 400 ms, not 100; the second, with it, is ready before it is called for. */
	cr_expect_eq(p.saved_ns, -(int64_t)(200 * MS), "%lld", (long long)p.saved_ns);
	ct_chain_prewarm(&three, 6, 150 * MS, &fourfold, &p);
	cr_expect_not(p.overlaps, "none starts while another does");
	cr_expect_eq(p.saved_ns, (int64_t)(200 * MS));
}

/* Company that is gone makes it faster again; half of a start beside another is half of it. */
Test(prewarm, contention_goes_with_company)
{
	struct ct_chain_time pair = { .count = 3 };
	const struct ct_contention twice = { .told = true, .more = 1 };
	struct ct_prewarmed p;

	/* b and c start beside each other, and take 200 ms each where alone they would take 100. */
	pair.starts[0] = (struct ct_chain_start){ 1000 * MS, 1100 * MS, 0, 7, 0 };
	pair.starts[1] = (struct ct_chain_start){ 1500 * MS, 1700 * MS, 0, 7, 0 };
	pair.starts[2] = (struct ct_chain_start){ 1500 * MS, 1700 * MS, 0, 7, 0 };
	/* With b 300 ms earlier c takes 100; and it is c that the end waits for. */
	ct_chain_prewarm(&pair, 2, 300 * MS, &twice, &p);
	cr_expect(p.overlaps);
	cr_expect_float_eq((double)p.saved_ns / MS, 100, 0.01, "%lld", (long long)p.saved_ns);
	/* 50 ms of the first's 100 are beside b: half again as long, which nobody waits for. */
	ct_chain_prewarm(&three, 2, 260 * MS, &twice, &p);
	cr_expect(p.overlaps);
	cr_expect_float_eq((double)p.saved_ns / MS, 50, 0.01, "%lld", (long long)p.saved_ns);
}

/* Those that overlap anyway are slow already. */
Test(prewarm, contention_is_not_taken_twice)
{
	struct ct_chain_time fan = { .count = 3 };
	struct ct_prewarmed p;

	fan.starts[0] = (struct ct_chain_start){ 1000 * MS, 1100 * MS, 0, 7, 0 };
	fan.starts[1] = (struct ct_chain_start){ 1500 * MS, 1700 * MS, 0, 7, 0 };
	fan.starts[2] = (struct ct_chain_start){ 1510 * MS, 1710 * MS, 0, 7, 0 };
	ct_chain_prewarm(&fan, 6, 100 * MS, &threefold, &p);
	cr_expect_not(p.overlaps);
	cr_expect_eq(p.saved_ns, (int64_t)(100 * MS), "%lld", (long long)p.saved_ns);
}

/* One of an image that takes so long to start. */
static void image_start(struct ct_chains *c, const char *image, uint64_t at_ms, uint64_t start_ms)
{
	struct ct_identity who = { 0 };
	struct ct_record rec = start_of(&who, at_ms, start_ms);

	snprintf(who.image, sizeof(who.image), "%s", image);
	snprintf(who.id, sizeof(who.id), "%llu", (unsigned long long)at_ms);
	cr_assert_eq(ct_chains_add(c, &rec), 0);
}

/* Three starts beside others, three alone: of one image that tells how much slower they are, of two it does not. */
Test(prewarm, contention_is_measured)
{
	static const struct {
		unsigned beside, alone;
		const char *other; /* image of those that are beside each other */
		double more;
	} rows[] = {
		{ 0, 3, "image", 0 },    { 2, 3, "image", 0 },  { 4, 2, "image", 0 },
		{ 4, 3, "image", 0.67 }, { 4, 3, "larger", 0 },
	};

	const struct ct_chains_how how = { .find = true };

	for (size_t r = 0; r < CT_ARRAY_SIZE(rows); r++) {
		struct ct_chains *c = ct_chains_new(&how);
		const struct ct_contention *by;

		for (unsigned i = 0; i < rows[r].alone; i++)
			image_start(c, "image", 1000 + i * 1000, START);
		for (unsigned i = 0; i < rows[r].beside; i++)
			image_start(c, rows[r].other, 20000 + i, 3 * START);
		cr_assert_eq(ct_chains_run(c), 0);
		by = ct_chains_contention(c);
		cr_expect_float_eq(by->more, rows[r].more, 0.01, "row %zu: %f", r, by->more);
		cr_expect_eq(by->told, rows[r].more > 0);
		cr_expect_eq(by->overlapping, rows[r].beside);
		cr_expect_eq(by->alone, rows[r].alone);
		ct_chains_free(c);
	}
}

/* a's stop, ..340, is beside b's start for 30 ms; half of that is lost. */
static struct ct_chain_time stopped(void)
{
	struct ct_chain_time t = { .count = 2 };

	t.starts[0] = (struct ct_chain_start){ 0, 100 * MS, 300 * MS, 7, 340 * MS };
	t.starts[1] = (struct ct_chain_start){ 310 * MS, 410 * MS, 610 * MS, 7, 650 * MS };
	return t;
}

/* A start of 85 ms by itself takes 100 beside 30 ms of a stop, 105 beside all 40 of it. */
Test(prewarm, what_is_lost_beside_a_stop_moves)
{
	static const struct {
		uint64_t lead_ms, saved_ms;
		const char *because;
	} rows[] = {
		{ 0, 0, "nothing has moved" },
		{ 10, 5, "all of the stop: 10 ms more than before, of which 5 are lost" },
		{ 50, 45, "likewise, in its midst" },
		{ 80, 80, "it is ready before the stop is over, which was beside 30 ms of it" },
		{ 95, 100,
		  "none of the stop: it is ready when the first exits, and is called 10 ms later" },
		{ 150, 100, "there is no more to save" },
	};
	const struct ct_contention half = { .lost = 0.5, .beside_stops = 3 };
	const struct ct_chain_time t = stopped();

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_prewarmed p;

		ct_chain_prewarm(&t, 2, rows[i].lead_ms * MS, &half, &p);
		cr_expect_eq(p.saved_ns, (int64_t)(rows[i].saved_ms * MS), "%s: %lld",
			     rows[i].because, (long long)p.saved_ns);
	}
}

/* What two stop at once loses no more than beside one; and what was beside a stop that has gone elsewhere is as fast as alone. */
Test(prewarm, stops_at_once_are_one)
{
	const struct ct_contention half = { .lost = 0.5, .beside_stops = 3 };
	struct ct_chain_time t = { .count = 3 };
	struct ct_prewarmed p;

	t.starts[0] = (struct ct_chain_start){ 0, 100 * MS, 300 * MS, 7, 340 * MS };
	t.starts[1] = (struct ct_chain_start){ 10 * MS, 100 * MS, 300 * MS, 7, 320 * MS };
	t.starts[2] = (struct ct_chain_start){ 310 * MS, 410 * MS, 610 * MS, 7, 650 * MS };
	ct_chain_prewarm(&t, 4, 50 * MS, &half, &p);
	cr_expect_eq(p.saved_ns, (int64_t)(45 * MS), "%lld", (long long)p.saved_ns);
	ct_chain_prewarm(&t, 4, 80 * MS, &half, &p);
	cr_expect_eq(p.saved_ns, (int64_t)(80 * MS), "%lld", (long long)p.saved_ns);
}

/* Of a create that takes so long, and what is behind it. */
static void kind_starts(struct ct_chains *c, const char *image, uint64_t at_ms, uint64_t create_ms,
			uint64_t start_ms)
{
	struct ct_identity who = { 0 };
	struct ct_record rec = start_of(&who, at_ms, create_ms + start_ms);

	snprintf(who.image, sizeof(who.image), "%s", image);
	snprintf(who.id, sizeof(who.id), "%llu", (unsigned long long)at_ms);
	rec.segments[0] =
		(struct ct_segment){ CT_PHASE_CREATE, rec.begin_ns, rec.begin_ns + create_ms * MS };
	rec.segments[1] =
		(struct ct_segment){ CT_PHASE_START, rec.begin_ns + create_ms * MS, rec.end_ns };
	rec.segment_count = 2;
	cr_assert_eq(ct_chains_add(c, &rec), 0);
}

/* Another one, which was told to 10 ms before, has exited, and is gone so long after. */
static void another_stops(struct ct_chains *c, uint64_t at_ms, uint64_t takes_ms)
{
	struct ct_identity who = { 0 };
	struct ct_record rec = start_of(&who, at_ms - 10, takes_ms + 10);

	rec.type = CT_RECORD_STOP;
	rec.cause = CT_CAUSE_REQUEST;
	rec.service_end_ns = at_ms * MS;
	snprintf(who.id, sizeof(who.id), "other%llu", (unsigned long long)at_ms);
	cr_assert_eq(ct_chains_add(c, &rec), 0);
}

/* What a create has lost by 30 ms beside a stop: phase by phase, for what is behind it has lost nothing. */
Test(prewarm, what_is_lost_beside_stops_is_measured)
{
	static const struct {
		unsigned beside, alone;
		uint64_t create_ms; /* beside a stop, which ends 30 ms after it has begun */
		double lost;
		size_t n;
	} rows[] = {
		{ 3, 3, 32, 0.4, 3 }, { 4, 3, 32, 0.4, 4 }, { 2, 3, 32, 0, 0 },
		{ 3, 2, 32, 0, 0 },   { 3, 3, 20, 0, 3 },   { 3, 3, 400, 0.9, 3 },
	};
	const struct ct_chains_how how = { .find = true, .prewarm = true };

	for (size_t r = 0; r < CT_ARRAY_SIZE(rows); r++) {
		struct ct_chains *c = ct_chains_new(&how);
		uint64_t at = 0;

		for (unsigned i = 0; i < rows[r].alone; i++)
			kind_starts(c, "image", at += 1000, 20, 80);
		for (unsigned i = 0; i < rows[r].beside; i++) {
			kind_starts(c, "image", at += 1000, rows[r].create_ms, 80);
			another_stops(c, at - 10, 40);
		}
		cr_assert_eq(ct_chains_run(c), 0);
		cr_expect_float_eq(ct_chains_contention(c)->lost, rows[r].lost, 0.001,
				   "row %zu: %f", r, ct_chains_contention(c)->lost);
		cr_expect_eq(ct_chains_contention(c)->beside_stops, rows[r].n, "row %zu", r);
		ct_chains_free(c);
	}
}

/*
 * Of each image by itself, whose creates take 18, 20, 22 and 48, 50, 52 ms alone, in whatever order they come; beside 10 and
 * 20 ms of stops, which overlap each other and come late, they have lost 2 and 4. The next recording has the same times,
 * and nobody stops there.
 */
Test(prewarm, what_is_lost_is_by_kind_and_recording)
{
	static const struct {
		uint64_t at_ms, create_ms;
		const char *image;
		uint64_t beside_ms;
	} rows[] = {
		{ 5000, 52, "large", 0 },   { 1000, 22, "small", 10 }, { 2000, 54, "large", 20 },
		{ 3000, 20, "small", 0 },   { 4000, 22, "small", 0 },  { 6000, 48, "large", 0 },
		{ 7000, 18, "small", 0 },   { 8000, 50, "large", 0 },  { 9000, 52, "large", 10 },
		{ 10000, 24, "small", 20 }, { 11000, 20, "small", 0 }, { 12000, 53, "large", 15 },
		{ 13000, 23, "small", 15 },
	};
	const struct ct_chains_how how = { .find = true, .prewarm = true };
	struct ct_chains *c = ct_chains_new(&how);
	const struct ct_contention *by;

	for (size_t i = CT_ARRAY_SIZE(rows); i--;) {
		if (!rows[i].beside_ms)
			continue;
		/* Both are over with it, or before it is; one within the other. */
		another_stops(c, rows[i].at_ms, rows[i].beside_ms);
		another_stops(c, rows[i].at_ms + 2, rows[i].beside_ms - 5);
		another_stops(c, rows[i].at_ms - 90, 50);
	}
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++)
		kind_starts(c, rows[i].image, rows[i].at_ms, rows[i].create_ms, 80);
	ct_chains_turn(c);
	for (size_t i = 0; i < 3; i++)
		kind_starts(c, "small", 1000 + i * 1000, 20, 80);
	cr_assert_eq(ct_chains_run(c), 0);
	by = ct_chains_contention(c);
	cr_expect_float_eq(by->lost, 0.2, 0.001, "%f", by->lost);
	cr_expect_eq(by->beside_stops, 6, "%zu", by->beside_stops);
	ct_chains_free(c);
}

/* Each image by its own median, in whatever order they come: 2 and 3 times as long; the shortest of alone ones, and the longest, are not it. */
Test(prewarm, contention_is_by_kind)
{
	static const uint64_t alone_ms[] = { 90, 100, 300 };
	const struct ct_chains_how how = { .find = true };
	struct ct_chains *c = ct_chains_new(&how);
	const struct ct_contention *by;

	for (unsigned i = 0; i < 3; i++) {
		image_start(c, i % 2 ? "one" : "two", 20000 + i * 1000, 200);
		image_start(c, i % 2 ? "two" : "one", 20001 + i * 1000, 200);
		image_start(c, "one", 1000 + i * 2000, alone_ms[2 - i]);
		image_start(c, "two", 2000 + i * 2000, alone_ms[i]);
	}
	cr_assert_eq(ct_chains_run(c), 0);
	by = ct_chains_contention(c);
	cr_expect_float_eq(by->more, 1, 0.01, "%f", by->more);
	cr_expect_eq(by->overlapping, 6);
	cr_expect_eq(by->alone, 6);
	ct_chains_free(c);
}

/* A burst of eleven takes six times as long, a pair one and a half: for each other one it is the same. */
Test(prewarm, a_burst_is_many)
{
	const struct ct_chains_how how = { .find = true };
	struct ct_chains *c = ct_chains_new(&how);

	for (unsigned i = 0; i < 3; i++)
		image_start(c, "image", 1000 + i * 20000, 10000);
	for (unsigned i = 0; i < 11; i++)
		image_start(c, "image", 100000 + i, 60000);
	image_start(c, "image", 200000, 15000);
	image_start(c, "image", 200001, 15000);
	cr_assert_eq(ct_chains_run(c), 0);
	cr_expect_float_eq(ct_chains_contention(c)->more, 0.5, 0.01, "%f",
			   ct_chains_contention(c)->more);
	ct_chains_free(c);
}

/* Nothing gets faster beside others: what looks so is chance. One that is asked for when another is ready is alone. */
Test(prewarm, nothing_gets_faster_beside_others)
{
	const struct ct_chains_how how = { .find = true };
	struct ct_chains *c = ct_chains_new(&how);

	for (unsigned i = 0; i < 3; i++) {
		image_start(c, "image", 1000 + i * 100, 100);
		image_start(c, "image", 20000 + i, 50);
	}
	cr_assert_eq(ct_chains_run(c), 0);
	cr_expect(ct_chains_contention(c)->told);
	cr_expect_eq(ct_chains_contention(c)->more, 0);
	cr_expect_eq(ct_chains_contention(c)->alone, 3);
	ct_chains_free(c);
}

/*
 * What varies little by itself tells more: creates of 19, 20, 29 and 30 ms, and 24 beside 20 ms of a stop, than starts of
 * 20 to 140 ms, and 76 there. Of an even number the lower of the two in the midst is the median.
 */
Test(prewarm, what_varies_tells_less)
{
	static const struct {
		uint64_t create_ms, start_ms;
	} alone[] = { { 30, 140 }, { 20, 60 }, { 19, 20 }, { 29, 100 } };
	const struct ct_chains_how how = { .find = true, .prewarm = true };
	struct ct_chains *c = ct_chains_new(&how);
	uint64_t at = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(alone); i++)
		kind_starts(c, "image", at += 1000, alone[i].create_ms, alone[i].start_ms);
	for (size_t i = 0; i < 3; i++) {
		kind_starts(c, "image", at += 1000, 24, 76);
		another_stops(c, at, 20);
		another_stops(c, at + 30, 20);
	}
	cr_assert_eq(ct_chains_run(c), 0);
	cr_expect_float_eq(ct_chains_contention(c)->lost, 0.2, 0.001, "%f",
			   ct_chains_contention(c)->lost);
	cr_expect_eq(ct_chains_contention(c)->beside_stops, 3);
	ct_chains_free(c);
}

/* A stop that is told to be over before its service has ended, by whomever, is beside nothing. */
Test(prewarm, a_stop_that_ends_before_it_begins)
{
	const struct ct_chains_how how = { .find = true, .prewarm = true };
	struct ct_chains *c = ct_chains_new(&how);
	struct ct_identity who = { .id = "other" };
	uint64_t at = 0;

	for (size_t i = 0; i < 6; i++) {
		struct ct_record rec = start_of(&who, at + 1100, 0);

		kind_starts(c, "image", at += 1000, 20, 80);
		if (i % 2)
			continue;
		rec.type = CT_RECORD_STOP;
		rec.begin_ns = rec.end_ns = (at + 30) * MS;
		rec.service_end_ns = (at + 50) * MS;
		cr_assert_eq(ct_chains_add(c, &rec), 0);
	}
	cr_assert_eq(ct_chains_run(c), 0);
	cr_expect_eq(ct_chains_contention(c)->beside_stops, 0);
	ct_chains_free(c);
}

/* Clocks of two recordings have nothing to do with each other. */
Test(prewarm, recordings_are_not_beside_each_other)
{
	const struct ct_chains_how how = { .find = true };
	struct ct_chains *c = ct_chains_new(&how);

	image_start(c, "image", 1000, 500);
	ct_chains_turn(c);
	image_start(c, "image", 1100, 500);
	ct_chains_turn(c);
	image_start(c, "image", 900, 500);
	cr_assert_eq(ct_chains_run(c), 0);
	cr_expect_eq(ct_chains_contention(c)->alone, 3);
	ct_chains_free(c);
}
