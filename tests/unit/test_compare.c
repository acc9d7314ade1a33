// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "life.h"
#include "source/recording/recordings.h"
#include "stats/bootstrap.h"
#include "stats/compare.h"
#include "util/mem.h"

#define MS   1000000ull
#define WALL 1700000000000000000LL

static struct ct_identity who(const char *runtime)
{
	struct ct_identity w = { .name = "web", .image = "node:20", .engine = "docker" };

	snprintf(w.runtime, sizeof(w.runtime), "%s", runtime);
	return w;
}

static void lasts(struct ct_record *rec, enum ct_phase phase, uint64_t ns)
{
	rec->segments[rec->segment_count++] =
		(struct ct_segment){ phase, rec->end_ns, rec->end_ns + ns };
	rec->end_ns += ns;
	rec->seen |= (uint16_t)(1U << phase);
}

/* n starts of about create 10 ms and start 200 ms, the latter times `factor`. */
static void add_starts(struct ct_compare *c, enum ct_side side, const char *runtime, unsigned n,
		       double factor, uint64_t seed)
{
	struct ct_identity w = who(runtime);
	struct ct_random random;

	ct_random_seed(&random, seed);
	for (unsigned i = 0; i < n; i++) {
		struct ct_record rec = {
			.type = CT_RECORD_START,
			.who = &w,
			.begin_ns = 1000,
			.end_ns = 1000,
			.ready = -1,
			.exit_code = CT_NO_EXIT_CODE,
		};
		struct ct_step step = {
			.name = "shim spawn",
			.actor = "engine",
			.phase = CT_PHASE_START,
			.begin_ns = 1000,
			.count = 1,
		};

		lasts(&rec, CT_PHASE_CREATE, 10 * MS + ct_random_u64(&random) % MS);
		lasts(&rec, CT_PHASE_START,
		      (uint64_t)(factor * (double)(200 * MS + ct_random_u64(&random) % (20 * MS))));
		lasts(&rec, CT_PHASE_READY, 0);
		step.end_ns =
			1000 + (uint64_t)(factor * (double)(25 * MS + ct_random_u64(&random) % MS));
		rec.steps = &step;
		rec.step_count = 1;
		cr_assert_eq(ct_compare_add(c, side, &rec), 0);
	}
}

static const struct ct_change *find(const struct ct_compare *c, const struct ct_change_group *g,
				    unsigned phase, const char *step)
{
	for (size_t i = g->first; i < g->end; i++) {
		const struct ct_change *change = ct_compare_change(c, i);

		if (change->phase == phase && !change->step == !step)
			return change;
	}
	cr_assert_fail("no change of phase %u", phase);
	return NULL;
}

Test(compare, with_itself_nothing_is_told)
{
	for (unsigned n = 1; n < 200; n += 7) {
		struct ct_compare *c = ct_compare_new(CT_BY_RUNTIME);

		cr_assert(c);
		add_starts(c, CT_SIDE_A, "runc", n, 1, n);
		add_starts(c, CT_SIDE_B, "runc", n, 1, n);
		cr_assert_eq(ct_compare_run(c, CT_SPLIT_AUTO), 0);
		for (size_t i = 0; ct_compare_change(c, i); i++) {
			const struct ct_change *change = ct_compare_change(c, i);

			cr_expect_eq(change->verdict,
				     n < CT_COMPARE_FEW ? CT_VERDICT_TOO_FEW : CT_VERDICT_SAME);
			cr_expect_eq(change->change_ns, 0);
			cr_expect_eq(change->tested, n >= CT_COMPARE_FEW);
			if (change->tested)
				cr_expect_eq(change->p, 1);
			cr_expect_not(ct_change_fails(change, ct_compare_change(c, 0), 0));
		}
		ct_compare_free(c);
	}
}

Test(compare, a_slower_phase_is_told)
{
	struct ct_compare *c = ct_compare_new(CT_BY_RUNTIME);
	const struct ct_change_group *g;
	const struct ct_change *total, *start, *create, *step;

	cr_assert(c);
	add_starts(c, CT_SIDE_A, "runc", 40, 1, 1);
	add_starts(c, CT_SIDE_B, "runc", 30, 1.2, 2);
	cr_assert_eq(ct_compare_run(c, CT_SPLIT_AUTO), 0);
	cr_assert_eq(ct_compare_groups(c), 1);
	g = ct_compare_group(c, 0);
	cr_expect_str_eq(g->key, "runc");
	total = ct_compare_change(c, g->first);
	start = find(c, g, CT_PHASE_START, NULL);
	create = find(c, g, CT_PHASE_CREATE, NULL);
	step = find(c, g, CT_PHASE_START, "shim spawn");
	cr_expect_eq(total->phase, CT_MEASURE_TOTAL);
	cr_expect_eq(total->side[CT_SIDE_A].n, 40);
	cr_expect_eq(total->side[CT_SIDE_B].n, 30);
	cr_expect_eq(total->verdict, CT_VERDICT_SLOWER);
	cr_expect_eq(start->verdict, CT_VERDICT_SLOWER);
	cr_expect_eq(step->verdict, CT_VERDICT_SLOWER);
	cr_expect_eq(create->verdict, CT_VERDICT_SAME, "p %g", create->p_holm);
	cr_expect_float_eq(ct_change_percent(start), 20, 5);
	cr_expect(start->low_ns < start->change_ns && start->change_ns < start->high_ns);
	cr_expect(start->low_ns > 30 * (double)MS && start->high_ns < 55 * (double)MS);
	cr_expect(start->superiority > 0.99 && start->p_holm >= start->p);
	/* The slow phase comes before the others. */
	cr_expect_eq(ct_compare_change(c, g->first + 1), start);
	cr_expect(ct_change_fails(total, total, 10) && ct_change_fails(start, total, 10));
	cr_expect_not(ct_change_fails(total, total, 30));
	cr_expect_not(ct_change_fails(step, total, 0), "steps fail nothing");
	cr_expect_eq(ct_compare_tests(c, false), 4);
	cr_expect_eq(ct_compare_tests(c, true), 1);
	ct_compare_free(c);
}

Test(compare, a_faster_one_too)
{
	struct ct_compare *c = ct_compare_new(CT_BY_RUNTIME);

	cr_assert(c);
	add_starts(c, CT_SIDE_A, "runc", 10, 1, 1);
	add_starts(c, CT_SIDE_B, "runc", 10, 0.5, 2);
	cr_assert_eq(ct_compare_run(c, CT_SPLIT_AUTO), 0);
	cr_expect_eq(ct_compare_change(c, 0)->verdict, CT_VERDICT_FASTER);
	cr_expect(ct_compare_change(c, 0)->exact);
	cr_expect_not(ct_change_fails(ct_compare_change(c, 0), ct_compare_change(c, 0), 0));
	ct_compare_free(c);
}

Test(compare, runtimes_are_told_apart_if_one_is_common)
{
	struct ct_compare *c = ct_compare_new(CT_BY_RUNTIME);

	cr_assert(c);
	add_starts(c, CT_SIDE_A, "runc", 12, 1, 1);
	add_starts(c, CT_SIDE_B, "runc", 12, 1, 1);
	add_starts(c, CT_SIDE_B, "runsc", 50, 2, 2);
	cr_assert_eq(ct_compare_run(c, CT_SPLIT_AUTO), 0);
	cr_expect(ct_compare_is_split(c));
	cr_expect_eq(ct_compare_groups(c), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct ct_change_group *g = ct_compare_group(c, i);

		cr_expect_eq(ct_compare_change(c, g->first)->verdict,
			     strcmp(g->key, "runc") ? CT_VERDICT_ONLY_B : CT_VERDICT_SAME);
	}
	ct_compare_free(c);
}

Test(compare, runtimes_are_compared_if_none_is_common)
{
	for (unsigned asked = 0; asked < 2; asked++) {
		struct ct_compare *c = ct_compare_new(CT_BY_RUNTIME);

		cr_assert(c);
		add_starts(c, CT_SIDE_A, "runc", 12, 1, 1);
		add_starts(c, CT_SIDE_A, "crun", 12, 1, 3);
		add_starts(c, CT_SIDE_B, "runsc", 12, 2, 2);
		cr_assert_eq(ct_compare_run(c, asked ? CT_SPLIT_ALWAYS : CT_SPLIT_AUTO), 0);
		cr_expect_eq(ct_compare_is_split(c), asked);
		cr_assert_eq(ct_compare_groups(c), asked ? 3 : 1);
		if (!asked) {
			cr_expect_eq(ct_compare_change(c, 0)->verdict, CT_VERDICT_SLOWER);
			cr_expect_eq(ct_compare_change(c, 0)->side[CT_SIDE_A].n, 24);
		}
		ct_compare_free(c);
	}
}

Test(compare, empty)
{
	struct ct_compare *c = ct_compare_new(CT_BY_RUNTIME);

	cr_assert(c);
	cr_assert_eq(ct_compare_run(c, CT_SPLIT_AUTO), 0);
	cr_expect_eq(ct_compare_groups(c), 0);
	cr_expect_null(ct_compare_group(c, 0));
	cr_expect_null(ct_compare_change(c, 0));
	ct_compare_free(c);
	ct_compare_free(NULL);
}

/* Several recordings as one. */

struct made {
	char path[48];
	struct ct_recording_header header;
};

static struct ct_recording_header header_of(unsigned n)
{
	struct ct_recording_header h;

	ct_recording_header_fill(&h, false);
	h.begin_ns = TAPE_T0_NS;
	h.wall_minus_mono_ns = WALL + (int64_t)n * 3600 * 1000 * (int64_t)MS;
	h.node = 100 + n;
	h.boot = 200 + n;
	snprintf(h.host, sizeof(h.host), "node%u", n);
	return h;
}

static void write_lives(struct made *made, const struct ct_recording_header *h, unsigned first,
			unsigned count)
{
	struct ct_recorder recorder = { 0 };
	struct ct_err err = { 0 };
	struct tape t = { 0 };
	int fd;

	snprintf(made->path, sizeof(made->path), "/tmp/coldtrace-unit-XXXXXX");
	fd = mkstemp(made->path);
	cr_assert(fd >= 0);
	close(fd);
	made->header = *h;
	life_engines(&t);
	for (unsigned i = 0; i < count; i++) {
		struct life l = life_of(first + i);
		double at = 1000.0 * i + 10 + first + i;

		life_create(&t, &l, at);
		life_start(&t, &l, at + 20 + 3 * (first + i));
		life_exit(&t, &l, at + 500, 0);
		life_remove(&t, &l, at + 700);
	}
	tape_sort(&t);
	cr_assert_eq(ct_recorder_open(&recorder, made->path, &made->header, &err), 0, "%s",
		     err.msg);
	for (size_t i = 0; i < t.count; i++)
		cr_assert_eq(ct_recorder_write(&recorder, tape_event(&t, i), &err), 0, "%s",
			     err.msg);
	cr_assert_eq(ct_recorder_close(&recorder, &err), 0, "%s", err.msg);
	tape_free(&t);
}

struct into {
	struct ct_summary *summary[2];
	uint64_t records, first_ns, last_ns;
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct into *into = ctx;

	for (size_t i = 0; i < 2; i++)
		if (into->summary[i])
			cr_assert_eq(ct_summary_add(into->summary[i], rec), 0);
	if (!into->records++ || rec->begin_ns < into->first_ns)
		into->first_ns = rec->begin_ns;
	if (rec->end_ns > into->last_ns)
		into->last_ns = rec->end_ns;
}

static void read_all(const char *const *paths, size_t count, struct into *into,
		     struct ct_recordings *r)
{
	const struct ct_core_options opts = { .steps = true };
	const struct ct_core_ops ops = { .record = on_record };
	struct ct_core_counts counts = { 0 };
	struct ct_err err = { 0 };

	cr_assert_eq(ct_recordings_open(r, paths, count, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(ct_recordings_replay(&r->items[i], &opts, &ops, into, &counts, &err),
			     0, "%s", err.msg);
	}
}

static void expect_same_hist(const struct ct_hist *a, const struct ct_hist *b)
{
	cr_assert_eq(!a, !b);
	if (!a)
		return;
	cr_expect_eq(ct_hist_count(a), ct_hist_count(b));
	cr_expect_eq(ct_hist_sum(a), ct_hist_sum(b));
	for (double q = 0; q <= 1; q += 0.05)
		cr_expect_eq(ct_hist_quantile(a, q), ct_hist_quantile(b, q));
}

Test(recordings, merged_are_the_records_of_each)
{
	struct made made[2];
	const char *paths[2] = { made[0].path, made[1].path };
	struct ct_recording_header h[2] = { header_of(0), header_of(1) };
	struct into merged = { { ct_summary_new(), ct_summary_new_by(CT_BY_NODE) }, 0, 0, 0 };
	struct into each = { { ct_summary_new(), NULL }, 0, 0, 0 };
	struct ct_recordings r;
	size_t nodes = 0;

	write_lives(&made[0], &h[0], 0, 7);
	write_lives(&made[1], &h[1], 7, 5);
	for (size_t i = 0; i < 2; i++) {
		read_all(&paths[i], 1, &each, &r);
		ct_recordings_close(&r);
	}
	read_all(paths, 2, &merged, &r);
	cr_expect_eq(merged.records, each.records);
	cr_expect_geq(merged.records, 24);
	cr_assert_eq(ct_summary_groups(merged.summary[0]), ct_summary_groups(each.summary[0]));
	for (size_t i = 0; i < ct_summary_groups(each.summary[0]); i++) {
		const struct ct_group *a = ct_summary_group(merged.summary[0], i);
		const struct ct_group *b = ct_summary_group(each.summary[0], i);

		cr_expect_eq(a->type, b->type);
		cr_expect_str_eq(a->key, b->key);
		cr_expect_eq(a->count[CT_OUTCOME_OK], b->count[CT_OUTCOME_OK]);
		expect_same_hist(a->total, b->total);
		for (unsigned p = 0; p < CT_PHASE_MAX; p++)
			expect_same_hist(a->phases[p], b->phases[p]);
	}
	/* By node they are apart again. */
	for (size_t i = 0; i < ct_summary_groups(merged.summary[1]); i++) {
		const struct ct_group *g = ct_summary_group(merged.summary[1], i);

		cr_expect(!strcmp(g->key, "node0") || !strcmp(g->key, "node1"), "%s", g->key);
		if (g->type == CT_RECORD_START)
			nodes++;
	}
	cr_expect_eq(nodes, 2);
	/* Node 1 booted an hour later: its times are an hour further on the clock of node 0. */
	cr_expect_eq(r.wall_minus_mono_ns, WALL);
	cr_expect_eq(r.items[0].shift_ns, 0);
	cr_expect_eq(r.items[1].shift_ns, 3600 * 1000 * MS);
	cr_expect_lt(merged.first_ns, 3600 * 1000 * MS);
	cr_expect_gt(merged.last_ns, 3600 * 1000 * MS);
	ct_recordings_close(&r);
	for (size_t i = 0; i < 2; i++) {
		ct_summary_free(merged.summary[i]);
		ct_summary_free(each.summary[i]);
		unlink(made[i].path);
	}
}

/* Columns: the second recording has the first one's header, or its own clock; the refusal. */
static const struct {
	bool same_header;
	int64_t wall_minus_mono_ns;
	const char *error;
} refusals[] = {
	{ true, 0, "it is the same recording as" },
	{ false, 0, "the clock of its node was not set" },
	{ false, -5, "the clock of its node was not set" },
	{ false, INT64_MAX, "the clock of its node was not set" },
};

Test(recordings, refused_together)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(refusals); i++) {
		struct made made[2];
		const char *paths[2] = { made[0].path, made[1].path };
		struct ct_recording_header h[2] = { header_of(0), header_of(1) };
		struct ct_recordings r;
		struct ct_err err = { 0 };

		h[1].wall_minus_mono_ns = refusals[i].wall_minus_mono_ns;
		if (refusals[i].same_header)
			h[1] = h[0];
		for (unsigned m = 0; m < 2; m++)
			write_lives(&made[m], &h[m], 0, 1);
		cr_expect_eq(ct_recordings_open(&r, paths, 2, &err), -EINVAL);
		cr_expect(strstr(err.msg, refusals[i].error), "%s", err.msg);
		cr_expect(strstr(err.msg, made[1].path), "%s", err.msg);
		ct_recordings_close(&r);
		paths[1] = paths[0];
		cr_expect_eq(ct_recordings_open(&r, paths, 2, &err), -EINVAL);
		cr_expect(strstr(err.msg, "it is the same recording as"), "%s", err.msg);
		ct_recordings_close(&r);
		for (size_t m = 0; m < 2; m++)
			unlink(made[m].path);
	}
}

/* Two recordings of one boot share the clock, whatever NTP did between them. */
Test(recordings, one_boot_is_one_clock)
{
	struct made made[2];
	const char *paths[2] = { made[0].path, made[1].path };
	struct ct_recording_header h[2] = { header_of(0), header_of(0) };
	struct ct_recordings r;
	struct ct_err err = { 0 };

	h[1].wall_minus_mono_ns += 250 * (int64_t)MS;
	h[1].begin_ns += MS;
	write_lives(&made[0], &h[0], 0, 1);
	write_lives(&made[1], &h[1], 1, 1);
	cr_assert_eq(ct_recordings_open(&r, paths, 2, &err), 0, "%s", err.msg);
	cr_expect_eq(r.items[0].shift_ns, 0);
	cr_expect_eq(r.items[1].shift_ns, 0);
	cr_expect_str_eq(r.items[1].node, "node0");
	ct_recordings_close(&r);
	for (size_t m = 0; m < 2; m++)
		unlink(made[m].path);
}

/* Machines of one image have one name. */
Test(recordings, nodes_of_one_name_are_told_apart)
{
	struct made made[2];
	const char *paths[2] = { made[0].path, made[1].path };
	struct ct_recording_header h[2] = { header_of(0), header_of(1) };
	struct ct_recordings r;
	struct ct_err err = { 0 };

	for (size_t i = 0; i < 2; i++) {
		snprintf(h[i].host, sizeof(h[i].host), "raspberrypi");
		h[i].node = (i + 0xabcdull) << 48;
		write_lives(&made[i], &h[i], 0, 1);
	}
	cr_assert_eq(ct_recordings_open(&r, paths, 2, &err), 0, "%s", err.msg);
	cr_expect_str_eq(r.items[0].node, "raspberrypi-abcd");
	cr_expect_str_eq(r.items[1].node, "raspberrypi-abce");
	ct_recordings_close(&r);
	for (size_t m = 0; m < 2; m++)
		unlink(made[m].path);
}
