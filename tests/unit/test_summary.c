// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stats/summary.h"

static struct ct_identity who(const char *runtime)
{
	struct ct_identity w = { .name = "web" };

	snprintf(w.runtime, sizeof(w.runtime), "%s", runtime);
	return w;
}

static struct ct_record record(enum ct_record_type type, const struct ct_identity *w)
{
	return (struct ct_record){
		.type = type,
		.who = w,
		.begin_ns = 1000,
		.end_ns = 1000,
		.ready = -1,
		.exit_code = CT_NO_EXIT_CODE,
	};
}

static void lasts(struct ct_record *rec, enum ct_phase phase, uint64_t ns)
{
	rec->segments[rec->segment_count++] =
		(struct ct_segment){ phase, rec->end_ns, rec->end_ns + ns };
	rec->end_ns += ns;
	rec->seen |= (uint16_t)(1U << phase);
}

static struct ct_step step(const char *name, enum ct_phase phase, uint64_t ns, uint32_t count)
{
	return (struct ct_step){ .name = name,
				 .actor = "engine",
				 .phase = phase,
				 .begin_ns = 1000,
				 .end_ns = 1000 + ns,
				 .count = count };
}

Test(summary, empty)
{
	struct ct_summary *s = ct_summary_new();

	cr_assert(s);
	cr_expect_eq(ct_summary_groups(s), 0);
	cr_expect_null(ct_summary_group(s, 0));
	ct_summary_free(s);
	ct_summary_free(NULL);
}

Test(summary, names_are_whole)
{
	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		cr_expect(ct_phase_names[p] && *ct_phase_names[p], "phase %u", p);
	for (unsigned r = 0; r < CT_RECORD_MAX; r++)
		cr_expect(ct_record_names[r] && *ct_record_names[r], "record %u", r);
	for (unsigned o = 0; o < CT_OUTCOME_MAX; o++)
		cr_expect(ct_outcome_names[o] && *ct_outcome_names[o], "outcome %u", o);
	for (unsigned r = 0; r < CT_READY_MAX; r++)
		cr_expect(ct_ready_names[r] && *ct_ready_names[r], "ready %u", r);
	cr_expect_str_eq(ct_cause_names[CT_CAUSE_POLICY], "restart-policy");
}

Test(summary, segments_of_a_phase_add_up)
{
	struct ct_identity w = who("runc");
	struct ct_record rec = record(CT_RECORD_START, &w);
	uint64_t sum = 0;

	lasts(&rec, CT_PHASE_CREATE, 10);
	lasts(&rec, CT_PHASE_CLIENT, 3);
	lasts(&rec, CT_PHASE_ATTACH, 1);
	lasts(&rec, CT_PHASE_CLIENT, 4);
	lasts(&rec, CT_PHASE_READY, 0);
	cr_expect_eq(ct_record_phase_ns(&rec, CT_PHASE_CLIENT), 7);
	cr_expect_eq(ct_record_phase_ns(&rec, CT_PHASE_READY), 0);
	cr_expect_eq(ct_record_phase_ns(&rec, CT_PHASE_START), 0);
	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		sum += ct_record_phase_ns(&rec, (enum ct_phase)p);
	cr_expect_eq(sum, rec.end_ns - rec.begin_ns);
}

Test(summary, groups_are_in_order)
{
	static const struct {
		enum ct_record_type type;
		const char *runtime;
	} added[] = {
		{ CT_RECORD_STOP, "runsc" }, { CT_RECORD_START, "runsc" },
		{ CT_RECORD_START, "runc" }, { CT_RECORD_RESTART, "runc" },
		{ CT_RECORD_START, "" },     { CT_RECORD_STOP, "crun" },
	}, want[] = {
		{ CT_RECORD_START, "" },	{ CT_RECORD_START, "runc" },
		{ CT_RECORD_START, "runsc" },	{ CT_RECORD_STOP, "crun" },
		{ CT_RECORD_STOP, "runsc" },	{ CT_RECORD_RESTART, "runc" },
	};
	struct ct_summary *s = ct_summary_new();

	cr_assert(s);
	for (size_t i = 0; i < 2 * sizeof(added) / sizeof(added[0]); i++) {
		struct ct_identity w = who(added[i % 6].runtime);
		struct ct_record rec = record(added[i % 6].type, &w);

		cr_assert_eq(ct_summary_add(s, &rec), 0);
	}
	cr_assert_eq(ct_summary_groups(s), 6);
	for (size_t i = 0; i < 6; i++) {
		cr_expect_eq(ct_summary_group(s, i)->type, want[i].type, "%zu", i);
		cr_expect_str_eq(ct_summary_group(s, i)->key, want[i].runtime);
		cr_expect_eq(ct_summary_group(s, i)->count[CT_OUTCOME_OK], 2);
	}
	ct_summary_free(s);
}

Test(summary, only_ok_is_measured)
{
	struct ct_identity w = who("runc");
	struct ct_summary *s = ct_summary_new();
	const struct ct_group *g;

	cr_assert(s);
	for (unsigned o = 0; o < CT_OUTCOME_MAX; o++) {
		for (unsigned n = 0; n <= o; n++) {
			struct ct_record rec = record(CT_RECORD_START, &w);

			rec.outcome = (enum ct_outcome)o;
			lasts(&rec, CT_PHASE_CREATE, 100);
			cr_assert_eq(ct_summary_add(s, &rec), 0);
		}
	}
	g = ct_summary_group(s, 0);
	cr_expect_eq(g->count[CT_OUTCOME_OK], 1);
	cr_expect_eq(g->count[CT_OUTCOME_FAILED], 2);
	cr_expect_eq(g->count[CT_OUTCOME_CUT], 3);
	cr_expect_eq(ct_hist_count(g->total), 1);
	cr_expect_eq(ct_hist_count(g->phases[CT_PHASE_CREATE]), 1);
	ct_summary_free(s);
}

Test(summary, a_missing_phase_is_counted_and_never_zero)
{
	struct ct_identity w = who("runc");
	struct ct_record rec = record(CT_RECORD_START, &w);
	struct ct_summary *s = ct_summary_new();
	const struct ct_group *g;

	cr_assert(s);
	lasts(&rec, CT_PHASE_CREATE, 100);
	lasts(&rec, CT_PHASE_UNKNOWN, 50);
	lasts(&rec, CT_PHASE_READY, 0);
	rec.missing = 1 << CT_PHASE_CONNECT;
	cr_assert_eq(ct_summary_add(s, &rec), 0);
	g = ct_summary_group(s, 0);
	cr_expect_null(g->phases[CT_PHASE_CONNECT]);
	cr_expect_null(g->phases[CT_PHASE_ATTACH]);
	cr_expect_eq(g->unknown[CT_PHASE_CONNECT], 1);
	cr_expect_eq(ct_hist_sum(g->phases[CT_PHASE_UNKNOWN]), 50);
	cr_assert(g->phases[CT_PHASE_READY]);
	cr_expect_eq(ct_hist_count(g->phases[CT_PHASE_READY]), 1);
	cr_expect_eq(ct_hist_sum(g->total), 150);
	ct_summary_free(s);
}

Test(summary, steps_add_up_per_record)
{
	struct ct_identity w = who("runc");
	struct ct_summary *s = ct_summary_new();
	const struct ct_group *g;
	const struct ct_step_group *longest, *last;

	cr_assert(s);
	for (int i = 0; i < 3; i++) {
		struct ct_step steps[] = {
			step("mounts", CT_PHASE_START, 10, 4),
			step("shim spawn", CT_PHASE_START, 25, 1),
			step("mounts", CT_PHASE_START, 20, 3),
			step("mounts", CT_PHASE_CREATE, 5, 1),
			step("exec", CT_PHASE_START, 7, 1),
		};
		struct ct_record rec = record(CT_RECORD_START, &w);

		steps[4].open = true;
		lasts(&rec, CT_PHASE_START, 100);
		rec.steps = steps;
		rec.step_count = 5;
		cr_assert_eq(ct_summary_add(s, &rec), 0);
	}
	g = ct_summary_group(s, 0);
	cr_assert_eq(ct_summary_steps(s, g), 4);
	longest = ct_summary_step(s, g, 0);
	cr_expect_str_eq(longest->name, "mounts");
	cr_expect_eq(longest->phase, CT_PHASE_START);
	cr_expect_eq(longest->calls, 21);
	cr_expect_eq(ct_hist_count(longest->hist), 3);
	cr_expect_eq(ct_hist_quantile(longest->hist, 0.5), 30);
	cr_expect_str_eq(ct_summary_step(s, g, 1)->name, "shim spawn");
	cr_expect_eq(ct_summary_step(s, g, 2)->phase, CT_PHASE_CREATE);
	last = ct_summary_step(s, g, 3);
	cr_expect_str_eq(last->name, "exec");
	cr_expect_eq(last->calls, 3);
	cr_expect_eq(ct_hist_count(last->hist), 0);
	cr_expect_null(ct_summary_step(s, g, 4));
	ct_summary_free(s);
}

Test(summary, runtimes_are_bounded)
{
	struct ct_summary *s = ct_summary_new();
	uint64_t ok = 0, rest = 0;

	cr_assert(s);
	for (unsigned i = 0; i < 3 * CT_SUMMARY_RUNTIMES; i++) {
		struct ct_identity w = who("");
		struct ct_record rec = record(CT_RECORD_START, &w);

		snprintf(w.runtime, sizeof(w.runtime), "runtime-%u", i);
		cr_assert_eq(ct_summary_add(s, &rec), 0);
	}
	cr_assert_eq(ct_summary_groups(s), CT_SUMMARY_RUNTIMES + 1);
	for (size_t i = 0; i < ct_summary_groups(s); i++) {
		const struct ct_group *g = ct_summary_group(s, i);

		ok += g->count[CT_OUTCOME_OK];
		if (!strcmp(g->key, CT_SUMMARY_REST))
			rest += g->count[CT_OUTCOME_OK];
	}
	cr_expect_eq(ok, 3 * CT_SUMMARY_RUNTIMES);
	cr_expect_eq(rest, 2 * CT_SUMMARY_RUNTIMES);
	ct_summary_free(s);
}

Test(summary, steps_are_bounded)
{
	static char names[CT_SUMMARY_STEPS + 50][16];
	struct ct_identity w = who("runc");
	struct ct_summary *s = ct_summary_new();
	uint64_t calls = 0;
	size_t n;

	cr_assert(s);
	for (unsigned i = 0; i < CT_SUMMARY_STEPS + 50; i++) {
		struct ct_record rec = record(CT_RECORD_START, &w);
		struct ct_step one;

		snprintf(names[i], sizeof(names[i]), "step %u", i);
		one = step(names[i], CT_PHASE_START, 5, 1);
		rec.steps = &one;
		rec.step_count = 1;
		cr_assert_eq(ct_summary_add(s, &rec), 0);
	}
	n = ct_summary_steps(s, ct_summary_group(s, 0));
	cr_assert_eq(n, CT_SUMMARY_STEPS + 1);
	for (size_t i = 0; i < n; i++)
		calls += ct_summary_step(s, ct_summary_group(s, 0), i)->calls;
	cr_expect_eq(calls, CT_SUMMARY_STEPS + 50);
	ct_summary_free(s);
}
