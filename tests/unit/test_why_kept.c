// SPDX-License-Identifier: GPL-2.0-only
/* For how long it is known why something waited: as long as a record may still ask for it. */
#include <criterion/criterion.h>
#include <string.h>

#include "life.h"

#define THREAD 3250 /* of dockerd */

/* What a record says of disk syncs, in ms. */
struct told {
	double synced[CT_RECORD_MAX];
	unsigned records[CT_RECORD_MAX];
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct told *told = ctx;

	told->records[rec->type]++;
	for (size_t i = 0; i < rec->piece_count; i++) {
		if (rec->path[i].reason == CT_REASON_SYNC)
			told->synced[rec->type] +=
				(double)(rec->path[i].end_ns - rec->path[i].begin_ns) / TAPE_MS;
	}
}

/* dockerd's thread waits for its disk. */
static void waits(struct tape *t, double from, double to)
{
	struct ct_event *e;

	tape_at(t, to);
	e = tape_add(t, CT_KIND_WAIT, LIFE_DOCKERD, NULL, 0);
	e->tid = THREAD;
	e->dur_ns = (uint64_t)((to - from) * TAPE_MS);
	e->obj = 1000;
}

/* Time passes: something happens every second, as on a node. */
static void passes(struct tape *t, double from, double to)
{
	for (double ms = from; ms < to; ms += 1000) {
		tape_at(t, ms);
		tape_clock(t);
		tape_fork(t, 1, 60000 + (uint32_t)(ms / 1000), CT_ROLE_HELPER);
	}
}

static struct told played(struct tape *t)
{
	const struct ct_core_options opts = { .why = true, .steps = true };
	const struct ct_core_ops ops = { .record = on_record };
	struct told told = { 0 };
	struct ct_core *core = ct_core_new(&opts, &ops, &told);

	cr_assert(core);
	tape_sort(t);
	tape_feed(t, core);
	ct_core_flush(core);
	ct_core_free(core);
	tape_free(t);
	return told;
}

static void begins(struct tape *t)
{
	static const char sync[] = "jbd2_log_wait_commit";

	life_engines(t);
	tape_add(t, CT_KIND_STACK, 0, sync, sizeof(sync) - 1)->obj = 1000;
}

/* The answer comes from the thread that waited for its disk, so long after the request. */
static void answers(struct tape *t, const struct life *l, double ms)
{
	life_answer(t, l, ms, 204, NULL);
	((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->tid = THREAD;
}

/* For how long the engine waits; a stop is told half a minute after the last that was heard of it. */
static const double lasts[] = { 5000, 25000 };

/* Waits are forgotten every ten seconds: not those of what is being done, however long that takes. */
Test(why_kept, of_a_start_that_takes_long)
{
	for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++) {
		struct life l = life_of(0);
		struct tape t = { 0 };
		struct told told;

		begins(&t);
		passes(&t, 1000, 30000);
		life_create(&t, &l, 30000);
		life_request(&t, &l, 30020, "start");
		waits(&t, 30021, 30020 + lasts[i] - 1);
		passes(&t, 30000.5, 30000 + lasts[i]);
		answers(&t, &l, 30020 + lasts[i]);
		tape_at(&t, 30030 + lasts[i]);
		tape_output(&t, l.init, l.shim);
		passes(&t, 30100.5 + lasts[i], 50000 + lasts[i]);
		told = played(&t);
		cr_assert_eq(told.records[CT_RECORD_START], 1);
		cr_expect_geq(told.synced[CT_RECORD_START], lasts[i] - 5, "%.0f ms of %.0f",
			      told.synced[CT_RECORD_START], lasts[i]);
	}
}

/* Nor those of a stop, of a container whose start was told long ago. */
Test(why_kept, of_a_stop_that_takes_long)
{
	for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++) {
		struct life l = life_of(0);
		struct tape t = { 0 };
		struct told told;

		begins(&t);
		life_serves(&t, &l);
		passes(&t, 1000, 100000);
		life_request(&t, &l, 100000, "stop");
		life_exit(&t, &l, 100010, 0);
		for (double ms = 100011; ms < 100010 + lasts[i]; ms += 1000)
			waits(&t, ms, ms + 999);
		passes(&t, 100000.5, 100000 + lasts[i]);
		answers(&t, &l, 100010 + lasts[i] + 1);
		passes(&t, 100100.5 + lasts[i], 140000 + lasts[i]);
		told = played(&t);
		cr_assert_eq(told.records[CT_RECORD_STOP], 1);
		cr_expect_gt(told.synced[CT_RECORD_STOP], lasts[i] - 100,
			     "%.1f ms, the engine waits %.0f", told.synced[CT_RECORD_STOP],
			     lasts[i]);
	}
}

/* A start that hangs is no reason to keep all that ever waited: three minutes of it. */
Test(why_kept, no_longer_than_minutes)
{
	struct life l = life_of(0);
	struct tape t = { 0 };
	struct told told;

	begins(&t);
	life_create(&t, &l, 1000);
	life_request(&t, &l, 1020, "start");
	passes(&t, 1500, 260000);
	for (double ms = 1021; ms < 255000; ms += 1000)
		waits(&t, ms, ms + 999);
	answers(&t, &l, 255021);
	tape_at(&t, 255030);
	tape_output(&t, l.init, l.shim);
	passes(&t, 260000, 280000);
	told = played(&t);
	cr_assert_eq(told.records[CT_RECORD_START], 1);
	cr_expect_gt(told.synced[CT_RECORD_START], 175000, "%.0f ms", told.synced[CT_RECORD_START]);
	cr_expect_lt(told.synced[CT_RECORD_START], 200000, "%.0f ms", told.synced[CT_RECORD_START]);
}
